"""The functions of matrices of the grammar, compositions of them, and their cases."""

import mpmath
from mpmath import mp, mpf

from cases import INFINITE, LARGE, REFUSED, UNDEFINED, Case, Function, given
from floats import LIMITS, input_text
from matrices import (adjugate, cholesky, column, commutation, determinant, diagonal, direct_sum, expm, expm_jacobian,
                      expm_slope, full, inverse, khatri_rao, kron, log_softmax, logsumexp, mapped, mul, norm2, plus, power,
                      scaled, softmax, total, trace, transposed, unit, unvec, unvech, vec, vech)

IDENTITY, IDENTITY3, ZERO, ZERO3 = "1,0;0,1", "1,0,0;0,1,0;0,0,1", "0,0;0,0", "0,0,0;0,0,0;0,0,0"
# singular without a rounding error of elimination, so that a pivot is exactly 0
RANK1, RANK2_OF_3, RANK1_OF_3, EQUAL = "1,2;2,4", "4,2,1;2,1,3;4,2,3.5", "1,-1,2;2,-2,4;4,-4,8", "1,1;1,1"
ROUNDED_RANK2_OF_3 = "1,2,3;4,5,6;7,8,9"
ORDINARY, ORDINARY3 = "2,1;1,3", "4,-2,1;1,5,2;0,3,6"
SYMMETRIC3 = "4,2,-1;2,5,1;-1,1,3"


def times(number, text):
    """A matrix times a number, as text."""
    return ";".join(",".join(f"{float(t) * number:.12g}" for t in row.split(",")) for row in text.split(";"))


def diag(*numbers):
    return ";".join(",".join(input_text(t if i == j else 0) for j in range(len(numbers))) for i, t in enumerate(numbers))


def by_type(kind, double, single, **options):
    """The same case with numbers of the size that the type allows."""
    return [Case(kind, "double", **options, **double), Case(kind, "float", **options, **single)]


def empty(value, j, h, **values):
    return Case("empty", value=given(value, reason="empty"), J=given(j, reason="empty"), H=given(h, reason="empty"),
                **values)


def ieee(text):
    return given(text, "IEEE", "IEEE")


def nan(text="nan"):
    return given(text, "IEEE", "NaN")


# Functions of one square matrix

REGULAR = [
    Case("identity", X=IDENTITY), Case("identity", X=IDENTITY3), Case("ordinary", X=ORDINARY), Case("ordinary", X=ORDINARY3),
    Case("ordinary", X="-3"), Case("repeated", X="2,1;0,2", graded=True), Case("repeated", X="3,0;0,3", graded=True),
    Case("badly scaled", X=diag(2.0**-30, 2.0**30), graded=True), Case("badly scaled", X=diag(1e-9, 1e9), graded=True),
    *by_type("badly scaled", {"X": "1e9,1;1,1e-8"}, {"X": "1e6,1;1,1e-5"}, graded=True),
    *by_type("ill-conditioned", {"X": input_text(1) + ",1;1," + input_text(1 + 2.0**-20)},
             {"X": "1,1;1," + input_text(1 + 2.0**-8)}),
    *by_type("tiny", {"X": times(1e-90, ORDINARY)}, {"X": times(1e-11, ORDINARY)}),
    *by_type("huge", {"X": times(1e90, ORDINARY)}, {"X": times(1e11, ORDINARY)}),
]
FAR = by_type("tiny", {"X": times(1e-180, ORDINARY)}, {"X": times(1e-24, ORDINARY)}) + \
    by_type("huge", {"X": times(1e180, ORDINARY)}, {"X": times(1e24, ORDINARY)}) + \
    by_type("huge", {"X": "1e200,0;0,1e200"}, {"X": "1e30,0;0,1e30"}, graded=True)
HILBERT = ";".join(",".join(input_text(1 / (i + j + 1)) for j in range(4)) for i in range(4))


def singular(**known):
    return [Case("zero", X=ZERO, **known), Case("zero", X=ZERO3, **known), Case("deficient by 1", X=RANK1, **known),
            Case("deficient by 1", X=RANK2_OF_3, **known), Case("deficient by 2", X=RANK1_OF_3, **known),
            Case("equal entries", X=EQUAL, **known)]


