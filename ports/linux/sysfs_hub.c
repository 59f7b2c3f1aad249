// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sysfs_hub.h"

#include "base/base_number.h"
#include "base/base_text.h"
#include "ports/linux/sysfs_device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICES "/sys/bus/usb/devices"
#define ROOT_HUB "usb"

static bool is_root_name(const char *name)
{
    uint64_t busnum;
    return strncmp(name, ROOT_HUB, strlen(ROOT_HUB)) == 0 &&
           base_number(name + strlen(ROOT_HUB), 1, UINT8_MAX, &busnum);
}

static uint8_t number_of(const char *folder, const char *file)
{
    long n = sysfs_number(folder, file);
    return n > 0 && n <= UINT8_MAX ? (uint8_t)n : 0;
}

bool sysfs_hub_read(const char *root, const char *name, struct sysfs_hub *out)
{
    char folder[SYSFS_PATH_SIZE];
    struct stat st;
    *out = (struct sysfs_hub){.is_root = is_root_name(name)};
    if ((!out->is_root && !sysfs_device_is_busid(name)) ||
        !sysfs_device_folder(root, name, folder, sizeof folder) || stat(folder, &st) < 0)
        return false;
    (void)base_text_copy(out->name, sizeof out->name, name);
    out->folder = st.st_ino;
    out->ports = number_of(folder, "maxchild");
    out->busnum = number_of(folder, "busnum");
    out->devnum = number_of(folder, "devnum");
    out->speed = sysfs_device_speed(folder);
    out->is_foreign = sysfs_device_is_vhci(folder);
    return out->ports > 0 && out->busnum > 0;
}

void sysfs_hub_prefix(const char *name, char prefix[USB_BUSID_SIZE])
{
    struct base_text t;
    bool is_root = is_root_name(name);
    base_text_init(&t, prefix, USB_BUSID_SIZE);
    base_text_str(&t, is_root ? name + strlen(ROOT_HUB) : name);
    base_text_char(&t, is_root ? '-' : '.');
}

bool sysfs_hub_of_port(const char *port, char name[USB_BUSID_SIZE], uint8_t *number)
{
    const char *dot = strrchr(port, '.'), *dash = strchr(port, '-');
    const char *last = dot ? dot : dash;
    uint64_t n = 0;
    if (!sysfs_device_is_busid(port) || !base_number(last + 1, 1, UINT8_MAX, &n))
        return false;
    *number = (uint8_t)n;
    snprintf(name, USB_BUSID_SIZE, "%s%.*s", dot ? "" : ROOT_HUB, (int)(last - port), port);
    return dot ? sysfs_device_is_busid(name) : is_root_name(name);
}

// --- a port's folder -----------------------------------------------------------------------------

struct search {
    const char *hub; // its folder
    const char *name;
    uint8_t number;
    char *out;
};

// "1-2:1.0" has "1-2-port3".
static bool has_port(void *ctx, const char *interface)
{
    const struct search *s = ctx;
    struct stat st;
    int n =
        snprintf(s->out, SYSFS_PATH_SIZE, "%s/%s/%s-port%u", s->hub, interface, s->name, s->number);
    return strchr(interface, ':') && n < SYSFS_PATH_SIZE && stat(s->out, &st) == 0;
}

static bool port_folder(const char *root, const char *name, uint8_t number,
                        char out[SYSFS_PATH_SIZE])
{
    char hub[SYSFS_PATH_SIZE];
    struct search s = {hub, name, number, out};
    return sysfs_device_folder(root, name, hub, sizeof hub) && sysfs_any_name(hub, has_port, &s);
}

// "usb2-port1" is 2-1, "2-1-port3" is 2-1.3.
void sysfs_hub_twin(const char *root, const char *name, uint8_t number, char twin[USB_BUSID_SIZE])
{
    char folder[SYSFS_PATH_SIZE], link[SYSFS_PATH_SIZE], real[SYSFS_PATH_SIZE];
    twin[0] = '\0';
    if (!port_folder(root, name, number, folder) || !sysfs_join(link, folder, "peer") ||
        !sysfs_real_path(link, real))
        return;
    char hub[USB_BUSID_SIZE], prefix[USB_BUSID_SIZE], *last = strrchr(real, '/') + 1;
    char *end = strstr(last, "-port");
    if (!end || !base_text_copy(hub, sizeof hub, (*end = '\0', last)))
        return;
    sysfs_hub_prefix(hub, prefix);
    int n = snprintf(twin, USB_BUSID_SIZE, "%s%s", prefix, end + strlen("-port"));
    if (n >= USB_BUSID_SIZE || !sysfs_device_is_busid(twin))
        twin[0] = '\0';
}

// --- its power -----------------------------------------------------------------------------------

int sysfs_hub_port_on(const char *root, const char *name, uint8_t number)
{
    char folder[SYSFS_PATH_SIZE];
    long off = port_folder(root, name, number, folder) ? sysfs_number(folder, "disable") : -1;
    return off < 0 ? -1 : off == 0;
}

int sysfs_hub_set_port(const char *root, const char *name, uint8_t number, bool on)
{
    char folder[SYSFS_PATH_SIZE], path[SYSFS_PATH_SIZE];
    if (!port_folder(root, name, number, folder) || !sysfs_join(path, folder, "disable"))
        return ENOENT;
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = write(fd, on ? "0" : "1", 1) == 1 ? 0 : errno;
    close(fd);
    return error;
}
