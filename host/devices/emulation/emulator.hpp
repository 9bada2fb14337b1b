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

/// An error of a kernel: a deadlock, barriers that do not match, or a launch that no GPU accepts.
class KernelError : public std::runtime_error {
public:
  using runtime_error::runtime_error;
};

/// The order in which threads and blocks run. A kernel whose result depends on it has a race. In forward and reverse
/// order, a warp runs ahead of the others as far as barriers allow. In random order, all threads reach the next
/// collective operation before any thread goes further.
enum class Order { forward, reverse, random };

struct Settings {
  Order order = Order::forward;
  unsigned seed = 1;                                                  ///< of the random order
  std::int64_t max_blocks = std::numeric_limits<std::int64_t>::max(); ///< for grids whose blocks take several tasks
};
/// The settings of the calling host thread.
Settings &settings();
inline std::int64_t at_most(std::int64_t blocks) { return std::min(blocks, settings().max_blocks); }

/// The place in a kernel at which a thread waits.
struct Site {
  const char *operation, *file;
  int line;
};

/// Runs once after all threads of a group have met. `arguments[i]` is the argument of thread i, if `present[i]`.
using Collective = void (*)(void *const *arguments, const bool *present, int count);

/// Runs body() once per thread of every block, block by block. Throws KernelError, or what a thread threw.
void run_grid(dim3 grid, dim3 block, std::size_t dynamic_shared_bytes, const std::function<void()> &body);

// For device code, which calls these only through device_code.hpp.
int lane();
void meet_block(void *argument, Collective collective, Site site);
void meet_warp(unsigned mask, void *argument, Collective collective, Site site);
/// The block's object for this declaration: a separate heap block of exactly this size, initially NaN.
void *shared_memory(const void *declaration, std::size_t bytes);
void *dynamic_shared_memory();
/// A cp.async of 4, 8 or 16 bytes. The copy happens when a thread waits for it, not when it is issued. `commit_copies`
/// is commit_group; `wait_copies` is wait_group: it waits for all but the latest `newest` groups.
void copy_async(void *to, const void *from, std::size_t bytes);
void commit_copies();
void wait_copies(int newest);

} // namespace kronvec::emulation
