#pragma once
/// Computes the entries of one group in one column.

#include "devices/cpu/emission/axis.hpp"
#include "devices/cpu/emission/plan.hpp"
#include "devices/cpu/emission/simd.hpp"
#include "devices/emitter.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace kronvec::cpu {

/// The addresses of an item's operands: buffers of the caller, tables and results of contractions.
template <class T> struct Arrays {
  std::span<const Buffer<T>> buffers;
  Index item = 0;
  const T *tables = nullptr;
  const Table *table = nullptr;
  std::array<const T *, max_contractions> local = {}; ///< addresses for label values of 0

  const T *operator[](int array) const {
    if (array >= first_local) return local[array - first_local];
    if (array < 0) return tables + table[~array].begin;
    const Buffer<T> &buffer = buffers[static_cast<std::size_t>(array)];
    return buffer.data + item * buffer.stride;
  }
};

/// The label values that a column's index decodes into. The values of the loops start at 0.
struct Digits {
  Strides value; // uninitialized: clearing all of it for every column would cost time

  explicit Digits(const Group &g) {
    for (int q = g.columns; q < g.first_row_label(); ++q)
      value[q] = 0;
  }
};

/// Whether column `col` belongs to the group at the loop values in `digits`. Sets the column's label values.
inline bool decode(const Group &g, Index col, Digits &digits) {
  Index rest = col - g.col_offset;
  for (int q = g.columns; q < g.first_row_label(); ++q)
    rest -= g.col[q] * digits.value[q];
  if (rest < 0) return false;
  for (int q = 0; q < g.columns; ++q) {
    const Index value = rest / g.col[q];
    if (value >= g.extent[q]) return false;
    digits.value[q] = value, rest -= value * g.col[q];
  }
  return rest == 0;
}

/// Advances the loop values. Returns false after the last.
inline bool next_loop(const Group &g, Digits &digits) {
  for (int q = g.columns; q < g.first_row_label(); ++q) {
    if (++digits.value[q] < g.extent[q]) return true;
    digits.value[q] = 0;
  }
  return false;
}

/// The destination of a column's entries: memory (stored or added) or a stream, in order. `clear` stores zeros.
template <class T> struct Target {
  enum class How { store, add, stream, clear } how;
  T *y;              ///< address of row index 0
  Stream<T> *stream; ///< used instead of y
};

/// Memory for the weights of up to `max_runs` runs.
template <class T> struct Weights {
  static constexpr Index max_runs = 64;
  T of[max_terms][max_runs];
};

