#!/usr/bin/env python3
"""Runs one peer in its own process: `peer.py PEER CASES`. CASES is a JSON list; the answers are JSON too.

PEER is one of PEERS below. A case is an item of `dense_bench --list`, with `threads`, `budget` (seconds) and, to check the
peer, `save`: a folder for its values and its Jacobian. The expression is the text of the case, in Python's operators.
The time of a call includes the wait for the result. The first call, which compiles, is reported separately.
"""
import json
import os
import re
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

PEERS = ("expert-numpy", "expert-jax", "numpy-kron", "jax-jacfwd", "jax-jacrev", "torch-jacfwd", "torch-jacrev")


def python_of(text):
    """The expression in NumPy's operators: * becomes @, ' becomes .T."""
    return re.sub(r"(?<!\.)\*", "@", text.replace("'", ".T"))


def values_of(case):
    import numpy as np
    numbers = np.random.default_rng(1)
    return {name: (scale * numbers.standard_normal((rows, cols)) + diagonal * np.eye(rows, cols)).astype(case["dtype"])
            for name, (rows, cols, scale, diagonal) in case["leaves"].items()}


def jax_peer(case, values, mode):
    import jax
    import jax.numpy as jnp
    jax.config.update("jax_enable_x64", True)
    names = {"exp": jnp.exp, "tanh": jnp.tanh, "inv": jnp.linalg.inv, "kron": jnp.kron,
             "softmax": lambda u: jax.nn.softmax(u, axis=0)}
    code = compile(python_of(case["text"]), "case", "eval")
    constants = {name: jnp.asarray(value) for name, value in values.items() if name != "X"}

    def f(x, others):
        return eval(code, names | others | {"X": x})

    x = jnp.asarray(values["X"])
    jacobian = jax.jit(getattr(jax, mode)(f)).lower(x, constants).compile()
    return (lambda: jacobian(x, constants).block_until_ready()), entry_order, jax.__version__


def torch_peer(case, values, mode):
    import torch
    torch.set_num_threads(case["threads"])
    names = {"exp": torch.exp, "tanh": torch.tanh, "inv": torch.linalg.inv, "kron": torch.kron,
             "softmax": lambda u: torch.softmax(u, dim=0)}
    code = compile(python_of(case["text"]), "case", "eval")
    tensors = {name: torch.from_numpy(value) for name, value in values.items()}
    x = tensors["X"]
    jacobian = getattr(torch.func, mode)(lambda x: eval(code, names | tensors | {"X": x}))
    return (lambda: jacobian(x)), (lambda j: entry_order(j.numpy())), torch.__version__


def entry_order(j):
    """Converts ∂f_ij/∂x_kl at [i, j, k, l], as in JAX and PyTorch, to ∂vec F/∂(vec X)ᵀ."""
    import numpy as np
    p, q, m, n = j.shape
    return np.asarray(j).transpose(1, 0, 3, 2).reshape(p * q, m * n)


def numpy_kron(case, values):
    import numpy as np
    if case["text"] != "A*X*B":
        raise NotImplementedError("only for A*X*B")
    return (lambda: np.kron(values["B"].T, values["A"])), (lambda j: j), np.__version__


def column_by_column(j, values):
    """J[l, k, j, i] as ∂vec F/∂(vec X)ᵀ."""
    import numpy as np
    return np.asarray(j).reshape(values["X"].size, -1).T


def expert_numpy(case, values):
    import numpy as np
    from expert import BY_NUMPY
    x = values["X"]
    out = np.ones((x.shape[1], x.shape[0], case["cols"], case["rows"]), x.dtype)
    threads = ThreadPoolExecutor(case["threads"])

    def columns(write):
        list(threads.map(write, range(x.shape[1])))  # NumPy releases the interpreter's lock

    def work():
        BY_NUMPY[case["text"]](out, columns, **values)
        return out

    return work, (lambda j: column_by_column(j, values)), np.__version__


def expert_jax(case, values):
    from expert import PRODUCTS, product_by_jax
    if case["text"] not in PRODUCTS:
        raise NotImplementedError("only where J is one product an entry")
    work, version = product_by_jax(PRODUCTS[case["text"]], values)
    return work, (lambda j: column_by_column(j, values)), version


def peer_of(name, case, values):
    library, way = name.split("-")
    if library == "expert":
        return {"numpy": expert_numpy, "jax": expert_jax}[way](case, values)
    if library == "numpy":
        return numpy_kron(case, values)
    return {"jax": jax_peer, "torch": torch_peer}[library](case, values, way)


def fill_floor(entries, dtype, threads):
    """The shortest time in which NumPy fills the bytes of J, on all threads, in memory that was written before."""
    import numpy as np
    out = np.ones(entries, dtype)
    parts = np.array_split(out, threads)
    with ThreadPoolExecutor(threads) as pool:
        return min(timed(lambda: list(pool.map(lambda part: part.fill(2), parts))) for _ in range(5))


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def process_bytes(which):
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith(which + ":"))


def reset_peak():
    """Resets VmHWM to the memory held now, and returns that."""
    try:
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
    except OSError:
        pass  # then memory held before counts too
    return process_bytes("VmRSS")


def measure(work, budget):
    """Times of one to seven calls after the first, within `budget` seconds."""
    times = []
    while len(times) < 7 and (not times or sum(times) < budget):
        times.append(timed(work))
    return {"median": statistics.median(times), "min": min(times), "max": max(times), "repeats": len(times)}


def answer(name, case):
    values = values_of(case)
    library, way = name.split("-")
    import_module(way if library == "expert" else library)  # now, so that its size does not count for J
    start = time.perf_counter()
    work, layout, version = peer_of(name, case, values)  # compiles if the peer has a compiler
    size = case["entries"] * values["X"].itemsize
    held = reset_peak() - (size if library == "expert" else 0)  # an expert's J exists already, but counts
    work()
    result = {"version": version, "first_seconds": time.perf_counter() - start}
    if "save" in case:
        save(case["save"], values | {"peer": layout(work())})
    else:
        result["seconds"] = measure(work, case["budget"])
        result["process_peak_over_j"] = (process_bytes("VmHWM") - held) / size
        result["fill_seconds"] = fill_floor(case["entries"], case["dtype"], case["threads"])
    return result


def save(folder, arrays):
    import numpy as np
    os.makedirs(folder)
    for name, array in arrays.items():
        np.save(os.path.join(folder, name + ".npy"), array)


def answer_or_reason(name, case):
    try:
        return answer(name, case)
    except NotImplementedError as nothing:
        return {"absent": str(nothing)}
    except ImportError as missing:
        return {"left_out": f"not installed: {missing}"}
    except MemoryError as memory:
        return {"left_out": f"out of memory: {memory}"}


def main():
    name, cases = sys.argv[1], json.loads(sys.argv[2])
    cores = max(case["threads"] for case in cases)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    print(json.dumps([answer_or_reason(name, case) for case in cases]))


if __name__ == "__main__":
    main()
