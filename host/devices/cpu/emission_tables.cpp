#include "devices/cpu/emission_tables.hpp"

#include "devices/cpu/parallel.hpp"

namespace kronvec::cpu {
namespace {

/// Advances the digits from `first` on; false after the last.
bool next(const std::vector<Index> &extent, std::size_t first, std::size_t last, Strides &digits) {
  for (std::size_t q = first; q < last; ++q) {
    if (++digits[q] < extent[q]) return true;
    digits[q] = 0;
  }
  return false;
}

Index at(const Table::Source &s, const Strides &digits, std::size_t labels, const Strides &sums, std::size_t summed) {
  Index value = s.offset;
  for (std::size_t q = 0; q < labels; ++q)
    value += s.stride[q] * digits[q];
  for (std::size_t q = 0; q < summed; ++q)
    value += s.sum_stride[q] * sums[q];
  return value;
}

/// The entries along the table's first two labels, at one value of the others.
template <class T> void fill_plane(const Table &t, const Arrays<T> &arrays, const Strides &digits, T *out) {
  const std::size_t labels = t.extent.size();
  const Index m = labels > 0 ? t.extent[0] : 1, n = labels > 1 ? t.extent[1] : 1;
  Strides sums{};
  bool adds = false;
  do {
    for (std::size_t k = 0; k < t.sources.size(); ++k) {
      const auto &source = t.sources[k];
      const T *x = arrays[source.array] + at(source, digits, labels, sums, t.sum_extent.size());
      const Index s = source.stride[0], r = source.stride[1];
      const auto each = [&](auto work) {
        for (Index j = 0; j < n; ++j)
          for (Index i = 0; i < m; ++i)
            work(out[i + j * m], x[i * s + j * r]);
      };
      if (k > 0)
        each([](T &y, T value) { y *= value; });
      else if (adds)
        each([](T &y, T value) { y += value; });
      else
        each([](T &y, T value) { y = value; });
    }
    adds = true;
  } while (next(t.sum_extent, 0, t.sum_extent.size(), sums));
}

/// The part of a table at one value of its last label, or all of it.
template <class T> void fill_slice(const Table &t, const Arrays<T> &arrays, Index slice, bool sliced, T *out) {
  const std::size_t last = t.extent.size() - (sliced ? 1 : 0);
  Index n = 1;
  for (std::size_t q = 0; q < std::min<std::size_t>(last, 2); ++q)
    n *= t.extent[q];
  Strides digits{};
  if (sliced) digits[last] = slice, out += slice * (t.size / t.extent[last]);
  do {
    fill_plane(t, arrays, digits, out);
    out += n;
  } while (next(t.extent, std::min<std::size_t>(last, 2), last, digits));
}

} // namespace

template <class T> void fill_tables(const Plan &plan, std::span<const T *const> buffers, T *tables) {
  const Arrays<T> arrays{buffers, tables, plan.tables.data()};
  for (const Table &t : plan.tables) {
    const bool sliced = t.extent.size() > 2 && t.size >= worth_threads;
    parallel(sliced ? t.extent.back() : 1, t.size,
             [&](Index slice) { fill_slice(t, arrays, slice, sliced, tables + t.begin); });
  }
}

template void fill_tables(const Plan &, std::span<const float *const>, float *);
template void fill_tables(const Plan &, std::span<const double *const>, double *);

} // namespace kronvec::cpu
