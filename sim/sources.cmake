# SPDX-License-Identifier: Apache-2.0
# The one list of simulated devices' sources, relative to sim/: only set() in here.
set(USBIP_SIM_SOURCES
  sim_bus.c
  sim_engine.c
  sim_control.c
  sim_set.c
  sim_disk.c
  sim_disk_fat.c
  sim_keyboard.c
  sim_serial.c
  sim_zero.c
  sim_faulty.c
)
