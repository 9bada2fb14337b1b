/// The commands about values, gradients and products with J.

#include "cli/session.hpp"
#include "core/readable.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <sstream>

namespace kronvec::cli {

namespace {

template <class T> void evaluate(Session<T> &session) {
  if (const std::string &graph = session.request.graph; !graph.empty()) {
    if (session.request.delivery.json || !session.request.delivery.out.empty())
      throw Error("--graph draws the program and evaluates nothing: leave out --out and --json");
    writing([&] { write_graph(graph, session.f); });
    return say("{}: the program that computes the value", graph);
  }
  const auto values = session.bindings.values();
  if (session.request.points == 1)
    return session.deliver(kronvec::evaluate<T>(session.f, values, session.device), "value");
  const Jacobian plan = jacobian(session.f, session.bindings.symbols.at(names_in(session.request.varying).at(0)));
  const auto points = plan.at_points<T>(values, session.request.points, session.device);
  session.deliver(Matrix<T>::copy_of(points.value(), session.device), "values side by side");
}

template <class T> void gradient(Session<T> &session) {
  const Expression g = kronvec::gradient(session.f, session.variables());
  session.deliver(kronvec::evaluate<T>(g, session.bindings.values(), session.device), "gradient");
}

/// J·X or Jᵀ·X, at one point or at many.
template <class T> Matrix<T> product(Session<T> &session, bool transposed, MatrixView<const T> x) {
  const Jacobian plan = jacobian(session.f, session.variables());
  const auto apply = [&](const auto &j) { return transposed ? j.apply_transpose(x) : j.apply(x); };
  const auto values = session.bindings.values();
  if (session.request.points == 1) return apply(plan.at<T>(values, session.device));
  return apply(plan.at_points<T>(values, session.request.points, session.device));
}

template <class T> void jvp(Session<T> &session) {
  const Matrix<T> tangent = value_of<T>("--tangent", session.request.tangent).to(session.device);
  session.deliver(product<T>(session, false, tangent), "DF·dX");
}

template <class T> void vjp(Session<T> &session) {
  const Matrix<T> cotangent = value_of<T>("--cotangent", session.request.cotangent).to(session.device);
  session.deliver(product<T>(session, true, cotangent), "DFᵀ·U");
}

std::string json(const Comparison &row) {
  const auto number = [](double x) { return std::isfinite(x) ? fmt::format("{}", x) : std::string("\"Infinity\""); };
  return fmt::format("{{\"device\": {}, \"method\": {}, \"points\": {}, \"error\": {}, \"tolerance\": {}, "
                     "\"seconds\": {}, \"bytes_per_second\": {}, \"peak_bytes\": {}, \"passed\": {}}}",
                     json_string(row.device), json_string(name(row.method)), row.points, number(row.error),
                     number(row.tolerance), row.seconds, row.bandwidth, row.peak_bytes, row.passed());
}

/// The table of comparisons, with the verdicts in colour.
std::string table(const std::vector<Comparison> &rows) {
  std::string text;
  std::istringstream lines(to_string(rows));
  for (std::string line; std::getline(lines, line); text += '\n')
    for (const auto &[verdict, colour] :
         {std::pair("  ok", Colour::green), {"  FAILED", Colour::red}, {"", Colour::red}})
      if (line.ends_with(verdict)) {
        const std::size_t end = line.size() - std::string_view(verdict).size();
        text += line.substr(0, end) + (*verdict ? coloured(verdict, colour, stdout) : "");
        break;
      }
  return text;
}

template <class T> int compare(Session<T> &session) {
  const auto devices = session.request.device == "auto" ? Device::all() : std::vector{session.device};
  const auto rows = kronvec::compare<T>(session.f, session.symbol(), session.bindings.values(), devices,
                                        [&](const std::string &what, double done) { session.line.show(what, done); });
  session.line.clear();
  if (session.request.delivery.json) {
    std::vector<std::string> all;
    std::transform(rows.begin(), rows.end(), std::back_inserter(all), [](const Comparison &row) { return json(row); });
    print(fmt::format("[{}]\n", fmt::join(all, ",\n ")));
  } else {
    print(table(rows));
  }
  const auto failed = std::count_if(rows.begin(), rows.end(), [](const Comparison &row) { return !row.passed(); });
  if (failed) say("kronvec: {} of {} comparisons are out of tolerance", failed, rows.size());
  return failed ? 1 : 0;
}

template <class T> int run_in(const Request &request) {
  if (request.command == "evaluate" && request.points > 1 && request.varying.empty())
    throw Error("--points needs --varying with the names of the symbols that have one value per point");
  Session<T> session(request);
  if (request.command == "compare") return compare(session);
  if (request.command == "evaluate") evaluate(session);
  if (request.command == "gradient") gradient(session);
  if (request.command == "jvp") jvp(session);
  if (request.command == "vjp") vjp(session);
  return 0;
}

} // namespace

int run_value(const Request &request) {
  return request.dtype == "float32" ? run_in<float>(request) : run_in<double>(request);
}

} // namespace kronvec::cli
