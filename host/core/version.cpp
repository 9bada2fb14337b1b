#include "kronvec/version.hpp"

namespace kronvec {

std::string_view version() noexcept { return KRONVEC_VERSION; }

} // namespace kronvec
