#pragma once
/// An operator whose products may round operands to TF32.

#include "algebra/node.hpp"

namespace kronvec::algebra {

/// Products use the operator's parts at lower precision. Everything else (entries above all) uses the operator itself.
/// No rewriting rule looks inside it.
class Tf32 final : public Node<float> {
public:
  explicit Tf32(NodePtr<float> a) : Node(a->shape(), a->device()), a_(std::move(a)), rounded_(a_->rounded()) {}

  void apply(float alpha, In x, float beta, Out y, std::span<float> workspace) const override {
    rounded_->apply(alpha, x, beta, y, workspace);
  }
  Index workspace(Index columns, bool adds) const override { return rounded_->workspace(columns, adds); }
  NodePtr<float> transposed() const override { return std::make_shared<Tf32>(a_->transposed()); }
  std::string text() const override { return "tf32(" + a_->text() + ")"; }
  Index size() const override { return 1 + a_->size(); }
  double flops() const override { return a_->flops(); }
  std::size_t bytes() const override { return a_->bytes(); }
  float entry(Index i, Index j) const override { return a_->entry(i, j); }
  Matrix<float> diagonal() const override { return a_->diagonal(); }
  float trace() const override { return a_->trace(); }
  double squared_norm() const override { return a_->squared_norm(); }
  void window(Index i, Index j, Out out) const override { a_->window(i, j, out); }
  CooMatrix<float> coo() const override { return a_->coo(); }
  bool draft(Draft<float> &draft) const override { return a_->draft(draft); }

private:
  NodePtr<float> a_, rounded_;
};

} // namespace kronvec::algebra
