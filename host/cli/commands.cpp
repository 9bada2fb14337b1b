/// The commands of `kronvec`.

#include "cli/commands.hpp"

#include "cli/bindings.hpp"
#include "cli/interruption.hpp"
#include "cli/output.hpp"
#include "core/readable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

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

/// Checks an output's name and directory before the work begins.
void require_target(const std::string &out, const char *option, std::initializer_list<const char *> extensions) {
  if (out.empty()) return;
  const std::filesystem::path path(out);
  if (std::find(extensions.begin(), extensions.end(), path.extension()) == extensions.end())
    throw Error(fmt::format("{} {}: its name must end in {}", option, out, fmt::join(extensions, " or ")));
  const auto parent = path.parent_path();
  if (!parent.empty() && !std::filesystem::is_directory(parent))
    throw MachineError(fmt::format("{} {}: there is no directory {}", option, out, parent.string()));
}

/// Whether the Jacobian is to be written in Matrix Market format.
bool is_sparse(const Request &request) {
  return request.command == "jacobian" && std::filesystem::path(request.out).extension() == ".mtx";
}

template <class T> class Session {
public:
  explicit Session(const Request &request)
      : request_(request), bindings_(bindings_of<T>(request.bindings)), device_(Device::named(request.device)),
        f_(parse(request.expression, bindings_.symbols)) {
    note_unused(bindings_.symbols, request.expression, request.wrt);
  }

  void evaluate() const {
    deliver(on_host(kronvec::evaluate<T>(f_, bindings_.values(), device_)), request_.out, "value");
  }

  void jacobian() const {
    const Layout layout = request_.layout == "numerator" ? Layout::numerator : Layout::denominator;
    const Method method = method_named(request_.method);
    if (request_.symmetric) require_symmetric();
    const Jacobian plan = kronvec::jacobian(f_, variables());
    if (request_.explain) return explain(plan, layout);
    if (is_sparse(request_)) return write_sparse(plan, layout);
    const double bytes = plan.dense_bytes<T>({.method = method, .layout = layout}, device_);
    if (!request_.out.empty() && bytes > room()) return write_by_ranges(plan, method, layout, bytes);
    require_memory(bytes, fmt::format("J is {}×{} and", plan.rows(), plan.cols()));
    const auto point = plan.template at<T>(bindings_.values(), device_);
    ProgressLine line;
    const Progress progress = [&](double done) { line.show("jacobian", done); };
    const Matrix<T> j = on_host(point.to_dense({.method = method, .layout = layout, .progress = progress}));
    deliver(j, request_.out, request_.layout + " layout");
    if (request_.picture.empty()) return;
    writing([&] { write_picture<T>(request_.picture, j); });
    say("{}: red positive, blue negative, white zero", request_.picture);
  }

  void gradient() const {
    deliver(on_host(kronvec::evaluate<T>(kronvec::gradient(f_, variable()), bindings_.values(), device_)), request_.out,
            "gradient");
  }

  void hessian() const {
    const auto point = kronvec::hessian(f_, variable()).template at<T>(bindings_.values(), device_);
    deliver(on_host(point.to_dense()), request_.out, "Hessian");
  }

  void jvp() const {
    const Matrix<T> tangent = value_of<T>("--tangent", request_.tangent).to(device_);
    deliver(on_host(kronvec::jvp<T>(f_, variable(), bindings_.values(), tangent, device_)), request_.out, "DF·dX");
  }

  void vjp() const {
    const Matrix<T> cotangent = value_of<T>("--cotangent", request_.cotangent).to(device_);
    deliver(on_host(kronvec::vjp<T>(f_, variable(), bindings_.values(), cotangent, device_)), request_.out, "DFᵀ·U");
  }

  int compare() const {
    std::vector<Comparison> rows;
    {
      ProgressLine line;
      const auto devices = request_.device == "auto" ? Device::all() : std::vector{device_};
      rows = kronvec::compare<T>(f_, variable(), bindings_.values(), devices,
                                 [&](const std::string &what, double done) { line.show(what, done); });
    }
    print(to_string(rows));
    const auto failed = std::count_if(rows.begin(), rows.end(), [](const Comparison &row) { return !row.passed(); });
    if (failed) say("kronvec: {} of {} comparisons are out of tolerance", failed, rows.size());
    return failed ? 1 : 0;
  }

private:
  Symbol symbol(const std::string &name) const {
    const auto found = bindings_.symbols.find(name);
    if (found == bindings_.symbols.end()) throw Error("--wrt " + request_.wrt + ": no symbol '" + name + "' is bound");
    return found->second;
  }
  std::vector<Variable> variables() const {
    std::vector<Variable> all;
    std::istringstream names(request_.wrt);
    for (std::string name; std::getline(names, name, ',');)
      all.push_back(request_.symmetric ? symmetric(symbol(name)) : symbol(name));
    return all;
  }
  Symbol variable() const {
    if (request_.wrt.find(',') != std::string::npos)
      throw Error("--wrt " + request_.wrt + ": " + request_.command + " takes one variable");
    return symbol(request_.wrt);
  }

  void require_symmetric() const {
    if (variables().size() != 1) throw Error("--symmetric is for one variable");
    const Matrix<T> &x = bindings_.matrices.at(request_.wrt);
    if (x.rows() != x.cols()) return; // the Jacobian reports this itself
    for (Index j = 0; j < x.cols(); ++j)
      for (Index i = 0; i < j; ++i)
        if (x(i, j) != x(j, i))
          throw Error(fmt::format("--symmetric: {} is not, its entries ({}, {}) and ({}, {}) are {} and {}",
                                  request_.wrt, i + 1, j + 1, j + 1, i + 1, x(i, j), x(j, i)));
  }

  void explain(const Jacobian &plan, Layout layout) const {
    if (!request_.out.empty() || !request_.picture.empty() || request_.method != "auto")
      throw Error("--explain shows which method is chosen and writes nothing: leave out --method, --out and --picture");
    print(plan.explain<T>(layout, device_));
  }

  void write_sparse(const Jacobian &plan, Layout layout) const {
    if (!request_.picture.empty()) throw Error("--picture shows a dense Jacobian, not a .mtx file");
    if (request_.method != "auto" && request_.method != "structured")
      throw Error(fmt::format("a .mtx file is written by the method structured, not {}", request_.method));
    const auto point = plan.template at<T>(bindings_.values(), device_);
    const auto factored = point.factored();
    require_memory(factored.sparse_bytes(), fmt::format("a sparse J of {} entries", factored.stored()));
    CooMatrix<T> j = factored.to_coo();
    if (layout == Layout::denominator) std::swap(j.rows, j.cols), std::swap(j.row, j.col);
    const CsrMatrix<T> rows = compressed(j);
    writing([&] { write_mtx<T>(request_.out, rows); });
    say("{}: {}, {} layout, {} entries", request_.out, to_string(Shape{rows.rows, rows.cols}), request_.layout,
        rows.nonzeros());
  }

  /// Max bytes that a Jacobian may take in memory.
  double room() const {
    if (!request_.max_memory.empty()) return bytes_of(request_.max_memory);
    return static_cast<double>(std::min(device_.bytes_free(), Device::cpu().bytes_free()));
  }

  void write_by_ranges(const Jacobian &plan, Method method, Layout layout, double bytes) const {
    const std::string why = fmt::format("J is {}×{} and would take {}, {} may be held", plan.rows(), plan.cols(),
                                        readable_bytes(bytes), readable_bytes(room()));
    if (!request_.picture.empty()) throw Error("--picture shows a Jacobian that fits into memory: " + why);
    const auto point = plan.template at<T>(bindings_.values(), device_);
    const double most = request_.max_memory.empty() ? 0 : room_beside_values();
    const Interruption interruption;
    ProgressLine line;
    bool said = false; // the note is printed once, after the writer has accepted the request
    const Progress progress = [&](double done) {
      if (!std::exchange(said, true)) say("kronvec: note: {}: it goes to {} by ranges of columns", why, request_.out);
      interruption.check(), line.show("jacobian", done);
    };
    writing([&] {
      write_jacobian<T>(request_.out, point,
                        {.method = method, .layout = layout, .progress = progress, .max_bytes = most});
    });
    line.clear();
    const Shape j{plan.rows(), plan.cols()}, jt{j.cols, j.rows};
    say("{}: {}, {} layout", request_.out, to_string(layout == Layout::numerator ? j : jt), request_.layout);
  }

  /// The rest of --max-memory after the values are loaded. Throws OutOfMemory.
  double room_beside_values() const {
    const auto on_host = static_cast<double>(Device::cpu().bytes_in_use());
    const auto elsewhere = device_ == Device::cpu() ? 0 : static_cast<double>(device_.bytes_in_use());
    const double held = device_.is_host() ? on_host + elsewhere : std::max(on_host, elsewhere);
    if (held >= room())
      throw OutOfMemory(
          fmt::format("the values alone take {}, --max-memory is {}", readable_bytes(held), request_.max_memory));
    return room() - held;
  }

  void require_memory(double needed, const std::string &what) const {
    if (!request_.max_memory.empty() && needed > bytes_of(request_.max_memory))
      throw OutOfMemory(
          fmt::format("{} would take {:.3g} MiB, --max-memory is {}", what, needed / (1 << 20), request_.max_memory));
  }

  const Request &request_;
  Bindings<T> bindings_;
  Device device_;
  Expression f_;
};

