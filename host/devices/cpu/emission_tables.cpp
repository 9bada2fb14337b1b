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

/// The entries along the table's first label, at one value of the others.
template <class T> void fill_run(const Table &t, const Arrays<T> &arrays, const Strides &digits, T *out) {
  const Index n = t.extent.empty() ? 1 : t.extent[0];
  const std::size_t labels = t.extent.size();
  Strides sums{};
  bool adds = false;
  do {
    const auto place = [&](std::size_t k) {
      return arrays[t.sources[k].array] + at(t.sources[k], digits, labels, sums, t.sum_extent.size());
    };
    if (t.sources.size() == 1 && !t.sum_extent.empty()) {
      const T *x = place(0);
      for (Index i = 0, s = t.sources[0].stride[0]; i < n; ++i)
        out[i] = (adds ? out[i] : T(0)) + x[i * s];
    } else {
      for (std::size_t k = 0; k < t.sources.size(); ++k) {
        const T *x = place(k);
        const Index s = t.sources[k].stride[0];
        if (k == 0)
          for (Index i = 0; i < n; ++i)
            out[i] = x[i * s];
        else
          for (Index i = 0; i < n; ++i)
            out[i] *= x[i * s];
      }
    }
    adds = true;
  } while (next(t.sum_extent, 0, t.sum_extent.size(), sums));
}

/// The part of a table at one value of its last label, or all of it.
template <class T> void fill_slice(const Table &t, const Arrays<T> &arrays, Index slice, bool sliced, T *out) {
  const std::size_t last = t.extent.size() - (sliced ? 1 : 0);
  const Index n = t.extent.empty() ? 1 : t.extent[0];
  Strides digits{};
  if (sliced) digits[last] = slice, out += slice * (t.size / t.extent[last]);
  do {
    fill_run(t, arrays, digits, out);
    out += n;
  } while (next(t.extent, 1, last, digits));
}

} // namespace

template <class T> void fill_tables(const Plan &plan, std::span<const T *const> buffers, T *tables) {
  const Arrays<T> arrays{buffers, tables, plan.tables.data()};
  for (const Table &t : plan.tables) {
    const bool sliced = t.extent.size() > 1 && t.size >= worth_threads;
    parallel(sliced ? t.extent.back() : 1, t.size,
             [&](Index slice) { fill_slice(t, arrays, slice, sliced, tables + t.begin); });
  }
}

template void fill_tables(const Plan &, std::span<const float *const>, float *);
template void fill_tables(const Plan &, std::span<const double *const>, double *);

} // namespace kronvec::cpu
