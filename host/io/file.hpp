#pragma once
/// Reads whole files, and writes files that appear complete or not at all.

#include "kronvec/abi.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <utility>

namespace kronvec::inline KRONVEC_ABI {

/// The bytes of a regular file. Throws IoError.
std::string read_file(const std::filesystem::path &path);

/// Throws IoError if no file can be written under this name.
KRONVEC_API void require_writable(const std::filesystem::path &target);

/// A new file that appears under its name at `commit`, complete, or not at all. Until then it has no name, so nothing
/// remains of it however the process ends. On file systems without nameless files it has a temporary name beside its
/// target; the destructor removes it. It has the permissions of the file that it replaces.
class NewFile {
public:
  enum class Until { nameless, temporary };

  /// Throws IoError as `require_writable` does.
  explicit NewFile(const std::filesystem::path &target, Until until = Until::nameless);
  ~NewFile();
  NewFile(const NewFile &) = delete;
  NewFile &operator=(const NewFile &) = delete;

  /// Throws OutOfSpace if the disk has fewer than `bytes` bytes free.
  void require_space(double bytes) const;
  /// Writes at the end. Throws IoError.
  void write(std::span<const char> bytes);
  /// Writes at a place, which may lie beyond the end.
  void write_at(std::size_t place, std::span<const char> bytes);
  /// Returns when all written bytes are on the disk.
  void sync();
  void commit();

private:
  [[noreturn]] void fail(int error) const;
  void open_temporary();
  void take_permissions() const;
  void give_temporary_name();

  std::filesystem::path target_;
  std::string temporary_; ///< a name that `commit` renames or the destructor removes
  int descriptor_ = -1;
};

} // namespace kronvec
