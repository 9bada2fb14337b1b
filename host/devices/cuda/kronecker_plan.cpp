/// Chooses the passes of a Kronecker product by their predicted cost.

#include "devices/cuda/kronecker_plan.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kronvec::cuda {
namespace {

constexpr double launch = 8e6;       ///< bytes that could move in the time a kernel takes to start and end
constexpr Index sector = 32;         ///< bytes of the smallest memory access
constexpr Index enough_slices = 256; ///< enough to keep a whole GPU busy
constexpr double multiprocessors = 132;
constexpr Index max_warps = 16; ///< of a block
/// Time of cuBLAS per byte if memory is the limit; its tiles are made for more flops per byte.
constexpr double product_bytes = 1.25;

Index rounded_up(Index n, Index to) { return (n + to - 1) / to * to; }
double real(Index n) { return static_cast<double>(n); }

bool has_tensor_cores(EntryKind kind) { return (kind.is_double && !kind.is_complex) || kind.tf32; }

/// Columns in the copy of a factor. Tensor cores take several columns at a time.
Index depth_of(EntryKind kind, Index q, int tall) {
  const bool tensor = tall >= kernels::min_tensor_tall;
  return tensor ? rounded_up(q, kernels::tensor_depth(static_cast<int>(kind.bytes))) : q;
}

/// Flops that a step does in the time of one byte. Vector units: the share of multiplications among all instructions of
/// the loop, at half the rate for double. Tensor cores: the instructions for double leave half of the issue slots and
/// of the shared-memory bandwidth free, but nothing overlaps with a block's loads and stores; the instructions for TF32
/// wait for both.
double slice_rate(EntryKind kind, int tall) {
  if (tall >= kernels::min_tensor_tall) return kind.tf32 ? 148 * (tall == 32 ? 0.25 : 0.13) : 20 * 0.6;
  if (kind.is_double) return 10 * (tall == 8 ? 0.8 : tall == 4 ? 0.75 : 0.55);
  return 20 * (tall == 8 ? 0.65 : tall == 4 ? 0.5 : 0.35);
}

/// Number of rows of a p×q factor that a thread (or, with tensor cores, a warp) computes. Prefers tall blocks, which
/// read less of the slice, unless they waste too many rows; uses tensor cores if their whole tiles take less time.
int tall_for(EntryKind kind, Index p, Index q) {
  int best = real(p) / real(rounded_up(p, 8)) > 0.7 ? 8 : real(p) / real(rounded_up(p, 4)) > 0.7 ? 4 : 2;
  const auto time = [&](int tall) {
    return real(rounded_up(p, tall)) * real(depth_of(kind, q, tall)) / slice_rate(kind, tall);
  };
  for (const int tall : {32, 16})
    if (has_tensor_cores(kind) && p <= tall * max_warps && time(tall) < time(best)) best = tall;
  return best;
}

double product_rate(EntryKind kind) { return kind.tf32 ? 148 * 0.5 : kind.is_double ? 16 : 17; }
double flops_of_term(EntryKind kind) { return kind.is_complex ? 8 : 2; }

/// Max number of places (outers times width) whose slices fit a block.
Index max_places(const KroneckerPass &pass, EntryKind kind, int threads, Index shared_bytes, Index copies) {
  const Index lanes = 128 / kind.bytes; // padding: one entry after every `lanes` entries, one more after every `lanes`²
  Index places = ((shared_bytes - 16) / kind.bytes - copies) * lanes * lanes / (lanes * lanes + lanes + 1);
  Index largest = pass.from;
  for (const SliceFactor &f : pass.factors)
    largest = std::max(largest, f.fibers * f.p);
  places /= largest;
  places = std::min(places, threads * Index(kernels::max_copies_of_thread) / pass.from);
  for (const SliceFactor &f : pass.factors) {
    const auto bytes = static_cast<int>(kind.bytes);
    const Index blocks = (f.p + f.tall - 1) / f.tall;
    const Index fibers = by_tensor_cores(f) ? threads / 32 / blocks * kernels::fibers_of_warp(bytes, f.tall)
                                            : threads / blocks * kernels::fibers_of_thread(bytes, f.tall);
    places = std::min(places, fibers / f.fibers);
  }
  return places;
}

/// Chooses blocks of 256 threads, two per multiprocessor, which hide each other's waits. If their slices would be too
/// narrow, chooses blocks of 512 threads.
Slicing slicing(const KroneckerPass &pass, EntryKind kind, Index columns, Index shared_bytes) {
  Slicing result;
  if (pass.factors.size() > kernels::max_kronecker_steps || pass.from > kernels::max_slice ||
      pass.to > kernels::max_slice)
    return result;
  for (const SliceFactor &f : pass.factors) {
    if (f.pitch > kernels::max_slice || f.q > kernels::max_slice) return result;
    result.copies = f.place + rounded_up(f.depth * f.pitch, 16 / kind.bytes);
  }
  const Index run = sector / kind.bytes;
  const Index of_two = (shared_bytes + 1024) / 2 - 1024; // each block takes 1 KB extra
  for (const auto &[threads, shared] : {std::pair(256, of_two), std::pair(512, shared_bytes)}) {
    Index places = max_places(pass, kind, threads, shared, result.copies);
    if (places < 1 || (places < std::min(pass.inner, 2 * run) && threads == 256)) continue;
    const Index all = pass.inner * pass.outer * columns; // for small products, more slices are better than long ones
    places = std::min(places, std::max(all / enough_slices, run));
    result.threads = threads;
    if (places >= pass.inner) {
      result.width = pass.inner, result.outers = std::clamp<Index>(places / pass.inner, 1, pass.outer * columns);
    } else {
      const Index chunks = (pass.inner + places - 1) / places,
                  even = rounded_up((pass.inner + chunks - 1) / chunks, run);
      result.width = std::min(even, places), result.outers = 1;
    }
    break;
  }
  return result;
}

class PassPlanner {
public:
  PassPlanner(const std::vector<KroneckerShape> &factors, EntryKind kind, Index columns, Index shared_bytes)
      : factors_(factors), kind_(kind), columns_(columns), shared_bytes_(shared_bytes) {}

