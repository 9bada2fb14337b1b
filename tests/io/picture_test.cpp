/// Pictures, read back by libpng.

#include "tests/testing.hpp"

#include <array>
#include <filesystem>
#include <limits>
#include <png.h>
#include <vector>

namespace kronvec::testing {
namespace {

namespace fs = std::filesystem;
using M = Matrix<double>;

struct Picture {
  int width, height;
  std::vector<unsigned char> bytes;
  std::array<int, 3> at(int x, int y) const {
    const std::size_t k = 3 * static_cast<std::size_t>(x + y * width);
    return {bytes[k], bytes[k + 1], bytes[k + 2]};
  }
};

Picture drawn(const M &m, PictureBlocks blocks = {}) {
  const fs::path path = fs::temp_directory_path() / ("kronvec-picture-" + std::to_string(getpid()) + ".png");
  write_picture<double>(path, m, blocks);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  EXPECT_TRUE(png_image_begin_read_from_file(&image, path.c_str()));
  image.format = PNG_FORMAT_RGB;
  Picture picture{static_cast<int>(image.width), static_cast<int>(image.height), {}};
  picture.bytes.resize(PNG_IMAGE_SIZE(image));
  EXPECT_TRUE(png_image_finish_read(&image, nullptr, picture.bytes.data(), 0, nullptr));
  fs::remove(path);
  return picture;
}

constexpr std::array<int, 3> white{255, 255, 255};

TEST(Picture, ColoursShowSignAndSize) {
  const M m{{0, 1, -1, 1e-9}, {std::numeric_limits<double>::quiet_NaN(), 0.1, -INFINITY, 0}};
  const Picture p = drawn(m);
  const int cell = 80;
  ASSERT_GE(p.width, 4 * cell + 4);
  const auto at = [&](int i, int j) { return p.at(2 + j * cell + cell / 2, 2 + i * cell + cell / 2); };
  EXPECT_EQ(at(0, 0), white);
  EXPECT_GT(at(0, 1)[0], at(0, 1)[2]); // red
  EXPECT_LT(at(0, 2)[0], at(0, 2)[2]); // blue
  EXPECT_NE(at(0, 3), white);          // small, but visible
  EXPECT_GT(at(1, 1)[2], at(0, 1)[2]); // paler than a larger entry
  EXPECT_EQ(at(1, 0)[0], at(1, 0)[1]); // grey
  EXPECT_EQ(at(1, 2), at(0, 2));       // infinity is as deep as the largest entry
}

TEST(Picture, LargeMatricesKeepTheirThinnestLines) {
  M m(3000, 3000);
  for (Index i = 0; i < 3000; ++i)
    m(i, i) = i % 2 ? 1 : -1;
  const Picture p = drawn(m);
  EXPECT_LE(p.height, 1010);
  for (int i = 2; i < p.height - 2; ++i)
    EXPECT_NE(p.at(i, i), white);
  EXPECT_EQ(p.at(p.height / 2, 10), white);
}

TEST(Picture, TheScaleHasTheColoursOfTheEntries) {
  const Picture p = drawn(M{{1, 0}, {0, -1}});
  const int scale = 4 + 2 * 80 + 16 + 4; // in the bar, right of the entries
  const auto has = [&](std::array<int, 3> colour) {
    for (int y = 0; y < p.height; ++y)
      if (p.at(scale, y) == colour) return true;
    return false;
  };
  EXPECT_TRUE(has(p.at(40, 40))) << "of 1";
  EXPECT_TRUE(has(p.at(120, 120))) << "of −1";
  EXPECT_LT(drawn(M(2, 2)).width, p.width) << "zeros have no scale";
}

TEST(Picture, LinesSeparateBlocks) {
  M m(4, 6);
  const Picture plain = drawn(m), p = drawn(m, {2, 3});
  ASSERT_EQ(p.width, plain.width);
  const int cell = (p.width - 4) / 6;
  EXPECT_NE(p.at(2 + 3 * cell - 1, 2 + cell / 2), plain.at(2 + 3 * cell - 1, 2 + cell / 2));
  EXPECT_NE(p.at(2 + cell / 2, 2 + 2 * cell - 1), plain.at(2 + cell / 2, 2 + 2 * cell - 1));
  EXPECT_EQ(p.at(2 + 2 * cell - 1, 2 + cell / 2), plain.at(2 + 2 * cell - 1, 2 + cell / 2));
}

TEST(Picture, AnyShapeIsDrawn) {
  for (const auto &[rows, cols] : {std::pair<Index, Index>{0, 3}, {0, 0}, {1, 1}, {1, 900}, {5000, 1}}) {
    const Picture p = drawn(M(rows, cols));
    EXPECT_GE(p.width, 4);
    EXPECT_GE(p.height, 4);
  }
}

} // namespace
} // namespace kronvec::testing
