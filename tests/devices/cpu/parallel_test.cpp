/// How threads share tasks.

#include "devices/cpu/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace kronvec::testing {
namespace {

TEST(SharedTasks, EachIsTakenOnce) {
  for (const Index n : {0, 1, 5, 64, 1000})
    for (const int threads : {1, 2, 3, 70}) {
      std::vector<std::atomic<int>> taken(static_cast<std::size_t>(n));
      cpu::SharedTasks tasks(n, threads);
      std::vector<std::jthread> all;
      for (int t = 0; t < threads; ++t)
        all.emplace_back([&, t] { tasks.take(t, [&](Index i) { ++taken[static_cast<std::size_t>(i)]; }); });
      all.clear(); // joins the threads
      for (const auto &times : taken)
        EXPECT_EQ(times, 1) << n << " tasks, " << threads << " threads";
    }
}

TEST(SharedTasks, AThreadThatIsHeldUpKeepsOnePiece) {
  constexpr Index n = 160;
  cpu::SharedTasks tasks(n, 2);
  std::latch begun(1), others_done(1);
  std::jthread slow([&] {
    bool first = true;
    tasks.take(0, [&](Index) {
      if (!std::exchange(first, false)) return;
      begun.count_down();
      others_done.wait();
    });
  });
  begun.wait();
  Index taken = 0;
  tasks.take(1, [&](Index) { ++taken; });
  others_done.count_down();
  EXPECT_EQ(taken, n - n / 2 / 8); // its range has eight pieces
}

TEST(SharedTasks, NobodyElseNeedsToCome) {
  Index taken = 0;
  cpu::SharedTasks(1000, 4).take(2, [&](Index) { ++taken; });
  EXPECT_EQ(taken, 1000);
}

TEST(Parallel, ThrowsWhatATaskThrewAndDoesTheOthers) {
  std::atomic<Index> done = 0;
  const auto work = [&](Index i) {
    if (i == 17) throw std::runtime_error("task 17");
    ++done;
  };
  EXPECT_THROW(cpu::parallel(1000, cpu::worth_threads, work), std::runtime_error);
  EXPECT_EQ(done, 999);
}

} // namespace
} // namespace kronvec::testing
