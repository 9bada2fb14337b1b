#pragma once
/// The commands, after their options have been read.

#include "kronvec/kronvec.hpp"

#include <string>
#include <vector>

namespace kronvec::cli {

struct Request {
  std::string command;
  std::string expression;
  std::vector<std::string> bindings;
  std::string wrt, format = "text", device = "auto", dtype = "float64", layout = "numerator", method = "auto";
  std::string out, picture, max_memory, tangent, cotangent, to;
  bool symmetric = false, explain = false, transposed = false;
};

/// The exit status: 0, or 1 where a comparison failed. Throws Error and its kin.
int run(const Request &request);
/// The commands about operators, `apply` and `simplify`.
int run_operator(const Request &request);
/// The command `derive`.
void derive(const Request &request);

} // namespace kronvec::cli
