// SPDX-License-Identifier: Apache-2.0
// typed_text SECONDS TEXT: waits until a keyboard has typed TEXT (US layout), prints what came.
// Started before the keyboard is attached, so that no key is missed: evdev keeps nothing for a
// reader that comes late.
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_NODES = 32, SCAN_MS = 10 };

// Characters by key code, from KEY_ESC (1) on; '\0' where a key types nothing.
static const char plain[] = "\0001234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

struct typist {
    bool shift;
    char text[256];
    size_t len;
};

static void take_key(struct typist *t, const struct input_event *e)
{
    if (e->type != EV_KEY)
        return;
    if (e->code == KEY_LEFTSHIFT || e->code == KEY_RIGHTSHIFT)
        t->shift = e->value != 0;
    if (e->value != 1 || e->code < KEY_ESC || e->code >= sizeof plain)
        return;
    char c = (t->shift ? shifted : plain)[e->code - KEY_ESC];
    if (c && t->len + 1 < sizeof t->text)
        t->text[t->len++] = c;
}

// Opens the input nodes that are new since the last call.
static void open_nodes(struct pollfd *nodes)
{
    for (int i = 0; i < MAX_NODES; i++) {
        char path[32];
        snprintf(path, sizeof path, "/dev/input/event%d", i);
        if (nodes[i].fd < 0)
            nodes[i] = (struct pollfd){open(path, O_RDONLY | O_NONBLOCK), POLLIN, 0};
    }
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    struct pollfd nodes[MAX_NODES];
    struct typist typist = {0};
    time_t end = time(NULL) + atoi(argv[1]);
    for (int i = 0; i < MAX_NODES; i++)
        nodes[i].fd = -1;
    while (!strstr(typist.text, argv[2]) && time(NULL) < end) {
        open_nodes(nodes);
        poll(nodes, MAX_NODES, SCAN_MS);
        for (int i = 0; i < MAX_NODES; i++) {
            struct input_event e;
            while (nodes[i].fd >= 0 && read(nodes[i].fd, &e, sizeof e) == sizeof e)
                take_key(&typist, &e);
        }
    }
    printf("typed: \"%s\"\n", typist.text);
    return strstr(typist.text, argv[2]) ? 0 : 1;
}
