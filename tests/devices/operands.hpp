#pragma once
/// Operands of primitives for all four types of entries: small integers, so that devices agree bitwise whatever the
/// order of their sums, surrounded by NaN that must stay unchanged.

#include "tests/testing.hpp"

#include "devices/backend.hpp"

#include <complex>
#include <cstring>
#include <limits>
#include <random>

namespace kronvec::testing {

/// Random integers from −2 to 2, in both parts.
template <class T> T small_integer(std::mt19937_64 &random) {
  const auto part = [&] { return static_cast<double>(random() % 5) - 2; };
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(part());
  } else {
    const auto re = static_cast<typename T::value_type>(part());
    return {re, static_cast<typename T::value_type>(part())};
  }
}

template <class T> class Operand {
public:
  /// Strided: the leading dimension and the step between items are larger than necessary, and alignment is that of a
  /// single entry.
  Operand(Index rows, Index cols, Index count = 1, bool strided = false, std::uint64_t seed = 1)
      : start_(strided ? 1 : 0), ld_(std::max<Index>(rows + (strided ? 3 : 0), 1)),
        stride_(ld_ * cols + (strided ? 5 : 0)), memory_(stride_ * count + start_ + 2, 1) {
    poison();
    view_ = {memory_.data() + start_, rows, cols, ld_, count, stride_};
    std::mt19937_64 random(seed);
    for (Index b = 0; b < count; ++b)
      for (Index j = 0; j < cols; ++j)
        for (Index i = 0; i < rows; ++i)
          view_[b](i, j) = small_integer<T>(random);
  }
  void poison() {
    using R = decltype(std::abs(T()));
    auto *parts = reinterpret_cast<R *>(memory_.data());
    std::fill_n(parts, memory_.rows() * Index(sizeof(T) / sizeof(R)), std::numeric_limits<R>::quiet_NaN());
  }
  const BatchView<T> &view() const { return view_; }
  const Matrix<T> &memory() const { return memory_; }
  Operand poisoned() const {
    Operand other(view_.rows, view_.cols, view_.count, start_ == 1);
    other.poison();
    return other;
  }
  /// The batch in a copy of its memory.
  BatchView<T> at(const Matrix<T> &copy) const {
    BatchView<T> there = view_;
    there.data = const_cast<T *>(copy.data()) + start_;
    return there;
  }

private:
  Index start_, ld_, stride_;
  Matrix<T> memory_;
  BatchView<T> view_;
};

/// The memory of `out` after work(algebra, input batches…, output batch) on a device.
template <class T, class... In>
Matrix<T> result_on(Device device, const auto &work, const Operand<T> &out, const In &...in) {
  const Matrix<T> result = out.memory().to(device);
  const auto run = [&](const auto &...inputs) {
    work(device.backend().primitives(T{}), BatchView<const T>(in.at(inputs))..., out.at(result));
    device.synchronize();
  };
  run(in.memory().to(device)...);
  return result.to(Device::cpu());
}

/// Whether both are equal, entry by entry and part by part, with NaN only against NaN.
template <class T>::testing::AssertionResult same(const Matrix<T> &a, const Matrix<T> &b) {
  using R = decltype(std::abs(T()));
  const auto *x = reinterpret_cast<const R *>(a.data()), *y = reinterpret_cast<const R *>(b.data());
  for (Index k = 0; k < a.rows() * a.cols() * Index(sizeof(T) / sizeof(R)); ++k)
    if (!(x[k] == y[k] || (std::isnan(x[k]) && std::isnan(y[k]))))
      return ::testing::AssertionFailure() << "part " << k << ": " << x[k] << " and " << y[k];
  return ::testing::AssertionSuccess();
}

/// Every CUDA device of this machine, real or emulated.
inline std::vector<Device> cuda_devices() {
  std::vector<Device> devices = Device::all();
  std::erase_if(devices, [](Device device) { return device.is_host(); });
  return devices;
}

/// Checks that every CUDA device gives the reference's result, and leaves the memory around it unchanged.
template <class T, class... In> void expect_reference(const auto &work, const Operand<T> &out, const In &...in) {
  const Matrix<T> expected = result_on(Device::reference(), work, out, in...);
  for (const Device device : cuda_devices())
    EXPECT_TRUE(same(result_on(device, work, out, in...), expected))
        << device.name() << ", " << out.view().rows << "×" << out.view().cols << " ×" << out.view().count;
}

} // namespace kronvec::testing
