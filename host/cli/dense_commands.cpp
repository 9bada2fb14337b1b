/// The commands `jacobian` and `hessian`: dense, sparse, in memory or by ranges into a file.

#include "cli/interruption.hpp"
#include "cli/session.hpp"
#include "core/readable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <system_error>

namespace kronvec::cli {
namespace {

/// The bytes of a text such as "2GiB", "500MB", "1e6".
double bytes_of(const std::string &text) {
  constexpr std::pair<std::string_view, double> units[] = {{"", 1},      {"B", 1},        {"kB", 1e3}, {"KiB", 0x1p10},
                                                           {"MB", 1e6},  {"MiB", 0x1p20}, {"GB", 1e9}, {"GiB", 0x1p30},
                                                           {"TB", 1e12}, {"TiB", 0x1p40}};
  double number = -1;
  const char *end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  std::string_view name(rest, end);
  if (name.starts_with(' ')) name.remove_prefix(1);
  const auto *unit = std::find_if(std::begin(units), std::end(units), [&](auto &u) { return u.first == name; });
  if (error != std::errc() || !std::isfinite(number) || number < 0 || unit == std::end(units))
    throw Error("--max-memory " + text + ": a size is 2GiB, 500MB or a number of bytes");
  return number * unit->second;
}

/// Writes a matrix of derivatives as the request wants it.
template <class T> class DenseResult {
public:
  explicit DenseResult(const Request &request)
      : request_(request), session_(request), what_(request.command == "hessian" ? "the Hessian" : "J"),
        options_{.method = method_named(request.method),
                 .layout = request.layout == "numerator" ? Layout::numerator : Layout::denominator,
                 .progress = [this](double done) { session_.line.show(done); }} {}

  void run() {
    const Jacobian plan = made();
    if (request_.explain) return explain(plan);
    if (request_.points > 1) return write_at_points(plan);
    if (is_sparse()) return write_sparse(plan);
    const double bytes = plan.dense_bytes<T>(options_, session_.device);
    if (is_file() && bytes > room()) return write_by_ranges(plan, bytes);
    require_memory(bytes, fmt::format("{} is {}×{} and", what_, plan.rows(), plan.cols()));
    deliver(plan.at<T>(session_.bindings.values(), session_.device).to_dense(options_), layout());
  }

private:
  std::string layout() const {
    return request_.command == "hessian" ? std::string("Hessian") : request_.layout + " layout";
  }
  bool is_file() const { return !request_.delivery.out.empty() && request_.delivery.out != standard; }
  bool is_sparse() const { return std::filesystem::path(request_.delivery.out).extension() == ".mtx"; }

  Jacobian made() const {
    const auto variables = session_.variables();
    return request_.command == "hessian" ? kronvec::hessian(session_.f, variables)
                                         : kronvec::jacobian(session_.f, variables);
  }

  void explain(const Jacobian &plan) {
    if (!request_.delivery.out.empty() || !request_.picture.empty() || request_.method != "auto")
      throw Error("--explain shows which method is chosen and writes nothing: leave out --method, --out and --picture");
    if (request_.delivery.json) throw Error("--explain is for people: leave out --json");
    session_.line.clear();
    print(plan.explain<T>(options_.layout, session_.device));
  }

  /// The matrix, and its picture if one is wanted.
  void deliver(Matrix<T> m, const std::string &what) {
    const Matrix<T> j = on_host(std::move(m));
    session_.line.clear();
    if (request_.picture.empty() || !request_.delivery.out.empty() || request_.delivery.json)
      cli::deliver(j, request_.delivery, what);
    if (request_.picture.empty()) return;
    writing([&] { write_picture<T>(request_.picture, j, {blocks().rows, blocks().cols}); });
    say("{}: {}, red positive, blue negative, white zero", request_.picture, to_string(j.shape()));
  }

  /// The shape of the blocks that the picture shows: one for each column of F and of the variable.
  Shape blocks() const {
    const auto symbols = session_.symbols();
    if (symbols.size() != 1 || request_.symmetric) return {0, 0};
    const Index of_x = symbols[0].rows(), of_f = request_.command == "hessian" ? of_x : session_.f.rows();
    return options_.layout == Layout::numerator ? Shape{of_f, of_x} : Shape{of_x, of_f};
  }

  void write_at_points(const Jacobian &plan) {
    if (is_sparse()) throw Error("--points: a .mtx file is of one Jacobian");
    const Index n = request_.points;
    const double entries = static_cast<double>(plan.rows()) * static_cast<double>(plan.cols()) * static_cast<double>(n);
    require_memory(entries * sizeof(T),
                   fmt::format("{} is {}×{} at each of {} points, which are written as a whole and", what_, plan.rows(),
                               plan.cols(), n));
    const auto points = plan.at_points<T>(session_.bindings.values(), n, session_.device);
    deliver(points.to_dense(options_), fmt::format("{}, {} points side by side", layout(), n));
  }

  void write_sparse(const Jacobian &plan) {
    if (!request_.picture.empty()) throw Error("--picture shows a dense Jacobian, not a .mtx file");
    if (request_.method != "auto" && request_.method != "structured")
      throw Error(fmt::format("a .mtx file is written by the method structured, not {}", request_.method));
    const auto point = plan.at<T>(session_.bindings.values(), session_.device);
    const auto factored = point.factored();
    require_memory(factored.sparse_bytes(), fmt::format("a sparse {} of {} entries", what_, factored.stored()));
    CooMatrix<T> j = factored.to_coo();
    if (options_.layout == Layout::denominator) std::swap(j.rows, j.cols), std::swap(j.row, j.col);
    const CsrMatrix<T> rows = compressed(j);
    session_.line.clear();
    writing([&] { write_mtx<T>(request_.delivery.out, rows); });
    say("{}: {}, {}, {} entries", request_.delivery.out, to_string(Shape{rows.rows, rows.cols}), layout(),
        rows.nonzeros());
  }

  /// Max bytes that a Jacobian may take in memory.
  double room() const {
    if (!request_.max_memory.empty()) return bytes_of(request_.max_memory);
    return static_cast<double>(std::min(session_.device.bytes_free(), Device::cpu().bytes_free()));
  }

  void write_by_ranges(const Jacobian &plan, double bytes) {
    const std::string why = fmt::format("{} is {}×{} and would take {}, {} may be held", what_, plan.rows(),
                                        plan.cols(), readable_bytes(bytes), readable_bytes(room()));
    if (!request_.picture.empty()) throw Error("--picture shows a Jacobian that fits into memory: " + why);
    const auto point = plan.at<T>(session_.bindings.values(), session_.device);
    const double most = request_.max_memory.empty() ? 0 : room_beside_values();
    const Interruption interruption;
    bool said = false; // the note is printed once, after the writer has accepted the request
    const Progress progress = [&](double done) {
      if (!std::exchange(said, true))
        say("kronvec: note: {}: it goes to {} by ranges of columns", why, request_.delivery.out);
      interruption.check(), session_.line.show(done);
    };
    writing([&] {
      write_jacobian<T>(
          request_.delivery.out, point,
          {.method = options_.method, .layout = options_.layout, .progress = progress, .max_bytes = most});
    });
    session_.line.clear();
    const Shape j{plan.rows(), plan.cols()}, jt{j.cols, j.rows};
    say("{}: {}, {}", request_.delivery.out, to_string(options_.layout == Layout::numerator ? j : jt), layout());
  }

  /// The rest of --max-memory after the values are loaded. Throws OutOfMemory.
  double room_beside_values() const {
    const Device device = session_.device;
    const auto on_host = static_cast<double>(Device::cpu().bytes_in_use());
    const auto elsewhere = device == Device::cpu() ? 0 : static_cast<double>(device.bytes_in_use());
    const double held = device.is_host() ? on_host + elsewhere : std::max(on_host, elsewhere);
    if (held >= room())
      throw OutOfMemory(
          fmt::format("the values alone take {}, --max-memory is {}", readable_bytes(held), request_.max_memory));
    return room() - held;
  }

  void require_memory(double needed, const std::string &what) const {
    if (!request_.max_memory.empty() && needed > bytes_of(request_.max_memory))
      throw OutOfMemory(
          fmt::format("{} would take {}, --max-memory is {}", what, readable_bytes(needed), request_.max_memory));
  }

  const Request &request_;
  Session<T> session_;
  const std::string what_;
  const DenseOptions options_;
};

} // namespace

void run_dense(const Request &request) {
  request.dtype == "float32" ? DenseResult<float>(request).run() : DenseResult<double>(request).run();
}

} // namespace kronvec::cli
