// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sysfs_device.h"
#include "tests/support/check.h"
#include "tests/support/sysfs_tree.h"
#include "usb/usb_descriptor_bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t device_bytes[USB_DT_DEVICE_SIZE] = {
    18, 1, USB_LE16(0x0210), 0, 0, 0, 64, USB_LE16(0x46f4), USB_LE16(1), 0, 1, 1, 2, 3, 2};
static const uint8_t first[] = {
    USB_CONFIG_BYTES(25, 1, 1, 0, 0xc0, 0),
    USB_INTERFACE_BYTES(0, 0, 1, 8, 6, 80, 0),
    USB_ENDPOINT_BYTES(0x81, 2, 512, 0),
};
static const uint8_t second[] = {
    USB_CONFIG_BYTES(18, 1, 5, 0, 0xc0, 0),
    USB_INTERFACE_BYTES(0, 0, 0, 255, 0, 0, 0),
};

static struct usb_device_info device(void)
{
    return (struct usb_device_info){
        .busid = "2-1.4",
        .busnum = 2,
        .devnum = 17,
        .speed = USB_SPEED_HIGH,
        .active_config = 5,
        .config_count = 2,
        .device_descriptor = {device_bytes, sizeof device_bytes},
        .config = {{first, sizeof first}, {second, sizeof second}},
        .manufacturer = "Maker",
        .product = "Stick",
        .serial = "0815",
    };
}

#define TREE_TEST(id) TEST_WITH(id, struct sysfs_tree, t, sysfs_tree_make(t), sysfs_tree_remove(t))

TREE_TEST(sysfs_device_is_as_the_kernel_has_it)
{
    struct usb_device_info want = device(), have;
    uint8_t *bytes = NULL;
    sysfs_tree_device(t, &want);
    CHECK_EQ(sysfs_device_read(t->root, "2-1.4", &have, &bytes), BASE_OK);
    CHECK_STR(have.busid, "2-1.4");
    CHECK_STR(have.path, "/sys/devices/pci0000:00/0000:00:01.0/usb2/2-1/2-1.4");
    CHECK_EQ(have.busnum, 2);
    CHECK_EQ(have.devnum, 17);
    CHECK_EQ(have.speed, USB_SPEED_HIGH);
    CHECK(!have.is_hub);
    CHECK_EQ(have.active_config, 5);
    CHECK_EQ(have.config_count, 2);
    CHECK_EQ(have.config[0].size, sizeof first);
    CHECK_BYTES(have.config[0].data, first, sizeof first);
    CHECK_EQ(have.config[1].size, sizeof second);
    CHECK_BYTES(have.config[1].data, second, sizeof second);
    CHECK_STR(have.manufacturer, "Maker");
    CHECK_STR(have.product, "Stick");
    CHECK_STR(have.serial, "0815");
    CHECK_EQ(usb_device_check(&have), BASE_OK);
    free(bytes);
}

TREE_TEST(sysfs_device_speeds)
{
    static const struct {
        const char *mbit;
        enum usb_speed speed;
    } cases[] = {{"1.5", USB_SPEED_LOW},     {"12", USB_SPEED_FULL},
                 {"480", USB_SPEED_HIGH},    {"5000", USB_SPEED_SUPER},
                 {"10000", USB_SPEED_SUPER}, {"20000", USB_SPEED_SUPER},
                 {"", USB_SPEED_UNKNOWN},    {"unknown", USB_SPEED_UNKNOWN}};
    struct usb_device_info info = device();
    sysfs_tree_device(t, &info);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[300];
        uint8_t *bytes = NULL;
        check_context(cases[i].mbit, i);
        snprintf(path, sizeof path, "%s/speed", sysfs_tree_folder("2-1.4"));
        sysfs_tree_put(t, path, "%s\n", cases[i].mbit);
        CHECK_EQ(sysfs_device_read(t->root, "2-1.4", &info, &bytes), BASE_OK);
        CHECK_EQ(info.speed, cases[i].speed);
        free(bytes);
    }
}

// A device may say anything; what it gave of its descriptors is what there is.
TREE_TEST(sysfs_device_with_descriptors_that_lie)
{
    uint8_t lies[sizeof first];
    memcpy(lies, first, sizeof first);
    struct usb_device_info info = device();
    info.config[1] = (struct base_span){lies, sizeof lies};
    lies[2] = lies[3] = 0xff; // wTotalLength
    sysfs_tree_device(t, &info);
    uint8_t *bytes = NULL;
    CHECK_EQ(sysfs_device_read(t->root, "2-1.4", &info, &bytes), BASE_OK);
    CHECK_EQ(info.config_count, 2);
    CHECK_EQ(info.config[1].size, sizeof lies);
    free(bytes);
    sysfs_tree_device_gone(t, "2-1.4");

    info = device();
    lies[2] = lies[3] = 0;
    info.config[0] = (struct base_span){lies, USB_DT_CONFIG_SIZE};
    info.device_descriptor.size = 17;
    info.config_count = 0;
    sysfs_tree_device(t, &info);
    bytes = NULL;
    CHECK_EQ(sysfs_device_read(t->root, "2-1.4", &info, &bytes), BASE_OK);
    CHECK_EQ(info.config_count, 0);
    CHECK_EQ(usb_device_check(&info), BASE_ERR_INVALID);
    free(bytes);
}

