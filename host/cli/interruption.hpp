#pragma once
/// Turns signals that end the command into an exception, so that it can clean up first.

#include <array>
#include <csignal>
#include <exception>

namespace kronvec::cli {

/// Thrown by `Interruption::check`. The handler raises `signal` again after it has cleaned up.
class Interrupted : public std::exception {
public:
  explicit Interrupted(int number) : signal(number) {}
  const char *what() const noexcept override { return "interrupted"; }
  const int signal;
};

/// While an Interruption exists, the first SIGINT, SIGTERM or SIGHUP that is not ignored is recorded; the second ends
/// the process.
class Interruption {
public:
  Interruption() {
    noted_ = 0;
    for (std::size_t i = 0; i < signals.size(); ++i) {
      struct sigaction action = {};
      action.sa_handler = [](int number) { noted_ = number; };
      action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
      sigaction(signals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) sigaction(signals[i], &action, nullptr);
    }
  }
  ~Interruption() {
    for (std::size_t i = 0; i < signals.size(); ++i)
      sigaction(signals[i], &before_[i], nullptr);
  }
  Interruption(const Interruption &) = delete;
  Interruption &operator=(const Interruption &) = delete;

  /// Throws Interrupted after a signal.
  void check() const {
    if (const int number = noted_) throw Interrupted(number);
  }

private:
  static constexpr std::array signals{SIGINT, SIGTERM, SIGHUP};
  inline static volatile std::sig_atomic_t noted_ = 0;
  std::array<struct sigaction, signals.size()> before_{};
};

} // namespace kronvec::cli
