/// Plans an emission on the GPU, and runs the plan.

#include "devices/cuda/emission/plan.hpp"

#include "emission/labels.hpp"

#include <algorithm>

namespace kronvec::cuda {
namespace {

Index indices(const Axis &axis) { return axis.triangle ? axis.triangle * axis.triangle : axis.size; }

} // namespace

template <class T> EmissionPlan<T>::EmissionPlan(const Engine &engine, const Backend &backend, const Emission &emission,
                                                 const EmissionLimits &limits)
    : engine_(engine), backend_(backend), limits_(limits), axis_(emission.cols.size > 1),
      sliced_(axis_ == 0 ? emission.rows : emission.cols) {
  launches_.emplace(engine, backend, Emission{emission.rows, emission.cols, contract_sums(emission)});
  if (!sums_.empty()) loops_.emplace(engine, backend, emission);
}

/// The products, in which the results of contractions replace long sums.
template <class T> std::vector<Product> EmissionPlan<T>::contract_sums(const Emission &emission) {
  std::vector<Product> products;
  std::vector<std::size_t> contracted;
  for (const Product &p : emission.products) {
    for (const auto &f : p.factors)
      first_result_ = std::max(first_result_, f.buffer + 1);
    if (is_empty(p)) continue;
    products.push_back(simplified(p));
    if (sum_values(products.back()) <= few_values) continue;
    const Index entries = indices(emission.rows) * indices(emission.cols);
    auto contraction = contract(products.back(), axis_, std::max(entries, limits_.tables));
    if (!contraction) continue;
    contracted.push_back(products.size() - 1);
    sums_.push_back({std::move(*contraction)});
  }
  choose_width();
  for (std::size_t c = 0; c < sums_.size(); ++c) {
    ContractedSum &sum = sums_[c];
    sum.room = room(sum.contraction);
    products[contracted[c]] = sum.contraction.rest(first_result_ + static_cast<int>(c), sum.room);
    for (const std::size_t s : {0, 1})
      if (const auto &side = sum.contraction.side[s]; side.buffer < 0)
        sum.table[s].emplace(engine_, backend_, side.table);
  }
  return products;
}

/// Sets the width to whole slices of the contraction with the longest stride: as many as fit the limit.
template <class T> void EmissionPlan<T>::choose_width() {
  Index longest = 0;
  for (const ContractedSum &sum : sums_) {
    const Contraction &c = sum.contraction;
    if (c.slices == 1) continue;
    if (c.stride > longest) longest = c.stride, origin_ = c.first;
    width_ = std::max(width_, c.stride * std::max<Index>(limits_.slices / c.slice_size(), 1));
  }
  if (longest > 0) width_ = (width_ + longest - 1) / longest * longest;
}

/// Max number of slices that `width_` indices need.
template <class T> Index EmissionPlan<T>::room(const Contraction &c) const {
  if (c.slices == 1) return 1;
  const bool aligned = width_ % c.stride == 0 && (origin_ - c.first) % c.stride == 0 && c.reach < c.stride;
  return std::min(c.slices, aligned ? width_ / c.stride : (width_ - 1 + c.reach) / c.stride + 1);
}

template <class T> Blocks EmissionPlan<T>::scratch(Index count) const {
  Blocks blocks;
  if (loops(count)) return blocks;
  for (const ContractedSum &sum : sums_)
    blocks = blocks + Blocks(sum.table_bytes(0)) + Blocks(sum.table_bytes(1)) +
             Blocks(static_cast<std::size_t>(sum.entries()) * sizeof(T));
  return blocks;
}

/// Whether a batch of `count` items is better run as one launch with loops.
template <class T> bool EmissionPlan<T>::loops(Index count) const {
  Index multiplications = 0;
  for (const ContractedSum &sum : sums_)
    multiplications += sum.contraction.slices * sum.contraction.slice_size() * sum.contraction.inner;
  return sums_.empty() || (count > 1 && multiplications < limits_.item);
}

template <class T> auto EmissionPlan<T>::start(const ContractedSum &sum, std::span<const Buffer<T>> buffers) const
    -> Running {
  Running running;
  for (const std::size_t s : {0, 1}) {
    const ContractionSide &side = sum.contraction.side[s];
    if (!sum.table[s]) {
      running.side[s] = buffers[static_cast<std::size_t>(side.buffer)].data + side.offset;
      continue;
    }
    const Index entries = side.table.rows.size;
    running.tables[s] = backend_.pool().take(sum.table_bytes(s));
    T *const table = static_cast<T *>(running.tables[s].data());
    sum.table[s]->run(buffers, 0, 0, {table, entries, 1, entries, 1, 0});
    running.side[s] = table;
  }
  running.result = backend_.pool().take(static_cast<std::size_t>(sum.entries()) * sizeof(T));
  return running;
}

/// Computes these slices of C. Returns the address at which C would begin if it had all slices.
template <class T>
const T *EmissionPlan<T>::multiply(const ContractedSum &sum, Running &running, Contraction::SliceRange slices) const {
  const Contraction &c = sum.contraction;
  T *const result = static_cast<T *>(running.result.data());
  const Index count = slices.end - slices.begin;
  if (slices != running.slices && count > 0) {
    const Index n = c.slices_of_batch ? c.n : c.n * count, batch = c.slices_of_batch ? c.batch * count : c.batch;
    const auto operand = [&](std::size_t s, Index rows, Index cols) {
      const ContractionSide &side = c.side[s];
      if (side.op == Op::transpose) std::swap(rows, cols);
      return BatchView<const T>(running.side[s] + slices.begin * side.slice_step, rows, cols, side.ld, batch,
                                side.batch_step);
    };
    backend_.primitives(T{}).multiply(T(1), c.side[0].op, operand(0, c.m, c.inner), c.side[1].op,
                                      operand(1, c.inner, n), T(0),
                                      BatchView<T>(result, c.m, n, c.m, batch, c.batch_step(sum.room)));
    running.slices = slices;
  }
  return result - slices.begin * c.slice_step();
}

template <class T> void EmissionPlan<T>::run(std::span<const Buffer<T>> buffers, Index first_row, Index first_col,
                                             kernels::Entries<T> y) const {
  if (y.rows == 0 || y.cols == 0) return;
  if (loops(y.count)) return (loops_ ? *loops_ : *launches_).run(buffers, first_row, first_col, y);
  for (Index item = 0; item < y.count; ++item) {
    std::vector<Buffer<T>> here(buffers.begin(), buffers.end());
    for (Buffer<T> &buffer : here)
      buffer = {buffer.data + item * buffer.stride};
    run_item(here, first_row, first_col, {y.data + item * y.stride, y.rows, y.cols, y.ld, 1, 0});
  }
}

template <class T> void EmissionPlan<T>::run_item(std::span<const Buffer<T>> buffers, Index first_row, Index first_col,
                                                  kernels::Entries<T> y) const {
  std::vector<Running> running;
  for (const ContractedSum &sum : sums_)
    running.push_back(start(sum, buffers));
  std::vector<Buffer<T>> all(static_cast<std::size_t>(first_result_) + sums_.size());
  std::copy_n(buffers.begin(), std::min(buffers.size(), static_cast<std::size_t>(first_result_)), all.begin());
  const Index first = axis_ == 0 ? first_row : first_col, last = first + (axis_ == 0 ? y.rows : y.cols);
  for (Index position = first, next = 0; position < last; position = next) {
    next = std::min(last, end_of_slices(position));
    const Index begin = sliced_.at(position).index, end = sliced_.at(next - 1).index + 1;
    for (std::size_t c = 0; c < sums_.size(); ++c)
      all[static_cast<std::size_t>(first_result_) + c] =
          multiply(sums_[c], running[c], sums_[c].contraction.between(begin, end));
    const Index count = next - position;
    if (axis_ == 0)
      launches_->run(all, position, first_col, {y.data + position - first, count, y.cols, y.ld, 1, 0});
    else
      launches_->run(all, first_row, position, {y.data + (position - first) * y.ld, y.rows, count, y.ld, 1, 0});
  }
}

/// The first position that needs other slices than this position.
template <class T> Index EmissionPlan<T>::end_of_slices(Index position) const {
  if (width_ == 0) return sliced_.size;
  const Index index = sliced_.at(position).index - origin_;
  const Index block = index >= 0 ? index / width_ : -((width_ - 1 - index) / width_);
  return sliced_.below(std::min(origin_ + (block + 1) * width_, indices(sliced_)));
}

template class EmissionPlan<float>;
template class EmissionPlan<double>;

} // namespace kronvec::cuda
