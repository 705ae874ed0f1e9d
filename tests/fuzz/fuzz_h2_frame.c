/* Properties: where the input is cut changes no event but the runs of DATA;
 * what is lost of a frame is its own length at most; memory is bounded and is
 * given back.
 *
 * Input: three bytes (where to cut, a gap's place and length), then frames. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decode/h2_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct mt_h2_frames f;
    struct mt_pool pool;
    uint64_t events; /* a hash of them, runs of DATA joined */
    uint64_t content_bytes;
    int rc;
};

static void check(int ok)
{
    if (!ok)
        abort();
}

static void mix(struct run *r, uint64_t n)
{
    r->events = (r->events ^ n) * 0x100000001b3u;
    r->events ^= r->events >> 29;
}

static void mix_event(struct run *r, const struct mt_h2_event *ev)
{
    if (ev->type == MT_H2_DATA) {
        r->content_bytes += ev->bytes.len;
        for (size_t i = 0; i < ev->bytes.len; i++)
            mix(r, ev->bytes.ptr[i] + (uint64_t)ev->stream * 256);
        if (ev->end_stream)
            mix(r, 7777);
        return;
    }
    const uint64_t all[] = {ev->type,       ev->stream,   ev->end_stream,
                            ev->block_lost, ev->too_long, ev->ack,
                            ev->promised,   ev->code,     ev->last_stream,
                            ev->setting,    ev->value,    ev->wire_bytes,
                            ev->bytes.len};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        mix(r, all[i]);
    for (size_t i = 0; i < ev->bytes.len; i++)
        mix(r, ev->bytes.ptr[i]);
}

static void start(struct run *r)
{
    *r = (struct run){.rc = MT_MORE};
    mt_pool_init(&r->pool, 1u << 20);
    mt_h2_frames_init(&r->f, &r->pool);
    mt_h2_frames_limit(&r->f, MT_H2_FRAME_MAX_DEFAULT);
}

static void feed(struct run *r, const uint8_t *data, size_t size)
{
    if (r->rc != MT_MORE)
        return;
    uint8_t *copy = malloc(size > 0 ? size : 1);
    check(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    struct mt_span in = {copy, size};
    struct mt_h2_event ev;
    while ((r->rc = mt_h2_next(&r->f, &in, &ev)) == MT_EVENT)
        mix_event(r, &ev);
    check(r->rc != MT_MORE || in.len == 0);
    check(r->pool.used_bytes <= 2 * MT_H2_BLOCK_MAX);
    free(copy);
}

static void finish(struct run *r)
{
    mt_h2_frames_deinit(&r->f);
    check(r->pool.used_bytes == 0);
    mt_pool_deinit(&r->pool);
}

static void run_with_gap(const uint8_t *data, size_t size, size_t at, size_t n)
{
    struct run r;
    struct mt_h2_event ev;
    bool has_event;
    start(&r);
    feed(&r, data, at);
    if (r.rc == MT_MORE) {
        if (!mt_h2_gap(&r.f, n, &ev, &has_event))
            mt_h2_frames_restart(&r.f);
        check(!has_event || ev.lost_bytes <= n);
        if (has_event)
            mix_event(&r, &ev);
        feed(&r, data + at, size - at);
    }
    finish(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    size_t cut = data[0], at = data[1], n = data[2];
    data += 3;
    size -= 3;
    cut = cut < size ? cut : size;
    at = at < size ? at : size;
    struct run whole, split, bytes;
    start(&whole);
    feed(&whole, data, size);
    start(&split);
    feed(&split, data, cut);
    feed(&split, data + cut, size - cut);
    start(&bytes);
    for (size_t i = 0; i < size; i++)
        feed(&bytes, data + i, 1);
    check(whole.rc == split.rc && whole.rc == bytes.rc);
    check(whole.events == split.events && whole.events == bytes.events);
    check(whole.content_bytes == bytes.content_bytes);
    finish(&whole);
    finish(&split);
    finish(&bytes);
    run_with_gap(data, size, at, n);
    return 0;
}
