# SPDX-License-Identifier: Apache-2.0
"""The last line of a unittest program as ./dev reads it."""

import sys
import unittest


def main(module):
    """Runs the tests of the module of that name and ends the program."""
    tests = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[module])
    result = unittest.TextTestRunner(stream=sys.stdout).run(tests)
    failed, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    passed = result.testsRun - failed - skipped
    print(f"# tests: {passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)
