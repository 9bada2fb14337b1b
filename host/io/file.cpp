#include "io/file.hpp"

#include "kronvec/error.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace kronvec {

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

/// A rename would replace a symbolic link, not what it points to.
std::filesystem::path behind_links(std::filesystem::path path) {
  std::error_code error;
  for (int links = 0; links < 40 && std::filesystem::is_symlink(path, error); ++links)
    path = path.parent_path() / std::filesystem::read_symlink(path);
  return path;
}

} // namespace

NewFile::NewFile(const std::filesystem::path &target) : target_(behind_links(target)) {
  std::error_code ignored;
  if (std::filesystem::exists(target_, ignored) && !std::filesystem::is_regular_file(target_, ignored))
    throw IoError("cannot write " + target.string() + ": there is something that is not a regular file");
  temporary_ = target_.string() + ".XXXXXX";
  descriptor_ = mkstemp(temporary_.data());
  if (descriptor_ < 0) fail(errno);
}

NewFile::~NewFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void NewFile::fail(int error) const { throw IoError("cannot write " + target_.string() + ": " + std::strerror(error)); }

void NewFile::write(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) fail(errno);
    if (written > 0) bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void NewFile::commit() {
  const mode_t mask = umask(0);
  umask(mask);
  if (fchmod(descriptor_, 0666 & ~mask) != 0) fail(errno); // mkstemp's file is its owner's alone
  if (close(std::exchange(descriptor_, -1)) != 0) fail(errno);
  if (rename(temporary_.c_str(), target_.c_str()) != 0) fail(errno);
  temporary_.clear();
}

} // namespace kronvec
