#pragma once
/// Mutants: kernels without one of their barriers, waits, bound checks or strides, to see whether a test misses it. The
/// environment variable KRONVEC_MUTANT names its place as `tests/mutants --list` does: triangle.cu:78 for the barrier
/// or the wait of that line, triangle.cu:71:13 for the bound check or the stride that begins there.

#include <cstdlib>
#include <limits>

#ifdef __clang__ // before version 16 it has no std::source_location, and g++ has no __builtin_COLUMN
#define KRONVEC_COLUMN __builtin_COLUMN()
#else
#include <source_location>
#define KRONVEC_COLUMN std::source_location::current().column()
#endif
/// Default arguments, which are the place of the call: its line, and where on it.
#define KRONVEC_PLACE const char *file = __builtin_FILE(), int line = __builtin_LINE()
#define KRONVEC_CALLER KRONVEC_PLACE, unsigned column = KRONVEC_COLUMN

namespace kronvec::emulation {

/// Whether there is a mutant at all; without one this is all that a place costs.
inline const bool some_mutant = std::getenv("KRONVEC_MUTANT") != nullptr;

/// Whether this is the mutant's place. Standard error gets a line when this is first so: "mutant FILE:LINE".
bool is_mutant(const char *file, unsigned line, unsigned column);

inline bool left_out(const char *file, int line, unsigned column = 0) {
  return some_mutant && is_mutant(file, static_cast<unsigned>(line), column);
}

/// KRONVEC_WITHIN and KRONVEC_BEYOND: a check that is left out lets everything pass.
inline bool within(bool inside, KRONVEC_CALLER) { return inside || left_out(file, line, column); }
inline bool beyond(bool outside, KRONVEC_CALLER) { return outside && !left_out(file, line, column); }
/// KRONVEC_STRIDE: one that is left out leads past the end of the loop.
template <class N> N stride(N n, KRONVEC_CALLER) {
  return left_out(file, line, column) ? std::numeric_limits<N>::max() / 2 : n;
}

} // namespace kronvec::emulation
