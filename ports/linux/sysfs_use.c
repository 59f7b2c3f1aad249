// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sysfs_use.h"

#include "ports/linux/sysfs_device.h"
#include "ports/linux/sysfs_file.h"
#include "ports/linux/sysfs_route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct question {
    const char *root;
    char device[SYSFS_PATH_SIZE]; // its folder
    char folder[SYSFS_PATH_SIZE]; // being looked at
    char name[SYSFS_LINE_SIZE];   // of the block device or interface
    char number[SYSFS_LINE_SIZE]; // "8:1"
};

static bool under_root(const struct question *q, const char *path, char out[SYSFS_PATH_SIZE])
{
    int n = snprintf(out, SYSFS_PATH_SIZE, "%s%s", q->root, path);
    return n >= 0 && n < SYSFS_PATH_SIZE;
}

// Does the thing `name` of a class ("/sys/class/net") belong to the device? Then it is looked at.
static bool belongs(struct question *q, const char *class, const char *name)
{
    char folder[SYSFS_PATH_SIZE], link[SYSFS_PATH_SIZE];
    return under_root(q, class, folder) && sysfs_join(link, folder, name) &&
           sysfs_real_path(link, q->folder) && sysfs_is_below(q->folder, q->device) &&
           snprintf(q->name, sizeof q->name, "%s", name) < (int)sizeof q->name;
}

// --- disks ---------------------------------------------------------------------------------------

static bool is_node(const char *path, const char *name)
{
    return strncmp(path, "/dev/", 5) == 0 && strcmp(path + 5, name) == 0;
}

// mountinfo: "36 35 8:1 / /mnt rw,noatime shared:1 - ext4 /dev/sda1 rw". Some file systems have a
// device number of their own, which only the source tells (btrfs).
static bool mounts_it(void *ctx, char *line)
{
    const struct question *q = ctx;
    char number[32], source[SYSFS_LINE_SIZE];
    const char *type = strstr(line, " - ");
    if (sscanf(line, "%*s %*s %31s", number) == 1 && strcmp(number, q->number) == 0)
        return true;
    return type && sscanf(type, " - %*s %255s", source) == 1 && is_node(source, q->name);
}

static bool swaps_to_it(void *ctx, char *line)
{
    const struct question *q = ctx;
    line[strcspn(line, " \t")] = '\0';
    return is_node(line, q->name);
}

static bool any(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
    return true;
}

static bool is_in_table(struct question *q, const char *mounts)
{
    char path[SYSFS_PATH_SIZE];
    return under_root(q, mounts, path) && sysfs_any_line(path, mounts_it, q);
}

// A file system that is in use there, and may be on several disks, of which a table has one.
static bool has_disk(void *ctx, const char *filesystem)
{
    const struct question *q = ctx;
    char folder[SYSFS_PATH_SIZE], devices[SYSFS_PATH_SIZE], disk[SYSFS_PATH_SIZE];
    char real[SYSFS_PATH_SIZE];
    return under_root(q, "/sys/fs/btrfs", folder) && sysfs_join(devices, folder, filesystem) &&
           sysfs_join(folder, devices, "devices") && sysfs_join(disk, folder, q->name) &&
           sysfs_real_path(disk, real);
}

static bool is_in_btrfs(struct question *q)
{
    char folder[SYSFS_PATH_SIZE];
    return under_root(q, "/sys/fs/btrfs", folder) && sysfs_any_name(folder, has_disk, q);
}

// The host's first process may have other mounts than we do, and lets root see them.
static bool is_mounted(void *ctx, const char *name)
{
    struct question *q = ctx;
    return belongs(q, "/sys/class/block", name) &&
           sysfs_line(q->folder, "dev", q->number, sizeof q->number) &&
           (is_in_table(q, "/proc/self/mountinfo") || is_in_table(q, "/proc/1/mountinfo") ||
            is_in_btrfs(q));
}

static bool is_swap(void *ctx, const char *name)
{
    struct question *q = ctx;
    char swaps[SYSFS_PATH_SIZE];
    return belongs(q, "/sys/class/block", name) && under_root(q, "/proc/swaps", swaps) &&
           sysfs_any_line(swaps, swaps_to_it, q);
}

static bool has_holders(void *ctx, const char *name)
{
    struct question *q = ctx;
    char holders[SYSFS_PATH_SIZE];
    return belongs(q, "/sys/class/block", name) && sysfs_join(holders, q->folder, "holders") &&
           sysfs_any_name(holders, any, NULL);
}

