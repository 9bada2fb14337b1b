/// Emission by its definition: every product at every value of its labels, one after the other.

#include "devices/reference/emission.hpp"

#include <algorithm>
#include <unordered_map>

namespace kronvec::reference {
namespace {

/// Calls work(a) for all values of the labels.
template <class Work> void for_all(const Product &p, Work work) {
  std::array<Index, max_labels> a{};
  if (std::any_of(p.extent.begin(), p.extent.begin() + p.labels, [](Index n) { return n == 0; })) return;
  for (;;) {
    work(a);
    int q = 0;
    while (q < p.labels && ++a[q] == p.extent[q])
      a[q++] = 0;
    if (q == p.labels) return;
  }
}

Index at(const AffineMap &map, const std::array<Index, max_labels> &a) {
  Index value = map.offset;
  for (int q = 0; q < max_labels; ++q)
    value += map.stride[q] * a[q];
  return value;
}

/// Maps each index of an axis to its position within a window.
std::unordered_map<Index, Index> positions(const Axis &axis, Index first, Index count) {
  std::unordered_map<Index, Index> result;
  for (Index p = 0; p < count; ++p)
    result[axis.at(first + p).index] = p;
  return result;
}

template <class T> class ReferenceEmitter final : public Emitter<T> {
public:
  explicit ReferenceEmitter(Emission emission) : emission_(std::move(emission)) {}

  void run(std::span<const Buffer<T>> buffers, Index first_row, Index first_col, BatchView<T> y) const override {
    for (Index item = 0; item < y.count; ++item)
      run_item(buffers, item, first_row, first_col, y[item]);
  }

private:
  void run_item(std::span<const Buffer<T>> buffers, Index item, Index first_row, Index first_col,
                MatrixView<T> y) const {
    const auto rows = positions(emission_.rows, first_row, y.rows()),
               cols = positions(emission_.cols, first_col, y.cols());
    std::vector<double> sums(static_cast<std::size_t>(y.rows() * y.cols()));
    for (const Product &p : emission_.products)
      for_all(p, [&](const auto &a) {
        const auto row = rows.find(at(p.row, a)), col = cols.find(at(p.col, a));
        if (row == rows.end() || col == cols.end()) return;
        double product = p.scale;
        for (const auto &[buffer, map] : p.factors) {
          const Buffer<T> &from = buffers[static_cast<std::size_t>(buffer)];
          product *= from.data[item * from.stride + at(map, a)];
        }
        sums[static_cast<std::size_t>(row->second + col->second * y.rows())] += product;
      });
    for (Index j = 0; j < y.cols(); ++j)
      for (Index i = 0; i < y.rows(); ++i)
        y(i, j) = static_cast<T>(sums[static_cast<std::size_t>(i + j * y.rows())]);
  }

  Emission emission_;
};

} // namespace

template <class T> std::unique_ptr<Emitter<T>> emitter(Emission emission) {
  return std::make_unique<ReferenceEmitter<T>>(std::move(emission));
}

template std::unique_ptr<Emitter<float>> emitter(Emission);
template std::unique_ptr<Emitter<double>> emitter(Emission);

} // namespace kronvec::reference
