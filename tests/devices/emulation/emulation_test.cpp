/// The emulator itself. At least one configuration catches every planted bug, correct kernels pass in all
/// configurations, and the runtime and cuBLAS doubles refuse what would fail on a GPU.

#include "tests/devices/emulation/device_memory.hpp"
#include "tests/devices/emulation/planted.hpp"

#include "devices/emulation/emulator.hpp"
#include "devices/emulation/stream.hpp"

#include <cmath>
#include <cstdlib>
#include <cublas_v2.h>
#include <cusolverDn.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace kronvec::testing {
namespace {

#if defined(__SANITIZE_THREAD__)
constexpr bool thread_sanitizer = true;
#else
constexpr bool thread_sanitizer = false;
#endif

using emulation::KernelError;
using emulation::Misuse;
using emulation::Order;

/// 64 results of a kernel applied to i², in one order.
std::vector<float> result_of(Planted bug, Order order) {
  emulation::settings().order = order;
  std::vector<float> squares(64);
  for (std::size_t i = 0; i < 64; ++i)
    squares[i] = static_cast<float>(i * i);
  const DeviceArray<float> in(squares), out(std::vector<float>(64));
  run_planted(bug, out.data(), in.data());
  emulation::settings().order = Order::forward;
  return out.values();
}

constexpr Order orders[] = {Order::forward, Order::reverse, Order::random};

template <class Expected> void expect_results(Planted kernel, Expected expected) {
  for (const Order order : orders) {
    const auto out = result_of(kernel, order);
    for (int i = 0; i < 64; ++i)
      ASSERT_EQ(out[static_cast<std::size_t>(i)], expected(i)) << "thread " << i;
  }
}

/// Checks that the result is wrong in some order.
template <class Expected> bool some_result_differs(Planted kernel, Expected expected) {
  for (const Order order : orders) {
    const auto out = result_of(kernel, order);
    for (int i = 0; i < 64; ++i)
      if (!(out[static_cast<std::size_t>(i)] == expected(i))) return true;
  }
  return false;
}

/// The message of the KernelError that the kernel must throw.
std::string failure_of(Planted bug) {
  try {
    (void)result_of(bug, Order::forward);
  } catch (const KernelError &e) {
    emulation::settings().order = Order::forward;
    return e.what();
  }
  return "no failure";
}

float reversed_thrice(int i) { return static_cast<float>((63 - i) * (63 - i) + 3); }
float reversed(int i) { return static_cast<float>((63 - i) * (63 - i)); }
float swapped(int i) { return static_cast<float>((i ^ 1) * (i ^ 1)); }

TEST(Emulator, CorrectKernelsAreSilentInEveryOrder) {
  expect_results(Planted::correct, reversed_thrice);
  expect_results(Planted::correct_warp_barrier, swapped);
  expect_results(Planted::sum_with_atomic, [](int i) { return i == 0 ? 2.f : 0.f; });
}

TEST(Emulator, DeadlocksSayWhoWaitsWhere) {
  const std::string divergent = failure_of(Planted::divergent_barrier);
  EXPECT_NE(divergent.find("deadlock"), std::string::npos) << divergent;
  EXPECT_NE(divergent.find("threads 0-15: __syncthreads at planted.cu:"), std::string::npos) << divergent;
  EXPECT_NE(divergent.find("threads 16-63: exited"), std::string::npos) << divergent;
  EXPECT_NE(failure_of(Planted::exit_before_barrier).find("threads 40-63: exited"), std::string::npos);
  EXPECT_NE(failure_of(Planted::partial_shuffle).find("threads 0-15: __shfl_down_sync"), std::string::npos);
  EXPECT_NE(failure_of(Planted::barriers_at_two_places).find("different barriers"), std::string::npos);
  expect_results(Planted::correct, reversed_thrice); // the next launch works
}

/// After a race, the thread sanitizer ends the process with status 66.
void expect_reported_race(Planted race) {
  EXPECT_EXIT(((void)result_of(race, Order::forward), std::exit(0)), ::testing::ExitedWithCode(66), "data race")
      << static_cast<int>(race);
}

// Without the thread sanitizer, the numbers are wrong in some order.
TEST(EmulatorDeathTest, RacesAreSeen) {
  const auto zero_or_one = [](int) { return 0.f; };
  if (thread_sanitizer) {
    for (const Planted race : {Planted::missing_barrier_before_read, Planted::missing_barrier_before_write,
                               Planted::missing_copy_wait, Planted::wait_without_barrier, Planted::missing_warp_barrier,
                               Planted::two_blocks_one_address, Planted::sum_without_atomic})
      expect_reported_race(race);
    return;
  }
  EXPECT_TRUE(some_result_differs(Planted::missing_barrier_before_read, reversed_thrice));
  EXPECT_TRUE(some_result_differs(Planted::missing_barrier_before_write, reversed_thrice));
  EXPECT_TRUE(some_result_differs(Planted::missing_copy_wait, reversed));
  EXPECT_TRUE(some_result_differs(Planted::wait_without_barrier, reversed));
  EXPECT_TRUE(some_result_differs(Planted::missing_warp_barrier, swapped));
  EXPECT_TRUE(some_result_differs(Planted::two_blocks_one_address, zero_or_one));
}

TEST(Emulator, UninitialisedSharedMemoryIsNaN) {
  EXPECT_TRUE(std::isnan(result_of(Planted::uninitialised_shared, Order::forward)[63]));
}

#if defined(__SANITIZE_ADDRESS__) // which finds these, in ./run check; nothing else does
TEST(EmulatorDeathTest, InnerOverflowsAreSeen) {
  EXPECT_DEATH((void)result_of(Planted::shared_overflow, Order::forward), "heap-buffer-overflow");
  EXPECT_DEATH((void)result_of(Planted::inner_index_overflow, Order::forward), "out of bounds");
}
#endif

#if !defined(__SANITIZE_THREAD__) && !defined(__clang__) // whose alignment check leaves out copies of classes
TEST(EmulatorDeathTest, MisalignedVectorsAreSeen) {
  EXPECT_DEATH((void)result_of(Planted::misaligned_vector, Order::forward), "misaligned");
}
#endif

/// A stream and some device memory, released at the end.
class RuntimeDouble : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
    ASSERT_EQ(cudaMallocAsync(&memory, 64 * sizeof(double), stream), cudaSuccess);
    ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    device = static_cast<double *>(memory);
  }
  void TearDown() override {
    if (memory) (void)cudaFreeAsync(memory, stream);
    (void)cudaStreamDestroy(stream);
    (void)cudaGetLastError(); // the error of a refused call
  }
  cudaStream_t stream = nullptr;
  void *memory = nullptr;
  double *device = nullptr;
};

