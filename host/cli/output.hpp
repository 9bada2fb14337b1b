#pragma once
/// The command's output: results go to standard output, everything else to standard error.

#include "kronvec/kronvec.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

namespace kronvec::cli {

/// A system error, not a wrong request: exit status 3.
class MachineError : public Error {
public:
  using Error::Error;
};

/// Prints aligned columns on a terminal, cut if they do not fit; otherwise comma-separated with all digits.
template <class T> void print(MatrixView<const T> m);
void print(std::string_view text);

/// Prints a line on standard error. If that fails, the line is lost and the command continues.
template <class... A> void say(fmt::format_string<A...> line, A &&...values) {
  std::fputs((fmt::format(line, std::forward<A>(values)...) + '\n').c_str(), stderr);
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

/// Writes `m` to the file `out` and a line about it on standard error; without a file name, prints `m` on standard
/// output.
template <class T> void deliver(const Matrix<T> &m, const std::string &out, const std::string &what) {
  if (out.empty()) return print<T>(m);
  writing([&] { write_npy<T>(out, m); });
  say("{}: {}, {}", out, to_string(m.shape()), what);
}

/// The expression and a caret under `position`, cut to fit a line.
std::string caret(std::string_view expression, std::size_t position);

/// A line on standard error that is updated as work proceeds. Silent during the first second and if not on a terminal.
class ProgressLine {
public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine &) = delete;
  ProgressLine &operator=(const ProgressLine &) = delete;
  void show(std::string_view what, double done);
  void clear();

private:
  bool terminal_, shown_ = false;
  double start_, last_ = 0;
};

} // namespace kronvec::cli
