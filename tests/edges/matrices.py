"""Functions of matrices by definition. A matrix is a list of rows of mpmath numbers, and has an entry."""

import itertools

import mpmath
from mpmath import mp, mpf


def mul(a, b):
    return [[mpmath.fsum(s * t for s, t in zip(row, col)) for col in zip(*b)] for row in a]


def plus(a, b, beta=1):
    return [[s + beta * t for s, t in zip(p, q)] for p, q in zip(a, b)]


def mapped(f, *matrices):
    """f entry by entry."""
    return [[f(*entries) for entries in zip(*rows)] for rows in zip(*matrices)]


def scaled(alpha, a):
    return mapped(lambda t: alpha * t, a)


def transposed(a):
    return [list(row) for row in zip(*a)]


def unit(n):
    return [[mpf(i == j) for j in range(n)] for i in range(n)]


def full(rows, cols, number):
    return [[mpf(number)] * cols for _ in range(rows)]


def vec(a):
    return [t for col in zip(*a) for t in col]


def column(x):
    return [[t] for t in x]


def unvec(x, rows, cols):
    return [[x[i + j * rows] for j in range(cols)] for i in range(rows)]


def total(a, f=lambda t: t):
    return [[mpmath.fsum(f(t) for row in a for t in row)]]


def trace(a):
    return [[mpmath.fsum(a[i][i] for i in range(len(a)))]]


def without(a, i, j):
    return [[t for l, t in enumerate(row) if l != j] for k, row in enumerate(a) if k != i]


def determinant(a):
    return mpf(1) if not a else mpmath.fsum((-1)**j * t * determinant(without(a, 0, j)) for j, t in enumerate(a[0]))


def adjugate(a):
    n = range(len(a))
    return [[(-1)**(i + j) * determinant(without(a, j, i)) for j in n] for i in n]


def inverse(a):
    return scaled(1 / determinant(a), adjugate(a))


def power(a, k):
    return inverse(power(a, -k)) if k < 0 else mul(power(a, k - 1), a) if k else unit(len(a))


def cholesky(a):
    """Of (A + Aᵀ)/2."""
    s = scaled(mpf(1) / 2, plus(a, transposed(a)))
    l = full(len(a), len(a), 0)
    for j, pivot in enumerate(l):
        pivot[j] = mpmath.sqrt(s[j][j] - mpmath.fsum(t * t for t in pivot[:j]))
        for i in range(j + 1, len(a)):
            l[i][j] = (s[i][j] - mpmath.fsum(p * q for p, q in zip(l[i][:j], pivot[:j]))) / pivot[j]
    return l


def expm(a):
    """Σ Aᵏ/k! of A/2ˢ, squared s times."""
    norm = max(mpmath.fsum(abs(t) for t in row) for row in a)
    s = max(0, int(mpmath.mag(norm)) + 16) if norm else 0
    with mp.workdps(mp.dps + s + 10):
        b, term, sum_, k = scaled(mpf(2)**-s, a), unit(len(a)), unit(len(a)), 0
        while any(abs(t) > mpf(10)**-mp.dps for row in term for t in row):
            k += 1
            term = scaled(mpf(1) / k, mul(term, b))
            sum_ = plus(sum_, term)
        for _ in range(s):
            sum_ = mul(sum_, sum_)
    return sum_


def expm_slope(a, u):
    """The derivative of exp A in the direction U: the upper right block of exp [A U; 0 A]."""
    n = len(a)
    blocks = [p + q for p, q in zip(a, u)] + [[mpf(0)] * n + row for row in a]
    return [row[n:] for row in expm(blocks)[:n]]


def expm_jacobian(a):
    n = len(a)
    return transposed([vec(expm_slope(a, unvec(e, n, n))) for e in unit(n * n)])


def kron(a, b):
    return [[s * t for s in p for t in q] for p in a for q in b]


def khatri_rao(a, b):
    return transposed([[s * t for s in p for t in q] for p, q in zip(zip(*a), zip(*b))])


def direct_sum(a, b):
    return [row + [mpf(0)] * len(b[0]) for row in a] + [[mpf(0)] * len(a[0]) + row for row in b]


def logsumexp(a):
    return [[mpmath.log(mpmath.fsum(mpmath.exp(t) for t in col)) for col in zip(*a)]]


def log_softmax(a):
    sums = logsumexp(a)[0]
    return [[t - s for t, s in zip(row, sums)] for row in a]


def softmax(a):
    return mapped(mpmath.exp, log_softmax(a))


def norm2(a):
    return [[mpmath.sqrt(total(a, lambda t: t * t)[0][0])]]


def vech(a):
    return column([a[i][j] for j in range(len(a)) for i in range(j, len(a))])


def unvech(x):
    n = next(n for n in itertools.count() if n * (n + 1) // 2 == len(x))
    a = full(n, n, 0)
    for (i, j), (t,) in zip([(i, j) for j in range(n) for i in range(j, n)], x):
        a[i][j] = t
    return a


def diagonal(x):
    """Diag(x) of a list."""
    return [[t if i == j else mpf(0) for j in range(len(x))] for i, t in enumerate(x)]


def commutation(m, n):
    """K[m,n]·vec X = vec Xᵀ for X m×n."""
    k = full(m * n, m * n, 0)
    for i, j in itertools.product(range(m), range(n)):
        k[j + n * i][i + m * j] = mpf(1)
    return k
