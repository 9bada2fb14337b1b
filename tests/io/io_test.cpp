/// Files in every valid form, and in invalid forms.

#include "tests/testing.hpp"

#include "io/npy.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace kronvec::testing {
namespace {

namespace fs = std::filesystem;
using M = Matrix<double>;

std::string npy(int version, const std::string &dictionary, const std::string &data) {
  std::string bytes = std::string("\x93NUMPY") + static_cast<char>(version) + '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    bytes += static_cast<char>(dictionary.size() >> (8 * i) & 0xff);
  return bytes + dictionary + data;
}

template <class U> std::string bytes_of(std::initializer_list<U> values, bool swapped = false) {
  std::string bytes;
  for (const U value : values) {
    char raw[sizeof(U)];
    std::memcpy(raw, &value, sizeof(U));
    if (swapped) std::reverse(raw, raw + sizeof(U));
    bytes.append(raw, sizeof(U));
  }
  return bytes;
}

std::string dictionary(const char *type, bool fortran, const char *shape) {
  return std::string("{'descr': '") + type + "', 'fortran_order': " + (fortran ? "True" : "False") +
         ", 'shape': " + shape + ", }\n";
}

const M &expected() {
  static const M m{{1, 2, 3}, {4, 5, 6}};
  return m;
}

TEST(Npy, ReadsVersionsOrdersEndsAndTypes) {
  const auto read = [](const std::string &bytes) { return parse_npy<double>(bytes, "x.npy"); };
  for (const int version : {1, 2, 3}) {
    EXPECT_TRUE(near(read(npy(version, dictionary("<f8", false, "(2, 3)"), bytes_of<double>({1, 2, 3, 4, 5, 6}))),
                     expected(), 0));
    EXPECT_TRUE(near(read(npy(version, dictionary("<f8", true, "(2, 3)"), bytes_of<double>({1, 4, 2, 5, 3, 6}))),
                     expected(), 0));
  }
  const auto c = [&](const char *type, const std::string &data) {
    return read(npy(1, dictionary(type, false, "(2,3)"), data));
  };
  EXPECT_TRUE(near(c(">f8", bytes_of<double>({1, 2, 3, 4, 5, 6}, true)), expected(), 0));
  EXPECT_TRUE(near(c("<f4", bytes_of<float>({1, 2, 3, 4, 5, 6})), expected(), 0));
  EXPECT_TRUE(near(c(">i2", bytes_of<std::int16_t>({1, 2, 3, 4, 5, 6}, true)), expected(), 0));
  EXPECT_TRUE(near(c("<i8", bytes_of<std::int64_t>({1, 2, 3, 4, 5, 6})), expected(), 0));
  EXPECT_TRUE(near(c("<u4", bytes_of<std::uint32_t>({1, 2, 3, 4, 5, 6})), expected(), 0));
  EXPECT_TRUE(near(c("|u1", bytes_of<std::uint8_t>({1, 2, 3, 4, 5, 6})), expected(), 0));
  EXPECT_TRUE(near(c("|b1", bytes_of<std::uint8_t>({1, 0, 1, 0, 1, 1})), M{{1, 0, 1}, {0, 1, 1}}, 0));
  EXPECT_TRUE(
      near(read(npy(1, dictionary("<i4", false, "(3,)"), bytes_of<std::int32_t>({-1, 2, 3}))), M{{-1}, {2}, {3}}, 0));
  EXPECT_TRUE(near(read(npy(1, dictionary("<f8", false, "()"), bytes_of<double>({7}))), M{{7}}, 0));
  EXPECT_EQ(read(npy(1, dictionary("<f8", false, "(0, 4)"), "")).shape(), (Shape{0, 4}));
}

TEST(Npy, RefusesHostileHeaders) {
  const std::string data = bytes_of<double>({1, 2, 3, 4, 5, 6});
  const auto refuse = [](const std::string &bytes) {
    EXPECT_THROW(parse_npy<double>(bytes, "x.npy"), IoError) << bytes;
  };
  for (const char *shape :
       {"(2, 3, 1)", "(2, 4)", "(-2, -3)", "(2, 3", "2, 3)", "(99999999999999999999, 1)", "(4611686018427387904, 4)",
        "(9223372036854775807, 9223372036854775807)", "(a, b)", "(2 3)"})
    refuse(npy(1, dictionary("<f8", false, shape), data));
  for (const char *type : {"<f2", "<c16", "|O", "f8", "<f80", "", "<U3", "?f8"})
    refuse(npy(1, dictionary(type, false, "(2, 3)"), data));
  refuse(npy(4, dictionary("<f8", false, "(2, 3)"), data));
  refuse(npy(1, "{'descr': '<f8', 'shape': (2, 3)}", data));
  refuse(npy(1, "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (6,)}", data));
  refuse(npy(1, "{'descr': '<f8", data));
  refuse(npy(1, dictionary("<f8", false, "(2, 3)") + "x", data));
  refuse(npy(1, dictionary("<f8", false, "(2, 3)") + std::string(1, '\0'), data));
  refuse(npy(1, "", data));
  const std::string whole = npy(1, dictionary("<f8", false, "(2, 3)"), data);
  for (std::size_t length = 0; length < whole.size(); ++length)
    refuse(whole.substr(0, length));
  refuse(whole + "x");
}

TEST(Npy, SurvivesMutatedBytes) {
  const std::string whole = npy(1, dictionary("<f8", false, "(2, 3)"), bytes_of<double>({1, 2, 3, 4, 5, 6}));
  std::uint32_t state = 1;
  const auto next = [&] { return state = state * 1664525 + 1013904223, state >> 8; };
  int refused = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string bytes = whole;
    for (std::uint32_t k = next() % 3 + 1; k > 0; --k)
      bytes[next() % 75] = static_cast<char>(next());
    try {
      (void)parse_npy<double>(bytes, "x.npy");
    } catch (const IoError &) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 4000);
}

