/// Records runs of steps and replays them.

#include "calculus/program/recordings.hpp"

#include <algorithm>

namespace kronvec::detail {

std::shared_ptr<Recordings::RecordedRun> Recordings::find(const Key &key) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(runs_.begin(), runs_.end(), [&](const auto &run) { return run->key == key; });
  if (found != runs_.end()) {
    std::rotate(runs_.begin(), found, found + 1);
    return runs_.front();
  }
  if (runs_.size() == max_runs) runs_.pop_back();
  runs_.insert(runs_.begin(), std::make_shared<RecordedRun>(key));
  return nullptr;
}

/// Records piece `number`. If a step makes the host wait, the piece ends before that step; the step and the rest become
/// new pieces.
void Recordings::record(const Backend &backend, std::vector<Piece> &pieces, std::size_t number,
                        const StepFunction &step) {
  Piece &piece = pieces[number];
  int at = piece.first, done = 0;
  try {
    auto recording = piece.end - piece.first < fewest_steps ? nullptr : backend.record([&] {
      for (; at < piece.end; ++at)
        done += step(at);
    });
    if (done >= fewest_steps) piece.recording = std::move(recording);
    piece.tried = true;
  } catch (const NotRecordable &) {
    // Give up if no step is to blame, or if the failing step is the only one left in this piece.
    piece.tried = at == piece.end || at == piece.first;
    const int end = piece.end, next = std::max(at, piece.first + 1);
    piece.end = std::min(next, end);
    if (piece.end < end) pieces.insert(pieces.begin() + static_cast<std::ptrdiff_t>(number) + 1, Piece{piece.end, end});
  }
}

void Recordings::run(const Backend &backend, const Key &key, int steps, const StepFunction &step) const {
  const auto run = find(key);
  if (!run) {
    for (int i = 0; i < steps; ++i)
      step(i);
    return;
  }
  // A concurrent run with this key would use the same memory, so waiting for it costs nothing.
  const std::lock_guard lock(run->mutex);
  auto &pieces = run->pieces;
  if (pieces.empty()) pieces.push_back({0, steps});
  for (std::size_t number = 0; number < pieces.size(); ++number) {
    while (!pieces[number].tried)
      record(backend, pieces, number, step);
    if (pieces[number].recording) {
      pieces[number].recording->replay();
      continue;
    }
    for (int i = pieces[number].first; i < pieces[number].end; ++i)
      step(i);
  }
}

} // namespace kronvec::detail
