#pragma once
/// Mutants: kernels without one of their barriers, waits, bound checks or strides, to see whether a test misses it. The
/// environment variable KRONVEC_MUTANT names its place as `tests/mutants --list` does: triangle.cu:78 for the barrier
/// or the wait of that line, triangle.cu:71:13 for the bound check or the stride that begins there.

#include <cstdlib>
#include <limits>
#include <source_location>

namespace kronvec::emulation {

/// Whether there is a mutant at all; without one this is all that a place costs.
inline const bool some_mutant = std::getenv("KRONVEC_MUTANT") != nullptr;

/// Whether this is the mutant's place. Standard error gets a line when this is first so: "mutant FILE:LINE".
bool is_mutant(const char *file, unsigned line, unsigned column);

inline bool left_out(const char *file, int line) {
  return some_mutant && is_mutant(file, static_cast<unsigned>(line), 0);
}
inline bool left_out(const std::source_location &place) {
  return some_mutant && is_mutant(place.file_name(), place.line(), place.column());
}

/// KRONVEC_WITHIN and KRONVEC_BEYOND: a check that is left out lets everything pass.
inline bool within(bool inside, const std::source_location &place = std::source_location::current()) {
  return inside || left_out(place);
}
inline bool beyond(bool outside, const std::source_location &place = std::source_location::current()) {
  return outside && !left_out(place);
}
/// KRONVEC_STRIDE: one that is left out leads past the end of the loop.
template <class N> N stride(N n, const std::source_location &place = std::source_location::current()) {
  return left_out(place) ? std::numeric_limits<N>::max() / 2 : n;
}

} // namespace kronvec::emulation
