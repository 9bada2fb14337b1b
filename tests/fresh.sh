#!/usr/bin/env bash
# Tests ./run as a new user finds it: in a minimal Debian without compiler, cache or CUDA toolkit, on a clone of the last commit,
# runs ./run demo, then ./run test. Needs root for debootstrap and chroot. Usage: tests/fresh.sh RELEASE [COMMAND …]; COMMANDs of
# ./run replace demo and test.
set -euo pipefail
cd "$(dirname "$0")/.."
release=$1
commands=("${@:2}")
((${#commands[@]})) || commands=(demo test)
((EUID == 0)) || { echo "fresh.sh: a fresh root needs root's rights" >&2; exit 1; }

# Uses the mirror and the proxy of this machine's apt.
mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' |
  awk '$1 == "Debian" && $2 !~ /security/ { print $2; exit }')
[[ -n $mirror ]] || { echo "fresh.sh: this machine's apt has no mirror of Debian" >&2; exit 1; }
proxy=$(apt-config dump | grep -i '^Acquire::.*Proxy' || true)
http_proxy=$(sed -n 's/^Acquire::http::Proxy "\(.*\)";$/\1/p' <<<"$proxy")
[[ -z $http_proxy ]] || export http_proxy

root=$(mktemp -d "/var/tmp/kronvec-$release-XXXXXX")
leave() {
  mountpoint -q "$root/proc" && umount -l "$root/proc"
  rm -rf "$root"
}
trap leave EXIT

echo "== a fresh $release in $root"
debootstrap --variant=minbase "$release" "$root" "$mirror" >"$root.log" 2>&1 || { tail -n 20 "$root.log" >&2; exit 1; }
rm -f "$root.log"
[[ -z $proxy ]] || echo "$proxy" >"$root/etc/apt/apt.conf.d/proxy"
mount -t proc proc "$root/proc"
git clone -q "file://$PWD" "$root/root/kronvec" # the new system has no git, and needs none

for command in "${commands[@]}"; do
  echo "== ./run $command on $release"
  seconds=$SECONDS
  env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" bash -c "cd /root/kronvec && ./run $command"
  echo "== ./run $command on $release: done in $((SECONDS - seconds)) s"
done
emulation=$(cat tests/devices/emulation/*_test.cpp | grep -cE '^(TYPED_)?TEST')
echo "== without a CUDA toolkit: the tests named Skipped above, and $emulation of the emulator, which is not built"
