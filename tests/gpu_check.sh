#!/usr/bin/env bash
# Unpacks the binaries that ./run gpu-check has packed, and runs gpu_check.py (see there). On a machine with a GPU, the
# emulated device stays packed: its tests take minutes and say nothing about the GPU.
# Usage: check.sh [--section tests|sanitizer|bench]
set -euo pipefail
cd "$(dirname "$0")"
if [[ ! -d bin || payload.tar.gz -nt bin ]]; then
  without=()
  [[ ! -e /dev/nvidiactl ]] || without=(--exclude='*emulated*')
  rm -rf bin lib
  tar -xzf payload.tar.gz "${without[@]}"
  touch bin
fi
export PEER_LIBRARY_PATH="${LD_LIBRARY_PATH:-}" # for programs that bring their own libraries
export LD_LIBRARY_PATH="$PWD/lib:${CUDA_HOME:-/usr/local/cuda}/lib64:${LD_LIBRARY_PATH:-}"
exec python3 gpu_check.py "$@"
