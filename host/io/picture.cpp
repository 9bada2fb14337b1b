/// Draws matrices as PNG pictures.

#include "io/file.hpp"
#include "kronvec/io.hpp"

#include <png.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {
namespace {

constexpr Index longest_side = 1000; ///< pixels

using Colour = std::array<std::uint8_t, 3>;
constexpr Colour nan_colour{128, 128, 128}, grid_colour{225, 225, 225}, frame_colour{90, 90, 90};

/// White at 0, through light and full red (positive) or blue (negative), to dark at ±largest. The cube root makes small
/// entries visible; any nonzero entry has a depth of at least a tenth.
Colour colour(double x, double largest) {
  if (std::isnan(x)) return nan_colour;
  if (x == 0) return {255, 255, 255};
  const double size = std::isinf(x) || largest == 0 ? 1 : std::cbrt(std::abs(x) / largest);
  const double depth = 0.1 + 0.9 * std::min(size, 1.0);
  const auto fade = [&](double full) { return static_cast<std::uint8_t>(std::lround(255 - depth * (255 - full))); };
  return x > 0 ? Colour{fade(178), fade(10), fade(32)} : Colour{fade(20), fade(70), fade(170)};
}

/// The entry that a pixel shows of two: NaN if one is NaN, otherwise the one of greater absolute value.
double stronger(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  return std::abs(b) > std::abs(a) ? b : a;
}

/// The matrix reduced to at most `longest_side` entries per side; each entry is the strongest of those it covers.
template <class T> Matrix<double> pooled(MatrixView<const T> m) {
  const Index longest = std::max(m.rows(), m.cols());
  const Index box = std::max<Index>(1, (longest + longest_side - 1) / longest_side);
  Matrix<double> small((m.rows() + box - 1) / box, (m.cols() + box - 1) / box);
  for (Index j = 0; j < m.cols(); ++j)
    for (Index i = 0; i < m.rows(); ++i) {
      double &pixel = small(i / box, j / box);
      pixel = stronger(pixel, m(i, j));
    }
  return small;
}

double largest_finite(const Matrix<double> &m) {
  double largest = 0;
  for (Index k = 0; k < m.shape().size(); ++k)
    if (std::isfinite(m.data()[k])) largest = std::max(largest, std::abs(m.data()[k]));
  return largest;
}

/// Pixels, row by row.
class Canvas {
public:
  Canvas(Index width, Index height)
      : width_(width), height_(height), bytes_(static_cast<std::size_t>(3 * width * height), 255) {}
  void set(Index x, Index y, Colour c) { std::copy(c.begin(), c.end(), bytes_.begin() + 3 * (x + y * width_)); }
  void fill(Index x, Index y, Index width, Index height, Colour c) {
    for (Index v = y; v < y + height; ++v)
      for (Index u = x; u < x + width; ++u)
        set(u, v, c);
  }
  Index width() const { return width_; }
  Index height() const { return height_; }

  /// The picture as the bytes of a PNG file.
  std::vector<char> png() const {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(width_), image.height = static_cast<png_uint_32>(height_);
    image.format = PNG_FORMAT_RGB;
    png_alloc_size_t size = 0;
    const bool measured = png_image_write_to_memory(&image, nullptr, &size, 0, bytes_.data(), 0, nullptr);
    std::vector<char> file(size);
    if (!measured || !png_image_write_to_memory(&image, file.data(), &size, 0, bytes_.data(), 0, nullptr))
      throw IoError(std::string("cannot draw the picture: ") + image.message);
    file.resize(size);
    return file;
  }

private:
  Index width_, height_;
  std::vector<std::uint8_t> bytes_;
};

Canvas draw(const Matrix<double> &m) {
  const Index longest = std::max<Index>({m.rows(), m.cols(), 1});
  const Index cell = std::max<Index>(1, std::min<Index>(longest_side * 4 / 5 / longest, 80));
  const Index grid = cell >= 8 ? 1 : 0, frame = 2;
  // A single row or column gets thicker cells, so that it is visible.
  const Index across = std::max(cell, m.cols() == 1 ? Index(8) : cell),
              down = std::max(cell, m.rows() == 1 ? Index(8) : cell);
  Canvas canvas(m.cols() * across + 2 * frame, m.rows() * down + 2 * frame);
  canvas.fill(0, 0, canvas.width(), canvas.height(), frame_colour);
  const double largest = largest_finite(m);
  for (Index j = 0; j < m.cols(); ++j)
    for (Index i = 0; i < m.rows(); ++i) {
      const Index x = frame + j * across, y = frame + i * down;
      canvas.fill(x, y, across, down, grid_colour);
      canvas.fill(x, y, across - grid, down - grid, colour(m(i, j), largest));
    }
  return canvas;
}

} // namespace

template <class T> void write_picture(const std::filesystem::path &path, MatrixView<const T> m) {
  NewFile file(path);
  file.write(draw(pooled(m)).png());
  file.commit();
}

template <class T> void write_picture(const std::filesystem::path &path, const Matrix<T> &m) {
  if (m.device().is_host()) return write_picture<T>(path, m.view());
  write_picture<T>(path, m.to(Device::cpu()).view());
}

template void write_picture(const std::filesystem::path &, MatrixView<const float>);
template void write_picture(const std::filesystem::path &, MatrixView<const double>);
template void write_picture(const std::filesystem::path &, const Matrix<float> &);
template void write_picture(const std::filesystem::path &, const Matrix<double> &);

} // namespace kronvec