def not_finite(**known):
    return [Case("NaN", X="nan,1;1,2", **known), Case("infinity", X="inf,0;0,1", **known)]


POLYNOMIAL = REGULAR + FAR + singular() + [Case("zero", X="0"), Case("deficient by 1", X=ROUNDED_RANK2_OF_3)]
INVERSE_CASES = REGULAR + singular(all=REFUSED) + [Case("zero", X="0", all=REFUSED), *not_finite(all=REFUSED)] + [
    empty("0x0", "0x0", "0x0", X="0x0"), Case("ill-conditioned", "double", X=HILBERT)] + [
    Case(case.kind, case.dtype, case.graded, H=INFINITE if case.kind == "tiny" else None, **case.texts) for case in FAR]
INFINITE_AT_SINGULAR = {"value": given("-inf", "mpmath", "limit"), "rest": INFINITE}


def zeros_of(rows, cols, reason="kink"):
    return given("[" + ";".join([",".join(["0"] * cols)] * rows) + "]", reason=reason)


def of_square(name, text, f, cases, **options):
    return Function(name, text, f, "X", cases, **options)


def det(X):
    return [[determinant(X)]]


def log_abs_det(X):
    return [[mpmath.log(abs(determinant(X)))]]


SQUARE = [
    of_square("inv", "inv(X)", inverse, INVERSE_CASES),
    of_square("det", "det(X)", det, POLYNOMIAL + [empty("1", "1x0", "0x0", X="0x0"),
                                                  Case("NaN", X="nan,1;1,2", value=nan(), rest=INFINITE)]),
    of_square("adj", "adj(X)", adjugate, [case for case in POLYNOMIAL if "," in case.texts["X"]] + [
        Case("ordinary", X="-3"), Case("zero", X="0"), empty("0x0", "0x0", "0x0", X="0x0"),
        Case("NaN", X="nan,1;1,2", value=nan("[2,-1;-1,nan]"), rest=INFINITE)]),
    of_square("logdet", "logdet(X)", log_abs_det, REGULAR + FAR + singular(**INFINITE_AT_SINGULAR) + [
        empty("0", "1x0", "0x0", X="0x0"), Case("ordinary", X="1,2;3,4"),
        Case("NaN", X="nan,1;1,2", value=nan(), rest=INFINITE)]),
    of_square("signdet", "signdet(X)", lambda X: [[mpmath.sign(determinant(X))]],
              REGULAR + FAR + [Case("ordinary", X="1,2;3,4"), empty("1", "1x0", "0x0", X="0x0"),
                               Case("NaN", X="nan,1;1,2", value=nan(), J=zeros_of(1, 4, reason="constant"),
                                    H=zeros_of(4, 4, reason="constant"))] + [
                  Case(case.kind, J=zeros_of(1, n), H=zeros_of(n, n), **case.texts)
                  for case in singular() for n in [4 if case.texts["X"].count(";") == 1 else 9]]),
    of_square("log det", "log(det(X))", lambda X: [[mpmath.log(determinant(X))]],
              [case for case in REGULAR + FAR if case.texts["X"] != "-3"] + singular(**INFINITE_AT_SINGULAR) + [
                  empty("0", "1x0", "0x0", X="0x0"),
                  *by_type("huge", {"X": diag(1e150, 1e150, 1e150)}, {"X": diag(1e20, 1e20, 1e20)}, graded=True),
                  *by_type("tiny", {"X": diag(1e-150, 1e-150, 1e-150)}, {"X": diag(1e-20, 1e-20, 1e-20)}, graded=True),
                  Case("domain edge", X="1,2;3,4", value=given("nan", "IEEE", "domain"), rest=UNDEFINED)]),
    of_square("chol", "chol(X)", cholesky, [
        Case("identity", X=IDENTITY), Case("identity", X=IDENTITY3), Case("ordinary", X=ORDINARY),
        Case("ordinary", X=SYMMETRIC3), Case("ordinary", X="4"), Case("ordinary", X="4,1;3,3"),
        Case("repeated", X="3,0;0,3", graded=True),
        Case("badly scaled", X=diag(2.0**-30, 2.0**30), graded=True),
        *by_type("ill-conditioned", {"X": "1,1;1," + input_text(1 + 2.0**-20)}, {"X": "1,1;1," + input_text(1 + 2.0**-8)}),
        *by_type("tiny", {"X": times(1e-90, ORDINARY)}, {"X": times(1e-11, ORDINARY)}),
        *by_type("huge", {"X": times(1e90, ORDINARY)}, {"X": times(1e11, ORDINARY)}),
        *singular(all=REFUSED), Case("zero", X="0", all=REFUSED), Case("domain edge", X="-1", all=REFUSED),
        Case("domain edge", X="1,2;2,1", all=REFUSED), Case("NaN", X="nan,1;1,2", all=REFUSED),
        empty("0x0", "0x0", "0x0", X="0x0")]),
    of_square("inverse power", "X^-1", inverse, [Case("ordinary", X=ORDINARY), Case("zero", X=ZERO, all=REFUSED)]),
    of_square("inverse power 2", "X^-2", lambda X: power(X, -2), [
        Case("ordinary", X=ORDINARY), Case("badly scaled", X=diag(2.0**-30, 2.0**30), graded=True),
        Case("zero", X=ZERO, all=REFUSED)]),
    *[of_square(f"matrix power {k}", f"X^{k}", lambda X, k=k: power(X, k), [
        Case("zero", X=ZERO), Case("identity", X=IDENTITY), Case("deficient by 1", X=RANK1), Case("equal entries", X=EQUAL),
        Case("ordinary", X=ORDINARY), Case("repeated", X="2,1;0,2", graded=True),
        *by_type("tiny", {"X": times(1e-90, ORDINARY)}, {"X": times(1e-11, ORDINARY)}),
        empty("0x0", "0x0", "0x0", X="0x0")]) for k in (0, 1, 2, 3)],
    of_square("trace inv", "tr(inv(X))", lambda X: trace(inverse(X)), [
        Case("ordinary", X=ORDINARY), Case("badly scaled", X=diag(2.0**-30, 2.0**30), graded=True),
        Case("zero", X=ZERO, all=REFUSED)]),
]

