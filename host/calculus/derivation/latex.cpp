/// A derivation as a LaTeX document.

#include "calculus/derivation/content.hpp"

#include <fmt/format.h>

namespace kronvec::inline KRONVEC_ABI {
namespace {

using derivation::Content;

class LatexWriter {
public:
  explicit LatexWriter(const Content &content) : c_(content), spelling_(content.spelling(Notation::latex)) {}

  std::string write() const {
    return "\\documentclass{article}\n\\usepackage[a4paper,landscape,margin=2cm]{geometry}\n"
           "\\usepackage{amsmath}\n\\allowdisplaybreaks\n\\begin{document}\n" +
           heading() + differentials() + result() + where() + "\\end{document}\n";
  }

private:
  std::string x() const { return print_name(c_.x.name(), Notation::latex); }
  std::string size(Shape s) const {
    return fmt::format("{}\\times {}", c_.sizes.spelled(s.rows), c_.sizes.spelled(s.cols));
  }
  std::string tex(const Expression &f) const { return print(f, spelling_); }
  static std::string display(const std::string &lines) {
    return fmt::format("\\begin{{align*}}\n{}\n\\end{{align*}}\n", lines);
  }

  std::string heading() const {
    std::string shapes;
    for (const Symbol &symbol : c_.symbols)
      shapes += fmt::format(",\\quad {}\\colon {}", print_name(symbol.name(), Notation::latex), size(symbol.shape()));
    const std::string rewritten = c_.f.node() == c_.written.node() ? "" : fmt::format(" \\\\\n&= {}", tex(c_.f));
    return display(fmt::format("{} &= {}{}{}", c_.name, c_.function(Notation::latex), shapes, rewritten));
  }

  std::string differentials() const {
    std::string lines;
    for (const derivation::DerivedPart &part : c_.parts) {
      const bool whole = part.f.node() == c_.f.node();
      lines += (lines.empty() ? "" : " \\\\\n") + (whole ? "\\mathrm{d}" + c_.name : tex(part.lines[0].differential));
      for (std::size_t i = 1; i < part.lines.size(); ++i)
        lines += fmt::format("{}&= {}{}", i == 1 ? " " : " \\\\\n", tex(part.lines[i].differential),
                             reasons(part.lines[i].rules));
    }
    return display(lines);
  }

  static std::string reasons(const std::vector<derivation::RuleName> &rules) {
    std::string names;
    for (const derivation::RuleName &rule : rules)
      names += (names.empty() ? "" : ", ") + std::string(rule.name);
    return names.empty() ? "" : fmt::format(" && \\text{{{}}}", names);
  }

  std::string result() const {
    std::string lines;
    if (c_.gradient) lines = fmt::format("\\nabla {} &= {} \\\\\n", c_.name, tex(*c_.gradient));
    lines +=
        fmt::format("\\frac{{\\partial\\operatorname{{vec}}{}}}{{\\partial(\\operatorname{{vec}}{})^{{\\mathsf{{T}}}}}}"
                    " &= {} && \\text{{numerator layout, }} {} \\\\\n",
                    c_.name, x(), tex(c_.jacobian), size(c_.jacobian.shape()));
    return display(lines + fmt::format("&\\mathrel{{\\phantom{{=}}}} {} && \\text{{denominator layout, }} {}",
                                       tex(c_.jacobian_transpose), size(c_.jacobian_transpose.shape())));
  }

  std::string where() const {
    std::string lines;
    for (const auto &[name, part] : c_.names)
      lines += fmt::format("{}{} &= {}", lines.empty() ? "" : " \\\\\n", print_name(name, Notation::latex),
                           print_definition(part, spelling_));
    return lines.empty() ? "" : "where\n" + display(lines);
  }

  const Content &c_;
  Spelling spelling_;
};

} // namespace

std::string Derivation::latex() const { return LatexWriter(*content_).write(); }

} // namespace kronvec
