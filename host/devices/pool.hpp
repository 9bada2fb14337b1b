#pragma once
/// Memory of a device, with counters, and a pool of workspaces.

#include "core/free_memory.hpp"

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {

/// The source of blocks, with a count of the bytes held. Thread-safe.
class KRONVEC_API Memory {
public:
  virtual ~Memory() = default;
  /// 64-byte aligned. Throws OutOfMemory, with the requested and the free size.
  void *allocate(std::size_t bytes);
  void deallocate(void *block, std::size_t bytes) noexcept;
  /// Bytes that could still be allocated.
  virtual std::size_t bytes_free() const = 0;
  std::size_t in_use() const { return in_use_; }
  std::size_t peak() const { return peak_; }
  void reset_peak() { peak_ = in_use_.load(); }

private:
  /// A block, or null if there is not enough memory.
  virtual void *obtain(std::size_t bytes) = 0;
  virtual void release(void *block) noexcept = 0;
  std::atomic<std::size_t> in_use_ = 0, peak_ = 0;
};

/// The host's memory. Large blocks use huge pages.
class HostMemory final : public Memory {
public:
  std::size_t bytes_free() const override { return host_bytes_free(); }

private:
  void *obtain(std::size_t bytes) override;
  void release(void *block) noexcept override;
};

/// The blocks that some work takes from a pool: for each size, the max number at the same time. A returned block is
/// reused only by requests of its size.
class KRONVEC_API Blocks {
public:
  Blocks() = default;
  /// `count` blocks of at least `bytes` bytes.
  explicit Blocks(std::size_t bytes, std::size_t count = 1);
  /// Blocks of two pieces of work that run at the same time.
  friend Blocks operator+(Blocks a, const Blocks &b);
  /// Blocks of two pieces of work that run one after the other.
  friend Blocks operator|(Blocks a, const Blocks &b);
  std::size_t bytes() const;

private:
  std::map<std::size_t, std::size_t> count_; // by rounded size
};

/// Keeps returned blocks for the next request of similar size, so that a loop allocates nothing after its first
/// iteration. Thread-safe.
class KRONVEC_API Pool {
public:
  explicit Pool(Memory &memory) : memory_(memory) {}
  ~Pool();
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;

  /// A block of the pool. Its destructor returns it.
  class Block {
  public:
    Block() = default;
    Block(Block &&other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {
    }
    Block &operator=(Block &&other) noexcept {
      std::swap(pool_, other.pool_), std::swap(data_, other.data_), std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Block() {
      if (pool_) pool_->give_back(data_, bytes_);
    }
    void *data() const { return data_; }

  private:
    friend class Pool;
    Block(Pool &pool, void *data, std::size_t bytes) : pool_(&pool), data_(data), bytes_(bytes) {}
    Pool *pool_ = nullptr;
    void *data_ = nullptr;
    std::size_t bytes_ = 0;
  };

  Block take(std::size_t bytes);
  /// The size of the block that `take` returns.
  static std::size_t block_size(std::size_t bytes);
  /// Frees every block that is not in use.
  void trim();

private:
  void give_back(void *data, std::size_t bytes) noexcept;

  Memory &memory_;
  std::mutex mutex_;
  std::map<std::size_t, std::vector<void *>> free_; // by rounded size
};

} // namespace kronvec
