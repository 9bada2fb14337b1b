/// Jacobians written to a file in ranges: the same bytes as from memory, within the allowed memory, and no files left
/// after a failure.

#include "tests/calculus/grower.hpp"
#include "tests/calculus/jacobian_checks.hpp"

#include "devices/backend.hpp"
#include "io/file.hpp"
#include "kronvec/jacobian_file.hpp"

#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kronvec::testing {
namespace {

namespace fs = std::filesystem;
using M = Matrix<double>;

std::string contents(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class JacobianFile : public ::testing::Test {
protected:
  JacobianFile() {
    std::string name = (fs::temp_directory_path() / "kronvec-XXXXXX").string();
    dir_ = mkdtemp(name.data());
  }
  ~JacobianFile() override { fs::remove_all(dir_); }

  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(dir_), fs::directory_iterator()));
  }

  /// The smallest `max_bytes` that is accepted.
  template <class T> double least(const JacobianAt<T> &j, JacobianFileOptions options) const {
    double refused = 0, enough = 1 << 30;
    while (enough - refused > 1) {
      const double middle = std::floor((refused + enough) / 2);
      options.max_bytes = middle;
      try {
        write_jacobian(dir_ / "none" / "least.npy", j, options);
      } catch (const OutOfMemory &) {
        refused = middle;
      } catch (const IoError &) { // memory is checked first
        enough = middle;
      }
    }
    return enough;
  }

  /// Number of ranges, and peak memory, with which J is written within this limit.
  template <class T>
  void expect_same(const JacobianAt<T> &j, Device device, JacobianFileOptions options, bool bitwise) const {
    const auto dense = on_host(j.to_dense({.method = options.method, .layout = options.layout}));
    write_npy<T>(dir_ / "memory.npy", dense);
    device.backend().pool().trim(), Device::cpu().backend().pool().trim();
    const std::size_t before = device.bytes_in_use();
    device.reset_peak();
    write_jacobian(dir_ / "ranges.npy", j, options);
    if (options.max_bytes > 0) {
      EXPECT_LE(static_cast<double>(device.peak_bytes() - before), options.max_bytes);
    }
    if (bitwise) {
      EXPECT_TRUE(contents(dir_ / "ranges.npy") == contents(dir_ / "memory.npy"));
    } else {
      EXPECT_TRUE(near(read_matrix<T>(dir_ / "ranges.npy"), dense, sizeof(T) == 4 ? 1e-5 : 1e-13));
    }
    EXPECT_EQ(files(), 2u);
  }

  /// Writes J with unlimited memory, in a few ranges, and one column (or row) at a time.
  template <class T> void expect_all(const Jacobian &plan, const Givens &givens, Device device) const {
    const CastGivens<T> in(givens);
    const auto j = plan.at<T>(in.values, device);
    for (const Method method : {Method::structured, Method::forward, Method::reverse, Method::numeric})
      for (const Layout layout : {Layout::numerator, Layout::denominator}) {
        SCOPED_TRACE(fmt::format("{}, {}, layout {}, {} bits", device.name(), name(method), static_cast<int>(layout),
                                 8 * sizeof(T)));
        JacobianFileOptions options{.method = method, .layout = layout};
        const double lowest = least(j, options);
        const double all = static_cast<double>(j.rows() * j.cols()) * sizeof(T);
        const bool exact = method == Method::structured || method == Method::numeric;
        expect_same(j, device, options, true);
        for (const double most : {lowest, lowest + 0.1 * all, lowest + 0.7 * all}) {
          options.max_bytes = most;
          expect_same(j, device, options, exact);
        }
      }
  }

  fs::path dir_;
};

struct Case {
  Jacobian plan;
  Givens givens;
};

std::vector<Case> cases() {
  const Symbol a("A", 6, 5), x("X", 5, 4), b("B", 4, 7), s("S", 5, 5);
  const auto all = [&] { return givens_of({a, x, b}, 1); };
  Givens mirrored = givens_of({s}, 4);
  for (Index i = 0; i < 5; ++i)
    for (Index k = 0; k < i; ++k)
      mirrored[0].value(i, k) = mirrored[0].value(k, i);
  std::vector<Case> cases;
  cases.push_back({jacobian(a * exp(x * b), x), all()});
  cases.push_back({jacobian(tanh(a * tanh(x * b)), x), all()});
  cases.push_back({jacobian(a * exp(x * b), {a, x, b}), all()});
  cases.push_back({jacobian(exp(s) * s, symmetric(s)), std::move(mirrored)});
  return cases;
}

TEST_F(JacobianFile, HoldsWhatMemoryWouldHold) {
  for (const Case &c : cases()) {
    expect_all<double>(c.plan, c.givens, Device::cpu());
    expect_all<float>(c.plan, c.givens, Device::cpu());
  }
}

TEST_F(JacobianFile, IsWrittenFromEveryDevice) {
  for (const Device device : Device::all()) {
    if (device == Device::cpu()) continue;
    const Case c = std::move(cases().front());
    expect_all<double>(c.plan, c.givens, device);
  }
}

TEST_F(JacobianFile, TakesEveryMethod) {
  const Case c = std::move(cases().front());
  const auto j = c.plan.at<double>(values_of(c.givens));
  for (const Method method : {Method::automatic, Method::complex_step, Method::reference})
    expect_same(j, Device::cpu(), {.method = method, .max_bytes = 20e3}, true);
}

