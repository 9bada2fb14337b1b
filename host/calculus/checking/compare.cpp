/// Compares the methods on all devices with the element method.

#include "kronvec/compare.hpp"

#include "calculus/checking/host_values.hpp"
#include "core/timing.hpp"
#include "devices/backend.hpp"
#include "kronvec/jacobian_at_points.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

namespace kronvec::inline KRONVEC_ABI {
namespace {

constexpr Method methods[] = {Method::structured, Method::forward, Method::reverse, Method::numeric};

/// max |J − R| / max(max |R|, least). An entry that is NaN in only one of the two counts as an infinite difference.
template <class T> double relative_error(MatrixView<const T> j, MatrixView<const double> reference, double least) {
  double difference = 0, size = least;
  for (Index c = 0; c < j.cols(); ++c)
    for (Index r = 0; r < j.rows(); ++r) {
      const double x = j(r, c), y = reference(r, c);
      if (std::isnan(x) != std::isnan(y)) return std::numeric_limits<double>::infinity();
      if (std::isnan(x) || x == y) continue;
      difference = std::max(difference, std::abs(x - y));
      if (std::isfinite(y)) size = std::max(size, std::abs(y));
    }
  return difference == 0 ? 0 : difference / std::max(size, std::numeric_limits<double>::min());
}

/// max |F| near the point. The error of differences is proportional to it, even where J is small or zero.
template <class T> double size_near(MatrixView<const T> f, Device device) {
  Matrix<T> host(f.rows(), f.cols());
  transfer<T>(device.backend(), f, host);
  double size = std::cbrt(std::numeric_limits<T>::epsilon()); // the distance that counts as near
  for (Index i = 0; i < host.shape().size(); ++i)
    if (std::isfinite(host.data()[i])) size = std::max(size, std::abs(double(host.data()[i])));
  return size;
}

/// Rounding grows with the square root of the longest sum.
template <class T> double tolerance(const Jacobian &j) {
  return 64 * std::numeric_limits<T>::epsilon() * std::sqrt(static_cast<double>(j.rows() + j.cols() + 2));
}

/// max |R|.
double size_of(MatrixView<const double> reference) {
  double size = 0;
  for (Index c = 0; c < reference.cols(); ++c)
    for (Index r = 0; r < reference.rows(); ++r)
      if (std::isfinite(reference(r, c))) size = std::max(size, std::abs(reference(r, c)));
  return size;
}

constexpr double slow = 0.5; ///< work that takes longer, in seconds, is timed only once

template <class T> Comparison compare_one(const Jacobian &jacobian, const Values<T> &values, Device device,
                                          Method method, const Matrix<double> &reference, const Progress &progress) {
  device.reset_peak();
  const std::size_t before = device.bytes_in_use();
  const auto point = jacobian.at<T>(values, device);
  Matrix<T> j(jacobian.rows(), jacobian.cols(), device);
  Comparison row{.device = device.name(), .method = method, .tolerance = tolerance<T>(jacobian)};
  row.seconds = median_seconds(slow, [&] {
    point.to_dense(j, {.method = method, .progress = progress});
    device.synchronize();
  });
  row.peak_bytes = device.peak_bytes() - before;
  const Matrix<T> result = on_host(std::move(j));
  const double least = method == Method::numeric ? size_near<T>(point.value(), device) : 0;
  row.error = relative_error<T>(result, reference, least);
  if (method == Method::numeric) { // the tolerance includes the differences' own error estimate
    double implied = 0;
    point.to_dense({.method = method, .implied_error = &implied});
    row.tolerance += 10 * implied / std::max({size_of(reference), least, std::numeric_limits<double>::min()});
    if (!std::isfinite(row.tolerance)) row.tolerance = 0; // differences that are no numbers agree with nothing
  }
  row.bandwidth = static_cast<double>(result.shape().size()) * sizeof(T) / std::max(row.seconds, 1e-9);
  return row;
}

/// Several points: X, ⅞X and X, so that a mix-up of points is noticed.
constexpr Index few_points = 3;
/// Max entries of J for the comparison at several points.
constexpr Index max_entries = 1 << 18;

template <class T> struct ThreePoints {
  Matrix<T> xs;    ///< side by side
  Values<T> inner; ///< at the second point
  Values<T> all;

  ThreePoints(const Symbol &x, const Values<T> &values)
      : xs(x.rows(), x.cols() * few_points), inner(values), all(values) {
    for (std::size_t k = 0; k < values.size(); ++k) {
      if (values[k].symbol.node() != x.node()) continue;
      const MatrixView<const T> here = values[k].value;
      for (Index c = 0; c < xs.cols(); ++c)
        for (Index r = 0; r < xs.rows(); ++r)
          xs(r, c) = here(r, c % x.cols()) * (c / x.cols() == 1 ? T(0.875) : T(1));
      all[k].value = xs, inner[k].value = xs.view().block(0, x.cols(), x.rows(), x.cols());
    }
  }
};

template <class T> Comparison compare_points(const Jacobian &jacobian, const Values<T> &values, Device device,
                                             Method method,
                                             const std::array<MatrixView<const double>, few_points> &references) {
  device.reset_peak();
  const std::size_t before = device.bytes_in_use();
  const auto points = jacobian.at_points<T>(values, few_points, device);
  Matrix<T> j(jacobian.rows(), jacobian.cols() * few_points, device);
  Comparison row{.device = device.name(), .method = method, .points = few_points, .tolerance = tolerance<T>(jacobian)};
  row.seconds = median_seconds(slow, [&] {
    points.to_dense(j, {.method = method});
    device.synchronize();
  });
  row.peak_bytes = device.peak_bytes() - before;
  const Matrix<T> result = on_host(std::move(j));
  for (Index k = 0; k < few_points; ++k)
    row.error = std::max(
        row.error, relative_error<T>(result.view().block(0, k * jacobian.cols(), jacobian.rows(), jacobian.cols()),
                                     references[static_cast<std::size_t>(k)], 0));
  row.bandwidth = static_cast<double>(result.shape().size()) * sizeof(T) / std::max(row.seconds, 1e-9);
  return row;
}

/// The element method at the same values, in double.
template <class T>
Matrix<double> reference_jacobian(const Jacobian &jacobian, const Values<T> &values, const Progress &progress) {
  Values<double> wide;
  for (const Binding<T> &binding : values) {
    Matrix<double> copy(binding.value.rows(), binding.value.cols());
    for (Index c = 0; c < copy.cols(); ++c)
      for (Index r = 0; r < copy.rows(); ++r)
        copy(r, c) = binding.value(r, c);
    wide.push_back({binding.symbol, std::move(copy)});
  }
  if (values.allows_unused()) wide = wide.allow_unused();
  return jacobian.at(wide, Device::reference()).to_dense({.method = Method::reference, .progress = progress});
}

} // namespace

template <class T>
std::vector<Comparison> compare(const Expression &f, const Symbol &x, const Values<std::type_identity_t<T>> &given,
                                const std::vector<Device> &devices, const CompareProgress &progress) {
  const Jacobian j = jacobian(f, x);
  const detail::HostValues<T> host(given, devices);
  const Values<T> &values = host.values();
  const auto report = [&](std::string what) -> Progress {
    if (!progress) return {};
    return [&progress, what = std::move(what)](double done) { progress(what, done); };
  };
  const Matrix<double> reference = reference_jacobian<T>(j, values, report("reference"));
  std::vector<Comparison> rows;
  const auto add = [&](Device device, Method method) {
    rows.push_back(compare_one<T>(j, values, device, method, reference,
                                  report(fmt::format("{} on {}", name(method), device.name()))));
  };
  for (const Device &device : devices) {
    for (const Method method : methods)
      if (method != Method::structured || j.has_terms()) add(device, method);
    if (device != Device::reference()) continue; // the complex step is the same work on every device
    try {
      add(device, Method::complex_step);
    } catch (const DomainError &) { // F contains a function that the complex step does not support
    }
  }
  if (j.rows() * j.cols() > max_entries) return rows;
  const ThreePoints<T> three(x, values);
  std::optional<Matrix<double>> second;
  try {
    second = reference_jacobian<T>(j, three.inner, report("reference at another point"));
  } catch (const DomainError &) { // F has no value at ⅞X
    return rows;
  }
  for (const Device &device : devices)
    for (const Method method : {Method::structured, Method::forward, Method::reverse})
      if (method != Method::structured || j.has_terms())
        rows.push_back(compare_points<T>(j, three.all, device, method, {reference, second->view(), reference}));
  return rows;
}

template std::vector<Comparison> compare<float>(const Expression &, const Symbol &, const Values<float> &,
                                                const std::vector<Device> &, const CompareProgress &);
template std::vector<Comparison> compare<double>(const Expression &, const Symbol &, const Values<double> &,
                                                 const std::vector<Device> &, const CompareProgress &);

std::string to_string(const std::vector<Comparison> &rows) {
  std::string table = fmt::format("{:<16}{:<20} {:>9} {:>10} {:>14} {:>8} {:>10}\n", "device", "method", "error",
                                  "tolerance", "time", "GB/s", "peak MiB");
  for (const Comparison &row : rows)
    table += fmt::format("{:<16}{:<20} {:>9.1e} {:>10.1e} {:>11.3f} ms {:>8.3f} {:>10.2f}  {}\n", row.device,
                         row.points == 1 ? std::string(name(row.method))
                                         : fmt::format("{}, {} points", name(row.method), row.points),
                         row.error, row.tolerance, 1e3 * row.seconds, 1e-9 * row.bandwidth,
                         static_cast<double>(row.peak_bytes) / (1 << 20), row.passed() ? "ok" : "FAILED");
  return table + "errors are against the element method, in double\n";
}

} // namespace kronvec
