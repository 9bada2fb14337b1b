#pragma once
/// A CUDA thread on its own stack, and the jumps between it and the scheduler (Boost.Context).

#include "devices/emulation/sanitizers.hpp"

#include <boost/context/detail/fcontext.hpp>

#include <cstddef>

namespace kronvec::emulation {

class Fiber {
public:
  using EntryFunction = void (*)(Fiber &);
  /// Calls `entry` at the first `resume`, and again at each `resume` after it has returned.
  explicit Fiber(EntryFunction entry);
  ~Fiber();
  Fiber(const Fiber &) = delete;
  Fiber &operator=(const Fiber &) = delete;

  /// Runs the fiber until it suspends or its entry returns.
  void resume();
  /// Returns to the caller of `resume`. Called on the fiber.
  void suspend();
  /// Drops everything on the stack: the next `resume` begins at the entry. Nothing on the stack may own resources.
  void reset();
  /// The thread sanitizer's handle for this fiber.
  void *thread();

private:
  static void start(boost::context::detail::transfer_t from);

  EntryFunction entry_;
  char *stack_ = nullptr;
  boost::context::detail::fcontext_t own_{}, scheduler_{};
  void *thread_ = nullptr, *scheduler_thread_ = nullptr;
  void *fake_ = nullptr, *scheduler_fake_ = nullptr;
  const void *scheduler_stack_ = nullptr;
  std::size_t scheduler_size_ = 0;
};

} // namespace kronvec::emulation