# Functions of exponentials of matrices

EXPONENTIAL_CASES = [
    Case("zero", X=ZERO), Case("identity", X=IDENTITY), Case("ordinary", X=ORDINARY), Case("equal entries", X=EQUAL),
    Case("ordinary", X="5"), Case("repeated", X="2,1;0,2", graded=True), Case("repeated", X="0,1;0,0", graded=True),
    *by_type("badly scaled", {"X": "0,1e-8;-1e8,-3"}, {"X": "0,1e-4;-1e4,-3"}, graded=True),
    *by_type("badly scaled", {"X": "0,1e-6;-1e6,-3"}, {"X": "0,1e-3;-1e3,-3"}, graded=True),
    Case("badly scaled", X="1,1e6;0,-1", graded=True),
    *by_type("tiny", {"X": times(1e-90, ORDINARY)}, {"X": times(1e-11, ORDINARY)}),
    Case("saturation", X="-40,1;1,-40"), Case("saturation", X="0,-40;40,0"),
    *by_type("saturation", {"X": diag(-700., 2.)}, {"X": diag(-80., 2.)}, graded=True),
]
EXPM = [
    of_square("expm", "expm(X)", expm, EXPONENTIAL_CASES + [
        Case("ordinary", X=ORDINARY3), Case("saturation", X=diag(-1000., -2000.), graded=True),
        *by_type("saturation", {"X": diag(700., -700.)}, {"X": diag(80., -80.)}, graded=True, H=INFINITE),
        Case("huge", X="1000,0;0,-1", rest=INFINITE, graded=True), Case("huge", X="1e30,0;0,1", rest=INFINITE, graded=True),
        empty("0x0", "0x0", "0x0", X="0x0"), Case("NaN", X="nan,1;1,2", value=nan("[nan,nan;nan,nan]"), rest=INFINITE)],
        base=16),
    of_square("jexpm", "jexpm(X)", expm_jacobian, [
        Case("zero", X=ZERO, H=LARGE), Case("identity", X=IDENTITY, H=LARGE), Case("ordinary", X=ORDINARY), Case("ordinary", X="5"),
        Case("repeated", X="2,1;0,2", H=LARGE), Case("saturation", X="-40,1;1,-40", H=LARGE),
        empty("0x0", "0x0", "0x0", X="0x0")], base=64),
    Function("dexpm", "dexpm(A,U)", lambda A, U: expm_slope(A, U), "A,U", [
        Case("zero", A=ZERO, U=ORDINARY), Case("zero", A=ORDINARY, U=ZERO), Case("identity", A=IDENTITY, U=RANK1),
        Case("ordinary", A=ORDINARY, U="1,-1;2,0.5"), Case("repeated", A="0,1;0,0", U=ORDINARY), Case("ordinary", A="2", U="3"),
        *by_type("tiny", {"A": ORDINARY, "U": times(1e-90, EQUAL)}, {"A": ORDINARY, "U": times(1e-11, EQUAL)}),
        empty("0x0", "0x0", "0x0", A="0x0", U="0x0")], base=32),
]

