#!/usr/bin/env python3
"""Random matrix functions: compares values and Jacobians of the command `kronvec` with JAX.

usage: oracle.py KRONVEC [--trees 300] [--seed 1] [--device cpu]

Trees have a depth of up to 6, shapes of 1 to 5, every function of the command, and X and two constants as leaves.
Arguments stay where a function is defined and well conditioned (log(1+U.^2), inv(3I+tanh U), ...). The error is
max |J - J'| / max(1e-6, max |J'|) and must not exceed 1e-9. Some trees are left out, counted, and replaced: trees whose
value or Jacobian is not finite or has an entry beyond 1e8, and ill-conditioned trees that differ (moving X by 1e-14 of
its size moves JAX's own Jacobian by more than 1e-10 of its size). Needs JAX and NumPy.
"""
import argparse
import collections
import os
import random
import subprocess
import sys
import tempfile

import jax
import jax.numpy as jnp
import jax.scipy.linalg as jsl
import numpy as np

jax.config.update("jax_enable_x64", True)

ELEMENTWISE = {
    "abs": jnp.abs, "sign": jnp.sign, "relu": jax.nn.relu, "square": jnp.square, "cbrt": jnp.cbrt, "exp": jnp.exp,
    "expm1": jnp.expm1, "sin": jnp.sin, "cos": jnp.cos, "atan": jnp.arctan, "sinh": jnp.sinh, "cosh": jnp.cosh,
    "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid, "softplus": jax.nn.softplus, "erf": jax.scipy.special.erf,
    "neg": jnp.negative,
}
SAFE = {  # with an argument in the function's domain
    "sqrt": ("sqrt(1+square({}))", lambda u: jnp.sqrt(1 + u * u)),
    "log": ("log(1+square({}))", lambda u: jnp.log(1 + u * u)),
    "log1p": ("log1p(square({}))", lambda u: jnp.log1p(u * u)),
    "reciprocal": ("reciprocal(2+square({}))", lambda u: 1 / (2 + u * u)),
    "tan": ("tan(0.5*tanh({}))", lambda u: jnp.tan(0.5 * jnp.tanh(u))),
    "asin": ("asin(0.9*tanh({}))", lambda u: jnp.arcsin(0.9 * jnp.tanh(u))),
    "acos": ("acos(0.9*tanh({}))", lambda u: jnp.arccos(0.9 * jnp.tanh(u))),
    "pow": ("pow(1+square({}),1.7)", lambda u: (1 + u * u) ** 1.7),
    ".^": ("(0.3*{}).^3", lambda u: (0.3 * u) ** 3),
    "log(1+exp)": ("log(1+exp({}))", lambda u: jnp.logaddexp(0, u)),
    "softmax": ("softmax({})", lambda u: jax.nn.softmax(u, axis=0)),
    "log(softmax)": ("log(softmax({}))", lambda u: jax.nn.log_softmax(u, axis=0)),
}


def tamed(u):
    """Keeps the entries of a factorisation's operand small, by tanh."""
    return f"tanh({u[0]})", lambda x, f=u[1]: jnp.tanh(f(x))


def vec(a):
    return a.T.reshape(-1)


