#!/usr/bin/env bash
# On a machine with a GPU: tests, compute-sanitizer, benchmarks beside peers, each in less than 9 minutes. ./run gpu-check
# packs this with the binaries. Usage: check.sh [--section tests|sanitizer|bench]; results go to $OUT, or ./results.
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

device=cuda-emulated
about=$(bin/kronvec info 2>&1 | sed -n 's/^cuda  *//p')
if [[ -n $about ]]; then
  device=cuda
  driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -1)
else
  about="no GPU: a rehearsal on the emulated device, whose times say nothing about a GPU"
fi
echo "$about, driver ${driver:-none}, kronvec $(cat commit)" | tee "$results/device.txt"
status=0
wanted() { [[ $section == all || $section == "$1" ]]; }
verdict() { echo "$1: $2" | tee -a "$results/device.txt"; }

if wanted tests; then
  if timeout 400 bin/kronvec_tests --gtest_brief=1 \
    --gtest_filter='Primitive*:Cuda*:Chains*:Mission*:Commutation*:Hadamard*:Jacobian*:Ledger*:Example*:Fuzz*:EmissionBatch*' >"$results/tests.txt" 2>&1 &&
    timeout 100 bin/kronvec compare 'A*exp(X*B)' --wrt X A=64x32 B=48x40 X=32x48 --device "$device" \
      >"$results/compare.txt" 2>&1; then
    verdict tests passed
  else
    verdict tests FAILED
    status=1
  fi
  tail -n 20 "$results/tests.txt" "$results/compare.txt"
fi

if wanted sanitizer; then
  for tool in memcheck racecheck synccheck; do
    log="$results/$tool.txt"
    if [[ $device != cuda ]] || ! command -v compute-sanitizer >/dev/null; then
      verdict "compute-sanitizer $tool" "not run, it needs a GPU and the toolkit"
      continue
    fi
    timeout 170 compute-sanitizer --tool "$tool" --error-exitcode 9 bin/kronvec_tests --gtest_brief=1 \
      --gtest_filter='Primitive/1.Transposes*:Primitive/1.TakesInnerProducts:Primitive/1.ChainsLinks:CudaKroneckerSlices.*:CudaEmission.Dense*:CudaEmission.LongSums:Cuda.MatricesTravelBothWays' \
      >"$log" 2>&1
    case $? in
      0) verdict "compute-sanitizer $tool" "clean" ;;
      9) verdict "compute-sanitizer $tool" "found errors, see $log" && status=1 ;;
      *) verdict "compute-sanitizer $tool" "refused by this machine or out of time: $(tail -n 1 "$log")" ;;
    esac
  done
fi

if wanted bench; then
  if command -v python3 >/dev/null; then
    json=$(python3 -c 'import json, sys; print(json.dumps(dict(zip(("device", "driver", "commit"), sys.argv[1:]))))' \
      "$about" "${driver:-none}" "$(cat commit)")
    bench=(python3 gpu_peers.py bin/primitives_bench "$results" --device "$device" --rounds 3 --about "$json")
  else
    bench=(bin/primitives_bench "--benchmark_filter=/$device/")
  fi
  if timeout 530 "${bench[@]}" >"$results/bench.txt" 2>&1; then verdict bench done; else verdict bench FAILED && status=1; fi
  cat "$results/bench.txt" "$results/table.md" 2>/dev/null
fi
exit $status
