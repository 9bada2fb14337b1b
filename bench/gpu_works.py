#!/usr/bin/env python3
"""The program of one peer for gpu_peers.py: runs the cases with PyTorch, CuPy, cuBLAS or JAX.

usage: gpu_works.py PEER CASES    CASES is JSON (name, kind, sizes, dtype of each case); prints a line of JSON per case
"""
import json
import statistics
import sys
import time

DEVICE = "cuda"  # PyTorch's name of the device
CHUNKS = (1024, 128, 8192)  # rows of J that jacrev computes together


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
    """The fastest of several ways, by the time of a second call. Some ways may fail, for example for lack of memory.
    Stops trying further ways after this many seconds."""
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
    """Prints the times of one peer, measured in this process, as JSON on standard output, one case per line."""
    for name, kind, sizes, dtype in cases:
        try:
            work, floor, wait, version = globals()[peer + "_works"](kind, sizes, dtype)
            runs = 2 if kind.startswith("jacobian/") else 7
            result = {"seconds": median_seconds(work, wait, runs), "floor": median_seconds(floor, wait),
                      "version": version}
        except Exception as error:  # recorded; the next case runs
            result = {"absent": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps({name: result}), flush=True)


if __name__ == "__main__":
    worker(sys.argv[1], json.loads(sys.argv[2]))
