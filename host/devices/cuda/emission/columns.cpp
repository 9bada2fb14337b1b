/// Prepares terms for the kernel `emit_columns`.

#include "devices/cuda/emission/columns.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <span>

namespace kronvec::cuda {
namespace {

using kernels::ColumnsWork;
using kernels::EmissionTerm;
using kernels::TermLabel;

constexpr double most = std::numeric_limits<int>::max();

std::span<const TermLabel> row_digits(const EmissionTerm &t) { return {t.label, t.label + t.end[0]}; }

/// Whether all labels of a term are digits, and keys and offsets in the factors fit in 32 bits.
bool suits(const EmissionTerm &t) {
  if (t.parts != 1 || t.end[1] != t.end[3]) return false;
  const auto reach = [&](auto step) {
    double sum = 0;
    for (const TermLabel &label : std::span(t.label, static_cast<std::size_t>(t.end[1])))
      sum += std::abs(static_cast<double>(step(label))) * static_cast<double>(label.extent);
    return sum;
  };
  if (reach([](const TermLabel &label) { return label.key; }) > most) return false;
  for (int f = 0; f < t.factors; ++f)
    if (reach([f](const TermLabel &label) { return label.step[f]; }) > most) return false;
  return true;
}

/// Number of factors that change from row to row. They come first.
int varying(const EmissionTerm &t) {
  int count = 0;
  for (const TermLabel &label : row_digits(t))
    for (int f = count; f < t.factors; ++f)
      if (label.step[f] != 0) count = f + 1;
  return count;
}

/// The condition of `emit_columns` for `whole`, for one term.
bool whole(const EmissionTerm &t, int vector) {
  const auto digits = row_digits(t);
  if (digits.empty() || t.offset[0] % vector != 0) return false;
  const TermLabel &last = digits.back();
  if (last.stride[0] != 1 || last.extent % vector != 0 || last.key != 0) return false;
  return std::all_of(digits.begin(), digits.end() - 1,
                     [&](const TermLabel &label) { return label.stride[0] % vector == 0; });
}

/// Number of loads that a thread saves if its columns are `apart` columns apart. Factors along the rows count most.
int spared(const std::vector<EmissionTerm> &terms, std::int64_t apart) {
  constexpr int along_rows = 4;
  int loads = 0;
  for (const EmissionTerm &t : terms)
    for (int f = 0; f < varying(t); ++f) {
      const bool moves = std::any_of(t.label + t.end[0], t.label + t.end[1], [&](const TermLabel &label) {
        return label.stride[1] == apart && label.step[f] != 0;
      });
      if (!moves) loads += row_digits(t).back().step[f] != 0 ? along_rows : 1;
    }
  return loads;
}

/// The stride of a column label that saves the most loads.
std::int64_t best_apart(const std::vector<EmissionTerm> &terms) {
  std::int64_t best = 1;
  for (const EmissionTerm &t : terms)
    for (int q = t.end[0]; q < t.end[1]; ++q)
      if (const std::int64_t stride = t.label[q].stride[1]; spared(terms, stride) > spared(terms, best)) best = stride;
  return best;
}

} // namespace

template <class T> std::optional<Columns<T>> columns_of(std::vector<EmissionTerm> terms) {
  using Work = ColumnsWork<T>;
  if (terms.size() > static_cast<std::size_t>(Work::max_terms)) return {};
  if (!std::all_of(terms.begin(), terms.end(), suits)) return {};
  Columns<T> result{};
  Work &work = result.work;
  work.whole = !terms.empty();
  for (const EmissionTerm &t : terms) {
    const auto small = [](int n) { return static_cast<std::int16_t>(n); };
    const int here = varying(t);
    work.counts[work.count++] = {small(here), small(t.factors), small(work.varying), small(work.total)};
    work.varying += here, work.total += t.factors;
    work.whole = work.whole && whole(t, Work::vector);
  }
  work.apart = best_apart(terms);
  const bool fits = work.total <= Work::max_factors && result.buffers.take(terms, Work::max_buffers) &&
                    kernels::min_shared_bytes(work) <= kernels::max_shared_bytes;
  if (!fits) return {};
  result.terms = std::move(terms);
  return result;
}

template <class T> bool whole_vectors(std::int64_t first_row, const kernels::Entries<T> &y) {
  constexpr int vector = ColumnsWork<T>::vector;
  return first_row % vector == 0 && reinterpret_cast<std::uintptr_t>(y.data) % 16 == 0 &&
         (y.cols <= 1 || y.ld % vector == 0) && (y.count <= 1 || y.stride % vector == 0);
}

template std::optional<Columns<float>> columns_of(std::vector<EmissionTerm>);
template std::optional<Columns<double>> columns_of(std::vector<EmissionTerm>);
template bool whole_vectors(std::int64_t, const kernels::Entries<float> &);
template bool whole_vectors(std::int64_t, const kernels::Entries<double> &);

} // namespace kronvec::cuda
