// SPDX-License-Identifier: Apache-2.0
// The way from old documents to the present version. There is only one version of the settings so
// far, so these steps are the test's own: version 1 has "name", 2 has "host_name", 3 has it in
// "host".
#include "settings/settings_migrate.h"
#include "tests/support/check.h"

#include <cJSON.h>
#include <string.h>

static unsigned steps_taken;

static bool rename_name(cJSON *document)
{
    steps_taken++;
    cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(document, "name");
    return !item || cJSON_AddItemToObject(document, "host_name", item);
}

static bool move_to_host(cJSON *document)
{
    steps_taken++;
    cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(document, "host_name");
    return !item ||
           cJSON_AddItemToObject(cJSON_AddObjectToObject(document, "host"), "host_name", item);
}

static bool no_memory(cJSON *document)
{
    (void)document;
    return false;
}

static const settings_step steps[] = {NULL, rename_name, move_to_host};

// Migrates to version 3; returns the error, and the name if it is where it belongs.
static enum base_err migrate(const char *json, char name[32], char *why)
{
    cJSON *document = cJSON_Parse(json);
    steps_taken = 0;
    enum base_err err = settings_migrate(document, steps, 3, why);
    const char *text = cJSON_GetStringValue(
        cJSON_GetObjectItem(cJSON_GetObjectItem(document, "host"), "host_name"));
    strncpy(name, text ? text : "", 31);
    name[31] = '\0';
    cJSON_Delete(document);
    return err;
}

TEST(settings_migrate_takes_each_step_once)
{
    char name[32], why[SETTINGS_WHY_SIZE];
    CHECK_EQ(migrate("{\"version\":1,\"name\":\"one\"}", name, why), BASE_OK);
    CHECK_STR(name, "one");
    CHECK_EQ(steps_taken, 2);
    CHECK_EQ(migrate("{\"version\":2,\"host_name\":\"two\"}", name, why), BASE_OK);
    CHECK_STR(name, "two");
    CHECK_EQ(steps_taken, 1);
    CHECK_EQ(migrate("{\"version\":3,\"host\":{\"host_name\":\"three\"}}", name, why), BASE_OK);
    CHECK_STR(name, "three");
    CHECK_EQ(steps_taken, 0);
}

TEST(settings_migrate_refuses_newer_versions)
{
    char name[32], why[SETTINGS_WHY_SIZE];
    CHECK_EQ(migrate("{\"version\":4}", name, why), BASE_ERR_UNSUPPORTED);
    CHECK_STR(why, "version: the document has version 4, this program knows versions up to 3; a "
                   "newer program has written it");
    CHECK_EQ(steps_taken, 0);
}

TEST(settings_migrate_tells_want_of_memory)
{
    static const settings_step bad[] = {NULL, no_memory};
    char why[SETTINGS_WHY_SIZE];
    cJSON *document = cJSON_Parse("{\"version\":1}");
    CHECK_EQ(settings_migrate(document, bad, 2, why), BASE_ERR_NOMEM);
    CHECK_STR(why, "no memory to read the document");
    cJSON_Delete(document);
}
