/* Conversations in HTTP/2, fed to a connection in every way that a network may
 * cut them; exchanges come out as one line each. */
#ifndef MT_TESTS_H2_TALK_H
#define MT_TESTS_H2_TALK_H

#include "conn_fixture.h"
#include "h2_build.h"

#include <stdio.h>

/* A conversation: runs of bytes of one side, in order. */
struct run {
    int side; /* 0 the client */
    size_t from, to;
};

struct talk {
    struct h2_side *side[2];
    struct run runs[64];
    size_t count;
    size_t taken[2];
};

static inline struct talk *talk_new(void)
{
    struct talk *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->side[0] = h2_new();
    t->side[1] = h2_new();
    return t;
}

static inline void talk_free(struct talk *t)
{
    h2_free(t->side[0]);
    h2_free(t->side[1]);
    free(t);
}

/* What the side has written since is its next run. */
static inline void say(struct talk *t, int side)
{
    assert_true(t->count < 64);
    t->runs[t->count++] =
        (struct run){side, t->taken[side], t->side[side]->len};
    t->taken[side] = t->side[side]->len;
}

static inline void start(struct talk *t)
{
    h2_start_client(t->side[0]);
    say(t, 0);
    h2_start_server(t->side[1]);
    say(t, 1);
}

#define TEXT(span) (int)(span).len, (const char *)(span).ptr

static inline void describe(const struct mt_exchange *x, char *log, size_t max)
{
    size_t used = strlen(log);
    char grpc[16] = "";
    if (x->grpc_status != MT_GRPC_STATUS_NONE)
        (void)snprintf(grpc, sizeof grpc, "/%d", x->grpc_status);
    int n = snprintf(
        log + used, max - used,
        "%u %s %s %.*s %.*s%s%.*s %u%s %s %s req %u/%u resp %u/%u%s%s%s\n",
        (unsigned)x->stream, mt_protocol_text(x->protocol),
        mt_kind_text(x->kind), TEXT(x->method), TEXT(x->path),
        x->query.len > 0 ? "?" : "", TEXT(x->query), x->status, grpc,
        mt_outcome_text(x->outcome), mt_error_text(x->error),
        (unsigned)x->req.body_bytes, x->req.messages,
        (unsigned)x->resp.body_bytes, x->resp.messages,
        x->half != 0 ? " half=" : "", mt_half_text(x->half),
        x->hpack > MT_HPACK_FULL ? " hpack" : "");
    assert_true(n > 0 && (size_t)n < max - used);
}

struct how {
    size_t step, first; /* bytes a chunk; of the first chunk of each run */
    bool half_close;    /* FIN from both sides at the end */
    enum mt_end end;
};

static inline void feed(struct fixture *f, int side, const uint8_t *bytes,
                        size_t len, int64_t ts)
{
    uint8_t *copy = malloc(len > 0 ? len : 1); /* exact, for ASan */
    assert_non_null(copy);
    if (len > 0)
        memcpy(copy, bytes, len);
    fixture_feed(f, side, (struct mt_span){copy, len}, ts);
    free(copy);
}

static inline void drain(struct fixture *f, char *log, size_t max)
{
    const struct mt_exchange *x;
    while ((x = mt_decode_next(&f->decode)) != NULL)
        describe(x, log, max);
}

static inline void play(struct talk *t, const struct how *how, char *log,
                        size_t max)
{
    struct fixture f;
    int64_t ts = 2000000000;
    log[0] = '\0';
    fixture_open(&f);
    for (size_t i = 0; i < t->count; i++) {
        const struct run *r = &t->runs[i];
        size_t n = how->first;
        for (size_t at = r->from; at < r->to; n = how->step) {
            n = n < r->to - at ? n : r->to - at;
            feed(&f, r->side, t->side[r->side]->bytes + at, n, ts);
            at += n;
        }
        ts += 1000000;
        drain(&f, log, max);
    }
    if (how->half_close) {
        mt_conn_end(f.conn, 0, MT_END_FIN, ts);
        mt_conn_end(f.conn, 1, MT_END_FIN, ts);
    } else if (how->end == MT_END_RST) {
        mt_conn_end(f.conn, 1, MT_END_RST, ts);
    }
    drain(&f, log, max);
    mt_conn_free(f.conn, how->end, ts);
    drain(&f, log, max);
    assert_int_equal(f.decode.open.count, 0);
    mt_decode_deinit(&f.decode);
    assert_int_equal(f.pool.used_bytes, 0);
    mt_pool_deinit(&f.pool);
}

static inline void check_with(struct talk *t, struct how how, const char *want)
{
    char log[16384];
    how.step = how.first = SIZE_MAX;
    play(t, &how, log, sizeof log);
    assert_string_equal(log, want);
    how.step = how.first = 1;
    play(t, &how, log, sizeof log);
    assert_string_equal(log, want);
    how.step = SIZE_MAX;
    size_t longest = 0;
    for (size_t i = 0; i < t->count; i++)
        if (t->runs[i].to - t->runs[i].from > longest)
            longest = t->runs[i].to - t->runs[i].from;
    for (size_t cut = 1; cut < longest && cut < 2048; cut++) {
        how.first = cut;
        play(t, &how, log, sizeof log);
        if (strcmp(log, want) != 0)
            fail_msg("cut at %zu: got\n%swant\n%s", cut, log, want);
    }
}

static inline void check(struct talk *t, const char *want)
{
    check_with(t, (struct how){.half_close = true}, want);
    talk_free(t);
}

#endif
