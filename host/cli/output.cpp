/// Prints matrices, errors and progress.

#include "cli/output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <unistd.h>
#include <utility>

namespace kronvec::cli {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

} // namespace

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw MachineError(std::string("cannot write to standard output: ") + std::strerror(errno));
}

template <class T> void print(MatrixView<const T> m) {
  if (isatty(STDOUT_FILENO)) return print(to_string(m) + "\n");
  std::string line;
  for (Index i = 0; i < m.rows(); ++i) {
    line.clear();
    for (Index j = 0; j < m.cols(); ++j)
      line += fmt::format("{}{}", j ? "," : "", m(i, j));
    print(line + '\n');
  }
}

template void print(MatrixView<const float>);
template void print(MatrixView<const double>);

std::string caret(std::string_view expression, std::size_t position) {
  constexpr std::size_t before = 60, width = 100;
  const auto continues = [&](std::size_t at) {
    return at < expression.size() && (static_cast<unsigned char>(expression[at]) & 0xc0) == 0x80;
  };
  std::size_t first = position > before ? position - before : 0;
  while (continues(first))
    --first;
  std::size_t last = std::min(expression.size(), first + width);
  while (continues(last))
    ++last;
  std::string line(expression.substr(first, last - first));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
  std::size_t column = 0;
  for (std::size_t i = first; i < position; ++i)
    column += !continues(i);
  return fmt::format("  {}\n  {:>{}}", line, "^", column + 1);
}

ProgressLine::ProgressLine() : terminal_(isatty(STDERR_FILENO)), start_(now()) {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::clear() {
  if (std::exchange(shown_, false)) std::fputs("\r\033[K", stderr);
}

void ProgressLine::show(std::string_view what, double done) {
  const double time = now();
  if (!terminal_ || time - start_ < 1 || time - last_ < 0.1) return;
  last_ = time, shown_ = true;
  std::fputs(fmt::format("\r\033[K{} {:.0f}%", what, 100 * done).c_str(), stderr);
  std::fflush(stderr);
}

} // namespace kronvec::cli
