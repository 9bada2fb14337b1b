/// Operators from text: the meaning of the grammar's words.

#include "algebra/composed.hpp"
#include "text/grammar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

namespace kronvec::inline KRONVEC_ABI {
namespace {

/// A number (a size, or a factor of an operator), or an operator.
template <class T> using Word = std::variant<double, Operator<T>>;
template <class T> using Words = std::vector<Word<T>>;

template <class T> const Operator<T> &operator_of(const Word<T> &word) {
  if (const auto *a = std::get_if<Operator<T>>(&word)) return *a;
  throw ShapeError(fmt::format("an operator is wanted, not the number {}", std::get<double>(word)));
}

template <class T> Operator<T> &operator_of(Word<T> &word) {
  return const_cast<Operator<T> &>(operator_of<T>(std::as_const(word)));
}

template <class T> Index size_of(const Word<T> &word) {
  const auto *n = std::get_if<double>(&word);
  const auto size = n ? size_spelled(*n) : std::nullopt;
  if (!size)
    throw ShapeError("a size must be a non-negative integer, not " +
                     (n ? fmt::format("{}", *n) : std::get<Operator<T>>(word).to_string()));
  return *size;
}

/// The operator's text as part of a longer name.
template <class T> std::string name(const Operator<T> &a) {
  return algebra::wrapped(*a.node(), algebra::OperatorPrecedence::atom);
}

template <class T> Operators<T> operators_of(const Words<T> &words) {
  Operators<T> all;
  for (const Word<T> &word : words)
    all.push_back(operator_of<T>(word));
  return all;
}

template <class T> Operator<T> rounded(const Operator<T> &a) {
  if constexpr (std::is_same_v<T, float>)
    return tf32(a);
  else
    throw ShapeError("tf32 rounds products of float32 (--dtype float32), not of float64: " + a.to_string());
}

/// Builds operators on a device from the grammar's words.
template <class T> class OperatorBuilder {
public:
  using Value = Word<T>;
  OperatorBuilder(const OperatorSymbols<T> &symbols, Device device) : symbols_(symbols), device_(device) {}

  static Value number(double x) { return x; }
  Value symbol(const Token &name) const {
    if (const auto found = symbols_.find(name.text); found != symbols_.end()) return found->second;
    throw SyntaxError("symbol '" + name.text + "' has no value", name.position);
  }
  static Value negated(const Value &u) {
    if (const auto *x = std::get_if<double>(&u)) return -*x;
    return -operator_of<T>(u);
  }
  static Value transposed(const Value &u) {
    return std::holds_alternative<double>(u) ? u : Value(operator_of<T>(u).transpose());
  }
  static Value binary(std::string_view sign, Value &&u, const Value &v) {
    const auto *x = std::get_if<double>(&u), *y = std::get_if<double>(&v);
    if (x && y) return arithmetic(sign, *x, *y);
    if (sign == "+") return algebra::plus(std::move(operator_of<T>(u)), operator_of<T>(v));
    if (sign == "-") return algebra::plus(std::move(operator_of<T>(u)), -operator_of<T>(v));
    if (sign == "*" && x) return static_cast<T>(*x) * operator_of<T>(v);
    if (sign == "*" && y) return static_cast<T>(*y) * operator_of<T>(u);
    if (sign == "*") return algebra::times(std::move(operator_of<T>(u)), operator_of<T>(v));
    if (sign == "/" && y) return static_cast<T>(1 / *y) * operator_of<T>(u);
    if (sign == "⊗") return kron(operator_of<T>(u), operator_of<T>(v));
    if (sign == "⊕") return direct_sum(Operators<T>{operator_of<T>(u), operator_of<T>(v)});
    if (sign == "^") return power(operator_of<T>(u), size_of<T>(v));
    throw ShapeError(fmt::format("'{}' has no meaning for operators", sign));
  }
  static std::optional<std::size_t> arguments_of(std::string_view name) {
    const auto found =
        std::find_if(std::begin(functions), std::end(functions), [&](auto &f) { return f.name == name; });
    return found == std::end(functions) ? std::nullopt : std::optional(found->arguments);
  }
  Value call(std::string_view name, const std::vector<Value> &u) const {
    return std::find_if(std::begin(functions), std::end(functions), [&](auto &f) { return f.name == name; })
        ->build(u, device_);
  }

private:
  struct OperatorFunction {
    std::string_view name;
    std::size_t arguments;
    Operator<T> (*build)(const Words<T> &u, Device device);
  };
  static constexpr OperatorFunction functions[] = {
      {"kron", any_number, [](const Words<T> &u, Device) { return kron(operators_of<T>(u)); }},
      {"kronsum", any_number, [](const Words<T> &u, Device) { return kron_sum(operators_of<T>(u)); }},
      {"dirsum", any_number, [](const Words<T> &u, Device) { return direct_sum(operators_of<T>(u)); }},
      {"khatrirao", 2,
       [](const Words<T> &u, Device) {
         const Operator<T> &a = operator_of<T>(u[0]), &b = operator_of<T>(u[1]);
         return khatri_rao(a.to_dense(), b.to_dense(), name(a), name(b));
       }},
      {"facesplit", 2,
       [](const Words<T> &u, Device) {
         const Operator<T> &a = operator_of<T>(u[0]), &b = operator_of<T>(u[1]);
         return face_splitting(a.to_dense(), b.to_dense(), name(a), name(b));
       }},
      {"diag", 1,
       [](const Words<T> &u, Device) {
         const Operator<T> &d = operator_of<T>(u[0]);
         return diag(d.to_dense(), d.cols() == 1 ? d.to_string() : "vec " + name(d));
       }},
      {"tf32", 1, [](const Words<T> &u, Device) { return rounded(operator_of<T>(u[0])); }},
      {"transpose", 1, [](const Words<T> &u, Device) { return operator_of<T>(u[0]).transpose(); }},
      {"K", 2, [](const Words<T> &u, Device d) { return commutation<T>(size_of<T>(u[0]), size_of<T>(u[1]), d); }},
      {"D", 1, [](const Words<T> &u, Device d) { return duplication<T>(size_of<T>(u[0]), {}, d); }},
      {"Dplus", 1, [](const Words<T> &u, Device d) { return duplication_pseudoinverse<T>(size_of<T>(u[0]), {}, d); }},
      {"L", 1, [](const Words<T> &u, Device d) { return elimination<T>(size_of<T>(u[0]), {}, d); }},
      {"N", 1, [](const Words<T> &u, Device d) { return symmetrizer<T>(size_of<T>(u[0]), d); }},
      {"I", 1, [](const Words<T> &u, Device d) { return identity<T>(size_of<T>(u[0]), d); }},
      {"eye", 1, [](const Words<T> &u, Device d) { return identity<T>(size_of<T>(u[0]), d); }},
      {"zeros", 2, [](const Words<T> &u, Device d) { return zero<T>(size_of<T>(u[0]), size_of<T>(u[1]), d); }},
  };

  static double arithmetic(std::string_view sign, double x, double y) {
    switch (sign[sign.size() - 1]) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '/':
      return x / y;
    default:
      return std::pow(x, y);
    }
  }
  static Operator<T> power(const Operator<T> &a, Index n) {
    if (n > 1000) throw ShapeError(fmt::format("a power of {} is more than the 1000 factors that are taken", n));
    Operator<T> result = identity<T>(a.rows(), a.device());
    if (n > 0) result = a;
    for (Index k = 1; k < n; ++k)
      result = algebra::times(std::move(result), a);
    if (a.rows() != a.cols()) throw ShapeError("a power of " + a.to_string() + ", which is " + to_string(a.shape()));
    return result;
  }

  const OperatorSymbols<T> &symbols_;
  Device device_;
};

} // namespace

template <class T> Operator<T> parse_operator(std::string_view text, const OperatorSymbols<T> &symbols, Device device) {
  OperatorBuilder<T> builder(symbols, device);
  return operator_of<T>(Grammar<OperatorBuilder<T>>(text, builder).parse());
}

template Operator<float> parse_operator(std::string_view, const OperatorSymbols<float> &, Device);
template Operator<double> parse_operator(std::string_view, const OperatorSymbols<double> &, Device);

} // namespace kronvec
