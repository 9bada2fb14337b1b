#pragma once
/// The functions of the grammar.

#include "kronvec/abi.hpp"

#include <string_view>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {

/// The names of all functions that a text may call: the elementwise ones of one argument, then the others.
std::vector<std::string_view> function_names();

} // namespace kronvec
