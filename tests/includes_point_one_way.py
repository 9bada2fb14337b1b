#!/usr/bin/env python3
"""Checks that the includes between the rooms of host/calculus point one way: a file may include its own room and the rooms
before it. Prints each include that does not. Usage: tests/includes_point_one_way.py"""

import pathlib
import re
import sys

CALCULUS = pathlib.Path(__file__).resolve().parent.parent / "host/calculus"
ROOMS = ["expression", "printing", "rewriting", "program", "terms", "differential", "derivation", "jacobian", "checking"]


def upward_includes():
    for file in sorted(CALCULUS.rglob("*.[ch]pp")):
        room = file.relative_to(CALCULUS).parts[0]
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            included = re.match(r'#include "calculus/(\w+)/', line)
            if included and ROOMS.index(included[1]) > ROOMS.index(room):
                yield f"{file.relative_to(CALCULUS.parent.parent)}:{number}: {room} includes {included[1]}"


found = list(upward_includes())
print("\n".join(found) if found else "the includes of host/calculus point one way: " + " < ".join(ROOMS))
sys.exit(bool(found))
