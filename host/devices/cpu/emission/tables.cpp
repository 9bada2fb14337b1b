/// Fills tables, and computes blocks of contractions.

#include "devices/cpu/emission/tables.hpp"

#include "devices/cpu/blas.hpp"
#include "devices/cpu/parallel.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

namespace kronvec::cpu {
namespace {

/// A range of values of a table's labels.
struct Box {
  Strides first{}, count{};
};

/// Advances the digits of a box from label q on. Returns false after the last.
bool next(const Strides &count, std::size_t q, std::size_t labels, Strides &digits) {
  for (; q < labels; ++q) {
    if (++digits[q] < count[q]) return true;
    digits[q] = 0;
  }
  return false;
}

/// A plane of a box, along its first two labels.
struct Plane {
  Index m, n, step; ///< m×n entries, columns `step` apart
};

/// y[i, j] (=, +=, *=) x[i·s + j·r].
template <class T, class Work> void over_plane(const Plane &plane, const T *x, Index s, Index r, T *y, Work work) {
  for (Index j = 0; j < plane.n; ++j)
    for (Index i = 0; i < plane.m; ++i)
      work(y[i + j * plane.step], x[i * s + j * r]);
}

/// y[i, j] = x[i·s + j·r] · z[i·u + j·v]. Most tables are such products, with short columns.
template <class T>
void multiply_plane(const Plane &plane, const T *x, Index s, Index r, const T *z, Index u, Index v, T *to) {
  if (s == 0 && u == 1) return multiply_plane(plane, z, u, v, x, s, r, to);
  const auto by_columns = [&](auto column) {
    for (Index j = 0; j < plane.n; ++j, x += r, z += v, to += plane.step)
      column(to);
  };
  if (s == 1 && u == 0)
    by_columns([&](T *__restrict y) {
      const T weight = *z;
      for (Index i = 0; i < plane.m; ++i)
        y[i] = x[i] * weight;
    });
  else if (s == 1 && u == 1)
    by_columns([&](T *__restrict y) {
      for (Index i = 0; i < plane.m; ++i)
        y[i] = x[i] * z[i];
    });
  else
    by_columns([&](T *__restrict y) {
      for (Index i = 0; i < plane.m; ++i)
        y[i] = x[i * s] * z[i * u];
    });
}

/// Fills the plane at the digits of the other labels.
template <class T> void fill_plane(const Table &t, const Arrays<T> &arrays, const Box &box, const Strides &digits,
                                   const Plane &plane, T *y) {
  const std::size_t labels = t.extent.size(), summed = t.sum_extent.size();
  const auto place = [&](const Table::Source &source) {
    const T *x = arrays[source.array] + source.offset;
    for (std::size_t q = 0; q < labels; ++q)
      x += source.stride[q] * (box.first[q] + digits[q]);
    return x;
  };
  if (summed == 0 && t.sources.size() == 2) {
    const Strides &a = t.sources[0].stride, &b = t.sources[1].stride;
    return multiply_plane(plane, place(t.sources[0]), a[0], a[1], place(t.sources[1]), b[0], b[1], y);
  }
  Strides sums{}, sum_count{};
  std::copy(t.sum_extent.begin(), t.sum_extent.end(), sum_count.begin());
  bool adds = false;
  do {
    for (std::size_t k = 0; k < t.sources.size(); ++k) {
      const auto &source = t.sources[k];
      const T *x = place(source);
      for (std::size_t q = 0; q < summed; ++q)
        x += source.sum_stride[q] * sums[q];
      const Index s = source.stride[0], r = source.stride[1];
      if (k > 0)
        over_plane(plane, x, s, r, y, [](T &to, T value) { to *= value; });
      else if (adds)
        over_plane(plane, x, s, r, y, [](T &to, T value) { to += value; });
      else
        over_plane(plane, x, s, r, y, [](T &to, T value) { to = value; });
    }
    adds = true;
  } while (next(sum_count, 0, summed, sums));
}

/// Fills the entries of a table in a box; the first entry goes to *y.
template <class T> void fill_box(const Table &t, const Arrays<T> &arrays, const Box &box, T *y) {
  const std::size_t labels = t.extent.size();
  const Plane plane{labels > 0 ? box.count[0] : 1, labels > 1 ? box.count[1] : 1, labels > 0 ? t.extent[0] : 1};
  Strides digits{};
  do {
    Index offset = 0, step = 1;
    for (std::size_t q = 0; q < labels; ++q)
      offset += step * digits[q], step *= t.extent[q];
    fill_plane(t, arrays, box, digits, plane, y + offset);
  } while (next(box.count, 2, labels, digits));
}

/// Fills a whole table, in slices of its last label.
template <class T> void fill(const Table &t, const Arrays<T> &arrays, T *y) {
  const bool sliced = t.extent.size() > 2 && t.size >= worth_threads;
  parallel(sliced ? t.extent.back() : 1, sliced ? t.size : 0, [&](Index slice) {
    Box box;
    std::copy(t.extent.begin(), t.extent.end(), box.count.begin());
    const std::size_t last = t.extent.size() - 1;
    if (sliced) box.first[last] = slice, box.count[last] = 1;
    fill_box(t, arrays, box, sliced ? y + slice * (t.size / t.extent[last]) : y);
  });
}

/// In slices of columns whose shapes do not depend on the number of threads; each slice is one BLAS call on one thread.
template <class T> void multiply_tables(const Table::Multiplied &p, const Arrays<T> &arrays, T *y) {
  constexpr Index width = 64;
  const Index across = (p.n + width - 1) / width;
  parallel(p.batch * across, p.batch * p.m * p.n * p.k / products_per_entry, [&](Index task) {
    const Index b = task / across, j = task % across * width, n = std::min(width, p.n - j);
    const T *left = arrays[p.left] + b * p.m * p.k, *right = arrays[p.right] + (b * p.n + j) * p.k;
    multiply(T(1), Op::none, MatrixView<const T>(left, p.m, p.k), Op::none, MatrixView<const T>(right, p.k, n),
             MatrixView<T>(y + (b * p.n + j) * p.m, p.m, n));
  });
}

/// The label values of a contraction in one block.
struct ContractionBlock {
  Strides first{}, count{};
  Index m, n;
};

bool find_block(const Contraction &c, Index col, Index piece, ContractionBlock &b) {
  const Index rest = col - c.col_offset;
  if (rest < 0 || rest >= c.columns) return false;
  b.m = c.m, b.n = c.n;
  for (std::size_t q = 0; q < c.labels.size(); ++q) {
    const auto &label = c.labels[q];
    const bool all = label.block == label.extent;
    b.first[q] = all ? 0 : label.cut_row ? piece * label.block : rest / label.col % label.extent;
    b.count[q] = std::min(label.block, label.extent - b.first[q]);
    if (label.of[0] && !label.of[1]) b.m = b.m / label.block * b.count[q];
    if (label.of[1] && !label.of[0]) b.n = b.n / label.block * b.count[q];
  }
  return true;
}

Index entries(const Table &t) { return std::accumulate(t.extent.begin(), t.extent.end(), Index(1), std::multiplies()); }

/// The address of the block's part of a side. A side that is not kept is computed in `room`.
template <class T>
const T *side_of(const Contraction &c, int side, const Arrays<T> &arrays, const ContractionBlock &b, T *&room) {
  if (c.kept[side]) {
    const T *x = arrays[c.kept[side]];
    for (std::size_t q = 0; q < c.labels.size(); ++q)
      x += c.labels[q].at[side] * b.first[q];
    return x;
  }
  Box box;
  const Table &t = c.side[side];
  for (std::size_t a = 0; a < t.extent.size(); ++a) {
    const int q = c.axis[side][a];
    box.first[a] = q < 0 ? 0 : b.first[q], box.count[a] = q < 0 ? t.extent[a] : b.count[q];
  }
  T *const x = room;
  fill_box(t, arrays, box, x);
  room += entries(t);
  return x;
}

} // namespace

template <class T> SharedTables shared_tables(const Plan &plan, std::span<const Buffer<T>> buffers) {
  SharedTables shared{};
  const auto is_shared = [&](int array) {
    if (array >= 0) return buffers[static_cast<std::size_t>(array)].stride == 0;
    const auto table = static_cast<std::size_t>(-1 - array); // ~array
    return table < shared.size() && shared[table];
  };
  for (std::size_t k = 0; k < std::min(plan.tables.size(), shared.size()); ++k) {
    const Table &t = plan.tables[k];
    shared[k] = t.multiplied.batch ? is_shared(t.multiplied.left) && is_shared(t.multiplied.right)
                                   : std::all_of(t.sources.begin(), t.sources.end(),
                                                 [&](const Table::Source &s) { return is_shared(s.array); });
  }
  return shared;
}

template <class T> void fill_tables(const Plan &plan, const Arrays<T> &arrays, const SharedTables &filled, T *tables) {
  for (std::size_t k = 0; k < plan.tables.size(); ++k) {
    const Table &t = plan.tables[k];
    if (k < filled.size() && filled[k]) continue;
    if (t.multiplied.batch)
      multiply_tables(t.multiplied, arrays, tables + t.begin);
    else
      fill(t, arrays, tables + t.begin);
  }
}

Index room_for(const std::vector<Contraction> &contractions) {
  Index results = 0, max_sides = 0;
  for (const Contraction &c : contractions) {
    Index sides = 0;
    for (const int side : {0, 1})
      if (!c.kept[side]) sides += entries(c.side[side]);
    results += c.size, max_sides = std::max(max_sides, sides);
  }
  return max_sides + results;
}

template <class T>
const T *make_block(const Contraction &c, const Arrays<T> &arrays, Index col, Index piece, T *room, T *result) {
  ContractionBlock b;
  if (!find_block(c, col, piece, b)) return nullptr;
  const std::array<const T *, 2> side{side_of(c, 0, arrays, b, room), side_of(c, 1, arrays, b, room)};
  const std::size_t labels = c.labels.size();
  Strides digits{}, shared{}; // over the labels that both sides have
  Index zero = 0;
  for (std::size_t q = 0; q < labels; ++q) {
    shared[q] = c.labels[q].of[0] && c.labels[q].of[1] ? b.count[q] : 1;
    zero += c.labels[q].stride * b.first[q];
  }
  do {
    Index to = 0, left = 0, right = 0;
    for (std::size_t q = 0; q < labels; ++q) {
      const auto &label = c.labels[q];
      to += label.stride * digits[q], left += label.at[0] * digits[q], right += label.at[1] * digits[q];
    }
    multiply(T(1), Op::none, MatrixView<const T>(side[0] + left, b.m, c.k, c.step[0]), Op::none,
             MatrixView<const T>(side[1] + right, c.k, b.n, c.step[1]), MatrixView<T>(result + to, b.m, b.n, c.m));
  } while (next(shared, 0, labels, digits));
  return result - zero;
}

template SharedTables shared_tables(const Plan &, std::span<const Buffer<float>>);
template SharedTables shared_tables(const Plan &, std::span<const Buffer<double>>);
template void fill_tables(const Plan &, const Arrays<float> &, const SharedTables &, float *);
template void fill_tables(const Plan &, const Arrays<double> &, const SharedTables &, double *);
template const float *make_block(const Contraction &, const Arrays<float> &, Index, Index, float *, float *);
template const double *make_block(const Contraction &, const Arrays<double> &, Index, Index, double *, double *);

} // namespace kronvec::cpu
