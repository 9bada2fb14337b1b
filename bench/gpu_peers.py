#!/usr/bin/env python3
"""Cases G1 and G7 by kronvec and by the peers of this machine (PyTorch, CuPy with cuBLAS, JAX), in turn; and G6, whose
peer, cuBLAS factor by factor, kronvec's benchmark runs itself.

usage: gpu_peers.py BENCH RESULTS [--device cuda] [--rounds 3] [--about JSON]
       gpu_peers.py --unpack RESULTS FOLDER    one file a case, and the table, into FOLDER/<device>/

BENCH is kronvec's primitives_bench. Each program runs alone, in a process of its own, once a round; every time is wall
clock including the launch, waited for, the median of 7 calls after a warm one, and is divided by the time of a copy of
the same bytes by the same program. A peer that is absent or fails is recorded with its reason. RESULTS gets cases.jsonl,
one case a line, and table.md. Only the standard library is needed.
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


def median_seconds(work, wait, runs=7):
    work(), wait()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work(), wait()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def torch_works(kind, sizes, dtype):
    import torch
    real = getattr(torch, "float64" if dtype == "double" else "float32")
    if kind == "hadamard":
        a, x = (torch.rand(sizes[0], dtype=real, device="cuda") for _ in range(2))
        work = lambda: torch.mul(a, x)
    else:
        x = torch.rand(*sizes, dtype=real, device="cuda")
        work = lambda: x.transpose(-1, -2).contiguous()
    return work, lambda: x.clone(), torch.cuda.synchronize, torch.__version__


def cupy_works(kind, sizes, dtype):
    import cupy
    real = cupy.float64 if dtype == "double" else cupy.float32
    x = cupy.random.random(sizes if kind == "transpose" else sizes[0], dtype=real)
    if kind == "hadamard":
        a = cupy.random.random(sizes[0], dtype=real)
        work = lambda: a * x
    else:
        work = lambda: cupy.ascontiguousarray(cupy.swapaxes(x, -1, -2))
    return work, x.copy, cupy.cuda.Stream.null.synchronize, cupy.__version__


def cublas_works(kind, sizes, dtype):
    """geam for a transpose and dgmm for a Hadamard product, through CuPy's bindings."""
    import cupy
    from cupy import cublas
    if kind == "transpose" and len(sizes) > 2:
        raise NotImplementedError("cuBLAS has no batched geam")
    real = cupy.float64 if dtype == "double" else cupy.float32
    wait = cupy.cuda.Stream.null.synchronize
    if kind == "hadamard":
        a, x = (cupy.random.random(sizes[0], dtype=real) for _ in range(2))
        column = cupy.asfortranarray(x.reshape(-1, 1))
        return lambda: cublas.dgmm("L", column, a), x.copy, wait, cupy.__version__
    x = cupy.asfortranarray(cupy.random.random(sizes, dtype=real))
    out = cupy.empty(sizes[::-1], dtype=real, order="F")
    return lambda: cublas.geam("T", "T", 1.0, x, 0.0, x, out=out), x.copy, wait, cupy.__version__


def jax_works(kind, sizes, dtype):
    import jax
    import jax.numpy as jnp
    jax.config.update("jax_enable_x64", True)
    if jax.default_backend() != "gpu":
        raise RuntimeError("JAX sees no GPU")
    real = jnp.float64 if dtype == "double" else jnp.float32
    x = jax.random.uniform(jax.random.PRNGKey(1), tuple(sizes), dtype=real)
    if kind == "hadamard":
        multiply = jax.jit(lambda u, v: u * v)
        y = x + 1
        work = lambda: multiply(x, y).block_until_ready()
    else:
        # the barrier keeps the transpose from becoming a mere change of layout
        turn = jax.jit(lambda u: jax.lax.optimization_barrier(jnp.swapaxes(u, -1, -2)) + 0)
        work = lambda: turn(x).block_until_ready()
    copy = jax.jit(lambda u: u + 0)
    return work, lambda: copy(x).block_until_ready(), lambda: None, jax.__version__


