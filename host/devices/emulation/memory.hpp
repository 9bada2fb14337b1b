#pragma once
/// Device memory that host code cannot access: it is accessible only while work of a stream runs.
///
/// All blocks lie in one arena, a mapping that takes no memory until it is used. To close the arena, mremap moves its
/// pages to unknown addresses. It moves whole page tables, so the cost does not depend on the number of pages (mprotect
/// would visit each page). A block ends at the end of a page, as nearly as CUDA's 256-byte alignment allows, followed
/// by a guard page: an overrun faults even while the arena is open. Large blocks lie in huge pages. Freed blocks become
/// guard pages as a whole, and the latest of them stay so. Before Linux 6.13 there are no guard pages that move along:
/// each one is a mapping, and mprotect opens and closes the arena.
///
/// An access while the arena is closed ends the process with a report. Known limitation: an access by a host thread
/// while another thread waits for a stream is not seen. With the address sanitizer, blocks lie on the heap, where red
/// zones are finer, and are poisoned while closed. The thread sanitizer watches the heap too; there blocks are always
/// open.

#include <cstddef>

namespace kronvec::emulation {

/// Exit status of the process after a forbidden access to device memory, or a misaligned access by a kernel.
constexpr int touched_status = 86;

/// Returns a block filled with NaN, or null. The caller must hold mutex(), here and in all functions below.
void *take_memory(std::size_t bytes);
/// Frees a block from `take_memory`.
void give_memory_back(void *block);

/// Keeps device memory open while at least one Access exists.
class Access {
public:
  Access();
  ~Access();
  Access(const Access &) = delete;
  Access &operator=(const Access &) = delete;
};

} // namespace kronvec::emulation
