#pragma once
/// Files read whole, and files that appear whole or not at all.

#include <filesystem>
#include <span>
#include <string>
#include <utility>

namespace kronvec {

/// The bytes of a regular file. Throws IoError.
std::string read_file(const std::filesystem::path &path);

/// A file under a temporary name beside its target; `commit` renames it, the destructor removes what was not committed.
class NewFile {
public:
  /// Throws IoError if the directory cannot be written.
  explicit NewFile(const std::filesystem::path &target);
  ~NewFile();
  NewFile(const NewFile &) = delete;
  NewFile &operator=(const NewFile &) = delete;

  /// Throws IoError.
  void write(std::span<const char> bytes);
  void commit();

private:
  [[noreturn]] void fail(int error) const;

  std::filesystem::path target_;
  std::string temporary_;
  int descriptor_;
};

} // namespace kronvec
