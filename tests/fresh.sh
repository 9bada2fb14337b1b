#!/usr/bin/env bash
# Tests ./run as a new user finds it: in a minimal Debian, on a clone of the last commit, runs ./run demo, then ./run test.
# Usage: tests/fresh.sh RELEASE [COMMAND …]; COMMANDs of ./run replace demo and test.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/bare_root.sh
release=$1
commands=("${@:2}")
((${#commands[@]})) || commands=(demo test)

make_root "$release"
git clone -q "file://$PWD" "$root/root/kronvec" # the new system has no git, and needs none
for command in "${commands[@]}"; do
  echo "== ./run $command on $release"
  seconds=$SECONDS
  in_root "cd /root/kronvec && ./run $command"
  echo "== ./run $command on $release: done in $((SECONDS - seconds)) s"
done
emulation=$(cat tests/devices/emulation/*_test.cpp | grep -cE '^(TYPED_)?TEST')
echo "== without a CUDA toolkit: the tests named Skipped above, and $emulation of the emulator, which is not built"
