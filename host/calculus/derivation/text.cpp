/// A derivation as text for a terminal.

#include "calculus/derivation/content.hpp"
#include "core/readable.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kronvec::inline KRONVEC_ABI {
namespace {

using derivation::Content;
using derivation::is_function;
using derivation::RuleName;

/// The best place to break a formula so that the first piece fits: after the loosest operator; of several, the last.
std::size_t break_in(std::string_view text, std::size_t room) {
  std::size_t best = 0, column = 0;
  int depth = 0, loosest = 1 << 20;
  for (std::size_t at = 0; at < text.size() && column <= room; ++at) {
    const char c = text[at];
    column += (c & 0xc0) != 0x80;
    depth += (c == '(') - (c == ')');
    const bool after_product = text.substr(0, at + 1).ends_with("·");
    if ((c != ' ' && !after_product) || column < 8) continue;
    const bool sum = c == ' ' && (text.substr(at + 1).starts_with("+ ") || text.substr(at + 1).starts_with("− "));
    const int rank = 2 * depth + !sum;
    if (rank <= loosest && column <= room) loosest = rank, best = at + 1;
  }
  return best;
}

/// A formula after its head, wrapped to lines.
std::string wrapped(const std::string &head, std::string_view formula, std::size_t width) {
  std::string result = head;
  std::string indent(width_of(head) + 2, ' ');
  std::size_t room = width - std::min(width - 20, width_of(head));
  while (width_of(formula) > room) {
    const std::size_t at = break_in(formula, room);
    if (at == 0) break;
    std::string_view line = formula.substr(0, at);
    while (line.ends_with(' '))
      line.remove_suffix(1);
    result += fmt::format("{}\n{}", line, indent);
    formula.remove_prefix(at);
    room = width - std::min(width - 20, indent.size());
  }
  return result + std::string(formula);
}

std::string rules_of(const std::vector<RuleName> &rules) {
  std::string text;
  for (const RuleName &rule : rules)
    text += (text.empty() ? "" : ", ") + std::string(rule.name) +
            (rule.ledger.empty() ? "" : fmt::format(" ({})", rule.ledger));
  return text;
}

/// A line with its rules to the right, or below if there is no room.
std::string with_rules(const std::string &line, const std::string &rules, std::size_t column, std::size_t width) {
  if (rules.empty()) return line + "\n";
  const std::size_t last = width_of(line.substr(line.rfind('\n') + 1));
  const std::size_t at = std::max(column, last + 3);
  if (at + rules.size() <= width) return line + std::string(at - last, ' ') + rules + "\n";
  return fmt::format("{}\n{:>{}}\n", line, rules, width);
}

class TextWriter {
public:
  TextWriter(const Content &content, std::size_t width)
      : c_(content), width_(width), spelling_(content.spelling(Notation::text)) {}

  std::string write() const {
    return heading() + differentials() + (c_.gradient ? gradient() : vec()) + jacobian() + where() + remarks();
  }

private:
  std::string x() const { return print_name(c_.x.name(), Notation::text); }
  std::string spelled(Index n) const { return c_.sizes.spelled(n); }
  std::string spelled(Shape s) const { return fmt::format("{}×{}", spelled(s.rows), spelled(s.cols)); }
  std::string text(const Expression &f) const { return print(f, spelling_); }

  std::string heading() const {
    std::string shapes;
    for (const Symbol &symbol : c_.symbols)
      shapes += fmt::format("{} {}, ", print_name(symbol.name(), Notation::text), spelled(symbol.shape()));
    const std::string rewritten = c_.f.node() == c_.written.node()
                                      ? ""
                                      : "\n" + wrapped(std::string(c_.name.size(), ' ') + " = ", text(c_.f), width_);
    return wrapped(c_.name + " = ", c_.function(Notation::text), width_) + rewritten +
           fmt::format("\n{}{} {}\n", shapes, c_.name, spelled(c_.f.shape()));
  }

  std::string differentials() const {
    std::string result = "\ndifferential\n";
    for (const derivation::DerivedPart &part : c_.parts) {
      const bool whole = part.f.node() == c_.f.node();
      std::string head = fmt::format("  {} = ", whole ? "d" + c_.name : text(part.lines[0].differential));
      for (const derivation::Line &line : std::span(part.lines).subspan(1)) {
        result += with_rules(wrapped(head, text(line.differential), width_), rules_of(line.rules), width_ / 2, width_);
        head = std::string(width_of(head) - 2, ' ') + "= ";
      }
    }
    return result;
  }

  /// vec of a matrix; a column is its own vec.
  static std::string stacked(const std::string &name, const Expression &of) {
    return of.cols() == 1 ? name : "vec " + name;
  }

  std::string vec() const {
    const std::string df = stacked("d" + c_.name, c_.f), dx = stacked("d" + x(), c_.x);
    std::string result = "\nvec\n";
    // Before simplification, a formula with shared parts repeats them many times.
    const std::string raw = text(c_.factors);
    const bool is_short = raw.size() < derivation::longest_in_full;
    const Expression &j = is_short ? c_.factors : c_.jacobian;
    const bool is_sum = j.node()->kind == Kind::add || is_function(j, "kron");
    result += wrapped(fmt::format("  {} = ", df),
                      fmt::format(fmt::runtime(is_sum ? "({})·{}" : "{}·{}"), is_short ? raw : text(j), dx), width_) +
              "\n";
    for (const derivation::AppliedIdentity &identity : c_.identities)
      result += with_rules(
          wrapped("  ", text(identity.before) + " = " + text(identity.after), width_),
          fmt::format("{}{}", identity.rule, identity.ledger.empty() ? "" : fmt::format(" ({})", identity.ledger)),
          width_ / 2, width_);
    return result;
  }

  std::string gradient() const {
    return fmt::format("\ngradient: d{0} = tr(∇{0}ᵀ·d{1}), {2} (D0)\n", c_.name, x(), spelled(c_.gradient->shape())) +
           wrapped(fmt::format("  ∇{} = ", c_.name), text(*c_.gradient), width_) + "\n";
  }

  std::string jacobian() const {
    return fmt::format("\nJacobian ∂{}/∂{}ᵀ, {} (numerator layout)\n", stacked(c_.name, c_.f),
                       c_.x.cols() == 1 ? x() : fmt::format("(vec {})", x()), spelled(c_.jacobian.shape())) +
           wrapped("  J = ", text(c_.jacobian), width_) +
           fmt::format("\n\ndenominator layout, {}\n", spelled(c_.jacobian_transpose.shape())) +
           wrapped("  Jᵀ = ", text(c_.jacobian_transpose), width_) + "\n";
  }

  std::string where() const {
    std::string result;
    for (const auto &[name, part] : c_.names)
      result +=
          wrapped(fmt::format("  {} = ", print_name(name, Notation::text)), print_definition(part, spelling_), width_) +
          "\n";
    return result.empty() ? "" : "\nwhere\n" + result;
  }

  std::string remarks() const {
    std::string result = c_.remarks.empty() ? "" : "\n";
    for (const std::string &remark : c_.remarks)
      result += "note: " + remark + "\n";
    return result;
  }

  const Content &c_;
  std::size_t width_;
  Spelling spelling_;
};

} // namespace

std::string Derivation::text(std::size_t width) const { return TextWriter(*content_, width).write(); }

} // namespace kronvec
