/// Reads files, and writes new files atomically.

#include "io/file.hpp"

#include "core/readable.hpp"
#include "kronvec/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

namespace kronvec::inline KRONVEC_ABI {

std::string read_file(const std::filesystem::path &path) {
  std::error_code error;
  const bool regular = std::filesystem::is_regular_file(path, error);
  if (error || !std::filesystem::exists(path)) throw IoError("cannot read " + path.string() + ": no such file");
  if (!regular) throw IoError("cannot read " + path.string() + ": not a regular file");
  std::ifstream file(path, std::ios::binary);
  std::string bytes(std::filesystem::file_size(path), '\0');
  if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    throw IoError("cannot read " + path.string() + ": " + std::strerror(errno));
  return bytes;
}

namespace {

[[noreturn]] void refuse(const std::filesystem::path &target, const std::string &why) {
  throw IoError("cannot write " + target.string() + ": " + why);
}

/// The file that a symbolic link points to: a rename would replace the link itself.
std::filesystem::path behind_links(std::filesystem::path path) {
  while (std::filesystem::is_symlink(path))
    path = path.parent_path() / std::filesystem::read_symlink(path);
  return path;
}

std::filesystem::path directory_of(const std::filesystem::path &file) {
  return file.has_parent_path() ? file.parent_path() : ".";
}

/// A name beside the target that is free in all likelihood. It is short, since the target's may be as long as can be.
std::string temporary_name(const std::filesystem::path &target, const std::string &suffix) {
  return (directory_of(target) / (".kronvec-" + suffix)).string();
}

} // namespace

void require_writable(const std::filesystem::path &target) {
  struct stat file = {};
  if (stat(target.c_str(), &file) != 0) {
    if (errno != ENOENT) refuse(target, std::strerror(errno)); // the name is too long, or a loop of links
  } else if (!S_ISREG(file.st_mode)) {
    refuse(target, "there is something that is not a regular file");
  }
  const std::filesystem::path directory = directory_of(behind_links(target));
  if (access(directory.c_str(), W_OK | X_OK) != 0) refuse(target, std::strerror(errno));
}

NewFile::NewFile(const std::filesystem::path &target, Until until) {
  require_writable(target);
  target_ = behind_links(target);
  if (until == Until::nameless && access("/proc/self/fd", X_OK) == 0) // needed to link the nameless file later
    descriptor_ = open(directory_of(target_).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  if (descriptor_ < 0) open_temporary();
  take_permissions();
}

NewFile::~NewFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void NewFile::fail(int error) const { refuse(target_, std::strerror(error)); }

void NewFile::open_temporary() {
  std::string name = temporary_name(target_, "XXXXXX");
  descriptor_ = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail(errno);
  temporary_ = std::move(name);
  const mode_t mask = umask(0);
  umask(mask);
  if (fchmod(descriptor_, 0666 & ~mask) == 0) return; // mkostemp makes the file readable by its owner only
  const int error = errno;
  close(descriptor_), unlink(temporary_.c_str());
  fail(error);
}

/// Gives the file the owner and the permissions of the file that it will replace. If its group must be another one,
/// that group gets none.
void NewFile::take_permissions() const {
  struct stat old = {};
  if (stat(target_.c_str(), &old) != 0) return;
  constexpr uid_t unchanged = -1;
  const bool same_group =
      fchown(descriptor_, old.st_uid, old.st_gid) == 0 || fchown(descriptor_, unchanged, old.st_gid) == 0;
  (void)fchmod(descriptor_, old.st_mode & (same_group ? 0777 : 0707));
}

void NewFile::require_space(double bytes) const {
  struct statvfs disk = {};
  if (fstatvfs(descriptor_, &disk) != 0) fail(errno);
  const double free = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
  if (bytes > free)
    throw OutOfSpace(fmt::format("{} would take {}, its disk has {} free", target_.string(), readable_bytes(bytes),
                                 readable_bytes(free)));
}

void NewFile::write(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) fail(errno);
    if (written > 0) bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void NewFile::write_at(std::size_t place, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(place));
    if (written < 0 && errno != EINTR) fail(errno);
    if (written > 0)
      place += static_cast<std::size_t>(written), bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void NewFile::sync() {
  if (fsync(descriptor_) != 0 && errno != EINVAL) fail(errno); // EINVAL: this file system does not support sync
}

/// Links the nameless file to a temporary name beside the target, because a link cannot replace the target but a rename
/// can.
void NewFile::give_temporary_name() {
  const std::string self = fmt::format("/proc/self/fd/{}", descriptor_);
  for (int attempt = 0;; ++attempt) {
    std::string name = temporary_name(target_, fmt::format("{}-{}", getpid(), attempt));
    if (linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary_ = std::move(name);
      return;
    }
    if (errno != EEXIST || attempt == 1000) fail(errno);
  }
}

void NewFile::commit() {
  if (temporary_.empty()) give_temporary_name();
  if (close(std::exchange(descriptor_, -1)) != 0) fail(errno);
  if (rename(temporary_.c_str(), target_.c_str()) != 0) fail(errno);
  temporary_.clear();
}

} // namespace kronvec
