/// Graphs: the emulator's double of them, what the device records, and that a plan at new values takes few launches.

#include "tests/devices/emulation/device_memory.hpp"

#include "devices/cuda/module.hpp"
#include "devices/emulation/stream.hpp"

#include "tests/testing.hpp"

#include "calculus/program/recordings.hpp"

#include <cuda_runtime_api.h>
#include <memory>
#include <vector>

namespace kronvec::testing {
namespace {

using M = Matrix<double>;
using emulation::Misuse;
using emulation::waiting;

/// A device on a stream that the test can inspect, and another stream.
class Graphs : public ::testing::Test {
protected:
  void SetUp() override {
    for (cudaStream_t *s : {&stream, &other})
      ASSERT_EQ(cudaStreamCreateWithFlags(s, cudaStreamNonBlocking), cudaSuccess);
    backend.reset(kronvec_cuda_backend(0, stream));
  }
  void TearDown() override {
    backend.reset();
    for (const cudaStream_t s : {stream, other})
      EXPECT_EQ(cudaStreamDestroy(s), cudaSuccess);
  }
  Device device() const { return device_of(*backend); }
  const Primitives<double> &primitives() const { return backend->primitives(0.0); }
  /// Number of pieces of work that work() leaves in the stream.
  std::size_t handed_over(const auto &work) const {
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    work();
    return waiting(stream);
  }

  M copied(MatrixView<const double> there) const {
    auto here = M::uninitialized(there.rows(), there.cols());
    transfer<double>(*backend, there, here);
    return here;
  }

