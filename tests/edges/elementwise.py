"""Lines of the elementwise functions, and of compositions of them that lose everything at an edge if computed as written."""

import mpmath
from mpmath import mp, mpf

from conventions import KINKS, ORDERS
from differences import derivative, limit
from floats import LIMITS, expected_text, input_text, is_inf, is_nan, neighbour, rounded

TOLERANCE = [8, 16, 32]  # of the value, and of the first and the second derivative


class Elementwise:
    """A function of one number.

    domain: closed; its ends may be points without a value, such as 0 for log.
    singular: other points at which the value or a derivative is a limit.
    constant: the order from which the derivatives are constant.
    odd: f(−0) = −0.
    factor: of the tolerance of derivatives, from the rounding of an inner argument.
    """

    def __init__(self, name, f, text=None, domain=("-inf", "inf"), singular=(), constant=9, odd=False, extra=(),
                 factor=lambda x: 1, kink=None):
        self.name, self.f, self.text = name, f, text or f"{name}(x)"
        self.domain = [mpf(end) for end in domain]
        self.singular, self.constant, self.odd, self.extra, self.factor = singular, constant, odd, extra, factor
        self.kink = KINKS.get(kink or name, {})


def power_function(c):
    whole = c == int(c)
    return Elementwise("pow", lambda x: x**int(c) if whole else mpmath.power(x, mpf(c)), text=f"x.^{input_text(c)}",
                       domain=("-inf" if whole else 0, "inf"), singular=[0] if c < 0 and whole else [],
                       constant=int(c) if whole and c >= 0 else 9, odd=whole and c > 0 and c % 2 == 1)


def cbrt(x):
    return mpmath.sign(x) * mpmath.cbrt(abs(x))


def sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def softplus(x):
    return mpmath.log1p(mpmath.exp(x))


def by_type(double, single, kind):
    """An argument that differs between the types, and its class."""
    return lambda dtype: double if dtype == "double" else single, kind


def beside(x, step):
    return lambda dtype: neighbour(x, dtype, step), "domain edge"


PI = 3.141592653589793
OVERFLOW = [by_type(709.78, 88.72, "saturation"), by_type(710.4, 89.4, "saturation"),
            by_type(-708.5, -87.5, "saturation"), by_type(-740.0, -100.0, "saturation")]
PERIODS = [by_type(x, x, kind) for x, kind in ((PI, "ordinary"), (PI / 2, "ordinary"), (-PI, "ordinary"),
                                               (12345.678, "ordinary"), (1e22, "saturation"))]


def saturation(*numbers):
    return [(mpf(x), "saturation") for x in numbers]


FUNCTIONS = [
    Elementwise("abs", abs, constant=2),
    Elementwise("sign", mpmath.sign, constant=1),
    Elementwise("step", lambda x: mpf(x > 0), constant=1),
    Elementwise("relu", lambda x: max(x, mpf(0)), constant=2),
    Elementwise("square", lambda x: x * x, constant=2),
    Elementwise("sqrt", mpmath.sqrt, domain=(0, "inf"), odd=True),
    Elementwise("cbrt", cbrt, singular=[0], odd=True),
    Elementwise("reciprocal", lambda x: 1 / x, singular=[0]),
    *[power_function(c) for c in (0, 1, 2, 3, 4, -1, -2, -3, 0.5, -0.5, 1.5, 2.5, -1.5)],
    Elementwise("exp", mpmath.exp, extra=OVERFLOW),
    Elementwise("expm1", mpmath.expm1, odd=True, extra=OVERFLOW),
    Elementwise("log", mpmath.log, domain=(0, "inf"), extra=[beside(1.0, -1), beside(1.0, 1)]),
    Elementwise("log1p", mpmath.log1p, domain=(-1, "inf"), odd=True, extra=[beside(-1.0, -1), beside(-1.0, 1)]),
    Elementwise("sin", mpmath.sin, odd=True, extra=PERIODS),
    Elementwise("cos", mpmath.cos, extra=PERIODS),
    Elementwise("tan", mpmath.tan, odd=True, extra=PERIODS),
    Elementwise("asin", mpmath.asin, domain=(-1, 1), odd=True, extra=[beside(s, t) for s in (1., -1.) for t in (1, -1)]),
    Elementwise("acos", mpmath.acos, domain=(-1, 1), extra=[beside(s, t) for s in (1., -1.) for t in (1, -1)]),
    Elementwise("atan", mpmath.atan, odd=True),
    Elementwise("sinh", mpmath.sinh, odd=True, extra=OVERFLOW),
    Elementwise("cosh", mpmath.cosh, extra=OVERFLOW),
    Elementwise("tanh", mpmath.tanh, odd=True, extra=saturation(9, -20, 90, 355)),
    Elementwise("sech", mpmath.sech, extra=OVERFLOW),
    Elementwise("sigmoid", sigmoid, extra=OVERFLOW),
    Elementwise("softplus", softplus, extra=OVERFLOW),
    Elementwise("erf", mpmath.erf, odd=True, factor=lambda x: 1 + x * x, extra=saturation(4, 6, -9, 26)),
    Elementwise("log1p exp", softplus, text="log1p(exp(x))"),
    Elementwise("log 1 plus exp", softplus, text="log(1+exp(x))"),
    Elementwise("log sigmoid", lambda x: -softplus(-x), text="log(sigmoid(x))"),
    Elementwise("sqrt square", abs, text="sqrt(square(x))", constant=2, kink="abs"),
    Elementwise("sqrt power 2", abs, text="sqrt(x.^2)", constant=2, kink="abs"),
    Elementwise("1 over 1 plus exp", sigmoid, text="1./(1+exp(-x))"),
]


