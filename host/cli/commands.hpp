#pragma once
/// The commands, run after their options have been parsed.

#include "cli/output.hpp"
#include "kronvec/kronvec.hpp"

#include <string>
#include <vector>

namespace kronvec::cli {

inline constexpr const char *exit_statuses =
    "0 done, 1 a comparison failed, 2 the request was wrong or refused, 3 a system error";

struct Request {
  std::string command;
  std::string expression;
  std::vector<std::string> bindings;
  std::string wrt, format = "text", device = "auto", dtype = "float64", layout = "numerator", method = "auto";
  std::string picture, graph, max_memory, tangent, cotangent, to, shell, varying;
  Delivery delivery;
  Index points = 1;
  bool symmetric = false, explain = false, transposed = false;
};

/// Returns the exit status: 0, or 1 if a comparison failed. Throws Error and its subclasses.
int run(const Request &request);
/// `evaluate`, `gradient`, `jvp`, `vjp` and `compare`.
int run_value(const Request &request);
/// `jacobian` and `hessian`.
void run_dense(const Request &request);
/// The commands about operators, `apply` and `simplify`.
int run_operator(const Request &request);
/// The command `derive`.
void derive(const Request &request);

} // namespace kronvec::cli