TEST_F(JacobianFile, IsWrittenByTheFastestMethodThatFits) {
  const Symbol x("X", 30, 30);
  const M at = M::random(30, 30, 1);
  const auto j = jacobian(matrix_power(0.1 * x, 5), x).at<double>({{x, at}});
  const double structured = least(j, {.method = Method::structured}), forward = least(j, {.method = Method::forward});
  ASSERT_LT(forward, structured);
  expect_same(j, Device::cpu(), {.max_bytes = forward}, false);
}

TEST_F(JacobianFile, LongRangesAreTheBytesOfMemory) {
  const Symbol x("X", 40, 40), a("A", 40, 40), b("B", 40, 40);
  const Givens givens = givens_of({x, a, b}, 1);
  const auto j = jacobian(a * exp(x * b), x).at<double>(values_of(givens)); // 1600×1600: 19.5 MiB
  for (const Method method : {Method::structured, Method::forward, Method::reverse})
    for (const Layout layout : {Layout::numerator, Layout::denominator}) {
      SCOPED_TRACE(name(method));
      expect_same(j, Device::cpu(), {.method = method, .layout = layout, .max_bytes = 25e6}, true);
    }
}

TEST_F(JacobianFile, MayBeEmpty) {
  const Symbol x("X", 3, 2), none("N", 0, 2);
  const M at = M::random(3, 2, 1), nothing(0, 2);
  const auto no_cols = jacobian(x * transpose(x), none).at<double>({{x, at}, {none, nothing}});
  const auto no_rows = jacobian(none * transpose(x), x).at<double>({{x, at}, {none, nothing}});
  write_jacobian(dir_ / "cols.npy", no_cols);
  write_jacobian(dir_ / "rows.npy", no_rows, {.layout = Layout::denominator, .max_bytes = 1});
  EXPECT_EQ(read_matrix<double>(dir_ / "cols.npy").shape(), (Shape{9, 0}));
  EXPECT_EQ(read_matrix<double>(dir_ / "rows.npy").shape(), (Shape{6, 0}));
}

TEST_F(JacobianFile, IsRefusedBeforeAnyWork) {
  const Symbol x("X", 30, 30);
  const M at = M::random(30, 30, 1);
  const auto j = jacobian(x * x, x).at<double>({{x, at}});
  const auto message = [&](const JacobianFileOptions &options) -> std::string {
    try {
      write_jacobian(dir_ / "J.npy", j, options);
    } catch (const OutOfMemory &error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message({.max_bytes = 10e3}).rfind("one column of J, which is 900×900, would take ", 0), 0u);
  EXPECT_NE(message({.max_bytes = 10e3}).find("; 9.8 KiB may be held"), std::string::npos);
  EXPECT_EQ(message({.layout = Layout::denominator, .max_bytes = 10e3}).rfind("one row of J", 0), 0u);
  const Symbol large("L", 2000, 2000); // a column takes 31 MiB, J 116 TiB
  const M zeros(2000, 2000);
  const auto huge = jacobian(exp(large), large).at<double>({{large, zeros}});
  EXPECT_THROW(write_jacobian(dir_ / "J.npy", huge), OutOfSpace);
  EXPECT_EQ(files(), 0u);
}

/// Limits for a while how much the process may write to a file.
class FileLimit {
public:
  explicit FileLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  ~FileLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

private:
  rlimit before_ = {};
  void (*handler_)(int);
};

TEST_F(JacobianFile, LeavesNothingBehindWhenItFails) {
  const Symbol x("X", 20, 20);
  const M at = M::random(20, 20, 1);
  const auto j = jacobian(x * x, x).at<double>({{x, at}});
  const double most = least(j, {});
  write_npy<double>(dir_ / "J.npy", at);
  {
    const FileLimit limit(100000); // J has 1.28 MB
    EXPECT_THROW(write_jacobian(dir_ / "J.npy", j, {.max_bytes = most}), IoError);
  }
  const Progress stop = [](double done) {
    if (done > 0.5) throw DomainError("stop");
  };
  EXPECT_THROW(write_jacobian(dir_ / "J.npy", j, {.progress = stop, .max_bytes = most}), DomainError);
  EXPECT_THROW(write_jacobian(dir_ / "none" / "J.npy", j), IoError);
  EXPECT_EQ(files(), 1u);
  EXPECT_TRUE(near(read_matrix<double>(dir_ / "J.npy"), at, 0)); // the old file
}

TEST_F(JacobianFile, FilesWithAndWithoutNamesUntilTheyAreWhole) {
  for (const auto until : {NewFile::Until::nameless, NewFile::Until::temporary}) {
    {
      NewFile file(dir_ / "f", until);
      file.write(std::string("abc"));
    }
    EXPECT_EQ(files(), 0u);
    for (const char *text : {"abc", "abd"}) { // the second file replaces the first
      NewFile file(dir_ / "f", until);
      file.write_at(1, std::string(text).substr(1));
      EXPECT_EQ(contents(dir_ / "f"), text == std::string("abc") ? "" : "abc");
      file.write_at(0, std::string("a"));
      file.commit();
      EXPECT_EQ(contents(dir_ / "f"), text);
    }
    struct stat status = {};
    stat((dir_ / "f").c_str(), &status);
    const mode_t mask = umask(0);
    umask(mask);
    EXPECT_EQ(status.st_mode & 0777, 0666 & ~mask);
    EXPECT_EQ(files(), 1u);
    fs::remove(dir_ / "f");
  }
}

} // namespace
} // namespace kronvec::testing