  std::vector<KroneckerPass> plan() const {
    std::vector<Range> ranges;
    for (std::size_t f = 0; f < factors_.size(); ++f)
      if (!factors_[f].identity) ranges.push_back({f, f + 1});
    std::vector<KroneckerPass> best = passes(ranges);
    for (bool improved = true; improved;) {
      improved = false;
      std::vector<Range> better;
      for (std::size_t k = 0; k + 1 < ranges.size(); ++k) {
        std::vector<Range> merged = ranges;
        merged[k].last = merged[k + 1].last;
        merged.erase(merged.begin() + static_cast<std::ptrdiff_t>(k) + 1);
        std::vector<KroneckerPass> candidate = passes(merged);
        if (candidate.empty() || cost(candidate) >= cost(best)) continue;
        best = std::move(candidate), better = std::move(merged), improved = true;
      }
      if (improved) ranges = std::move(better);
    }
    return best;
  }

private:
  struct Range {
    std::size_t first, last;
  };

  static double cost(const std::vector<KroneckerPass> &passes) {
    return std::accumulate(passes.begin(), passes.end(), 0.0, [](double sum, const auto &p) { return sum + p.cost; });
  }

  /// 1/q − 1/p: the range that shrinks the tensor most goes first (the reason is in devices/kronecker.hpp).
  double growth(const Range &range) const {
    double p = 1, q = 1;
    for (std::size_t f = range.first; f < range.last; ++f)
      p *= real(factors_[f].rows), q *= real(factors_[f].cols);
    return 1 / std::max(q, 1.0) - 1 / std::max(p, 1.0);
  }

  /// One pass for each range, in order of application. Empty if a range cannot be one pass.
  std::vector<KroneckerPass> passes(std::vector<Range> ranges) const {
    std::stable_sort(ranges.begin(), ranges.end(), [&](auto &a, auto &b) { return growth(a) < growth(b); });
    std::vector<Index> extent;
    for (const KroneckerShape &f : factors_)
      extent.push_back(f.cols);
    std::vector<KroneckerPass> result;
    for (const Range &range : ranges) {
      KroneckerPass pass = pass_of(range, extent);
      if (pass.cost < 0) return {};
      result.push_back(std::move(pass));
      for (std::size_t f = range.first; f < range.last; ++f)
        extent[f] = factors_[f].rows;
    }
    return result;
  }

