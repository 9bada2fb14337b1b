/// The command where memory runs out: its k-th allocation by `new` fails, for every k. Each run ends with one message
/// and an exit status, wherever it is interrupted; so does a run that cannot load the command's library.
///
/// Arguments: the path of that library; n, to let only every n-th allocation fail.

#include "cli/start/no_memory.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <functional>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

/// In memory that this process and its children share.
struct Allocations {
  long count = 0;
  long failing = 0; ///< the number of the allocation that fails, or 0
};
Allocations *allocations = nullptr;

void *allocate(std::size_t bytes, std::size_t alignment) {
  void *block = nullptr;
  const bool fails = allocations && ++allocations->count == allocations->failing;
  if (fails || posix_memalign(&block, std::max(alignment, sizeof(void *)), bytes) != 0) throw std::bad_alloc();
  return block;
}

} // namespace

void *operator new(std::size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void *operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void *block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void *block, std::size_t) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void *block, std::align_val_t) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void *block, std::size_t, std::align_val_t) noexcept { std::free(block); }

namespace {

using Command = int (*)(int, char **);

Command load(const char *library) {
  void *const loaded = dlopen(library, RTLD_LAZY);
  return loaded ? reinterpret_cast<Command>(dlsym(loaded, "kronvec_command")) : nullptr;
}

struct Run {
  bool exited;
  int status; ///< or the number of the signal
  std::string message;
  long allocations;
};

/// Runs work() in a process of its own, in which allocation `failing` fails.
Run run(const std::function<int()> &work, long failing) {
  const int errors = memfd_create("errors", 0), results = memfd_create("results", 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(errors, STDERR_FILENO), dup2(results, STDOUT_FILENO);
    *allocations = {0, failing};
    const int status = work();
    allocations->failing = 0;
    _exit(status);
  }
  int status = 0;
  waitpid(child, &status, 0);
  allocations->failing = 0;
  std::string message(1000, '\0');
  message.resize(static_cast<std::size_t>(std::max<ssize_t>(pread(errors, message.data(), message.size(), 0), 0)));
  close(errors), close(results);
  return {WIFEXITED(status), WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), message, allocations->count};
}

/// Tries every `each`-th allocation from `first` on. Returns how many there are, or −1 after a run that ended
/// otherwise.
long try_all(const std::string &name, const std::function<int()> &work, long first, long each) {
  const long all = run(work, 0).allocations;
  for (long k = std::max(first, 1L); k <= all; k += each) {
    const Run r = run(work, k);
    const bool refused = (r.status == 2 || r.status == 3) && r.message.starts_with("kronvec: ");
    if (r.exited && (r.status == 0 || refused)) continue; // a cache may do without memory
    std::printf("%s: after allocation %ld of %ld %s %d, with the message '%s'\n", name.c_str(), k, all,
                r.exited ? "exit status" : "signal", r.status, r.message.c_str());
    return -1;
  }
  std::printf("%s: %ld allocations\n", name.c_str(), all);
  std::fflush(stdout);
  return all;
}

} // namespace

int main(int argc, char **argv) {
  std::set_terminate(kronvec::cli::end_without_memory);
  const char *const library = argc > 1 ? argv[1] : "";
  const long each = argc > 2 ? std::atol(argv[2]) : 1;
  void *const memory = mmap(nullptr, sizeof(Allocations), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  allocations = new (memory) Allocations;

  bool passed = try_all(
                    "loading", [&] { return load(library) ? 0 : 4; }, 1, 5 * each) > 0;
  const Command command = load(library);
  if (!command) return std::fprintf(stderr, "%s\n", dlerror()), 2;
  const auto request = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "kronvec");
    return [command, arguments]() mutable {
      std::vector<char *> pointers;
      for (std::string &argument : arguments)
        pointers.push_back(argument.data());
      pointers.push_back(nullptr);
      return command(static_cast<int>(arguments.size()), pointers.data());
    };
  };
  const long set_up = try_all("--version", request({"--version"}), 1, each); // every request begins like this one
  passed = set_up > 0 && passed;
  for (const std::vector<std::string> &arguments : std::vector<std::vector<std::string>>{
           {"--help"},
           {"evaluate", "A*exp(X*B)", "A=4x3", "X=3x2", "B=2x5"},
           {"evaluate", "A*", "A=4x3"},
           {"evaluate", "A*exp(X)", "A=4x3", "X=3x2", "--device", "cuda-emulated"},
           {"jacobian", "A*exp(X*B)", "--wrt", "X", "A=4x3", "X=3x2", "B=2x5"},
           {"jacobian", "A*softmax(X)", "--wrt", "X", "A=4x3", "X=3x2", "--explain"},
           {"hessian", "logdet(X)", "--wrt", "X", "X=[2,1;1,3]"},
           {"derive", "x'*A*x", "--wrt", "x"},
           {"simplify", "K(5,4)*kron(A,B)*K(3,2)", "A=4x3", "B=5x2"},
           {"apply", "kron(A,B)", "A=4x3", "B=5x2", "--to", "6x1"},
           {"compare", "X*X", "--wrt", "X", "X=2x2", "--device", "cpu"},
       })
    passed = try_all(arguments[0], request(arguments), set_up - 200, each) > 0 && passed;
  return passed ? 0 : 1;
}
