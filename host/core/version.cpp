#include "kronvec/version.hpp"

namespace kronvec::inline KRONVEC_ABI {

std::string_view version() noexcept { return KRONVEC_VERSION; }

} // namespace kronvec
