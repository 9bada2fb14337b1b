/// Dense Jacobians (cases C1 and C2), as ratios to the store floor: all threads fill the same number of bytes with
/// nonzero data by non-temporal stores, in turn with ours. Warm: to_dense(out) into memory that has been written
/// before. Fresh: to_dense() with kronvec's own allocation, compared with the same stores into new huge pages. Cases
/// bounded by a product also give the fraction of the rate of a 2048³ product that they reach. `--list` prints the
/// cases for bench/peers.py.

#include "dense_cases.hpp"
#include "eigen_peers.hpp"
#include "floors.hpp"
#include "json.hpp"
#include "process_memory.hpp"
#include "timing.hpp"

#include "devices/backend.hpp"
#include "kronvec/kronvec.hpp"

#include <CLI/CLI.hpp>
#ifdef _OPENMP
#include <omp.h>
#endif
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <regex>
#include <thread>

namespace {

using namespace kronvec;
using namespace kronvec::bench;

struct Options {
  std::string pattern = "", json;
  bool quick = false, warm_only = false, list_cases = false;
  std::vector<int> threads;
};

/// Sets the number of threads of our loops and of BLAS. Returns the actual number.
int set_threads([[maybe_unused]] int count) {
#ifdef _OPENMP
  omp_set_num_threads(count);
  return omp_get_max_threads();
#else
  return 1;
#endif
}

/// Times of one piece of work.
struct Times : std::vector<double> {
  double median() const {
    std::vector<double> sorted(*this);
    std::sort(sorted.begin(), sorted.end());
    return 0.5 * (sorted[(size() - 1) / 2] + sorted[size() / 2]);
  }
  Json json() const {
    return Json()
        .add("median", median())
        .add("min", *std::min_element(begin(), end()))
        .add("max", *std::max_element(begin(), end()))
        .add("repeats", static_cast<int>(size()));
  }
};

/// Two pieces of work, measured in turn. Each piece times itself.
struct Pair {
  Times ours, floor;
  /// Runs for `budget` seconds, between `least` and `most` times.
  Pair(double budget, int least, int most, const auto &work, const auto &floor_work) {
    double spent = 0;
    for (int i = 0; i < most && (i < least || spent < budget); ++i) {
      ours.push_back(work()), floor.push_back(floor_work());
      spent += ours.back() + floor.back();
    }
  }
  double ratio() const { return ours.median() / floor.median(); }
  /// The ratio of medians, with the smallest and the largest ratio of single turns.
  Json over() const {
    Times ratios;
    for (std::size_t i = 0; i < ours.size(); ++i)
      ratios.push_back(ours[i] / floor[i]);
    const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
    return Json().add("ratio", ratio()).add("min", *least).add("max", *most);
  }
};

/// Seconds to get new memory in huge pages and write it once.
template <class T> double fresh_floor(Index n) {
  const auto bytes = static_cast<std::size_t>(n) * sizeof(T);
  void *memory = MAP_FAILED;
  const double time = seconds([&] {
    memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw OutOfMemory("the fresh floor found no memory");
    madvise(memory, bytes, MADV_HUGEPAGE);
    store_floor(static_cast<T *>(memory), n);
  });
  munmap(memory, bytes);
  return time;
}

/// Flops per second of a 2048³ product, the best of five, measured once per number of threads.
template <class T> double gemm_rate(int threads) {
  static std::map<int, double> known;
  if (const auto found = known.find(threads); found != known.end()) return found->second;
  constexpr Index n = 2048;
  const auto a = Matrix<T>::random(n, n, 1), b = Matrix<T>::random(n, n, 2);
  Matrix<T> c(n, n);
  Times times;
  for (int i = 0; i < 6; ++i)
    times.push_back(seconds([&] { gemm_floor(n, a.data(), b.data(), c.data()); }));
  return known[threads] = 2.0 * n * n * n / *std::min_element(times.begin(), times.end());
}

/// Max seconds for one measurement.
double budget(const Options &o) { return o.quick ? 0.05 : o.warm_only ? 1.5 : 3; }

/// One case being measured. `result` collects the JSON, `line` the terminal output.
template <class T> struct Measurement {
  const Case &c;
  const Options &options;
  int threads;
  Json &result;
  std::string line = {};
  bool slow = false; ///< whether one call must be enough
  Problem<T> problem{c};
  Jacobian plan = jacobian(problem.f, problem.x);
  double bytes = static_cast<double>(plan.rows()) * static_cast<double>(plan.cols()) * sizeof(T);

  void run() {
    result.add("rows", plan.rows()).add("cols", plan.cols()).add("bytes", bytes);
    line = fmt::format("{:7.1f} MB", 1e-6 * bytes);
    const auto free = static_cast<double>(Device::cpu().bytes_free());
    if (free < 1.2 * bytes + 256e6)
      throw OutOfMemory(fmt::format("{:.1f} GB are free, J takes {:.1f} GB", 1e-9 * free, 1e-9 * bytes));
    Device::cpu().backend().pool().trim(); // of the previous case
    const auto before = static_cast<double>(Device::cpu().bytes_in_use());
    const double resident = reset_process_peak();
    const auto j = plan.at<T>(problem.bindings);
    fresh(j, before, resident);
    warm(j);
  }

  /// The first Jacobian also shows its memory use.
  void fresh(const JacobianAt<T> &j, double before, double resident) {
    Device::cpu().reset_peak();
    const double first = seconds([&] { j.to_dense(); });
    slow = first > 5;
    const double peak = (static_cast<double>(Device::cpu().peak_bytes()) - before) / bytes;
    result.add("first_seconds", first).add("peak_over_j", peak);
    result.add("process_peak_over_j", (process_bytes("VmHWM") - resident) / bytes);
    if (options.warm_only) return;
    const auto ours = [&] {
      std::optional<Matrix<T>> dense;
      return seconds([&] { dense = j.to_dense(); });
    };
    const Pair pair(budget(options) / 2, 1, slow ? 1 : 5, ours, [&] { return fresh_floor<T>(j.rows() * j.cols()); });
    result.add("fresh_seconds", pair.ours.json()).add("fresh_floor", pair.floor.json()).add("fresh_over", pair.over());
    line += fmt::format("  fresh {:6.2f}  peak {:5.2f} J", pair.ratio(), peak);
  }

  void warm(const JacobianAt<T> &j) {
    auto out = Matrix<T>::uninitialized(j.rows(), j.cols());
    const auto store = [&] { return seconds([&] { store_floor(out.data(), out.shape().size()); }); };
    const auto ours = [&] { return seconds([&] { j.to_dense(out); }); };
    store(), store();
    if (!slow) ours();
    const Pair pair(budget(options), slow ? 1 : 3, slow ? 1 : 15, ours, store);
    result.add("seconds", pair.ours.json()).add("store", pair.floor.json()).add("over_store", pair.over());
    line = fmt::format("{:9.2f} ms  over store {:7.2f} ", 1e3 * pair.ours.median(), pair.ratio()) + line;
    if (c.flops_per_entry > 0) {
      const double flops = c.flops_per_entry * static_cast<double>(out.shape().size());
      const double part = flops / pair.ours.median() / gemm_rate<T>(threads);
      result.add("flops", flops).add("gemm_flops_per_second", gemm_rate<T>(threads)).add("of_gemm", part);
      line += fmt::format("  {:4.1f}% of gemm", 100 * part);
    }
    if (!options.warm_only) eigen(out, ours);
  }

  void eigen(Matrix<T> &out, const auto &ours) {
    const EigenPeer peer = eigen_peer<T>(c, problem, out);
    if (!peer.why_not.empty()) result.add("eigen", Json().add("left_out", peer.why_not));
    if (!peer.work) return;
    const double resident = reset_process_peak();
    peer.work();
    const double peak = (process_bytes("VmHWM") - resident + bytes) / bytes; // J itself was already allocated
    const Pair pair(
        budget(options), 1, 7, [&] { return seconds(peer.work); }, ours);
    result.add("eigen",
               Json().add("seconds", pair.ours.json()).add("over_ours", pair.over()).add("process_peak_over_j", peak));
    line += fmt::format("  Eigen {:.1f} × ours", pair.ratio());
  }
};

/// The result as JSON. A case that fails, for example for lack of memory, reports so, and the next case runs.
template <class T> std::string measure(const Case &c, int threads, const Options &options) {
  if (isatty(STDERR_FILENO)) fmt::print(stderr, "\r\033[K{} …", c.id);
  Json result;
  const int used = set_threads(threads);
  result.add("id", c.id).add("text", c.text).add("size", c.size).add("dtype", c.single ? "float32" : "float64");
  result.add("threads", used);
  std::string line;
  try {
    Measurement<T> measurement{c, options, used, result};
    measurement.run();
    line = measurement.line;
  } catch (const Error &error) {
    result.add("left_out", error.what());
    line = fmt::format("left out: {}", error.what());
  }
  if (isatty(STDERR_FILENO)) fmt::print(stderr, "\r\033[K");
  fmt::print("{:28} {} thread{} {}\n", c.id, used, used == 1 ? " " : "s", line);
  std::fflush(stdout);
  return result.text();
}

int run(const Options &options) {
  std::vector<Case> cases;
  const std::regex wanted(options.pattern);
  for (Case &c : dense_cases(options.quick))
    if (std::regex_search(c.id, wanted)) cases.push_back(std::move(c));
  if (options.list_cases) {
    fmt::print("{}", to_json(cases));
    return 0;
  }
  std::vector<std::string> results;
  for (const Case &c : cases)
    for (const int threads : options.threads)
      results.push_back(c.single ? measure<float>(c, threads, options) : measure<double>(c, threads, options));
  if (!options.json.empty() && !(std::ofstream(options.json) << list(results) << '\n')) {
    fmt::print(stderr, "dense_bench: {} cannot be written\n", options.json);
    return 3;
  }
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  if (const int most = set_threads(static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))); most > 1)
    options.threads = {1, most};
  else
    options.threads = {1};
  CLI::App app("dense Jacobians over the store floor", "dense_bench");
  app.add_option("--case", options.pattern, "a regular expression for the cases' names, such as C1/axb/64/double");
  app.add_option("--threads", options.threads, "as in 1,2")->delimiter(',');
  app.add_option("--json", options.json, "a file for the results");
  app.add_flag("--quick", options.quick, "small sizes and few repeats, to see that everything runs");
  app.add_flag("--warm-only", options.warm_only, "neither fresh memory nor Eigen");
  app.add_flag("--list", options.list_cases, "the cases, as JSON");
  CLI11_PARSE(app, argc, argv);
  return run(options);
}
