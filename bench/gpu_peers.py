#!/usr/bin/env python3
"""Cases G1, G3, G4 and G7 by kronvec and by the peers of this machine (PyTorch, CuPy with cuBLAS, JAX), in turn; and G5
and G6, whose peer, cuBLAS factor by factor, kronvec's benchmark runs itself.

usage: gpu_peers.py BENCH RESULTS [--device cuda] [--rounds 3] [--about JSON]
       gpu_peers.py --unpack RESULTS FOLDER    one file a case, and the table, into FOLDER/<device>/

BENCH is kronvec's primitives_bench. Each program runs alone, in a process of its own, once a round; every time is wall
clock including the launch, waited for, the median of 7 calls after a warm one, and is divided by the time of a copy of
the same bytes by the same program, or for a Jacobian by that of filling J. PyTorch's Jacobian is the fastest of jacfwd
and of jacrev with several chunk sizes, JAX's of the compiled two; theirs are taken in the first round alone. A peer that
is absent or fails is recorded with its reason. RESULTS gets cases.jsonl, one case a line, and table.md. Only the standard
library is needed.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

DEVICE = "cuda"  # PyTorch's name for it
PEERS = ("torch", "cupy", "cublas", "jax")
CHUNKS = (1024, 128, 8192)  # rows of J that jacrev makes at once


def jacobian_problem(key, sizes, lib, random):
    """(f, X) of a case of bench/dense_cases.cpp; `lib` is torch or jax.numpy, random(m, n) a matrix."""
    rows, s = sizes[0], sizes[-1]
    def weight(m, n):
        return random(m, n) / n ** 0.5
    def softmax(z):
        e = lib.exp(z - lib.max(z))
        return e / e.sum(0)
    x = random(s, s)
    a, b, d, v, w = weight(rows, s), weight(s, s), weight(s, s) / 2, weight(s, s), weight(s, s)
    if key == "inverse":
        return lib.linalg.inv, 0.3 * weight(s, s) + lib.diag(lib.ones_like(x[0]))
    if key == "attention":
        x, w = random(rows, s), random(rows, rows) / rows
    if key in ("kron_xa", "kron_ax"):
        x, a = random(rows, rows), random(s, s)
    functions = {
        "axb": lambda x: a @ x @ b,
        "a_exp_xb": lambda x: a @ lib.exp(x @ b),
        "two_layers": lambda x: lib.tanh(a @ lib.tanh(x @ b)),
        "three_layers": lambda x: lib.tanh(a @ lib.tanh(v @ lib.tanh(x @ b))),
        "gram": lambda x: x.T @ x,
        "softmax": lambda x: softmax(w @ x),
        "two_sided": lambda x: lib.exp(a / 2 @ lib.exp(w @ x @ b / 2) @ d),
        "kron_xa": lambda x: lib.kron(x, a),
        "kron_ax": lambda x: lib.kron(a, x),
        "attention": lambda x: x @ softmax(x.T @ w @ x),
    }
    return functions[key], x


def fastest(works, wait, patience=4):
    """Of several ways, some of which may fail (for want of memory, say), the one that took least in a second call. After
    so many seconds no more are tried."""
    times, errors, start = {}, [], time.perf_counter()
    for name, work in works.items():
        if times and time.perf_counter() - start > patience:
            break
        try:
            times[name] = median_seconds(work, wait, 1)
        except Exception as error:
            errors.append(f"{name}: {error}"[:80])
    if not times:
        raise RuntimeError("; ".join(errors))
    name = min(times, key=times.get)
    return name, works[name]


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
    if kind.startswith("jacobian/"):
        f, x = jacobian_problem(kind.split("/")[1], sizes, torch,
                                lambda m, n: torch.randn(m, n, dtype=real, device=DEVICE))
        ways = {f"jacrev {chunk}": torch.func.jacrev(f, chunk_size=chunk) for chunk in CHUNKS}
        ways["jacfwd"] = torch.func.jacfwd(f)
        name, work = fastest({way: lambda j=j: j(x) for way, j in ways.items()}, torch.cuda.synchronize)
        j = torch.empty(f(x).numel() * x.numel(), dtype=real, device=DEVICE)
        return work, lambda: j.fill_(1.25), torch.cuda.synchronize, f"{torch.__version__}, {name}"
    if kind == "hadamard":
        a, x = (torch.rand(sizes[0], dtype=real, device=DEVICE) for _ in range(2))
        work = lambda: torch.mul(a, x)
    else:
        x = torch.rand(*sizes, dtype=real, device=DEVICE)
        work = lambda: x.transpose(-1, -2).contiguous()
    return work, lambda: x.clone(), torch.cuda.synchronize, torch.__version__


def no_jacobian(kind):
    if kind.startswith("jacobian/"):
        raise NotImplementedError("it has no Jacobians")


def cupy_works(kind, sizes, dtype):
    import cupy
    no_jacobian(kind)
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
    no_jacobian(kind)
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
    if kind.startswith("jacobian/"):
        keys = iter(jax.random.split(jax.random.PRNGKey(1), 16))
        f, x = jacobian_problem(kind.split("/")[1], sizes, jnp, lambda m, n: jax.random.normal(next(keys), (m, n), real))
        ways = {"jacfwd": jax.jit(jax.jacfwd(f)), "jacrev": jax.jit(jax.jacrev(f))}
        name, work = fastest({way: lambda j=j: j(x).block_until_ready() for way, j in ways.items()}, lambda: None)
        fill = jax.jit(lambda value: jnp.full((f(x).size * x.size,), value))
        return work, lambda: fill(real(1.25)).block_until_ready(), lambda: None, f"{jax.__version__}, {name}"
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
    """The times of one peer, in this process, as JSON on standard output, one case a line."""
    for name, kind, sizes, dtype in cases:
        try:
            work, floor, wait, version = globals()[peer + "_works"](kind, sizes, dtype)
            runs = 2 if kind.startswith("jacobian/") else 7
            result = {"seconds": median_seconds(work, wait, runs), "floor": median_seconds(floor, wait),
                      "version": version}
        except Exception as error:  # recorded, and the next case goes on
            result = {"absent": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps({name: result}), flush=True)


def run_peer(peer, cases):
    environment = dict(os.environ, XLA_PYTHON_CLIENT_PREALLOCATE="false")
    command = [sys.executable, os.path.abspath(__file__), "--worker", peer, json.dumps(cases)]
    results, reason = {}, "it ended before this case"
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=100, env=environment).stdout
    except subprocess.TimeoutExpired as late:
        output, reason = (late.stdout or b"").decode(), "out of time"
    for line in output.splitlines():
        if line.startswith("{") and line.endswith("}"):
            results.update(json.loads(line))
    return {case[0]: results.get(case[0], {"absent": reason}) for case in cases}


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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench"), parser.add_argument("results")
    parser.add_argument("--device", default="cuda"), parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--about", default="{}", help="JSON with the device's name, driver, commit")
    o = parser.parse_args()
    rounds = [run_ours(o.bench, o.device)]
    cases = cases_of(rounds[0])
    peers = {peer: [run_peer(peer, cases)] for peer in PEERS}
    short = [case for case in cases if not case[1].startswith("jacobian/")]  # peers' Jacobians take long: one round
    for _ in range(o.rounds - 1):
        rounds.append(run_ours(o.bench, o.device))
        for peer in PEERS:
            peers[peer].append(run_peer(peer, short))
    about = dict(json.loads(o.about), python=platform.python_version())
    with open(os.path.join(o.results, "cases.jsonl"), "w") as lines, \
            open(os.path.join(o.results, "table.md"), "w") as table:
        table.write(f"{about}\n\nTime over that of a copy of the same bytes by the same program, for Jacobians over filling J; median (least-most).\n\n")
        table.write("| case | kronvec | " + " | ".join(PEERS) + " |\n|---|---|" + "---|" * len(PEERS) + "\n")
        for case in cases:
            ours = [{"seconds": r[case[0]]["seconds"], "over": over_floor(case, r[case[0]])} for r in rounds]
            row = {"kronvec": summary(ours, "floor")}
            row.update({peer: summary([r[case[0]] for r in peers[peer] if case[0] in r], "floor") for peer in PEERS})
            lines.write(json.dumps({"case": case[0], "about": about, **row}) + "\n")
            cells = [f"{c['over_floor']:.2f} ({c['spread'][0]:.2f}-{c['spread'][1]:.2f})" if "over_floor" in c else "absent"
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
