/// Uploads the terms of an emission and launches its kernels.

#include "devices/cuda/emission/launches.hpp"

#include "emission/labels.hpp"
#include "kernels/emission.hpp"
#include "kronvec/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kronvec::cuda {
namespace {

using kernels::EmissionTerm;
using kernels::EmissionWork;

/// The terms of the products in a form that `emit_columns` may accept.
std::vector<EmissionTerm> terms_of_columns(const std::vector<Product> &products) {
  std::vector<EmissionTerm> terms;
  for (const Product &p : products) {
    const bool few = sum_values(p) <= few_values;
    for (const Product &one : few ? without_sums(p) : std::vector{p}) {
      const auto here = terms_of(varying_first(one));
      terms.insert(terms.end(), here.begin(), here.end());
    }
  }
  return terms;
}

} // namespace

template <class T> Launches<T>::Launches(const Engine &engine, const Backend &backend, const Emission &emission)
    : engine_(engine), triangles_{emission.rows.triangle, emission.cols.triangle} {
  std::vector<Product> products;
  for (const Product &p : emission.products)
    if (!is_empty(p)) products.push_back(simplified(p));
  std::vector<EmissionTerm> terms;
  columns_ = columns_of<T>(terms_of_columns(products));
  if (columns_)
    terms = std::move(columns_->terms);
  else
    plan_tiles(products, terms);
  const std::size_t bytes = terms.size() * sizeof(EmissionTerm);
  if (bytes == 0) return;
  terms_ = backend.pool().take(bytes);
  backend.transfer(terms_.data(), bytes, terms.data(), bytes, bytes, 1);
}

template <class T>
void Launches<T>::plan_tiles(const std::vector<Product> &products, std::vector<EmissionTerm> &terms) {
  for (const bool long_products : {false, true}) {
    ranges_.push_back({.long_products = long_products, .first = static_cast<Index>(terms.size())});
    for (const Product &p : products)
      if ((p.factors.size() > EmissionTerm::max_factors) == long_products) append(terms, terms_of(p));
  }
}

template <class T> void Launches<T>::append(std::vector<EmissionTerm> &all, std::vector<EmissionTerm> terms) {
  constexpr std::size_t room = EmissionWork<T>::max_buffers;
  if (!ranges_.back().buffers.take(terms, room)) {
    ranges_.push_back({.long_products = ranges_.back().long_products, .first = static_cast<Index>(all.size())});
    if (!ranges_.back().buffers.take(terms, room))
      throw ShapeError(fmt::format("a product of more than {} different arrays", room));
  }
  ranges_.back().count += static_cast<Index>(terms.size());
  all.insert(all.end(), terms.begin(), terms.end());
}

template <class T> void Launches<T>::run(std::span<const Buffer<T>> buffers, Index first_row, Index first_col,
                                         kernels::Entries<T> y) const {
  const kernels::EmissionSide side[] = {{first_row, triangles_[0]}, {first_col, triangles_[1]}};
  columns_ ? run_columns(buffers, side, y) : run_tiles(buffers, side, y);
}

template <class T> void Launches<T>::run_columns(std::span<const Buffer<T>> buffers,
                                                 const kernels::EmissionSide (&side)[2], kernels::Entries<T> y) const {
  kernels::ColumnsWork<T> work = columns_->work;
  std::copy(side, side + 2, work.side);
  work.terms = terms();
  work.whole = work.whole && side[0].triangle == 0 && whole_vectors(side[0].first, y);
  columns_->buffers.put(buffers, work.buffer, work.step);
  engine_.kernel("emission", [&](cudaStream_t s) { return kernels::emit_columns(work, y, s); });
}

template <class T> void Launches<T>::run_tiles(std::span<const Buffer<T>> buffers,
                                               const kernels::EmissionSide (&side)[2], kernels::Entries<T> y) const {
  for (const TermRange &range : ranges_) {
    if (range.count == 0 && &range != &ranges_.front()) continue;
    EmissionWork<T> work{.side = {side[0], side[1]},
                         .terms = terms() + range.first,
                         .count = range.count,
                         .add = &range != &ranges_.front(),
                         .buffer = {},
                         .step = {}};
    range.buffers.put(buffers, work.buffer, work.step);
    engine_.kernel("emission", [&](cudaStream_t s) {
      return range.long_products ? kernels::emit_long(work, y, s) : kernels::emit(work, y, s);
    });
  }
}

template class Launches<float>;
template class Launches<double>;

} // namespace kronvec::cuda
