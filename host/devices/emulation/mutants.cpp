/// Reads the mutant from the environment.

#include "devices/emulation/mutants.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>

namespace kronvec::emulation {
namespace {

/// The file name without its folder.
std::string_view name_of(std::string_view file) { return file.substr(file.rfind('/') + 1); }

std::string place(const char *file, unsigned line, unsigned column) {
  return column == 0 ? fmt::format("{}:{}", name_of(file), line) : fmt::format("{}:{}:{}", name_of(file), line, column);
}

/// The mutant that the environment names, parsed once.
struct Mutant {
  std::string file;
  unsigned line = 0, column = 0;

  explicit Mutant(const std::string &text) : file(text.substr(0, text.find(':'))) {
    std::sscanf(text.c_str() + file.size(), ":%u:%u", &line, &column);
  }
};

} // namespace

bool is_mutant(const char *file, unsigned line, unsigned column) {
  static const Mutant mutant(std::getenv("KRONVEC_MUTANT"));
  if (line != mutant.line || column != mutant.column || name_of(file) != mutant.file) return false;
  static const bool told = std::fprintf(stderr, "mutant %s\n", place(file, line, column).c_str()) > 0;
  return told;
}

} // namespace kronvec::emulation
