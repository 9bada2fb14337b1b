"""Numbers of float and double, and how the table writes them."""

import struct

import mpmath
from mpmath import mp, mpf

CODES = {"double": ("d", "q"), "float": ("f", "i")}  # of struct: the type, and an integer of its size
# smallest subnormal, largest subnormal, smallest normal, largest
LIMITS = {
    "double": (2.0**-1074, 2.0**-1022 - 2.0**-1074, 2.0**-1022, (2 - 2.0**-52) * 2.0**1023),
    "float": (2.0**-149, 2.0**-126 - 2.0**-149, 2.0**-126, (2 - 2.0**-23) * 2.0**127),
}
DIGITS = 19  # of a printed number: its rounding is far below the eps of double


def is_nan(x):
    return x != x


def is_inf(x):
    return x in (mpmath.inf, -mpmath.inf)


def rounded(x, dtype):
    """The nearest number of the type, as a Python float."""
    code = CODES[dtype][0]
    return struct.unpack(code, struct.pack(code, x))[0]


def neighbour(x, dtype, step):
    """The next number of the type away from 0 (step = 1) or towards 0 (−1)."""
    code, integer = CODES[dtype]
    bits = struct.unpack(integer, struct.pack(code, x))[0]
    return struct.unpack(code, struct.pack(integer, bits + step))[0]


def exact_in_float(x):
    return is_nan(x) or is_inf(x) or abs(x) <= LIMITS["float"][3] and rounded(float(x), "float") == x


def input_text(x):
    """The shortest decimal that reads back as the same double."""
    return repr(float(x)).removesuffix(".0")


def expected_text(x):
    """Far beyond the range of double a number is infinite or zero. A text stays as it is."""
    if isinstance(x, str):
        return x
    if is_nan(x):
        return "nan"
    if is_inf(x) or x != 0 and mpmath.mag(x) > 1200:  # mag: log2 |x|, rounded up
        return "inf" if x > 0 else "-inf"
    if x == 0 or mpmath.mag(x) < -1200:
        return "0"
    with mp.workdps(40):
        text = mpmath.nstr(+mpf(x), DIGITS, strip_zeros=True, min_fixed=-4, max_fixed=DIGITS)
    return text.replace(".0e", "e").removesuffix(".0")


def matrix_text(rows, entry):
    """[a,b;c,d], or the only entry."""
    if len(rows) == 1 and len(rows[0]) == 1:
        return entry(rows[0][0])
    return "[" + ";".join(",".join(entry(x) for x in row) for row in rows) + "]"
