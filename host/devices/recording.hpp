#pragma once
/// Work that is submitted to a device as one unit, repeatedly (a CUDA graph).

#include "kronvec/abi.hpp"

#include <stdexcept>

namespace kronvec::inline KRONVEC_ABI {

/// Recorded work, with the addresses that it was recorded with. Thread-safe.
class Recording {
public:
  virtual ~Recording() = default;
  /// Enqueues all of it once more, after all earlier work.
  virtual void replay() const = 0;
};

/// Thrown by code that would have to wait for the device while it is being recorded. No recording can therefore depend
/// on a number that was computed when it was recorded.
class KRONVEC_API NotRecordable : public std::logic_error {
public:
  using logic_error::logic_error;
};

} // namespace kronvec
