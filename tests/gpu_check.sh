#!/usr/bin/env bash
# On a machine with a GPU: tests, compute-sanitizer, benchmarks, each in less than 9 minutes. ./run gpu-check packs this
# with the binaries. Usage: check.sh [--section tests|sanitizer|bench]; results go to $OUT, or ./results.
set -uo pipefail
cd "$(dirname "$0")"
export LD_LIBRARY_PATH="$PWD/lib:${CUDA_HOME:-/usr/local/cuda}/lib64:${LD_LIBRARY_PATH:-}"
results=${OUT:-results}
section=${2:-all}
if [[ ${1:-} != "" && ( $1 != --section || ! " tests sanitizer bench " =~ " $section " ) ]]; then
  echo "usage: check.sh [--section tests|sanitizer|bench]" >&2
  exit 2
fi
mkdir -p "$results"

if [[ -e /dev/nvidiactl ]]; then
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | tee "$results/device.txt"
  device=cuda
else
  echo "no GPU on this machine: a rehearsal on the emulated device; its times say nothing about a GPU" | tee "$results/device.txt"
  device=cuda-emulated
fi
status=0
wanted() { [[ $section == all || $section == "$1" ]]; }

if wanted tests; then
  timeout 540 bin/kronvec_tests --gtest_brief=1 --gtest_filter='Primitive*:Cuda*:Jacobian*:Ledger*:Example*:Fuzz*' \
    2>&1 | tee "$results/tests.txt" || status=1
  timeout 540 bin/kronvec compare 'A*exp(X*B)' --wrt X A=64x32 B=48x40 X=32x48 --device "$device" 2>&1 |
    tee "$results/compare.txt" || status=1
fi

if wanted sanitizer; then
  if [[ $device == cuda ]] && command -v compute-sanitizer >/dev/null; then
    for tool in memcheck racecheck synccheck; do
      timeout 180 compute-sanitizer --tool "$tool" --error-exitcode 9 bin/kronvec_tests --gtest_brief=1 \
        --gtest_filter='Primitive/1.MovesEntriesExactly:Primitive/1.TakesInnerProducts:Cuda.MatricesTravelBothWays' \
        2>&1 | tee "$results/$tool.txt"
      [[ ${PIPESTATUS[0]} -eq 0 ]] || { echo "$tool: failed or refused by this machine, see above" | tee -a "$results/$tool.txt"; status=1; }
    done
  else
    echo "compute-sanitizer: not run, it needs a GPU and the toolkit" | tee "$results/sanitizer.txt"
  fi
fi

if wanted bench; then
  timeout 540 bin/primitives_bench --benchmark_filter="/$device(/|\$)" 2>&1 | tee "$results/bench.txt" || status=1
fi
exit $status
