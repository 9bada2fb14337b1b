/// Emission by kernels/emission.cu: products become terms, whose labels the kernel decodes from row and column indices.
///
/// A label is a digit of an index where strides allow it: an index r = offset + Σ s_q·a_q tells all a_q if each stride
/// is larger than what all smaller ones can add up to, Σ s_p·(extent_p − 1). Labels that would break this are searched.

#include "devices/cuda/emission.hpp"

#include "devices/cuda/entries.hpp"
#include "kernels/emission.hpp"
#include "kronvec/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace kronvec::cuda {
namespace {

using kernels::EmissionWork;
using kernels::Term;
using kernels::TermLabel;

Index stride(const Product &p, int side, int q) {
  return (side == 0 ? p.row : p.col).stride[static_cast<std::size_t>(q)];
}
Index extent(const Product &p, int q) { return p.extent[static_cast<std::size_t>(q)]; }

/// Those labels with a stride on a side, largest first.
std::vector<int> along(const Product &p, int side, std::vector<int> labels) {
  std::erase_if(labels, [&](int q) { return stride(p, side, q) == 0; });
  std::stable_sort(labels.begin(), labels.end(),
                   [&](int a, int b) { return std::abs(stride(p, side, a)) > std::abs(stride(p, side, b)); });
  return labels;
}

/// Whether an index on a side tells the labels.
bool nest(const Product &p, int side, const std::vector<int> &labels) {
  const auto sorted = along(p, side, labels);
  Index reach = 0;
  for (auto q = sorted.rbegin(); q != sorted.rend(); ++q) {
    const Index step = std::abs(stride(p, side, *q));
    if (step <= reach) return false;
    reach += step * (extent(p, *q) - 1);
  }
  return true;
}

/// What becomes of a product's labels. Those of extent 1 are always 0 and are nowhere here.
struct Labels {
  std::vector<int> digits, searched, summed;
  Index multiplicity = 1; ///< of summed labels that no factor uses
};

Labels sort_labels(const Product &p) {
  Labels result;
  std::vector<int> placed;
  for (int q = 0; q < p.labels; ++q) {
    if (extent(p, q) == 1) continue;
    const bool used = std::any_of(p.factors.begin(), p.factors.end(),
                                  [&](const auto &f) { return f.map.stride[static_cast<std::size_t>(q)] != 0; });
    if (!p.summed(q))
      placed.push_back(q);
    else if (used)
      result.summed.push_back(q);
    else
      result.multiplicity *= extent(p, q);
  }
  const auto by_extent = [&](int a, int b) { return extent(p, a) < extent(p, b); };
  std::stable_sort(result.summed.begin(), result.summed.end(), by_extent); // the longest is the innermost loop
  std::stable_sort(placed.rbegin(), placed.rend(), by_extent);             // the longest should not be searched
  for (const int q : placed) {
    result.digits.push_back(q);
    if (nest(p, 0, result.digits) && nest(p, 1, result.digits)) continue;
    result.digits.pop_back();
    result.searched.push_back(q);
  }
  return result;
}

std::uint64_t inverse(Index b) { return std::numeric_limits<std::uint64_t>::max() / static_cast<std::uint64_t>(b); }

/// Builds the term of up to eight factors of a product.
class TermBuilder {
public:
  TermBuilder(const Product &p, const Labels &labels, std::size_t first_factor) : p_(p), first_(first_factor) {
    term_.scale = p.scale * static_cast<double>(labels.multiplicity);
    term_.parts = 1, term_.searches = 1, term_.sums = 1;
    term_.factors = static_cast<int>(std::min<std::size_t>(p.factors.size() - first_factor, Term::most_factors));
    for (int f = 0; f < term_.factors; ++f)
      term_.base[f] = factor(f).map.offset, term_.buffer[f] = factor(f).buffer;
    for (const int side : {0, 1})
      add_digits(side, labels.digits);
    for (const int q : labels.searched)
      add(loop(q)), term_.searches *= extent(p, q);
    term_.end[2] = count_;
    for (const int q : labels.summed)
      add(loop(q)), term_.sums *= q == labels.summed.back() ? 1 : extent(p, q);
    term_.end[3] = count_;
  }
  const Term &term() const { return term_; }

private:
  const Product::Factor &factor(int f) const { return p_.factors[first_ + static_cast<std::size_t>(f)]; }
  void add(const TermLabel &label) { term_.label[count_++] = label; }

  TermLabel loop(int q) const {
    TermLabel label{.extent = extent(p_, q),
                    .stride = {stride(p_, 0, q), stride(p_, 1, q)},
                    .inverse = inverse(extent(p_, q)),
                    .key = 0,
                    .step = {}};
    for (int f = 0; f < term_.factors; ++f)
      label.step[f] = factor(f).map.stride[static_cast<std::size_t>(q)];
    return label;
  }

  /// The digits of one side. A label that both sides have moves the factors' places by its digit of the column.
  void add_digits(int side, const std::vector<int> &digits) {
    term_.offset[side] = (side == 0 ? p_.row : p_.col).offset;
    for (const int q : along(p_, side, digits)) {
      TermLabel label = loop(q);
      const bool both = stride(p_, 0, q) != 0 && stride(p_, 1, q) != 0;
      if (both && side == 0) std::fill_n(label.step, Term::most_factors, 0);
      if (both) label.key = key_step(q, digits);
      if (label.stride[side] < 0) reverse(side, label);
      label.inverse = inverse(label.stride[side]);
      add(label);
    }
    term_.end[side] = count_;
  }

