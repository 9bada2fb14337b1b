/// The rules of rewriting, as a table.

#include "calculus/rewriting/rules.hpp"

#include "calculus/rewriting/properties.hpp"

namespace kronvec::rewriting {
namespace {

bool always(const Bindings &) { return true; }
bool is_column(const Bindings &u) { return u.at("u").cols() == 1; }
bool u_is_non_negative(const Bindings &u) { return is_non_negative(u.at("u")); }

// A more special pattern comes before a more general one.
constexpr Rule table[] = {
    // Logarithms of what overflows or loses its digits.
    {"log(exp(u))", "u", "", always, ""},
    {"log(1 + exp(u))", "softplus(u)", "", always, ""},
    {"log1p(exp(u))", "softplus(u)", "", always, ""},
    {"log(sum(exp(u)))", "logsumexp(vec(u))", "", always, ""},
    {"log(sigmoid(u))", "-softplus(-u)", "", always, ""},
    {"log(softmax(u))", "logsoftmax(u)", "", always, ""},
    {"log(abs(det(u)))", "logdet(u)", "", always, ""},
    {"log(det(u))", "logdet(u) + log(signdet(u))", "", always, ""}, // log(−1) is NaN where det U < 0
    {"log(1 + u)", "log1p(u)", "", always, ""},

    // Differences and quotients of exponentials.
    {"exp(u) - 1", "expm1(u)", "", always, ""},
    {"1 - exp(u)", "-expm1(u)", "", always, ""},
    {"1 - sigmoid(u)", "sigmoid(-u)", "", always, ""},
    {"1 ./ (1 + exp(-u))", "sigmoid(u)", "", always, ""},
    {"reciprocal(1 + exp(-u))", "sigmoid(u)", "", always, ""},
    {"1 ./ (1 + exp(u))", "sigmoid(-u)", "", always, ""},
    {"exp(u) ./ (1 + exp(u))", "sigmoid(u)", "", always, ""},
    {"exp(u) ./ sum(exp(u))", "softmax(u)", "u is a column", is_column, ""},
    {"exp(log(u))", "u", "u ≥ 0", u_is_non_negative, ""},

    // Squares and roots.
    {"square(norm2(u))", "sum(square(u))", "", always, "D12"},
    {"sqrt(sum(square(u)))", "norm2(u)", "", always, ""},
    {"sqrt(sum(u .* u))", "norm2(u)", "", always, ""},
    {"sqrt(inner(u, u))", "norm2(u)", "", always, ""},
    {"sqrt(u' * u)", "norm2(u)", "", always, ""},
    {"sqrt(tr(u' * u))", "norm2(u)", "", always, ""},
    {"sqrt(square(u))", "abs(u)", "", always, ""},
    {"sqrt(u .* u)", "abs(u)", "", always, ""},
    {"square(sqrt(u))", "u", "u ≥ 0", u_is_non_negative, ""},
    {"square(abs(u))", "square(u)", "", always, ""},

    // An inverse that is only multiplied.
    {"inv(u) * v", "solve(u, v)", "", always, "D4", true},
    {"v * inv(u)", "solve(u', v')'", "", always, "D4", true},
};

} // namespace

std::span<const Rule> rules() { return table; }

} // namespace kronvec::rewriting