def arguments_of(function):
    """Pairs of an argument and its class. An argument is a number for both types, a text, or a function of the type."""
    both = [("0", "zero"), ("-0", "zero"), ("inf", "infinity"), ("-inf", "infinity"), ("nan", "NaN")]
    both += [(mpf(s), "domain edge") for s in (1, -1)]
    both += [(mpf(t), "ordinary") for t in (0.5, -0.5, 2, -2, 2.0**-20, -(2.0**-20), 0.75)]
    both += saturation(*[s * t for t in (17, 40, 104, 711, 1000) for s in (1, -1)])
    typed = [by_type(s * 1e16, s * 1e16, "saturation") for s in (1, -1)]
    for i, kind in enumerate(("subnormal", "subnormal", "smallest", "largest")):
        typed += [by_type(s * LIMITS["double"][i], s * LIMITS["float"][i], kind) for s in (1, -1)]
    return both + typed + list(function.extra)


def limit_cell(function, order, x, negative_zero):
    """At an end of the domain, an infinite argument or a singular point."""
    low, high = function.domain
    sides = [side for side, inside in ((1, low <= x < high), (-1, low < x <= high)) if inside]
    found = [limit(function.f, order, x, side) for side in sides]
    if None in found:
        return "nan", "IEEE", "no limit"
    if all(value == found[0] for value in found):
        free = negative_zero and len(found) == 1 and is_inf(found[0]) and order > 0
        return ("±inf", "mpmath", "either infinity") if free else (found[0], "mpmath", "limit")
    return (found[1 if negative_zero else 0], "IEEE", "signed zero") if order == 0 else ("-", "skipped", "two limits")


def value_at_end(function, x):
    """The value at an end of the domain, or nothing if it is a limit."""
    try:
        value = function.f(x)
    except (ZeroDivisionError, ValueError):
        return None
    return None if is_inf(value) else value


def cell(function, order, x, negative_zero=False):
    """What is expected of the derivative of that order: a number or a text, its source and the reason."""
    low, high = function.domain
    kink = function.kink.get(ORDERS[order], "") if x == 0 else ""
    if kink:
        return mpf(kink), "convention", "kink"
    if order >= function.constant and (is_nan(x) or is_inf(x)):
        return derivative(function.f, order, mpf(2)), "IEEE" if order == 0 else "convention", "constant"
    if is_nan(x):
        return "nan", "IEEE", "NaN"
    if function.name == "pow" and low == 0 and x == -mpmath.inf:  # Annex F: pow(−∞, c) = |∞|^c for such a c
        return ("-", "skipped", "undefined") if order else (function.f(-x), "IEEE", "IEEE")
    if x < low or x > high:
        return "nan", "IEEE", "domain"
    if order == 0 and negative_zero and function.odd:
        return "-0", "IEEE", "odd"
    at_end = x in (low, high)
    if order == 0 and at_end and not is_inf(x) and (value := value_at_end(function, x)) is not None:
        return value, "mpmath", ""
    if at_end or x in function.singular:
        return limit_cell(function, order, x, negative_zero)
    return derivative(function.f, order, x), "mpmath", ""


def is_wanted(function, x, kind):
    """All arguments in the domain, and a few outside it."""
    low, high = function.domain
    return not (x < low or x > high) or kind in ("domain edge", "infinity", "largest")


def add_argument(table, function, x, negative_zero, dtype, kind):
    for order, quantity in enumerate(ORDERS):
        with mp.workdps(80):
            expected, source, reason = cell(function, order, mpf(x), negative_zero)
        factor = function.factor(float(x)) if order > 0 and not is_nan(x) else 1
        table.add(function=function.name, expression=function.text, by="x", quantity=quantity, dtype=dtype,
                  bindings="x=" + ("-0" if negative_zero else input_text(x)), expected=expected_text(expected),
                  tolerance=f"{TOLERANCE[order] * (factor if factor < 1e4 else 1):.0f}", source=source, reason=reason,
                  **{"class": kind})


def add_lines(table):
    for function in FUNCTIONS:
        for argument, kind in arguments_of(function):
            if callable(argument):
                typed = [(dtype, rounded(argument(dtype), dtype)) for dtype in ("double", "float")]
            else:
                typed = [("both", mpf(argument))]
            for dtype, x in typed:
                if is_wanted(function, x, kind):
                    add_argument(table, function, x, argument == "-0", dtype, kind)
