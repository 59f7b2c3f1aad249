# SPDX-License-Identifier: Apache-2.0
# The one list of simulated devices' sources, relative to sim/: only set() in here.
set(USBIP_SIM_SOURCES
  sim_bus.c
  sim_hub.c
  sim_backend.c
  sim_engine.c
  sim_state.c
  sim_pipe.c
  sim_iso.c
  sim_control.c
  sim_descriptor.c
  sim_set.c
  sim_disk.c
  sim_disk_fat.c
  sim_disk_reply.c
  sim_disk_scsi.c
  sim_keyboard.c
  sim_keyboard_layout.c
  sim_serial.c
  sim_zero.c
  sim_faulty.c
  sim_faulty_descriptor.c
  sim_faulty_script.c
  sim_storage.c
)
