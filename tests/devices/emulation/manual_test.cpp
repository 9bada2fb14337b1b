/// Rules of the manuals that a GPU may not enforce, or enforces late. The doubles enforce them.
/// docs/gpu-first-contact.md says where the rules are written.

#include "devices/cuda/module.hpp"
#include "devices/emulation/stream.hpp"
#include "kernels/shared_memory.hpp"

#include "tests/devices/emulation/device_memory.hpp"
#include "tests/testing.hpp"

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <memory>
#include <numeric>
#include <sys/mman.h>
#include <vector>

namespace kronvec::testing {
namespace {

using emulation::Misuse;

/// Two streams, the first of which belongs to a device, and 64 doubles on it.
class Manual : public ::testing::Test {
protected:
  void SetUp() override {
    for (cudaStream_t *s : {&stream, &other})
      ASSERT_EQ(cudaStreamCreateWithFlags(s, cudaStreamNonBlocking), cudaSuccess);
    backend.reset(kronvec_cuda_backend(0, stream));
    ASSERT_EQ(cudaMallocAsync(&memory, 64 * sizeof(double), stream), cudaSuccess);
    ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    device = static_cast<double *>(memory);
  }
  void TearDown() override {
    EXPECT_EQ(cudaFreeAsync(memory, stream), cudaSuccess);
    backend.reset();
    for (const cudaStream_t s : {stream, other})
      EXPECT_EQ(cudaStreamDestroy(s), cudaSuccess);
    (void)cudaGetLastError();
  }
  cudaStream_t stream = nullptr, other = nullptr;
  std::unique_ptr<Backend> backend;
  void *memory = nullptr;
  double *device = nullptr;
};

/// The limit of a kernel applies to all threads.
TEST_F(Manual, SharedMemoryIsAskedForAndNeverTakenBack) {
  const char kernel = 0;
  constexpr std::size_t much = 100 << 10;
  EXPECT_EQ(emulation::check_launch(&kernel, dim3(1), dim3(32), 48 << 10), cudaSuccess);
  EXPECT_EQ(emulation::check_launch(&kernel, dim3(1), dim3(32), much), cudaErrorInvalidConfiguration) << "no leave";
  EXPECT_EQ(kernels::allow_shared_memory(&kernel, much), cudaSuccess);
  EXPECT_EQ(kernels::allow_shared_memory(&kernel, 60 << 10), cudaSuccess) << "by another thread";
  EXPECT_EQ(emulation::check_launch(&kernel, dim3(1), dim3(32), much), cudaSuccess);
  const auto set = [&](int bytes) {
    return cudaFuncSetAttribute(&kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
  };
  EXPECT_THROW(set(60 << 10), Misuse);
  EXPECT_EQ(set(228 << 10), cudaErrorInvalidValue);
}

TEST_F(Manual, PitchesHaveALimit) {
  constexpr std::size_t pitch = std::size_t(1) << 31;
  EXPECT_EQ(cudaMemcpy2DAsync(device, 8, device + 8, pitch, 8, 1, cudaMemcpyDefault, stream),
            cudaErrorInvalidPitchValue);
  EXPECT_EQ(cudaMemcpy2DAsync(device, pitch, device + 8, 8, 8, 1, cudaMemcpyDefault, stream),
            cudaErrorInvalidPitchValue);
  EXPECT_EQ(cudaMemcpy2DAsync(device, pitch - 1, device + 8, 8, 8, 1, cudaMemcpyDefault, stream), cudaSuccess);
}

/// Only the touched pages of the host block take memory.
TEST_F(Manual, RunsFartherApartThanAPitchTravelAllTheSame) {
  constexpr std::size_t step = std::size_t(1) << 31, size = 2 * step + 4096;
  void *const host = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(host, MAP_FAILED);
  const auto at = [&](std::size_t run) { return reinterpret_cast<double *>(static_cast<char *>(host) + run * step); };
  for (std::size_t run = 0; run < 3; ++run)
    at(run)[1] = static_cast<double>(run) + 1;
  backend->transfer(device, 16, host, step, 16, 3);
  for (std::size_t run = 0; run < 3; ++run)
    at(run)[1] = 0;
  backend->transfer(host, step, device, 16, 16, 3);
  for (std::size_t run = 0; run < 3; ++run)
    EXPECT_EQ(at(run)[1], static_cast<double>(run) + 1);
  EXPECT_EQ(munmap(host, size), 0);
}

TEST_F(Manual, NoBytesAreNoBlock) {
  void *block = nullptr;
  EXPECT_EQ(cudaMallocAsync(&block, 0, stream), cudaErrorInvalidValue);
}

/// CUDA's pool keeps freed memory until somebody waits, and cudaMemGetInfo does not count it as free.
TEST_F(Manual, MemoryThatWasFreedIsFreeAtOnce) {
  constexpr std::size_t size = 1 << 20;
  const auto free_of_gpu = [] {
    std::size_t free = 0, total = 0;
    EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
    return free;
  };
  const std::size_t of_gpu = free_of_gpu(), ours = backend->memory().bytes_free();
  backend->memory().deallocate(backend->memory().allocate(size), size);
  EXPECT_EQ(free_of_gpu(), of_gpu - size);
  EXPECT_EQ(backend->memory().bytes_free(), ours);
  backend->synchronize();
  EXPECT_EQ(free_of_gpu(), of_gpu);
  EXPECT_EQ(backend->memory().bytes_free(), ours);
}

/// Thrust reads the last error after its launch, and may find an older one.
TEST_F(Manual, AnErrorLeftBehindIsTheNextLaunchs) {
  const MatrixView<double> x(device, 8, 8);
  EXPECT_NE(cudaSetDevice(7), cudaSuccess);
  EXPECT_THROW(backend->primitives(0.0).fill(1, x), DeviceError);
  EXPECT_NO_THROW(backend->primitives(0.0).fill(1, x)) << "it is reported once";
}

class ManualOfCublas : public Manual {
protected:
  void SetUp() override {
    Manual::SetUp();
    ASSERT_EQ(cublasCreate(&handle), CUBLAS_STATUS_SUCCESS);
    ASSERT_EQ(cublasSetStream(handle, other), CUBLAS_STATUS_SUCCESS);
  }
  void TearDown() override {
    EXPECT_EQ(cublasDestroy(handle), CUBLAS_STATUS_SUCCESS);
    Manual::TearDown();
  }
  /// A product of 2×2 matrices.
  cublasStatus_t multiply() {
    const double one = 1, zero = 0;
    return cublasDgemmStridedBatched_64(handle, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, &one, device, 2, 0, device + 4, 2, 0,
                                        &zero, device + 8, 2, 0, 1);
  }
  cublasHandle_t handle = nullptr;
};

TEST_F(ManualOfCublas, CapturesNeedAWorkspaceThatSettingAStreamForgets) {
  void *workspace = nullptr;
  ASSERT_EQ(cudaMallocAsync(&workspace, 1024, stream), cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  ASSERT_EQ(cublasSetWorkspace(handle, workspace, 1024), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cudaStreamBeginCapture(other, cudaStreamCaptureModeRelaxed), cudaSuccess);
  EXPECT_EQ(multiply(), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cublasSetStream(handle, other), CUBLAS_STATUS_SUCCESS);
  EXPECT_THROW(multiply(), Misuse);
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  ASSERT_EQ(cudaStreamEndCapture(other, &graph), cudaSuccess);
  ASSERT_EQ(cudaGraphInstantiate(&executable, graph, 0), cudaSuccess);
  std::vector<double> numbers(64);
  std::iota(numbers.begin(), numbers.end(), 1);
  copy_now(device, numbers.data(), numbers.size() * sizeof(double));
  ASSERT_EQ(cudaGraphLaunch(executable, stream), cudaSuccess);
  ASSERT_EQ(cudaFreeAsync(workspace, stream), cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(seen(device + 8), 1 * 5 + 3 * 6);
  ASSERT_EQ(cudaGraphLaunch(executable, stream), cudaSuccess);
  EXPECT_THROW(cudaStreamSynchronize(stream), Misuse) << "the workspace has gone";
  EXPECT_EQ(cudaGraphExecDestroy(executable), cudaSuccess);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
}

/// std::complex is aligned like its parts; cuBLAS's complex numbers are aligned to their full size.
TEST_F(ManualOfCublas, ComplexNumbersAreAligned) {
  alignas(16) double scalars[5] = {1, 0, 0, 0, 0};
  const auto multiply = [&](int alpha, int a) {
    const auto complex = [](double *x) { return reinterpret_cast<cuDoubleComplex *>(x); };
    return cublasZgemmStridedBatched_64(handle, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, complex(scalars + alpha),
                                        complex(device + a), 1, 0, complex(device + 8), 1, 0, complex(scalars + 2),
                                        complex(device + 16), 1, 0, 1);
  };
  EXPECT_EQ(multiply(0, 0), CUBLAS_STATUS_SUCCESS);
  EXPECT_THROW(multiply(1, 0), Misuse);
  EXPECT_THROW(multiply(0, 1), Misuse);
  EXPECT_EQ(cudaStreamSynchronize(other), cudaSuccess);
}

TEST_F(ManualOfCublas, InversesDoNotOverlapTheirFactors) {
  void *block = nullptr;
  ASSERT_EQ(cudaMallocAsync(&block, 4 * sizeof(void *), other), cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(other), cudaSuccess);
  auto **const addresses = static_cast<double **>(block);
  int *const integers = reinterpret_cast<int *>(addresses + 2);
  const auto invert = [&](double *into) {
    put(addresses, device), put(addresses + 1, into);
    put(integers, 1), put(integers + 1, 2);
    for (int k = 0; k < 4; ++k)
      put(device + k, k % 3 == 0 ? 2. : 0.);
    EXPECT_EQ(cublasDgetriBatched(handle, 2, addresses, 2, integers, addresses + 1, 2, integers + 2, 1),
              CUBLAS_STATUS_SUCCESS);
    return cudaStreamSynchronize(other);
  };
  EXPECT_THROW(invert(device), Misuse);
  EXPECT_THROW(invert(device + 3), Misuse);
  EXPECT_EQ(invert(device + 4), cudaSuccess);
  EXPECT_EQ(seen(device + 4), 0.5);
  EXPECT_EQ(cudaFreeAsync(block, other), cudaSuccess);
}

} // namespace
} // namespace kronvec::testing
