#pragma once
/// Mutants: kernels with one barrier, wait, bound check or stride removed, to test whether the tests notice. The
/// environment variable KRONVEC_MUTANT names the place as `tests/mutants --list` does: triangle.cu:LINE for the barrier
/// or the wait in that line, triangle.cu:LINE:COLUMN for the bound check or the stride that begins there.

#include <cstdlib>
#include <limits>

#ifdef __clang__ // clang has no std::source_location before version 16, and g++ has no __builtin_COLUMN
#define KRONVEC_COLUMN __builtin_COLUMN()
#else
#include <source_location>
#define KRONVEC_COLUMN std::source_location::current().column()
#endif
/// Default arguments that evaluate to the place of the call: its line and column.
#define KRONVEC_PLACE const char *file = __builtin_FILE(), int line = __builtin_LINE()
#define KRONVEC_CALLER KRONVEC_PLACE, unsigned column = KRONVEC_COLUMN

namespace kronvec::emulation {

/// Whether there is a mutant. Without one, each place costs only this test.
inline const bool some_mutant = std::getenv("KRONVEC_MUTANT") != nullptr;

/// Whether this is the place of the mutant. The first time, prints "mutant FILE:LINE" on standard error.
bool is_mutant(const char *file, unsigned line, unsigned column);

inline bool left_out(const char *file, int line, unsigned column = 0) {
  return some_mutant && is_mutant(file, static_cast<unsigned>(line), column);
}

/// KRONVEC_WITHIN and KRONVEC_BEYOND: a removed check lets everything pass.
inline bool within(bool inside, KRONVEC_CALLER) { return inside || left_out(file, line, column); }
inline bool beyond(bool outside, KRONVEC_CALLER) { return outside && !left_out(file, line, column); }
/// KRONVEC_STRIDE: a removed stride steps past the end of the loop.
template <class N> N stride(N n, KRONVEC_CALLER) {
  return left_out(file, line, column) ? std::numeric_limits<N>::max() / 2 : n;
}

} // namespace kronvec::emulation
