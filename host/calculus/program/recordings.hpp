#pragma once
/// Runs of steps that a device records, so that a later run is submitted as one unit (on a CUDA device, a graph).

#include "devices/backend.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace kronvec::detail {

/// The most recent runs of a point's steps, keyed by all that they depend on except the numbers. Only repeated runs are
/// worth recording: the first run with a key executes step by step; the second is recorded and replayed; later ones are
/// replayed. Steps that make the host wait run between two recordings. Thread-safe.
class Recordings {
public:
  /// The addresses of all memory that a run uses, and which part of the program it runs.
  using Key = std::array<std::intptr_t, 20>;
  /// Max number of runs that are kept. The least recently used run is dropped and later starts again step by step.
  static constexpr std::size_t max_runs = 16;
  /// Min number of steps of a recording. Launching one costs the host about as much as launching one kernel.
  static constexpr int fewest_steps = 3;

  /// Executes step i if it belongs to the run; returns whether it does.
  using StepFunction = std::function<bool(int)>;
  /// Calls step(i) for 0 ≤ i < steps, on a device that can record.
  void run(const Backend &backend, const Key &key, int steps, const StepFunction &step) const;

private:
  /// Consecutive steps that are either one recording or executed one by one.
  struct Piece {
    int first, end;
    bool tried = false; ///< whether recording it has been tried
    std::unique_ptr<Recording> recording = nullptr;
  };
  struct RecordedRun {
    explicit RecordedRun(const Key &where) : key(where) {}
    const Key key;
    std::mutex mutex;
    std::vector<Piece> pieces; ///< empty until the second run
  };

  /// Finds the run with this key and marks it most recently used. If the key is unknown, adds it and returns null.
  std::shared_ptr<RecordedRun> find(const Key &key) const;
  static void record(const Backend &backend, std::vector<Piece> &pieces, std::size_t number, const StepFunction &step);

  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<RecordedRun>> runs_; ///< most recently used first
};

} // namespace kronvec::detail
