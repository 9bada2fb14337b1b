/// Runs the passes of a Kronecker product on the GPU.

#include "devices/cuda/kronecker.hpp"

#include "devices/cuda/entries.hpp"
#include "devices/kronecker.hpp"
#include "kernels/kronecker.hpp"

#include <algorithm>
#include <bitset>

namespace kronvec::cuda {
namespace {

using kernels::Divisor;
using kernels::KroneckerSlices;

/// Entries of one column after a pass.
Index left(const KroneckerPass &pass) { return pass.outer * pass.to * pass.inner; }

/// The two halves of the workspace alternate in holding the intermediate results; the last result goes to Y.
struct PassWorkspace {
  Index size[2] = {0, 0};
  explicit PassWorkspace(const std::vector<KroneckerPass> &plan) {
    for (std::size_t k = 0; k + 1 < plan.size(); ++k)
      size[k % 2] = std::max(size[k % 2], left(plan[k]));
  }
};

/// A pass and its factors as arguments of the kernel. Columns are apart or packed, one after the other.
template <class T> class SlicesOf {
public:
  using Entry = entry_t<T>;
  SlicesOf(const KroneckerPass &pass, std::span<const KroneckerFactor<T>> factors, Index columns, bool packed)
      : pass_(pass), factors_(factors) {
    const Index outer = packed ? pass.outer * columns : pass.outer;
    work_.inner = pass.inner, work_.outer = outer, work_.columns = packed ? 1 : columns;
    work_.from = narrow(pass.from), work_.to = narrow(pass.to);
    work_.width = narrow(pass.slicing.width), work_.outers = narrow(std::min(pass.slicing.outers, outer));
    work_.by_width = Divisor(work_.width);
    work_.tensor = std::any_of(pass.factors.begin(), pass.factors.end(), by_tensor_cores);
    for (const SliceFactor &f : pass.factors)
      add(f);
    constexpr Index run = 16 / sizeof(Entry);
    const int last = narrow(largest_) - 1;
    const Index end = 1 + (work_.tensor ? TensorGaps::padded(last) : PlainGaps::padded(last));
    work_.slice_room = narrow((end + run - 1) / run * run);
  }
  cudaError_t run(T alpha, MatrixView<const T> x, T beta, MatrixView<T> y, cudaStream_t stream) {
    work_.alpha = entry(alpha), work_.beta = entry(beta);
    const Index shared = (work_.slice_room + pass_.slicing.copies) * Index(sizeof(Entry));
    return kernels::kronecker_slices<Entry>(work_, pass_.slicing.threads, narrow(shared),
                                            entries(BatchView<const T>(x), 1), entries(BatchView<T>(y)), stream);
  }

private:
  using PlainGaps = kernels::Gaps<sizeof(Entry), false>;
  using TensorGaps = kernels::Gaps<sizeof(Entry), true>;

  static int narrow(Index n) { return static_cast<int>(n); } // the plan keeps them small

  void add(const SliceFactor &f) {
    const Index places = Index(work_.width) * work_.outers, fibers = f.fibers * places;
    const bool warps = by_tensor_cores(f);
    const Index wide = (warps ? kernels::fibers_of_warp : kernels::fibers_of_thread)(sizeof(Entry), f.tall);
    const KroneckerFactor<T> &factor = factors_[f.factor];
    kernels::KroneckerStep &step = work_.step[work_.steps];
    step.p = narrow(f.p), step.q = narrow(f.q), step.tall = f.tall;
    step.place = narrow(f.place), step.pitch = narrow(f.pitch), step.faster = narrow(f.faster) * work_.width;
    step.distance = work_.tensor ? TensorGaps::distance(step.faster, step.q) : PlainGaps::distance(step.faster, step.q);
    step.fibers = narrow(fibers), step.fiber_blocks = narrow((fibers + wide - 1) / wide);
    step.by_faster = Divisor(step.faster), step.by_blocks = Divisor(step.fiber_blocks);
    step.turn = warps ? turn_of(step) : 0;
    work_.factor[work_.steps] = entries(BatchView<const T>(factor.a), 1);
    work_.transposed[work_.steps++] = factor.op == Op::transpose;
    largest_ = std::max({largest_, fibers * f.p, fibers * f.q});
  }

  /// The turn that spreads the entries that a warp loads at once (4 from each of several neighbouring columns) over the
  /// most banks.
  static int turn_of(const kernels::KroneckerStep &step) {
    constexpr int banks = TensorGaps::lanes;
    const int all = kernels::fibers_of_warp(sizeof(Entry), step.tall);
    int best = 0;
    std::size_t most = 0;
    for (int turn = 0; turn < 4; ++turn) {
      std::bitset<banks> met;
      for (int lane = 0; lane < banks; ++lane) {
        const int f = kernels::fiber_of_column(lane / 4, turn, all), k = lane % 4;
        met.set(static_cast<std::size_t>(TensorGaps::padded((f / step.faster * (step.q - 1) + k) * step.faster + f) %
                                         banks));
      }
      if (met.count() > most) best = turn, most = met.count();
    }
    return best;
  }

  const KroneckerPass &pass_;
  std::span<const KroneckerFactor<T>> factors_;
  KroneckerSlices<Entry> work_{};
  Index largest_ = 0;
};

} // namespace

template <class T> Index kronecker_workspace(const Engine &engine, std::span<const KroneckerFactor<T>> factors,
                                             Index columns, Precision precision) {
  const PassWorkspace room(kronecker_plan(factors, columns, engine.shared_bytes(), precision));
  return (room.size[0] + room.size[1]) * columns;
}

template <class T> void kronecker(const Engine &engine, const Algebra<T> &algebra, T alpha,
                                  std::span<const KroneckerFactor<T>> factors, MatrixView<const T> x, T beta,
                                  MatrixView<T> y, std::span<T> workspace, Precision precision) {
  if (y.rows() == 0 || y.cols() == 0) return;
  const std::vector<KroneckerPass> plan = kronecker_plan(factors, x.cols(), engine.shared_bytes(), precision);
  if (plan.empty()) return algebra.combine(x.rows() == 0 ? T(0) : alpha, x, beta, y);
  T *half[] = {workspace.data(), workspace.data() + PassWorkspace(plan).size[0] * x.cols()};
  MatrixView<const T> from = x;
  for (std::size_t k = 0; k < plan.size(); ++k) {
    const KroneckerPass &pass = plan[k];
    const bool last = k + 1 == plan.size();
    const MatrixView<T> to = last ? y : MatrixView<T>(half[k % 2], left(pass), x.cols());
    const T by = last ? alpha : T(1), keep = last ? beta : T(0);
    if (pass.slices) {
      SlicesOf<T> slices(pass, factors, x.cols(), from.packed() && to.packed());
      engine.kernel("kronecker", [&](cudaStream_t s) { return slices.run(by, from, keep, to, s); });
    } else {
      modes::apply(algebra, by, factors[pass.first], {pass.first, pass.inner, pass.outer}, from, keep, to);
    }
    from = to;
  }
}

template <class T> using Factors = std::span<const KroneckerFactor<T>>;
#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template Index kronecker_workspace(const Engine &, Factors<T>, Index, Precision);                                    \
  template void kronecker(const Engine &, const Algebra<T> &, T, Factors<T>, MatrixView<const T>, T, MatrixView<T>,    \
                          std::span<T>, Precision);
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)
KRONVEC_INSTANTIATE(std::complex<float>)
KRONVEC_INSTANTIATE(std::complex<double>)

} // namespace kronvec::cuda
