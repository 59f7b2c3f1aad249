// SPDX-License-Identifier: Apache-2.0
// What is never exported, in made trees.
#include "ports/linux/sysfs_use.h"
#include "tests/support/check.h"
#include "tests/support/sysfs_tree.h"

#include <stdio.h>

static void begin(struct sysfs_tree *t)
{
    static const uint8_t bytes[USB_DT_DEVICE_SIZE] = {18, 1};
    const struct usb_device_info info = {
        .busid = "2-1",
        .busnum = 2,
        .devnum = 3,
        .speed = USB_SPEED_HIGH,
        .device_descriptor = {bytes, sizeof bytes},
    };
    sysfs_tree_make(t);
    sysfs_tree_device(t, &info);
}

#define USE_TEST(id) TEST_WITH(id, struct sysfs_tree, t, begin(t), sysfs_tree_remove(t))

static void check_use(const struct sysfs_tree *t, enum usb_obstacle want)
{
    CHECK_EQ(sysfs_use(t->root, "2-1"), want);
}

// sda with one partition; `of` "" for the device, or another folder in /sys/devices.
static void plug_disk(const struct sysfs_tree *t, const char *busid, const char *name,
                      unsigned minor)
{
    char disk[300], path[400], link[100];
    snprintf(disk, sizeof disk, "%s/%s:1.0/host0/target0/0:0:0:0/block/%s",
             sysfs_tree_folder(busid), busid, name);
    snprintf(path, sizeof path, "%s/dev", disk);
    sysfs_tree_put(t, path, "8:%u\n", minor);
    snprintf(path, sizeof path, "%s/holders/.", disk);
    snprintf(path, sizeof path, "%s/%s1/dev", disk, name);
    sysfs_tree_put(t, path, "8:%u\n", minor + 1);
    snprintf(link, sizeof link, "/sys/class/block/%s", name);
    sysfs_tree_link(t, link, disk);
    snprintf(path, sizeof path, "%s/%s1", disk, name);
    snprintf(link, sizeof link, "/sys/class/block/%s1", name);
    sysfs_tree_link(t, link, path);
}

USE_TEST(use_nobody_uses_it)
{
    check_use(t, USB_OBSTACLE_NONE);
    plug_disk(t, "2-1", "sda", 0);
    sysfs_tree_put(t, "/proc/self/mountinfo", "22 1 254:1 / / rw - ext4 /dev/vda1 rw\n");
    sysfs_tree_put(t, "/proc/swaps",
                   "Filename Type Size Used Priority\n/dev/vda2 partition 1 0 -2\n");
    check_use(t, USB_OBSTACLE_NONE);
    CHECK_EQ(sysfs_use(t->root, "9-9"), USB_OBSTACLE_NONE); // not there
}

USE_TEST(use_mounted_disk)
{
    plug_disk(t, "2-1", "sda", 0);
    sysfs_tree_put(t, "/proc/self/mountinfo",
                   "22 1 254:1 / / rw - ext4 /dev/vda1 rw\n"
                   "36 35 8:1 / /mnt rw,noatime shared:1 - vfat /dev/sda1 rw\n");
    check_use(t, USB_OBSTACLE_MOUNTED);
    sysfs_tree_put(t, "/proc/self/mountinfo", "36 35 8:0 / /mnt rw - vfat /dev/sda rw\n");
    check_use(t, USB_OBSTACLE_MOUNTED);
    // btrfs has numbers of its own
    sysfs_tree_put(t, "/proc/self/mountinfo", "36 35 0:44 / /mnt rw - btrfs /dev/sda1 rw\n");
    check_use(t, USB_OBSTACLE_MOUNTED);
    // names and numbers that only begin like it
    sysfs_tree_put(
        t, "/proc/self/mountinfo",
        "36 35 8:10 / /mnt rw - vfat /dev/sda11 rw\n37 35 0:5 / /x rw - tmpfs sda1 rw\n");
    check_use(t, USB_OBSTACLE_NONE);
}

