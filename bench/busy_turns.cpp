/// A worker process for bench/busy.py. For each line on standard input (the number of a function), it computes a value
/// and a gradient, and prints the wall-clock seconds and the processor seconds of all threads.

#include "kronvec/kronvec.hpp"
#include "timing.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <iostream>

namespace {

using namespace kronvec;

constexpr Index n = 512;
constexpr int repeats = 5; // an answer is a mean, because one scheduler slice is as long as a few products

struct Work {
  Expression value, gradient;
};

} // namespace

int main() {
  const Symbol a("A", n, n), x("X", n, n), b("B", n, n);
  const Symbols symbols{{"A", a}, {"X", x}, {"B", b}};
  std::vector<Work> works;
  for (const char *text : {"sum(tanh(A*X*B))", "norm2(A*X-B)^2", "logdet(X'*X+512*eye(512))"}) {
    const Expression f = parse(text, symbols);
    works.push_back({f, gradient(f, x)});
  }
  const auto a0 = Matrix<double>::random(n, n, 1), x0 = Matrix<double>::random(n, n, 2),
             b0 = Matrix<double>::random(n, n, 3);
  const Values<double> values{{a, a0}, {x, x0}, {b, b0}};
  for (std::size_t i = 0; std::cin >> i;) {
    const auto once = [&] { evaluate(works.at(i).value, values), evaluate(works.at(i).gradient, values); };
    once(); // wakes the threads and touches the memory
    const double processor = bench::processor_seconds();
    const double wall = bench::seconds([&] {
      for (int k = 0; k < repeats; ++k)
        once();
    });
    fmt::print("{} {}\n", wall / repeats, (bench::processor_seconds() - processor) / repeats);
    std::fflush(stdout);
  }
}
