#pragma once
/// Loops over independent tasks, on several threads if there is enough work.

#include "devices/batch.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace kronvec::cpu {

/// Number of entries from which a loop is worth a second thread.
constexpr Index worth_threads = 1 << 16;

/// Number of threads of a parallel loop.
inline int threads() {
#ifdef _OPENMP
  return omp_get_max_threads();
#else
  return 1;
#endif
}

/// Whether the caller already runs inside a parallel region.
inline bool in_parallel() {
#ifdef _OPENMP
  return omp_in_parallel();
#else
  return false;
#endif
}

/// Keeps the first exception of several threads. An exception must not leave a parallel region by itself.
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

/// Tasks shared by threads. Each thread has its own range of tasks, so that its memory stays close from loop to loop.
/// It takes pieces of its range, then pieces of other ranges. A thread that loses its core therefore delays the others
/// by at most one piece.
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
  struct alignas(64) Next { // one cache line each
    std::atomic<Index> task;
  };
  Index first(Index range) const { return n_ * range / ranges_; }

  Index n_, ranges_;
  std::array<Next, most> next_;
};

/// Number of threads that `parallel` uses.
inline Index workers(Index n, Index entries) {
#ifdef _OPENMP
  if (entries >= worth_threads) return std::min<Index>(n, omp_get_max_threads());
#endif
  return std::min<Index>(n, 1);
}

/// Calls work(i) for 0 ≤ i < n, on several threads if there is enough work. Rethrows the first exception of any thread.
/// If there is enough work, BLAS within work() runs on one thread, even for n = 1.
template <class Work> void parallel(Index n, Index entries, Work work) {
  if (entries < worth_threads) { // entering even a one-thread region takes a while
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

/// Calls work(b, j) for every column j of every item b.
template <class T, class Work> void over_columns(const BatchView<T> &y, Work work) {
  const Index entries = y.rows * y.cols * y.count;
  parallel(y.count * y.cols, entries, [&](Index c) { work(c / y.cols, c % y.cols); });
}

} // namespace kronvec::cpu