// A container's, or another user's.
USE_TEST(use_disk_that_others_have_mounted)
{
    plug_disk(t, "2-1", "sda", 0);
    sysfs_tree_put(t, "/proc/self/mountinfo", "22 1 254:1 / / rw - ext4 /dev/vda1 rw\n");
    sysfs_tree_put(t, "/proc/1/mountinfo", "36 35 8:1 / /mnt rw - vfat /dev/sda1 rw\n");
    check_use(t, USB_OBSTACLE_MOUNTED);
}

// The table of mounts names the first disk only.
USE_TEST(use_second_disk_of_a_file_system)
{
    plug_disk(t, "2-1", "sda", 0);
    sysfs_tree_put(t, "/proc/self/mountinfo", "36 35 0:44 / /mnt rw - btrfs /dev/vdb rw\n");
    sysfs_tree_put(t, "/sys/fs/btrfs/features/raid56", "0\n");
    check_use(t, USB_OBSTACLE_NONE);
    sysfs_tree_link(t, "/sys/fs/btrfs/3f1a-77/devices/sda1", "/sys/class/block/sda1");
    check_use(t, USB_OBSTACLE_MOUNTED);
}

USE_TEST(use_disk_of_another_device)
{
    static const uint8_t bytes[USB_DT_DEVICE_SIZE] = {18, 1};
    const struct usb_device_info other = {
        .busid = "2-11", .busnum = 2, .devnum = 4, .device_descriptor = {bytes, sizeof bytes}};
    sysfs_tree_device(t, &other);
    plug_disk(t, "2-11", "sdb", 16);
    sysfs_tree_put(t, "/proc/self/mountinfo", "36 35 8:17 / /mnt rw - vfat /dev/sdb1 rw\n");
    check_use(t, USB_OBSTACLE_NONE);
    CHECK_EQ(sysfs_use(t->root, "2-11"), USB_OBSTACLE_MOUNTED);
}

// What is behind a hub is below it in sysfs: the hub is kept back with it, and it is no device to
// be exported anyway.
USE_TEST(use_swap)
{
    plug_disk(t, "2-1", "sda", 0);
    sysfs_tree_put(t, "/proc/swaps",
                   "Filename\tType\tSize\tUsed\tPriority\n/dev/sda1\tpartition\t1000\t0\t-2\n");
    check_use(t, USB_OBSTACLE_SWAP);
}

USE_TEST(use_holders)
{
    char path[400];
    plug_disk(t, "2-1", "sda", 0);
    snprintf(path, sizeof path, "%s/2-1:1.0/host0/target0/0:0:0:0/block/sda/sda1/holders/dm-0",
             sysfs_tree_folder("2-1"));
    sysfs_tree_put(t, path, "%s", "");
    check_use(t, USB_OBSTACLE_HOLDERS);
    sysfs_tree_delete(t, path);
    check_use(t, USB_OBSTACLE_NONE);
}

// --- network -------------------------------------------------------------------------------------

static void plug_network(const struct sysfs_tree *t)
{
    char path[300];
    snprintf(path, sizeof path, "%s/2-1:1.0/net/usb0", sysfs_tree_folder("2-1"));
    sysfs_tree_link(t, "/sys/class/net/usb0", path);
    snprintf(path, sizeof path, "%s/2-1:1.0/net/usb0/operstate", sysfs_tree_folder("2-1"));
    sysfs_tree_put(t, path, "up\n");
    sysfs_tree_put(t, "/sys/devices/pci0000:00/eth/net/eth0/operstate", "up\n");
    sysfs_tree_link(t, "/sys/class/net/eth0", "/sys/devices/pci0000:00/eth/net/eth0");
}

#define ROUTES                                                                                     \
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define DEFAULT_OF(name) name "\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
#define ROUTE_10_OF(name) name "\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n"
#define TCP_HEAD                                                                                   \
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
// 10.0.0.2:3240 to 10.0.0.9
#define TCP_10(state) "   0: 0200000A:0CA8 0900000A:D431 " state " 00000000:00000000 00:0 0 0 0 1\n"

