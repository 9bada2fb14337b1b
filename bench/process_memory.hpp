#pragma once
/// The memory of this process, as counted by Linux.

#include <fstream>
#include <string>

namespace kronvec::bench {

/// "VmRSS" or "VmHWM" of /proc/self/status, in bytes.
inline double process_bytes(const std::string &which) {
  std::ifstream status("/proc/self/status");
  for (std::string key; status >> key;)
    if (double kib = 0; key == which + ':' && status >> kib) return 1024 * kib;
  return 0;
}

/// Resets VmHWM to the memory held now, and returns that.
inline double reset_process_peak() {
  std::ofstream("/proc/self/clear_refs") << 5;
  return process_bytes("VmRSS");
}

} // namespace kronvec::bench
