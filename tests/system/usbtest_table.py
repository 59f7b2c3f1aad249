# SPDX-License-Identifier: Apache-2.0
"""The table of usbtest's cases in docs/COMPATIBILITY.md."""

import tables
from lab import expect, test
from usbtest_tests import CASES, PEERS, RESULTS

SECTION = "usbtest"
OURS = [
    "case",
    "what it does",
    "usbip-server, high speed",
    "usbip-server, full speed",
    "usbip-server `--usb`, Gadget Zero on `dummy_hcd`, high speed",
]


def peers():
    """Titles and columns of the other servers: as now run, or as the file has them."""
    header, rows = tables.committed(SECTION)
    before = [
        (title, [row[at] for row in rows]) for at, title in enumerate(header) if at >= len(OURS)
    ]
    now = [(title, [results[case.number] for case in CASES]) for title, results in PEERS]
    # The same again need not get a new date.
    unchanged = [column for _, column in now] == [column for _, column in before]
    return before if not now or unchanged else now


@test
def usbtest_table(lab):
    ours = [RESULTS.get(speed, {}) for speed in ("high", "full", "gadget")]
    expect(all(len(column) == len(CASES) for column in ours), "not all cases were run")
    others = peers()
    rows = []
    for at, case in enumerate(CASES):
        cells = [column[case.number] for column in ours] + [column[at] for _, column in others]
        rows.append([str(case.number), case.what, *cells])
    header = OURS + [title for title, _ in others]
    tables.keep(SECTION, header, rows, compared=len(OURS))
