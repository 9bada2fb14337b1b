"""Lines of the operations on two numbers: + − .* ./ .^, at pairs of numbers."""

import math

import mpmath
from mpmath import mp, mpf

from cases import INFINITE, UNDEFINED, Case, Function, given
from differences import limit
from floats import LIMITS, expected_text, input_text

INF, NAN = float("inf"), float("nan")
TWO_LIMITS = given("-", "skipped", "two limits")


def text(*numbers):
    return "[" + ",".join(expected_text(t) for t in numbers) + "]"


def symmetric(xx, xy, yy):
    return f"[{expected_text(xx)},{expected_text(xy)};{expected_text(xy)},{expected_text(yy)}]"


def pair(kind, x, y, dtype="both", **known):
    return Case(kind, dtype, graded=True, x=input_text(x), y=input_text(y), **known)


def kind_of(*numbers):
    if any(map(math.isnan, numbers)):
        return "NaN"
    return "infinity" if any(map(math.isinf, numbers)) else "zero" if 0 in numbers else "ordinary"


FINITE = [(0.0, 0.0), (-0.0, 0.0), (0.0, 3.0), (-2.0, 0.0), (2.0, 3.0), (-0.5, 8.0)]
NOT_FINITE = [(INF, 2.0), (2.0, -INF), (INF, INF), (INF, -INF), (INF, 0.0), (0.0, -INF), (NAN, 1.0), (1.0, NAN), (NAN, 0.0),
              (INF, NAN)]


EXTREMES = [pair(kind, sign * limits[i], y, dtype) for dtype, limits in LIMITS.items()
            for kind, i, sign, y in (("subnormal", 0, 1, 2.0), ("subnormal", 1, -1, 0.5), ("smallest", 2, 1, 0.5),
                                     ("largest", 3, 1, 2.0), ("largest", 3, -1, 0.25))]


def bilinear(name, expression, f, value, slopes, second):
    """An operation whose value and slopes are known for numbers that are not finite."""
    edges = [pair(kind_of(x, y), x, y, value=given(expected_text(value(x, y)), "IEEE", "IEEE"),
                  J=given(text(*slopes(x, y)), "IEEE", "IEEE"), H=given(second, reason="constant")) for x, y in NOT_FINITE]
    return Function(name, expression, lambda x, y: [[f(x[0][0], y[0][0])]], "x,y",
                    [pair(kind_of(x, y), x, y) for x, y in FINITE] + EXTREMES + edges, exact=True)


# x ./ y


def quotient_case(x, y):
    """A quotient whose divisor is 0, or of numbers that are not finite."""
    kind = kind_of(x, y)
    if math.isnan(x) or math.isnan(y) or x == y == 0 or math.isinf(x) and math.isinf(y):
        return pair(kind, x, y, value=given("nan", "IEEE", "IEEE" if kind != "NaN" else "NaN"), rest=UNDEFINED)
    if math.isinf(y):
        return pair(kind, x, y, value=given("0", "mpmath", "limit"), J=given("[0,0]", "mpmath", "limit"),
                    H=given("[0,0;0,0]", "mpmath", "limit"))
    if math.isinf(x):
        return pair(kind, x, y, value=given(expected_text(mpf(x) * mpmath.sign(y)), "mpmath", "limit"),
                    J=given(text(1 / mpf(y), -mpf(x)), "mpmath", "limit"),
                    H=given(symmetric(0, -1 / mpf(y)**2, mpf(x) * mpmath.sign(y)), "mpmath", "limit"))
    sign = math.copysign(1, y)
    along = [limit(lambda t, k=k: x / t**k, 0, mpf(0), int(sign)) for k in (1, 2)]  # x/y and x/y²
    return pair(kind, x, y, value=given(expected_text(along[0]), "IEEE", "signed zero"),
                J=given(text(mpf(sign) * INF, -along[1]), "IEEE", "signed zero"),
                H=given(f"[0,-inf;-inf,{expected_text(along[0])}]", "IEEE", "signed zero"))


QUOTIENT_EDGES = [(1.0, 0.0), (1.0, -0.0), (-3.0, 0.0), (0.0, 0.0), (INF, 2.0), (-INF, 4.0), (2.0, INF), (2.0, -INF),
                  (INF, INF), (NAN, 1.0), (1.0, NAN)]
QUOTIENT_FINITE = [(0.0, 3.0), (2.0, 3.0), (-0.5, 8.0), (1.0, 2.0**-20)]
QUOTIENT_EXTREMES = [Case(kind, dtype, graded=True, x=x, y=y) for kind, dtype, x, y in (
    ("largest", "double", "1e308", "1e-308"), ("largest", "float", "1e38", "1e-38"), ("tiny", "double", "1e-308", "1e308"),
    ("tiny", "float", "1e-38", "1e38"), ("tiny", "double", "1e-300", "1e-300"), ("tiny", "float", "1e-37", "1e-37"),
    ("huge", "double", "1e300", "1e300"), ("huge", "float", "1e37", "1e37"))]

# x .^ y


