#pragma once
/// Device memory that host code cannot touch: it is there while work of a stream is done, and not otherwise.
///
/// All blocks lie in one arena, a mapping that takes no memory until it is used. To close it, mremap takes its pages to
/// addresses that nobody knows: whole page tables go, so that it costs the same however many pages there are (mprotect
/// would go through all of them). A block ends where a page ends, as nearly as the 256-byte alignment that CUDA
/// promises allows, and behind it is a guard page: an overrun is a fault also while the arena is open. Large blocks lie
/// in huge pages. Freed blocks become guard pages as a whole, and the latest of them stay so. Kernels before Linux 6.13
/// have no guard pages that can go along: there each is a mapping, and the arena opens and closes by mprotect.
///
/// A touch ends the process with a report. Not seen is one by a host thread while another thread waits for a stream.
/// With the address sanitizer blocks are the heap's, whose red zones are finer, and poisoned while they are closed; the
/// thread sanitizer watches the heap too, and there they are open always.

#include <cstddef>

namespace kronvec::emulation {

/// Of the process, where something touched device memory that it must not, or a kernel memory that is misaligned.
constexpr int touched_status = 86;

/// A block of NaN, or null. Under mutex(), as is all that follows.
void *take_memory(std::size_t bytes);
/// Of a block of `take_memory`.
void give_memory_back(void *block);

/// Device memory is open while one lives.
class Access {
public:
  Access();
  ~Access();
  Access(const Access &) = delete;
  Access &operator=(const Access &) = delete;
};

} // namespace kronvec::emulation
