// SPDX-License-Identifier: Apache-2.0
// RFC 7396 over a document.
#include "settings/settings_patch.h"
#include "tests/support/check.h"
#include "tests/support/settings_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct settings patched(const char *document, const char *patch)
{
    struct settings s = settings_rig();
    char why[SETTINGS_WHY_SIZE] = "";
    struct settings_error first = {.pointer = ""};
    struct settings_errors errors = {.list = &first, .max = 1};
    if (settings_parse(&s, document, strlen(document), why) != BASE_OK)
        check_fail(__FILE__, __LINE__, "%s", why);
    if (settings_patch(&s, patch, strlen(patch), &errors, NULL) != BASE_OK)
        check_fail(__FILE__, __LINE__, "%s: %s", first.pointer, first.detail);
    return s;
}

static void check_patched(const char *document, const char *patch, const char *want)
{
    struct settings s = patched(document, patch), w = patched(want, "{}");
    const char *key;
    CHECK_STR(settings_rig_difference(&s, &w), "");
    for (unsigned i = 0; (key = settings_list_changed(&s, &w, i)); i++)
        CHECK_STR(key, "");
    settings_drop(&s);
    settings_drop(&w);
}

TEST(settings_patch_merges)
{
    const char *lab = "{\"version\":1,\"host_name\":\"lab\",\"limits\":{\"max_urbs\":100,"
                      "\"max_devices\":3}}";
    check_patched(lab, "{}", lab);
    check_patched(lab, "{\"host_name\":\"b\"}",
                  "{\"version\":2,\"host_name\":\"b\",\"limits\":{\"max_urbs\":100,"
                  "\"max_devices\":3}}");
    check_patched(lab, "{\"limits\":{\"max_urbs\":null,\"silent_s\":60}}",
                  "{\"version\":2,\"host_name\":\"lab\",\"limits\":{\"max_devices\":3,"
                  "\"silent_s\":60}}");
    check_patched(lab, "{\"limits\":null,\"takeover\":\"never\"}",
                  "{\"version\":2,\"host_name\":\"lab\",\"takeover\":\"never\"}");
    check_patched(lab, "{\"host_name\":null,\"usb\":null,\"network\":{\"dns\":null}}",
                  "{\"version\":2,\"limits\":{\"max_urbs\":100,\"max_devices\":3}}");
    check_patched(lab,
                  "{\"version\":2,\"access\":{\"mode\":\"closed\",\"allow\":[{\"address\":"
                  "\"::1\"}],\"rules\":null}}",
                  "{\"version\":2,\"host_name\":\"lab\",\"limits\":{\"max_urbs\":100,"
                  "\"max_devices\":3},\"access\":{\"mode\":\"closed\",\"allow\":[{\"address\":"
                  "\"::1\"}]}}");
}

// A list is replaced, not merged.
TEST(settings_patch_replaces_lists)
{
    const char *two = "{\"version\":2,\"access\":{\"allow\":[{\"address\":\"::1\",\"note\":\"a\"},"
                      "{\"address\":\"::2\"}]},\"devices\":[{\"serial\":\"A\",\"alias\":\"a\"}]}";
    check_patched(two, "{\"access\":{\"allow\":[{\"address\":\"::1\"}]}}",
                  "{\"version\":2,\"access\":{\"allow\":[{\"address\":\"::1\"}]},\"devices\":["
                  "{\"serial\":\"A\",\"alias\":\"a\"}]}");
    check_patched(two, "{\"access\":{\"allow\":null},\"devices\":[]}", "{\"version\":2}");
}

static void check_refused(const char *patch, enum base_err want, const char *pointer,
                          const char *detail)
{
    const char *lab = "{\"version\":2,\"host_name\":\"lab\",\"access\":{\"allow\":[{\"address\":"
                      "\"::1\"}]}}";
    struct settings s = patched(lab, "{}"), before = s;
    struct settings_error first = {.pointer = "none"};
    struct settings_errors errors = {.list = &first, .max = 1};
    settings_hold(&before);
    CHECK_EQ(settings_patch(&s, patch, strlen(patch), &errors, NULL), want);
    CHECK_STR(first.pointer, pointer);
    CHECK_STR(first.detail, detail);
    CHECK_STR(settings_rig_difference(&s, &before), "");
    CHECK(s.lists == before.lists);
    settings_drop(&before);
    settings_drop(&s);
}

TEST(settings_patch_refuses_and_changes_nothing)
{
    check_refused("[]", BASE_ERR_INVALID, "", "line 1: the document must begin with {");
    check_refused("{\"host_name\":\"x\"", BASE_ERR_INVALID, "", "line 1: the document breaks off");
    check_refused("{\"host_name\":\"a b\"}", BASE_ERR_INVALID, "/host_name",
                  "1 to 63 letters, digits and hyphens are wanted, no hyphen at the ends");
    check_refused("{\"access\":{\"mode\":\"closed\",\"rules\":[{\"device\":{\"class\":\"03\"}}]}}",
                  BASE_ERR_INVALID, "/access/rules/0/effect", "\"allow\" or \"hide\" is wanted");
    check_refused("{\"access\":[]}", BASE_ERR_INVALID, "/access", "its settings in { } are wanted");
    check_refused("{\"colour\":{\"a\":1}}", BASE_ERR_INVALID, "/colour",
                  "there is no such setting here");
    check_refused("{\"host_name\":\"a\",\"host_name\":\"b\"}", BASE_ERR_INVALID, "/host_name",
                  "it is there twice");
    check_refused("{\"limits\":{\"max_urbs\":64,\"max_urbs\":65}}", BASE_ERR_INVALID,
                  "/limits/max_urbs", "it is there twice");
    check_refused("{\"version\":1,\"version\":2}", BASE_ERR_INVALID, "/version",
                  "it is there twice");
    check_refused("{\"version\":null}", BASE_ERR_INVALID, "/version",
                  "the document does not tell its own");
}

// What null takes away is a change as well.
TEST(settings_patch_tells_its_keys)
{
    struct settings s = settings_rig();
    struct settings_errors errors = {.max = 0};
    struct settings_keys set;
    const char *patch = "{\"host_name\":null,\"usb\":null,\"access\":{\"rules\":[]}}", *key;
    char have[300] = "";
    CHECK_EQ(settings_patch(&s, patch, strlen(patch), &errors, &set), BASE_OK);
    for (unsigned i = 0; (key = settings_document_key(i)); i++)
        if (set.bits >> i & 1) {
            strcat(have, key);
            strcat(have, " ");
        }
    CHECK_STR(have, "host_name usb.bus1_speed usb.bus2_speed access.rules ");
    settings_drop(&s);
}

// The document that comes of it must fit, as it is kept.
TEST(settings_patch_that_makes_it_too_long)
{
    struct settings_port port = settings_rig_port;
    struct settings s;
    struct settings_error first = {.pointer = "none"};
    struct settings_errors errors = {.list = &first, .max = 1};
    const char *small = "{\"host_name\":\"a-b\"}";
    const char *more =
        "{\"devices\":[{\"serial\":\"A\",\"alias\":\"a\",\"labels\":[\"0123456789\"]}]}";
    port.max_bytes = 90;
    settings_default(&s, &port);
    CHECK_EQ(settings_patch(&s, small, strlen(small), &errors, NULL), BASE_OK);
    CHECK_EQ(settings_patch(&s, more, strlen(more), &errors, NULL), BASE_ERR_LIMIT);
    CHECK_STR(first.pointer, "");
    CHECK_STR(first.detail, "the document would be longer than 90 bytes");
    CHECK(!s.lists);
    CHECK_STR(s.host_name, "a-b");
}
