#pragma once
/// The lines of tests/edges/table.tsv, and comparison of a result with what one expects.

#include "kronvec/kronvec.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace kronvec::testing {

/// The lines of the table without the two of its head; CMake writes them into a source.
extern const std::span<const std::string_view> edge_lines;

inline std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text)
    c == at ? void(parts.emplace_back()) : parts.back().push_back(c);
  return parts;
}

/// Rows of the entries of [a,b;c,d], or of one entry.
inline std::vector<std::vector<std::string>> entries_of(std::string text) {
  if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
  std::vector<std::vector<std::string>> rows;
  for (const std::string &row : split(text, ';'))
    rows.push_back(split(row, ','));
  return rows;
}

/// The shape 2x0 of a matrix without entries.
inline std::optional<Shape> empty_shape(const std::string &text) {
  const std::size_t x = text.find('x');
  if (x == std::string::npos) return std::nullopt;
  return Shape{std::stoll(text.substr(0, x)), std::stoll(text.substr(x + 1))};
}

/// What one entry should be, in more range than any type has.
struct Expected {
  enum Kind { number, negative_zero, either_infinity, anything };
  Kind kind = number;
  long double value = 0;
  long double size = 0; // what the tolerance is relative to
};

/// An entry of the table: its size is at least `scale`.
inline Expected expected_entry(const std::string &text, long double scale) {
  if (text == "?") return {.kind = Expected::anything};
  if (text == "±inf") return {.kind = Expected::either_infinity};
  if (text == "-0") return {.kind = Expected::negative_zero};
  const long double value = std::strtold(text.c_str(), nullptr);
  return {.value = value, .size = std::max(std::abs(value), scale)};
}

/// A matrix of expected entries, and the tolerance in units of eps.
struct ExpectedMatrix {
  Shape shape;
  std::vector<Expected> entries; // column by column
  long double tolerance = 0;

  const Expected &operator()(Index i, Index j) const { return entries[static_cast<std::size_t>(i + j * shape.rows)]; }
};

inline ExpectedMatrix expected_matrix(const std::string &text, const std::string &tolerance) {
  const std::vector<std::string> parts = split(tolerance, ' '); // "8" or "8 of 3.5"
  const long double factor = std::stold(parts[0]), scale = parts.size() == 3 ? std::stold(parts[2]) : 0;
  if (const auto shape = empty_shape(text)) return {*shape, {}, factor};
  const auto rows = entries_of(text);
  ExpectedMatrix m{{Index(rows.size()), Index(rows[0].size())}, {}, factor};
  for (std::size_t j = 0; j < rows[0].size(); ++j)
    for (const auto &row : rows)
      m.entries.push_back(expected_entry(row[j], scale));
  return m;
}

/// Whether x is what is expected of a T. Numbers beyond the largest are expected as infinities, and numbers below the
/// smallest normal one have its absolute error.
template <class T> bool is_expected(T x, const Expected &e, long double tolerance) {
  using Limits = std::numeric_limits<T>;
  if (e.kind == Expected::anything) return true;
  if (e.kind == Expected::either_infinity) return std::isinf(x);
  if (e.kind == Expected::negative_zero) return x == 0 && std::signbit(x);
  if (std::isnan(e.value)) return std::isnan(x);
  const long double largest = Limits::max(), size = std::max<long double>(e.size, Limits::min());
  const long double allowed = tolerance * Limits::epsilon() * size;
  if (std::isinf(x)) return std::signbit(x) == std::signbit(e.value) && std::abs(e.value) + allowed > largest;
  return std::abs(x - e.value) <= allowed; // false for NaN, and for an expected infinity
}

/// The first entry that is not as expected, in words; "" if there is none.
template <class T> std::string difference(const Matrix<T> &got, const ExpectedMatrix &expected) {
  std::ostringstream text;
  text.precision(std::numeric_limits<T>::max_digits10);
  if (got.shape().size() != expected.shape.size()) {
    text << "the shape is " << to_string(got.shape()) << ", not " << to_string(expected.shape);
    return text.str();
  }
  for (Index k = 0; k < got.shape().size(); ++k) {
    const Expected &e = expected.entries[static_cast<std::size_t>(k)];
    const T x = got.data()[k];
    if (is_expected(x, e, expected.tolerance)) continue;
    const Index rows = std::max<Index>(1, expected.shape.rows);
    text << "entry (" << k % rows << ", " << k / rows << ") is " << x << ", not ";
    e.kind == Expected::either_infinity ? text << "±inf"
    : e.kind == Expected::negative_zero ? text << "-0"
                                        : text << e.value;
    const long double size = std::max<long double>(e.size, std::numeric_limits<T>::min());
    if (std::isfinite(e.value) && std::isfinite(x) && e.kind == Expected::number)
      text.precision(2),
          text << " (" << double(std::abs(x - e.value) / size / std::numeric_limits<T>::epsilon()) << " eps)";
    return text.str();
  }
  return "";
}

