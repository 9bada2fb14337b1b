"""What docs/conventions-at-kinks.md says."""

import pathlib

ORDERS = ["value", "J", "H"]
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def tables(page):
    """The rows of the tables of a Markdown page, as lists of cells."""
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


ROWS = tables((ROOT / "docs/conventions-at-kinks.md").read_text(encoding="utf-8"))
# by function and quantity: a number, "-" for nothing, "" where mathematics has the number
KINKS = {row[0]: dict(zip(ORDERS, row[2:])) for row in ROWS if len(row) == 5 and row[0] != "function"}
REASONS = {row[0]: row[1] for row in ROWS if len(row) == 3 and row[1] in ("checked", "skipped")}