USE_TEST(use_default_route)
{
    plug_network(t);
    check_use(t, USB_OBSTACLE_NONE);
    sysfs_tree_put(t, "/proc/self/net/route", ROUTES DEFAULT_OF("eth0") ROUTE_10_OF("usb0"));
    check_use(t, USB_OBSTACLE_NONE);
    sysfs_tree_put(t, "/proc/self/net/route", ROUTES DEFAULT_OF("eth0") DEFAULT_OF("usb0"));
    check_use(t, USB_OBSTACLE_NETWORK);
    sysfs_tree_put(t, "/proc/self/net/route", ROUTES);
    sysfs_tree_put(
        t, "/proc/self/net/ipv6_route",
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
        "fe800000000000000000000000000001 00000400 00000001 00000000 00000003     usb0\n");
    check_use(t, USB_OBSTACLE_NETWORK);
    sysfs_tree_put(
        t, "/proc/self/net/ipv6_route",
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
        "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n");
    check_use(t, USB_OBSTACLE_NONE);
}

// The USB adapter has no address itself: a bridge of a VLAN of it has.
USE_TEST(use_default_route_of_what_is_built_on_it)
{
    plug_network(t);
    sysfs_tree_put(t, "/proc/self/net/route", ROUTES DEFAULT_OF("br0") ROUTE_10_OF("eth0"));
    sysfs_tree_put(t, "/sys/devices/virtual/net/usb0.5/operstate", "up\n");
    sysfs_tree_put(t, "/sys/devices/virtual/net/br0/operstate", "up\n");
    sysfs_tree_link(t, "/sys/class/net/usb0.5", "/sys/devices/virtual/net/usb0.5");
    sysfs_tree_link(t, "/sys/class/net/br0", "/sys/devices/virtual/net/br0");
    sysfs_tree_link(t, "/sys/class/net/eth0/upper_br0", "/sys/devices/virtual/net/br0");
    check_use(t, USB_OBSTACLE_NONE);
    sysfs_tree_link(t, "/sys/class/net/usb0/upper_usb0.5", "/sys/devices/virtual/net/usb0.5");
    check_use(t, USB_OBSTACLE_NONE);
    sysfs_tree_link(t, "/sys/devices/virtual/net/usb0.5/upper_br0", "/sys/devices/virtual/net/br0");
    check_use(t, USB_OBSTACLE_NETWORK);
}

USE_TEST(use_connection)
{
    plug_network(t);
    sysfs_tree_put(t, "/proc/self/net/route", ROUTES DEFAULT_OF("eth0") ROUTE_10_OF("usb0"));
    sysfs_tree_put(t, "/proc/self/net/tcp", TCP_HEAD TCP_10("0A")); // listens
    check_use(t, USB_OBSTACLE_NONE);
    sysfs_tree_put(t, "/proc/self/net/tcp", TCP_HEAD TCP_10("01"));
    check_use(t, USB_OBSTACLE_NETWORK);
    // the same network by another interface, too: a longer prefix decides
    sysfs_tree_put(t, "/proc/self/net/route",
                   ROUTES DEFAULT_OF("eth0")
                       ROUTE_10_OF("usb0") "eth0\t0000000A\t00000000\t0001\t0\t0"
                                           "\t0\t00FFFFFF\t0\t0\t0\n");
    check_use(t, USB_OBSTACLE_NONE);
}

