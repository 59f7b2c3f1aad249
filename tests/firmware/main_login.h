// SPDX-License-Identifier: Apache-2.0
// Passwords, users, tokens and sessions of the whole firmware, over HTTP and on the console: part
// of main_test.c's life.
#pragma once

enum { MAIN_LOGIN_COOKIE_SIZE = 80 };

// Sets the first password: the line of the cookie that came, to be sent from now on.
void main_login_claim(char header[MAIN_LOGIN_COOKIE_SIZE]);

// One request to my-box with that line: its answer, until the next one.
const char *main_login_ask(const char *method, const char *path, const char *header,
                           const char *body);

// Nobody has claimed the box; afterwards it is an admin's whom no password is known of, and the
// last one who tried has to wait.
void main_login_story(void);