TREE_TEST(sysfs_device_names_are_cut_between_characters)
{
    struct usb_device_info info = device();
    char path[300];
    uint8_t *bytes = NULL;
    sysfs_tree_device(t, &info);
    snprintf(path, sizeof path, "%s/product", sysfs_tree_folder("2-1.4"));
    sysfs_tree_put(t, path, "%062d\xc3\xa4\n", 0); // 62 characters, and one of two bytes
    CHECK_EQ(sysfs_device_read(t->root, "2-1.4", &info, &bytes), BASE_OK);
    CHECK_EQ(strlen(info.product), 62);
    free(bytes);
}

// The kernel has the strings of the active configuration, and of interfaces as they are set now.
TREE_TEST(sysfs_device_strings)
{
    static const uint8_t named[] = {
        USB_CONFIG_BYTES(36, 2, 5, 4, 0xc0, 0),
        USB_INTERFACE_BYTES(0, 0, 0, 255, 0, 0, 5),
        USB_INTERFACE_BYTES(0, 1, 0, 255, 0, 0, 6),
        USB_INTERFACE_BYTES(1, 0, 0, 255, 0, 0, 0),
    };
    struct usb_device_info info = device();
    char path[300];
    uint8_t *bytes = NULL;
    info.config[1] = (struct base_span){named, sizeof named};
    sysfs_tree_device(t, &info);
    const char *folder = sysfs_tree_folder("2-1.4");
    snprintf(path, sizeof path, "%s/configuration", folder);
    sysfs_tree_put(t, path, "Debug\n");
    snprintf(path, sizeof path, "%s/2-1.4:5.0/bAlternateSetting", folder);
    sysfs_tree_put(t, path, " 1\n");
    snprintf(path, sizeof path, "%s/2-1.4:5.0/interface", folder);
    sysfs_tree_put(t, path, "CMSIS-DAP v2\n");
    snprintf(path, sizeof path, "%s/2-1.4:5.1/bAlternateSetting", folder);
    sysfs_tree_put(t, path, " 0\n");
    snprintf(path, sizeof path, "%s/2-1.4:5.7/interface", folder); // of no interface
    sysfs_tree_put(t, path, "Nothing\n");
    CHECK_EQ(sysfs_device_read(t->root, "2-1.4", &info, &bytes), BASE_OK);
    CHECK_EQ(info.string_count, 2);
    CHECK_STR(usb_device_string(&info, 4), "Debug");
    CHECK(usb_device_string(&info, 5) == NULL); // of a setting that is not in force
    CHECK_STR(usb_device_string(&info, 6), "CMSIS-DAP v2");
    CHECK_EQ(info.config[1].size, sizeof named);
    CHECK_BYTES(info.config[1].data, named, sizeof named);
    free(bytes);
}

TREE_TEST(sysfs_device_that_goes)
{
    struct sysfs_identity before, after;
    struct usb_device_info info = device();
    uint8_t *bytes = NULL;
    CHECK(!sysfs_device_identity(t->root, "2-1.4", &before));
    CHECK_EQ(sysfs_device_read(t->root, "2-1.4", &info, &bytes), BASE_ERR_GONE);
    info = device();
    sysfs_tree_device(t, &info);
    CHECK(sysfs_device_identity(t->root, "2-1.4", &before));
    CHECK_EQ(before.devnum, 17);
    CHECK_EQ(before.active_config, 5);
    sysfs_tree_device_gone(t, "2-1.4");
    CHECK(!sysfs_device_identity(t->root, "2-1.4", &after));
    info.devnum = 18;
    info.active_config = 0; // not configured: the file is empty
    sysfs_tree_device(t, &info);
    CHECK(sysfs_device_identity(t->root, "2-1.4", &after));
    CHECK_EQ(after.devnum, 18);
    CHECK_EQ(after.active_config, 0);
}

TEST(sysfs_device_busids)
{
    CHECK(sysfs_device_is_busid("1-1"));
    CHECK(sysfs_device_is_busid("12-3.4.15"));
    CHECK(!sysfs_device_is_busid("usb1"));
    CHECK(!sysfs_device_is_busid("1-0:1.0"));
    CHECK(!sysfs_device_is_busid("1-1:1.0"));
    CHECK(!sysfs_device_is_busid("1-"));
    CHECK(!sysfs_device_is_busid("-1"));
    CHECK(!sysfs_device_is_busid("."));
    CHECK(!sysfs_device_is_busid("1-1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1"));
}
