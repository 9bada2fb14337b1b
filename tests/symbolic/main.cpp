/// Reads, differentiates and prints, with the symbolic part of the library alone.

#include <kronvec/derivation.hpp>
#include <kronvec/parse.hpp>

#include <cstdio>

int main() {
  using namespace kronvec;
  const Symbol a("A", 4, 3), x("X", 3, 2), b("B", 2, 5);
  const Symbols symbols{{"A", a}, {"X", x}, {"B", b}};
  const std::string jacobian = to_string(Derivation(parse("A*exp(X*B)", symbols), x).jacobian());
  std::printf("symbolic: %s\n", jacobian.c_str());
  return jacobian == "kron(eye(5),A)*diag(vec(exp(X*B)))*kron(B',eye(3))" ? 0 : 1;
}
