#pragma once
/// Expressions from a text in which names stand for expressions.

#include "calculus/expression/node.hpp"

#include <map>
#include <string_view>

namespace kronvec::inline KRONVEC_ABI {

using NamedExpressions = std::map<std::string, Expression, std::less<>>;

Expression parse_with(std::string_view text, const NamedExpressions &names);

} // namespace kronvec
