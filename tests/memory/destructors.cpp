/// Destructors allocate nothing, since they also run where memory has run out; and they do not recurse.

#include "calculus/differential/differential.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>

namespace {
long allocations = 0;
}

void *operator new(std::size_t bytes) {
  ++allocations;
  if (void *const block = std::malloc(bytes)) return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void *block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void *block, std::size_t) noexcept { std::free(block); }

int main() {
  const kronvec::Symbol x("X", 2, 2);
  auto f = std::make_unique<kronvec::Expression>(x);
  for (int i = 0; i < 100000; ++i)
    *f = i % 2 ? x * *f : *f * x + kronvec::transpose(*f);
  auto df = std::make_unique<kronvec::Differential>(kronvec::differential(*f, {{x, kronvec::seed(x.shape())}}));
  const long before = allocations;
  f.reset(), df.reset();
  std::printf("the destructors of %ld allocations made %ld\n", before, allocations - before);
  return before > 100000 && allocations == before ? 0 : 1;
}
