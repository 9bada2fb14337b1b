/// Reads values of symbols from the command line.

#include "cli/bindings.hpp"

#include "cli/output.hpp"
#include "core/free_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <limits>
#include <optional>
#include <sstream>

namespace kronvec::cli {
namespace {

constexpr std::string_view digits = "0123456789";

/// FNV-1a: the same on every machine, so that runs are reproducible.
std::uint64_t hash(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325;
  for (const char c : text)
    h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return h;
}

template <class Number> std::optional<Number> number(std::string_view text) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  while (text.ends_with(' '))
    text.remove_suffix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

bool is_number(std::string_view text) { return !text.empty() && text.find_first_not_of(digits) == text.npos; }

/// A number, or a letter for an unknown size.
bool is_size(std::string_view text) {
  return is_number(text) || (text.size() == 1 && text.front() >= 'a' && text.front() <= 'z');
}

bool is_name(std::string_view text) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
  return !text.empty() && text.find_first_not_of(letters) == text.npos && digits.find(text.front()) == digits.npos;
}

[[noreturn]] void malformed(const std::string &name, const std::string &text) {
  throw Error(fmt::format(
      "{}={}: a value is a .npy or .csv file, - (standard input), 4x3 or 4x3:SEED (random), [1,2;3,4], eye(4), "
      "zeros(4,3), ones(4,3) or a number",
      name, text));
}

void require_room(const std::string &name, const std::string &text, Shape shape, std::size_t element) {
  require_host_memory(static_cast<double>(shape.rows) * static_cast<double>(shape.cols) * static_cast<double>(element),
                      name + '=' + text);
}

template <class T> Matrix<T> literal(const std::string &name, const std::string &text) {
  const std::string_view inside = std::string_view(text).substr(1, text.size() - 2);
  const auto rows = split(inside, ';');
  const auto width = split(rows.front(), ',').size();
  Matrix<T> m(static_cast<Index>(rows.size()), static_cast<Index>(width));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto entries = split(rows[i], ',');
    if (entries.size() != width)
      throw Error(fmt::format("{}={}: row {} has {} entries, row 1 has {}", name, text, i + 1, entries.size(), width));
    for (std::size_t j = 0; j < width; ++j) {
      const auto entry = number<double>(entries[j]);
      if (!entry) throw Error(fmt::format("{}={}: '{}' is no number", name, text, entries[j]));
      m(static_cast<Index>(i), static_cast<Index>(j)) = static_cast<T>(*entry);
    }
  }
  return m;
}

template <class T> Matrix<T> filled(Index rows, Index cols, bool diagonal_only, double value) {
  Matrix<T> m(rows, cols);
  for (Index j = 0; j < cols; ++j)
    for (Index i = 0; i < rows; ++i)
      if (!diagonal_only || i == j) m(i, j) = static_cast<T>(value);
  return m;
}

} // namespace

std::istream &standard_input(const std::string &reader) {
  static std::string first;
  if (!first.empty())
    throw Error(fmt::format("standard input is read for {} and for {}; it can be read once", first, reader));
  first = reader;
  return std::cin;
}

std::optional<SizedText> sized_text(std::string_view text) {
  SizedText parts;
  if (const std::size_t colon = text.find(':'); colon != text.npos) {
    parts.seed = text.substr(colon + 1);
    if (!is_number(parts.seed)) return std::nullopt;
    text = text.substr(0, colon);
  }
  const std::size_t times = text.find('x', 1); // a size may be the letter x
  if (times == text.npos) return std::nullopt;
  parts.rows = text.substr(0, times), parts.cols = text.substr(times + 1);
  return is_size(parts.rows) && is_size(parts.cols) ? std::optional(parts) : std::nullopt;
}

