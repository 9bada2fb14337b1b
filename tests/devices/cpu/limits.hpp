#pragma once
/// Limits of the CPU's emissions for tests.

#include "devices/cpu/emission/emitter.hpp"

namespace kronvec::testing {

/// Limits at which small emissions take the paths of large ones.
inline constexpr cpu::Limits small_limits{.streaming = 0,
                                          .task = 1 << 10,
                                          .chunk = 256,
                                          .near = 64,
                                          .slabs = 512,
                                          .block = 2 << 10,
                                          .tables = 200,
                                          .short_column = 64};

} // namespace kronvec::testing
