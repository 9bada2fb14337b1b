#pragma once
/// Loops over independent tasks, on several threads if there is enough to do.

#include "devices/batch.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace kronvec::cpu {

/// Entries from which a loop is worth a second thread.
constexpr Index worth_threads = 1 << 16;

/// Threads of a parallel loop.
inline int threads() {
#ifdef _OPENMP
  return omp_get_max_threads();
#else
  return 1;
#endif
}

/// Whether the caller is one of several threads already.
inline bool in_parallel() {
#ifdef _OPENMP
  return omp_in_parallel();
#else
  return false;
#endif
}

/// The first exception of several threads, which must not leave them by itself.
class FirstError {
public:
  void guard(const auto &work) noexcept {
    try {
      work();
    } catch (...) {
      if (!taken_.test_and_set()) error_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

private:
  std::atomic_flag taken_;
  std::exception_ptr error_;
};

/// Tasks that threads share. Each has a range of its own, whose memory stays near it from loop to loop, and takes
/// pieces of it; then it takes what is left of others' ranges. One that lost its core holds the others up for a piece.
class SharedTasks {
public:
  SharedTasks(Index n, int threads) : n_(n), ranges_(std::min<Index>(threads, most)) {
    for (Index r = 0; r < ranges_; ++r)
      next_[static_cast<std::size_t>(r)].task = first(r);
  }
  void take(int thread, const auto &work) {
    for (Index k = 0; k < ranges_; ++k) {
      const Index r = (thread + k) % ranges_, end = first(r + 1), piece = std::max<Index>((end - first(r)) / pieces, 1);
      std::atomic<Index> &next = next_[static_cast<std::size_t>(r)].task;
      while (next.load(std::memory_order_relaxed) < end) {
        const Index begin = next.fetch_add(piece, std::memory_order_relaxed);
        for (Index i = begin; i < std::min(begin + piece, end); ++i)
          work(i);
      }
    }
  }

private:
  static constexpr Index most = 64, pieces = 8;
  struct alignas(64) Next { // a line of cache each
    std::atomic<Index> task;
  };
  Index first(Index range) const { return n_ * range / ranges_; }

  Index n_, ranges_;
  std::array<Next, most> next_;
};

/// How many threads `parallel` takes.
inline Index workers(Index n, Index entries) {
#ifdef _OPENMP
  if (entries >= worth_threads) return std::min<Index>(n, omp_get_max_threads());
#endif
  return std::min<Index>(n, 1);
}

/// work(i) for 0 ≤ i < n, on several threads if there is enough to do. Throws what one of them threw. BLAS in it works
/// on one thread if there is, even for n = 1.
template <class Work> void parallel(Index n, Index entries, Work work) {
  if (entries < worth_threads) { // not even a region of one thread, which takes a while to enter
    for (Index i = 0; i < n; ++i)
      work(i);
    return;
  }
  FirstError error;
#ifdef _OPENMP
  SharedTasks tasks(n, omp_get_max_threads());
#pragma omp parallel
  tasks.take(omp_get_thread_num(), [&](Index i) { error.guard([&] { work(i); }); });
#else
  for (Index i = 0; i < n; ++i)
    error.guard([&] { work(i); });
#endif
  error.rethrow();
}

/// work(b, j) for every column j of every item b.
template <class T, class Work> void over_columns(const BatchView<T> &y, Work work) {
  const Index entries = y.rows * y.cols * y.count;
  parallel(y.count * y.cols, entries, [&](Index c) { work(c / y.cols, c % y.cols); });
}

} // namespace kronvec::cpu
