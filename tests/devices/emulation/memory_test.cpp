/// Host code cannot access device memory, not even between blocks, and work of streams must use it in order.

#include "tests/devices/emulation/device_memory.hpp"
#include "tests/devices/emulation/planted.hpp"

#include "devices/cuda/module.hpp"
#include "devices/emulation/memory.hpp"
#include "devices/emulation/stream.hpp"
#include "kernels/entrywise.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <cublas_v2.h>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace kronvec::testing {
namespace {

using emulation::Misuse;

cudaStream_t new_stream() {
  cudaStream_t stream = nullptr;
  EXPECT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  return stream;
}

double *new_block(std::size_t doubles, cudaStream_t stream) {
  void *block = nullptr;
  EXPECT_EQ(cudaMallocAsync(&block, doubles * sizeof(double), stream), cudaSuccess);
  return static_cast<double *>(block);
}

/// The message of the Misuse that work() must throw.
std::string misuse_of(const auto &work) {
  try {
    work();
  } catch (const Misuse &e) {
    return e.what();
  }
  return "no misuse";
}

#if !defined(__SANITIZE_THREAD__) // where device memory is on the heap and always open

/// work() must end the process with this report.
void expect_touch(const auto &work, const std::string &report) {
  EXPECT_EXIT(work(), ::testing::ExitedWithCode(emulation::touched_status), report);
}

class MemoryDeathTest : public ::testing::Test {
protected:
  const DeviceArray<double> x{std::vector<double>(9, 1)};
  volatile double read = 0;
  const std::string host = "host code touched device memory: ";
};

TEST_F(MemoryDeathTest, HostCodeThatReadsOrWritesDeviceMemoryEndsTheProcess) {
  expect_touch([&] { read = x.data()[3]; }, host + "byte 24 of a block of 72 bytes \\(allocation [0-9]+\\)");
  expect_touch([&] { x.data()[8] = 2; }, host + "byte 64 of a block of 72 bytes");
  expect_touch(
      [&] {
        double here[9];
        std::memcpy(here, x.data(), sizeof here);
        read = here[0];
      },
      host);
  EXPECT_EQ(x.values(), std::vector<double>(9, 1));
}

TEST_F(MemoryDeathTest, AMatrixOnTheDeviceReadThroughAViewDoes) {
  const std::unique_ptr<Backend> device(kronvec_cuda_backend(0, nullptr));
  const auto m = Matrix<double>::random(3, 3, 1).to(device_of(*device));
  const MatrixView<const double> view = m;
  expect_touch([&] { read = view(2, 2); }, host + "byte 64 of a block of 72 bytes");
}

TEST_F(MemoryDeathTest, FreedMemoryIsReported) {
  double *const block = new_block(5, own_stream());
  EXPECT_EQ(cudaFreeAsync(block, own_stream()), cudaSuccess);
  expect_touch([&] { read = block[1]; }, host + "byte 8 of a block of 40 bytes");
  EXPECT_EQ(cudaStreamSynchronize(own_stream()), cudaSuccess);
  expect_touch([&] { read = block[1]; }, host + "byte 8 of a block of 40 bytes .* that has been freed");
  expect_touch(
      [&] {
        emulation::enqueue(own_stream(), [&] { read = block[1]; });
        (void)cudaStreamSynchronize(own_stream());
      },
      "work of a stream touched device memory that it must not: byte 8 of .* that has been freed");
}

TEST_F(MemoryDeathTest, TheProcessIsTheHostsAgainAfterWorkThatFails) {
  emulation::enqueue(own_stream(), [] { throw Misuse("planted"); });
  EXPECT_THROW(cudaStreamSynchronize(own_stream()), Misuse);
  expect_touch([&] { read = x.data()[0]; }, host);
}

TEST_F(MemoryDeathTest, FaultsElsewhereAreWhatTheyWere) {
  double *volatile nowhere = nullptr;
  EXPECT_DEATH(read = nowhere[0], "");
}

#if !defined(__SANITIZE_ADDRESS__) // which reports it itself

TEST_F(MemoryDeathTest, AKernelThatLeavesItsBlockMeetsAGuardPage) {
  const DeviceArray<float> in(std::vector<float>(64)), out(std::vector<float>(64));
  expect_touch([&] { run_planted(Planted::global_overflow, out.data(), in.data()); },
               "work of a stream touched device memory that it must not: 0 bytes behind the end of a block of 256 "
               "bytes");
}

#endif
#endif

TEST(Memory, BlocksBeginAtMultiplesOf256BytesAndAreNaN) {
  for (const std::size_t doubles : {1, 31, 32, 33, 511, 512, 513, 300000}) {
    const cudaStream_t stream = new_stream();
    double *const block = new_block(doubles, stream);
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // whose heap aligns to 16 only
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 256, 0u);
#endif
    EXPECT_TRUE(std::isnan(seen(block)) && std::isnan(seen(block + doubles - 1)));
    EXPECT_EQ(cudaFreeAsync(block, stream), cudaSuccess);
    EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  }
}

