#pragma once
/// Free host memory, and refusals of what would not fit.

#include <cstddef>
#include <string>

namespace kronvec {

/// Bytes that the operating system (and the memory control group, if any) would still grant.
std::size_t host_bytes_free();

/// Throws OutOfMemory, with both numbers, if `what` would take more bytes than are free.
void require_host_memory(double bytes, const std::string &what);

} // namespace kronvec