class Grower:
    """Grows trees: (text, function of X). Every production has a name, and is counted when its tree is compared."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.values = {name: self.numbers.standard_normal((self.side(), self.side())) for name in "XAB"}
        self.used = collections.Counter()

    def side(self):
        return self.random.randint(1, 5)

    def table(self, rows, cols):
        """A random constant of this shape, the same in the whole tree."""
        name = f"C{rows}_{cols}"
        if name not in self.values:
            self.values[name] = self.numbers.standard_normal((rows, cols)) / rows**0.5
        return name, self.values[name]

    def leaf(self, rows, cols):
        """A symbol, multiplied by constants if necessary to get the shape."""
        name = self.random.choice("XXXAB")
        m, n = self.values[name].shape
        read = (lambda x: x) if name == "X" else (lambda x, a=self.values[name]: a)
        if (m, n) == (rows, cols):
            return name, read
        (left, c), (right, d) = self.table(rows, m), self.table(n, cols)
        return f"({left}*{name}*{right})", lambda x: c @ read(x) @ d

    def grow(self, rows, cols, depth):
        if depth == 0:
            return self.leaf(rows, cols)
        options = [getattr(self, name) for name in dir(self) if name.startswith("make_")]
        if rows == 1 and cols == 1:
            options += 2 * [getattr(self, name) for name in dir(self) if name.startswith("scalar_")]
        while True:
            grown = self.random.choice(options)(rows, cols, lambda m, n: self.grow(m, n, depth - self.random.randint(1, 2)
                                                                                   if depth > 1 else 0))
            if grown:
                self.used[grown[2]] += 1
                return grown[:2]

    def one(self, name, text, function, *operands):
        return (text.format(*(u[0] for u in operands)),
                lambda x: function(*(u[1](x) for u in operands)), name)

    def make_sum(self, m, n, again):
        return self.one("+", "({}+{})", lambda u, v: u + v, again(m, n), again(m, n))

    def make_difference(self, m, n, again):
        return self.one("-", "({}-0.5*{})", lambda u, v: u - 0.5 * v, again(m, n), again(m, n))

    def make_product(self, m, n, again):
        k = self.side()
        if k == 1 or m == n == 1:  # the command would broadcast a scalar
            return None
        return self.one("*", "({}*{})", lambda u, v: u @ v, again(m, k), again(k, n))

    def make_scaled(self, m, n, again):
        return self.one("broadcast", "({}*{})", lambda u, v: u * v, again(1, 1), again(m, n))

    def make_hadamard(self, m, n, again):
        return self.one(".*", self.random.choice(("({}.*{})", "hadamard({},{})")), jnp.multiply, again(m, n), again(m, n))

    def make_quotient(self, m, n, again):
        return self.one("./", "({}./(2+square({})))", lambda u, v: u / (2 + v * v), again(m, n), again(m, n))

    def make_transpose(self, m, n, again):
        return self.one("'", "({})'", jnp.transpose, again(n, m))

    def make_elementwise(self, m, n, again):
        name = self.random.choice(list(ELEMENTWISE))
        inner = "tanh({})" if name in ("exp", "expm1", "sinh", "cosh", "square") else "{}"
        tame = jnp.tanh if inner != "{}" else (lambda u: u)
        return self.one(name, f"{name}({inner})", lambda u: ELEMENTWISE[name](tame(u)), again(m, n))

    def make_safe(self, m, n, again):
        name = self.random.choice(list(SAFE))
        text, function = SAFE[name]
        return self.one(name, text, function, again(m, n))

    def make_inverse(self, m, n, again):
        u = tamed(again(m, m))
        return self.one("inv", "(inv(3*eye(" + str(m) + ")+{})*{})", lambda a, v: jnp.linalg.inv(3 * jnp.eye(m) + a) @ v,
                        u, again(m, n)) if m > 1 else None

    def make_solve(self, m, n, again):
        return self.one("solve", "solve(4*eye(" + str(m) + ")+{},{})",
                        lambda a, v: jnp.linalg.solve(4 * jnp.eye(m) + a, v), tamed(again(m, m)), again(m, n))

    def make_expm(self, m, n, again):
        return self.one("expm", "expm({})", jsl.expm, tamed(again(m, m))) if m == n else None

    def make_chol(self, m, n, again):
        spd = lambda a: jnp.eye(m) + a @ a.T
        return self.one("chol", "chol(eye(" + str(m) + ")+{}*({})')",
                        lambda a, b: jnp.linalg.cholesky(spd(a)), *2 * [tamed(again(m, m))]) if m == n > 1 else None

    def make_power(self, m, n, again):
        return self.one("^", "{}^3", lambda a: a @ a @ a, tamed(again(m, m))) if m == n > 1 else None

    def make_unvec(self, m, n, again):
        return self.one("unvec", f"unvec({{}},{m},{n})", lambda u: vec(u).reshape(n, m).T, again(n, m))

    def make_vec(self, m, n, again):
        k = next((d for d in (2, 3, 5) if m % d == 0), None)
        return self.one("vec", "vec({})", lambda u: vec(u).reshape(-1, 1), again(k, m // k)) if n == 1 and k else None

    def make_vech(self, m, n, again):
        rows = {3: 2, 1: 1}.get(m)
        lower = lambda u: jnp.array([u[i, j] for j in range(rows) for i in range(j, rows)]).reshape(-1, 1)
        return self.one("vech", "vech({})", lower, again(rows, rows)) if n == 1 and rows else None

    def make_diag(self, m, n, again):
        if m == n > 1:
            return self.one("diag of a vector", "diag({})", lambda u: jnp.diag(u[:, 0]), again(m, 1))
        return self.one("diag of a matrix", "diag({})", lambda u: jnp.diag(u).reshape(-1, 1), again(m, m)) if n == 1 else None

    def make_kron(self, m, n, again):
        p, q = (1 if m % 2 else 2), (1 if n % 2 else 2)
        return self.one("kron", "kron({},{})", jnp.kron, again(p, q), again(m // p, n // q))

    def make_khatrirao(self, m, n, again):
        p = 1 if m % 2 else 2
        columns = lambda u, v: jnp.einsum("ik,jk->ijk", u, v).reshape(-1, u.shape[1])
        return self.one("khatrirao", "khatrirao({},{})", columns, again(p, n), again(m // p, n))

    def make_dirsum(self, m, n, again):
        return self.one("dirsum", "dirsum({},{})", jsl.block_diag, again(1, 1), again(m - 1, n - 1)) if min(m, n) > 1 else None

    def make_logsumexp(self, m, n, again):
        return self.one("logsumexp", "logsumexp({})", lambda u: jax.nn.logsumexp(u, axis=0, keepdims=True),
                        again(self.side(), n)) if m == 1 else None

    def scalar_det(self, m, n, again):
        k = self.side()
        return self.one("det", "det({})", lambda u: jnp.linalg.det(u).reshape(1, 1), tamed(again(k, k)))

    def scalar_logdet(self, m, n, again):
        k = self.side()
        return self.one("logdet", f"logdet({{}}-3*eye({k}))",
                        lambda u: jnp.linalg.slogdet(u - 3 * jnp.eye(k))[1].reshape(1, 1), tamed(again(k, k)))

    def scalar_trace(self, m, n, again):
        k = self.side()
        return self.one("tr", "tr({})", lambda u: jnp.trace(u).reshape(1, 1), again(k, k))

    def scalar_sums(self, m, n, again):
        name, function = self.random.choice((("sum", jnp.sum), ("norm1", lambda u: jnp.abs(u).sum()),
                                             ("norm2", lambda u: jnp.sqrt((u * u).sum()))))
        return self.one(name, f"{name}({{}})", lambda u: function(u).reshape(1, 1), again(self.side(), self.side()))


def reference(function, x):
    """Value and Jacobian (of column-major vecs) by JAX."""
    by_vec = lambda v: vec(function(v.reshape(x.shape[::-1]).T))
    x = jnp.array(x)
    return np.array(function(x)), np.array(jax.jacfwd(by_vec)(vec(x)))


def moderate(value, j):
    return all(np.isfinite(m).all() and np.abs(m).max(initial=0) < 1e8 for m in (value, j))


def ill_conditioned(function, x, j):
    """Whether rounding of X changes J by as much as the tolerance of the comparison."""
    nearby = reference(function, x * (1 + 1e-14))[1]
    return np.abs(j - nearby).max(initial=0) > 1e-10 * max(1e-6, np.abs(j).max(initial=0))


def ours(kronvec, device, text, values, folder):
    bindings = []
    for name in values:
        np.save(f"{folder}/{name}.npy", values[name])
        bindings += [f"{name}={folder}/{name}.npy"]
    results = []
    for command in (["jacobian", text, "--wrt", "X"], ["evaluate", text]):
        done = subprocess.run([kronvec, *command, *bindings, "--device", device, "--out", f"{folder}/out.npy"],
                              capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        results.append(np.load(f"{folder}/out.npy"))
    return results


def error(a, b):
    return np.abs(a.reshape(b.shape) - b).max(initial=0) / max(1e-6, np.abs(b).max(initial=0))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kronvec"), parser.add_argument("--device", default="cpu")
    parser.add_argument("--trees", type=int, default=300), parser.add_argument("--seed", type=int, default=1)
    o = parser.parse_args()
    compared = left_out = failures = 0
    largest, used = 0, collections.Counter()
    seed = o.seed * 1000003
    with tempfile.TemporaryDirectory() as folder:
        while compared < o.trees:
            seed += 1
            grower = Grower(seed)
            text, function = grower.grow(grower.side(), grower.side(), grower.random.randint(1, 6))
            if len(text) > 4000:
                continue
            value, j = reference(function, grower.values["X"])
            if not moderate(value, j):
                left_out += 1
                continue
            try:
                our_j, our_value = ours(o.kronvec, o.device, text, grower.values, folder)
                worst = max(error(our_j, j), error(our_value, value))
            except RuntimeError as refused:
                worst, our_j = float("inf"), refused
            if not worst <= 1e-9 and ill_conditioned(function, grower.values["X"], j):
                left_out += 1
                continue
            compared, largest = compared + 1, max(largest, worst)
            used.update(grower.used)
            if not worst <= 1e-9:
                failures += 1
                print(f"seed {seed}, error {worst:.1e}: {text}", our_j if worst == float("inf") else "", file=sys.stderr)
    print(f"{compared} trees on {o.device} against JAX {jax.__version__}: largest error {largest:.1e}, {failures} beyond "
          f"1e-9; {left_out} left out; productions: " + ", ".join(f"{k} {v}" for k, v in sorted(used.items())))
    missing = (set(ELEMENTWISE) | set(SAFE)) - set(used)
    if o.trees >= 300 and missing:
        sys.exit(f"never grown: {missing}")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
