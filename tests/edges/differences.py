"""Derivatives of functions of mpmath numbers: central differences in so many digits that two step sizes agree."""

import mpmath
from mpmath import mp, mpf

AGREEMENT = mpf(10)**-45  # relative, of two step sizes


def settled(coarse, fine, noise):
    """The derivative from its differences with steps h and h/16, whose errors of truncation are as 256 to 1."""
    if abs(coarse) <= noise and abs(fine) <= noise:
        return mpf(0)
    with mp.workdps(60):
        if abs(coarse - fine) <= abs(fine) * AGREEMENT:
            return +fine
        if 200 * abs(fine) < abs(coarse) < mpf(10)**-30:
            return mpf(0)  # all of it is truncation
    raise ArithmeticError(f"no derivative: {mpmath.nstr(coarse, 10)} and {mpmath.nstr(fine, 10)}")


class Step:
    """Values of f: ℝⁿ → ℝᵐ around a point, at multiples of a step h, and differences of them."""

    def __init__(self, f, point, h):
        self.f, self.point, self.h, self.values = f, point, h, {}

    def at(self, *moves):
        """f at the point plus h·sign in direction i, for all (i, sign) in moves."""
        if moves not in self.values:
            there = list(self.point)
            for i, sign in moves:
                there[i] += sign * self.h
            self.values[moves] = self.f(there)
        return self.values[moves]

    def first(self, i):
        return [(a - b) / (2 * self.h) for a, b in zip(self.at((i, 1)), self.at((i, -1)))]

    def second(self, i, j):
        if i == j:
            terms = zip(self.at((i, 1)), self.at(), self.at((i, -1)))
            return [(a - 2 * b + c) / self.h**2 for a, b, c in terms]
        corners = [self.at((i, p), (j, q)) for p, q in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
        return [(a - b - c + d) / (4 * self.h**2) for a, b, c, d in zip(*corners)]


class Derivatives:
    """value[k], first[i][k] and second[i][j][k] of component k, up to an order."""

    def __init__(self, f, x, order):
        sizes = [abs(mpf(t)) for t in x if t != 0] + [mpf(1)]
        span = int(mpmath.log10(max(sizes) / min(sizes))) + 1
        for k in (60, 200, 600):
            try:
                with mp.workdps(4 * (k + span) + 60):
                    self.compute(f, x, order, min(sizes) * mpf(10)**-k)
                return
            except ArithmeticError as failure:
                last = failure
        raise last

    def compute(self, f, x, order, h):
        point = [mpf(t) for t in x]
        coarse, fine = Step(f, point, h), Step(f, point, h / 16)
        self.value = coarse.at()
        size = max([mpf(1)] + [abs(t) for t in point] + [abs(t) for t in self.value])  # of terms inside f, roughly

        def both(name, *places):
            noise = size / fine.h**len(places) * mpf(10)**(20 - mp.dps)  # rounding errors
            pairs = zip(getattr(coarse, name)(*places), getattr(fine, name)(*places))
            return [settled(a, b, noise) for a, b in pairs]

        n = range(len(x))
        self.first = [both("first", i) for i in n] if order >= 1 else []
        self.second = [[both("second", i, j) if j <= i else None for j in n] for i in n] if order >= 2 else []
        for i, row in enumerate(self.second):
            for j in range(i + 1, len(row)):
                row[j] = self.second[j][i]


def derivative(f, order, x, room=mpf(1)):
    """d^order f/dx^order at a regular point, which is `room` away from the next singular one."""
    with mp.workdps(3000):
        h = min(room, abs(x) if x else mpf(1)) * mpf(10)**-150
        coarse, fine = [Step(lambda t: [f(t[0])], [x], h) for h in (h, h / 16)]
        if order == 0:
            return f(x)
        places = ("first", (0,)) if order == 1 else ("second", (0, 0))
        a, b = [getattr(step, places[0])(*places[1])[0] for step in (coarse, fine)]
        return settled(a, b, mpf(10)**-900)


def limit(f, order, to, side):
    """The limit of the derivative at `to` from above (side = 1) or below (−1), or None: from five points, each much nearer than
    the one before."""
    with mp.workdps(3000):
        near = [mpf(10)**k for k in (80, 120, 180, 240, 310)]
        infinite = abs(to) == mpmath.inf
        points = [-side * t for t in near] if infinite else [to + side / t for t in near]
        values = [derivative(f, order, x, mpf(1) if infinite else 1 / t) for x, t in zip(points, near)]
    with mp.workdps(60):
        pairs = list(zip(values, values[1:]))
        if all(abs(b - values[-1]) <= abs(values[-1]) * mpf(10)**-60 for b in values):
            return +values[-1]
        if all(abs(b) < abs(a) < mpf(10)**-20 or a == b == 0 for a, b in pairs):
            return mpf(0)
        if all(abs(b) > 1.2 * abs(a) and mpmath.sign(a) == mpmath.sign(b) for a, b in pairs):
            return mpf("inf") * mpmath.sign(values[0])
    return None
