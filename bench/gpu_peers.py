#!/usr/bin/env python3
"""Runs cases G1, G3, G4 and G7 with kronvec and with the peers on this machine (PyTorch, CuPy with cuBLAS, JAX), in turn.
Also runs G5 and G6, whose peer (cuBLAS factor by factor) is part of kronvec's own benchmark.

usage: gpu_peers.py BENCH RESULTS [--device cuda] [--rounds 3] [--seconds 480] [--about JSON]
       gpu_peers.py --unpack RESULTS FOLDER    one file per case, and the table, into FOLDER/<device>/

BENCH is kronvec's primitives_bench; each kind of case has its own process. gpu_works.py is the program of a peer. Each
program runs alone, once per round. A time is wall-clock time including launch and wait, the median of 7 calls after a
warm-up call. It is divided by the time of a copy of the same bytes by the same program; for a Jacobian, by the time to
fill J. PyTorch's Jacobian is the fastest of jacfwd and of jacrev with several chunk sizes, JAX's the faster of the
compiled two. Peers' Jacobians run in the first round only. A peer that is missing or fails is recorded with the reason.
After every round, RESULTS gets cases.jsonl (one case per line) and table.md. Needs only the standard library.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

PEERS = ("torch", "cupy", "cublas", "jax")


def run_peer(peer, cases, seconds):
    environment = dict(os.environ, XLA_PYTHON_CLIENT_PREALLOCATE="false")
    if "PEER_LIBRARY_PATH" in environment:  # ours is for kronvec's own libraries
        environment["LD_LIBRARY_PATH"] = environment["PEER_LIBRARY_PATH"]
    works = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gpu_works.py")
    command = [sys.executable, works, peer, json.dumps(cases)]
    results, reason = {}, "it ended before this case"
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=max(seconds, 1), env=environment).stdout
    except subprocess.TimeoutExpired as late:
        output, reason = (late.stdout or b"").decode(), "out of time"
    for line in output.splitlines():
        if line.startswith("{") and line.endswith("}"):
            results.update(json.loads(line))
    return {case[0]: results.get(case[0], {"absent": reason}) for case in cases}


def list_ours(bench, device):
    """The names of kronvec's own benchmarks on a device, such as transpose/cuda/7x4194304/double."""
    command = [bench, "--benchmark_list_tests=true", f"--benchmark_filter=/{device}/"]
    names = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout.split()
    return [name.removesuffix("/iterations:1") for name in names]


def run_ours(bench, names, seconds):
    """Runs these benchmarks, each kind in its own process. Returns ({name: counters}, errors)."""
    end, results, faults = time.monotonic() + seconds, {}, []
    for start in dict.fromkeys("/".join(name.split("/")[:2]) + "/" for name in names):
        command = [bench, f"--benchmark_filter=^{start}", "--benchmark_format=json"]
        try:
            left = max(end - time.monotonic(), 1)
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=left, check=True)
            results.update((b["name"].removesuffix("/iterations:1"), b) for b in json.loads(done.stdout)["benchmarks"]
                           if not b.get("error_occurred"))
        except (subprocess.SubprocessError, ValueError) as error:
            faults.append(f"{start}: {error}")
    return results, faults


def cases_of(names):
    """(name, kind, sizes, dtype) of the cases with peers."""
    cases = []
    for name in names:
        kind, *_, sizes, dtype = name.split("/")
        if kind == "jacobian":
            kind += "/" + name.split("/")[2]
        elif kind not in ("transpose", "hadamard"):
            continue
        cases.append((name, kind, [int(s) for s in sizes.replace(",", "x").split("x")], dtype))
    return cases


def summary(samples, floor):
    present = [s for s in samples if "seconds" in s]
    if not present:
        return samples[0]
    ratios = [s["seconds"] / s[floor] if floor in s else s["over"] for s in present]
    return {"seconds": statistics.median(s["seconds"] for s in present), "over_floor": statistics.median(ratios),
            "spread": [min(ratios), max(ratios)], "version": present[0].get("version", "")}


def over_floor(case, counters):
    """A Hadamard product has three streams, a copy two."""
    if case[1].startswith("jacobian/"):
        return counters["over_store"]
    return counters["over_copy"] if case[1] == "transpose" else 1.5 * counters["over_streams"]


