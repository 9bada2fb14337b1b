/// Turns a differential into terms: one rule per linear node.

#include "calculus/terms/term_builder.hpp"

#include <algorithm>

namespace kronvec::inline KRONVEC_ABI {

TermBuilder::Coefficient TermBuilder::coefficient(Expression f) {
  Coefficient a;
  bool transposed = false;
  for (;;) {
    const Node &node = *f.node();
    switch (node.kind) {
    case Kind::transpose:
      transposed = !transposed;
      [[fallthrough]];
    case Kind::named:
      f = node.operand(0);
      continue;
    case Kind::scale:
      a.scale *= node.alpha;
      f = node.operand(0);
      continue;
    case Kind::number:
    case Kind::filled:
      a.scale *= node.alpha;
      a.kind = Coefficient::Kind::ones;
      return a;
    case Kind::eye:
      a.kind = f.is_scalar() ? Coefficient::Kind::ones : Coefficient::Kind::identity;
      return a;
    default:
      a.slot = program_.value(f);
      meanings_.try_emplace(a.slot, f);
      a.row_stride = 1, a.col_stride = f.rows();
      if (transposed) std::swap(a.row_stride, a.col_stride);
      return a;
    }
  }
}

/// Multiplies a term by the entry (i, j) of a coefficient, which must not be an identity.
void TermBuilder::append(Term &t, const Coefficient &a, const AffineMap &i, const AffineMap &j) {
  t.scale *= a.scale;
  if (a.kind == Coefficient::Kind::matrix) t.factors.push_back({a.slot, a.row_stride * i + a.col_stride * j});
}

Terms TermBuilder::each(const Terms &terms, Shape from, const auto &rule) {
  Terms result;
  for (const Term &t : terms) {
    Term changed = t;
    if (rule(changed)) {
      result.push_back(std::move(changed));
      continue;
    }
    Term all = form_.dense(terms, from);
    if (!rule(all)) throw NoTerms{"its index arithmetic is not affine"};
    return {all};
  }
  return result;
}

Terms TermBuilder::seed(Shape shape) {
  Term t;
  t.row = t.label(shape.rows), t.col = t.label(shape.cols);
  t.seed = t.row + shape.rows * t.col;
  return {t};
}

Terms TermBuilder::left_multiply(const Expression &matrix, Terms u) {
  const Coefficient a = coefficient(matrix);
  for (Term &t : u) {
    if (a.kind == Coefficient::Kind::identity) {
      t.scale *= a.scale;
      continue;
    }
    const AffineMap i = t.label(matrix.rows());
    append(t, a, i, t.row);
    t.row = i;
  }
  return u;
}

Terms TermBuilder::right_multiply(Terms u, const Expression &matrix) { // (Bᵀ·dUᵀ)ᵀ; transposes of terms are free
  return transpose(left_multiply(kronvec::transpose(matrix), transpose(std::move(u))));
}

void TermBuilder::keep_diagonal(Term &t, Index n) {
  if (t.align_row_and_col()) return;
  const SlotId identity = program_.value(eye(n));
  meanings_.try_emplace(identity, eye(n));
  t.factors.push_back({identity, t.row + n * t.col});
}

Terms TermBuilder::hadamard(const Expression &matrix, Terms u) {
  const Coefficient d = coefficient(matrix);
  for (Term &t : u) {
    if (matrix.is_scalar()) {
      append(t, d, {}, {});
    } else if (d.kind == Coefficient::Kind::identity) {
      t.scale *= d.scale;
      keep_diagonal(t, matrix.rows());
    } else {
      append(t, d, t.row, t.col);
    }
  }
  return u;
}

Terms TermBuilder::outer(const Expression &matrix, Terms u) {
  const Coefficient m = coefficient(matrix);
  for (Term &t : u) {
    const AffineMap i = t.label(matrix.rows());
    if (m.kind == Coefficient::Kind::identity) {
      t.scale *= m.scale;
      t.row = t.col = i;
      continue;
    }
    const AffineMap j = t.label(matrix.cols());
    append(t, m, i, j);
    t.row = i, t.col = j;
  }
  return u;
}

Terms TermBuilder::inner(const Expression &matrix, Terms u) {
  u = hadamard(matrix, std::move(u));
  for (Term &t : u)
    t.row = t.col = {};
  return u;
}

Terms TermBuilder::transpose(Terms u) {
  for (Term &t : u)
    std::swap(t.row, t.col);
  return u;
}

Terms TermBuilder::scale(double alpha, Terms u) {
  for (Term &t : u)
    t.scale *= alpha;
  return u;
}

Terms TermBuilder::combination(double alpha, Terms u, double beta, Terms v) {
  u = scale(alpha, std::move(u)), v = scale(beta, std::move(v));
  u.insert(u.end(), v.begin(), v.end());
  return u;
}

namespace {

/// Given a row map that holds the whole index, splits it into row and column of a shape with this many rows.
bool split_rows(Term &t, Index rows) {
  t.col = {};
  fuse(t);
  const auto digits = t.digits(&Term::row, rows);
  if (digits) std::tie(t.row, t.col) = *digits;
  return digits.has_value();
}

} // namespace

Terms TermBuilder::reshape(const Terms &u, Shape from, Shape to) {
  return each(u, from, [&](Term &t) {
    t.row = t.row + from.rows * t.col;
    return split_rows(t, to.rows);
  });
}

Terms TermBuilder::embed(const Terms &u, Shape from, Window window, Shape to) {
  return each(u, from, [&](Term &t) {
    t.row = t.row + window.step * t.col;
    t.row.offset += window.offset;
    return split_rows(t, to.rows);
  });
}

Terms TermBuilder::extract(const Terms &u, Shape from, Window window, Shape to) {
  const bool diagonal = window.step == from.rows + 1 && window.offset == 0 && to.rows == 1;
  return each(u, from, [&](Term &t) {
    if (diagonal && from.rows > 1) {
      if (from.rows != from.cols || from.rows != to.cols) throw NoTerms{"a window that is no block"};
      keep_diagonal(t, from.rows);
      t.row = {};
      return true;
    }
    if (window.step != from.rows && to.cols > 1) throw NoTerms{"a window that is no block"};
    const auto [first_row, first_col] = window.first(to, from);
    if (first_row + to.rows > from.rows) throw NoTerms{"a window that is no block"};
    return t.restrict_to(&Term::row, first_row, to.rows) && t.restrict_to(&Term::col, first_col, to.cols);
  });
}

Terms TermBuilder::permute(const Terms &u, Shape from, MiddleCommutation k, Shape to) {
  return each(u, from, [&](Term &t) {
    t.row = t.row + from.rows * t.col;
    t.col = {};
    fuse(t);
    // row = a + inner·(b + m·(c + n·d)). The digits d, c and b are kept as factors for now, so that later splits of
    // labels update them too.
    for (const Index base : {k.inner * k.m * k.n, k.inner * k.m, k.inner}) {
      const auto digits = t.digits(&Term::row, base);
      if (!digits) return false;
      t.row = digits->first;
      t.factors.push_back({no_slot, digits->second});
    }
    const auto digit = [&](std::size_t i) { return t.factors[t.factors.size() - 3 + i].map; };
    t.row = t.row + k.inner * digit(1) + (k.inner * k.n) * digit(2) + (k.inner * k.m * k.n) * digit(0);
    t.factors.resize(t.factors.size() - 3);
    return split_rows(t, to.rows);
  });
}

Terms TermBuilder::opaque(Terms terms, const Expression &f, const Symbol &u, const Expression &at) {
  const Shape shape{f.shape().size(), u.shape().size()};
  const SlotId local = program_.jacobian(local_jacobian_(f, u), shape, program_.value(at));
  meanings_.try_emplace(local, f);
  for (Term &t : terms) {
    const AffineMap i = t.label(f.rows()), j = t.label(f.cols()), operand = t.row + u.rows() * t.col;
    t.factors.push_back({local, i + f.rows() * j + shape.rows * operand});
    t.row = i, t.col = j;
  }
  return terms;
}

} // namespace kronvec
