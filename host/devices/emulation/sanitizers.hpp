#pragma once
/// What the sanitizers must be told of fibers. All of it is nothing in a build without them.

#include <cstddef>

#if defined(KRONVEC_EMULATION_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(KRONVEC_EMULATION_TSAN)
extern "C" {
void *__tsan_get_current_fiber();
void *__tsan_create_fiber(unsigned flags);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
void __tsan_acquire(void *tag);
void __tsan_release(void *tag);
}
#endif

namespace kronvec::emulation::sanitizer {

#if defined(KRONVEC_EMULATION_ASAN)
/// Around a jump to another stack: `fake` keeps the leaving stack's state.
inline void leave(void **fake, const void *stack, std::size_t size) {
  __sanitizer_start_switch_fiber(fake, stack, size);
}
inline void arrive(void *fake, const void **stack, std::size_t *size) {
  __sanitizer_finish_switch_fiber(fake, stack, size);
}
inline void forget(void *stack, std::size_t size) { __asan_unpoison_memory_region(stack, size); }
/// Memory that nobody may touch until it is unpoisoned.
inline void poison(void *data, std::size_t size) { __asan_poison_memory_region(data, size); }
inline void unpoison(void *data, std::size_t size) { __asan_unpoison_memory_region(data, size); }
#else
inline void leave(void **, const void *, std::size_t) {}
inline void arrive(void *, const void **, std::size_t *) {}
inline void forget(void *, std::size_t) {}
inline void poison(void *, std::size_t) {}
inline void unpoison(void *, std::size_t) {}
#endif

#if defined(KRONVEC_EMULATION_TSAN)
// One "thread" of the thread sanitizer per CUDA thread; flag 1: a switch orders nothing by itself.
inline void *current() { return __tsan_get_current_fiber(); }
inline void *create() { return __tsan_create_fiber(1); }
inline void become(void *thread) { __tsan_switch_to_fiber(thread, 1); }
inline void acquire(void *tag) { __tsan_acquire(tag); }
inline void release(void *tag) { __tsan_release(tag); }
#else
inline void *current() { return nullptr; }
inline void *create() { return nullptr; }
inline void become(void *) {}
inline void acquire(void *) {}
inline void release(void *) {}
#endif

/// One of the thread sanitizer's threads for as long as it lives, and then `after`, also where an exception ends it.
class Part {
public:
  Part(void *thread, void *after) : after_(after) { become(thread); }
  ~Part() { become(after_); }
  Part(const Part &) = delete;
  Part &operator=(const Part &) = delete;

private:
  void *after_;
};

} // namespace kronvec::emulation::sanitizer