/// What a way computes: a quantity, its product with the weights, the weights' product with it, or the same as the
/// gradient of a sum with the weights.
enum class Form { dense, apply, apply_transpose, gradient };

/// 1, −2, 3, …: the weights of the sum of entries whose Hessian the table has, and our tangents.
inline double weight(Index k) { return k % 2 ? -double(k + 1) : double(k + 1); }

/// e·w in the type T.
template <class T> Expected scaled(const Expected &e, long double w) {
  const long double size = std::max<long double>(e.size, std::numeric_limits<T>::min());
  return {.kind = e.kind, .value = e.value * w, .size = size * std::abs(w)};
}

/// Σ eₖ·w(k) in the type T: anything, if infinities or numbers beyond the largest meet others.
template <class T> Expected weighted_sum(const std::vector<Expected> &terms) {
  if (terms.size() == 1) return scaled<T>(terms[0], weight(0));
  Expected sum;
  for (std::size_t k = 0; k < terms.size(); ++k) {
    const Expected e = scaled<T>(terms[k], weight(Index(k)));
    const bool is_finite = e.kind == Expected::number && std::abs(e.value) < std::numeric_limits<T>::max();
    if (!is_finite) sum.kind = Expected::anything;
    sum.value += e.value;
    sum.size += e.size;
  }
  return sum;
}

/// What a way expects that computes a quantity in this form.
template <class T> ExpectedMatrix in_form(const ExpectedMatrix &m, Form form) {
  if (form == Form::dense) return m;
  const bool transposed = form != Form::apply;
  const auto [rows, cols] = m.shape;
  ExpectedMatrix y{{transposed ? cols : rows, 1}, {}, m.tolerance};
  for (Index i = 0; i < y.shape.rows; ++i) {
    std::vector<Expected> terms;
    for (Index k = 0; k < (transposed ? rows : cols); ++k)
      terms.push_back(transposed ? m(k, i) : m(i, k));
    y.entries.push_back(weighted_sum<T>(terms));
  }
  return y;
}

enum class Quantity { value, j, h };

/// The value of a symbol, as a text.
struct Bound {
  std::string name, text;

  Shape shape() const {
    if (const auto empty = empty_shape(text)) return *empty;
    const auto rows = entries_of(text);
    return {Index(rows.size()), Index(rows[0].size())};
  }
  template <class T> Matrix<T> matrix() const {
    const auto [rows, cols] = shape();
    Matrix<T> m(rows, cols);
    if (m.shape().size() == 0) return m;
    const auto entries = entries_of(text);
    for (Index j = 0; j < cols; ++j)
      for (Index i = 0; i < rows; ++i)
        m(i, j) = static_cast<T>(std::strtod(entries[std::size_t(i)][std::size_t(j)].c_str(), nullptr));
    return m;
  }
};

/// A line.
struct EdgeLine {
  int number; // in the file
  std::string function, expression, bindings, by, quantity, dtype, kind, expected, tolerance, source, reason;

  bool is_skipped() const { return expected == "-"; }
  bool is_refused() const { return expected == "error"; }
  bool is_of(std::string_view type) const { return dtype == "both" || dtype == type; }
  ExpectedMatrix matrix() const { return expected_matrix(expected, tolerance); }
  std::vector<Bound> bounds() const {
    std::vector<Bound> all;
    for (const std::string &part : split(bindings, ' ')) {
      const std::size_t equals = part.find('=');
      all.push_back({part.substr(0, equals), part.substr(equals + 1)});
    }
    return all;
  }
};

/// One function at one point: three lines, for the value, J and H.
struct Edge {
  std::vector<EdgeLine> lines;
  const EdgeLine &line(Quantity quantity) const { return lines[std::size_t(quantity)]; }
  const EdgeLine &value() const { return lines[0]; }
};

inline std::vector<Edge> read_edges() {
  std::vector<Edge> edges;
  for (int number = 3; const std::string_view text : edge_lines) {
    const std::vector<std::string> c = split(text, '\t');
    if (c[4] == "value") edges.emplace_back();
    edges.back().lines.push_back({number++, c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10]});
  }
  return edges;
}

} // namespace kronvec::testing
