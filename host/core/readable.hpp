#pragma once
/// Memory sizes in readable form.

#include "kronvec/abi.hpp"

#include <string>

namespace kronvec::inline KRONVEC_ABI {

/// "1.5 GiB".
KRONVEC_API std::string readable_bytes(double bytes);

} // namespace kronvec
