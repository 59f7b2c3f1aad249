// SPDX-License-Identifier: Apache-2.0
// The yardstick of the bench: one thread, one connection at a time, blocking calls. It reads
// 48-byte requests, drops the payload behind an OUT request, and answers 48 bytes (and for IN as
// many zero bytes as asked). Everything else that a USB/IP server does is left out. What lies in
// the read buffer is answered with one writev, so at depth 32 a whole batch costs two system calls.
#include "base/base_bytes.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    HEADER_SIZE = 48,
    AT_COMMAND = 0,
    AT_SEQNUM = 4,
    AT_DIRECTION = 12,     // 1: IN
    AT_LENGTH = 24,        // request: transfer_buffer_length
    AT_ACTUAL_LENGTH = 24, // answer: the same place
    RET_SUBMIT = 3,
    READ_SIZE = 1024 * 1024, // less costs up to half of the OUT rates
    LENGTH_MAX = 1024 * 1024,
    BATCH = 64,
};

struct floor {
    int fd;
    size_t begin, end;           // bytes of `in` not yet used
    uint8_t answer[HEADER_SIZE]; // to the request whose payload is arriving
    uint32_t drop;               // bytes of it still to come
    unsigned answers, vectors;
    struct iovec iov[2 * BATCH];
    uint8_t header[BATCH][HEADER_SIZE];
    uint8_t in[READ_SIZE];
    uint8_t zeros[LENGTH_MAX];
};

static bool send_answers(struct floor *f)
{
    struct iovec *iov = f->iov;
    while (f->vectors) {
        ssize_t n = writev(f->fd, iov, (int)f->vectors);
        if (n < 0)
            return false;
        for (; f->vectors && (size_t)n >= iov->iov_len; iov++, f->vectors--)
            n -= (ssize_t)iov->iov_len;
        if (f->vectors) {
            iov->iov_base = (uint8_t *)iov->iov_base + n;
            iov->iov_len -= (size_t)n;
        }
    }
    f->answers = 0;
    return true;
}

static bool add_answer(struct floor *f, const uint8_t *answer, uint32_t payload)
{
    if (f->answers == BATCH && !send_answers(f))
        return false;
    uint8_t *h = f->header[f->answers++];
    memcpy(h, answer, HEADER_SIZE);
    f->iov[f->vectors++] = (struct iovec){h, HEADER_SIZE};
    if (payload)
        f->iov[f->vectors++] = (struct iovec){f->zeros, payload};
    return true;
}

static bool drop_payload(struct floor *f)
{
    size_t have = f->end - f->begin, n = f->drop < have ? f->drop : have;
    f->begin += n;
    f->drop -= (uint32_t)n;
    return f->drop || add_answer(f, f->answer, 0);
}

static bool use_request(struct floor *f)
{
    const uint8_t *request = f->in + f->begin;
    uint32_t length = base_get_be32(request + AT_LENGTH);
    bool is_in = base_get_be32(request + AT_DIRECTION) != 0;
    if (length > LENGTH_MAX)
        return false;
    memset(f->answer, 0, HEADER_SIZE);
    base_put_be32(f->answer + AT_COMMAND, RET_SUBMIT);
    memcpy(f->answer + AT_SEQNUM, request + AT_SEQNUM, 4);
    base_put_be32(f->answer + AT_ACTUAL_LENGTH, length);
    f->begin += HEADER_SIZE;
    if (!is_in && length) {
        f->drop = length;
        return true;
    }
    return add_answer(f, f->answer, is_in ? length : 0);
}

static bool use_input(struct floor *f)
{
    while (f->drop ? f->begin < f->end : f->end - f->begin >= HEADER_SIZE)
        if (!(f->drop ? drop_payload(f) : use_request(f)))
            return false;
    return send_answers(f);
}

static void serve(struct floor *f)
{
    int on = 1;
    setsockopt(f->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    f->begin = f->end = f->drop = f->answers = f->vectors = 0;
    for (;;) {
        memmove(f->in, f->in + f->begin, f->end - f->begin); // less than a header
        f->end -= f->begin;
        f->begin = 0;
        ssize_t n = recv(f->fd, f->in + f->end, READ_SIZE - f->end, 0);
        if (n <= 0)
            return;
        f->end += (size_t)n;
        if (!use_input(f))
            return;
    }
}

int main(void)
{
    static struct floor f;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, size) != 0 ||
        listen(listener, 1) != 0 || getsockname(listener, (struct sockaddr *)&at, &size) != 0) {
        perror("floor");
        return 1;
    }
    memset(f.zeros, 0, sizeof f.zeros); // writable pages of its own, not the shared zero page
    printf("floor: listening on 127.0.0.1:%u\n", ntohs(at.sin_port));
    fflush(stdout);
    while ((f.fd = accept(listener, NULL, NULL)) >= 0) {
        serve(&f);
        close(f.fd);
    }
    return 0;
}
