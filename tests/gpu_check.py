#!/usr/bin/env python3
"""Runs tests, compute-sanitizer and benchmarks beside peers on a machine with a GPU. Every step runs, whatever happened
in earlier steps, and has its own verdict. Each section ends within ten minutes. ./run gpu-check packs this script with
the binaries; check.sh unpacks them and calls it.

usage: check.sh [--section tests|sanitizer|bench]

Results go to the folder $OUT, or to `results`: at most eight files. The exit status is 1 if a verdict says FAILED.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time

import gpu_suites

# Suites that never use a device. `Command` needs paths of the build.
HOST_SUITES = {"Command", "Files", "Csv", "Npy", "Picture", "Parse", "ParseMathematics", "SymbolicSizes", "Derivation",
               "Simplify", "OperatorText", "OperatorSpelling", "OperatorCost", "Expression",
               "SharedTasks", "Parallel"}
SANITIZED = ("Primitive/1.Transposes*:Primitive/1.TakesInnerProducts:Primitive/1.ChainsLinks:CudaKroneckerSlices.*:"
             "CudaEmission.Dense*:CudaEmission.LongSums:Cuda.MatricesTravelBothWays")
FOUND = 9  # compute-sanitizer's exit status for errors


class Check:
    def __init__(self, results):
        self.results, self.start, self.failed = results, time.monotonic(), False
        os.makedirs(results, exist_ok=True)

    def path(self, name):
        return os.path.join(self.results, name)

    def say(self, text):
        print(text, flush=True)

    def verdict(self, step, text):
        self.failed = self.failed or text.startswith("FAILED")
        line = f"{step}: {text}"
        self.say(f"\n== {line} ({time.monotonic() - self.start:.0f} s since the start)")
        with open(self.path("device.txt"), "a") as out:
            out.write(line + "\n")

    def run(self, command, seconds, log, mode="w"):
        """Runs a command whose output goes to the terminal and to a log. Returns its exit status; None if it was stopped."""
        with open(self.path(log), mode) as out:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                       start_new_session=True)
            try:
                return follow(process, out, time.monotonic() + seconds)
            finally:
                end_group(process)


def follow(process, out, deadline):
    os.set_blocking(process.stdout.fileno(), False)
    while True:
        ended = process.poll() is not None
        text = (process.stdout.read() or b"").decode(errors="replace")
        out.write(text)
        print(text, end="", flush=True)
        if ended:
            return process.returncode
        if time.monotonic() > deadline:
            return None
        time.sleep(0.1)


def end_group(process):
    """Ends the process with everything it has started."""
    try:
        os.killpg(process.pid, 9)
    except ProcessLookupError:
        pass
    process.wait()


def first_line(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return "none"


def find_device(check):
    """Returns (the device to test, its description); None for a GPU that kronvec cannot use."""
    info = subprocess.run(["bin/kronvec", "info"], capture_output=True, text=True, timeout=120)
    said = [line.split(None, 1)[1] for line in info.stdout.splitlines() if line.startswith("cuda ")]
    check.say(info.stdout + info.stderr)
    if said and "unavailable" not in said[0]:
        return "cuda", said[0]
    if os.path.exists("/dev/nvidiactl"):
        check.verdict("device", "FAILED: there is a GPU, and kronvec does not use it")
        check.run(["bin/kronvec", "evaluate", "X", "X=2x2", "--device", "cuda"], 60, "device.txt", "a")
        return None, ""
    return "cuda-emulated", "no GPU: a rehearsal on the emulated device, whose times say nothing about a GPU"


def verdict_of(status, known):
    return known[status] if status in known else f"FAILED: {gpu_suites.ending(status)}"


def tests(check, device, _):
    jobs = max(1, min(4, (os.cpu_count() or 1) // 2))
    check.say(f"suites, each in processes of its own, {jobs} at a time")
    suites, left_out = gpu_suites.run_all("bin/kronvec_tests", lambda suite: HOST_SUITES.isdisjoint(suite.split("/")),
                                          420 if device == "cuda" else 1800, jobs, check.say)  # emulated, they take longer
    report = gpu_suites.report(suites, left_out)
    check.say("\n" + report)
    with open(check.path("tests.md"), "w") as out:
        out.write(report + "\n")
    with open(check.path("tests.txt"), "w") as out:
        out.writelines(suite.log for suite in suites)
    fell = sum(not suite.holds for suite in suites)
    check.verdict("tests", f"FAILED: {fell} of {len(suites)} suites fell or did not come to their end, see tests.md" if fell
                  else f"passed, {len(suites)} suites")
    mode = "w"
    for name, sizes in (("compare", "A=64x32 B=48x40 X=32x48"), ("compare at points", "A=4x3 B=2x5 X=3x2")):
        command = ["bin/kronvec", "compare", "A*exp(X*B)", "--wrt", "X", *sizes.split(), "--device", device]
        status = check.run(command, 50, "compare.txt", mode)
        check.verdict(name, verdict_of(status, {0: "passed", None: "FAILED: out of time"}))
        mode = "a"


def sanitizer(check, device, _):
    mode = "w"
    for tool in ("memcheck", "racecheck", "synccheck"):
        step = f"compute-sanitizer {tool}"
        if device != "cuda" or not shutil.which("compute-sanitizer"):
            check.verdict(step, "not run, it needs a GPU and the toolkit")
            continue
        command = ["compute-sanitizer", "--tool", tool, "--error-exitcode", str(FOUND),
                   "bin/kronvec_tests", f"--gtest_filter={SANITIZED}"]
        status = check.run(command, 170, "sanitizer.txt", mode)
        check.verdict(step, verdict_of(status, {0: "clean", FOUND: "FAILED: it found errors, see sanitizer.txt",
                                                None: "not done, out of time"}))
        mode = "a"


def bench(check, device, about):
    command = [sys.executable, "gpu_peers.py", "bin/primitives_bench", check.results, "--device", device,
               "--rounds", "3", "--seconds", "480", "--about", json.dumps(about)]
    status = check.run(command, 540, "bench.txt")
    late = "FAILED: out of time; the rounds that ended are in table.md"
    check.verdict("bench", verdict_of(status, {0: "done", None: late}))
    if os.path.exists(check.path("table.md")):
        with open(check.path("table.md")) as table:
            check.say(table.read())


SECTIONS = {"tests": tests, "sanitizer": sanitizer, "bench": bench}


def main():
    parser = argparse.ArgumentParser(usage="check.sh [--section tests|sanitizer|bench]")
    parser.add_argument("--section", choices=list(SECTIONS))
    section = parser.parse_args().section
    check = Check(os.environ.get("OUT", "results"))
    device, said = find_device(check)
    if device is None:
        return 1
    with open("commit") as file:
        commit = file.read().strip()
    driver = first_line(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"])
    check.verdict("device", f"{said}, driver {driver}, kronvec {commit}")
    for name, work in SECTIONS.items():
        if section not in (None, name):
            continue
        try:
            work(check, device, {"device": said, "driver": driver, "commit": commit})
        except Exception as error:  # the next section still runs
            check.verdict(name, f"FAILED: {type(error).__name__}: {error}")
    if section:
        check.say(f"left out: {', '.join(name for name in SECTIONS if name != section)}")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
