/// A derivation as JSON (RFC 8259), for other programs.

#include "calculus/derivation/content.hpp"
#include "core/readable.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kronvec::inline KRONVEC_ABI {
namespace {

using derivation::Content;

std::string list_of(const std::vector<std::string> &items, std::string_view indent) {
  if (items.empty()) return "[]";
  return fmt::format("[\n{}  {}\n{}]", indent, fmt::join(items, fmt::format(",\n{}  ", indent)), indent);
}

class JsonWriter {
public:
  explicit JsonWriter(const Content &content) : c_(content), spelling_(content.spelling(Notation::text)) {}

  std::string write() const {
    std::string members = fmt::format("  \"function\": {},\n  \"variable\": {},\n  \"shapes\": {},\n",
                                      json_string(c_.function(Notation::text)), json_string(c_.x.name()), shapes());
    members += fmt::format("  \"differential\": {},\n", differentials());
    members += fmt::format("  \"identities\": {},\n", identities());
    if (c_.gradient) members += fmt::format("  \"gradient\": {},\n", text(*c_.gradient));
    members += fmt::format("  \"jacobian\": {{\"numerator\": {}, \"denominator\": {}}},\n", text(c_.jacobian),
                           text(c_.jacobian_transpose));
    return fmt::format("{{\n{}  \"where\": {},\n  \"notes\": {}\n}}\n", members, where(), notes());
  }

private:
  std::string text(const Expression &f) const { return json_string(print(f, spelling_)); }
  /// A size with letters is quoted, a number is not.
  std::string size(Index n) const {
    const std::string spelled = c_.sizes.spelled(n);
    return spelled == std::to_string(n) ? spelled : json_string(spelled);
  }

  std::string shapes() const {
    std::vector<std::string> all;
    for (const Symbol &symbol : c_.symbols)
      all.push_back(fmt::format("{}: [{}, {}]", json_string(symbol.name()), size(symbol.rows()), size(symbol.cols())));
    return fmt::format("{{{}}}", fmt::join(all, ", "));
  }

  std::string differentials() const {
    std::vector<std::string> parts;
    for (const derivation::DerivedPart &part : c_.parts) {
      std::vector<std::string> steps;
      for (const derivation::Line &line : std::span(part.lines).subspan(1))
        steps.push_back(fmt::format("{{\"result\": {}, \"rules\": {}}}", text(line.differential), rules(line.rules)));
      parts.push_back(fmt::format("{{\"of\": {}, \"steps\": {}}}", text(part.f), list_of(steps, "    ")));
    }
    return list_of(parts, "  ");
  }

  static std::string rules(const std::vector<derivation::RuleName> &rules) {
    std::string all;
    for (const derivation::RuleName &rule : rules)
      all += fmt::format("{}{{\"name\": {}, \"ledger\": {}}}", all.empty() ? "" : ", ", json_string(rule.name),
                         json_string(rule.ledger));
    return fmt::format("[{}]", all);
  }

  std::string identities() const {
    std::vector<std::string> all;
    for (const derivation::AppliedIdentity &i : c_.identities)
      all.push_back(fmt::format("{{\"rule\": {}, \"ledger\": {}, \"before\": {}, \"after\": {}}}", json_string(i.rule),
                                json_string(i.ledger), text(i.before), text(i.after)));
    return list_of(all, "  ");
  }

  std::string where() const {
    std::vector<std::string> all;
    for (const auto &[name, part] : c_.names)
      all.push_back(fmt::format("[{}, {}]", json_string(print_name(name, Notation::text)),
                                json_string(print_definition(part, spelling_))));
    return list_of(all, "  ");
  }

  std::string notes() const {
    std::vector<std::string> all(c_.remarks.size());
    std::transform(c_.remarks.begin(), c_.remarks.end(), all.begin(), json_string);
    return list_of(all, "  ");
  }

  const Content &c_;
  Spelling spelling_;
};

} // namespace

std::string Derivation::json() const { return JsonWriter(*content_).write(); }

} // namespace kronvec
