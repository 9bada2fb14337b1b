/// Reads comma-separated text.

#include "io/file.hpp"
#include "io/npy.hpp"
#include "kronvec/io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <istream>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {
namespace {

constexpr std::string_view blank = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// The fields of a line, separated by commas or semicolons if there are any, otherwise by blanks.
std::vector<std::string_view> fields(std::string_view line) {
  const bool separated = line.find_first_of(",;") != std::string_view::npos;
  std::vector<std::string_view> result;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = std::min(line.find_first_of(separated ? std::string_view(",;") : blank, at), line.size());
    const std::string_view field = trimmed(line.substr(at, end - at));
    if (separated || !field.empty()) result.push_back(field);
    at = end + 1;
  }
  return result;
}

std::optional<double> number(std::string_view field) {
  if (field.starts_with('+')) field.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc{} || end != field.data() + field.size() || field.empty()) return std::nullopt;
  return value;
}

/// The numbers of a line, or nothing for a line of names. Throws IoError for one bad field among numbers.
std::optional<std::vector<double>> row_of(std::string_view line, std::size_t line_number, bool may_be_names,
                                          const std::string &name) {
  std::vector<double> row;
  std::size_t column = 0, bad = 0;
  std::string_view wrong;
  for (const std::string_view field : fields(line)) {
    ++column;
    if (const auto value = number(field)) {
      row.push_back(*value);
    } else if (!bad) {
      bad = column, wrong = field;
    }
  }
  if (!bad) return row;
  if (may_be_names && row.empty()) return std::nullopt;
  throw IoError(fmt::format("{}: line {}, column {}: '{}' is no number", name, line_number, bad, wrong));
}

} // namespace

template <class T> Matrix<T> parse_csv(const std::string &bytes, const std::string &name) {
  std::string_view rest(bytes);
  if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3); // a byte-order mark
  std::vector<std::vector<double>> rows;
  bool names_seen = false;
  for (std::size_t line_number = 1; !rest.empty(); ++line_number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty() || line.starts_with('#')) continue;
    auto row = row_of(line, line_number, rows.empty() && !names_seen, name);
    if (!row) {
      names_seen = true;
      continue;
    }
    if (!rows.empty() && row->size() != rows.front().size())
      throw IoError(fmt::format("{}: line {} has {} numbers, the first row has {}", name, line_number, row->size(),
                                rows.front().size()));
    rows.push_back(std::move(*row));
  }
  if (rows.empty()) throw IoError(name + ": no numbers in it");
  auto m = Matrix<T>::uninitialized(static_cast<Index>(rows.size()), static_cast<Index>(rows.front().size()));
  for (Index i = 0; i < m.rows(); ++i)
    for (Index j = 0; j < m.cols(); ++j)
      m(i, j) = static_cast<T>(rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)]);
  return m;
}

template Matrix<float> parse_csv(const std::string &, const std::string &);
template Matrix<double> parse_csv(const std::string &, const std::string &);

template <class T> Matrix<T> read_matrix(const std::filesystem::path &path) {
  const std::string extension = path.extension().string();
  if (extension != ".npy" && extension != ".csv")
    throw IoError("cannot read " + path.string() + ": a matrix comes from a .npy or a .csv file");
  const std::string bytes = read_file(path);
  return extension == ".npy" ? parse_npy<T>(bytes, path.string()) : parse_csv<T>(bytes, path.string());
}

template <class T> Matrix<T> read_matrix(std::istream &in, const std::string &name) {
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  return bytes.starts_with("\x93NUMPY") ? parse_npy<T>(bytes, name) : parse_csv<T>(bytes, name);
}

template Matrix<float> read_matrix(std::istream &, const std::string &);
template Matrix<double> read_matrix(std::istream &, const std::string &);
template Matrix<float> read_matrix(const std::filesystem::path &);
template Matrix<double> read_matrix(const std::filesystem::path &);

} // namespace kronvec