  KroneckerPass pass_of(const Range &range, const std::vector<Index> &extent) const {
    KroneckerPass pass{range.first, range.last, 1, 1, 1, 1, true, -1, {}, {}};
    for (std::size_t f = 0; f < factors_.size(); ++f) {
      if (f < range.first) pass.outer *= extent[f];
      if (f >= range.last) pass.inner *= extent[f];
      if (f >= range.first && f < range.last) pass.from *= factors_[f].cols, pass.to *= factors_[f].rows;
    }
    pass.factors = slice_factors(range);
    pass.slicing = slicing(pass, kind_, columns_, shared_bytes_);
    if (pass.slicing.threads > 0) pass.cost = slices_cost(pass);
    if (range.last - range.first > 1) return pass;
    const double product = product_cost(pass);
    if (pass.cost < 0 || product <= pass.cost) pass.slices = false, pass.cost = product;
    return pass;
  }

  std::vector<SliceFactor> slice_factors(const Range &range) const {
    std::vector<std::size_t> order;
    for (std::size_t f = range.first; f < range.last; ++f)
      if (!factors_[f].identity) order.push_back(f);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return growth({a, a + 1}) < growth({b, b + 1});
    });
    std::vector<Index> extent;
    for (const KroneckerShape &f : factors_)
      extent.push_back(f.cols);
    std::vector<SliceFactor> result;
    Index place = 0;
    for (const std::size_t f : order) {
      const auto [p, q, identity] = factors_[f];
      const int tall = tall_for(kind_, p, q);
      SliceFactor step{f, p, q, 1, 1, tall, rounded_up(p, tall), depth_of(kind_, q, tall), place};
      if (by_tensor_cores(step)) step.pitch += 32 / kind_.bytes; // lanes of four columns use different banks
      for (std::size_t g = range.first; g < range.last; ++g) {
        if (g != f) step.fibers *= extent[g];
        if (g > f) step.faster *= extent[g];
      }
      extent[f] = step.p, place += rounded_up(step.depth * step.pitch, 16 / kind_.bytes);
      result.push_back(step);
    }
    return result;
  }

  double places(const KroneckerPass &pass) const { return real(columns_) * real(pass.inner) * real(pass.outer); }

  double slices_cost(const KroneckerPass &pass) const {
    double time = 0; // per place, in bytes
    for (const SliceFactor &f : pass.factors)
      time += flops_of_term(kind_) * real(f.depth) * real(rounded_up(f.p, f.tall)) * real(f.fibers) /
              slice_rate(kind_, f.tall);
    const double run = real(pass.slicing.width * kind_.bytes);
    const double waste = pass.slicing.width < pass.inner ? 1 + real(sector) / run : 1; // partly used sectors
    const double bytes = real(pass.from + pass.to) * real(kind_.bytes) * waste;
    const double slices = std::ceil(real(pass.inner) / real(pass.slicing.width)) *
                          std::ceil(real(pass.outer * columns_) / real(pass.slicing.outers));
    const double idle = std::max(1.0, multiprocessors / slices);
    return launch + idle * places(pass) * std::max(bytes, time);
  }

  /// cuBLAS computes whole tiles, assumed to be 32×32, and 8 deep.
  double product_cost(const KroneckerPass &pass) const {
    const bool fastest = pass.inner == 1;
    const double across = fastest ? places(pass) : real(rounded_up(pass.inner, 32)) * places(pass) / real(pass.inner);
    const double flops = flops_of_term(kind_) * across * real(rounded_up(pass.to, 32)) * real(rounded_up(pass.from, 8));
    const double bytes = product_bytes * places(pass) * real(pass.from + pass.to) * real(kind_.bytes);
    return launch + std::max(bytes, flops / product_rate(kind_));
  }

  const std::vector<KroneckerShape> &factors_;
  EntryKind kind_;
  Index columns_, shared_bytes_;
};

} // namespace

std::vector<KroneckerPass> kronecker_plan(const std::vector<KroneckerShape> &factors, EntryKind kind, Index columns,
                                          Index shared_bytes) {
  for (const KroneckerShape &f : factors)
    if (f.rows == 0 || f.cols == 0) return {};
  if (columns == 0) return {};
  return PassPlanner(factors, kind, columns, shared_bytes).plan();
}

} // namespace kronvec::cuda
