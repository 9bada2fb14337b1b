#pragma once
/// The dense Jacobians that are measured: cases C1 and C2.

#include "kronvec/derivative.hpp"
#include "kronvec/parse.hpp"

#include <string>
#include <vector>

namespace kronvec::bench {

/// A symbol and its values: scale·(standard normal numbers) + diagonal·I. The scales keep the functions out of
/// saturation.
struct Leaf {
  std::string name;
  Index rows, cols;
  double scale = 1, diagonal = 0;
};

struct Case {
  std::string id;   ///< "C1/a_exp_xb/64/double"
  std::string text; ///< the expression, in the command's grammar; differentiated with respect to X
  std::string size; ///< for display: "s = 64"
  std::vector<Leaf> leaves;
  bool single = false;        ///< float
  bool peers = false;         ///< whether the Python peers run it too
  double flops_per_entry = 0; ///< flops per entry of J if a product bounds the case; 0 if memory does
  std::string family() const { return id.substr(0, id.find('/', 3)); }
};

/// All cases, or small ones of each kind that only show that everything runs.
std::vector<Case> dense_cases(bool quick);

/// The same kinds at sizes for a GPU (cases G3, G4), or at sizes that the emulator can handle.
std::vector<Case> gpu_cases(bool emulated);

/// A case's expression with the values bound.
template <class T> struct Problem {
  explicit Problem(const Case &c);
  Expression f;
  Symbol x;
  std::map<std::string, Matrix<T>> values;
  Values<T> bindings;
};

/// The cases as a JSON list, for the peers.
std::string to_json(const std::vector<Case> &cases);

} // namespace kronvec::bench
