# SPDX-License-Identifier: Apache-2.0
"""The table of real devices in docs/COMPATIBILITY.md."""

import tables
from lab import Skip, test
from real_lab import ROWS


@test
def real_devices_table(lab):
    if any(row[-1] == "not run" for row in ROWS.values()):
        raise Skip("not all tests of real devices were run")
    tables.keep("real devices", ["device", "speed", "what is done", "result"], list(ROWS.values()))