# Solutions of equations

SOLVE_CASES = [
    Case("identity", A=IDENTITY, B="3;-5"), Case("ordinary", A=ORDINARY, B="1,2;-1,0.5"), Case("zero", A=ORDINARY, B="0;0"),
    Case("ordinary", A=ORDINARY3, B="1;2;-3"), Case("repeated", A="2,1;0,2", B="1;-3"), Case("ordinary", A="-4", B="3,5"),
    Case("badly scaled", A=diag(2.0**-30, 2.0**30), B="1;-3", graded=True),
    Case("badly scaled", A=diag(1e-9, 1e9), B="1;-3", graded=True),
    *by_type("badly scaled", {"A": "1e9,1;1,1e-8", "B": "1;2"}, {"A": "1e6,1;1,1e-5", "B": "1;2"}, graded=True),
    *by_type("ill-conditioned", {"A": "1,1;1," + input_text(1 + 2.0**-20), "B": "1;2"},
             {"A": "1,1;1," + input_text(1 + 2.0**-8), "B": "1;2"}),
    Case("ill-conditioned", "double", A=HILBERT, B="1;-1;1;2"),
    *by_type("tiny", {"A": times(1e-90, ORDINARY), "B": "1;-3"}, {"A": times(1e-11, ORDINARY), "B": "1;-3"}),
    *by_type("huge", {"A": times(1e90, ORDINARY), "B": "1;-3"}, {"A": times(1e11, ORDINARY), "B": "1;-3"}),
    *[Case(kind, A=a, B=b, all=REFUSED) for kind, a, b in (
        ("zero", ZERO, "1;2"), ("zero", "0", "1"), ("deficient by 1", RANK1, "1;2"), ("deficient by 1", RANK2_OF_3, "1;2;3"),
        ("deficient by 2", RANK1_OF_3, "1;2;3"), ("equal entries", EQUAL, "1;1"), ("NaN", "nan,1;1,2", "1;2"),
        ("infinity", "inf,0;0,1", "1;2"))],
    empty("0x2", "0x0", "0x0", A="0x0", B="0x2"),
]
SOLVE = [Function("solve", "solve(A,B)", lambda A, B: mul(inverse(A), B), "A,B", SOLVE_CASES)]

# Norms and sums of entries

SUBNORMAL = {dtype: input_text(LIMITS[dtype][0]) for dtype in LIMITS}
LARGEST = {dtype: input_text(LIMITS[dtype][3]) for dtype in LIMITS}


def at_ends(entry, **options):
    """Cases with the smallest and the largest numbers of a type: entry takes their text to the values."""
    return [Case(kind, dtype, **options, **entry(text[dtype])) for kind, text in (("subnormal", SUBNORMAL), ("largest", LARGEST))
            for dtype in ("double", "float")]