// --- network -------------------------------------------------------------------------------------

static bool leads_on(const char *root, const char *interface);

// "upper_br0" is in the folder of an interface that a bridge, bond or VLAN is built on.
static bool upper_leads_on(void *root, const char *name) // NOLINT(misc-no-recursion): a few
{
    static const char upper[] = "upper_";
    return strncmp(name, upper, sizeof upper - 1) == 0 && leads_on(root, name + sizeof upper - 1);
}

static bool leads_on(const char *root, const char *interface) // NOLINT(misc-no-recursion): a few
{
    char folder[SYSFS_PATH_SIZE];
    int n = snprintf(folder, sizeof folder, "%s/sys/class/net/%s", root, interface);
    return sysfs_route_uses(root, interface) ||
           (n < (int)sizeof folder && sysfs_any_name(folder, upper_leads_on, (void *)root));
}

static bool is_our_way(void *ctx, const char *name)
{
    struct question *q = ctx;
    return belongs(q, "/sys/class/net", name) && leads_on(q->root, name);
}

// --- keyboard ------------------------------------------------------------------------------------

static bool is_bound_keyboard(void *ctx, const char *name)
{
    const struct question *q = ctx;
    char interface[SYSFS_PATH_SIZE], driver[SYSFS_PATH_SIZE], real[SYSFS_PATH_SIZE];
    return strchr(name, ':') && sysfs_join(interface, q->device, name) &&
           sysfs_number(interface, "bInterfaceClass") == USB_CLASS_HID &&
           sysfs_number(interface, "bInterfaceProtocol") == 1 &&
           sysfs_join(driver, interface, "driver") && sysfs_real_path(driver, real);
}

// A console that shows something: not the one that the kernel has when there is no screen.
static bool shows_text(void *ctx, const char *name)
{
    const struct question *q = ctx;
    char consoles[SYSFS_PATH_SIZE], console[SYSFS_PATH_SIZE], driver[SYSFS_LINE_SIZE];
    return under_root(q, "/sys/class/vtconsole", consoles) && sysfs_join(console, consoles, name) &&
           sysfs_number(console, "bind") == 1 &&
           sysfs_line(console, "name", driver, sizeof driver) && !strstr(driver, "dummy");
}

struct screens {
    const char *folder;
    bool any;
};

static bool has_screen(void *ctx, const char *name)
{
    struct screens *s = ctx;
    char connector[SYSFS_PATH_SIZE], status[SYSFS_LINE_SIZE];
    if (!sysfs_join(connector, s->folder, name) ||
        !sysfs_line(connector, "status", status, sizeof status))
        return false;
    s->any = true;
    return strcmp(status, "connected") == 0;
}

// Can somebody sit at this host? Without DRM it is not known whether a screen is there.
static bool console_is_active(struct question *q)
{
    char consoles[SYSFS_PATH_SIZE], drm[SYSFS_PATH_SIZE];
    if (!under_root(q, "/sys/class/vtconsole", consoles) ||
        !sysfs_any_name(consoles, shows_text, q) || !under_root(q, "/sys/class/drm", drm))
        return false;
    struct screens s = {.folder = drm};
    return sysfs_any_name(drm, has_screen, &s) || !s.any;
}

// --- all of it -----------------------------------------------------------------------------------

static bool any_of(struct question *q, const char *class, bool (*each)(void *ctx, const char *name))
{
    char folder[SYSFS_PATH_SIZE];
    return under_root(q, class, folder) && sysfs_any_name(folder, each, q);
}

enum usb_obstacle sysfs_use(const char *root, const char *busid)
{
    struct question q = {.root = root};
    if (!sysfs_device_folder(root, busid, q.device, sizeof q.device))
        return USB_OBSTACLE_NONE;
    if (sysfs_device_is_vhci(q.device))
        return USB_OBSTACLE_USBIP;
    if (any_of(&q, "/sys/class/block", is_mounted))
        return USB_OBSTACLE_MOUNTED;
    if (any_of(&q, "/sys/class/block", is_swap))
        return USB_OBSTACLE_SWAP;
    if (any_of(&q, "/sys/class/block", has_holders))
        return USB_OBSTACLE_HOLDERS;
    if (any_of(&q, "/sys/class/net", is_our_way))
        return USB_OBSTACLE_NETWORK;
    if (sysfs_any_name(q.device, is_bound_keyboard, &q) && console_is_active(&q))
        return USB_OBSTACLE_KEYBOARD;
    return USB_OBSTACLE_NONE;
}
