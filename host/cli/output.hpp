#pragma once
/// The command's output: results go to standard output, everything else to standard error.

#include "kronvec/kronvec.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace kronvec::cli {

/// A system error, not a wrong request: exit status 3.
class MachineError : public Error {
public:
  using Error::Error;
};

/// The name of standard input and standard output where a file name may stand.
inline constexpr std::string_view standard = "-";

/// How results are delivered.
struct Delivery {
  std::string out; ///< a .npy file, "-" for the bytes of one on standard output, or nothing for text there
  bool json = false;
};

enum class Colour { red, green };
/// The text in a colour, if the stream is a terminal and NO_COLOR (no-color.org) is not set.
std::string coloured(std::string_view text, Colour colour, std::FILE *stream);

void print(std::string_view text);
/// Prints aligned columns on a terminal, cut if they do not fit; otherwise comma-separated with all digits.
template <class T> void print(MatrixView<const T> m);
/// {"rows": 2, "cols": 2, "entries": [[1, 2], [3, 4]]}, row by row. NaN and infinite entries are strings.
template <class T> std::string json(MatrixView<const T> m);

/// As one line for people: of a long text, the beginning and the end, without control characters.
std::string readable_line(const std::string &text);

/// Prints a line on standard error. If that fails, the line is lost and the command continues.
template <class... A> void say(fmt::format_string<A...> line, A &&...values) {
  std::fputs((readable_line(fmt::format(line, std::forward<A>(values)...)) + '\n').c_str(), stderr);
}

/// Runs work(). Turns a failure to write into MachineError, but passes OutOfSpace on.
void writing(const auto &work) {
  try {
    work();
  } catch (const OutOfSpace &) {
    throw;
  } catch (const IoError &error) {
    throw MachineError(error.what());
  }
}

/// Writes the bytes of a .npy file to standard output. Throws Error if that is a terminal.
template <class T> void print_npy(MatrixView<const T> m);

/// Delivers `m`; if it goes to a file, says so on standard error.
template <class T> void deliver(const Matrix<T> &m, const Delivery &to, const std::string &what) {
  if (to.out == standard) return print_npy<T>(m);
  if (to.out.empty()) return to.json ? print(json<T>(m) + '\n') : print<T>(m);
  writing([&] { write_npy<T>(to.out, m); });
  say("{}: {}, {}", to.out, to_string(m.shape()), what);
}

/// Two lines: the expression, cut to fit, and a caret under `position`.
std::string caret(std::string_view expression, std::size_t position);

/// A line on standard error while work goes on: what runs, how much of it is done and how long the rest will take, or
/// for how long it has run. Silent during the first two seconds, and if standard error is not a terminal.
class ProgressLine {
public:
  explicit ProgressLine(std::string what);
  ~ProgressLine();
  ProgressLine(const ProgressLine &) = delete;
  ProgressLine &operator=(const ProgressLine &) = delete;
  /// `done`: the fraction of the work, in [0, 1].
  void show(double done) { show({}, done); }
  /// A new piece of work begins where `what` changes.
  void show(const std::string &what, double done);
  /// Removes the line. It does not come back.
  void clear();

private:
  void tick();
  std::string text() const;

  std::string what_;
  double start_, done_ = 0;
  bool shown_ = false, over_ = false;
  std::mutex mutex_;
  std::condition_variable stop_;
  std::thread ticker_;
};

} // namespace kronvec::cli