KINK = {"J": given("[0,0]"), "H": UNDEFINED}
NORM2_CASES = [
    Case("ordinary", x="3;4"), Case("ordinary", x="-3"), Case("ordinary", x="1,2;-2,4"), Case("equal entries", x="1;1;1;1"),
    Case("zero", x="0;0", **KINK), Case("zero", x="0", J=given("0"), H=UNDEFINED), Case("zero", x="0;-2", graded=True),
    *by_type("huge", {"x": "1e200;1e200"}, {"x": "1e30;1e30"}), *by_type("tiny", {"x": "1e-200;1e-200"}, {"x": "1e-30;1e-30"}),
    *by_type("badly scaled", {"x": "1e200;1e-100"}, {"x": "1e30;1e-6"}, graded=True),
    *by_type("badly scaled", {"x": "1;1e-200"}, {"x": "1;1e-30"}, graded=True),
    Case("subnormal", "double", x=SUBNORMAL["double"] + ";0", H=INFINITE),
    Case("subnormal", "float", x=SUBNORMAL["float"] + ";0", H=INFINITE),
    Case("largest", "double", x=LARGEST["double"] + ";0", graded=True),
    Case("largest", "float", x=LARGEST["float"] + ";0", graded=True),
    *by_type("largest", {"x": "1.5e308;1.5e308"}, {"x": "3e38;3e38"}, value=given("inf", "IEEE", "IEEE"), rest=INFINITE),
    Case("infinity", x="inf;1", value=ieee("inf"), rest=INFINITE), Case("NaN", x="nan;1", value=nan(), rest=INFINITE),
]


def squared_norm(x):
    return total(x, lambda t: t * t)


SQUARED_NORM_CASES = [
    Case("zero", x="0;0"), Case("zero", x="0"), Case("zero", x=ZERO), Case("ordinary", x="3;4"), Case("ordinary", x="-3"),
    *by_type("tiny", {"x": "1e-200;1e-200"}, {"x": "1e-30;1e-30"}), *by_type("huge", {"x": "1e200;0"}, {"x": "1e30;0"}),
    *by_type("badly scaled", {"x": "1e100;1e-100"}, {"x": "1e15;1e-15"}, graded=True),
]


def residual(A, x, b):
    return plus(mul(A, x), b, -1)


EMPTY_SUM = [empty("0", "1x0", "0x0", x=size) for size in ("0x0", "0x2", "2x0")]
def zero_times_root(c, x):
    """c·√x, which is 0 for c = 0 also beside x = 0."""
    return c * mpmath.sqrt(x) if c else mpf(0)


RESIDUAL = {"A": "1,2;3,4;5,6", "x": "1;-1", "b": "-1;-1;-1"}
NORMS = [
    Function("norm2", "norm2(x)", norm2, "x", NORM2_CASES + EMPTY_SUM),
    Function("norm2 squared", "norm2(x)^2", squared_norm, "x", SQUARED_NORM_CASES + EMPTY_SUM, exact=True),
    Function("sum of squares", "sum(square(x))", squared_norm, "x", SQUARED_NORM_CASES, exact=True),
    Function("root of sum of squares", "sqrt(sum(square(x)))", norm2, "x", [
        Case("ordinary", x="3;4"), Case("zero", x="0;0", **KINK)]),
    Function("root of product", "sqrt(x'*x)", norm2, "x", [Case("ordinary", x="3;4"), Case("zero", x="0;0", **KINK)]),
    Function("norm2 of residual", "norm2(A*x-b)", lambda A, x, b: norm2(residual(A, x, b)), "x", [
        Case("zero", **RESIDUAL, **KINK), Case("ordinary", **{**RESIDUAL, "b": "1;0;2"})]),
    Function("squared norm2 of residual", "norm2(A*x-b)^2", lambda A, x, b: squared_norm(residual(A, x, b)), "x", [
        Case("zero", **RESIDUAL), Case("ordinary", **{**RESIDUAL, "b": "1;0;2"})]),
    Function("norm1", "norm1(x)", lambda x: total(x, abs), "x", [
        Case("ordinary", x="3;-4"), Case("ordinary", x="-3"),
        Case("zero", x="0;0", J=given("[0,0]"), H=given("[0,0;0,0]")), Case("zero", x="0", J=given("0"), H=given("0")),
        Case("zero", x="3;0;-4", J=given("[1,0,-1]"), H=given("[0,0,0;0,0,0;0,0,0]")),
        *by_type("huge", {"x": "1e200;-1e200"}, {"x": "1e30;-1e30"}), *at_ends(lambda t: {"x": f"{t};-{t}"}),
        Case("infinity", x="-inf;1", value=ieee("inf"), J=given("[-1,1]", reason="constant"),
             H=given("[0,0;0,0]", reason="constant")),
        Case("NaN", x="nan;1", value=nan(), J=nan("[nan,1]"), H=given("[0,0;0,0]", reason="constant")), *EMPTY_SUM],
        exact=True),
    Function("root of zero coefficient", "c'*sqrt(x)", lambda x, c: total(mapped(zero_times_root, c, x)), "x", [
        Case("zero", x="0;1", c="0;1"), Case("ordinary", x="4;1", c="-1;2")], exact=True),
]


