#pragma once
/// The version of kronvec. Versions are semantic (semver.org): before 1.0, each minor version may change the interface.

#include "kronvec/abi.hpp"

#include <string_view>

/// The version of these headers.
#define KRONVEC_VERSION "0.1.0"
#define KRONVEC_VERSION_MAJOR 0
#define KRONVEC_VERSION_MINOR 1
#define KRONVEC_VERSION_PATCH 0

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// The version of the library that is linked, such as "0.1.0".
std::string_view version() noexcept;

} // namespace KRONVEC_ABI
} // namespace kronvec
