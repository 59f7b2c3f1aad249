# SPDX-License-Identifier: Apache-2.0
# The one list of core sources, relative to core/. Read by Linux, by the RV32 build and by ESP-IDF:
# only set() in here.
set(USBIP_CORE_SOURCES
  base/base_text.c
  wire/wire_op.c
  wire/wire_urb.c
  usb/usb_descriptor.c
  usb/usb_device.c
  eventlog/eventlog.c
  registry/registry.c
  session/session.c
  session/session_done.c
  session/session_figures.c
  session/session_order.c
  session/session_pool.c
  session/session_rx.c
  session/session_tx.c
  session/session_urbs.c
  server/server.c
  server/server_devices.c
)
# api/ needs the JSON library (cJSON) beside the C library.
set(USBIP_API_SOURCES
  api/api.c
  api/api_endpoints.c
  api/api_event.c
  api/api_json.c
  api/api_status.c
)
