#!/usr/bin/env python3
"""Writes tests/edges/table.tsv and docs/edges.md: what the functions and their derivatives are at the edges.

  pip install mpmath
  python3 tests/edges/generate.py

mpmath computes every number from the definition of the function, with at least 45 digits, at the exact input (for float, the
input rounded to float): derivatives as central differences in hundreds of digits, of which two step sizes must agree, and
limits from points that approach them. Where a function has no derivative, docs/conventions-at-kinks.md says what is expected.
The output does not depend on the machine. kronvec is not used.
"""

import pathlib

import cases
import elementwise
from conventions import ROOT
from matrix_functions import EXPM, EXPONENTIALS, LINEAR, NORMS, PRODUCTS, SOLVE, SQUARE
from pairs import PAIRS
from table import Table


def main():
    table = Table()
    elementwise.add_lines(table)
    cases.add_lines(table, [*PAIRS, *SQUARE, *SOLVE, *EXPM, *NORMS, *LINEAR, *EXPONENTIALS, *PRODUCTS])
    here = pathlib.Path(__file__).resolve().parent
    (here / "table.tsv").write_text(table.text(), encoding="utf-8")
    (ROOT / "docs/edges.md").write_text(table.page(), encoding="utf-8")


if __name__ == "__main__":
    main()
