#pragma once
/// Runs of steps that a device records, so that the next one is handed over as one (on a CUDA device a graph).

#include "devices/backend.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace kronvec::detail {

/// The runs of a point's steps that were done last, by all that they depend on but the numbers. Only what is done again
/// is worth recording, so the first run of a key is done step by step, the second is recorded, and replayed as all
/// later ones are. Steps for which the host waits are done between two recordings, as ever. Thread-safe.
class Recordings {
public:
  /// Where all memory lies that a run works in, and what of the program is run.
  using Key = std::array<std::intptr_t, 20>;
  /// Runs that are kept: more, and those that were used long ago are done step by step again.
  static constexpr std::size_t most_runs = 16;
  /// Steps that are worth a recording: to launch one takes the host about as long as to launch a kernel.
  static constexpr int fewest_steps = 3;

  /// Does step i, if it is one of the run's, and says whether it is.
  using Step = std::function<bool(int)>;
  /// step(i) for 0 ≤ i < steps, on a device that records.
  void run(const Backend &backend, const Key &key, int steps, const Step &step) const;

private:
  /// Consecutive steps, which are one recording or are done one by one.
  struct Piece {
    int first, end;
    bool tried = false; ///< to record it
    std::unique_ptr<Recording> recording = nullptr;
  };
  struct Run {
    explicit Run(const Key &where) : key(where) {}
    const Key key;
    std::mutex mutex;
    std::vector<Piece> pieces; ///< none before the second time
  };

  /// The run of this key, as the one used last; null where it was not known, and is from now on.
  std::shared_ptr<Run> find(const Key &key) const;
  static void record(const Backend &backend, std::vector<Piece> &pieces, std::size_t number, const Step &step);

  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<Run>> runs_; ///< the one used last is the first
};

} // namespace kronvec::detail
