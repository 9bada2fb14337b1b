/// Cases that take microseconds, run a given number of times: `short_cases NAME TIMES`. Without arguments, prints the
/// names. bench/before_after counts their instructions under valgrind: the difference between many calls and few, per
/// call, is the cost of the case without program start.

#include "kronvec/kronvec.hpp"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>

namespace {

using namespace kronvec;
using M = Matrix<double>;

/// Matrices shared by the cases, and the function A·exp(X·B) of 4×4 matrices.
struct Given {
  M a = M::random(4, 4, 1), b = M::random(4, 4, 2), x = M::random(4, 4, 3), y = M(4, 4);
  M sixteen = M::random(16, 1, 4), result = M(16, 1), dense = M(16, 16), odd = M::random(7, 9, 5), turned = M(9, 7);
  M xs = M::random(4, 4 * 16, 6), many = M(16, 16 * 16);
  Symbol A{"A", 4, 4}, X{"X", 4, 4}, B{"B", 4, 4};
  Expression f = A * exp(X * B);
  Values<double> values{{A, a}, {X, x}, {B, b}};
  Jacobian plan = jacobian(f, X);
  JacobianAt<double> point = plan.at(values);
  JacobianAtPoints<double> points = plan.at_points<double>({{A, a}, {X, xs}, {B, b}}, 16);
  Operator<double> two = kron<double>({Operator<double>(a.clone(), "A"), Operator<double>(b.clone(), "B")});
  Operator<double> sandwich = commutation<double>(4, 4) * two * commutation<double>(4, 4);
};

std::map<std::string, std::function<void()>> cases(Given &g) {
  return {
      {"commutation/7x9", [&g] { transpose(g.odd, g.turned); }},
      {"commutation/operator", [&g] { commutation<double>(4, 4).apply(g.sixteen, g.result); }},
      {"hadamard/4x4", [&g] { hadamard(g.a, g.x, g.y); }},
      {"kronecker/4x4,4x4",
       [&g] {
         kronecker_apply(1, {g.a, g.b}, g.sixteen, 0, g.result);
       }},
      {"kronecker/both_sides", [&g] { multiply_both_sides(g.a, g.x, g.b, g.y); }},
      {"kronecker/operator", [&g] { g.sandwich.apply(g.sixteen, g.result); }},
      {"kronecker/simplify", [&g] { simplify(g.sandwich); }},
      {"jacobian/plan", [&g] { jacobian(g.f, g.X); }},
      {"jacobian/at", [&g] { g.plan.at(g.values); }},
      {"jacobian/update",
       [&g] {
         g.point.update({{g.X, g.x}});
       }},
      {"jacobian/dense", [&g] { g.point.to_dense(g.dense); }},
      {"jacobian/apply", [&g] { g.point.apply(g.x, g.y); }},
      {"jacobian/apply_transpose", [&g] { g.point.apply_transpose(g.x, g.y); }},
      {"jacobian/points",
       [&g] {
         g.points.update({{g.X, g.xs}}), g.points.to_dense(g.many);
       }},
  };
}

} // namespace

int main(int argc, char **argv) {
  Given given;
  const auto all = cases(given);
  if (argc == 1) {
    for (const auto &[name, work] : all)
      std::puts(name.c_str());
    return 0;
  }
  const auto found = all.find(argv[1]);
  if (argc != 3 || found == all.end()) {
    std::fputs("usage: short_cases [NAME TIMES]\n", stderr);
    return 2;
  }
  for (long n = std::atol(argv[2]); n > 0; --n)
    found->second();
}
