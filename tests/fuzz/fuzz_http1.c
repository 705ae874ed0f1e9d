/* Properties: where the input is cut changes neither events nor verdict; what
 * the proxy accepts the tap accepts alike; a line in pieces takes no more
 * memory than its bound; all memory is given back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decode/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small bounds, so that small inputs pass them. */
static const struct mt_http1_config configs[2] = {
    {.fatal = 0, .line_max_bytes = 200, .header_max_bytes = 500},
    {.fatal = ~(uint32_t)(MT_ANOMALY_CHUNK_EXT | MT_ANOMALY_EMPTY_LINES),
     .line_max_bytes = 200,
     .header_max_bytes = 500},
};

struct run {
    struct mt_http1 p;
    struct mt_pool pool;
    uint64_t events; /* a hash of them, body runs joined */
    uint64_t ends;   /* the same, when the last message ended */
    uint64_t body_bytes;
    uint32_t count; /* of messages that ended */
    int rc;
};

static void mix(struct run *r, uint64_t n)
{
    r->events = (r->events ^ n) * 0x100000001b3u;
    r->events ^= r->events >> 29;
}

static void mix_span(struct run *r, struct mt_span s)
{
    mix(r, s.len);
    for (size_t i = 0; i < s.len; i++)
        mix(r, s.ptr[i]);
}

static void mix_event(struct run *r, const struct mt_http1_event *ev)
{
    if (ev->kind != MT_HTTP1_BODY) {
        mix(r, r->body_bytes);
        mix(r, (uint64_t)ev->kind);
    }
    switch (ev->kind) {
    case MT_HTTP1_REQUEST:
        mix_span(r, ev->request.method);
        mix_span(r, ev->request.target);
        break;
    case MT_HTTP1_STATUS:
        mix(r, ev->status.code);
        mix_span(r, ev->status.reason);
        break;
    case MT_HTTP1_FIELD:
    case MT_HTTP1_TRAILER:
        mix_span(r, ev->field.name);
        mix_span(r, ev->field.value);
        break;
    case MT_HTTP1_HEADERS:
        mix(r, (uint64_t)ev->headers.framing);
        mix(r, ev->headers.length);
        mix(r, ev->headers.header_bytes);
        mix(r, ev->headers.keep_alive);
        break;
    case MT_HTTP1_BODY:
        r->body_bytes += ev->body.len;
        for (size_t i = 0; i < ev->body.len; i++)
            mix(r, ev->body.ptr[i]);
        break;
    case MT_HTTP1_CHUNK:
        mix(r, ev->chunk.bytes);
        mix_span(r, ev->chunk.extension);
        break;
    case MT_HTTP1_END:
        mix(r, ev->end.anomalies);
        r->ends = r->events;
        r->count++;
        break;
    }
}

static void start(struct run *r, uint8_t mode, int strict)
{
    *r = (struct run){.rc = MT_MORE};
    mt_pool_init(&r->pool, 1 << 16);
    mt_http1_init(&r->p,
                  (mode & 1) != 0 ? MT_HTTP1_RESPONSES : MT_HTTP1_REQUESTS,
                  &configs[strict], &r->pool);
    mt_http1_answers(&r->p, (enum mt_http1_answers)(mode >> 1 & 3));
}

static void feed(struct run *r, const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    struct mt_span in = {.ptr = copy, .len = size};
    struct mt_http1_event ev;
    while ((r->rc = mt_http1_next(&r->p, &in, &ev)) == MT_EVENT)
        mix_event(r, &ev);
    if (r->rc == MT_MORE && in.len != 0)
        abort();
    if (r->pool.used_bytes > 256)
        abort();
    free(copy);
}

static void finish(struct run *r)
{
    struct mt_http1_event ev;
    if (r->rc == MT_MORE && mt_http1_eof(&r->p, &ev) == MT_EVENT)
        mix_event(r, &ev);
    mt_http1_deinit(&r->p);
    mt_pool_deinit(&r->pool);
}

/* Requests after one whose end the lenient parser cannot tell are found by
 * packet borders: there a cut may change what is found. */
static int searched(const struct run *r)
{
    return r->p.skipped_bytes > 0 || mt_http1_lost(&r->p) || r->p.searching;
}

/* Whether a HEAD was answered shows in what follows at once. */
static int guesses(uint8_t mode)
{
    return (mode & 1) != 0 && (mode >> 1 & 3) == MT_HTTP1_TO_UNKNOWN;
}

enum { TAP_LINE_MAX = 16 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    uint8_t mode = data[0];
    size_t step = (size_t)data[1] + 1;
    data += 2, size -= 2;

    struct run whole[2], cut[2];
    for (int strict = 0; strict < 2; strict++) {
        struct run *w = &whole[strict], *c = &cut[strict];
        start(w, mode, strict);
        start(c, mode, strict);
        feed(w, data, size);
        for (size_t at = 0; at < size && c->rc == MT_MORE; at += step)
            feed(c, data + at, size - at < step ? size - at : step);
        int skip = guesses(mode) || searched(w) || searched(c);
        finish(w);
        finish(c);
        if (!skip && (w->events != c->events || w->rc != c->rc))
            abort();
    }
    /* a message that the proxy took, the tap took as the same; but for lines
     * that are longer than a tap looks at */
    if (size > TAP_LINE_MAX)
        return 0;
    if (whole[1].rc >= 0 && whole[1].events != whole[0].events)
        abort();
    if (whole[1].count > whole[0].count)
        abort();
    return 0;
}
