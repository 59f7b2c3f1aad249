# SPDX-License-Identifier: Apache-2.0
# Unit tests that need an operating system, the JSON library or a whole stage. All others in unit/ also run on RV32,
# where there is neither; only set() in here.
set(USBIP_HOSTED_UNIT_TESTS
  api_devices_test.c
  api_events_test.c
  api_lease_test.c
  api_live_test.c
  api_backup_test.c
  api_box_test.c
  api_certificate_test.c
  api_login_test.c
  api_operate_test.c
  api_power_test.c
  api_route_test.c
  api_settings_test.c
  api_test.c
  export_use_test.c
  obstacle_test.c
  server_power_test.c
  settings_access_test.c
  settings_migrate_test.c
  settings_patch_test.c
  settings_store_test.c
  settings_test.c
  users_attempts_test.c
  users_document_test.c
  users_test.c
)
