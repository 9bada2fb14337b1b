#pragma once
/// Files read whole, and files that appear whole or not at all.

#include <filesystem>
#include <span>
#include <string>
#include <utility>

namespace kronvec {

/// The bytes of a regular file. Throws IoError.
std::string read_file(const std::filesystem::path &path);

/// A file that appears under its name with `commit`, whole, or not at all: until then it has no name, so that nothing
/// stays of it however the process ends; or a temporary one beside its target, on file systems that know no files
/// without names, which the destructor removes.
class NewFile {
public:
  enum class Until { nameless, temporary };

  /// Throws IoError if the directory cannot be written.
  explicit NewFile(const std::filesystem::path &target, Until until = Until::nameless);
  ~NewFile();
  NewFile(const NewFile &) = delete;
  NewFile &operator=(const NewFile &) = delete;

  /// Throws OutOfSpace where the disk has less free than so many bytes.
  void require_space(double bytes) const;
  /// At the end. Throws IoError.
  void write(std::span<const char> bytes);
  /// At a place, which may lie beyond the end.
  void write_at(std::size_t place, std::span<const char> bytes);
  /// Returns when what was written is on the disk.
  void sync();
  void commit();

private:
  [[noreturn]] void fail(int error) const;
  void open_temporary();
  void give_temporary_name();

  std::filesystem::path target_;
  std::string temporary_; ///< a name that is to be renamed or removed
  int descriptor_ = -1;
};

} // namespace kronvec
