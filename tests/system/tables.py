# SPDX-License-Identifier: Apache-2.0
"""Tables in docs/COMPATIBILITY.md: written by the test runs, between the marks of their section."""

import functools
import re
from pathlib import Path

from machines import Failure

FILE = Path(__file__).resolve().parents[2] / "docs" / "COMPATIBILITY.md"


def recorded(rows, cells, function):
    """The test `function` with a row among `rows`, by its name: these cells, and behind them its result."""
    rows[function.__name__] = [*cells, "not run"]

    @functools.wraps(function)
    def run(lab):
        rows[function.__name__][-1] = "fails"
        function(lab)
        rows[function.__name__][-1] = "passes"

    return run


def _place(section):
    begin, end = f"<!-- {section}: written by tests/system -->", f"<!-- {section}: end -->"
    return begin, end, re.compile(f"{re.escape(begin)}(.*?){re.escape(end)}", re.DOTALL)


def _cells(table):
    lines = [line.strip() for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def committed(section):
    """That table's header and rows, lists of cells; empty if there is none yet."""
    found = _place(section)[2].search(FILE.read_text())
    if not found:
        raise Failure(f"{FILE} has no place for {section}")
    lines = _cells(found.group(1))
    return (lines[0], lines[2:]) if lines else ([], [])


def keep(section, header, rows, compared=None):
    """Writes the table if the file has another one. If one of the first `compared` cells of a row
    (default: all) is new, the run found something else than the one before: it fails, so that
    somebody looks at the difference."""
    before = committed(section)[1]
    same = [row[:compared] for row in before] == [row[:compared] for row in rows]
    lines = [header, ["---"] * len(header), *rows]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    begin, end, place = _place(section)
    FILE.write_text(place.sub(lambda _: f"{begin}\n\n{table}\n\n{end}", FILE.read_text()))
    if not same:
        raise Failure(f"{section} is not as in {FILE.name}: it is now, see `git diff`")