int info() {
  print(fmt::format("kronvec {}\n", version()));
  for (const Device device : Device::all())
    print(fmt::format("{:<10} {}\n", device.name(), device.description()));
  print(fmt::format("memory     {:.1f} GiB free\nfiles      .npy and .csv in; .npy, .mtx and .png out\n",
                    static_cast<double>(Device::cpu().bytes_free()) / (1 << 30)));
  return 0;
}

template <class T> int run_in(const Request &request) {
  const Session<T> session(request);
  if (request.command == "compare") return session.compare();
  if (request.command == "evaluate") session.evaluate();
  if (request.command == "jacobian") session.jacobian();
  if (request.command == "gradient") session.gradient();
  if (request.command == "hessian") session.hessian();
  if (request.command == "jvp") session.jvp();
  if (request.command == "vjp") session.vjp();
  return 0;
}

} // namespace

int run(const Request &request) {
  if (request.command == "info") return info();
  if (request.command == "derive") return derive(request), 0;
  if (request.command == "apply" || request.command == "simplify") {
    require_target(request.out, "--out", {".npy"});
    return run_operator(request);
  }
  if (request.command == "jacobian") {
    require_target(request.out, "--out", {".npy", ".mtx"});
  } else {
    require_target(request.out, "--out", {".npy"});
  }
  require_target(request.picture, "--picture", {".png"});
  return request.dtype == "float32" ? run_in<float>(request) : run_in<double>(request);
}

} // namespace kronvec::cli