USE_TEST(use_connection_of_ipv6)
{
    plug_network(t);
    // as a server for both has it: ::ffff:10.0.0.9
    sysfs_tree_put(t, "/proc/self/net/route", ROUTES DEFAULT_OF("eth0") ROUTE_10_OF("usb0"));
    sysfs_tree_put(t, "/proc/self/net/tcp6",
                   TCP_HEAD "   0: 0000000000000000FFFF00000200000A:0CA8 "
                            "0000000000000000FFFF00000900000A:D431 01 00000000:00000000\n");
    check_use(t, USB_OBSTACLE_NETWORK);
    // fd00::/8 by usb0, from fd00::2 to fd00::9
    sysfs_tree_put(t, "/proc/self/net/route", ROUTES DEFAULT_OF("eth0"));
    sysfs_tree_put(
        t, "/proc/self/net/ipv6_route",
        "fd000000000000000000000000000000 08 00000000000000000000000000000000 00 "
        "00000000000000000000000000000000 00000100 00000001 00000000 00000001     usb0\n");
    check_use(t, USB_OBSTACLE_NONE);
    sysfs_tree_put(t, "/proc/self/net/tcp6",
                   TCP_HEAD "   0: 000000FD000000000000000002000000:0CA8 "
                            "000000FD000000000000000009000000:D431 01 00000000:00000000\n");
    check_use(t, USB_OBSTACLE_NETWORK);
}

// --- keyboard ------------------------------------------------------------------------------------

static void plug_keyboard(const struct sysfs_tree *t, const char *protocol)
{
    char path[300], driver[300];
    snprintf(path, sizeof path, "%s/2-1:1.0/bInterfaceClass", sysfs_tree_folder("2-1"));
    sysfs_tree_put(t, path, "03\n");
    snprintf(path, sizeof path, "%s/2-1:1.0/bInterfaceProtocol", sysfs_tree_folder("2-1"));
    sysfs_tree_put(t, path, "%s\n", protocol);
    sysfs_tree_put(t, "/sys/bus/usb/drivers/usbhid/module", "%s", "");
    snprintf(driver, sizeof driver, "%s/2-1:1.0/driver", sysfs_tree_folder("2-1"));
    sysfs_tree_link(t, driver, "/sys/bus/usb/drivers/usbhid");
}

static void put_console(const struct sysfs_tree *t, const char *name, unsigned bound)
{
    sysfs_tree_put(t, "/sys/class/vtconsole/vtcon0/name", "%s\n", name);
    sysfs_tree_put(t, "/sys/class/vtconsole/vtcon0/bind", "%u\n", bound);
}

USE_TEST(use_keyboard_of_the_console)
{
    plug_keyboard(t, "01");
    check_use(t, USB_OBSTACLE_NONE); // no console at all
    put_console(t, "(S) dummy device", 1);
    check_use(t, USB_OBSTACLE_NONE);
    put_console(t, "(M) frame buffer device", 0);
    check_use(t, USB_OBSTACLE_NONE);
    put_console(t, "(M) frame buffer device", 1);
    check_use(t, USB_OBSTACLE_KEYBOARD);
    sysfs_tree_put(t, "/sys/class/drm/card0-HDMI-A-1/status", "disconnected\n");
    check_use(t, USB_OBSTACLE_NONE); // nobody can sit there
    sysfs_tree_put(t, "/sys/class/drm/card0-HDMI-A-2/status", "connected\n");
    check_use(t, USB_OBSTACLE_KEYBOARD);
}

USE_TEST(use_keyboard_that_the_console_does_not_have)
{
    char driver[300];
    plug_keyboard(t, "01");
    put_console(t, "(S) VGA+", 1);
    check_use(t, USB_OBSTACLE_KEYBOARD);
    snprintf(driver, sizeof driver, "%s/2-1:1.0/driver", sysfs_tree_folder("2-1"));
    sysfs_tree_delete(t, driver);
    check_use(t, USB_OBSTACLE_NONE);
}

USE_TEST(use_mouse)
{
    plug_keyboard(t, "02");
    put_console(t, "(S) VGA+", 1);
    check_use(t, USB_OBSTACLE_NONE);
}

// --- from another server -------------------------------------------------------------------------

USE_TEST(use_came_over_usbip)
{
    sysfs_tree_put(t, "/sys/devices/platform/vhci_hcd.0/usb5/5-1/devnum", "2\n");
    sysfs_tree_link(t, "/sys/bus/usb/devices/5-1", "/sys/devices/platform/vhci_hcd.0/usb5/5-1");
    CHECK_EQ(sysfs_use(t->root, "5-1"), USB_OBSTACLE_USBIP);
}
