/// The commands `kronvec apply` and `kronvec simplify`.

#include "cli/bindings.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "core/readable.hpp"
#include "core/timing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace kronvec::cli {
namespace {

template <class T> Operator<T> operator_of(const Request &request, Device device) {
  const Bindings<T> bindings = bindings_of<T>(request.bindings);
  note_unused(bindings.symbols, request.expression);
  OperatorSymbols<T> symbols;
  for (const auto &[name, matrix] : bindings.matrices)
    symbols.emplace(name, Operator<T>(matrix.to(device), name));
  return parse_operator<T>(request.expression, symbols, device);
}

/// The measured cost of one application.
struct MeasuredCost {
  double seconds = 0;
  std::size_t peak_bytes = 0; ///< held on the device at once: the operator's matrices, X, Y and workspaces
};

/// Y = A·X; repeated if it is fast.
template <class T> MeasuredCost apply_and_measure(const Operator<T> &a, const Matrix<T> &x, Matrix<T> &y) {
  constexpr double slow = 0.1;
  const double seconds = median_seconds(slow, [&] { a.apply(x, y), a.device().synchronize(); });
  return {seconds, a.device().peak_bytes()};
}

/// Prints "K[300,200] is 60000×60000, 26.8 GiB if it were formed: applied in 0.21 ms, 4.6 GB/s, with 937.5 KiB held at
/// most". The bytes are those of X, Y and the operator's matrices (`Operator::bytes`). If the operator has more flops
/// than bytes, the rate is in flops.
template <class T> void say_cost(const Operator<T> &a, Index columns, const MeasuredCost &cost) {
  const auto count = [](Index n) { return static_cast<double>(n); };
  const double dense = count(a.rows()) * count(a.cols()) * sizeof(T);
  const double bytes = count(columns) * count(a.rows() + a.cols()) * sizeof(T) + static_cast<double>(a.bytes());
  const double flops = a.flops() * count(columns), seconds = std::max(cost.seconds, 1e-9);
  say("{} is {}, {} if it were formed: applied in {:.3g} ms, {:.3g} {}, with {} held at most", a.to_string(),
      to_string(a.shape()), readable_bytes(dense), 1e3 * seconds, 1e-9 * std::max(bytes, flops) / seconds,
      flops > bytes ? "GFLOP/s" : "GB/s", readable_bytes(static_cast<double>(cost.peak_bytes)));
}

template <class T> std::string json(const Simplified<T> &simplified) {
  std::vector<std::string> steps;
  for (const Rewriting &step : simplified.steps)
    steps.push_back(fmt::format("{{\"rule\": {}, \"ledger\": {}, \"before\": {}, \"after\": {}, \"flops_saved\": {}}}",
                                json_string(step.rule), json_string(step.ledger), json_string(step.before),
                                json_string(step.after), step.flops_saved));
  return fmt::format("{{\"before\": {}, \"after\": {},\n \"steps\": [{}]}}\n",
                     json_string(simplified.before.to_string()), json_string(simplified.result.to_string()),
                     fmt::join(steps, ",\n  "));
}

template <class T> int run_in(const Request &request) {
  const Device device = Device::named(request.device);
  const Operator<T> a = operator_of<T>(request, device);
  if (request.command == "simplify") {
    const Simplified<T> simplified = simplify(a);
    print(request.delivery.json ? json(simplified) : simplified.explain());
    return 0;
  }
  ProgressLine line(request.command);
  const Matrix<T> x = value_of<T>("--to", request.to).to(device);
  const Operator<T> wanted = request.transposed ? a.transpose() : a;
  if (x.rows() != wanted.cols()) return wanted.apply(x), 0; // which throws, before Y is allocated
  device.reset_peak();
  auto y = Matrix<T>::uninitialized(wanted.rows(), x.cols(), device);
  const MeasuredCost cost = apply_and_measure(wanted, x, y);
  line.clear();
  deliver(on_host(std::move(y)), request.delivery, wanted.to_string() + " times X");
  say_cost(wanted, x.cols(), cost);
  return 0;
}

} // namespace

int run_operator(const Request &request) {
  return request.dtype == "float32" ? run_in<float>(request) : run_in<double>(request);
}

} // namespace kronvec::cli