namespace {

/// The number that a size in the value of `name` spells.
Index size_in(const std::string &name, const std::string &value, std::string_view size) {
  if (!is_number(size)) malformed(name, value);
  if (const auto n = number<Index>(size)) return *n;
  throw Error(
      fmt::format("{}={}: {} is more than the largest size, {}", name, value, size, std::numeric_limits<Index>::max()));
}

/// 4x3 or 4x3:SEED, random numbers.
template <class T> Matrix<T> random(const std::string &name, const std::string &text, const SizedText &parts) {
  const Shape shape{size_in(name, text, parts.rows), size_in(name, text, parts.cols)};
  const std::uint64_t seed = parts.seed.empty() ? hash(name.substr(name.find_first_not_of('-')))
                                                : static_cast<std::uint64_t>(size_in(name, text, parts.seed));
  require_room(name, text, shape, sizeof(T));
  return Matrix<T>::random(shape.rows, shape.cols, seed);
}

/// eye(4), zeros(4,3) or ones(4,3), if the text is one of them.
template <class T> std::optional<Matrix<T>> special(const std::string &name, const std::string &text) {
  const std::size_t open = text.find('(');
  if (open == text.npos || text.back() != ')') return std::nullopt;
  const std::string_view word = std::string_view(text).substr(0, open);
  if (word != "eye" && word != "zeros" && word != "ones") return std::nullopt;
  const auto sizes = split(std::string_view(text).substr(open + 1, text.size() - open - 2), ',');
  const bool eye = word == "eye";
  if (sizes.size() != (eye ? 1 : 2)) malformed(name, text);
  const Shape shape{size_in(name, text, sizes.front()), size_in(name, text, sizes.back())};
  require_room(name, text, shape, sizeof(T));
  return filled<T>(shape.rows, shape.cols, eye, word == "zeros" ? 0 : 1);
}

} // namespace

template <class T> Matrix<T> value_of(const std::string &name, const std::string &text) {
  if (text == standard) return read_matrix<T>(standard_input(name), "standard input");
  if (text.ends_with(".npy") || text.ends_with(".csv")) return read_matrix<T>(text);
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') return literal<T>(name, text);
  if (const auto value = number<double>(text)) return filled<T>(1, 1, false, *value);
  if (const auto parts = sized_text(text)) return random<T>(name, text, *parts);
  if (auto matrix = special<T>(name, text)) return std::move(*matrix);
  if (text.find('.') != std::string::npos || text.find('/') != std::string::npos) return read_matrix<T>(text);
  malformed(name, text);
}

std::map<std::string, std::string> named_values(const std::vector<std::string> &arguments) {
  std::map<std::string, std::string> values;
  for (const std::string &argument : arguments) {
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    if (equals == std::string::npos || !is_name(name))
      throw Error(fmt::format("'{}' is no binding; one is NAME=VALUE, as in X=x.npy", argument));
    if (!values.emplace(name, argument.substr(equals + 1)).second) throw Error("'" + name + "' is bound twice");
  }
  return values;
}

template <class T>
Bindings<T> bindings_of(const std::vector<std::string> &arguments, Index points, const std::set<std::string> &varying) {
  Bindings<T> bindings;
  for (const auto &[name, text] : named_values(arguments)) {
    Matrix<T> matrix = value_of<T>(name, text);
    const Index parts = varying.contains(name) ? points : 1;
    if (matrix.cols() % parts != 0)
      throw Error(fmt::format("--points {}: {} has {} columns, which are not {} values side by side", points, name,
                              matrix.cols(), points));
    bindings.symbols.emplace(name, Symbol(name, matrix.rows(), matrix.cols() / parts));
    bindings.matrices.emplace(name, std::move(matrix));
  }
  return bindings;
}

std::vector<std::string> names_in(const std::string &list) {
  std::vector<std::string> names;
  std::istringstream text(list);
  for (std::string name; std::getline(text, name, ',');)
    names.push_back(name);
  return names;
}

void note_unused(const Symbols &bound, const std::string &expression, const std::string &also) {
  const auto used = free_names(expression);
  const auto others = names_in(also);
  for (const auto &[name, symbol] : bound)
    if (!used.contains(name) && std::ranges::find(others, name) == others.end())
      say("kronvec: note: '{}' does not occur in the expression", name);
}

template Matrix<float> value_of(const std::string &, const std::string &);
template Matrix<double> value_of(const std::string &, const std::string &);
template Bindings<float> bindings_of(const std::vector<std::string> &, Index, const std::set<std::string> &);
template Bindings<double> bindings_of(const std::vector<std::string> &, Index, const std::set<std::string> &);

} // namespace kronvec::cli
