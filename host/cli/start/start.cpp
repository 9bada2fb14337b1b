/// The executable `kronvec`, which says how threads wait for each other and only then loads the command. OpenMP reads
/// its environment when it is loaded, and here it is loaded with the command.

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>

namespace {

/// Turns that a thread spins before it sleeps: about a tenth of a millisecond, several times what it takes to wake one,
/// which costs nothing on a machine that is idle otherwise. OpenMP's own 300000 are about ten milliseconds, in which
/// the thread that is waited for may want this core.
constexpr const char *turns = "3000";

} // namespace

int main(int argc, char **argv) {
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) setenv("GOMP_SPINCOUNT", turns, 0); // unless the user has set it
  // By RTLD_LAZY names are looked up when they are first called, as in an executable: all of BLAS's take a millisecond.
  void *library = dlopen("libkronvec_command.so", RTLD_LAZY);
  auto *command = library ? reinterpret_cast<int (*)(int, char **)>(dlsym(library, "kronvec_command")) : nullptr;
  if (command == nullptr) {
    std::fprintf(stderr, "kronvec: %s\n", dlerror());
    return 3;
  }
  return command(argc, argv);
}
