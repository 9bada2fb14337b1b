/// Stacks for fibers, and jumps between them.

#include "devices/emulation/fiber.hpp"

#include <new>
#include <sys/mman.h>

namespace kronvec::emulation {
namespace {

namespace context = boost::context::detail;
constexpr std::size_t stack_size = 128 << 10, guard_size = 4096;

} // namespace

Fiber::Fiber(EntryFunction entry) : entry_(entry) {
  void *memory = mmap(nullptr, guard_size + stack_size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  mprotect(memory, guard_size, PROT_NONE); // a stack overflow faults immediately
  stack_ = static_cast<char *>(memory) + guard_size;
}

Fiber::~Fiber() {
  reset();
  munmap(stack_ - guard_size, guard_size + stack_size);
}

void Fiber::reset() {
  own_ = nullptr;
  sanitizer::forget(stack_, stack_size);
}

void *Fiber::thread() {
  if (!thread_) thread_ = sanitizer::create();
  return thread_;
}

void Fiber::resume() {
  if (!own_) own_ = context::make_fcontext(stack_ + stack_size, stack_size, start);
  scheduler_thread_ = sanitizer::current();
  sanitizer::become(thread());
  sanitizer::leave(&scheduler_fake_, stack_, stack_size);
  own_ = context::jump_fcontext(own_, this).fctx;
  sanitizer::arrive(scheduler_fake_, nullptr, nullptr);
}

void Fiber::suspend() {
  sanitizer::become(scheduler_thread_);
  sanitizer::leave(&fake_, scheduler_stack_, scheduler_size_);
  scheduler_ = context::jump_fcontext(scheduler_, nullptr).fctx;
  sanitizer::arrive(fake_, &scheduler_stack_, &scheduler_size_);
}

void Fiber::start(context::transfer_t from) {
  Fiber &self = *static_cast<Fiber *>(from.data);
  sanitizer::arrive(nullptr, &self.scheduler_stack_, &self.scheduler_size_);
  self.scheduler_ = from.fctx;
  for (;;) {
    self.entry_(self);
    self.suspend();
  }
}

} // namespace kronvec::emulation
