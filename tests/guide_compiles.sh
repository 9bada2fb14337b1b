#!/usr/bin/env bash
# Compiles the C++ code of the guide, docs/cpp.md, as one program.
set -euo pipefail
cd "$(dirname "$0")/.."
code=$(awk '/^```/ { inside = $0 == "```cpp"; next } inside' docs/cpp.md)
{
  echo '#include <Eigen/Dense>'
  echo '#include <iostream>'
  grep '^#include' <<<"$code"
  echo 'int main() {'
  grep -v '^#include' <<<"$code"
  echo '}'
} | g++ -std=c++20 -fsyntax-only -Iinclude $(pkg-config --cflags eigen3) -x c++ -
