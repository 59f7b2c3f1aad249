# SPDX-License-Identifier: Apache-2.0
"""The last line of a unittest program as ./dev reads it."""

import sys
import unittest


def main(module):
    """Runs the tests of the module of that name, or those that the command line names, and ends the program."""
    load = unittest.defaultTestLoader
    tests = load.loadTestsFromNames(sys.argv[1:], sys.modules[module]) if sys.argv[1:] else load.loadTestsFromModule(sys.modules[module])
    result = unittest.TextTestRunner(stream=sys.stdout).run(tests)
    failed, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    passed = result.testsRun - failed - skipped
    print(f"# tests: {passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)
