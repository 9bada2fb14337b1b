/// Prints matrices, errors and progress.

#include "cli/output.hpp"

#include "cli/interruption.hpp"
#include "core/readable.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <unistd.h>
#include <utility>
#include <vector>

namespace kronvec::cli {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

} // namespace

std::string readable_line(const std::string &text) {
  constexpr std::size_t most = 1000; // at each end; a message names what is wrong at its beginning, and why at its end
  return printable(both_ends(text, most));
}

std::string coloured(std::string_view text, Colour colour, std::FILE *stream) {
  const char *no_colour = std::getenv("NO_COLOR"), *terminal = std::getenv("TERM");
  const bool plain =
      !isatty(fileno(stream)) || (no_colour && *no_colour) || !terminal || terminal == std::string("dumb");
  if (plain) return std::string(text);
  return fmt::format("\033[{}m{}\033[0m", colour == Colour::red ? "1;31" : "32", text);
}

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  if (errno == EPIPE) throw Interrupted(SIGPIPE); // whoever read it has seen enough, as `head` has
  throw MachineError(std::string("cannot write to standard output: ") + std::strerror(errno));
}

template <class T> void print(MatrixView<const T> m) {
  if (isatty(STDOUT_FILENO)) return print(to_string(m) + "\n");
  std::string line;
  for (Index i = 0; i < m.rows(); ++i) {
    line.clear();
    for (Index j = 0; j < m.cols(); ++j)
      line += fmt::format("{}{}", j ? "," : "", without_nan_sign(m(i, j)));
    print(line + '\n');
  }
}

template <class T> std::string json(MatrixView<const T> m) {
  const auto entry = [](T x) {
    if (std::isfinite(x)) return fmt::format("{}", x);
    return std::string(std::isnan(x) ? "\"NaN\"" : x > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  };
  std::string rows;
  for (Index i = 0; i < m.rows(); ++i) {
    rows += i ? ", [" : "[";
    for (Index j = 0; j < m.cols(); ++j)
      rows += (j ? ", " : "") + entry(m(i, j));
    rows += ']';
  }
  return fmt::format("{{\"rows\": {}, \"cols\": {}, \"entries\": [{}]}}", m.rows(), m.cols(), rows);
}

template <class T> void print_npy(MatrixView<const T> m) {
  if (isatty(STDOUT_FILENO)) throw Error("--out -: the bytes of a .npy file would go to a terminal");
  try {
    write_npy<T>(std::cout, m);
  } catch (const IoError &error) {
    if (errno == EPIPE) throw Interrupted(SIGPIPE);
    throw MachineError(error.what());
  }
}

template void print(MatrixView<const float>);
template void print(MatrixView<const double>);
template std::string json(MatrixView<const float>);
template std::string json(MatrixView<const double>);
template void print_npy(MatrixView<const float>);
template void print_npy(MatrixView<const double>);

std::string caret(std::string_view expression, std::size_t position) {
  constexpr std::size_t before = 60, width = 100;
  const auto continues = [&](std::size_t at) {
    return at < expression.size() && (static_cast<unsigned char>(expression[at]) & 0xc0) == 0x80;
  };
  std::size_t first = position > before ? position - before : 0;
  while (first > 0 && continues(first))
    --first;
  std::size_t last = std::min(expression.size(), first + width);
  while (continues(last))
    ++last;
  std::string line(expression.substr(first, last - first));
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
  const std::size_t column = width_of(printable(std::string_view(line).substr(0, position - first)));
  return fmt::format("  {}\n  {:>{}}\n", printable(line), "^", column + 1);
}

ProgressLine::ProgressLine(std::string what) : what_(std::move(what)), start_(now()) {
  if (isatty(STDERR_FILENO)) ticker_ = std::thread([this] { tick(); });
}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::clear() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  stop_.notify_one();
  if (ticker_.joinable()) ticker_.join();
  if (std::exchange(shown_, false)) std::fputs("\r\033[K", stderr);
}

void ProgressLine::show(const std::string &what, double done) {
  const std::lock_guard lock(mutex_);
  if (!what.empty() && what != what_) what_ = what, start_ = now();
  done_ = done;
}

/// "jacobian 40%, 3 s left", or "evaluate, 5 s" where no fraction is known.
std::string ProgressLine::text() const {
  const double seconds = now() - start_;
  if (done_ <= 0) return fmt::format("{}, {:.0f} s", what_, seconds);
  return fmt::format("{} {:.0f}%, {:.0f} s left", what_, 100 * done_, seconds * (1 - done_) / done_);
}

void ProgressLine::tick() {
  using namespace std::chrono_literals;
  std::unique_lock lock(mutex_);
  for (auto wait = 2000ms; !stop_.wait_for(lock, wait, [this] { return over_; }); wait = 250ms) {
    shown_ = true;
    std::fputs(fmt::format("\r\033[K{}", text()).c_str(), stderr);
    std::fflush(stderr);
  }
}

} // namespace kronvec::cli