  /// The weight of a label in the keys, as a digit of a number that the labels of both sides make.
  Index key_step(int q, const std::vector<int> &digits) const {
    Index step = 1;
    for (const int before : digits) {
      if (before == q) break;
      if (stride(p_, 0, before) != 0 && stride(p_, 1, before) != 0) step *= extent(p_, before);
    }
    return step;
  }

  /// A label with a negative stride counts from its other end.
  void reverse(int side, TermLabel &label) {
    const Index last = label.extent - 1;
    term_.offset[side] += last * label.stride[side], label.stride[side] = -label.stride[side];
    term_.key[side] += last * label.key, label.key = -label.key;
    for (int f = 0; f < term_.factors; ++f)
      term_.base[f] += last * label.step[f], label.step[f] = -label.step[f];
  }

  const Product &p_;
  std::size_t first_;
  Term term_{};
  int count_ = 0;
};

/// The terms of a product: none, one, or as many as its factors need.
std::vector<Term> terms_of(const Product &p) {
  std::vector<Term> terms;
  for (int q = 0; q < p.labels; ++q)
    if (extent(p, q) == 0) return terms;
  Labels labels = sort_labels(p);
  const bool in_parts = p.factors.size() > Term::most_factors;
  if (in_parts) { // whose sums are not the sums of their parts
    labels.searched.insert(labels.searched.end(), labels.summed.begin(), labels.summed.end());
    labels.summed.clear();
  }
  for (std::size_t first = 0; first == 0 || first < p.factors.size(); first += Term::most_factors)
    terms.push_back(TermBuilder(p, labels, first).term());
  terms[0].parts = static_cast<int>(terms.size());
  return terms;
}

/// The terms of one launch, which numbers its buffers for itself.
struct Part {
  bool long_products = false;
  Index first = 0, count = 0;
  std::vector<int> buffers = {};

  /// Whether there is room for the buffers of more terms; then they are numbered.
  bool take(std::vector<Term> &terms, std::size_t room) {
    auto all = buffers;
    for (Term &t : terms)
      for (int f = 0; f < t.factors; ++f)
        if (std::find(all.begin(), all.end(), t.buffer[f]) == all.end()) all.push_back(t.buffer[f]);
    if (all.size() > room) return false;
    buffers = all;
    for (Term &t : terms)
      for (int f = 0; f < t.factors; ++f)
        t.buffer[f] = static_cast<int>(std::find(all.begin(), all.end(), t.buffer[f]) - all.begin());
    count += static_cast<Index>(terms.size());
    return true;
  }
};

template <class T> class CudaEmitter final : public Emitter<T> {
public:
  CudaEmitter(const Engine &engine, const Backend &backend, const Emission &emission)
      : engine_(engine), triangles_{emission.rows.triangle, emission.cols.triangle} {
    std::vector<Term> terms;
    for (const bool long_products : {false, true}) {
      parts_.push_back({.long_products = long_products, .first = static_cast<Index>(terms.size())});
      for (const Product &p : emission.products)
        if ((p.factors.size() > Term::most_factors) == long_products) append(terms, terms_of(p));
    }
    const std::size_t bytes = terms.size() * sizeof(Term);
    if (bytes == 0) return;
    terms_ = backend.pool().take(bytes);
    backend.transfer(terms_.data(), bytes, terms.data(), bytes, bytes, 1);
  }

  void run(std::span<const Buffer<T>> buffers, Index first_row, Index first_col, BatchView<T> y) const override {
    for (const Part &part : parts_) {
      if (part.count == 0 && &part != &parts_.front()) continue;
      EmissionWork<T> work{.side = {{first_row, triangles_[0]}, {first_col, triangles_[1]}},
                           .terms = static_cast<const Term *>(terms_.data()) + part.first,
                           .count = part.count,
                           .add = &part != &parts_.front(),
                           .buffer = {},
                           .step = {}};
      for (std::size_t b = 0; b < part.buffers.size(); ++b) {
        const Buffer<T> &buffer = buffers[static_cast<std::size_t>(part.buffers[b])];
        work.buffer[b] = buffer.data, work.step[b] = buffer.stride;
      }
      engine_.kernel("emission", [&](cudaStream_t s) {
        return part.long_products ? kernels::emit_long(work, entries(y), s) : kernels::emit(work, entries(y), s);
      });
    }
  }

private:
  static constexpr std::size_t room = EmissionWork<T>::most_buffers;

  void append(std::vector<Term> &all, std::vector<Term> terms) {
    if (!parts_.back().take(terms, room)) {
      parts_.push_back({.long_products = parts_.back().long_products, .first = static_cast<Index>(all.size())});
      if (!parts_.back().take(terms, room))
        throw ShapeError(fmt::format("a product of more than {} different arrays", room));
    }
    all.insert(all.end(), terms.begin(), terms.end());
  }

  const Engine &engine_;
  Index triangles_[2];
  std::vector<Part> parts_;
  Pool::Block terms_;
};

} // namespace

template <class T>
std::unique_ptr<Emitter<T>> emitter(const Engine &engine, const Backend &backend, Emission emission) {
  return std::make_unique<CudaEmitter<T>>(engine, backend, emission);
}

template std::unique_ptr<Emitter<float>> emitter(const Engine &, const Backend &, Emission);
template std::unique_ptr<Emitter<double>> emitter(const Engine &, const Backend &, Emission);

} // namespace kronvec::cuda
