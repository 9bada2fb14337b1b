/// The scheduler. Compiled without the thread sanitizer, because it switches between that sanitizer's threads itself.

#include "devices/emulation/emulator.hpp"

#include "devices/emulation/device_code.hpp"
#include "devices/emulation/fiber.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <map>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace kronvec::emulation {
namespace {

constexpr int warp = 32;
constexpr std::size_t static_shared_limit = 48 << 10;

enum class State { ready, at_block, at_warp, exited };

struct AsyncCopy {
  void *to;
  const void *from;
  std::size_t bytes;
};

void perform(const AsyncCopy &copy) { std::memcpy(copy.to, copy.from, copy.bytes); }

/// The asynchronous copies of one thread, in order. Stored in place, because the thread sanitizer watches the heap.
class PendingCopies {
public:
  void clear() { copies_ = done_ = groups_ = 0; }
  void add(const AsyncCopy &copy) {
    if (copies_ - done_ == capacity) throw KernelError("more than 256 asynchronous copies of one thread in flight");
    ring_[copies_++ % capacity] = copy;
  }
  void commit() {
    if (groups_ == max_groups) throw KernelError("more than 16 groups of asynchronous copies in flight");
    ends_[groups_++] = copies_;
  }
  /// Performs all groups except the `newest`.
  void wait(std::size_t newest) {
    if (groups_ <= newest) return;
    const std::size_t complete = groups_ - newest;
    for (; done_ < ends_[complete - 1]; ++done_)
      perform(ring_[done_ % capacity]);
    std::copy(ends_.begin() + static_cast<std::ptrdiff_t>(complete), ends_.end(), ends_.begin());
    groups_ = newest;
  }

private:
  static constexpr std::size_t capacity = 256, max_groups = 16;
  std::array<AsyncCopy, capacity> ring_{};
  std::array<std::size_t, max_groups> ends_{}; ///< end of each committed group, counted from the first copy
  std::size_t copies_ = 0, done_ = 0, groups_ = 0;
};

/// One CUDA thread of the running block.
struct Thread {
  explicit Thread(Fiber::EntryFunction entry) : fiber(entry) {}

  Fiber fiber;
  uint3 index{};
  int number = 0;
  State state = State::ready;
  unsigned mask = 0;
  void *argument = nullptr;
  Collective collective = nullptr;
  Site site{};
  PendingCopies copies;

  bool meets_at(const Thread &other) const {
    return collective == other.collective && site.line == other.site.line && !std::strcmp(site.file, other.site.file) &&
           !std::strcmp(site.operation, other.site.operation);
  }
  std::string whereabouts() const {
    if (state == State::exited) return "exited";
    const char *slash = std::strrchr(site.file, '/');
    return fmt::format("{} at {}:{}", site.operation, slash ? slash + 1 : site.file, site.line);
  }
};

using SharedBlock = std::unique_ptr<char, decltype(&std::free)>;

/// A block of exactly this size, so that the address sanitizer sees an overrun. Its bytes are NaN in every format.
SharedBlock poisoned(std::size_t bytes) {
  SharedBlock block(static_cast<char *>(std::malloc(bytes)), &std::free);
  if (!block) throw std::bad_alloc();
  std::memset(block.get(), 0xff, bytes);
  return block;
}

class Scheduler {
public:
  void run(dim3 grid, dim3 block, std::size_t dynamic_bytes, const std::function<void()> &body);

  Thread &current() { return *current_; }
  void wait(State state, unsigned mask, void *argument, Collective collective, Site site) {
    Thread &me = *current_;
    me.state = state, me.mask = mask, me.argument = argument, me.collective = collective, me.site = site;
    me.fiber.suspend();
  }
  void *shared(const void *declaration, std::size_t bytes);
  void *dynamic_shared() {
    if (!dynamic_) throw KernelError("the launch gave no dynamic shared memory");
    return dynamic_.get();
  }

private:
  static void enter(Fiber &);
  void start_block(dim3 block, std::size_t dynamic_bytes);
  void run_block(const std::vector<int> &order);
  bool give_turns(std::span<const int> order);
  bool meet_warps(std::span<const int> order);
  bool meet_warp(int first);
  void complete(int first, const std::vector<bool> &takes_part);
  void order_memory(int first, const std::vector<bool> &takes_part);
  void free_shared();
  void abandon();
  [[noreturn]] void fail(const std::string &what) const;
  Thread &thread(int number) const { return *threads_[static_cast<std::size_t>(number)]; }
  bool all(State state) const {
    return std::all_of(threads_.begin(), threads_.end(), [&](const Thread *t) { return t->state == state; });
  }