def linear(name, text, f, by="X", cases=(), ordinary=({"X": ORDINARY},), none=()):
    """A function whose entries are entries of X, or sums of them."""
    return Function(name, text, f, by, [Case("ordinary", **values) for values in ordinary] + list(cases) + list(none),
                    exact=True)


def copies(name, text, f, extra=(), none=(), shape="2x2"):
    """A linear function of a matrix, at the usual edges."""
    def filled(t):
        rows, cols = map(int, shape.split("x"))
        return {"X": ";".join([",".join([t] * cols)] * rows)}
    ordinary = {"2x2": "1,2;-3,4", "2x3": "1,2,5;-3,4,0.5", "3x1": "1;2;-3", "6x1": "1;2;-3;4;5;-6"}[shape]
    return linear(name, text, f, cases=[Case("zero", **filled("0")), *at_ends(filled), *extra], ordinary=[{"X": ordinary}],
                  none=none)


LINEAR = [
    copies("tr", "tr(X)", trace, none=[empty("0", "1x0", "0x0", X="0x0")]),
    copies("trace", "trace(X)", trace),
    copies("sum", "sum(X)", total, shape="2x3", none=[empty("0", "1x0", "0x0", X=size) for size in ("0x0", "0x2", "2x0")]),
    copies("vec", "vec(X)", lambda X: column(vec(X)), shape="2x3", none=[empty("0x1", "0x0", "0x0", X="0x2")]),
    copies("neg", "neg(X)", lambda X: scaled(-1, X), none=[empty("0x2", "0x0", "0x0", X="0x2")]),
    copies("minus", "-X", lambda X: scaled(-1, X)),
    copies("transpose", "transpose(X)", transposed, shape="2x3", none=[empty("2x0", "0x0", "0x0", X="0x2")]),
    copies("prime", "X'", transposed, shape="2x3"),
    copies("vech", "vech(X)", vech, none=[empty("0x1", "0x0", "0x0", X="0x0")]),
    copies("unvech", "unvech(X)", lambda X: unvech(X), shape="3x1", none=[empty("0x0", "0x0", "0x0", X="0x1")]),
    copies("unvec", "unvec(X,2,3)", lambda X: unvec(vec(X), 2, 3), shape="6x1"),
    copies("diag", "diag(X)", lambda X: column([X[i][i] for i in range(len(X))]), none=[empty("0x1", "0x0", "0x0", X="0x0")]),
    copies("diag of a vector", "diag(X)", lambda X: diagonal(vec(X)), shape="3x1",
           none=[empty("0x0", "0x0", "0x0", X="0x1")]),
    copies("Diag", "Diag(X)", lambda X: diagonal(vec(X)), none=[empty("0x0", "0x0", "0x0", X="0x2")]),
    copies("K", "K(2,3)*vec(X)", lambda X: mul(commutation(2, 3), column(vec(X))), shape="2x3"),
    copies("L", "L(2)*vec(X)", vech),
    copies("eye", "eye(2)*X", lambda X: X),
    copies("zeros", "zeros(2,2)+X", lambda X: X),
    copies("ones", "ones(2,2).*X", lambda X: X),
]
LINEAR += [
    linear("sum at infinity", "sum(X)", total, cases=[
        Case("infinity", X="inf;1", value=ieee("inf"), J=given("[1,1]", reason="constant"),
             H=given("[0,0;0,0]", reason="constant")),
        Case("infinity", X="inf;-inf", value=ieee("nan"), J=given("[1,1]", reason="constant"),
             H=given("[0,0;0,0]", reason="constant")),
        Case("NaN", X="nan;1", value=nan(), J=given("[1,1]", reason="constant"), H=given("[0,0;0,0]", reason="constant"))]),
]

