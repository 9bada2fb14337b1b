#pragma once
/// The scheduler: runs the threads of a CUDA block as fibers of one host thread.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>
#include <vector_types.h>

namespace kronvec::emulation {

/// What a kernel did wrong: a deadlock, barriers that do not match, a launch that no GPU would take.
class KernelError : public std::runtime_error {
public:
  using runtime_error::runtime_error;
};

/// In which order threads and blocks take their turns. A kernel whose result depends on it has a race. Forward and in
/// reverse a warp runs ahead of the others as far as barriers let it; at random all threads go from one collective
/// operation to the next before any goes further.
enum class Order { forward, reverse, random };

struct Settings {
  Order order = Order::forward;
  unsigned seed = 1;                                                   ///< of the random order
  std::int64_t most_blocks = std::numeric_limits<std::int64_t>::max(); ///< of a grid whose blocks take several tasks
};
/// Of the calling host thread.
Settings &settings();
inline std::int64_t at_most(std::int64_t blocks) { return std::min(blocks, settings().most_blocks); }

/// Where in a kernel a thread waits.
struct Site {
  const char *operation, *file;
  int line;
};

/// Runs once when all threads of a group have met: `arguments[i]` is what thread i brought, where `present[i]`.
using Collective = void (*)(void *const *arguments, const bool *present, int count);

/// Runs body() once per thread of every block, serially by blocks. Throws KernelError, or what a thread threw.
void run_grid(dim3 grid, dim3 block, std::size_t dynamic_shared_bytes, const std::function<void()> &body);

// For device code, through device_code.hpp only.
int lane();
void meet_block(void *argument, Collective collective, Site site);
void meet_warp(unsigned mask, void *argument, Collective collective, Site site);
/// The block's object for this declaration: its own heap block of exactly this size, of NaN bytes at first.
void *shared_memory(const void *declaration, std::size_t bytes);
void *dynamic_shared_memory();
/// A 4-, 8- or 16-byte cp.async, which happens when it is waited for, not when it is asked for; its commit_group, and
/// wait_group for all but the latest `newest` groups.
void copy_async(void *to, const void *from, std::size_t bytes);
void commit_copies();
void wait_copies(int newest);

} // namespace kronvec::emulation
