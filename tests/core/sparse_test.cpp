/// Sparse matrices, which anyone may fill: well-formed ones work as documented, others are refused.

#include "tests/testing.hpp"

#include "kronvec/io.hpp"
#include "kronvec/sparse.hpp"

#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

namespace kronvec::testing {
namespace {

using M = Matrix<double>;
using Coo = CooMatrix<double>;
using Csr = CsrMatrix<double>;

/// The message of the ShapeError that work() must throw.
std::string refusal(const std::function<void()> &work) {
  try {
    work();
  } catch (const ShapeError &e) {
    return e.what();
  }
  return "no ShapeError";
}

void expect(const std::string &message, const std::string &part) {
  EXPECT_NE(message.find(part), std::string::npos) << message;
}

TEST(Sparse, ProductsTakeAllColumns) {
  const Csr a = compressed(Coo{3, 2, {2, 0, 2, 2}, {1, 0, 0, 1}, {1, 2, 3, 4}});
  EXPECT_EQ(a.row_start, (std::vector<Index>{0, 1, 1, 3}));
  EXPECT_EQ(a.value, (std::vector<double>{2, 3, 5}));
  EXPECT_TRUE(near(a * M{{1, 10}, {2, 20}}, M{{2, 20}, {0, 0}, {13, 130}}, 0));
  EXPECT_THROW(a * M(3, 1), ShapeError);
  EXPECT_EQ((compressed(Coo{0, 0, {}, {}, {}}) * M(0, 2)).cols(), 2);
}

TEST(Sparse, CoordinatesOutsideAreRefused) {
  const std::pair<Coo, const char *> cases[] = {
      {{2, 2, {0, 2}, {0, 0}, {1, 1}}, "row[1] = 2, outside of 2"},
      {{2, 2, {0, -1}, {0, 0}, {1, 1}}, "row[1] = -1, outside of 2"},
      {{2, 3, {0}, {3}, {1}}, "col[0] = 3, outside of 3"},
      {{2, 3, {0}, {-7}, {1}}, "col[0] = -7, outside of 3"},
      {{0, 3, {0}, {0}, {1}}, "row[0] = 0, outside of 0"},
      {{2, 2, {0}, {0, 1}, {1, 1}}, "row of length 1, which must be 2"},
      {{2, 2, {0, 1, 1}, {0, 1}, {1, 1}}, "row of length 3, which must be 2"},
      {{2, 2, {0, 1}, {0}, {1, 1}}, "col of length 1, which must be 2"},
      {{-1, 2, {}, {}, {}}, "-1×1"},
      {{2, -1, {}, {}, {}}, "1×-1"},
  };
  for (const auto &c : cases)
    expect(refusal([&] { compressed(c.first); }), c.second);
}

TEST(Sparse, RowsThatAreNoneAreRefused) {
  const std::pair<Csr, const char *> cases[] = {
      {{2, 2, {0, 1}, {0, 1}, {1, 1}}, "row_start of length 2, which must be 3"},
      {{2, 2, {}, {}, {}}, "row_start of length 0, which must be 3"},
      {{2, 2, {1, 1, 2}, {0, 1}, {1, 1}}, "row_start[0] = 1, which must be 0"},
      {{2, 2, {0, 3, 2}, {0, 1}, {1, 1}}, "row_start[2] = 2 after 3"},
      {{2, 2, {0, -1, 2}, {0, 1}, {1, 1}}, "row_start[1] = -1 after 0"},
      {{2, 2, {0, 1, 3}, {0, 1}, {1, 1}}, "value of length 2, which must be 3"},
      {{2, 2, {0, 1, 2}, {0}, {1, 1}}, "col of length 1, which must be 2"},
      {{2, 2, {0, 1, 2}, {0, 2}, {1, 1}}, "col[1] = 2, outside of 2"},
      {{2, 2, {0, 1, 2}, {-1, 1}, {1, 1}}, "col[0] = -1, outside of 2"},
  };
  const auto path = std::filesystem::temp_directory_path() / "kronvec-sparse-refused.mtx";
  for (const auto &c : cases) {
    expect(refusal([&] { c.first *M(2, 1); }), c.second);
    expect(refusal([&] { write_mtx(path, c.first); }), c.second);
    EXPECT_FALSE(std::filesystem::exists(path));
  }
}

} // namespace
} // namespace kronvec::testing