  std::vector<std::unique_ptr<Thread>> pool_; ///< kept from block to block and from launch to launch
  std::vector<Thread *> threads_;             ///< threads of this block, by number
  std::size_t rotation_ = 0;
  Thread *current_ = nullptr;
  const std::function<void()> *body_ = nullptr;
  std::exception_ptr error_;
  std::map<const void *, SharedBlock> shared_;
  std::size_t shared_bytes_ = 0;
  SharedBlock dynamic_{nullptr, &std::free};
  void *own_thread_ = nullptr, *janitor_ = nullptr; ///< threads of the thread sanitizer
  char start_tag_ = 0, end_tag_ = 0;
};

Scheduler &scheduler() {
  thread_local Scheduler one;
  return one;
}

/// Runs one thread in one block, from start to end.
void Scheduler::enter(Fiber &) {
  Scheduler &self = scheduler();
  try {
    (*self.body_)();
  } catch (...) {
    self.error_ = std::current_exception();
  }
  self.current_->state = State::exited;
}

void Scheduler::run(dim3 grid, dim3 block, std::size_t dynamic_bytes, const std::function<void()> &body) {
  if (body_) throw KernelError("a kernel launched a kernel");
  const std::size_t threads = std::size_t(block.x) * block.y * block.z;
  const std::size_t blocks = std::size_t(grid.x) * grid.y * grid.z;
  while (pool_.size() < threads + 1) // one more than needed, so that the rotation moves
    pool_.push_back(std::make_unique<Thread>(enter));
  threads_.resize(threads);
  std::vector<int> order(threads);
  std::iota(order.begin(), order.end(), 0);
  const Settings &how = settings();
  if (how.order == Order::reverse) std::reverse(order.begin(), order.end());
  std::mt19937 random(how.seed);
  std::vector<std::size_t> sequence(blocks);
  std::iota(sequence.begin(), sequence.end(), std::size_t(0));
  if (how.order == Order::reverse) std::reverse(sequence.begin(), sequence.end());
  if (how.order == Order::random) std::shuffle(sequence.begin(), sequence.end(), random);

  body_ = &body, error_ = nullptr;
  gridDim = grid, blockDim = block;
  own_thread_ = sanitizer::current();
  try {
    for (const std::size_t number : sequence) {
      blockIdx = {static_cast<unsigned>(number % grid.x), static_cast<unsigned>(number / grid.x % grid.y),
                  static_cast<unsigned>(number / grid.x / grid.y)};
      if (how.order == Order::random) std::shuffle(order.begin(), order.end(), random);
      start_block(block, dynamic_bytes);
      run_block(order);
      for (Thread *t : threads_)
        sanitizer::become(t->fiber.thread()), sanitizer::release(&end_tag_);
      sanitizer::become(own_thread_);
    }
  } catch (...) {
    abandon();
    throw;
  }
  sanitizer::acquire(&end_tag_);
  free_shared();
  body_ = nullptr;
}

/// After a failure: drops suspended threads where they stand. Device code owns nothing.
void Scheduler::abandon() {
  for (Thread *t : threads_) {
    if (!t) continue;
    sanitizer::become(t->fiber.thread()), sanitizer::release(&end_tag_);
    t->fiber.reset();
  }
  sanitizer::become(own_thread_), sanitizer::acquire(&end_tag_);
  free_shared();
  current_ = nullptr, body_ = nullptr;
}

void Scheduler::start_block(dim3 block, std::size_t dynamic_bytes) {
  free_shared();
  if (dynamic_bytes) dynamic_ = poisoned(dynamic_bytes);
  sanitizer::release(&start_tag_);
  // The same thread of two blocks must not be one thread for the sanitizer; otherwise it would miss races between
  // blocks.
  rotation_ = (rotation_ + 17) % pool_.size();
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    Thread &t = *(threads_[i] = pool_[(i + rotation_) % pool_.size()].get());
    t.number = static_cast<int>(i);
    t.index = {static_cast<unsigned>(i % block.x), static_cast<unsigned>(i / block.x % block.y),
               static_cast<unsigned>(i / block.x / block.y)};
    t.state = State::ready;
    t.copies.clear();
    sanitizer::become(t.fiber.thread()), sanitizer::acquire(&start_tag_), sanitizer::become(own_thread_);
  }
}

