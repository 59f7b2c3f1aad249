// SPDX-License-Identifier: Apache-2.0
#include "tests/support/sysfs_tree.h"

#include "tests/support/check.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 600, TEXT_SIZE = 2048 };

void sysfs_tree_make(struct sysfs_tree *t)
{
    *t = (struct sysfs_tree){.root = P_tmpdir "/usbip-sysfs-XXXXXX"};
    CHECK(mkdtemp(t->root));
}

static int delete_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void delete_all(const char *path)
{
    CHECK_EQ(nftw(path, delete_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void sysfs_tree_remove(struct sysfs_tree *t)
{
    delete_all(t->root);
}

static void full_path(const struct sysfs_tree *t, const char *path, char out[PATH_SIZE])
{
    CHECK(snprintf(out, PATH_SIZE, "%s%s", t->root, path) < PATH_SIZE);
}

static void make_folders(const struct sysfs_tree *t, const char *path, char full[PATH_SIZE])
{
    full_path(t, path, full);
    *strrchr(full, '/') = '\0';
    bool there = access(full, F_OK) == 0;
    full_path(t, path, full);
    for (char *slash = full + strlen(t->root); !there && (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        CHECK(mkdir(full, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

void sysfs_tree_bytes(const struct sysfs_tree *t, const char *path, const void *bytes, size_t size)
{
    char full[PATH_SIZE];
    make_folders(t, path, full);
    FILE *f = fopen(full, "wb");
    CHECK(f != NULL);
    CHECK_EQ(fwrite(bytes, 1, size, f), size);
    CHECK_EQ(fclose(f), 0);
}

void sysfs_tree_put(const struct sysfs_tree *t, const char *path, const char *text, ...)
{
    char buf[TEXT_SIZE];
    va_list args;
    va_start(args, text);
    int n = vsnprintf(buf, sizeof buf, text, args);
    va_end(args);
    CHECK(n >= 0 && n < TEXT_SIZE);
    sysfs_tree_bytes(t, path, buf, (size_t)n);
}

void sysfs_tree_link(const struct sysfs_tree *t, const char *path, const char *to)
{
    char from[PATH_SIZE], target[PATH_SIZE];
    make_folders(t, path, from);
    full_path(t, to, target);
    CHECK_EQ(symlink(target, from), 0);
}

void sysfs_tree_delete(const struct sysfs_tree *t, const char *path)
{
    char full[PATH_SIZE];
    full_path(t, path, full);
    delete_all(full);
}

// --- devices -------------------------------------------------------------------------------------

const char *sysfs_tree_folder(const char *busid)
{
    static char path[PATH_SIZE];
    int n = snprintf(path, sizeof path, "/sys/devices/pci0000:00/0000:00:01.0/usb%.*s",
                     (int)strcspn(busid, "-"), busid);
    for (const char *dot = busid; dot; dot = strchr(dot + 1, '.')) { // each hub on the way
        const char *end = strchr(dot + 1, '.');
        n += snprintf(path + n, sizeof path - (size_t)n, "/%.*s",
                      end ? (int)(end - busid) : (int)strlen(busid), busid);
    }
    return path;
}

static void put_line(const struct sysfs_tree *t, const char *folder, const char *name,
                     const char *text)
{
    char path[PATH_SIZE];
    if (*text == '\0')
        return;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    sysfs_tree_put(t, path, "%s\n", text);
}

static void put_number(const struct sysfs_tree *t, const char *folder, const char *name, unsigned n)
{
    char text[16];
    snprintf(text, sizeof text, "%u", n);
    put_line(t, folder, name, text);
}

static void put_descriptors(const struct sysfs_tree *t, const char *folder,
                            const struct usb_device_info *info)
{
    char path[PATH_SIZE];
    size_t size = info->device_descriptor.size;
    for (unsigned i = 0; i < info->config_count; i++)
        size += info->config[i].size;
    uint8_t *all = malloc(size + 1), *at = all;
    CHECK(all != NULL);
    if (info->device_descriptor.size > 0)
        memcpy(at, info->device_descriptor.data, info->device_descriptor.size);
    at += info->device_descriptor.size;
    for (unsigned i = 0; i < info->config_count; i++) {
        if (info->config[i].size > 0)
            memcpy(at, info->config[i].data, info->config[i].size);
        at += info->config[i].size;
    }
    snprintf(path, sizeof path, "%s/descriptors", folder);
    sysfs_tree_bytes(t, path, all, size);
    free(all);
}

void sysfs_tree_device(const struct sysfs_tree *t, const struct usb_device_info *info)
{
    static const char *const mbit[] = {[USB_SPEED_UNKNOWN] = "unknown",
                                       [USB_SPEED_LOW] = "1.5",
                                       [USB_SPEED_FULL] = "12",
                                       [USB_SPEED_HIGH] = "480",
                                       [USB_SPEED_SUPER] = "5000"};
    const char *folder = sysfs_tree_folder(info->busid);
    char link[PATH_SIZE];
    put_descriptors(t, folder, info);
    put_number(t, folder, "busnum", info->busnum);
    put_number(t, folder, "devnum", info->devnum);
    put_line(t, folder, "speed", mbit[info->speed]);
    if (info->active_config != 0) {
        snprintf(link, sizeof link, "%s:%u.0/bAlternateSetting", info->busid, info->active_config);
        put_line(t, folder, link, " 0");
    }
    put_line(t, folder, "manufacturer", info->manufacturer);
    put_line(t, folder, "product", info->product);
    put_line(t, folder, "serial", info->serial);
    snprintf(link, sizeof link, "/sys/bus/usb/devices/%s", info->busid);
    sysfs_tree_link(t, link, folder);
}

void sysfs_tree_device_gone(const struct sysfs_tree *t, const char *busid)
{
    char link[PATH_SIZE];
    snprintf(link, sizeof link, "/sys/bus/usb/devices/%s", busid);
    sysfs_tree_delete(t, link);
    sysfs_tree_delete(t, sysfs_tree_folder(busid));
}
