/// Draws matrices as PNG pictures.

#include "io/file.hpp"
#include "kronvec/io.hpp"

#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {
namespace {

constexpr Index longest_side = 1000, frame = 2; ///< pixels

using Colour = std::array<std::uint8_t, 3>;
constexpr Colour nan_colour{128, 128, 128}, grid_colour{225, 225, 225}, frame_colour{90, 90, 90},
    text_colour{60, 60, 60}, faint_colour{205, 205, 205};

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

/// How many entries a pixel covers along each side.
Index entries_per_pixel(Shape shape) {
  return std::max<Index>(1, (std::max(shape.rows, shape.cols) + longest_side - 1) / longest_side);
}

/// The matrix reduced to at most `longest_side` entries per side; each entry is the strongest of those it covers.
template <class T> Matrix<double> pooled(MatrixView<const T> m) {
  const Index box = entries_per_pixel(m.shape());
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

/// A character of 3×5 dots: five rows of three bits, the top row first.
constexpr Index dot = 2, glyph_width = 4 * dot, glyph_height = 5 * dot;
constexpr std::pair<char, std::array<std::uint8_t, 5>> glyphs[] = {
    {'0', {7, 5, 5, 5, 7}}, {'1', {2, 6, 2, 2, 7}}, {'2', {7, 1, 7, 4, 7}}, {'3', {7, 1, 7, 1, 7}},
    {'4', {5, 5, 7, 1, 1}}, {'5', {7, 4, 7, 1, 7}}, {'6', {7, 4, 7, 5, 7}}, {'7', {7, 1, 1, 2, 2}},
    {'8', {7, 5, 7, 5, 7}}, {'9', {7, 5, 7, 1, 7}}, {'-', {0, 0, 7, 0, 0}}, {'+', {0, 2, 7, 2, 0}},
    {'.', {0, 0, 0, 0, 2}}, {'e', {0, 7, 5, 6, 7}}};

/// Writes a number whose middle is at height y.
void write(Canvas &canvas, Index x, Index y, const std::string &text) {
  for (const char c : text) {
    const auto *glyph = std::find_if(std::begin(glyphs), std::end(glyphs), [&](auto &g) { return g.first == c; });
    for (Index row = 0; glyph != std::end(glyphs) && row < 5; ++row)
      for (Index column = 0; column < 3; ++column)
        if (glyph->second[static_cast<std::size_t>(row)] >> (2 - column) & 1)
          canvas.fill(x + column * dot, y - glyph_height / 2 + row * dot, dot, dot, text_colour);
    x += glyph_width;
  }
}

/// The part of the picture that shows the entries.
struct Cells {
  Index cell, across, down, width, height;
  explicit Cells(Shape m) {
    const Index longest = std::max<Index>({m.rows, m.cols, 1});
    cell = std::max<Index>(1, std::min<Index>(longest_side * 4 / 5 / longest, 80));
    // A single row or column gets thicker cells, so that it is visible.
    across = std::max(cell, m.cols == 1 ? Index(8) : cell), down = std::max(cell, m.rows == 1 ? Index(8) : cell);
    width = m.cols * across + 2 * frame, height = m.rows * down + 2 * frame;
  }
};

void draw_entries(Canvas &canvas, const Matrix<double> &m, const Cells &cells, double largest) {
  const Index grid = cells.cell >= 8 ? 1 : 0;
  canvas.fill(0, 0, cells.width, cells.height, frame_colour);
  for (Index j = 0; j < m.cols(); ++j)
    for (Index i = 0; i < m.rows(); ++i) {
      const Index x = frame + j * cells.across, y = frame + i * cells.down;
      canvas.fill(x, y, cells.across, cells.down, grid_colour);
      canvas.fill(x, y, cells.across - grid, cells.down - grid, colour(m(i, j), largest));
    }
}

/// Lines between blocks, unless they would be closer than a few pixels. `box`: entries per pixel.
void draw_blocks(Canvas &canvas, const Cells &cells, Shape entries, PictureBlocks blocks, Index box) {
  constexpr Index closest = 6;
  const Colour line = cells.cell >= 8 ? frame_colour : faint_colour;
  const auto place = [box](Index at, Index size) { return frame + at * size / box - 1; };
  if (blocks.cols > 0 && blocks.cols * cells.across >= closest * box)
    for (Index j = blocks.cols; j < entries.cols; j += blocks.cols)
      canvas.fill(place(j, cells.across), frame, 1, cells.height - 2 * frame, line);
  if (blocks.rows > 0 && blocks.rows * cells.down >= closest * box)
    for (Index i = blocks.rows; i < entries.rows; i += blocks.rows)
      canvas.fill(frame, place(i, cells.down), cells.width - 2 * frame, 1, line);
}

constexpr Index scale_gap = 16, scale_width = 14, scale_height = 160, label_room = 12 * glyph_width;

/// The colours from the largest number down to its negative, with numbers beside them.
void draw_scale(Canvas &canvas, Index x, double largest) {
  const auto y_of = [](Index k) { return frame + glyph_height / 2 + k; };
  for (Index k = 0; k < scale_height; ++k) {
    const double t = 1 - 2 * static_cast<double>(k) / (scale_height - 1); // 1 … −1, as the cube root of the entry
    canvas.fill(x, y_of(k), scale_width, 1, colour(largest * t * t * t, largest));
  }
  for (const double t : {1.0, 0.5, 0.0, -0.5, -1.0}) {
    const Index y = y_of(std::lround((1 - t) / 2 * (scale_height - 1)));
    canvas.fill(x + scale_width, y, 3, 1, frame_colour);
    write(canvas, x + scale_width + 6, y, fmt::format("{:.3g}", largest * t * t * t));
  }
}

Canvas draw(const Matrix<double> &m, Shape entries, PictureBlocks blocks) {
  const Cells cells(m.shape());
  const double largest = largest_finite(m);
  const bool has_scale = largest > 0;
  const Index beside = has_scale ? scale_gap + scale_width + 6 + label_room : 0;
  Canvas canvas(cells.width + beside,
                std::max(cells.height, has_scale ? scale_height + 2 * frame + glyph_height : Index(0)));
  draw_entries(canvas, m, cells, largest);
  draw_blocks(canvas, cells, entries, blocks, entries_per_pixel(entries));
  if (has_scale) draw_scale(canvas, cells.width + scale_gap, largest);
  return canvas;
}

} // namespace

template <class T> void write_picture(const std::filesystem::path &path, MatrixView<const T> m, PictureBlocks blocks) {
  NewFile file(path);
  file.write(draw(pooled(m), m.shape(), blocks).png());
  file.commit();
}

template <class T> void write_picture(const std::filesystem::path &path, const Matrix<T> &m, PictureBlocks blocks) {
  if (m.device().is_host()) return write_picture<T>(path, m.view(), blocks);
  write_picture<T>(path, m.to(Device::cpu()).view(), blocks);
}

template void write_picture(const std::filesystem::path &, MatrixView<const float>, PictureBlocks);
template void write_picture(const std::filesystem::path &, MatrixView<const double>, PictureBlocks);
template void write_picture(const std::filesystem::path &, const Matrix<float> &, PictureBlocks);
template void write_picture(const std::filesystem::path &, const Matrix<double> &, PictureBlocks);

} // namespace kronvec
