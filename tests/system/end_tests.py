# SPDX-License-Identifier: Apache-2.0
"""What is true when all other tests are over."""

from lab import expect, test
from machines import Server


@test
def servers_end_cleanly(lab):
    """Status 0, also from the sanitizers if the servers have them."""
    for name, machine in lab.machines.items():
        if isinstance(machine, Server):
            status = machine.stop()
            expect(status == 0, f"{name}: exit status {status} after SIGTERM")