TEST(Csv, ReadsWhatPeopleWrite) {
  const auto read = [](const char *text) { return parse_csv<double>(text, "x.csv"); };
  EXPECT_TRUE(near(read("1,2,3\n4,5,6\n"), expected(), 0));
  EXPECT_TRUE(near(read("\xef\xbb\xbf"
                        "a,b,c\r\n1, 2 ,+3\r\n\r\n# note\r\n4;5;6"),
                   expected(), 0));
  EXPECT_TRUE(near(read("1 2\t3\n4  5 6"), expected(), 0));
  EXPECT_TRUE(near(read("1e-3,-inf,nan"), M{{1e-3, -INFINITY, NAN}}, 0));
  for (const char *bad : {"", "a,b\n", "1,2\n3\n", "1,x\n", "a\nb\n1\n", "1,,2\n", "1.5.2\n"})
    EXPECT_THROW(read(bad), IoError) << bad;
}

/// A semicolon separates alone, since it does where commas are for decimals.
TEST(Csv, RefusesWhatIsReadInTwoWays) {
  const auto message = [](const std::string &text) -> std::string {
    try {
      (void)parse_csv<double>(text, "x.csv");
    } catch (const IoError &e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(message("1,5;2,5\n"), "x.csv: line 1, column 1: '1,5' is no number (decimals have a point)");
  EXPECT_EQ(message("1,2,\n3,4,\n"), "x.csv: line 1, column 3: the field is empty");
  for (const std::string first : {"0x10", "1e999", "NA", "n/a", "null", "1 000", "1st", "−1", "(1)", "$5", "", "'3",
                                  ".", "2023-01-01", "1.5.2"}) {
    const std::string error = first.empty() ? "the field is empty" : "'" + first + "' is no number";
    EXPECT_EQ(message(first + "," + first + "\n1,2\n"), "x.csv: line 1, column 1: " + error);
  }
}

TEST(Csv, ReadsQuotedNumbersAndHeadings) {
  const auto read = [](const char *text) { return parse_csv<double>(text, "x.csv"); };
  for (const char *text : {"\"1\",\"2\"\n\"3\",\"4\"\n", "a,b\n\"1\",\"2\"\n3,4\n", "\"a\",\"b\"\n1,2\n3,4\n",
                           ",b\n1,2\n3,4\n", "µ;σ\n1;2\n3;4\n", "x1 x2\n1 2\n3 4\n"})
    EXPECT_TRUE(near(read(text), M{{1, 2}, {3, 4}}, 0)) << text;
  EXPECT_THROW(read("\"2023\",\"2024\"\n1,2\n"), IoError) << "data, or a heading";
}

class Files : public ::testing::Test {
protected:
  Files() {
    std::string name = (fs::temp_directory_path() / "kronvec-XXXXXX").string();
    dir_ = mkdtemp(name.data());
  }
  ~Files() override { fs::remove_all(dir_); }
  fs::path dir_;
};

TEST_F(Files, RoundTripInBothPrecisions) {
  const M m = M::random(7, 5, 1);
  write_npy<double>(dir_ / "m.npy", m);
  EXPECT_TRUE(near(read_matrix<double>(dir_ / "m.npy"), m, 0));
  write_npy<double>(dir_ / "m.npy", m.view().block(1, 1, 3, 2)); // replaces the old file
  EXPECT_TRUE(near(read_matrix<double>(dir_ / "m.npy").view(), m.view().block(1, 1, 3, 2), 0));
  const Matrix<float> f = cast<float>(m);
  write_npy<float>(dir_ / "f.npy", f);
  EXPECT_TRUE(near(read_matrix<float>(dir_ / "f.npy"), f, 0));
  write_npy<double>(dir_ / "empty.npy", M(0, 3));
  EXPECT_EQ(read_matrix<double>(dir_ / "empty.npy").shape(), (Shape{0, 3}));
  EXPECT_EQ(fs::file_size(dir_ / "f.npy"), 128u + 140u);
}

TEST_F(Files, KeepThePermissionsOfWhatTheyReplace) {
  for (const auto mode : {fs::perms::owner_read | fs::perms::owner_write, fs::perms::all}) {
    write_npy<double>(dir_ / "m.npy", M(1, 1));
    fs::permissions(dir_ / "m.npy", mode);
    write_npy<double>(dir_ / "m.npy", M(2, 2));
    EXPECT_EQ(fs::status(dir_ / "m.npy").permissions(), mode);
  }
}

TEST_F(Files, HaveNamesThatFileSystemsTake) {
  const std::string longest = std::string(251, 'm') + ".npy"; // 255 bytes
  write_npy<double>(dir_ / longest, M(1, 1));
  EXPECT_TRUE(fs::exists(dir_ / longest));
  EXPECT_THROW(write_npy<double>(dir_ / ("m" + longest), M(1, 1)), IoError);
  fs::create_symlink("b.npy", dir_ / "a.npy"), fs::create_symlink("a.npy", dir_ / "b.npy");
  EXPECT_THROW(write_npy<double>(dir_ / "a.npy", M(1, 1)), IoError);
  EXPECT_TRUE(fs::is_symlink(dir_ / "a.npy"));
}

TEST_F(Files, FailedWritesLeaveNothing) {
  EXPECT_THROW(write_npy<double>(dir_ / "none" / "m.npy", M(2, 2)), IoError);
  fs::create_directories(dir_ / "taken.npy" / "inside");
  EXPECT_THROW(write_npy<double>(dir_ / "taken.npy", M(2, 2)), IoError);
  EXPECT_THROW(read_matrix<double>(dir_ / "taken.npy"), IoError);
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_), fs::directory_iterator()), 1);
}

} // namespace
} // namespace kronvec::testing
