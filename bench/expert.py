"""The dense Jacobians as an expert writes them by hand: the derivative is worked out on paper and written to existing
memory.

J[l, k, j, i] = ∂f_ij/∂x_kl, so memory holds ∂vec F/∂(vec X)ᵀ column by column. PRODUCTS are the Jacobians whose entries
are single products, J[l, k, j, i] = b[l, j]·n[k, j, i] with s³ entries in n. NumPy writes them by einsum, one column of X
after another on all threads; JAX writes them as one jitted loop into a donated array. The others use NumPy only:
`columns(write)` calls write(l) for every column l of X, on all threads.
"""
import numpy as np


def axb(xp, A, X, B):
    return B, xp.broadcast_to(A.T[:, None, :], (X.shape[0], B.shape[1], A.shape[0]))


def a_exp_xb(xp, A, X, B):
    return B, xp.exp(X @ B)[:, :, None] * A.T[:, None, :]


def two_layers(xp, V, X, B):
    t = xp.tanh(X @ B)
    y = xp.tanh(V @ t)
    return B, (1 - t * t)[:, :, None] * V.T[:, None, :] * (1 - y * y).T[None]


def three_layers(xp, U, V, X, B):
    t = xp.tanh(X @ B)
    y = xp.tanh(V @ t)
    z = xp.tanh(U @ y)
    inner = xp.einsum("ia,aj,ak->kji", U, 1 - y * y, V, optimize="optimal")
    return B, (1 - t * t)[:, :, None] * inner * (1 - z * z).T[None]


def inverse(xp, X):
    y = xp.linalg.inv(X)
    return -y, xp.broadcast_to(y.T[:, None, :], (len(X),) * 3)


def product_by_numpy(product):
    def work(out, columns, **values):
        b, n = product(np, **values)
        n = np.ascontiguousarray(n)
        columns(lambda l: np.einsum("kji,j->kji", n, b[l], out=out[l]))

    return work


def product_by_jax(product, values):
    """A call that overwrites its own last result."""
    import jax
    import jax.numpy as jnp
    jax.config.update("jax_enable_x64", True)

    def emit(out, values):
        b, n = jax.lax.optimization_barrier(product(jnp, **values))  # compute n once, not for every entry of J
        return out.at[:].set(b[:, None, :, None] * n[None])

    values = {name: jnp.asarray(value) for name, value in values.items()}
    b, n = jax.eval_shape(lambda v: product(jnp, **v), values)
    held = [jnp.ones((b.shape[0], *n.shape), n.dtype)]
    jitted = jax.jit(emit, donate_argnums=0).lower(held[0], values).compile()

    def work():
        held[0] = jitted(held[0], values).block_until_ready()
        return held[0]

    return work, jax.__version__


def gram(out, columns, X):
    def write(l):
        out[l] = 0
        out[l, :, :, l] += X
        out[l, :, l, :] += X

    columns(write)


def softmax(u):
    e = np.exp(u - u.max(axis=0))
    return e / e.sum(axis=0)


def softmax_wx(out, columns, W, X):
    s = softmax(W @ X)

    def write(l):
        out[l] = 0
        out[l, :, l, :] = s[:, l] * (W.T - (s[:, l] @ W)[:, None])

    columns(write)


def kron_xa(out, columns, X, A):
    m, n = X.shape
    j = out.reshape(n, m, n, A.shape[1], m, A.shape[0])

    def write(l):
        j[l] = 0
        for k in range(m):
            j[l, k, l, :, k, :] = A.T

    columns(write)


def kron_ax(out, columns, A, X):
    m, n = X.shape
    j = out.reshape(n, m, A.shape[1], n, A.shape[0], m)

    def write(l):
        j[l] = 0
        for k in range(m):
            j[l, k, :, l, :, k] = A.T

    columns(write)


def attention(out, columns, X, W):
    """F = XS with S = softmax(Z), Z = XᵀWX: dF = dX·S + X·dS, and dS is softmax's, column by column."""
    s = softmax(X.T @ W @ X)
    f = X @ s
    left, right = X.T @ W, W @ X  # dZ = dXᵀ·(WX) + (XᵀW)·dX

    def write(l):
        np.multiply(right[:, :, None], (s[l][:, None] * (X[:, l][None] - f.T))[None], out=out[l])
        for k in range(X.shape[0]):
            out[l, k, :, k] += s[l]
        out[l, :, l, :] += (left * s[:, l][:, None]).T @ (X.T - f.T[l][None])

    columns(write)


def two_sided(out, columns, W, X, B, A, D):
    e = np.exp(W @ X @ B)
    outer = np.exp(A @ e @ D).T
    inner = np.ascontiguousarray(np.einsum("ia,ab,ak->kbi", A, e, W, optimize=True))

    def write(l):
        np.matmul(np.ascontiguousarray((D * B[l][:, None]).T)[None], inner, out=out[l])
        out[l] *= outer

    columns(write)


PRODUCTS = {"A*X*B": axb, "A*exp(X*B)": a_exp_xb, "tanh(V*tanh(X*B))": two_layers,
            "tanh(U*tanh(V*tanh(X*B)))": three_layers, "inv(X)": inverse}
BY_NUMPY = {text: product_by_numpy(product) for text, product in PRODUCTS.items()} | {
    "X'*X": gram, "softmax(W*X)": softmax_wx, "kron(X,A)": kron_xa, "kron(A,X)": kron_ax,
    "X*softmax(X'*W*X)": attention, "exp(A*exp(W*X*B)*D)": two_sided}
