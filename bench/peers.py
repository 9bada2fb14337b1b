#!/usr/bin/env python3
"""Measures dense Jacobians by kronvec and by its peers, in turn.

usage: peers.py BIN RESULTS [--quick] [--case REGEX] [--peer REGEX]     BIN holds kronvec and dense_bench

Every peer is checked against the command `kronvec` at a small size. Then, for every case with peers, kronvec's program
and a peer run alternately, each in its own process, and the peer's time is divided by our time just before it. A case
is left out, with the reason, if the peer's smaller cases predict more than about 30 seconds or more than the free
memory. RESULTS/cpu.json gets everything; bench/report.py makes the table and the plot from it.
"""
import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

from peer import PEERS

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE, STOP = 30, 150  # max seconds of one call, and of a process
PEER_ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def memory_available():
    with open("/proc/meminfo") as info:
        return next(1024 * int(line.split()[1]) for line in info if line.startswith("MemAvailable:"))


def resident(pid):
    try:
        with open(f"/proc/{pid}/status") as status:
            return next((1024 * int(line.split()[1]) for line in status if line.startswith("VmRSS:")), 0)
    except OSError:
        return 0


def run_peer(peer, cases):
    """The peer's answers. The peer is stopped before it takes the last free memory, and after STOP seconds."""
    limit = memory_available() - (1 << 30)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen([sys.executable, os.path.join(HERE, "peer.py"), peer, json.dumps(cases)],
                                 stdout=out, stderr=errors, env=PEER_ENVIRONMENT)
        end = time.monotonic() + STOP
        while (code := child.poll()) is None:
            if (held := resident(child.pid)) > limit or time.monotonic() > end:
                child.kill(), child.wait()
                why = f"{held / 1e9:.1f} GB" if held > limit else f"{STOP} s"
                return [{"left_out": f"stopped after {why}"}] * len(cases)
            time.sleep(0.05)
        out.seek(0), errors.seek(0)
        lines = out.read().strip().splitlines()
        if code or not lines:
            why = (errors.read().strip().splitlines() or ["no answer"])[-1][:200]
            return [{"left_out": f"failed: {why}"}] * len(cases)
        return json.loads(lines[-1])


def dense_bench(folder, *arguments):
    """The results of kronvec's program. Its table goes to standard output, unless only its JSON is wanted."""
    with tempfile.NamedTemporaryFile("r", suffix=".json") as results:
        quiet = {"stdout": subprocess.DEVNULL} if "--warm-only" in arguments else {}
        subprocess.run([f"{folder}/dense_bench", "--json", results.name, *arguments], check=True, **quiet)
        return json.load(results)


def cases_of(folder, *arguments):
    return json.loads(subprocess.run([f"{folder}/dense_bench", "--list", *arguments], check=True, capture_output=True,
                                     text=True).stdout)


def difference(folder, case):
    """The largest difference between the peer's Jacobian and the command's, relative to the largest entry."""
    import numpy as np
    files = case["save"]
    bindings = [f"{name}={files}/{name}.npy" for name in case["leaves"]]
    subprocess.run([f"{folder}/kronvec", "jacobian", case["text"], "--wrt", "X", *bindings, "--layout", "numerator",
                    "--out", f"{files}/J.npy"], check=True, capture_output=True)
    ours, theirs = np.load(f"{files}/J.npy"), np.load(f"{files}/peer.npy")
    if ours.shape != theirs.shape:
        return float("inf")
    return float(np.max(np.abs(ours - theirs)) / np.max(np.abs(ours)))


def check_all(folder, peers):
    """Checks every peer on every expression, at a small size."""
    small = {case["text"]: case for case in cases_of(folder, "--quick") if case["peers"]}
    checks = []
    for peer in peers:
        progress(f"checking {peer}")
        with tempfile.TemporaryDirectory() as files:
            cases = [case | {"threads": 1, "save": f"{files}/{i}"} for i, case in enumerate(small.values())]
            for case, answer in zip(cases, run_peer(peer, cases)):
                if "version" in answer:
                    answer = {"error": difference(folder, case)}
                if "absent" not in answer:
                    checks.append({"peer": peer, "text": case["text"], **answer})
    progress("")
    return checks


class Foresight:
    """Predicts what a peer needs from what it needed for a smaller case of the same kind."""

    def __init__(self):
        self.known = {}  # (peer, text, dtype, threads) -> (entries, seconds, bytes relative to J)

    @staticmethod
    def key(peer, case):
        return peer, case["text"], case["dtype"], case["threads"]

    def learn(self, peer, case, answer):
        if "seconds" in answer:
            self.known[self.key(peer, case)] = (case["entries"], answer["seconds"]["median"],
                                                answer["process_peak_over_j"])

    def objection(self, peer, case):
        size = case["entries"] * (8 if case["dtype"] == "float64" else 4)
        entries, seconds, peak = self.known.get(self.key(peer, case), (case["entries"], 0, 1))
        if (expected := seconds * case["entries"] / entries) > PATIENCE:
            return f"would take more than {expected:.0f} s"
        if (need := peak * size) > 0.9 * memory_available():
            return f"would take {need / 1e9:.1f} GB, {memory_available() / 1e9:.1f} GB are free"
        return None


