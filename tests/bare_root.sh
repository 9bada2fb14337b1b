# Sourced. make_root RELEASE makes a minimal Debian without compiler, cache or CUDA toolkit, whose path is then in `root`, and
# removes it when the shell exits. in_root COMMAND runs a command of bash in it, with none of this machine's variables.
# Needs root for debootstrap and chroot.
make_root() {
  ((EUID == 0)) || { echo "a minimal Debian needs root's rights" >&2; exit 1; }
  # Uses the mirror and the proxy of this machine's apt.
  local mirror proxy http_proxy
  mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "Debian" && $2 !~ /security/ { print $2; exit }')
  [[ -n $mirror ]] || { echo "this machine's apt has no mirror of Debian" >&2; exit 1; }
  proxy=$(apt-config dump | grep -i '^Acquire::.*Proxy' || true)
  http_proxy=$(sed -n 's/^Acquire::http::Proxy "\(.*\)";$/\1/p' <<<"$proxy")
  [[ -z $http_proxy ]] || export http_proxy

  root=$(mktemp -d "/var/tmp/kronvec-$1-XXXXXX")
  trap remove_root EXIT
  echo "== a fresh $1 in $root"
  debootstrap --variant=minbase "$1" "$root" "$mirror" >"$root.log" 2>&1 || { tail -n 20 "$root.log" >&2; exit 1; }
  rm -f "$root.log"
  [[ -z $proxy ]] || echo "$proxy" >"$root/etc/apt/apt.conf.d/proxy"
  mount -t proc proc "$root/proc"
}

remove_root() {
  mountpoint -q "$root/proc" && umount -l "$root/proc"
  rm -rf "$root"
}

in_root() { env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive chroot "$root" bash -c "$1"; }
