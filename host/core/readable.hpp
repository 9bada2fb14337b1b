#pragma once
/// Memory sizes in readable form.

#include <string>

namespace kronvec {

/// "1.5 GiB".
std::string readable_bytes(double bytes);

} // namespace kronvec