template <class T> class ColumnPass {
public:
  ColumnPass(const Group &group, const Arrays<T> &arrays, const Digits &digits, Weights<T> &weights)
      : g_(group), row_(group.row_offset), weights_(weights.of) {
    for (int q = 0; q < g_.first_row_label(); ++q)
      row_ += g_.row[q] * digits.value[q];
    for (std::size_t k = 0; k < g_.operands.size(); ++k) {
      const Operand &operand = g_.operands[k];
      Index offset = operand.offset;
      for (int q = 0; q < g_.first_row_label(); ++q)
        offset += operand.stride[q] * digits.value[q];
      at_[k] = arrays[operand.array] + offset;
    }
  }

  const Group &group() const { return g_; }

  void run(IndexRange rows, Target<T> target) {
    rows_ = rows, target_ = target;
    below(g_.first_row_label(), row_, at_);
  }

private:
  using Places = std::array<const T *, max_operands>;
  static constexpr Index max_runs = Weights<T>::max_runs;

  /// Processes all rows in the range, over the labels from `label` on.
  void below(int label, Index base, const Places &at) {
    const Index stride = g_.row[label], reach = g_.below[label], n = g_.extent[label];
    Index first = 0, last = n - 1;
    if (base + reach < rows_.begin) first = (rows_.begin - base - reach + stride - 1) / stride;
    if (base + last * stride >= rows_.end) last = base >= rows_.end ? -1 : (rows_.end - 1 - base) / stride;
    if (first > last) return;
    if (label == g_.band()) return band(base, first, last, at);
    for (Index a = first; a <= last; ++a) {
      Places there;
      for (std::size_t k = 0; k < g_.operands.size(); ++k)
        there[k] = at[k] + a * g_.operands[k].stride[label];
      below(label + 1, base + a * stride, there);
    }
  }

  /// Processes runs first … last. The range may cut the runs at both ends.
  void band(Index base, Index first, Index last, const Places &at) {
    const Index step = g_.row[g_.band()];
    if (target_.how == Target<T>::How::clear) return clear(base, first, last);
    if (g_.length == 1) return scalars(base, first, last, at);
    while (first <= last && base + first * step < rows_.begin)
      runs(base, first, 1, at), ++first;
    Index whole = last;
    while (first <= whole && base + whole * step + g_.length > rows_.end)
      --whole;
    for (; first <= whole; first += max_runs)
      runs(base, first, std::min(max_runs, whole - first + 1), at);
    for (first = whole + 1; first <= last; ++first)
      runs(base, first, 1, at);
  }

  void clear(Index base, Index first, Index last) {
    const Index step = g_.row[g_.band()];
    if (g_.length == 1) { // otherwise the inner loop becomes one memset call per entry
      for (Index j = first; j <= last; ++j)
        target_.y[base + j * step] = T(0);
      return;
    }
    for (Index j = first; j <= last; ++j) {
      const Index row = base + j * step, begin = std::max(row, rows_.begin);
      for (Index i = begin, end = std::min(row + g_.length, rows_.end); i < end; ++i)
        target_.y[i] = T(0);
    }
  }

  /// Processes `count` runs from j on. A single run may be cut.
  void runs(Index base, Index j, Index count, const Places &at) {
    const int label = g_.band();
    const Index row = base + j * g_.row[label], cut = std::max<Index>(rows_.begin - row, 0);
    Band<T> band;
    band.length = std::min(g_.length, rows_.end - row) - cut;
    band.count = count, band.step = g_.row[label], band.terms = static_cast<int>(g_.terms.size());
    for (int t = 0; t < band.terms; ++t) {
      const PlannedTerm &term = g_.terms[t];
      auto &to = band.term[t];
      weigh(term, j, count, at, weights_[t]);
      to.weight = weights_[t], to.vectors = term.vectors;
      for (int v = 0; v < term.vectors; ++v) {
        const int k = term.first + term.scalars + v;
        to.vector_step[v] = g_.operands[k].stride[label];
        to.vector[v] = at[k] + j * to.vector_step[v] + cut;
      }
    }
    emit(band, row + cut);
  }

  /// Runs of one entry each: the weights are the results. If their rows are consecutive, they form one run.
  void scalars(Index base, Index first, Index last, const Places &at) {
    const Index step = g_.row[g_.band()];
    for (Index j = first; j <= last; j += max_runs) {
      const Index count = std::min(max_runs, last - j + 1), row = base + j * step;
      weigh(g_.terms[0], j, count, at, weights_[0]);
      for (std::size_t t = 1; t < g_.terms.size(); ++t) {
        weigh(g_.terms[t], j, count, at, weights_[1]);
        for (Index i = 0; i < count; ++i)
          weights_[0][i] += weights_[1][i];
      }
      if (step == 1) {
        const T one = 1;
        Band<T> band;
        band.length = count, band.count = 1, band.step = count, band.terms = 1;
        band.term[0] = {&one, 1, {weights_[0]}, {0}};
        emit(band, row);
      } else {
        scatter(row, step, count);
      }
    }
  }

  void scatter(Index row, Index step, Index count) {
    T *y = target_.y + row;
    if (target_.how == Target<T>::How::store) {
      for (Index i = 0; i < count; ++i)
        y[i * step] = weights_[0][i];
    } else {
      for (Index i = 0; i < count; ++i)
        y[i * step] += weights_[0][i];
    }
  }

  /// weights[i] = scale · Π scalars of run j + i.
  void weigh(const PlannedTerm &term, Index j, Index count, const Places &at, T *weights) {
    const auto stride = [&](int k) { return g_.operands[k].stride[g_.band()]; };
    const T scale = static_cast<T>(term.scale);
    if (term.scalars == 0) {
      std::fill_n(weights, count, scale);
      return;
    }
    int k = term.first;
    const T *x = at[k] + j * stride(k);
    if (term.scalars >= 2) {
      const T *z = at[k + 1] + j * stride(k + 1);
      for (Index i = 0, s = stride(k), r = stride(k + 1); i < count; ++i)
        weights[i] = scale * (x[i * s] * z[i * r]);
      ++k;
    } else {
      for (Index i = 0, s = stride(k); i < count; ++i)
        weights[i] = scale * x[i * s];
    }
    for (++k; k < term.first + term.scalars; ++k) {
      x = at[k] + j * stride(k);
      for (Index i = 0, s = stride(k); i < count; ++i)
        weights[i] *= x[i * s];
    }
  }

  void emit(const Band<T> &band, Index row) {
    switch (target_.how) {
    case Target<T>::How::store:
      return store(band, target_.y + row);
    case Target<T>::How::add:
      return add(band, target_.y + row);
    case Target<T>::How::stream:
      return put(band, *target_.stream);
    case Target<T>::How::clear:
      return;
    }
  }

  const Group &g_;
  Index row_;
  Places at_;
  IndexRange rows_{};
  Target<T> target_{};
  T (*weights_)[max_runs];
};

} // namespace kronvec::cpu