def at_zero(y):
    """What is expected of x^y and its derivatives at x = 0: limits from above, along x for the derivatives by x."""
    def along(order):
        with mp.workdps(60):
            value = limit(lambda t: mpmath.power(t, mpf(y)), order, mpf(0), 1)
        return mpf(0) if value is None else value
    def free(value, order):
        """At x = 0 the other side may have another limit: skipped where a pole or a branch has no sign."""
        return "?" if mpmath.isinf(value) and y == int(y) and (int(y) - order) % 2 else value
    slope, curvature = [free(along(order), order) for order in (1, 2)]
    smooth = 0 if y > 0 else "?"  # 0^y is 0 for y > 0, and jumps at y = 0
    second = [curvature, 0 if y > 1 else "?", smooth]
    value = given(expected_text(along(0)), "mpmath", "limit") if y != 0 else given("1", "IEEE", "IEEE")
    return {"value": value, "J": given(f"[{expected_text(slope)},{smooth}]", "mpmath", "limit"),
            "H": given(symmetric(*second), "mpmath", "limit") if set(second) != {"?"} else TWO_LIMITS}


def below_zero(x, y):
    """x^y of a negative x and an integer y: its derivatives by y have no value."""
    with mp.workdps(60):
        x, k = mpf(x), int(y)
        value, slope, curvature = x**k, k * x**(k - 1), k * (k - 1) * x**(k - 2)
    return {"value": given(expected_text(value), "mpmath", ""), "J": given(f"[{expected_text(slope)},nan]", "mpmath", "domain"),
            "H": given(f"[{expected_text(curvature)},nan;nan,nan]", "mpmath", "domain")}


POWER_AT_ZERO = [0.0, 1.0, 2.0, 3.0, 0.5, 1.5, 2.5, -1.0, -2.0]
POWER_VALUES = [(INF, 0.0, 1), (NAN, 0.0, 1), (1.0, INF, 1), (1.0, NAN, 1), (2.0, INF, INF), (0.5, INF, 0), (2.0, -INF, 0),
                (INF, 2.0, INF), (INF, -1.0, 0), (-1.0, INF, 1), (-INF, 3.0, -INF), (0.0, INF, 0)]
POWER = [pair("zero", 0.0, y, **at_zero(y)) for y in POWER_AT_ZERO] + \
    [pair("ordinary", x, y) for x, y in ((2.0, 3.0), (2.0, 0.5), (0.5, -1.5), (1.0, 7.0), (2.0, 0.0), (3.0, 1.0))] + \
    [pair("domain edge", x, y, **below_zero(x, y)) for x, y in ((-2.0, 3.0), (-2.0, 2.0), (-0.5, -1.0))] + \
    [pair("domain edge", -2.0, 0.5, value=given("nan", "IEEE", "domain"), J=given("[nan,nan]", "IEEE", "domain"),
          H=given("[nan,nan;nan,nan]", "IEEE", "domain"))] + \
    [pair("NaN" if math.isnan(x) or math.isnan(y) else "infinity", x, y, value=given(expected_text(mpf(v)), "IEEE", "IEEE"),
          rest=UNDEFINED) for x, y, v in POWER_VALUES] + \
    [pair("NaN", x, y, value=given("nan", "IEEE", "NaN"), rest=INFINITE) for x, y in ((NAN, 1.0), (2.0, NAN))] + \
    [pair("saturation", 2.0, 1000.5, "double"), pair("saturation", 2.0, 120.5, "float"), pair("saturation", 2.0, -1060.0, "double"),
     pair("saturation", 2.0, -140.0, "float"), pair("largest", 2.0, 1100.0), pair("subnormal", 2.0, -1100.0),
     pair("smallest", LIMITS["double"][2], 0.5, "double"), pair("smallest", LIMITS["float"][2], 0.5, "float"),
     pair("largest", LIMITS["double"][3], 0.5, "double"), pair("largest", LIMITS["float"][3], 0.5, "float"),
     pair("saturation", 1 + 2.0**-20, 2.0**20)]


def power_function(name, expression):
    return Function(name, expression, lambda x, y: [[mpmath.power(x[0][0], y[0][0])]], "x,y", POWER, base=16, exact=True)


PAIRS = [
    bilinear("plus", "x+y", lambda x, y: x + y, lambda x, y: x + y, lambda x, y: (1, 1), "[0,0;0,0]"),
    bilinear("subtract", "x-y", lambda x, y: x - y, lambda x, y: x - y, lambda x, y: (1, -1), "[0,0;0,0]"),
    bilinear("times", "x.*y", lambda x, y: x * y, lambda x, y: x * y, lambda x, y: (y, x), "[0,1;1,0]"),
    bilinear("scalar product", "x*y", lambda x, y: x * y, lambda x, y: x * y, lambda x, y: (y, x), "[0,1;1,0]"),
    *[Function(name, expression, lambda x, y: [[x[0][0] / y[0][0]]], "x,y",
               [pair(kind_of(x, y), x, y) for x, y in QUOTIENT_FINITE] + QUOTIENT_EXTREMES +
               [quotient_case(x, y) for x, y in QUOTIENT_EDGES], exact=True)
      for name, expression in (("quotient", "x./y"), ("division by a scalar", "x/y"))],
    power_function("power", "x.^y"), power_function("pow of two", "pow(x,y)"), power_function("power of scalars", "x^y"),
]