def worker(peer, cases):
    """The times of one peer, in this process, as JSON on standard output."""
    results = {}
    for name, kind, sizes, dtype in cases:
        try:
            work, copy, wait, version = globals()[peer + "_works"](kind, sizes, dtype)
            results[name] = {"seconds": median_seconds(work, wait), "copy": median_seconds(copy, wait),
                             "version": version}
        except Exception as error:  # recorded, and the next case goes on
            results[name] = {"absent": f"{type(error).__name__}: {error}"[:200]}
    json.dump(results, sys.stdout)


def run_peer(peer, cases):
    environment = dict(os.environ, XLA_PYTHON_CLIENT_PREALLOCATE="false")
    command = [sys.executable, os.path.abspath(__file__), "--worker", peer, json.dumps(cases)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, env=environment)
        return json.loads(done.stdout[done.stdout.index("{"):])
    except Exception as error:
        return {case[0]: {"absent": f"{type(error).__name__}: {error}"[:200]} for case in cases}


def run_ours(bench, device):
    """{name: counters} of kronvec's own benchmark."""
    command = [bench, f"--benchmark_filter=/{device}/", "--benchmark_format=json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    return {b["name"].removesuffix("/iterations:1"): b for b in json.loads(done.stdout)["benchmarks"]}


def cases_of(ours):
    """(name, kind, sizes, dtype) from names such as transpose/cuda/7x4194304/double."""
    cases = []
    for name in ours:
        kind, *_, sizes, dtype = name.split("/")
        if kind in ("transpose", "hadamard"):
            cases.append((name, kind, [int(s) for s in sizes.split("x")], dtype))
    return cases


def summary(samples, floor):
    present = [s for s in samples if "seconds" in s]
    if not present:
        return samples[0]
    ratios = [s["seconds"] / s[floor] if floor in s else s["over"] for s in present]
    return {"seconds": statistics.median(s["seconds"] for s in present), "over_copy": statistics.median(ratios),
            "spread": [min(ratios), max(ratios)], "version": present[0].get("version", "")}


def over_copy(case, counters):
    """A Hadamard product has three streams, a copy two."""
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench"), parser.add_argument("results")
    parser.add_argument("--device", default="cuda"), parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--about", default="{}", help="JSON with the device's name, driver, commit")
    o = parser.parse_args()
    rounds = [run_ours(o.bench, o.device)]
    cases = cases_of(rounds[0])
    peers = {peer: [run_peer(peer, cases)] for peer in PEERS}
    for _ in range(o.rounds - 1):
        rounds.append(run_ours(o.bench, o.device))
        for peer in PEERS:
            peers[peer].append(run_peer(peer, cases))
    about = dict(json.loads(o.about), python=platform.python_version())
    with open(os.path.join(o.results, "cases.jsonl"), "w") as lines, \
            open(os.path.join(o.results, "table.md"), "w") as table:
        table.write(f"{about}\n\nTime over that of a copy of the same bytes by the same program, median (least-most).\n\n")
        table.write("| case | kronvec | " + " | ".join(PEERS) + " |\n|---|---|" + "---|" * len(PEERS) + "\n")
        for case in cases:
            ours = [{"seconds": r[case[0]]["seconds"], "over": over_copy(case, r[case[0]])} for r in rounds]
            row = {"kronvec": summary(ours, "copy")}
            row.update({peer: summary([r[case[0]] for r in peers[peer]], "copy") for peer in PEERS})
            lines.write(json.dumps({"case": case[0], "about": about, **row}) + "\n")
            cells = [f"{c['over_copy']:.2f} ({c['spread'][0]:.2f}-{c['spread'][1]:.2f})" if "over_copy" in c else "absent"
                     for c in row.values()]
            table.write(f"| {case[0]} | " + " | ".join(cells) + " |\n")
        alone = {name: counters for name, counters in rounds[-1].items() if name.split("/")[0] in ("floor", "kronecker")}
        lines.write(json.dumps({"case": "floors", "about": about, "kronvec": alone}) + "\n")
        for name, counters in alone.items():
            rates = ", ".join(f"{k} {v:.4g}" for k, v in counters.items() if k.endswith("/s") or "over" in k)
            table.write(f"\n{name}: {rates}\n")


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--worker":
        worker(sys.argv[2], json.loads(sys.argv[3]))
    elif len(sys.argv) == 4 and sys.argv[1] == "--unpack":
        unpack(sys.argv[2], sys.argv[3])
    else:
        main()
