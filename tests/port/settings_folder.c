// SPDX-License-Identifier: Apache-2.0
#include "tests/port/settings_folder.h"
#include "tests/support/check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void settings_folder_make(struct settings_folder *f)
{
    *f = (struct settings_folder){.path = P_tmpdir "/usbip-settings-XXXXXX"};
    CHECK(mkdtemp(f->path));
}

const char *settings_folder_file(const struct settings_folder *f, const char *name)
{
    static char path[400];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    return path;
}

void settings_folder_remove(struct settings_folder *f)
{
    DIR *d = opendir(f->path);
    CHECK(d != NULL);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            CHECK_EQ(unlink(settings_folder_file(f, e->d_name)), 0);
    closedir(d);
    CHECK_EQ(rmdir(f->path), 0);
}

void settings_folder_put(const struct settings_folder *f, const char *name, const char *text,
                         size_t size)
{
    const char *path = settings_folder_file(f, name);
    if (!text) {
        CHECK_EQ(unlink(path), 0);
        return;
    }
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK_EQ(fwrite(text, 1, size, file), size);
    CHECK_EQ(fclose(file), 0);
}

bool settings_folder_has(const struct settings_folder *f, const char *name)
{
    return access(settings_folder_file(f, name), F_OK) == 0;
}
