#pragma once
/// What writes an emission on a device.

#include "devices/batch.hpp"
#include "devices/pool.hpp"
#include "emission/emission.hpp"

#include <span>

namespace kronvec::inline KRONVEC_ABI {

/// A buffer for the items of a batch: item b starts at data + b·stride. With stride 0, all items read the same data.
template <class T> struct Buffer {
  const T *data = nullptr;
  Index stride = 0;

  Buffer() = default;
  Buffer(const T *first, Index apart = 0) : data(first), stride(apart) {}
};

/// An emission, prepared for a device once and run at many points. Thread-safe.
template <class T> class Emitter {
public:
  virtual ~Emitter() = default;
  /// For every item of the batch y, writes the window of Y that has y's shape and starts at position (first_row,
  /// first_col): every entry, whatever y held before. `buffers` and y lie on the device and do not overlap.
  virtual void run(std::span<const Buffer<T>> buffers, Index first_row, Index first_col, BatchView<T> y) const = 0;
  /// Pool blocks that a run takes from the device while it writes all of Y into packed memory, for `count` items.
  virtual Blocks scratch(Index count) const { return (void)count, Blocks(); }
};

} // namespace kronvec
