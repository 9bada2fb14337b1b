"""The lines of tests/edges/table.tsv, and their counts in docs/edges.md."""

import collections

from conventions import ORDERS, REASONS, ROWS

COLUMNS = ["function", "expression", "bindings", "by", "quantity", "dtype", "class", "expected", "tolerance", "source",
           "reason"]
SOURCES = ["mpmath", "convention", "IEEE", "refused", "skipped"]
HEADER = """\
# Written by: python3 tests/edges/generate.py (needs mpmath). Do not edit. docs/edges.md explains the columns.
"""
PAGE = """\
# Edges

`tests/edges/table.tsv` says what every function of the grammar, its Jacobian and its Hessian are at the edges: at zeros
and infinities, at the smallest and largest numbers, where functions saturate, at the ends of domains, and for matrices
that are singular, badly scaled, empty or have repeated eigenvalues. `./run edges` compares each line with every way to compute it, on every
device (`tests/edges/edges_test.cpp`), fails for a function without lines, and counts the lines that are still open.
Because some are, it is not yet part of `./run test`.

`python3 tests/edges/generate.py` writes the table and this page, from definitions of the functions in mpmath and from
[conventions-at-kinks.md](conventions-at-kinks.md). It does not use kronvec.

| column | what it says |
|---|---|
| `function` | a name, under which the test reports |
| `expression`, `bindings` | what `kronvec evaluate` takes; `2x0` is a matrix without entries |
| `by` | the variables of the derivatives, side by side |
| `quantity` | `value`; `J`, the Jacobian; `H`, the Hessian of a scalar function, or of the sum of the entries with the weights 1, −2, 3, … |
| `dtype` | `double`, `float`, or `both` where the input is exact in both |
| `class` | the kind of edge |
| `expected` | a number or a matrix, rows separated by `;`. `±inf` is an infinity of either sign, `?` is anything, `error` a `DomainError`, `-` a line that is not tested |
| `tolerance` | in units of eps (2⁻⁵² or 2⁻²³), relative to each entry and at least to the smallest normal number; `8 of 3.5` is relative to 3.5 for smaller entries. A number beyond the largest is expected as infinity |
| `source`, `reason` | where the expected value comes from: `mpmath`, a `convention`, `IEEE`, or `refused`; and why, by a name of [conventions-at-kinks.md](conventions-at-kinks.md) |

The tolerance has a factor for conditioning, max(1, ‖∣J∣·∣vec X∣‖/‖F‖) and likewise for J, in the largest norm or by
entries, where a matrix has to be factored or exponentiated.
"""


class Table:
    def __init__(self):
        self.rows = []

    def add(self, **cells):
        name = cells["reason"].split(":")[0]
        skipped = cells["source"] == "skipped"
        assert not name or name in REASONS, f"docs/conventions-at-kinks.md has no reason {name}"
        assert skipped == (cells["expected"] == "-"), cells
        assert not skipped or REASONS[name] == "skipped", cells
        self.rows.append({**cells, "tolerance": "-" if skipped else cells["tolerance"]})

    def text(self):
        lines = ["\t".join(COLUMNS)] + ["\t".join(row[column] for column in COLUMNS) for row in self.rows]
        return HEADER + "\n".join(lines) + "\n"

    def page(self):
        numbers = sum(row["source"] == "mpmath" for row in self.rows)
        checked = sum(row["source"] != "skipped" for row in self.rows)
        assert numbers >= 0.9 * checked, f"{numbers} of {checked} expected values come from mpmath"
        share = f"{numbers} of the {checked} expected values come from mpmath ({100 * numbers / checked:.1f}%).\n"
        return "\n".join([PAGE, "## Lines by source\n", share, *self.by_source(), "", "## Lines by function and class\n",
                          "Tested lines of the value, the Jacobian and the Hessian; in brackets the lines that are "
                          "skipped.\n", *self.by_class(), "", "## Skipped lines\n", *self.by_reason()]) + "\n"

    def by_source(self):
        count = collections.Counter((row["source"], row["quantity"]) for row in self.rows)
        yield "| quantity | " + " | ".join(SOURCES) + " |\n|---|" + "---|" * len(SOURCES)
        for quantity in ORDERS:
            yield f"| {quantity} | " + " | ".join(str(count[source, quantity]) for source in SOURCES) + " |"

    def by_class(self):
        functions = list(dict.fromkeys(row["function"] for row in self.rows))
        classes = list(dict.fromkeys(row["class"] for row in self.rows))
        count = collections.Counter((row["function"], row["class"], row["quantity"], row["source"] == "skipped")
                                    for row in self.rows)
        yield "| function | " + " | ".join(classes) + " |\n|---|" + "---|" * len(classes)
        for f in functions:
            yield f"| {f} | " + " | ".join(self.cell(count, f, c) for c in classes) + " |"

    @staticmethod
    def cell(count, function, kind):
        tested, skipped = [[count[function, kind, quantity, flag] for quantity in ORDERS] for flag in (False, True)]
        text = " ".join(map(str, tested)) if any(tested) else ""
        return text + (f" ({sum(skipped)})" if any(skipped) else "")

    def by_reason(self):
        count = collections.Counter(row["reason"] for row in self.rows if row["source"] == "skipped")
        texts = {row[0]: row[2] for row in ROWS if len(row) == 3}
        yield "| reason | lines | |\n|---|---|---|"
        for reason, lines in sorted(count.items()):
            yield f"| {reason} | {lines} | {texts[reason]} |"
