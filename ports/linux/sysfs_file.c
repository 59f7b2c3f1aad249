// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sysfs_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool sysfs_join(char out[SYSFS_PATH_SIZE], const char *folder, const char *name)
{
    int n = snprintf(out, SYSFS_PATH_SIZE, "%s/%s", folder, name);
    return n >= 0 && n < SYSFS_PATH_SIZE;
}

ssize_t sysfs_bytes(const char *folder, const char *name, void *out, size_t size)
{
    char path[SYSFS_PATH_SIZE];
    if (!sysfs_join(path, folder, name))
        return -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    size_t done = 0;
    ssize_t n = 1;
    while (done < size && n > 0) {
        n = read(fd, (char *)out + done, size - done);
        done += (size_t)(n > 0 ? n : 0);
    }
    close(fd);
    return n < 0 ? -1 : (ssize_t)done;
}

bool sysfs_line(const char *folder, const char *name, char *out, size_t size)
{
    ssize_t n = sysfs_bytes(folder, name, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return n >= 0;
}

long sysfs_number(const char *folder, const char *name)
{
    char line[SYSFS_LINE_SIZE], *end;
    if (!sysfs_line(folder, name, line, sizeof line))
        return -1;
    long n = strtol(line, &end, 10);
    return end == line || n < 0 ? -1 : n;
}

bool sysfs_any_line(const char *path, bool (*each)(void *ctx, char *line), void *ctx)
{
    FILE *f = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    while (f && !found && getline(&line, &size, f) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        found = each(ctx, line);
    }
    free(line);
    if (f)
        fclose(f);
    return found;
}

bool sysfs_any_name(const char *folder, bool (*each)(void *ctx, const char *name), void *ctx)
{
    DIR *d = opendir(folder);
    const struct dirent *e;
    bool found = false;
    while (d && !found && (e = readdir(d)))
        if (e->d_name[0] != '.')
            found = each(ctx, e->d_name);
    if (d)
        closedir(d);
    return found;
}

bool sysfs_real_path(const char *path, char out[SYSFS_PATH_SIZE])
{
    char *real = realpath(path, NULL);
    bool fits = real && strlen(real) < SYSFS_PATH_SIZE;
    if (fits)
        memcpy(out, real, strlen(real) + 1);
    free(real);
    return fits;
}

bool sysfs_is_below(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    return strncmp(path, folder, n) == 0 && (path[n] == '\0' || path[n] == '/');
}
