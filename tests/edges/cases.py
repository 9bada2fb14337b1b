"""Lines of a function of matrices at its cases."""

import mpmath
from mpmath import mp, mpf

from conventions import ORDERS
from differences import Derivatives
from floats import exact_in_float, expected_text, input_text, matrix_text, rounded
from matrices import transposed, unvec, vec

REFUSED = ("error", "refused", "singular")
UNDEFINED = ("-", "skipped", "undefined")
INFINITE = ("-", "skipped", "infinite value")
LARGE = ("-", "skipped", "large program")


def given(text, source="convention", reason="kink"):
    """An expected cell that is not computed."""
    return text, source, reason


class Case:
    """Values of the symbols, and what is known there without a computation.

    values: texts such as "1,2;3,4", or "2x0" for a matrix without entries.
    value, J, H: expected cells; `rest` is J and H.
    graded: the entries have sizes of their own, so that each must be right by itself. Otherwise errors are relative to the
    largest entry.
    near: values at which mpmath computes instead, for limits.
    """

    def __init__(self, kind, dtype="both", graded=False, near=None, value=None, J=None, H=None, rest=None, all=None,
                 **values):
        self.kind, self.dtype, self.graded, self.near = kind, dtype, graded, near
        self.known = {"value": value or all, "J": J or rest or all, "H": H or rest or all}
        self.texts = values

    def by_type(self):
        """The types, with the texts of the symbols: one for both types if the values are exact in float."""
        exact = all(exact_in_float(t) for text in self.texts.values() for row in entries(text) for t in row)
        types = ["both"] if self.dtype == "both" and exact else ["double", "float"] if self.dtype == "both" else [self.dtype]
        return [(dtype, {name: bound(text, dtype) for name, text in self.texts.items()}) for dtype in types]


def entries(text):
    """Rows of numbers, as double reads them."""
    return [] if "x" in text else [[float(t) for t in row.split(",")] for row in text.strip("[]").split(";")]


def bound(text, dtype):
    """The text of a binding, of numbers of a type."""
    if "x" in text:
        return text
    return matrix_text(entries(text), lambda t: input_text(rounded(t, "float") if dtype == "float" else t))


class Function:
    """An expression and its definition: f takes a matrix for each symbol, in the order of the cases.

    exact: no conditioning enters the tolerance, and each entry is right by itself, because entries are products, copies or sums
    of few entries. terms: the entries of derivatives are sums of terms of the size of the largest entry.
    """

    def __init__(self, name, text, f, by, cases, base=8, exact=False, terms=False):
        self.name, self.text, self.f, self.by = name, text, f, by.split(",")
        self.cases, self.base, self.exact, self.terms = cases, base, exact, terms


def short(x):
    """Three digits."""
    return mpmath.nstr(x, 3, min_fixed=-3, max_fixed=6).replace(".0e", "e").removesuffix(".0")


def weights(n):
    """1, −2, 3, …: the sum of the entries with these weights is the scalar function whose Hessian is H."""
    return [(-1)**k * mpf(k + 1) for k in range(n)]


class Computed:
    """Value, J and H at a point, and how much relative changes of the point's entries change them."""

    def __init__(self, function, matrices, order):
        shapes = {name: (len(matrices[name]), len(matrices[name][0])) for name in function.by}
        point = [t for name in function.by for t in vec(matrices[name])]

        def value(x):
            x, moved = list(x), {name: [[mpf(t) for t in row] for row in m] for name, m in matrices.items()}
            for name, (rows, cols) in shapes.items():
                moved[name], x = unvec(x[:rows * cols], rows, cols), x[rows * cols:]
            return function.f(*moved.values())

        d = Derivatives(lambda x: vec(value(x)), point, order)
        rows, n, w = len(value(point)), range(len(point)), weights(len(d.value))
        self.rows = {"value": unvec(d.value, rows, len(d.value) // rows), "J": transposed(d.first),
                     "H": [[mpmath.fsum(p * q for p, q in zip(w, entry)) for entry in row] for row in d.second]}
        sizes = [abs(mpf(t)) for t in point]
        self.moves = {"value": self.moved(d.value, d.first, sizes),
                      "J": [pair for i in n for pair in self.moved(d.first[i], d.second[i], sizes)] if d.second else []}
        self.moves["H"] = self.moves["J"]

    @staticmethod
    def moved(components, slopes, sizes):
        """Pairs of a component and its change, Σ |∂/∂xᵢ|·|xᵢ|."""
        return [(value, mpmath.fsum(abs(slope[k]) * size for slope, size in zip(slopes, sizes)))
                for k, value in enumerate(components)] if slopes else []

    def tolerance(self, quantity, factor, function, graded):
        """The text of the tolerance: a factor with the conditioning in it, and the scale."""
        entries = [abs(t) for row in self.rows[quantity] for t in row]
        largest = max(entries)
        pairs = [] if function.exact else self.moves[quantity]
        by_entry = function.exact and not (function.terms and quantity != "value")
        if graded or by_entry or len(entries) == 1 and largest:
            condition = max([1] + [move / abs(value) for value, move in pairs if value])
            return f"{float(mpmath.ceil(factor * condition)):.0f}"
        moves = max([move for _, move in pairs], default=0)
        sizes = max([abs(value) for value, _ in pairs], default=0)
        condition = max(1, moves / sizes) if sizes else 1
        scale = largest or moves
        text = f"{float(mpmath.ceil(factor * condition)):.0f}"
        return f"{text} of {short(scale)}" if scale else text


def add_case(table, function, case):
    for dtype, texts in case.by_type():
        wanted = [i for i, quantity in enumerate(ORDERS) if not case.known[quantity]]
        with mp.workdps(60):
            matrices = {name: entries((case.near or texts).get(name, texts[name])) for name in texts}
            computed = Computed(function, matrices, max(wanted)) if wanted else None
            for order, quantity in enumerate(ORDERS):
                factor = function.base * (order + 1)
                if known := case.known[quantity]:
                    expected, source, reason = known
                    tolerance = str(factor)
                else:
                    expected = matrix_text(computed.rows[quantity], expected_text)
                    source, reason = "mpmath", "limit" if case.near else ""
                    tolerance = computed.tolerance(quantity, factor, function, case.graded)
                table.add(function=function.name, expression=function.text, by=",".join(function.by), quantity=quantity,
                          bindings=" ".join(f"{name}={text}" for name, text in texts.items()), dtype=dtype,
                          expected=expected, tolerance=tolerance, source=source, reason=reason, **{"class": case.kind})


def add_lines(table, functions):
    for function in functions:
        for case in function.cases:
            add_case(table, function, case)
