/// Reads and writes .npy files.

#include "io/npy.hpp"

#include "kronvec/io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ostream>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {
namespace {

/// The header's Python dictionary; three of its keys matter.
struct Header {
  std::string descr;
  bool fortran_order = false;
  std::vector<Index> shape;
  std::size_t data = 0; ///< offset of the entries
};

class HeaderParser {
public:
  HeaderParser(std::string_view text, const std::string &name) : text_(text), name_(name) {}

  Header parse() {
    Header header;
    int keys = 0;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr") {
        header.descr = quoted(), keys |= 1;
      } else if (key == "fortran_order") {
        header.fortran_order = boolean(), keys |= 2;
      } else if (key == "shape") {
        header.shape = tuple(), keys |= 4;
      } else {
        fail("the header has an unknown key");
      }
      if (!accept(',') && peek() != '}') fail("the header is malformed");
    }
    if (peek(); at_ != text_.size()) fail("the header has something after its dictionary");
    if (keys != 7) fail("the header lacks descr, fortran_order or shape");
    return header;
  }

private:
  [[noreturn]] void fail(const char *what) const { throw IoError(fmt::format("{}: {}", name_, what)); }

  /// Skips blanks, and returns the next character; at the end, a zero.
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n'))
      ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) { return peek() == c && c ? (++at_, true) : false; }
  void expect(char c) {
    if (!accept(c)) fail("the header is malformed");
  }

  std::string quoted() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail("the header is malformed (a structured type is not supported)");
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("the header is malformed");
    const std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }

  bool boolean() {
    for (const auto &[word, value] : {std::pair{std::string_view("True"), true}, {std::string_view("False"), false}})
      if (peek(), text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return value;
      }
    fail("the header is malformed");
  }

  std::vector<Index> tuple() {
    std::vector<Index> sizes;
    expect('(');
    while (!accept(')')) {
      Index size = 0;
      peek();
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), size);
      if (error != std::errc{} || size < 0) fail("the header's shape is malformed");
      at_ = static_cast<std::size_t>(end - text_.data());
      sizes.push_back(size);
      if (!accept(',') && peek() != ')') fail("the header's shape is malformed");
    }
    return sizes;
  }

  std::string_view text_;
  const std::string &name_;
  std::size_t at_ = 0;
};

Header header_of(const std::string &bytes, const std::string &name) {
  const auto fail = [&](const char *what) { throw IoError(fmt::format("{}: {}", name, what)); };
  if (bytes.size() < 10 || bytes.compare(0, 6, "\x93NUMPY") != 0) fail("not a .npy file");
  const int version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3) fail("a .npy file of an unknown version");
  const std::size_t width = version == 1 ? 2 : 4;
  std::size_t length = 0;
  if (bytes.size() < 8 + width) fail("the file is truncated");
  for (std::size_t i = 0; i < width; ++i)
    length |= std::size_t(static_cast<unsigned char>(bytes[8 + i])) << (8 * i);
  if (length > bytes.size() - 8 - width) fail("the file is truncated: its header is longer than the file");
  Header header = HeaderParser(std::string_view(bytes).substr(8 + width, length), name).parse();
  header.data = 8 + width + length;
  return header;
}

/// Reads one entry of type U, in either byte order, as T.
template <class U, class T> T load(const char *at, bool swap) {
  char raw[sizeof(U)];
  std::memcpy(raw, at, sizeof(U));
  if (swap) std::reverse(raw, raw + sizeof(U));
  U value;
  std::memcpy(&value, raw, sizeof(U));
  return static_cast<T>(value);
}

template <class T> struct Loader {
  std::string_view type;
  std::size_t size;
  T (*load)(const char *, bool);
};

template <class T> constexpr Loader<T> loaders[] = {
    {"f4", 4, load<float, T>},         {"f8", 8, load<double, T>},        {"i1", 1, load<std::int8_t, T>},
    {"i2", 2, load<std::int16_t, T>},  {"i4", 4, load<std::int32_t, T>},  {"i8", 8, load<std::int64_t, T>},
    {"u1", 1, load<std::uint8_t, T>},  {"u2", 2, load<std::uint16_t, T>}, {"u4", 4, load<std::uint32_t, T>},
    {"u8", 8, load<std::uint64_t, T>}, {"b1", 1, load<std::uint8_t, T>},
};

template <class T> const Loader<T> &loader_of(const Header &header, const std::string &name) {
  const std::string_view order = std::string_view(header.descr).substr(0, 1);
  if (header.descr.size() == 3 && std::string_view("<>=|").find(order) != std::string_view::npos)
    for (const Loader<T> &loader : loaders<T>)
      if (loader.type == std::string_view(header.descr).substr(1)) return loader;
  throw IoError(
      fmt::format("{}: entries of type '{}'; float32, float64, integers and booleans can be read", name, header.descr));
}

