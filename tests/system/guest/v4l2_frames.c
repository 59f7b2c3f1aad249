// SPDX-License-Identifier: Apache-2.0
// v4l2_frames DEVICE yuyv|mjpeg FPS FRAMES: captures FRAMES frames of the simulated webcam
// (sim/device/camera/sim_camera.h), prints the numbers that are missing between them and what is
// wrong in them. Status 0 if all came, none is missing and none is damaged.
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BUFFERS = 8, SILENCE_MS = 10000, NUMBER_BITS = 32, BLACK = 16, WHITE = 235, DIGITS = 10 };

struct format {
    const char *name;
    uint32_t fourcc, width, height;
    // Reads a whole frame's number; false: the frame is damaged.
    bool (*read_number)(const uint8_t *frame, size_t size, uint32_t *number);
};

// --- frames --------------------------------------------------------------------------------------

enum { YUYV_ROW = 320 * 2, YUYV_ROWS = 240 };

static bool read_row(const uint8_t *row, uint32_t *number)
{
    *number = 0;
    for (unsigned i = 0; i < NUMBER_BITS; i++) {
        uint8_t luma = row[2 * i];
        if (luma != BLACK && luma != WHITE)
            return false;
        *number = *number << 1 | (luma == WHITE);
    }
    return true;
}

// The number is in the first and in the last row; those between them are all the same.
static bool read_yuyv(const uint8_t *frame, size_t size, uint32_t *number)
{
    uint32_t again;
    if (size != YUYV_ROW * YUYV_ROWS)
        return false;
    for (unsigned row = 2; row < YUYV_ROWS - 1; row++)
        if (memcmp(frame + YUYV_ROW, frame + row * YUYV_ROW, YUYV_ROW) != 0)
            return false;
    return read_row(frame, number) && read_row(frame + YUYV_ROW * (YUYV_ROWS - 1), &again) &&
           *number == again;
}

// Behind SOI a COM segment has the number in ten digits.
static bool read_mjpeg(const uint8_t *frame, size_t size, uint32_t *number)
{
    static const uint8_t start[] = {0xff, 0xd8, 0xff, 0xfe, 0, 2 + DIGITS}, end[] = {0xff, 0xd9};
    char digits[DIGITS + 1] = "", *behind;
    if (size < sizeof start + DIGITS + sizeof end || memcmp(frame, start, sizeof start) != 0 ||
        memcmp(frame + size - sizeof end, end, sizeof end) != 0)
        return false;
    memcpy(digits, frame + sizeof start, DIGITS);
    *number = (uint32_t)strtoul(digits, &behind, 10);
    return *behind == '\0';
}

static const struct format formats[] = {
    {"yuyv", V4L2_PIX_FMT_YUYV, 320, 240, read_yuyv},
    {"mjpeg", V4L2_PIX_FMT_MJPEG, 640, 480, read_mjpeg},
};

// --- capture -------------------------------------------------------------------------------------

struct capture {
    int fd;
    const struct format *format;
    uint8_t *buffers[BUFFERS];
    unsigned frames, lost, damaged;
    uint32_t first, last; // numbers
};

static void call(int fd, unsigned long request, void *argument, const char *what)
{
    int result;
    do
        result = ioctl(fd, request, argument);
    while (result < 0 && errno == EINTR);
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static void negotiate(const struct capture *c, unsigned fps)
{
    struct v4l2_format f = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    struct v4l2_streamparm parameters = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    struct v4l2_fract *interval = &parameters.parm.capture.timeperframe;
    f.fmt.pix.pixelformat = c->format->fourcc;
    f.fmt.pix.width = c->format->width;
    f.fmt.pix.height = c->format->height;
    call(c->fd, VIDIOC_S_FMT, &f, "VIDIOC_S_FMT");
    interval->numerator = 1;
    interval->denominator = fps;
    call(c->fd, VIDIOC_S_PARM, &parameters, "VIDIOC_S_PARM");
    unsigned got = (interval->denominator + interval->numerator / 2) / interval->numerator;
    if (f.fmt.pix.pixelformat != c->format->fourcc || f.fmt.pix.width != c->format->width ||
        f.fmt.pix.height != c->format->height || got != fps) {
        printf("the camera gives %ux%u at %u frames a second\n", f.fmt.pix.width, f.fmt.pix.height,
               got);
        exit(1);
    }
}

static void start(struct capture *c)
{
    struct v4l2_requestbuffers request = {
        .count = BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    call(c->fd, VIDIOC_REQBUFS, &request, "VIDIOC_REQBUFS");
    for (unsigned i = 0; i < BUFFERS && i < request.count; i++) {
        struct v4l2_buffer b = {
            .index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        call(c->fd, VIDIOC_QUERYBUF, &b, "VIDIOC_QUERYBUF");
        c->buffers[i] = mmap(NULL, b.length, PROT_READ, MAP_SHARED, c->fd, b.m.offset);
        if (c->buffers[i] == MAP_FAILED) {
            perror("mmap");
            exit(1);
        }
        call(c->fd, VIDIOC_QBUF, &b, "VIDIOC_QBUF");
    }
    call(c->fd, VIDIOC_STREAMON, &request.type, "VIDIOC_STREAMON");
}

static void take(struct capture *c, const uint8_t *frame, size_t size)
{
    uint32_t number;
    if (!c->format->read_number(frame, size, &number)) {
        printf("damaged: a frame of %zu bytes, behind number %u\n", size, c->last);
        c->damaged++;
        return;
    }
    if (c->frames == 0)
        c->first = number;
    for (uint32_t missing = c->last + 1; c->frames > 0 && missing < number; missing++) {
        printf("lost: %u\n", missing);
        c->lost++;
    }
    c->last = number;
    c->frames++;
}

// False: nothing has come for too long.
static bool take_next(struct capture *c)
{
    struct pollfd p = {c->fd, POLLIN, 0};
    struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    if (poll(&p, 1, SILENCE_MS) <= 0 || p.revents & (POLLERR | POLLHUP | POLLNVAL))
        return false;
    call(c->fd, VIDIOC_DQBUF, &b, "VIDIOC_DQBUF");
    take(c, c->buffers[b.index], b.bytesused);
    call(c->fd, VIDIOC_QBUF, &b, "VIDIOC_QBUF");
    return true;
}

int main(int argc, char **argv)
{
    struct capture c = {0};
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (argc != 5)
        return 2;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i].name, argv[2]) == 0)
            c.format = &formats[i];
    unsigned wanted = (unsigned)atoi(argv[4]);
    if (!c.format || wanted == 0)
        return 2;
    c.fd = open(argv[1], O_RDWR);
    if (c.fd < 0) {
        perror(argv[1]);
        return 1;
    }
    negotiate(&c, (unsigned)atoi(argv[3]));
    start(&c);
    while (c.frames + c.damaged < wanted && take_next(&c))
        continue;
    call(c.fd, VIDIOC_STREAMOFF, &type, "VIDIOC_STREAMOFF");
    printf("%u of %u frames, numbers %u to %u, %u lost, %u damaged\n", c.frames, wanted, c.first,
           c.last, c.lost, c.damaged);
    return c.frames == wanted && c.lost == 0 ? 0 : 1;
}
