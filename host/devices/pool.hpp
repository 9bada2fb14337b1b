#pragma once
/// Memory of a device, counted, and a pool of workspaces on top of it.

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace kronvec {

/// Bytes that the operating system (and a memory control group around us) would still give.
std::size_t host_bytes_free();

/// Where blocks come from, with a count of what is held. Thread-safe.
class Memory {
public:
  virtual ~Memory() = default;
  /// 64-byte aligned. Throws OutOfMemory, with the size asked for and the size free.
  void *allocate(std::size_t bytes);
  void deallocate(void *block, std::size_t bytes) noexcept;
  /// Bytes that could still be allocated.
  virtual std::size_t bytes_free() const = 0;
  std::size_t in_use() const { return in_use_; }
  std::size_t peak() const { return peak_; }
  void reset_peak() { peak_ = in_use_.load(); }

private:
  /// A block, or null where there is not enough.
  virtual void *obtain(std::size_t bytes) = 0;
  virtual void release(void *block) noexcept = 0;
  std::atomic<std::size_t> in_use_ = 0, peak_ = 0;
};

/// The host's memory, in huge pages where a block is large.
class HostMemory final : public Memory {
public:
  std::size_t bytes_free() const override { return host_bytes_free(); }

private:
  void *obtain(std::size_t bytes) override;
  void release(void *block) noexcept override;
};

/// Blocks that work takes from a pool: of each size the most at once, since those handed back are used again by
/// requests of their size alone.
class Blocks {
public:
  Blocks() = default;
  /// `count` blocks for so many bytes each.
  explicit Blocks(std::size_t bytes, std::size_t count = 1);
  /// Of two pieces of work at once.
  friend Blocks operator+(Blocks a, const Blocks &b);
  /// Of two pieces of work one after the other.
  friend Blocks operator|(Blocks a, const Blocks &b);
  std::size_t bytes() const;

private:
  std::map<std::size_t, std::size_t> count_; // by rounded size
};

/// Blocks that are handed back are kept for the next request of about their size, so that a loop allocates nothing
/// after its first turn. Thread-safe.
class Pool {
public:
  explicit Pool(Memory &memory) : memory_(memory) {}
  ~Pool();
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;

  /// A block of the pool, handed back when it dies.
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
  /// The size of the block that `take` gives.
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
