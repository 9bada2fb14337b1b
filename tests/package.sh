#!/usr/bin/env bash
# Installs a .deb of kronvec in a minimal Debian, and uses the command, the library and the manual page as a user would.
# Usage: tests/package.sh RELEASE FILE.deb
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/bare_root.sh

make_root "$1"
cp "$2" "$root/root/kronvec.deb"
cp -r tests/consumer "$root/root/"
in_root 'apt-get -q -y update && apt-get -q -y install --no-install-recommends /root/kronvec.deb' >"$root/root/apt.log" 2>&1 ||
  { tail -n 20 "$root/root/apt.log" >&2; exit 1; }
echo "== the command"
in_root "kronvec jacobian 'A*exp(X*B)' --wrt X 'A=[1,2]' 'X=zeros(2,2)' 'B=[3,4,5;6,7,8]'" | tee "$root/root/J.csv"
diff "$root/root/J.csv" - <<<$'3,6,6,12\n4,8,7,14\n5,10,8,16'
[[ -s $root/usr/share/bash-completion/completions/kronvec ]]
ls "$root"/usr/share/man/man1/kronvec.1*
echo "== the library, by CMake and by pkg-config"
in_root 'apt-get -q -y install --no-install-recommends g++ cmake make pkg-config' >"$root/root/apt.log" 2>&1 ||
  { tail -n 20 "$root/root/apt.log" >&2; exit 1; }
in_root 'cd /root && cmake -S consumer -B build >/dev/null && cmake --build build && build/consumer'
in_root 'cd /root && g++ -std=c++20 consumer/main.cpp $(pkg-config --cflags --libs kronvec) -o by_pkg_config && ./by_pkg_config'
echo "== the package removes what it installed"
in_root 'apt-get -q -y purge kronvec' &>/dev/null
[[ -z $(find "$root/usr" -name '*kronvec*') ]]
