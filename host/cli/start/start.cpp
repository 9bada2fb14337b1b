/// The executable `kronvec`. It sets how threads wait for each other, then loads the command. OpenMP reads its
/// environment when it is loaded, and here the command loads it.

#include "cli/start/no_memory.hpp"

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>

namespace {

/// Iterations that a thread spins before it sleeps: about a tenth of a millisecond, several times what waking it takes.
/// On an otherwise idle machine that costs nothing. OpenMP's default of 300000 takes about ten milliseconds, during
/// which the awaited thread may need this core.
constexpr const char *turns = "3000";

} // namespace

int main(int argc, char **argv) {
  std::set_terminate(kronvec::cli::end_without_memory);
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) setenv("GOMP_SPINCOUNT", turns, 0); // keeps the user's setting
  // With RTLD_LAZY, symbols are looked up at their first call, as in an executable; looking up all of BLAS's symbols
  // takes a millisecond.
  void *library = dlopen("libkronvec_command.so", RTLD_LAZY);
  auto *command = library ? reinterpret_cast<int (*)(int, char **)>(dlsym(library, "kronvec_command")) : nullptr;
  if (command == nullptr) {
    std::fprintf(stderr, "kronvec: %s\n", dlerror());
    return 3;
  }
  return command(argc, argv);
}
