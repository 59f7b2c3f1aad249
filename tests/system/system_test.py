#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""system_test.py SERVER GUEST_FILES [PART_OF_A_NAME...]: started by `run`, in a network of its own."""

import os
import signal
import sys
import tempfile
from pathlib import Path

import tool_tests  # noqa: F401  (the tests list themselves, in this order)
import client_tests  # noqa: F401
import usbtest_tests  # noqa: F401
import peer_tests  # noqa: F401
import class_tests  # noqa: F401
import chip_tests  # noqa: F401
import bringup_tests  # noqa: F401
import access_tests  # noqa: F401
import outage_tests  # noqa: F401
import holder_tests  # noqa: F401
import keep_tests  # noqa: F401
import device_kind_tests  # noqa: F401
import gadget_tests  # noqa: F401
import usbtest_table  # noqa: F401
import power_tests  # noqa: F401
import device_tests  # noqa: F401
import device_table  # noqa: F401
import end_tests  # noqa: F401
from lab import Lab, run_tests


def main():
    # One CPU for all: a wake-up across virtual CPUs costs up to milliseconds.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    # A time limit of the caller must not leave machines behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    program, guest_files, *wanted = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="usbip-system-") as logs:
        lab = Lab(Path(program), Path(guest_files), Path(logs))
        try:
            return 0 if run_tests(lab, wanted) else 1
        finally:
            lab.stop()


if __name__ == "__main__":
    sys.exit(main())