/// Frees shared memory in the name of a sanitizer thread that knows about all threads' accesses. The scheduler itself
/// must not get that knowledge.
void Scheduler::free_shared() {
  if (!janitor_) janitor_ = sanitizer::create();
  sanitizer::become(janitor_), sanitizer::acquire(&end_tag_);
  shared_.clear(), dynamic_.reset();
  sanitizer::become(own_thread_);
  shared_bytes_ = 0;
}

void *Scheduler::shared(const void *declaration, std::size_t bytes) {
  auto found = shared_.find(declaration);
  if (found == shared_.end()) {
    sanitizer::become(own_thread_);
    shared_bytes_ += bytes;
    if (shared_bytes_ > static_shared_limit) {
      sanitizer::become(current_->fiber.thread());
      throw KernelError("more than 48 KiB of static shared memory");
    }
    found = shared_.emplace(declaration, poisoned(bytes)).first;
    sanitizer::release(found->second.get());
    sanitizer::become(current_->fiber.thread());
  }
  sanitizer::acquire(found->second.get());
  return found->second.get();
}

/// The first threads of `order` that go together: in random order all of them, otherwise one warp.
std::span<const int> go_together(std::span<const int> order) {
  if (settings().order == Order::random) return order;
  const auto other = std::find_if(order.begin(), order.end(), [&](int i) { return i / warp != order[0] / warp; });
  return {order.begin(), other};
}

void Scheduler::run_block(const std::vector<int> &order) {
  const std::vector<bool> everybody(threads_.size(), true);
  while (!all(State::exited)) {
    bool progress = false;
    for (std::size_t next = 0; next < order.size();) {
      const auto together = go_together(std::span(order).subspan(next));
      do
        progress |= give_turns(together);
      while (meet_warps(together));
      next += together.size();
    }
    if (all(State::at_block)) {
      complete(0, everybody);
      continue;
    }
    if (progress) continue;
    const bool left = std::any_of(threads_.begin(), threads_.end(), [](auto *t) { return t->state == State::exited; });
    fail(left ? "deadlock: some threads have exited or wait elsewhere" : "deadlock: threads wait at different places");
  }
}

bool Scheduler::give_turns(std::span<const int> order) {
  bool progress = false;
  for (const int i : order) {
    Thread &t = thread(i);
    if (t.state != State::ready) continue;
    current_ = &t, threadIdx = t.index;
    t.fiber.resume();
    progress = true;
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }
  return progress;
}

/// Completes every warp-wide operation whose lanes have all arrived, among these threads.
bool Scheduler::meet_warps(std::span<const int> order) {
  const auto [lowest, highest] = std::minmax_element(order.begin(), order.end());
  bool progress = false;
  for (int first = *lowest / warp * warp; first <= *highest; first += warp)
    progress |= meet_warp(first);
  return progress;
}

bool Scheduler::meet_warp(int first) {
  bool progress = false;
  const int lanes = std::min(warp, static_cast<int>(threads_.size()) - first);
  for (int lane = 0; lane < lanes; ++lane) {
    const Thread &t = thread(first + lane);
    if (t.state != State::at_warp) continue;
    if (!(t.mask >> lane & 1)) fail(fmt::format("lane {} is not in its own mask", lane));
    std::vector<bool> takes_part(static_cast<std::size_t>(lanes));
    bool complete_now = true;
    for (int k = 0; k < lanes; ++k) {
      if (!(t.mask >> k & 1)) continue;
      const Thread &other = thread(first + k);
      takes_part[static_cast<std::size_t>(k)] = true;
      complete_now = complete_now && other.state == State::at_warp && other.mask == t.mask;
    }
    if (!complete_now) continue;
    complete(first, takes_part);
    progress = true;
  }
  return progress;
}