TEST_F(RuntimeDouble, MemoryIsNaNAndCopiesWaitForTheStream) {
  double host[2] = {1, 2}, back[2] = {-1, -1};
  EXPECT_EQ(cudaMemcpyAsync(back, device, sizeof back, cudaMemcpyDefault, stream), cudaSuccess);
  EXPECT_TRUE(std::isnan(back[0])) << "nobody has waited yet";
  EXPECT_EQ(cudaMemcpyAsync(device, host, sizeof host, cudaMemcpyDefault, stream), cudaSuccess);
  back[0] = 0;
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_TRUE(std::isnan(back[0])) << "in the order of the stream: before the copy to the device";
  EXPECT_EQ(cudaMemcpyAsync(back, device, sizeof back, cudaMemcpyDefault, stream), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(back[1], 2);
}

TEST_F(RuntimeDouble, StreamsAreNotOrderedAmongThemselves) {
  cudaStream_t other = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking), cudaSuccess);
  const double host = 5;
  double back = 0;
  EXPECT_EQ(cudaMemcpyAsync(device, &host, sizeof host, cudaMemcpyDefault, stream), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(&back, device, sizeof back, cudaMemcpyDefault, other), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(other), cudaSuccess);
  EXPECT_TRUE(std::isnan(back)) << "the first stream has not been waited for";
  EXPECT_EQ(cudaStreamDestroy(other), cudaSuccess);
}

TEST_F(RuntimeDouble, RefusesCopiesThatLeaveTheirBlock) {
  double host[100] = {};
  EXPECT_THROW(cudaMemcpyAsync(device, host, sizeof host, cudaMemcpyDefault, stream), Misuse);
  EXPECT_EQ(cudaMemcpy2DAsync(device, 8, host, 8, 16, 2, cudaMemcpyDefault, stream), cudaErrorInvalidPitchValue);
}

TEST_F(RuntimeDouble, RefusesMemoryThatIsGoneOrInUse) {
  const double host = 1;
  EXPECT_EQ(cudaMemcpyAsync(device, &host, sizeof host, cudaMemcpyDefault, stream), cudaSuccess);
  EXPECT_THROW(cudaFree(memory), Misuse) << "the copy is still to come";
  EXPECT_EQ(cudaFreeAsync(memory, stream), cudaSuccess);
  EXPECT_THROW(emulation::require_device_memory("a test", "x", device, 8), Misuse) << "freed";
  EXPECT_EQ(cudaFreeAsync(memory, stream), cudaErrorInvalidValue) << "freed twice";
  memory = nullptr;
}

