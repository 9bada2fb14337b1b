#pragma once
/// Emissions in index notation.

#include "emission/emission.hpp"

#include <functional>
#include <string>

namespace kronvec::inline KRONVEC_ABI {

/// One line per product, such as "  J[i + 4·j, k + 3·l] = Σ_u A[i + 4·u] · B[u + 2·k]", and one for a side that is a
/// vech. A result of one column has one index. `name` gives the names of the buffers.
std::string in_index_notation(const std::string &result, const Emission &emission,
                              const std::function<std::string(int buffer)> &name);

} // namespace kronvec
