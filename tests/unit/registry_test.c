// SPDX-License-Identifier: Apache-2.0
#include "registry/registry.h"
#include "tests/support/check.h"
#include "wire/wire_op.h"

#include <stdlib.h>
#include <string.h>

static void *get(void *ctx, size_t size)
{
    unsigned *left = ctx;
    if (*left == 0)
        return NULL;
    --*left;
    return calloc(1, size);
}

static void put(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

static unsigned allocations;
static const struct base_alloc heap = {get, put, &allocations};
static struct registry reg;

static uint8_t desc[18] = {18, 1, 0x00, 2, 0, 0, 0, 64, 0x09, 0x12, 1, 0, 0, 1, 0, 0, 0, 1};
static uint8_t config[] = {9, 2, 18, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 0, 3, 1, 2, 0};

static struct usb_device_info info_of(const char *busid)
{
    struct usb_device_info i = {.busnum = 1,
                                .devnum = 2,
                                .speed = USB_SPEED_HIGH,
                                .active_config = 1,
                                .config_count = 1,
                                .device_descriptor = {desc, sizeof desc},
                                .config = {{config, sizeof config}}};
    strncpy(i.busid, busid, sizeof i.busid - 1);
    return i;
}

static const struct access_list open_to_all = {.mode = ACCESS_OPEN};
static const struct access_identity somebody = {.address = {{192, 0, 2, 1}, 32}};
static const struct registry_audience in_use_too = {&open_to_all, &somebody, true, false};
static const struct registry_audience free_only = {&open_to_all, &somebody, false, false};

static struct registry_device *add(const char *busid)
{
    struct usb_device_info info = info_of(busid);
    struct registry_device *d = NULL;
    CHECK_EQ(registry_add(&reg, &info, NULL, (void *)busid, 7, &d), BASE_OK);
    return d;
}

static void begin(void)
{
    allocations = 100;
    registry_init(&reg, &heap, 3);
}

TEST(registry_copies_the_descriptors)
{
    begin();
    struct registry_device *d = add("1-1");
    CHECK(d->info.device_descriptor.data != desc);
    CHECK(d->info.config[0].data != config);
    CHECK_BYTES(d->info.config[0].data, config, sizeof config);
    CHECK_EQ(d->state, REGISTRY_AVAILABLE);
    CHECK_EQ(d->plugged_us, 7);
    registry_clear(&reg);
    CHECK_EQ(reg.count, 0);
}

TEST(registry_finds_by_name_and_by_backend)
{
    begin();
    struct registry_device *a = add("1-1"), *b = add("1-1.4");
    CHECK(registry_find(&reg, "1-1") == a);
    CHECK(registry_find(&reg, "1-1.4") == b);
    CHECK(!registry_find(&reg, "1-"));
    CHECK(registry_find_backend(&reg, NULL, b->backend_device) == b);
    registry_remove(&reg, a);
    CHECK(!registry_find(&reg, "1-1"));
    registry_clear(&reg);
}

TEST(registry_refuses_what_it_cannot_take)
{
    struct registry_device *d;
    struct usb_device_info info = info_of("1-1");
    begin();
    add("1-1");
    CHECK_EQ(registry_add(&reg, &info, NULL, NULL, 0, &d), BASE_ERR_BUSY);
    add("1-2");
    add("1-3");
    info = info_of("1-4");
    CHECK_EQ(registry_add(&reg, &info, NULL, NULL, 0, &d), BASE_ERR_LIMIT);
    registry_clear(&reg);
    allocations = 0;
    CHECK_EQ(registry_add(&reg, &info, NULL, NULL, 0, &d), BASE_ERR_NOMEM);
    CHECK_EQ(reg.count, 0);
}

TEST(registry_knows_hubs_and_broken_devices_but_lists_neither)
{
    struct registry_device *hub, *broken;
    struct usb_device_info info = info_of("1-2");
    size_t size;
    unsigned devices;
    begin();
    info.is_hub = true;
    CHECK_EQ(registry_add(&reg, &info, NULL, NULL, 0, &hub), BASE_OK);
    CHECK_EQ(hub->state, REGISTRY_HUB);
    info = info_of("1-3");
    info.config[0].size = 8;
    CHECK_EQ(registry_add(&reg, &info, NULL, NULL, 0, &broken), BASE_OK);
    CHECK_EQ(broken->state, REGISTRY_REFUSED);
    uint8_t *list = registry_devlist(&reg, &in_use_too, &size, &devices);
    CHECK_EQ(size, 4);
    CHECK_EQ(devices, 0);
    CHECK_EQ(base_get_be32(list), 0);
    free(list);
    registry_clear(&reg);
}

TEST(registry_lists_free_devices_and_others_if_told)
{
    size_t size;
    unsigned devices;
    begin();
    add("1-1")->state = REGISTRY_IN_USE;
    add("1-2")->state = REGISTRY_CLEANING;
    add("1-3")->state = REGISTRY_OPENING;
    uint8_t *list = registry_devlist(&reg, &free_only, &size, &devices);
    CHECK_EQ(devices, 1);
    CHECK_EQ(size, 4 + WIRE_DEVICE_SIZE + WIRE_INTERFACE_SIZE);
    struct wire_device w;
    wire_device_unpack(&w, list + 4);
    CHECK_STR(w.busid, "1-2");
    CHECK_EQ(w.bNumInterfaces, 1);
    CHECK_EQ(list[4 + WIRE_DEVICE_SIZE], 3); // HID
    free(list);
    list = registry_devlist(&reg, &in_use_too, &size, &devices);
    CHECK_EQ(devices, 3);
    free(list);
    allocations = 0;
    CHECK(!registry_devlist(&reg, &in_use_too, &size, &devices));
    registry_clear(&reg);
}

// --- names and rules -----------------------------------------------------------------------------

static bool hides(const struct registry_device *d, struct access_rule rule)
{
    rule.effect = ACCESS_HIDE;
    return !registry_ask(d, &(struct access_list){.rules = &rule, .rule_count = 1}, &somebody).yes;
}

static bool hides_class(const struct registry_device *d, uint8_t number)
{
    return hides(d, (struct access_rule){.by = ACCESS_BY_CLASS, .number = number});
}

// Of every configuration and alternate setting, whatever is active.
TEST(registry_rules_see_the_classes_of_device_and_interfaces)
{
    static const uint8_t other[] = {9, 2, 27, 0, 1, 2, 0, 0x80, 50, 9,    4, 0, 0, 0,
                                    8, 6, 80, 0, 9, 4, 0, 1,    0,  0xfe, 1, 1, 0};
    struct usb_device_info info = info_of("1-1");
    struct registry_device *d = NULL;
    uint8_t hub_like[sizeof desc];
    begin();
    memcpy(hub_like, desc, sizeof desc);
    hub_like[4] = 0xef;
    info.device_descriptor.data = hub_like;
    info.config[1] = (struct base_span){other, sizeof other};
    info.config_count = 2;
    CHECK_EQ(registry_add(&reg, &info, NULL, NULL, 7, &d), BASE_OK);
    CHECK(hides_class(d, 0xef) && hides_class(d, 3) && hides_class(d, 8) && hides_class(d, 0xfe));
    CHECK(!hides_class(d, 0) && !hides_class(d, 9));
    registry_clear(&reg);
}

TEST(registry_rules_see_the_ids)
{
    begin();
    struct registry_device *d = add("1-1");
    CHECK(hides(d, (struct access_rule){.by = ACCESS_BY_ID, .number = 0x12090001}));
    CHECK(!hides(d, (struct access_rule){.by = ACCESS_BY_ID, .number = 0x00011209}));
    CHECK(hides(d, (struct access_rule){.by = ACCESS_BY_BUSID, .text = "1-1"}));
    registry_clear(&reg);
}

TEST(registry_names_of_devices_that_are_there_and_that_come)
{
    struct access_naming namings[] = {{.by = ACCESS_FOLLOW_PORT, .key = "1-1"},
                                      {.by = ACCESS_FOLLOW_PORT, .key = "1-2"}};
    begin();
    strcpy(namings[0].names.alias, "left");
    strcpy(namings[1].names.alias, "right");
    struct registry_device *left = add("1-1");
    CHECK_STR(registry_name(left, REGISTRY_ALIAS), "");
    registry_set_namings(&reg, namings, 2);
    struct registry_device *right = add("1-2");
    CHECK(registry_find_named(&reg, "left") == left && registry_find_named(&reg, "1-2") == right);
    CHECK(registry_find_named(&reg, "right") == right);
    CHECK(!registry_find_named(&reg, "") && !registry_find_named(&reg, "lef"));
    registry_set_namings(&reg, namings, 1);
    CHECK(!registry_find_named(&reg, "right"));
    CHECK(registry_find_named(&reg, "left") == left);
    registry_clear(&reg);
}
