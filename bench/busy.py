#!/usr/bin/env python3
"""The cost of other busy processes: value and gradient of three 512x512 functions on several threads, alone and beside
busy processes, for several ways in which idle threads wait.

usage: busy.py PROGRAM [--turns 15] [--threads 2] [--busy 0,1,3] [--ways default,GOMP_SPINCOUNT=3000,...]

PROGRAM is build/release/bin/busy_turns. A way is `default`, or environment settings joined by `+`. In every turn, each
way runs every function once beside each number of busy processes, which are loops that this script starts and ends.
The tables give medians, relative to the first way without busy processes: of the time, and of the processor time of
all threads, because a thread that waits by spinning takes the processor from others.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

FUNCTIONS = ("sum(tanh(A*X*B))", "norm2(A*X-B)^2", "logdet(X'*X+512*eye(512))")
LOOP = "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass"


class Busy:
    """Processes that only consume processor time, for at most a minute."""
    def __init__(self, count):
        self.count = count

    def __enter__(self):
        self.processes = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(self.count)]
        if self.count:
            time.sleep(0.1)  # until they are running

    def __exit__(self, *_):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()


def start(program, threads, way):
    environment = {k: v for k, v in os.environ.items() if k not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    environment["OMP_NUM_THREADS"] = str(threads)
    if way != "default":
        environment.update(setting.split("=", 1) for setting in way.split("+"))
    return subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def ask(worker, function):
    """Returns (seconds, processor seconds) of one function."""
    worker.stdin.write(f"{function}\n")
    worker.stdin.flush()
    return tuple(float(word) for word in worker.stdout.readline().split())


def measure(workers, levels, turns):
    """{(way, busy processes, function): [(seconds, processor seconds)]}"""
    samples = {}
    for _ in range(turns):
        for busy in levels:
            with Busy(busy):
                for way, worker in workers.items():
                    for function in range(len(FUNCTIONS)):
                        samples.setdefault((way, busy, function), []).append(ask(worker, function))
    return samples


def table(samples, ways, levels, figure):
    """Medians relative to the first way with the fewest busy processes: one line per way, one column per number of
    busy processes and function."""
    def median(way, busy, function):
        return statistics.median(sample[figure] for sample in samples[way, busy, function])
    print("| way | " + " | ".join(f"{busy} busy" for busy in levels) + " |\n|---|" + "---|" * len(levels))
    for way in ways:
        cells = (", ".join(f"{median(way, busy, f) / median(ways[0], levels[0], f):.2f}" for f in range(len(FUNCTIONS)))
                 for busy in levels)
        print(f"| {way} | " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--busy", default="0,1,3")
    parser.add_argument("--ways", default="default,GOMP_SPINCOUNT=3000,OMP_WAIT_POLICY=passive,OMP_NUM_THREADS=1")
    o = parser.parse_args()
    ways, levels = o.ways.split(","), [int(level) for level in o.busy.split(",")]
    workers = {way: start(o.program, o.threads, way) for way in ways}
    samples = measure(workers, levels, o.turns)
    print(f"{', '.join(FUNCTIONS)}: {o.threads} threads, {os.cpu_count()} cores, medians of {o.turns} turns")
    for figure, name in enumerate(("Time", "Processor time")):
        print(f"\n{name}, over `{ways[0]}` with {levels[0]} busy processes\n")
        table(samples, ways, levels, figure)
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()


if __name__ == "__main__":
    main()
