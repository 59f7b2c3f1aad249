// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over the files of a folder: the kept inputs as an ordinary test, with any
// compiler.
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void run_file(const char *path, size_t size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(size); // exactly as long, so that a sanitizer sees a read too far
    if (!f || (!data && size) || fread(data, 1, size, f) != size) {
        perror(path);
        exit(1);
    }
    (void)fclose(f);
    printf("%s\n", path);
    (void)fflush(stdout); // the last line names the culprit if it crashes
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
}

static unsigned run_folder(const char *folder)
{
    DIR *d = opendir(folder);
    if (!d) {
        perror(folder);
        exit(1);
    }
    unsigned count = 0;
    for (struct dirent *e; (e = readdir(d));) {
        char path[4096];
        struct stat st;
        int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (n < 0 || (size_t)n >= sizeof path || stat(path, &st) || !S_ISREG(st.st_mode))
            continue;
        run_file(path, (size_t)st.st_size);
        count++;
    }
    closedir(d);
    return count;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    unsigned count = run_folder(argv[1]);
    printf("%u inputs\n# tests: %d passed, %d failed, 0 skipped\n", count, count > 0, count == 0);
    return count == 0;
}