/// Memory that is freed and allocated many times, so that pages are reused, is NaN each time.
TEST(Memory, PagesThatAreUsedAgainAreNaN) {
  for (int turn = 0; turn < 300; ++turn) {
    const DeviceArray<double> block(std::vector<double>(static_cast<std::size_t>(turn % 7 + 1) * 200, 1));
    double *const other = new_block(static_cast<std::size_t>(turn % 5 + 1) * 300, own_stream());
    EXPECT_TRUE(std::isnan(seen(other)));
    put(other, 1.0);
    EXPECT_EQ(cudaFreeAsync(other, own_stream()), cudaSuccess);
    EXPECT_EQ(block.values().back(), 1);
  }
}

// Streams.

class TwoStreams : public ::testing::Test {
protected:
  void launch(double *x, cudaStream_t stream) {
    EXPECT_EQ(kernels::Entrywise<double>::fill(1, {x, 4, 1, 4, 1, 4}, stream), cudaSuccess);
  }
  void TearDown() override {
    for (const cudaStream_t s : streams)
      EXPECT_EQ(cudaStreamDestroy(s), cudaSuccess);
  }
  std::vector<cudaStream_t> streams{new_stream(), new_stream()};
  cudaStream_t first = streams[0], second = streams[1];
};

TEST_F(TwoStreams, MemoryOfAnotherStreamIsMisuseUntilThatIsWaitedFor) {
  double *const block = new_block(4, first), host[4] = {};
  launch(block, first);
  const std::string early = "was allocated in another stream, which nobody has waited for since";
  EXPECT_NE(misuse_of([&] { launch(block, second); }).find(early), std::string::npos);
  EXPECT_NE(misuse_of([&] { cudaMemcpyAsync(block, host, 32, cudaMemcpyDefault, second); }).find(early),
            std::string::npos);
  EXPECT_NE(misuse_of([&] { cudaMemcpyAsync(host, block, 32, cudaMemcpyDefault, second); }).find(early),
            std::string::npos);
  EXPECT_EQ(cudaStreamSynchronize(first), cudaSuccess);
  launch(block, second);
  EXPECT_EQ(cudaStreamSynchronize(second), cudaSuccess);
  EXPECT_EQ(cudaFreeAsync(block, second), cudaSuccess);
  EXPECT_NE(misuse_of([&] { launch(block, second); }).find("freed"), std::string::npos);
}

TEST_F(TwoStreams, ADestroyedStreamIsMisuse) {
  double *const block = new_block(4, second);
  EXPECT_EQ(cudaStreamSynchronize(second), cudaSuccess);
  cublasHandle_t handle = nullptr;
  ASSERT_EQ(cublasCreate(&handle), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cublasSetStream(handle, first), CUBLAS_STATUS_SUCCESS);
  const cudaStream_t gone = first;
  EXPECT_EQ(cudaStreamDestroy(gone), cudaSuccess);
  streams.erase(streams.begin());
  for (int k = 0; k < 20; ++k) // none of which reuses the destroyed handle
    streams.push_back(new_stream());
  const std::string expected = "the stream has been destroyed";
  const double one = 1;
  double host[4] = {};
  const std::function<void()> calls[] = {
      [&] { launch(block, gone); },
      [&] { cudaMemcpyAsync(block, host, 32, cudaMemcpyDefault, gone); },
      [&] { cudaFreeAsync(block, gone); },
      [&] { cudaStreamSynchronize(gone); },
      [&] { cudaStreamDestroy(gone); },
      [&] { cublasSetStream(handle, gone); },
      [&] {
        cublasDgemmStridedBatched_64(handle, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &one, block, 1, 0, block + 1, 1, 0,
                                     &one, block + 2, 1, 0, 1);
      },
  };
  for (const auto &call : calls)
    EXPECT_NE(misuse_of(call).find(expected), std::string::npos) << &call - calls;
  EXPECT_EQ(cudaStreamDestroy(nullptr), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidResourceHandle);
  ASSERT_EQ(cublasSetStream(handle, second), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(cublasDestroy(handle), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(cudaFreeAsync(block, second), cudaSuccess);
}

TEST_F(TwoStreams, WhatAnotherStreamStillUsesAndThisOneFreedIsSeenWhereItIsUsed) {
  double *const block = new_block(4, first);
  EXPECT_EQ(cudaStreamSynchronize(first), cudaSuccess);
  emulation::enqueue(first, [=] { emulation::require_memory_at_work("work", "x", block, 32); });
  EXPECT_EQ(cudaFreeAsync(block, second), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(second), cudaSuccess);
  EXPECT_THROW(cudaStreamSynchronize(first), Misuse);
}

} // namespace
} // namespace kronvec::testing
