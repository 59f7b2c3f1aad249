// SPDX-License-Identifier: Apache-2.0
// A backup of the real usbip-server on the whole firmware, and back: part of a life of main_test.c.
#pragma once

// Nobody has claimed the box; afterwards it has the server's users and is called "moved".
void main_backup_story(void);