def in_turn(folder, peer, case, quick):
    """Runs kronvec's program, then the peer."""
    ours = dense_bench(folder, "--case", f"^{re.escape(case['id'])}$", "--threads", str(case["threads"]), "--warm-only",
                       *quick)[0]
    answer = run_peer(peer, [case])[0]
    if "seconds" in answer and "seconds" in ours:
        answer["ours"] = {key: ours[key] for key in ("seconds", "store", "process_peak_over_j")}
        answer["over_ours"] = answer["seconds"]["median"] / ours["seconds"]["median"]
        store = ours["store"]["median"]
        answer["over_store"] = {"ratio": answer["seconds"]["median"] / store, "min": answer["seconds"]["min"] / store,
                                "max": answer["seconds"]["max"] / store}
    return answer


def compare_all(folder, cases, peers, quick):
    """Yields the results, one by one."""
    foresight, gone = Foresight(), {}
    for number, case in enumerate(cases):
        for peer in peers:
            progress(f"{number + 1}/{len(cases)} {case['id']} {peer}, {case['threads']} threads")
            if why := gone.get(peer) or foresight.objection(peer, case):
                answer = {"left_out": why}
            else:
                answer = in_turn(folder, peer, case, quick)
                foresight.learn(peer, case, answer)
            if answer.get("left_out", "").startswith("not installed"):
                gone[peer] = answer["left_out"]
            if "absent" not in answer:
                yield {key: case[key] for key in ("id", "text", "size", "dtype", "threads")} | {"peer": peer} | answer
    progress("")


def start_times(folder, quick):
    """C8: the time from process start to the first answer on a 4×4 problem, in turn."""
    python = [sys.executable, "-c"]
    jax = "import jax, jax.numpy as jnp; a = jnp.ones((4, 4)); print(jax.jacfwd(lambda x: a @ jnp.exp(x @ a))(a).shape)"
    torch = "import torch; a = torch.ones(4, 4); print(torch.func.jacfwd(lambda x: a @ torch.exp(x @ a))(a).shape)"
    commands = {
        "/bin/true": ["/bin/true"],
        "kronvec jacobian 'A*exp(X*B)' --wrt X, 4×4": [f"{folder}/kronvec", "jacobian", "A*exp(X*B)", "--wrt", "X",
                                                       "A=4x4", "B=4x4", "X=4x4"],
        "python -c 'import jax'": python + ["import jax"], "python: the same 4×4 problem by JAX": python + [jax],
        "python -c 'import torch'": python + ["import torch"],
        "python: the same 4×4 problem by PyTorch": python + [torch],
    }
    times = {name: [] for name in commands}
    for turn in range(2 if quick else 11):
        for name, command in commands.items():
            if command[0] == sys.executable and turn > 3:
                continue
            progress(f"start: {name}")
            begin = time.perf_counter()
            code = subprocess.run(command, capture_output=True, env=PEER_ENVIRONMENT).returncode
            times[name].append(time.perf_counter() - begin if code == 0 else float("nan"))
    progress("")
    return {name: {"median": statistics.median(t[1:]), "min": min(t[1:]), "max": max(t[1:])} if t[0] == t[0]
            else {"left_out": "failed or not installed"} for name, t in times.items()}


def about(folder):
    cpu = dict(line.split(":", 1) for line in subprocess.run(["lscpu"], capture_output=True, text=True).stdout.splitlines()
               if ":" in line)
    info = subprocess.run([f"{folder}/kronvec", "info"], capture_output=True, text=True).stdout
    commit = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout
    with open("/proc/meminfo") as memory:
        kib = int(memory.readline().split()[1])
    return {"model": cpu.get("Model name", platform.machine()).strip(), "cores": len(os.sched_getaffinity(0)),
            "memory_gb": round(kib * 1024e-9, 1), "kronvec": commit.strip() or "unknown",
            "cpu_device": next((line.strip() for line in info.splitlines() if line.startswith("cpu ")), ""),
            "python": platform.python_version(), "load_before": os.getloadavg()[0]}


def peer_cases(folder, pattern, quick):
    """The cases with peers, on all cores; the smallest of C1 also on one core."""
    cores = len(os.sched_getaffinity(0))
    chosen = [case | {"budget": 0.05 if quick else 8} for case in cases_of(folder, "--case", pattern, *quick)
              if case["peers"]]
    one = [case | {"threads": 1} for case in chosen if re.match("C1/.*/64/double", case["id"])] if cores > 1 else []
    return [case | {"threads": cores} for case in chosen] + one


def save(document, folder):
    document["about"]["load_after"] = os.getloadavg()[0]
    with open(os.path.join(folder, "cpu.json"), "w") as out:
        json.dump(document, out, indent=1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin"), parser.add_argument("results")
    parser.add_argument("--quick", action="store_true"), parser.add_argument("--case", default="")
    parser.add_argument("--peer", default="", help="a regular expression for the peers' names")
    o = parser.parse_args()
    quick = ["--quick"] if o.quick else []
    peers = [peer for peer in PEERS if re.search(o.peer, peer)]
    os.makedirs(o.results, exist_ok=True)
    document = {"about": about(o.bin), "checks": check_all(o.bin, peers), "start": start_times(o.bin, o.quick),
                "kronvec": dense_bench(o.bin, "--case", o.case, *quick), "peers": []}
    for result in compare_all(o.bin, peer_cases(o.bin, o.case, quick), peers, quick):
        document["peers"].append(result)
        save(document, o.results)  # keeps the results so far if the run is cut short
    wrong = [c for c in document["checks"] if c.get("error", 0) > 1e-10]
    for c in wrong:
        print(f"peers.py: {c['peer']} differs from kronvec on {c['text']} by {c['error']:.1e}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
