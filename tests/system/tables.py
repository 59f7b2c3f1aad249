# SPDX-License-Identifier: Apache-2.0
"""Tables in docs/COMPATIBILITY.md: written by the test runs, between the marks of their section."""

import re
from pathlib import Path

from machines import Failure

FILE = Path(__file__).resolve().parents[2] / "docs" / "COMPATIBILITY.md"


def _marks(section):
    return f"<!-- {section}: written by tests/system -->", f"<!-- {section}: end -->"


def committed(section) -> dict:
    """The rows of that table: the first cell, and the list of all cells."""
    begin, end = _marks(section)
    text = FILE.read_text().split(begin)[1].split(end)[0]
    rows = [line.strip().strip("|").split("|") for line in text.splitlines() if "|" in line]
    cells = [[cell.strip() for cell in row] for row in rows[2:]]
    return {row[0]: row for row in cells}


def keep(section, header, rows):
    """Writes the table if it is not what the file has: then the run found something else than the
    one before, and fails, so that somebody looks at the difference."""
    begin, end = _marks(section)
    lines = [header, ["---"] * len(header), *rows]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    before = FILE.read_text()
    place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    after, count = place.subn(lambda _: f"{begin}\n\n{table}\n\n{end}", before)
    if count != 1:
        raise Failure(f"{FILE} has no place for {section}")
    if after != before:
        FILE.write_text(after)
        raise Failure(f"{section} is not as in {FILE.name}: it is now, see `git diff`")
