// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/slow_rig.h"

#include <string.h>

static void begin_job(struct slow *s, enum slow_job job, uint64_t offset, size_t size)
{
    CHECK(size <= sizeof s->bytes);
    s->job = job;
    s->ended = SLOW_NOTHING;
    s->unwanted = false;
    s->offset = offset;
    s->size = size;
}

static enum base_err slow_read(void *ctx, uint64_t offset, void *buf, size_t size)
{
    struct slow *s = ctx;
    if (s->job == SLOW_NOTHING && s->ended == SLOW_READ && s->offset == offset && s->size >= size) {
        s->ended = SLOW_NOTHING;
        memcpy(buf, s->bytes, size);
        return s->result;
    }
    if (s->job == SLOW_NOTHING)
        begin_job(s, SLOW_READ, offset, size);
    return BASE_ERR_AGAIN;
}

static enum base_err slow_settle(void *ctx)
{
    struct slow *s = ctx;
    if (s->job != SLOW_NOTHING)
        return BASE_ERR_AGAIN;
    bool lost = s->write_lost;
    s->write_lost = false;
    return lost ? BASE_ERR_IO : BASE_OK;
}

static enum base_err slow_write(void *ctx, uint64_t offset, const void *buf, size_t size)
{
    struct slow *s = ctx;
    enum base_err err = slow_settle(s);
    if (err != BASE_OK)
        return err;
    begin_job(s, SLOW_WRITE, offset, size);
    memcpy(s->bytes, buf, size);
    return BASE_OK;
}

static enum base_err slow_flush(void *ctx)
{
    struct slow *s = ctx;
    if (s->job == SLOW_NOTHING && s->ended == SLOW_FLUSH) {
        s->ended = SLOW_NOTHING;
        return s->result;
    }
    if (s->job == SLOW_NOTHING)
        begin_job(s, SLOW_FLUSH, 0, 0);
    return BASE_ERR_AGAIN;
}

static void slow_listen(void *ctx, void (*done)(void *owner), void *owner)
{
    struct slow *s = ctx;
    s->done = done;
    s->owner = owner;
}

static void slow_abandon(void *ctx)
{
    struct slow *s = ctx;
    s->unwanted = true;
    s->ended = SLOW_NOTHING;
    s->write_lost = false;
}

static void slow_destroy(void *ctx)
{
    struct slow *s = ctx;
    s->done = NULL;
    s->fast.destroy(s->fast.ctx);
}

void slow_begin(struct slow *s, bool uas)
{
    static const struct sim_storage_slow slow = {slow_listen, slow_settle, slow_abandon};
    memset(s, 0, sizeof *s);
    struct sim_disk_options o = bot_options(&s->bot, BOT_BLOCKS);
    s->fast = o.storage;
    o.uas = uas;
    o.storage = (struct sim_storage){
        .read = slow_read,
        .write = slow_write,
        .flush = slow_flush,
        .destroy = slow_destroy,
        .slow = &slow,
        .ctx = s,
        .size_bytes = o.storage.size_bytes,
    };
    bot_begin_with(&s->bot, &o);
    CHECK(s->done != NULL);
    if (uas)
        uas_select(&s->bot);
}

void slow_finish(struct slow *s, enum slow_job job)
{
    CHECK_EQ(s->job, job);
    s->job = SLOW_NOTHING;
    switch (job) {
    case SLOW_READ:
        s->result = s->fast.read(s->fast.ctx, s->offset, s->bytes, s->size);
        break;
    case SLOW_WRITE:
        s->result = s->fast.write(s->fast.ctx, s->offset, s->bytes, s->size);
        break;
    default:
        s->result = s->fast.flush(s->fast.ctx);
    }
    if (!s->unwanted) {
        s->ended = job;
        s->write_lost |= job == SLOW_WRITE && s->result != BASE_OK;
    }
    if (s->done)
        s->done(s->owner);
    rig_settle(&s->bot.rig);
}

void slow_check_status(struct rig_urb *csw, uint8_t status, uint32_t residue)
{

    rig_check_urb(csw, USB_STATUS_OK, 13);
    CHECK_EQ(base_get_le32(csw->urb.buffer + 8), residue);
    CHECK_EQ(csw->urb.buffer[12], status);
    rig_release(csw);
}

void slow_submit(struct slow *s, struct rig_urb *u, uint8_t ep, const void *data, uint32_t size)
{
    rig_urb(u, s->bot.rig.dev, ep, data, size);
    rig_submit(u);
}

void slow_read_two(struct slow *s, uint8_t block)
{
    bot_send(&s->bot, BOT_CDB(0x28, 0, 0, 0, 0, block, 0, 0, 2), 10, true, SLOW_TWO);
}

void slow_write_two(struct slow *s, uint8_t block, uint8_t flags)
{
    bot_send(&s->bot, BOT_CDB(0x2a, flags, 0, 0, 0, block, 0, 0, 2), 10, false, SLOW_TWO);
}

void slow_check_alive(struct slow *s)
{
    struct rig_urb data, csw;
    slow_read_two(s, 40);
    slow_submit(s, &data, BOT_IN, NULL, SLOW_TWO);
    slow_submit(s, &csw, BOT_IN, NULL, 13);
    slow_finish(s, SLOW_READ);
    rig_check_urb(&data, USB_STATUS_OK, SLOW_TWO);
    bot_check_blocks(&s->bot, data.urb.buffer, 40, 2);
    rig_release(&data);
    slow_check_status(&csw, BOT_PASSED, 0);
    CHECK_EQ(s->job, SLOW_NOTHING);
}
