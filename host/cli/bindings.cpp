/// Reads values of symbols from the command line.

#include "cli/bindings.hpp"

#include "cli/output.hpp"
#include "core/free_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <optional>
#include <regex>
#include <sstream>

namespace kronvec::cli {
namespace {

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

template <class T> Matrix<T> value_of(const std::string &name, const std::string &text) {
  static const std::regex random("([0-9]+)x([0-9]+)(:([0-9]+))?"),
      special("(eye|zeros|ones)\\(([0-9]+)(,([0-9]+))?\\)");
  if (text == standard) return read_matrix<T>(standard_input(name), "standard input");
  if (text.ends_with(".npy") || text.ends_with(".csv")) return read_matrix<T>(text);
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') return literal<T>(name, text);
  if (const auto value = number<double>(text)) return filled<T>(1, 1, false, *value);
  std::smatch parts;
  const auto size = [&](std::size_t part) {
    const auto value = number<Index>(std::string_view(text).substr(static_cast<std::size_t>(parts.position(part)),
                                                                   static_cast<std::size_t>(parts.length(part))));
    if (!value) malformed(name, text);
    return *value;
  };
  if (std::regex_match(text, parts, random)) {
    require_room(name, text, {size(1), size(2)}, sizeof(T));
    const std::uint64_t seed =
        parts[4].matched ? static_cast<std::uint64_t>(size(4)) : hash(name.substr(name.find_first_not_of('-')));
    return Matrix<T>::random(size(1), size(2), seed);
  }
  if (std::regex_match(text, parts, special)) {
    const bool eye = parts[1] == "eye";
    if (eye == parts[4].matched) malformed(name, text);
    const Index rows = size(2), cols = eye ? rows : size(4);
    require_room(name, text, {rows, cols}, sizeof(T));
    return filled<T>(rows, cols, eye, parts[1] == "zeros" ? 0 : 1);
  }
  if (text.find('.') != std::string::npos || text.find('/') != std::string::npos) return read_matrix<T>(text);
  malformed(name, text);
}

std::map<std::string, std::string> named_values(const std::vector<std::string> &arguments) {
  static const std::regex name_of("[A-Za-z_][A-Za-z0-9_]*");
  std::map<std::string, std::string> values;
  for (const std::string &argument : arguments) {
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    if (equals == std::string::npos || !std::regex_match(name, name_of))
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
