// SPDX-License-Identifier: Apache-2.0
// Passwords, users, tokens and sessions of the whole firmware, over HTTP and on the console: part
// of main_test.c's life.
#pragma once

// Nobody has claimed the box; afterwards it is an admin's whom no password is known of, and the
// last one who tried has to wait.
void main_login_story(void);
