/// Reads comma-separated text.

#include "io/file.hpp"
#include "io/npy.hpp"
#include "kronvec/io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <istream>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {
namespace {

constexpr std::string_view blank = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// The fields of a line: separated by semicolons if there are any, otherwise by commas, otherwise by blanks.
std::vector<std::string_view> fields(std::string_view line) {
  const auto has = [&](char c) { return line.find(c) != std::string_view::npos; };
  const std::string_view separator = has(';') ? ";" : has(',') ? "," : blank;
  std::vector<std::string_view> result;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = std::min(line.find_first_of(separator, at), line.size());
    const std::string_view field = trimmed(line.substr(at, end - at));
    if (separator != blank || !field.empty()) result.push_back(field);
    at = end + 1;
  }
  return result;
}

bool is_quoted(std::string_view field) { return field.size() > 1 && field.starts_with('"') && field.ends_with('"'); }
std::string_view unquoted(std::string_view field) {
  return is_quoted(field) ? trimmed(field.substr(1, field.size() - 2)) : field;
}

std::optional<double> number(std::string_view field) {
  if (field.starts_with('+')) field.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc{} || end != field.data() + field.size() || field.empty()) return std::nullopt;
  return value;
}

/// Whether a field is a name, not a number in another notation or the sign of a missing one.
bool is_name(std::string_view field) {
  constexpr std::string_view before_digits[] = {"+", "-", "−", ".", "(", "<", ">", "~", "$", "€", "£", "#", "'"};
  constexpr std::string_view missing[] = {"", "na", "n/a", "null", "none", "nil", "?"};
  field = unquoted(field);
  if (number(field)) return false;
  const auto begins = [&](std::string_view mark) { return field.starts_with(mark); };
  for (auto mark = std::ranges::find_if(before_digits, begins); mark != std::end(before_digits);
       mark = std::ranges::find_if(before_digits, begins))
    field = trimmed(field.substr(mark->size()));
  std::string word(field);
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(missing, word) == std::end(missing) && !std::isdigit(static_cast<unsigned char>(word[0]));
}

/// Why a field is no number.
std::string complaint(std::string_view field) {
  if (field.empty()) return "the field is empty";
  const bool comma = field.find(',') != std::string_view::npos;
  return fmt::format("'{}' is no number{}", field, comma ? " (decimals have a point)" : "");
}

/// A line of a file.
class Line {
public:
  Line(std::string_view text, std::size_t number_of_line, const std::string &name)
      : fields_(fields(text)), number_(number_of_line), name_(name) {}

  std::size_t number() const { return number_; }
  /// Whether it has names, and nothing else.
  bool is_heading() const {
    const auto fits = [](std::string_view field) { return field.empty() || is_name(field); };
    return std::ranges::all_of(fields_, fits) && std::ranges::any_of(fields_, is_name);
  }
  bool is_quoted() const { return std::ranges::all_of(fields_, kronvec::is_quoted); }
  /// Its numbers. Throws IoError.
  std::vector<double> row() const {
    std::vector<double> row;
    for (const std::string_view field : fields_) {
      const auto value = kronvec::number(unquoted(field));
      if (!value)
        throw IoError(fmt::format("{}: line {}, column {}: {}", name_, number_, row.size() + 1, complaint(field)));
      row.push_back(*value);
    }
    return row;
  }

private:
  std::vector<std::string_view> fields_;
  std::size_t number_;
  const std::string &name_;
};

/// Throws IoError if the first line may be data or a heading such as "2023","2024".
void require_no_heading(const Line &first, const Line &second, const std::string &name) {
  if (first.is_quoted() && !second.is_quoted())
    throw IoError(fmt::format("{}: line {} has quotes around its numbers, and line {} has not: is it a heading?", name,
                              first.number(), second.number()));
}

} // namespace

template <class T> Matrix<T> parse_csv(const std::string &bytes, const std::string &name) {
  std::string_view rest(bytes);
  if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3); // a byte-order mark
  std::vector<std::vector<double>> rows;
  bool begun = false;
  std::optional<Line> first; // the first line, unless it is a heading
  for (std::size_t line_number = 1; !rest.empty(); ++line_number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view text = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (text.empty() || text.starts_with('#')) continue;
    const Line line(text, line_number, name);
    if (!std::exchange(begun, true)) {
      if (line.is_heading()) continue;
      first.emplace(line);
    }
    auto row = line.row();
    if (first && rows.size() == 1) require_no_heading(*first, line, name);
    if (!rows.empty() && row.size() != rows.front().size())
      throw IoError(fmt::format("{}: line {} has {} numbers, the first row has {}", name, line_number, row.size(),
                                rows.front().size()));
    rows.push_back(std::move(row));
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
