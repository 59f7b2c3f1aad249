// SPDX-License-Identifier: Apache-2.0
// Whether this host's network needs an interface: by the kernel's routing tables and the TCP
// connections that are open, of whatever program (an administrator's ssh counts, too). `root` as in
// sysfs_file.h. Any thread.
#pragma once

#include <stdbool.h>

// A default route leads out of the interface `name`, or the peer of a connection is reached by it.
bool sysfs_route_uses(const char *root, const char *name);
