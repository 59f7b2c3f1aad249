// SPDX-License-Identifier: Apache-2.0
// serial_echo DEVICE BYTES: writes BYTES to a serial port while reading, wants the same bytes back.
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

enum { CHUNK = 4096, SILENCE_MS = 10000 };

// A pattern with a long period: a lost, doubled or swapped piece shows.
static uint8_t pattern_at(size_t at)
{
    uint32_t x = (uint32_t)at * 2654435761u;
    return (uint8_t)(x >> 24 ^ x >> 13);
}

static int open_raw(const char *path)
{
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    struct termios t;
    if (fd < 0 || tcgetattr(fd, &t))
        return -1;
    cfmakeraw(&t);
    t.c_cflag |= CLOCAL | CREAD;
    return tcsetattr(fd, TCSANOW, &t) ? -1 : fd;
}

static size_t send_some(int fd, size_t sent, size_t total)
{
    uint8_t buf[CHUNK];
    size_t n = total - sent < CHUNK ? total - sent : CHUNK;
    for (size_t i = 0; i < n; i++)
        buf[i] = pattern_at(sent + i);
    ssize_t done = write(fd, buf, n);
    return done > 0 ? sent + (size_t)done : sent;
}

// Returns the new count, or -1 at the first wrong byte.
static ssize_t receive_some(int fd, size_t received)
{
    uint8_t buf[CHUNK];
    ssize_t n = read(fd, buf, CHUNK);
    for (ssize_t i = 0; i < n; i++, received++) {
        if (buf[i] != pattern_at(received)) {
            printf("byte %zu is %02x, not %02x\n", received, buf[i], pattern_at(received));
            return -1;
        }
    }
    return (ssize_t)received;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    size_t total = (size_t)atol(argv[2]), sent = 0;
    ssize_t received = 0;
    int fd = open_raw(argv[1]);
    if (fd < 0) {
        perror(argv[1]);
        return 1;
    }
    while (received >= 0 && (size_t)received < total) {
        struct pollfd p = {fd, (short)(POLLIN | (sent < total ? POLLOUT : 0)), 0};
        if (poll(&p, 1, SILENCE_MS) <= 0 || p.revents & (POLLERR | POLLHUP | POLLNVAL)) {
            printf("nothing more came: %zu of %zu sent, %zd received\n", sent, total, received);
            return 1;
        }
        if (p.revents & POLLOUT)
            sent = send_some(fd, sent, total);
        if (p.revents & POLLIN)
            received = receive_some(fd, (size_t)received);
    }
    if (received < 0)
        return 1;
    printf("%zd bytes echoed\n", received);
    return 0;
}
