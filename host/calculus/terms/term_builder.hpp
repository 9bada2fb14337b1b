#pragma once
/// The fourth reading of a differential: the terms of each linear node. (U is m×n; i, j are new labels.)

#include "calculus/terms/normal_form.hpp"

#include <functional>

namespace kronvec::inline KRONVEC_ABI {

/// Makes ∂vec f/∂(vec u)ᵀ a step of a program, if f has no terms of its own.
using LocalJacobians = std::function<std::shared_ptr<const LocalJacobian>(const Expression &f, const Symbol &u)>;

class TermBuilder {
public:
  /// For a Jacobian with this many entries. Each node keeps at most `cap` terms per part of the seed.
  TermBuilder(Program &program, LocalJacobians local_jacobian, double entries, int cap)
      : program_(program), local_jacobian_(std::move(local_jacobian)), form_(program, entries, cap) {}

  NormalForm &form() { return form_; }

  /// The expressions that coefficient slots hold.
  const std::map<SlotId, Expression> &meanings() const { return meanings_; }

  // The rules.

  /// R = k, C = l, S = k + m·l.
  static Terms seed(Shape shape);
  /// A·dU: A at (i, R); R = i.
  Terms left_multiply(const Expression &a, Terms u);
  /// dU·B: B at (C, j); C = j.
  Terms right_multiply(Terms u, const Expression &b);
  /// D ⊙ dU: D at (R, C).
  Terms hadamard(const Expression &d, Terms u);
  /// dt·M: R = i, C = j; M at (i, j).
  Terms outer(const Expression &m, Terms t);
  /// ⟨G, dU⟩: G at (R, C); R = C = 0.
  Terms inner(const Expression &g, Terms u);
  static Terms transpose(Terms u);
  static Terms combination(double alpha, Terms u, double beta, Terms v);
  static Terms scale(double alpha, Terms u);
  /// R + m·C, split at the new number of rows. The window and the permutation below use the same split.
  Terms reshape(const Terms &u, Shape from, Shape to);
  Terms extract(const Terms &u, Shape from, Window window, Shape to);
  Terms embed(const Terms &u, Shape from, Window window, Shape to);
  Terms permute(const Terms &u, Shape from, MiddleCommutation middle, Shape to);
  /// Any function f of U: its own dense Jacobian at U = `at` is one more factor, at (i, j, R, C). The terms of U keep
  /// their structure.
  Terms opaque(Terms terms, const Expression &f, const Symbol &u, const Expression &at);

private:
  /// The entries of a coefficient: a factor; no factor if all entries are equal or it is the identity.
  struct Coefficient {
    enum class Kind { ones, identity, matrix } kind = Kind::matrix;
    double scale = 1;
    SlotId slot = no_slot;
    Index row_stride = 0, col_stride = 0;
  };
  Coefficient coefficient(Expression f);
  static void append(Term &t, const Coefficient &a, const AffineMap &i, const AffineMap &j);
  /// Keeps only the entries with R = C.
  void keep_diagonal(Term &t, Index n);
  /// Applies `rule` to every term. If it returns false for one term, applies it to all terms as one dense array.
  Terms each(const Terms &terms, Shape from, const auto &rule);

  Program &program_;
  LocalJacobians local_jacobian_;
  NormalForm form_;
  std::map<SlotId, Expression> meanings_;
};

} // namespace kronvec
