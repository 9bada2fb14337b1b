#pragma once
/// Helpers of the mission tests. See mission_test.cpp.

#include "tests/textbook.hpp"

#include "devices/backend.hpp"

#include <functional>
#include <initializer_list>
#include <string>

namespace kronvec::testing {

using textbook::Scalar;
using textbook::Table;

inline std::string where(Device device, std::initializer_list<Index> sizes) {
  std::string text = device.name();
  for (const Index size : sizes)
    text += ' ' + std::to_string(size);
  return text;
}

template <class T> std::size_t bytes(Index entries) { return static_cast<std::size_t>(entries) * sizeof(T); }

/// The pool's block size for a workspace: up to an eighth more, in units of 64 bytes.
template <class T> std::size_t workspace_bytes(Index entries) {
  const std::size_t exact = bytes<T>(entries);
  return exact == 0 ? 0 : exact + exact / 8 + 64;
}

/// Max bytes that work() holds on the device in addition to what it held before. Results that work() creates count.
inline std::size_t peak_of(Device device, const std::function<void()> &work) {
  device.synchronize();
  device.reset_peak();
  const std::size_t before = device.bytes_in_use();
  work();
  device.synchronize();
  return device.peak_bytes() - before;
}

/// The same with an empty pool, so that no block is reused unnoticed.
inline std::size_t fresh_peak_of(Device device, const std::function<void()> &work) {
  device.synchronize();
  device.backend().pool().trim();
  return peak_of(device, work);
}

/// Checks that the entries equal the table exactly.
template <class T>::testing::AssertionResult is_exactly(const Matrix<T> &result, const Table &expected) {
  return textbook::within(textbook::widen(result), expected, [](Index, Index) { return 0.0; });
}

/// Calls check(T(), device) for each of these types on every device.
template <class... T> void each(const auto &check) {
  for (const Device device : Device::all())
    (check(T(), device), ...);
}

} // namespace kronvec::testing