Shape shape_of(const Header &header, const std::string &name) {
  switch (header.shape.size()) {
  case 0:
    return {1, 1};
  case 1:
    return {header.shape[0], 1};
  case 2:
    return {header.shape[0], header.shape[1]};
  default:
    throw IoError(fmt::format("{}: an array of {} dimensions is no matrix", name, header.shape.size()));
  }
}

std::string npy_header(Shape shape, std::size_t element) {
  std::string text =
      fmt::format("{{'descr': '<f{}', 'fortran_order': True, 'shape': ({}, {}), }}", element, shape.rows, shape.cols);
  text.resize((10 + text.size() + 1 + 63) / 64 * 64 - 10 - 1, ' ');
  text += '\n';
  const std::size_t length = text.size();
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(length & 0xff) + static_cast<char>(length >> 8) + text;
}

} // namespace

template <class T> Matrix<T> parse_npy(const std::string &bytes, const std::string &name) {
  const Header header = header_of(bytes, name);
  const Loader<T> &loader = loader_of<T>(header, name);
  const Shape shape = shape_of(header, name);
  Index size = 0, length = 0;
  const bool counted = !__builtin_mul_overflow(shape.rows, shape.cols, &size) &&
                       !__builtin_mul_overflow(size, static_cast<Index>(loader.size), &length);
  const std::size_t present = bytes.size() - header.data;
  if (!counted || static_cast<std::size_t>(length) != present)
    throw IoError(fmt::format("{}: {} entries of {} bytes do not make the {} bytes that the file holds", name,
                              to_string(shape), loader.size, present));
  const bool swap = (header.descr[0] == '>') == (std::endian::native == std::endian::little) && loader.size > 1;
  auto m = Matrix<T>::uninitialized(shape.rows, shape.cols);
  const char *at = bytes.data() + header.data;
  for (Index k = 0; k < size; ++k, at += loader.size) {
    const Index to = header.fortran_order ? k : k / shape.cols + k % shape.cols * shape.rows;
    m.data()[to] = loader.load(at, swap);
  }
  return m;
}

template Matrix<float> parse_npy(const std::string &, const std::string &);
template Matrix<double> parse_npy(const std::string &, const std::string &);

NpyFile::NpyFile(const std::filesystem::path &path, Shape shape, std::size_t element)
    : file_(path), shape_(shape), element_(element) {
  static_assert(std::endian::native == std::endian::little);
  const std::string header = npy_header(shape, element);
  file_.write(header);
  data_ = header.size();
}

void NpyFile::require_space() const {
  file_.require_space(static_cast<double>(data_) + static_cast<double>(shape_.rows) * static_cast<double>(shape_.cols) *
                                                       static_cast<double>(element_));
}

template <class T> void NpyFile::write(Index row, Index col, MatrixView<const T> block) {
  const auto bytes = [](Index elements) { return static_cast<std::size_t>(elements) * sizeof(T); };
  const auto run = [&](Index j, Index length) {
    file_.write_at(data_ + bytes(row + (col + j) * shape_.rows),
                   {reinterpret_cast<const char *>(block.data() + j * block.ld()), bytes(length)});
  };
  if (block.packed() && block.rows() == shape_.rows) return run(0, block.shape().size());
  for (Index j = 0; j < block.cols(); ++j)
    run(j, block.rows());
}

template void NpyFile::write(Index, Index, MatrixView<const float>);
template void NpyFile::write(Index, Index, MatrixView<const double>);

template <class T> void write_npy(const std::filesystem::path &path, MatrixView<const T> m) {
  NpyFile file(path, m.shape(), sizeof(T));
  file.write(0, 0, m);
  file.commit();
}

template <class T> void write_npy(std::ostream &out, MatrixView<const T> m) {
  out << npy_header(m.shape(), sizeof(T));
  for (Index j = 0; j < m.cols(); ++j)
    out.write(reinterpret_cast<const char *>(m.data() + j * m.ld()),
              static_cast<std::streamsize>(static_cast<std::size_t>(m.rows()) * sizeof(T)));
  if (!out.flush()) throw IoError(std::string("cannot write a .npy file to a stream: ") + std::strerror(errno));
}

template <class T> void write_npy(const std::filesystem::path &path, const Matrix<T> &m) {
  if (m.device().is_host()) return write_npy<T>(path, m.view());
  write_npy<T>(path, m.to(Device::cpu()).view());
}

template void write_npy(std::ostream &, MatrixView<const float>);
template void write_npy(std::ostream &, MatrixView<const double>);
template void write_npy(const std::filesystem::path &, MatrixView<const float>);
template void write_npy(const std::filesystem::path &, MatrixView<const double>);
template void write_npy(const std::filesystem::path &, const Matrix<float> &);
template void write_npy(const std::filesystem::path &, const Matrix<double> &);

} // namespace kronvec