  cudaStream_t stream = nullptr, other = nullptr;
  std::unique_ptr<Backend> backend;
};

// Tests of the emulator.

TEST_F(Graphs, WhatAStreamCapturesIsDoneAtEveryLaunch) {
  void *block = nullptr;
  ASSERT_EQ(cudaMallocAsync(&block, 2 * sizeof(double), stream), cudaSuccess);
  auto *x = static_cast<double *>(block);
  ASSERT_EQ(cudaStreamBeginCapture(other, cudaStreamCaptureModeRelaxed), cudaSuccess);
  emulation::enqueue(other, [=] { x[0] += 1; });
  emulation::enqueue(other, [=] { x[1] = 10 * x[0]; });
  cudaGraph_t graph = nullptr;
  ASSERT_EQ(cudaStreamEndCapture(other, &graph), cudaSuccess);
  cudaGraphExec_t executable = nullptr;
  ASSERT_EQ(cudaGraphInstantiate(&executable, graph, 0), cudaSuccess);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  put(x, 0.0);
  EXPECT_EQ(cudaGraphLaunch(executable, stream), cudaSuccess);
  EXPECT_EQ(cudaGraphLaunch(executable, stream), cudaSuccess);
  EXPECT_EQ(cudaGraphExecDestroy(executable), cudaSuccess); // launched work still runs
  EXPECT_EQ(waiting(stream), 2u);
  EXPECT_EQ(seen(x), 0) << "done before anyone waited";
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(seen(x), 2);
  EXPECT_EQ(seen(x + 1), 20);
  EXPECT_EQ(cudaFreeAsync(block, stream), cudaSuccess);
}

TEST_F(Graphs, WhatCannotBeCapturedIsNoticed) {
  void *block = nullptr, *more = nullptr;
  ASSERT_EQ(cudaMallocAsync(&block, sizeof(double), stream), cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  double host = 0;
  cudaGraph_t graph = nullptr;
  EXPECT_EQ(cudaStreamEndCapture(other, &graph), cudaErrorIllegalState);
  EXPECT_EQ(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeRelaxed), cudaErrorStreamCaptureUnsupported);
  EXPECT_THROW(cudaStreamBeginCapture(other, cudaStreamCaptureModeGlobal), Misuse);
  ASSERT_EQ(cudaStreamBeginCapture(other, cudaStreamCaptureModeRelaxed), cudaSuccess);
  EXPECT_EQ(cudaStreamBeginCapture(other, cudaStreamCaptureModeRelaxed), cudaErrorIllegalState);
  EXPECT_THROW(cudaStreamSynchronize(other), Misuse);
  EXPECT_THROW(cudaMallocAsync(&more, sizeof(double), other), Misuse);
  EXPECT_THROW(cudaFreeAsync(block, other), Misuse);
  EXPECT_THROW(cudaMemcpyAsync(block, &host, sizeof host, cudaMemcpyDefault, other), Misuse);
  EXPECT_THROW(cudaMemcpyAsync(&host, block, sizeof host, cudaMemcpyDefault, other), Misuse);
  EXPECT_THROW(cudaStreamDestroy(other), Misuse);
  EXPECT_EQ(cudaStreamEndCapture(other, &graph), cudaSuccess);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(&host, block, sizeof host, cudaMemcpyDefault, other), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(other), cudaSuccess);
  EXPECT_EQ(cudaFreeAsync(block, stream), cudaSuccess);
  (void)cudaGetLastError();
}

// Tests of the device.

TEST_F(Graphs, ARecordingIsOnePieceOfWork) {
  using View = BatchView<const double>;
  M x(8, 8, device()), y(8, 8, device()), sum(1, 1, device());
  const auto work = [&] {
    primitives().add(1, View(x.view()), 1, View(x.view()), x.view());
    primitives().multiply(1, Op::none, View(x.view()), Op::transpose, View(x.view()), y.view());
    primitives().inner(View(x.view()), View(y.view()), sum.view());
  };
  primitives().fill(1, x.view());
  EXPECT_EQ(handed_over(work), 3u);
  std::unique_ptr<Recording> recording;
  EXPECT_EQ(handed_over([&] { recording = backend->record(work); }), 0u) << "recorded, not done";
  const M before = x.to(Device::cpu());
  EXPECT_EQ(before(0, 0), 2);
  EXPECT_EQ(handed_over([&] { recording->replay(); }), 1u);
  EXPECT_EQ(handed_over(work), 3u) << "and this thread no longer records";
  EXPECT_EQ(x.to(Device::cpu())(7, 7), 8);
  EXPECT_EQ(y.to(Device::cpu())(7, 7), 512);
  EXPECT_EQ(sum.to(Device::cpu())(0, 0), 64 * 512 * 8);
}

TEST_F(Graphs, WhoWouldWaitRefusesToBeRecorded) {
  M x = M::random(4, 4, 1).to(device()), y(4, 7, device());
  const BatchView<const double> in(x.view());
  const std::size_t held = device().bytes_in_use();
  const std::function<void()> calls[] = {
      [&] { backend->synchronize(); },
      [&] { (void)x.to(Device::cpu()); },
      [&] { primitives().one_norms(in); },
      [&] { primitives().inverse(in, y.view().block(0, 0, 4, 4)); },
      [&] { primitives().lu(in, true, y.view()); },
      [&] { primitives().cholesky(in, y.view().block(0, 0, 4, 4)); },
      [&] { primitives().expm(in, y.view().block(0, 0, 4, 4)); },
      [&] { primitives().adjugate(in, y.view().block(0, 0, 4, 4)); },
  };
  backend->pool().trim();
  for (const auto &call : calls) {
    EXPECT_THROW(backend->record([&] { primitives().fill(7, x.view()), call(); }), NotRecordable);
    EXPECT_EQ(device().bytes_in_use(), held) << "the workspaces of what was not recorded";
  }
  EXPECT_EQ(x.to(Device::cpu())(0, 0), M::random(4, 4, 1)(0, 0)) << "nothing was done";
  EXPECT_THROW(backend->record([&] { throw ShapeError("another error"); }), ShapeError);
  EXPECT_TRUE(backend->records());
}

/// All recordings share their workspaces, which are freed with the last recording.
TEST_F(Graphs, WorkspacesOfRecordings) {
  constexpr Index n = 200000; // an inner product in pieces
  M x(n, 1, device()), y(1, 1, device()), z(1, 1, device());
  primitives().fill(1, x.view());
  const auto inner = [&](M &into) {
    primitives().inner(BatchView<const double>(x.view()), BatchView<const double>(x.view()), into.view());
  };
  inner(y), backend->pool().trim();
  const std::size_t held = device().bytes_in_use();
  auto first = backend->record([&] { inner(y); });
  const std::size_t with_one = device().bytes_in_use();
  EXPECT_GT(with_one, held);
  auto second = backend->record([&] { inner(z), inner(y); });
  EXPECT_EQ(device().bytes_in_use(), with_one);
  backend->pool().trim(), first.reset();
  EXPECT_EQ(device().bytes_in_use(), with_one) << "no block of the pool that others take from";
  const M elsewhere(64, 1, device());
  primitives().fill(std::nan(""), y.view());
  second->replay();
  EXPECT_EQ(y.to(Device::cpu())(0, 0), n);
  EXPECT_EQ(z.to(Device::cpu())(0, 0), n);
  second.reset();
  EXPECT_EQ(device().bytes_in_use(), held + 64 * sizeof(double));
}

/// Small factorisations and their uses: as many launches for many items as for one, and recorded.
TEST_F(Graphs, SmallFactorsAreOneBatch) {
  constexpr Index n = 5, most = 40;
  using View = BatchView<const double>;
  M x(n, n * most, device()), f(n, (n + 3) * most, device()), b(n, 2 * most, device());
  for (Index t = 0; t < most; ++t)
    primitives().unit_columns(0, x.view().block(0, n * t, n, n));
  primitives().fill(2, b.view());
  const auto items = [](M &m, Index cols, Index count) {
    return BatchView<double>(m.data(), n, cols, n, count, n * cols);
  };
  const auto work = [&](Index count) {
    primitives().lu(View(items(x, n, count)), false, items(f, n + 3, count));
    primitives().lu_solve(Op::none, View(items(f, n + 3, count)), View(items(b, 2, count)), items(b, 2, count));
  };
  const std::size_t of_one = handed_over([&] { work(1); });
  EXPECT_EQ(handed_over([&] { work(most); }), of_one);
  const auto recording = backend->record([&] { work(most); });
  primitives().fill(3, b.view());
  EXPECT_EQ(handed_over([&] { recording->replay(); }), 1u);
  EXPECT_EQ(b.to(Device::cpu())(n - 1, 2 * most - 1), 3);
}

// Tests of plans. Their functions have finite slopes: with exp, log or a quotient, an update waits for the device, to
// see whether a slope is infinite.

struct Plan {
  Symbol x{"X", 4, 4}, a{"A", 4, 4};
  M a0 = M::random(4, 4, 1), x0 = M::random(4, 4, 2);
  JacobianAt<double> at(const Expression &f, Device device) const {
    return jacobian(f, x).at({{x, x0}, {a, a0}}, device);
  }
};

TEST_F(Graphs, AfterTheSecondTurnNothingIsLaunchedNodeByNode) {
  const Plan p;
  auto j = p.at(p.a * sin(p.x * p.a) + tanh(p.a * tanh(p.x * p.a) * p.x) * p.a, device());
  const M dx = M::random(16, 3, 3).to(device()), u = M::random(16, 3, 4).to(device());
  M y(16, 3, device());
  const std::function<void()> calls[] = {[&] { j.update({}); }, [&] { j.apply(dx, y); },
                                         [&] { j.apply_transpose(u, y); }};
  EXPECT_EQ(handed_over(calls[0]), 1u) << "the point itself was the first turn";
  EXPECT_GT(handed_over(calls[1]), 3u);
  EXPECT_GT(handed_over(calls[2]), 3u);
  for (int turn = 0; turn < 3; ++turn)
    for (const auto &call : calls)
      EXPECT_EQ(handed_over(call), 1u);
  M dense(16, 16, device());
  EXPECT_GT(handed_over([&] { j.to_dense(dense); }), 3u);
  for (int turn = 0; turn < 3; ++turn)
    EXPECT_EQ(handed_over([&] { j.to_dense(dense); }), 2u) << "what the terms are made of, and J from them";
}

TEST_F(Graphs, AnUpdateWaitsIfASlopeMayBeInfinite) {
  const Plan p;
  auto j = p.at(p.a * exp(p.x * p.a), device());
  EXPECT_EQ(handed_over([&] { j.update({}); }), 0u) << "nothing is left in the stream";
}

TEST_F(Graphs, ManyPointsAreOneLaunchToo) {
  const Plan p;
  const M xs = M::random(4, 4 * 10, 1);
  auto j = jacobian(p.a * tanh(p.a * sin(p.x * p.a) * p.x), p.x).at_points({{p.x, xs}, {p.a, p.a0}}, 10, device());
  const M dx = M::random(16, 10, 3).to(device());
  M y(16, 10, device()), dense(16, 160, device());
  EXPECT_GT(handed_over([&] { j.apply(dx, y); }), 3u);
  EXPECT_GT(handed_over([&] { j.to_dense(dense); }), 3u);
  EXPECT_EQ(handed_over([&] { j.update({}); }), 1u);
  EXPECT_EQ(handed_over([&] { j.apply(dx, y); }), 1u);
  EXPECT_EQ(handed_over([&] { j.to_dense(dense); }), 2u);
  EXPECT_EQ(handed_over([&] { j.update({}); }), 1u);
}

/// The inverse waits, so the steps after it are a separate recording: the only work left in the stream.
TEST_F(Graphs, StepsThatWaitStandBetweenRecordings) {
  const Plan p;
  const Expression before = p.a * tanh(p.a * tanh(p.x)), behind = tanh(p.a * tanh(p.a * inverse(before) * p.a));
  auto j = p.at(behind, device());
  const M direct = copied(j.value());
  for (int turn = 0; turn < 3; ++turn) {
    EXPECT_EQ(handed_over([&] { j.update({}); }), 1u);
    EXPECT_TRUE(near(copied(j.value()), direct, 0));
  }
}

/// Solving with existing factors does not wait.
TEST_F(Graphs, SolutionsAreRecorded) {
  const Plan p;
  const auto j = p.at(p.a * solve(5 * eye(4) + tanh(p.x * p.a), tanh(p.a * p.x)), device());
  const M dx = M::random(16, 2, 3).to(device());
  M y(16, 2, device());
  EXPECT_GT(handed_over([&] { j.apply(dx, y); }), 3u);
  EXPECT_EQ(handed_over([&] { j.apply(dx, y); }), 1u);
}

TEST_F(Graphs, BufferElsewhereIsAnotherRun) {
  const Plan p;
  const auto j = p.at(p.a * sin(p.x * p.a) + tanh(p.a * tanh(p.x * p.a) * p.x) * p.a, device());
  const M dx = M::random(16, 2, 3).to(device());
  std::vector<M> y;
  for (int i = 0; i < 2; ++i)
    y.emplace_back(16, 2, device());
  const auto apply = [&](std::size_t i) { return handed_over([&] { j.apply(dx, y[i]); }); };
  apply(0), apply(0);
  EXPECT_EQ(apply(0), 1u);
  EXPECT_GT(apply(1), 1u);
  EXPECT_EQ(apply(1), 1u);
  EXPECT_TRUE(near(y[0].to(Device::cpu()), y[1].to(Device::cpu()), 0));
}

TEST_F(Graphs, TheRunsThatWereUsedLongAgoAreForgotten) {
  const Plan p;
  const auto j = p.at(p.a * sin(p.x * p.a) + tanh(p.a * tanh(p.x * p.a) * p.x) * p.a, device());
  const M dx = M::random(16, 2, 3).to(device());
  std::vector<M> y;
  for (std::size_t i = 0; i <= detail::Recordings::max_runs; ++i)
    y.emplace_back(16, 2, device());
  const auto apply = [&](std::size_t i) { return handed_over([&] { j.apply(dx, y[i]); }); };
  apply(0), apply(0);
  for (std::size_t i = 1; i < detail::Recordings::max_runs; ++i)
    apply(i);
  EXPECT_EQ(apply(0), 1u) << "as many as are kept";
  for (std::size_t i = 1; i < y.size(); ++i)
    apply(i);
  EXPECT_GT(apply(0), 1u) << "one more";
  EXPECT_EQ(apply(0), 1u);
}

} // namespace
} // namespace kronvec::testing