# Exponentials of columns

DOWN = "-1e7"  # stands for −∞: its exponential is 0 in any printed number
UP = "1e7"
COLUMNS = [
    Case("equal entries", x="0;0;0"), Case("ordinary", x="1;2;3"), Case("ordinary", x="5"), Case("ordinary", x="1,-2;3,0.5"),
    Case("equal entries", x="1e16;1e16;1e16"), Case("equal entries", x="1000;1000"), Case("equal entries", x="-1000;-1000"),
    *by_type("largest", {"x": "1e308;1e308"}, {"x": "1e38;1e38"}), *by_type("largest", {"x": "-1e308;-1e308"}, {"x": "-1e38;-1e38"}),
    Case("saturation", x="1000;0"), Case("saturation", x="40;0"), Case("saturation", x="0;-104"), Case("saturation", x="1e16;0"),
    Case("saturation", x="0,1000;1,1001"), *by_type("saturation", {"x": "720;0"}, {"x": "95;0"}),
    *by_type("tiny", {"x": "1e-300;-1e-300"}, {"x": "1e-37;-1e-37"}),
    Case("infinity", x="-inf;0", near={"x": f"{DOWN};0"}),
]


def exponential(name, text, f, cases, **options):
    return Function(name, text, f, "x", COLUMNS + cases, **options)


LOGSUMEXP_CASES = [
    Case("infinity", x="inf;1", near={"x": f"{UP};1"}, value=given("inf", "mpmath", "limit")),
    Case("infinity", x="-inf;-inf", value=given("-inf", "mpmath", "limit"), rest=UNDEFINED),
    Case("NaN", x="nan;1", value=nan(), rest=INFINITE),
]
SOFTMAX_CASES = [
    Case("infinity", x="inf;1", near={"x": f"{UP};1"}), Case("infinity", x="-inf;-inf", all=UNDEFINED),
    Case("NaN", x="nan;1", value=nan("[nan;nan]"), rest=INFINITE), empty("0x2", "0x0", "0x0", x="0x2"),
]
LOG_SOFTMAX_CASES = [Case("NaN", x="nan;1", value=nan("[nan;nan]"), rest=INFINITE), empty("0x2", "0x0", "0x0", x="0x2")]
# near a limit of −∞ the value of log softmax is −∞
WITHOUT_INFINITY = [case for case in COLUMNS if case.kind != "infinity"]
INFINITE_LOG = [Case("infinity", x="-inf;0", near={"x": f"{DOWN};0"}, value=given("[-inf;0]", "mpmath", "limit"))]
EXPONENTIALS = [
    exponential("softmax", "softmax(x)", softmax, SOFTMAX_CASES, exact=True, terms=True),
    exponential("logsumexp", "logsumexp(x)", logsumexp, LOGSUMEXP_CASES + [
        empty("[-inf,-inf]", "2x0", "0x0", x="0x2")], exact=True, terms=True),
    Function("log sum exp", "log(sum(exp(x)))", lambda x: [[mpmath.log(total(x, mpmath.exp)[0][0])]], "x",
             COLUMNS + LOGSUMEXP_CASES, exact=True, terms=True),
    Function("log softmax", "log(softmax(x))", log_softmax, "x", WITHOUT_INFINITY + INFINITE_LOG + LOG_SOFTMAX_CASES, exact=True, terms=True),
    Function("logsoftmax", "logsoftmax(x)", log_softmax, "x", WITHOUT_INFINITY + INFINITE_LOG + LOG_SOFTMAX_CASES, exact=True, terms=True),
    Function("cross entropy", "-sum(y.*log(softmax(x)))",
             lambda x, y: total(mapped(lambda p, q: -p * q, y, log_softmax(x))), "x", [
        Case("ordinary", x="1;2;3", y="0;1;0"), Case("saturation", x="0;1000", y="1;0"),
        *by_type("largest", {"x": "1e308;1e308", "y": "0;1"}, {"x": "1e38;1e38", "y": "0;1"})], exact=True, terms=True),
]

# Functions of two matrices