/// Runs the collective after all participants have arrived. Everything before it happens before everything after it.
void Scheduler::complete(int first, const std::vector<bool> &takes_part) {
  std::array<void *, 1024> arguments{};
  std::array<bool, 1024> present{};
  const Thread *leader = nullptr;
  for (std::size_t i = 0; i < takes_part.size(); ++i) {
    if (!takes_part[i]) continue;
    Thread &t = *threads_[static_cast<std::size_t>(first) + i];
    arguments[i] = t.argument, present[i] = true;
    if (!leader) leader = &t;
    if (!t.meets_at(*leader)) fail("threads meet at different barriers");
  }
  order_memory(first, takes_part);
  if (leader->collective) {
    {
      const sanitizer::ThreadScope scope(const_cast<Thread *>(leader)->fiber.thread(), own_thread_);
      leader->collective(arguments.data(), present.data(), static_cast<int>(takes_part.size()));
    }
    order_memory(first, takes_part);
  }
  for (std::size_t i = 0; i < takes_part.size(); ++i)
    if (takes_part[i]) threads_[static_cast<std::size_t>(first) + i]->state = State::ready;
}

/// For the thread sanitizer: orders memory between the participants. Uses a fresh tag, so that no older clock leaks in.
void Scheduler::order_memory(int first, const std::vector<bool> &takes_part) {
  if (!own_thread_) return;
  void *tag = std::malloc(8);
  for (const bool arriving : {true, false})
    for (std::size_t i = 0; i < takes_part.size(); ++i) {
      if (!takes_part[i]) continue;
      sanitizer::become(threads_[static_cast<std::size_t>(first) + i]->fiber.thread());
      arriving ? sanitizer::release(tag) : sanitizer::acquire(tag);
    }
  sanitizer::become(own_thread_);
  std::free(tag);
}

void Scheduler::fail(const std::string &what) const {
  std::string text = fmt::format("{} in block ({}, {}, {}):", what, blockIdx.x, blockIdx.y, blockIdx.z);
  for (std::size_t i = 0, next = 0; i < threads_.size(); i = next) {
    const std::string here = threads_[i]->whereabouts();
    for (next = i + 1; next < threads_.size() && threads_[next]->whereabouts() == here;)
      ++next;
    text += fmt::format("\n  threads {}-{}: {}", i, next - 1, here);
  }
  throw KernelError(text);
}

} // namespace

Settings &settings() {
  thread_local Settings mine;
  return mine;
}

void run_grid(dim3 grid, dim3 block, std::size_t dynamic_shared_bytes, const std::function<void()> &body) {
  scheduler().run(grid, block, dynamic_shared_bytes, body);
}

int lane() { return scheduler().current().number % warp; }

void meet_block(void *argument, Collective collective, Site site) {
  scheduler().wait(State::at_block, 0, argument, collective, site);
}

void meet_warp(unsigned mask, void *argument, Collective collective, Site site) {
  scheduler().wait(State::at_warp, mask, argument, collective, site);
}

void *shared_memory(const void *declaration, std::size_t bytes) { return scheduler().shared(declaration, bytes); }
void *dynamic_shared_memory() { return scheduler().dynamic_shared(); }

void copy_async(void *to, const void *from, std::size_t bytes) {
  if (bytes != 4 && bytes != 8 && bytes != 16) throw KernelError("an asynchronous copy moves 4, 8 or 16 bytes");
  if (reinterpret_cast<std::uintptr_t>(to) % bytes || reinterpret_cast<std::uintptr_t>(from) % bytes)
    throw KernelError("a misaligned asynchronous copy");
  scheduler().current().copies.add({to, from, bytes});
}

void commit_copies() { scheduler().current().copies.commit(); }
void wait_copies(int newest) { scheduler().current().copies.wait(static_cast<std::size_t>(newest)); }

} // namespace kronvec::emulation
