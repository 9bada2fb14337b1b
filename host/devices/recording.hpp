#pragma once
/// Work that a device is handed as one, again and again: a graph of CUDA.

#include <stdexcept>

namespace kronvec {

/// Work that was recorded, with the addresses that it was recorded with. Thread-safe.
class Recording {
public:
  virtual ~Recording() = default;
  /// Hands all of it to the device once more, after all earlier work.
  virtual void replay() const = 0;
};

/// Work that cannot be recorded, for the host would wait in it for what the device has not done. Whoever would wait
/// throws it, so that nothing recorded can depend on a number of the moment when it was recorded.
class NotRecordable : public std::logic_error {
public:
  using logic_error::logic_error;
};

} // namespace kronvec