def products(name, text, f, shapes, bases, **options):
    """A function whose entries are products of entries of A and B, at the usual edges."""
    def filled(a, b):
        return {symbol: ";".join([",".join([t] * cols)] * rows) for symbol, t, (rows, cols) in zip("AB", (a, b), shapes)}
    cases = [Case("ordinary", **bases), Case("zero", **filled("0", "0")), Case("zero", **{**bases, "B": filled("0", "0")["B"]}),
             Case("equal entries", **filled("1", "1")),
             *by_type("tiny", filled("1e-300", "2"), filled("1e-37", "2")),
             *by_type("tiny", filled("1e-200", "1e-200"), filled("1e-30", "1e-30")),
             *by_type("huge", filled("1e200", "1e200"), filled("1e30", "1e30")),
             *by_type("badly scaled", filled("1e200", "1e-200"), filled("1e30", "1e-30"))]
    return Function(name, text, f, "A,B", cases + list(options.pop("none", ())), exact=True, **options)


ROW_AND_COLUMN = [(1, 2), (2, 1)]
ROW_AND_COLUMN_VALUES = {"A": "2,-3", "B": "0.5;5"}
SQUARES, SQUARE_VALUES = [(2, 2), (2, 2)], {"A": "1,2;-3,4", "B": "0.5,-1;3,2"}
PRODUCTS = [
    products("kron", "kron(A,B)", kron, ROW_AND_COLUMN, ROW_AND_COLUMN_VALUES,
             none=[empty("0x0", "0x0", "0x0", A="0x2", B="2x0"), Case("ordinary", A="1,2;3,4", B="5,6;7,8")]),
    products("kron sign", "A ⊗ B", kron, ROW_AND_COLUMN, ROW_AND_COLUMN_VALUES),
    products("khatrirao", "khatrirao(A,B)", khatri_rao, [(2, 2), (1, 2)], {"A": "1,2;-3,4", "B": "0.5,-1"},
             none=[empty("4x0", "0x0", "0x0", A="2x0", B="2x0")]),
    products("khatrirao sign", "A ∗ B", khatri_rao, [(2, 2), (1, 2)], {"A": "1,2;-3,4", "B": "0.5,-1"}),
    products("dirsum", "dirsum(A,B)", direct_sum, ROW_AND_COLUMN, ROW_AND_COLUMN_VALUES,
             none=[empty("0x0", "0x0", "0x0", A="0x0", B="0x0"), empty("2", "1", "0", A="0x0", B="2")]),
    products("dirsum sign", "A ⊕ B", direct_sum, ROW_AND_COLUMN, ROW_AND_COLUMN_VALUES),
    products("hadamard", "hadamard(A,B)", lambda A, B: mapped(lambda p, q: p * q, A, B), SQUARES, SQUARE_VALUES,
             none=[empty("0x2", "0x0", "0x0", A="0x2", B="0x2")]),
    products("inner", "sum(A.*B)", lambda A, B: total(mapped(lambda p, q: p * q, A, B)), SQUARES, SQUARE_VALUES,
             none=[empty("0", "1x0", "0x0", A="0x2", B="0x2")]),
    products("trace of product", "tr(A'*B)", lambda A, B: total(mapped(lambda p, q: p * q, A, B)), SQUARES, SQUARE_VALUES),
    products("product", "A*B", mul, SQUARES, SQUARE_VALUES,
             none=[empty("[0,0;0,0]", "4x0", "0x0", A="2x0", B="0x2"), empty("0x0", "0x0", "0x0", A="0x2", B="2x0")]),
    products("sum of two", "A+B", plus, SQUARES, SQUARE_VALUES, none=[empty("0x2", "0x0", "0x0", A="0x2", B="0x2")]),
    products("difference", "A-B", lambda A, B: plus(A, B, -1), SQUARES, SQUARE_VALUES),
    products("product with a scalar", "A*B", lambda A, B: scaled(A[0][0], B), [(1, 1), (2, 2)], {"A": "-3", "B": "1,2;3,4"}),
    products("quadratic form", "A'*B*A", lambda A, B: mul(mul(transposed(A), B), A), [(2, 1), (2, 2)],
             {"A": "1;-2", "B": "1,2;3,4"}),
]
