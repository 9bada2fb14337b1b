#pragma once
/// Every way to compute a function and its derivatives at a point.

#include "tests/edges/table.hpp"

#include <utility>

namespace kronvec::testing {

/// f for a scalar f, otherwise the sum of its entries with the weights.
inline Expression weighted(const Expression &f) {
  if (f.is_scalar()) return f;
  Matrix<double> weights(f.rows(), f.cols());
  for (Index k = 0; k < f.shape().size(); ++k)
    weights.data()[k] = weight(k);
  return sum(hadamard(constant(weights), f));
}

using Shapes = std::vector<std::pair<std::string, Shape>>;

/// A function of symbols with given shapes, and its derivatives, built once for all points.
struct Plans {
  Symbols symbols;
  Expression f, gradient;
  Jacobian j, h;
};

/// `scalar` makes a scalar function of f, for the gradient and the Hessian.
Plans plans_of(const EdgeLine &line, const Shapes &shapes, const auto &scalar) {
  Symbols symbols;
  for (const auto &[name, shape] : shapes)
    symbols.emplace(name, Symbol(name, shape.rows, shape.cols));
  std::vector<Variable> by;
  for (const std::string &name : split(line.by, ','))
    by.emplace_back(symbols.at(name));
  const Expression f = parse(line.expression, symbols), g = scalar(f);
  return {symbols, f, gradient(g, by), jacobian(f, by), hessian(g, by)};
}

/// What a way gave: a matrix on the host, or the message of an exception.
template <class T> struct Way {
  Quantity quantity;
  Form form;
  std::string name;
  std::optional<Matrix<T>> result = {};
  bool is_domain_error = false;
  std::string message = {};
};

/// Computes in all ways, on one device.
template <class T> class Ways {
public:
  Ways(const Plans &plans, const Values<T> &values, Device device) : device_(device) {
    add(Quantity::value, Form::dense, "evaluate", [&] { return evaluate<T>(plans.f, values, device); });
    add(Quantity::j, Form::gradient, "gradient", [&] { return evaluate<T>(plans.gradient, values, device); });
    add_derivative(Quantity::j, plans.j, values);
    add_derivative(Quantity::h, plans.h, values);
  }
  const std::vector<Way<T>> &all() const { return ways_; }

private:
  void add(Quantity quantity, Form form, std::string name, const auto &compute) {
    Way<T> way{quantity, form, std::move(name)};
    try {
      way.result = on_host(compute());
    } catch (const DomainError &error) {
      way.is_domain_error = true, way.message = error.what();
    } catch (const Error &error) {
      way.message = error.what();
    }
    ways_.push_back(std::move(way));
  }

  void add_derivative(Quantity quantity, const Jacobian &plan, const Values<T> &values) {
    std::optional<JacobianAt<T>> at;
    add(quantity, Form::dense, "at", [&] {
      at.emplace(plan.at<T>(values, device_));
      return at->to_dense();
    });
    if (!at) return;
    if (quantity == Quantity::j)
      add(Quantity::value, Form::dense, "value", [&] { return Matrix<T>::copy_of(at->value(), device_); });
    for (const Method method : {Method::structured, Method::forward, Method::reverse, Method::reference}) {
      if (method == Method::structured && !plan.has_terms()) continue;
      if (method == Method::reference && !(device_ == Device::reference())) continue; // it runs on the host
      add(quantity, Form::dense, std::string(kronvec::name(method)), [&] { return at->to_dense({.method = method}); });
    }
    if (at->rows() == 0 || at->cols() == 0) return;
    add(quantity, Form::apply, "apply", [&] { return at->apply(weights(at->cols())); });
    add(quantity, Form::apply_transpose, "apply_transpose", [&] { return at->apply_transpose(weights(at->rows())); });
  }

  /// A column of weights, on the device.
  Matrix<T> weights(Index n) const {
    Matrix<T> w(n, 1);
    for (Index k = 0; k < n; ++k)
      w(k, 0) = T(weight(k));
    return w.to(device_);
  }

  Device device_;
  std::vector<Way<T>> ways_;
};

} // namespace kronvec::testing
