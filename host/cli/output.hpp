#pragma once
/// What the command writes: results on standard output, everything else on standard error.

#include "kronvec/kronvec.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

namespace kronvec::cli {

/// A failure of the machine, not of the request: exit status 3.
class MachineError : public Error {
public:
  using Error::Error;
};

/// Aligned columns for a terminal, cut where they do not fit; comma-separated with all digits otherwise.
template <class T> void print(MatrixView<const T> m);
void print(std::string_view text);

/// A line on standard error. Where that cannot be written to it is lost, and the request is answered all the same.
template <class... A> void say(fmt::format_string<A...> line, A &&...values) {
  std::fputs((fmt::format(line, std::forward<A>(values)...) + '\n').c_str(), stderr);
}

/// work(), with a failure to write told apart from a failure to read, and from the refusal to begin.
void writing(const auto &work) {
  try {
    work();
  } catch (const OutOfSpace &) {
    throw;
  } catch (const IoError &error) {
    throw MachineError(error.what());
  }
}

/// To the file `out`, with a line about it on standard error; or to standard output where it has no name.
template <class T> void deliver(const Matrix<T> &m, const std::string &out, const std::string &what) {
  if (out.empty()) return print<T>(m);
  writing([&] { write_npy<T>(out, m); });
  say("{}: {}, {}", out, to_string(m.shape()), what);
}

/// The expression and a caret under the place, windowed to fit a line.
std::string caret(std::string_view expression, std::size_t position);

/// A line on standard error that is rewritten as work goes on; silent for the first second and off a terminal.
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
