/// The tests' main program. KRONVEC_SIMD=TARGET selects one of Highway's targets (AVX2, SSE4 …) instead of the best one
/// of the processor; KRONVEC_SIMD=list prints the targets. If no CUDA device was built, tests of CUDA devices are
/// reported as skipped, not as passed.

#include "tests/devices/operands.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <hwy/highway.h>
#include <string_view>
#include <vector>

namespace {

/// Highway's targets that were compiled and that the processor supports.
std::vector<std::int64_t> simd_targets() {
  std::vector<std::int64_t> targets;
  for (std::int64_t rest = hwy::SupportedTargets() & HWY_TARGETS; rest != 0; rest &= rest - 1)
    targets.push_back(rest & -rest);
  return targets;
}

/// Returns false if there is no such target.
bool choose_simd_target(std::string_view name) {
  const auto targets = simd_targets();
  const auto found = std::find_if(targets.begin(), targets.end(),
                                  [&](std::int64_t target) { return hwy::TargetName(target) == name; });
  if (found == targets.end()) return false;
  hwy::SetSupportedTargetsForTest(hwy::SupportedTargets() & -*found); // and older ones, for files that disable it
  return true;
}

/// Skips the suites whose names start with Cuda.
class SkipsCudaTests : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo &test) override {
    if (std::string_view(test.test_suite_name()).starts_with("Cuda")) skip();
  }
  static void skip() { GTEST_SKIP() << "no CUDA device: kronvec was built without a CUDA toolkit"; }
};

} // namespace

int main(int argc, char **argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (const char *name = std::getenv("KRONVEC_SIMD")) {
    if (name == std::string_view("list")) {
      for (const std::int64_t target : simd_targets())
        std::puts(hwy::TargetName(target));
      return 0;
    }
    if (!choose_simd_target(name)) {
      std::fprintf(stderr, "KRONVEC_SIMD: no target '%s' here; KRONVEC_SIMD=list prints those that there are\n", name);
      return 2;
    }
  }
  if (kronvec::testing::cuda_devices().empty())
    ::testing::UnitTest::GetInstance()->listeners().Append(new SkipsCudaTests);
  return RUN_ALL_TESTS();
}
