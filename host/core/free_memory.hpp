#pragma once
/// Free memory, and refusals of what would not fit.

#include "kronvec/error.hpp"

#include <cstddef>
#include <string>

namespace kronvec::inline KRONVEC_ABI {

/// Bytes that the operating system (and the memory control group, if any) would still grant.
KRONVEC_API std::size_t host_bytes_free();

/// The refusal "`what` would take 2 GiB, 3 GiB with what is held beside it; 1 GiB are free", or, if little is held
/// beside it, "`what` would take 2 GiB, 1 GiB are free".
KRONVEC_API OutOfMemory out_of_memory(const std::string &what, double bytes, double free, double beside = 0);

/// Throws OutOfMemory if `what` would take more bytes than the host has free.
KRONVEC_API void require_host_memory(double bytes, const std::string &what);

} // namespace kronvec
