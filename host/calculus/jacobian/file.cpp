/// Writes Jacobians to a file in ranges of columns.

#include "kronvec/jacobian_file.hpp"

#include "calculus/jacobian/methods.hpp"
#include "core/readable.hpp"
#include "io/npy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>

namespace kronvec::inline KRONVEC_ABI {
namespace {

using detail::DenseMethod;
using detail::Point;

/// How the file's matrix is cut: into ranges of columns, or, if the method computes columns of the transpose, into
/// ranges of rows. In the second case every column of the file gets a piece of each range.
template <class T> class FilePartition {
public:
  FilePartition(const Point<T> &point, const JacobianFileOptions &options)
      : method(point.chosen(options.method)), point_(point), layout_(options.layout), room_(room(options.max_bytes)) {
    const Index rows = point.plan().rows(), cols = point.plan().cols();
    file = layout_ == Layout::numerator ? Shape{rows, cols} : Shape{cols, rows};
    if (rows == 0 || cols == 0) return;
    if (options.method == Method::automatic) take_the_fastest_that_fits();
    turn();
    if (const Bytes least = needed(1); !least.within(room_)) refuse(least);
    choose_step();
  }

  Method method;
  Shape file;
  bool across = false;         ///< whether ranges consist of rows
  Index total = 0, length = 0; ///< number and length of the file's columns, or of its rows if `across`
  Index step = 0;              ///< columns (or rows) per range
  Index ranges() const { return step > 0 ? (total + step - 1) / step : 0; }

private:
  struct Bytes {
    double host, device; ///< if the device has no memory of its own, its bytes count as the host's
    bool within(Bytes room) const { return host <= room.host && device <= room.device; }
  };

  /// Memory for ranges of `n` columns: two ranges, one of them being written, plus what the method takes.
  Bytes needed(Index n) const {
    const double range = static_cast<double>(length) * static_cast<double>(n) * sizeof(T);
    const bool on_host = point_.device().is_host();
    const double beside =
        static_cast<double>(detail::held_by_method<T>(point_.plan(), point_.device(), method, layout_, n).bytes());
    const double device = beside + (across ? range : 0) + (on_host ? 0 : range), host = (n < total ? 2 : 1) * range;
    return on_host ? Bytes{host + device, 0} : Bytes{host, device};
  }

  Bytes room(double most) const {
    const auto of = [&](Device device) { return most > 0 ? most : 0.9 * static_cast<double>(device.bytes_free()); };
    return point_.device().is_host() ? Bytes{of(Device::cpu()), 0} : Bytes{of(Device::cpu()), of(point_.device())};
  }

  /// If no method fits, keeps the fastest, which is then refused.
  void take_the_fastest_that_fits() {
    const Method fastest = method;
    for (const auto &prediction : point_.plan().predictions) {
      method = point_.chosen(prediction.method), turn();
      if (needed(1).within(room_)) return;
    }
    method = fastest;
  }

  /// Chooses ranges of rows or columns, by what the method computes.
  void turn() {
    across = detail::natural_layout(method, layout_) != layout_;
    total = across ? file.rows : file.cols, length = across ? file.cols : file.rows;
  }

  /// Chooses the longest ranges that fit, up to 64 MiB (or 16 KiB per column if `across`); longer ones would not be
  /// faster.
  void choose_step() {
    constexpr Index range_bytes = 64 << 20, piece_bytes = 16 << 10, element = sizeof(T);
    const Index worth = across ? piece_bytes / element : range_bytes / element / length;
    Index above = std::clamp<Index>(worth, 1, total) + 1;
    for (step = 1; above - step > 1;) {
      const Index middle = step + (above - step) / 2;
      (needed(middle).within(room_) ? step : above) = middle;
    }
    const Index pass = detail::columns_per_pass(point_.plan(), method, sizeof(T));
    if (step > pass && step < total) step -= step % pass;
  }

  [[noreturn]] void refuse(Bytes least) const {
    const bool host = least.host > room_.host;
    throw OutOfMemory(fmt::format("one {} of J, which is {}, would take {} with what is held beside it; {} may be held",
                                  across == (layout_ == Layout::numerator) ? "row" : "column",
                                  to_string(Shape{point_.plan().rows(), point_.plan().cols()}),
                                  readable_bytes(host ? least.host : least.device),
                                  readable_bytes(host ? room_.host : room_.device)));
  }

  const Point<T> &point_;
  const Layout layout_;
  const Bytes room_;
};

/// Computes the ranges of the file's matrix, one after the other, in host memory.
template <class T> class RangeAssembly {
public:
  RangeAssembly(const Point<T> &point, const FilePartition<T> &partition, DenseMethod<T> &method)
      : backend_(point.device().backend()), partition_(partition), method_(method),
        natural_(room(partition.across, point.device())),
        turned_(room(!backend_.is_host(), point.device())), host_{room(true, Device::cpu()),
                                                                  room(partition.ranges() > 1, Device::cpu())} {}

  /// `n` columns (or rows) from `first` on. The result stays valid during the next call; the call after that overwrites
  /// it.
  MatrixView<const T> range(Index first, Index n) {
    Matrix<T> &buffer = host_[turn_];
    turn_ = 1 - turn_;
    const MatrixView<T> host = shaped(buffer.data(), n);
    const MatrixView<T> out = backend_.is_host() ? host : shaped(turned_.data(), n);
    if (partition_.across) {
      const MatrixView<T> columns(natural_.data(), partition_.length, n);
      method_.fill(first, columns);
      backend_.primitives(T{}).transpose(BatchView<T>(columns), out);
    } else {
      method_.fill(first, out);
    }
    if (!backend_.is_host()) transfer<T>(backend_, out, host);
    return host;
  }

private:
  Matrix<T> room(bool wanted, Device device) const {
    return Matrix<T>::uninitialized(wanted ? partition_.length : 0, wanted ? partition_.step : 0, device);
  }
  MatrixView<T> shaped(T *data, Index n) const {
    return partition_.across ? MatrixView<T>(data, n, partition_.length) : MatrixView<T>(data, partition_.length, n);
  }

  const Backend &backend_;
  const FilePartition<T> &partition_;
  DenseMethod<T> &method_;
  Matrix<T> natural_; ///< columns of the file's transpose
  Matrix<T> turned_;  ///< a range on the device
  Matrix<T> host_[2];
  int turn_ = 0;
};

/// Writes each range in its own thread while the next range is assembled.
template <class T> void write_ranges(NpyFile &file, const Point<T> &point, const FilePartition<T> &partition,
                                     DenseMethod<T> &method, const Progress &progress) {
  RangeAssembly<T> assembly(point, partition, method);
  std::future<void> writing; // destroyed first, which waits for the thread: the buffers and the file outlive it
  for (Index first = 0; first < partition.total; first += partition.step) {
    const Index n = std::min(partition.step, partition.total - first);
    const MatrixView<const T> range = assembly.range(first, n);
    if (writing.valid()) writing.get();
    writing = std::async(std::launch::async, [&file, range, row = partition.across ? first : 0,
                                              col = partition.across ? 0 : first] { file.write(row, col, range); });
    if (progress) progress(static_cast<double>(first) / static_cast<double>(partition.total));
  }
  if (writing.valid()) writing.get();
}

} // namespace

template <class T>
void write_jacobian(const std::filesystem::path &path, const JacobianAt<T> &j, const JacobianFileOptions &options) {
  const Point<T> &point = detail::point_of(j);
  const FilePartition<T> partition(point, options);
  NpyFile file(path, partition.file, sizeof(T));
  file.require_space();
  if (partition.ranges() > 0)
    detail::with_method(
        point, {.method = partition.method, .layout = options.layout}, partition.step,
        [&](DenseMethod<T> &method) { write_ranges(file, point, partition, method, options.progress); });
  file.sync();
  if (options.progress) options.progress(1);
  file.commit();
}

template void write_jacobian(const std::filesystem::path &, const JacobianAt<float> &, const JacobianFileOptions &);
template void write_jacobian(const std::filesystem::path &, const JacobianAt<double> &, const JacobianFileOptions &);

} // namespace kronvec
