# SPDX-License-Identifier: Apache-2.0
# The one list of core sources, relative to core/. Read by Linux, by the RV32 build and by ESP-IDF:
# only set() in here.
set(USBIP_CORE_SOURCES
  base/base_address.c
  base/base_number.c
  base/base_text.c
  wire/wire_op.c
  wire/wire_urb.c
  usb/usb_config.c
  usb/usb_descriptor.c
  usb/usb_device.c
  eventlog/eventlog.c
  eventlog/eventlog_text.c
  eventlog/eventlog_word.c
  registry/registry.c
  session/session.c
  session/session_active.c
  session/session_done.c
  session/session_end.c
  session/session_figures.c
  session/session_op.c
  session/session_order.c
  session/session_peer.c
  session/session_pipes.c
  session/session_pool.c
  session/session_record.c
  session/session_refusal.c
  session/session_room.c
  session/session_rx.c
  session/session_tx.c
  session/session_unlink.c
  session/session_urbs.c
  server/server.c
  server/server_config.c
  server/server_devices.c
  server/server_record.c
)
# settings/ needs the JSON library (cJSON) beside the C library.
set(USBIP_SETTINGS_SOURCES
  settings/settings.c
  settings/settings_field.c
  settings/settings_json.c
  settings/settings_migrate.c
  settings/settings_parse.c
  settings/settings_rule.c
  settings/settings_store.c
)
# api/ needs the JSON library (cJSON) beside the C library.
set(USBIP_API_SOURCES
  api/api.c
  api/api_endpoints.c
  api/api_event.c
  api/api_json.c
  api/api_status.c
)
