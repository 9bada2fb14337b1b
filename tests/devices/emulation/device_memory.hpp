#pragma once
/// Access to device memory for tests: copies in a separate stream, which does not wait for any other stream.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

namespace kronvec::testing {

inline cudaStream_t own_stream() {
  static const cudaStream_t stream = [] {
    cudaStream_t made = nullptr;
    EXPECT_EQ(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking), cudaSuccess);
    return made;
  }();
  return stream;
}

inline void copy_now(void *to, const void *from, std::size_t bytes) {
  EXPECT_EQ(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, own_stream()), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(own_stream()), cudaSuccess);
}

/// The value at this address now.
template <class T> T seen(const T *there) {
  T value{};
  copy_now(&value, there, sizeof value);
  return value;
}
template <class T> void put(T *there, T value) { copy_now(there, &value, sizeof value); }

/// A block of device memory with these initial values.
template <class T> class DeviceArray {
public:
  explicit DeviceArray(const std::vector<T> &values) : size_(values.size()) {
    void *block = nullptr;
    EXPECT_EQ(cudaMallocAsync(&block, size_ * sizeof(T), own_stream()), cudaSuccess);
    data_ = static_cast<T *>(block);
    copy_now(data_, values.data(), size_ * sizeof(T));
  }
  ~DeviceArray() {
    EXPECT_EQ(cudaFreeAsync(data_, own_stream()), cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(own_stream()), cudaSuccess);
  }
  DeviceArray(const DeviceArray &) = delete;
  DeviceArray &operator=(const DeviceArray &) = delete;
  T *data() const { return data_; }
  std::vector<T> values() const {
    std::vector<T> host(size_);
    copy_now(host.data(), data_, size_ * sizeof(T));
    return host;
  }

private:
  std::size_t size_;
  T *data_ = nullptr;
};

} // namespace kronvec::testing
