// SPDX-License-Identifier: Apache-2.0
// The path of a request's target, as the routes want it. Pure function.
#pragma once

enum { POSIX_HTTP_PATH_SIZE = 256 }; // with NUL; no route is as long

// Takes "http://host", the query and the fragment off and decodes %XX, once; "*" stays. *query:
// what is behind the question mark, in `target`; "" if there is none. Returns 0; 400: no path, a
// bad escape, or a NUL; 414: too long.
int posix_http_target(const char *target, char path[POSIX_HTTP_PATH_SIZE], const char **query);
