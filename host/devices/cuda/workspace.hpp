#pragma once
/// Workspaces on the GPU, from the pool.

#include "devices/backend.hpp"

#include <vector>

namespace kronvec::cuda {

/// A workspace from the pool for `count` objects.
template <class U> class Workspace {
public:
  Workspace(const Backend &backend, Index count)
      : backend_(backend), bytes_(static_cast<std::size_t>(count) * sizeof(U)), block_(backend.pool().take(bytes_)) {}
  U *data() const { return static_cast<U *>(block_.data()); }
  void from(const std::vector<U> &host) const { backend_.transfer(data(), bytes_, host.data(), bytes_, bytes_, 1); }
  std::vector<U> to_host() const {
    std::vector<U> host(bytes_ / sizeof(U));
    backend_.transfer(host.data(), bytes_, data(), bytes_, bytes_, 1);
    return host;
  }

private:
  const Backend &backend_;
  std::size_t bytes_;
  Pool::Block block_;
};

} // namespace kronvec::cuda
