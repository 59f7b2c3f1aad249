#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Switches a port with labgrid's NetworkPowerDriver; with Debian's Python, which has Debian's
labgrid. usage: labgrid_power.py URL INDEX (on | off | cycle | get)...; each get prints a line."""

import sys

from labgrid import Target
from labgrid.driver.powerdriver import NetworkPowerDriver
from labgrid.resource.power import NetworkPowerPort


def main():
    url, index, *steps = sys.argv[1:]
    target = Target("bench")
    NetworkPowerPort(target, "port", model="rest", host=url, index=index)
    power = NetworkPowerDriver(target, "power", delay=0.2)
    target.activate(power)
    for step in steps:
        said = getattr(power, step)()
        if step == "get":
            print("on" if said else "off")


main()