def unpack(results, folder):
    with open(os.path.join(results, "cases.jsonl")) as lines:
        cases = [json.loads(line) for line in lines]
    device = "".join(c if c.isalnum() else "-" for c in cases[0]["about"].get("device", "unknown"))
    target = os.path.join(folder, device)
    os.makedirs(target, exist_ok=True)
    for case in cases:
        with open(os.path.join(target, case["case"].replace("/", "-") + ".json"), "w") as out:
            json.dump(case, out, indent=1)
    with open(os.path.join(results, "table.md")) as table, open(os.path.join(target, "table.md"), "w") as out:
        out.write(table.read())
    print(target)


def cell(c):
    return f"{c['over_floor']:.2f} ({c['spread'][0]:.2f}-{c['spread'][1]:.2f})" if "over_floor" in c else "absent"


class Rounds:
    """The times of every program in each round, and the files that are rewritten after each round."""
    def __init__(self, o):
        self.o, self.start = o, time.monotonic()
        self.about = dict(json.loads(o.about), python=platform.python_version())
        self.ours, self.peers, self.faults = [], {peer: [] for peer in PEERS}, []
        self.names = list_ours(o.bench, o.device)
        self.cases = cases_of(self.names)

    def left(self):
        return self.o.seconds - (time.monotonic() - self.start)

    def say(self, text):
        print(f"[{time.monotonic() - self.start:4.0f} s] {text}", flush=True)

    def turn(self, number):
        """Runs one round. Peers' Jacobians take long, so they run in the first round only."""
        self.say(f"round {number + 1} of {self.o.rounds}: kronvec")
        results, faults = run_ours(self.o.bench, self.names, self.left())
        self.ours.append(results)
        self.faults += faults
        for fault in faults:
            self.say(f"FAILED: {fault}")
        cases = [case for case in self.cases if number == 0 or not case[1].startswith("jacobian/")]
        for peer in PEERS:
            self.say(f"round {number + 1} of {self.o.rounds}: {peer}")
            self.peers[peer].append(run_peer(peer, cases, min(100, self.left())))

    def row(self, case):
        name = case[0]
        ours = [{"seconds": r[name]["seconds"], "over": over_floor(case, r[name])} for r in self.ours if name in r]
        row = {"kronvec": summary(ours, "floor") if ours else {"absent": "it gave no time"}}
        for peer in PEERS:
            row[peer] = summary([r[name] for r in self.peers[peer] if name in r] or [{"absent": "out of time"}], "floor")
        return row

    def write(self):
        with open(os.path.join(self.o.results, "cases.jsonl"), "w") as lines, \
                open(os.path.join(self.o.results, "table.md"), "w") as table:
            table.write(f"{self.about}\n\nTime over that of a copy of the same bytes by the same program, for Jacobians "
                        f"over filling J; median of {len(self.ours)} rounds (least-most).\n\n")
            table.write("| case | kronvec | " + " | ".join(PEERS) + " |\n|---|---|" + "---|" * len(PEERS) + "\n")
            for case in self.cases:
                row = self.row(case)
                lines.write(json.dumps({"case": case[0], "about": self.about, **row}) + "\n")
                table.write(f"| {case[0]} | " + " | ".join(cell(c) for c in row.values()) + " |\n")
            alone = {name: counters for name, counters in self.ours[-1].items()
                     if name.split("/")[0] in ("floor", "kronecker")}
            lines.write(json.dumps({"case": "floors", "about": self.about, "kronvec": alone}) + "\n")
            for name, counters in alone.items():
                rates = ", ".join(f"{k} {v:.4g}" for k, v in counters.items() if k.endswith("/s") or "over" in k)
                table.write(f"\n{name}: {rates}\n")
            for peer in PEERS:
                reasons = {r["absent"] for results in self.peers[peer] for r in results.values() if "absent" in r}
                if reasons:
                    table.write(f"\n{peer} is absent where: " + "; ".join(sorted(reasons)) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench"), parser.add_argument("results")
    parser.add_argument("--device", default="cuda"), parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=480, help="no round begins that would probably end later")
    parser.add_argument("--about", default="{}", help="JSON with the device's name, driver, commit")
    o = parser.parse_args()
    rounds, longest = Rounds(o), 0.0
    for number in range(o.rounds):
        if rounds.left() < longest:
            rounds.say(f"left out for want of time: {o.rounds - number} of {o.rounds} rounds")
            break
        start = time.monotonic()
        rounds.turn(number)
        longest = max(longest, time.monotonic() - start)
        rounds.write()
    return 1 if rounds.faults else 0


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--unpack":
        unpack(sys.argv[2], sys.argv[3])
    else:
        sys.exit(main())