TEST_F(RuntimeDouble, RefusesLaunchesThatNoGpuTakes) {
  EXPECT_EQ(emulation::check_launch(nullptr, dim3(1), dim3(1025), 0), cudaErrorInvalidConfiguration);
  EXPECT_EQ(emulation::check_launch(nullptr, dim3(0), dim3(32), 0), cudaErrorInvalidConfiguration);
  EXPECT_EQ(emulation::check_launch(nullptr, dim3(1, 70000), dim3(32), 0), cudaErrorInvalidConfiguration);
  EXPECT_EQ(emulation::check_launch(nullptr, dim3(1), dim3(32), 300 * 1024), cudaErrorInvalidConfiguration);
  EXPECT_EQ(emulation::check_launch(nullptr, dim3(1), dim3(1024), 0), cudaSuccess);
}

TEST_F(RuntimeDouble, CublasRefusesHostPointersAndBadLeadingDimensions) {
  cublasHandle_t handle = nullptr;
  ASSERT_EQ(cublasCreate(&handle), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cublasSetStream(handle, stream), CUBLAS_STATUS_SUCCESS);
  double host[64] = {};
  const double one = 1, zero = 0;
  const auto multiply = [&](const double *a, int64_t lda, double *c) {
    return cublasDgemmStridedBatched_64(handle, CUBLAS_OP_N, CUBLAS_OP_N, 4, 4, 4, &one, a, lda, 0, device, 4, 0, &zero,
                                        c, 4, 0, 1);
  };
  EXPECT_EQ(multiply(device, 4, device + 16), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(multiply(device, 3, device + 16), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_THROW(multiply(host, 4, device), Misuse);
  EXPECT_THROW(multiply(device, 4, device + 60), Misuse);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  cublasDestroy(handle);
}

TEST_F(RuntimeDouble, CusolverRefusesHostPointersLittleWorkspaceAndMixedTypes) {
  cusolverDnHandle_t handle = nullptr;
  cusolverDnParams_t parameters = nullptr;
  ASSERT_EQ(cusolverDnCreate(&handle), CUSOLVER_STATUS_SUCCESS);
  ASSERT_EQ(cusolverDnSetStream(handle, stream), CUSOLVER_STATUS_SUCCESS);
  ASSERT_EQ(cusolverDnCreateParams(&parameters), CUSOLVER_STATUS_SUCCESS);
  std::size_t on_device = 0, on_host = 0;
  ASSERT_EQ(
      cusolverDnXgetrf_bufferSize(handle, parameters, 2, 2, CUDA_R_64F, device, 2, CUDA_R_64F, &on_device, &on_host),
      CUSOLVER_STATUS_SUCCESS);
  void *workspace = nullptr, *integers = nullptr;
  ASSERT_EQ(cudaMallocAsync(&workspace, on_device, stream), cudaSuccess);
  ASSERT_EQ(cudaMallocAsync(&integers, 64, stream), cudaSuccess);
  auto *pivots = static_cast<int64_t *>(integers);
  auto *info = static_cast<int *>(integers) + 8;
  double host[4] = {1, 2, 3, 5};
  std::vector<char> host_workspace(on_host); // in use until the work has run
  const auto factor = [&](double *a, int64_t lda, std::size_t bytes, cudaDataType compute) {
    return cusolverDnXgetrf(handle, parameters, 2, 2, CUDA_R_64F, a, lda, pivots, compute, workspace, bytes,
                            host_workspace.data(), on_host, info);
  };
  ASSERT_EQ(cudaMemcpyAsync(device, host, sizeof host, cudaMemcpyDefault, stream), cudaSuccess);
  EXPECT_EQ(factor(device, 1, on_device, CUDA_R_64F), CUSOLVER_STATUS_INVALID_VALUE);
  EXPECT_EQ(factor(device, 2, on_device - 1, CUDA_R_64F), CUSOLVER_STATUS_INVALID_VALUE);
  EXPECT_EQ(factor(device, 2, on_device, CUDA_R_32F), CUSOLVER_STATUS_INVALID_VALUE);
  on_host -= 1;
  EXPECT_EQ(factor(device, 2, on_device, CUDA_R_64F), CUSOLVER_STATUS_INVALID_VALUE) << "too little on the host";
  on_host += 1;
  EXPECT_THROW(factor(host, 2, on_device, CUDA_R_64F), Misuse);
  EXPECT_EQ(factor(device, 2, on_device, CUDA_R_64F), CUSOLVER_STATUS_SUCCESS);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(seen(device), 2) << "the larger of the first column is its pivot";
  EXPECT_EQ(seen(pivots), 2);
  EXPECT_EQ(cudaFreeAsync(workspace, stream), cudaSuccess);
  EXPECT_EQ(cudaFreeAsync(integers, stream), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  cusolverDnDestroyParams(parameters);
  cusolverDnDestroy(handle);
}

} // namespace
} // namespace kronvec::testing
