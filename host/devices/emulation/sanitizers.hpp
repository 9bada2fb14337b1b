#pragma once
/// Tells the sanitizers about fibers. Does nothing in a build without sanitizers.

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
/// Called around a jump to another stack. `fake` keeps the sanitizer's state of the stack that is left.
inline void leave(void **fake, const void *stack, std::size_t size) {
  __sanitizer_start_switch_fiber(fake, stack, size);
}
inline void arrive(void *fake, const void **stack, std::size_t *size) {
  __sanitizer_finish_switch_fiber(fake, stack, size);
}
inline void forget(void *stack, std::size_t size) { __asan_unpoison_memory_region(stack, size); }
/// Marks memory as inaccessible until it is unpoisoned.
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
// Each CUDA thread is one thread of the thread sanitizer. Flag 1: a switch alone does not order memory.
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

/// Acts as one of the thread sanitizer's threads while the ThreadScope exists, then as `after`, even if an exception is
/// thrown.
class ThreadScope {
public:
  ThreadScope(void *thread, void *after) : after_(after) { become(thread); }
  ~ThreadScope() { become(after_); }
  ThreadScope(const ThreadScope &) = delete;
  ThreadScope &operator=(const ThreadScope &) = delete;

private:
  void *after_;
};

} // namespace kronvec::emulation::sanitizer
