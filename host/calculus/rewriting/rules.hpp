#pragma once
/// The rules of rewriting.

#include "calculus/rewriting/pattern.hpp"

#include <span>

namespace kronvec::rewriting {

struct Rule {
  std::string_view before, after; ///< in the command's grammar; names are variables
  std::string_view condition;     ///< for readers; empty if the rule always holds
  bool (*holds)(const Bindings &);
  std::string_view ledger; ///< the identity's row, or empty
  /// Whether the rule is applied only where it makes the cost smaller; otherwise it is for accuracy, and always
  /// applied.
  bool saves_work = false;
};

/// In the order in which they are tried.
std::span<const Rule> rules();

} // namespace kronvec::rewriting
