/// Applies Kronecker products by sweeps.

#include "devices/cpu/kronecker/kronecker.hpp"

#include "devices/cpu/kronecker/plan.hpp"
#include "devices/cpu/parallel.hpp"

#include <algorithm>

namespace kronvec::cpu {
namespace {

/// Number of flops from which a second thread is worthwhile.
constexpr double worth_sharing = 1 << 20;
/// Max bytes of the intermediate results of the columns that are processed together. They stay in a second-level cache.
constexpr Index together = 256 << 10;

/// How columns are shared: either each worker takes some columns through all sweeps, or all workers share the slices of
/// every sweep.
struct Sharing {
  int workers;
  bool of_slices;
  Index columns; ///< columns processed together
};

template <class T> Sharing share(const KroneckerPlan &plan, Index columns, int max_workers) {
  const Index bytes = (plan.first_half + plan.second_half) * static_cast<Index>(sizeof(T));
  const double flops = plan.flops * static_cast<double>(columns);
  const int workers = flops < worth_sharing ? 1 : max_workers;
  Index at_once = std::clamp<Index>(together / std::max<Index>(bytes, 1), 1, columns);
  const Index lanes = sweep_lanes(T{});
  for (const SweepPlan &s : plan.sweeps) // at least as many slices as lanes
    if (s.way == SweepWay::turned) at_once = std::max(at_once, std::min(columns, lanes / std::min(lanes, s.slices)));
  const Index chunks = (columns + at_once - 1) / at_once;
  if (workers == 1 || chunks >= 8 * workers) return {workers, false, at_once};
  return {workers, true, bytes == 0 ? columns : std::clamp<Index>(16 * together / bytes, 1, columns)};
}

Index workspace_of(const KroneckerPlan &plan, const Sharing &sharing) {
  const Index halves = (plan.first_half + plan.second_half) * sharing.columns;
  return plan.packed + sharing.workers * plan.buffer + (sharing.of_slices ? 1 : sharing.workers) * halves;
}

/// Calls work(i, worker) for 0 ≤ i < n.
template <class Work> void shared_out(Index n, int workers, Work work) {
  if (workers == 1 || n == 1) {
    for (Index i = 0; i < n; ++i)
      work(i, 0);
    return;
  }
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(workers)
  for (Index i = 0; i < n; ++i)
    work(i, omp_get_thread_num());
#else
  for (Index i = 0; i < n; ++i)
    work(i, 0);
#endif
}

template <class T> class Application {
public:
  Application(const KroneckerPlan &plan, Sharing sharing, T alpha, std::span<const KroneckerFactor<T>> factors, T beta,
              std::span<T> workspace)
      : plan_(plan), sharing_(sharing), buffers_(workspace.data() + plan.packed),
        halves_(buffers_ + sharing.workers * plan.buffer) {
    T *packed = workspace.data();
    for (const SweepPlan &s : plan.sweeps) {
      Sweep<T> sweep{s.way, s.steps, {}, s.in, s.out, s.inner, s.width, s.buffer, T(1), T(0)};
      for (std::size_t m = 0; m < static_cast<std::size_t>(s.steps); ++m) {
        const KroneckerPart &part = plan.parts[s.step[m].part];
        const bool along_rows = s.way == SweepWay::rows && m == 0;
        sweep.step[m] = {packed, part.p, part.q, s.step[m].outer, s.step[m].runs};
        packed = pack(factors, part, along_rows, packed);
      }
      sweeps_.push_back(sweep);
    }
    sweeps_.back().alpha = alpha, sweeps_.back().beta = beta;
  }

  void run(MatrixView<const T> x, MatrixView<T> y) const {
    const Index columns = y.cols(), chunks = (columns + sharing_.columns - 1) / sharing_.columns;
    const auto of_chunk = [&](Index c, const auto &apply) {
      const Index first = c * sharing_.columns, count = std::min(sharing_.columns, columns - first);
      apply(x.block(0, first, x.rows(), count), y.block(0, first, y.rows(), count));
    };
    if (sharing_.of_slices) {
      for (Index c = 0; c < chunks; ++c)
        of_chunk(c, [&](MatrixView<const T> from, MatrixView<T> to) { all_sweeps(from, to, 0, sharing_.workers); });
    } else {
      shared_out(chunks, sharing_.workers, [&](Index c, int worker) {
        of_chunk(c, [&](MatrixView<const T> from, MatrixView<T> to) { all_sweeps(from, to, worker, 1); });
      });
    }
  }

private:
  /// Packs F at `packed` in the form that its step needs. Returns the address for the next factor.
  T *pack(std::span<const KroneckerFactor<T>> factors, const KroneckerPart &part, bool along_rows, T *packed) const {
    const Index lanes = sweep_lanes(T{});
    T *end = packed + (part.p + lanes - 1) / lanes * lanes * part.q;
    if (part.count == 1) {
      const KroneckerFactor<T> &f = factors[part.first];
      const Index ld = f.a.ld();
      pack_factor(f.a.data(), f.op == Op::none ? 1 : ld, f.op == Op::none ? ld : 1, part.p, part.q, along_rows, packed);
    } else {
      const std::vector<T> product = merged(factors.subspan(part.first, part.count), part);
      pack_factor(product.data(), 1, part.p, part.p, part.q, along_rows, packed);
    }
    return end;
  }
  /// Forms the Kronecker product of a few tiny factors.
  static std::vector<T> merged(std::span<const KroneckerFactor<T>> factors, const KroneckerPart &part) {
    std::vector<T> product(static_cast<std::size_t>(part.p * part.q), T(1));
    for (Index j = 0; j < part.q; ++j)
      for (Index i = 0; i < part.p; ++i) {
        Index r = i, c = j;
        for (std::size_t f = factors.size(); f-- > 0;) {
          const KroneckerFactor<T> &factor = factors[f];
          const Index row = r % factor.rows(), col = c % factor.cols();
          product[static_cast<std::size_t>(i + j * part.p)] *=
              factor.op == Op::none ? factor.a(row, col) : factor.a(col, row);
          r /= factor.rows(), c /= factor.cols();
        }
      }
    return product;
  }

  /// Runs all sweeps over some columns, each with `workers` workers, the first of which is `worker`.
  void all_sweeps(MatrixView<const T> x, MatrixView<T> y, int worker, int workers) const {
    const Index columns = x.cols();
    T *const first = halves_ + worker * (plan_.first_half + plan_.second_half) * sharing_.columns;
    T *const half[] = {first, first + plan_.first_half * sharing_.columns};
    MatrixView<const T> from = x;
    for (std::size_t s = 0; s < sweeps_.size(); ++s) {
      const SweepPlan &p = plan_.sweeps[s];
      const Index left = p.slices * p.out * (p.way == SweepWay::turned ? 1 : p.inner);
      const MatrixView<T> to = s + 1 == sweeps_.size() ? y : MatrixView<T>(half[s % 2], left, columns);
      one_sweep(sweeps_[s], p, from, to, worker, workers);
      from = to;
    }
  }
  void one_sweep(const Sweep<T> &sweep, const SweepPlan &p, MatrixView<const T> x, MatrixView<T> y, int worker,
                 int workers) const {
    const bool one_row_each = p.slices == 1 && p.steps == 1 && p.step[0].outer == 1;
    if (p.way == SweepWay::rows && !one_row_each && !(x.packed() && y.packed())) {
      for (Index j = 0; j < x.cols(); ++j) // slices are not contiguous across columns
        one_sweep(sweep, p, x.block(0, j, x.rows(), 1), y.block(0, j, y.rows(), 1), worker, workers);
      return;
    }
    const Slices<const T> from = slices(x, p.slices);
    const Slices<T> to = slices(y, p.slices);
    const Index tasks = sweep_tasks(sweep, from.count);
    const Index pieces = std::min<Index>(tasks, workers == 1 ? 1 : 8 * workers);
    shared_out(pieces, workers, [&](Index piece, int by) {
      T *buffers = buffers_ + (worker + by) * plan_.buffer;
      run_sweep(sweep, from, to, tasks * piece / pieces, tasks * (piece + 1) / pieces, buffers);
    });
  }
  /// The slices of a matrix. Packed columns count as one column.
  template <class U> static Slices<U> slices(MatrixView<U> m, Index per_column) {
    const Index count = per_column * m.cols(), step = m.rows() / per_column;
    if (m.packed()) return {m.data(), step, count, 0, count};
    if (per_column == 1) return {m.data(), m.ld(), count, 0, count};
    return {m.data(), step, per_column, m.ld(), count};
  }

  const KroneckerPlan &plan_;
  Sharing sharing_;
  T *buffers_, *halves_;
  std::vector<Sweep<T>> sweeps_;
};

} // namespace

template <class T> std::optional<Index> sweeps_workspace(std::span<const KroneckerFactor<T>> factors, Index columns) {
  const auto plan = plan_sweeps(factors, columns);
  if (!plan) return std::nullopt;
  return std::max(workspace_of(*plan, share<T>(*plan, columns, 1)),
                  workspace_of(*plan, share<T>(*plan, columns, threads())));
}

template <class T> bool kronecker_by_sweeps(T alpha, std::span<const KroneckerFactor<T>> factors, MatrixView<const T> x,
                                            T beta, MatrixView<T> y, std::span<T> workspace) {
  const auto plan = plan_sweeps(factors, y.cols());
  if (!plan) return false;
  int workers = threads(); // may have grown since the workspace was requested
  Sharing sharing = share<T>(*plan, y.cols(), workers);
  while (workers > 1 && workspace_of(*plan, sharing) > static_cast<Index>(workspace.size()))
    sharing = share<T>(*plan, y.cols(), --workers);
  Application<T>(*plan, sharing, alpha, factors, beta, workspace).run(x, y);
  return true;
}

template std::optional<Index> sweeps_workspace(std::span<const KroneckerFactor<float>>, Index);
template std::optional<Index> sweeps_workspace(std::span<const KroneckerFactor<double>>, Index);
template bool kronecker_by_sweeps(float, std::span<const KroneckerFactor<float>>, MatrixView<const float>, float,
                                  MatrixView<float>, std::span<float>);
template bool kronecker_by_sweeps(double, std::span<const KroneckerFactor<double>>, MatrixView<const double>, double,
                                  MatrixView<double>, std::span<double>);

} // namespace kronvec::cpu
