#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy-lite/call/h2_side.h"

/* A client's and a server's side, each the other's far end: what one of them
 * sends is fed to the other, in pieces of any size. */

enum { POOL_BYTES = 64 << 20, STREAMS = 40 };

struct end {
    struct mt_h2_side h2;
    unsigned touches, frees, refusals, requests;
    uint16_t refused_with;
    const char *refused_why;
};

/* One request or response, as it is received. */
struct got {
    struct mt_stream *stream;
    uint8_t *body;
    size_t length, room;
    uint16_t status;
    char method[16], path[64], trailer[32];
    bool head, end, gone, has_room;
    enum mt_gone why;
    unsigned interim;
};

static struct {
    struct mt_pool pool;
    struct end client, server;
    struct got requests[STREAMS], responses[STREAMS];
    unsigned requests_count;
    uint32_t seed;
    int64_t now_ns;
} w;

static uint32_t any(void)
{
    w.seed = w.seed * 1664525u + 1013904223u;
    return w.seed >> 8;
}

static void text(char *out, size_t room, struct mt_span s)
{
    (void)snprintf(out, room, "%.*s", (int)s.len, (const char *)s.ptr);
}

/* ---- what is received ---- */

static void on_head(void *arg, struct mt_head *h, bool end)
{
    struct got *g = arg;
    if (h->status != 0 && h->status < 200) {
        g->interim++;
        return;
    }
    assert_false(g->head);
    g->head = true;
    g->end = end;
    g->status = h->status;
    text(g->method, sizeof g->method, h->method);
    text(g->path, sizeof g->path, h->path);
}

static void on_body(void *arg, struct mt_span bytes)
{
    struct got *g = arg;
    assert_true(g->head && !g->end);
    if (g->length + bytes.len > g->room) {
        g->room = (g->length + bytes.len) * 2;
        g->body = realloc(g->body, g->room);
        assert_non_null(g->body);
    }
    memcpy(g->body + g->length, bytes.ptr, bytes.len);
    g->length += bytes.len;
}

static void on_end(void *arg, struct mt_head *trailers)
{
    struct got *g = arg;
    assert_false(g->end);
    g->end = true;
    if (trailers != NULL && trailers->count > 0)
        text(g->trailer, sizeof g->trailer, trailers->fields[0].value);
}

static void on_gone(void *arg, enum mt_gone why)
{
    struct got *g = arg;
    g->gone = true;
    g->why = why;
    g->stream = NULL;
}

static void on_room(void *arg)
{
    ((struct got *)arg)->has_room = true;
}

static const struct mt_stream_events events = {on_head, on_body, on_end,
                                               on_gone, on_room};

static void on_request(void *arg, struct mt_stream *s, struct mt_head *head,
                       bool end)
{
    struct end *e = arg;
    assert_true(w.requests_count < STREAMS);
    struct got *g = &w.requests[w.requests_count++];
    e->requests++;
    g->stream = s;
    s->events = &events;
    s->arg = g;
    on_head(g, head, end);
}

static void on_refused(void *arg, struct mt_stream *s, struct mt_head *head,
                       const struct mt_http1_refusal *why)
{
    struct end *e = arg;
    (void)head;
    e->refusals++;
    e->refused_with = why->status;
    e->refused_why = why->why;
    if (why->status != 0) {
        struct mt_head h;
        mt_head_init(&h, &w.pool, 4096);
        h.status = why->status;
        s->ops->head(s, &h, true);
        mt_head_deinit(&h);
    }
    s->ops->leave(s);
}

static void on_free_again(void *arg, struct mt_side *side)
{
    assert_true(side->takes);
    ((struct end *)arg)->frees++;
}

static void on_touched(void *arg, struct mt_side *side)
{
    (void)side;
    ((struct end *)arg)->touches++;
}

static const struct mt_side_owner owner = {on_request, on_refused,
                                           on_free_again, on_touched};

/* ---- between the two ---- */

/* All that one end says, to the other, in pieces. Returns how much. */
static size_t carry(struct end *from, struct end *to, size_t most)
{
    struct mt_side *out = &from->h2.side, *in = &to->h2.side;
    struct iovec iov;
    size_t all = 0;
    for (;;) {
        out->ops->fill(out);
        if (all >= most || mt_outq_peek(&out->out, &iov, 1) == 0)
            break;
        size_t n = iov.iov_len < 1 + any() % 3000 ? iov.iov_len
                                                  : 1 + any() % iov.iov_len;
        uint8_t *piece = malloc(n);
        assert_non_null(piece);
        memcpy(piece, iov.iov_base, n);
        mt_outq_sent(&out->out, n);
        in->ops->feed(in, (struct mt_span){piece, n}, w.now_ns);
        assert_true(in->ops->settle(in));
        free(piece);
        all += n;
    }
    assert_true(out->ops->settle(out));
    out->ops->sent(out, w.now_ns);
    return all;
}

static void carry_all(void)
{
    while (carry(&w.client, &w.server, SIZE_MAX) +
               carry(&w.server, &w.client, SIZE_MAX) >
           0)
        continue;
}

static int set_up(void **state)
{
    (void)state;
    memset(&w, 0, sizeof w);
    w.seed = 7;
    w.now_ns = 1000000000;
    mt_pool_init(&w.pool, POOL_BYTES);
    assert_true(mt_h2_client_init(&w.client.h2, &w.pool, &owner, &w.client));
    assert_true(mt_h2_server_init(&w.server.h2, &w.pool, &owner, &w.server));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    w.client.h2.side.ops->deinit(&w.client.h2.side);
    w.server.h2.side.ops->deinit(&w.server.h2.side);
    for (unsigned i = 0; i < STREAMS; i++) {
        free(w.requests[i].body);
        free(w.responses[i].body);
    }
    assert_int_equal(w.pool.used_bytes, 0);
    mt_pool_deinit(&w.pool);
    return 0;
}

static void ask(unsigned i, const char *method, bool end)
{
    struct mt_head h;
    char path[32];
    struct mt_side *side = &w.client.h2.side;
    assert_true(side->takes);
    struct mt_stream *s = side->ops->begin(side);
    assert_non_null(s);
    w.responses[i].stream = s;
    s->events = &events;
    s->arg = &w.responses[i];
    (void)snprintf(path, sizeof path, "/%u", i);
    mt_head_init(&h, &w.pool, 4096);
    h.method = mt_span_str(method);
    h.path = mt_span_str(path);
    h.authority = MT_SPAN("a");
    assert_true(mt_head_add(&h, MT_SPAN("X-Case"), MT_SPAN("kept")));
    s->ops->head(s, &h, end);
    mt_head_deinit(&h);
}

static void answer(struct got *request, uint16_t status, bool end)
{
    struct mt_head h;
    mt_head_init(&h, &w.pool, 4096);
    h.status = status;
    request->stream->ops->head(request->stream, &h, end);
    mt_head_deinit(&h);
}

static void end_with(struct mt_stream *s, const char *trailer)
{
    struct mt_head h;
    mt_head_init(&h, &w.pool, 4096);
    if (trailer != NULL)
        assert_true(mt_head_add(&h, MT_SPAN("sum"), mt_span_str(trailer)));
    s->ops->end(s, trailer != NULL ? &h : NULL);
    s->ops->leave(s);
    mt_head_deinit(&h);
}

/* ---- cases ---- */

/* Many at once, with bodies of any size both ways, as they were sent. */
static void test_bodies(void **state)
{
    (void)state;
    static uint8_t bytes[300000];
    size_t asked[STREAMS], told[STREAMS];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)any();
    for (unsigned i = 0; i < STREAMS; i++) {
        asked[i] = any() % sizeof bytes;
        told[i] = i == 0 ? 0 : any() % sizeof bytes;
        ask(i, "POST", false);
        struct mt_stream *s = w.responses[i].stream;
        s->ops->body(s, (struct mt_span){bytes, asked[i]});
        assert_true(s->side->ops->settle(s->side));
        s->ops->end(s, NULL);
        if (i % 3 == 0)
            carry_all();
    }
    carry_all();
    assert_int_equal(w.server.requests, STREAMS);
    for (unsigned i = 0; i < STREAMS; i++) {
        struct got *g = &w.requests[i];
        assert_string_equal(g->method, "POST");
        assert_true(g->end);
        assert_int_equal(g->length, asked[i]);
        assert_memory_equal(g->body, bytes, asked[i]);
        answer(g, 103, false);
        answer(g, 200, false);
        g->stream->ops->body(g->stream, (struct mt_span){bytes, told[i]});
        assert_true(g->stream->side->ops->settle(g->stream->side));
        end_with(g->stream, i % 2 == 0 ? "5" : NULL);
    }
    carry_all();
    for (unsigned i = 0; i < STREAMS; i++) {
        const struct got *g = &w.responses[i];
        assert_int_equal(g->status, 200);
        assert_int_equal(g->interim, 1);
        assert_true(g->end && !g->gone);
        assert_int_equal(g->length, told[i]);
        assert_memory_equal(g->body, bytes, told[i]);
        assert_string_equal(g->trailer, i % 2 == 0 ? "5" : "");
    }
    assert_true(w.client.h2.side.idle && w.server.h2.side.idle);
    assert_int_equal(w.client.h2.count, 0);
}

/* Nobody sends more than the window of who does not read. */
static void test_back_pressure(void **state)
{
    (void)state;
    enum { WINDOW = 65535, ALL = 10 * WINDOW };
    static const uint8_t bytes[WINDOW];
    ask(0, "POST", false);
    carry_all();
    struct mt_stream *up = w.responses[0].stream, *down = w.requests[0].stream;
    down->ops->pause(down, true);
    size_t sent = 0;
    while (!up->over_high) {
        up->ops->body(up, (struct mt_span){bytes, sizeof bytes});
        assert_true(up->side->ops->settle(up->side));
        sent += sizeof bytes;
        carry_all();
    }
    assert_int_equal(w.requests[0].length, WINDOW);
    assert_true(sent <= WINDOW + MT_SIDE_HIGH_BYTES + sizeof bytes);
    assert_false(w.responses[0].has_room);
    down->ops->pause(down, false);
    carry_all();
    assert_true(w.responses[0].has_room);
    assert_false(up->over_high);
    for (; sent < ALL; sent += sizeof bytes) {
        up->ops->body(up, (struct mt_span){bytes, sizeof bytes});
        carry_all();
    }
    up->ops->end(up, NULL);
    carry_all();
    assert_int_equal(w.requests[0].length, sent);
    assert_true(w.requests[0].end);
}

/* What a stream had not read when it was reset is the connection's to give
 * out again. */
static void test_window_of_the_reset(void **state)
{
    (void)state;
    enum { WINDOW = 65535, LAST = STREAMS - 1 };
    static const uint8_t bytes[WINDOW];
    for (unsigned i = 0; i < STREAMS; i++) {
        ask(i, "POST", false);
        carry_all();
        struct mt_stream *up = w.responses[i].stream,
                         *down = w.requests[i].stream;
        down->ops->pause(down, i != LAST);
        up->ops->body(up, (struct mt_span){bytes, sizeof bytes});
        carry_all();
        assert_int_equal(w.requests[i].length, WINDOW);
        up->ops->leave(up);
        carry_all();
        assert_true(w.requests[i].gone);
    }
}

/* The connection ends while a frame waits for room: its stream is no more. */
static void test_ends_while_full(void **state)
{
    enum { FULL = 4 };
    static const uint8_t bytes[60000];
    for (int by = 0; by < 4; by++) {
        struct mt_side *sides[] = {&w.server.h2.side, &w.client.h2.side};
        struct mt_side *side = sides[by % 2];
        for (unsigned i = 0; i < FULL; i++)
            ask(i, "POST", false);
        carry_all();
        for (unsigned i = 0; i < FULL; i++) {
            struct got *g = by % 2 == 0 ? &w.requests[i] : &w.responses[i];
            if (by % 2 == 0)
                answer(g, 200, false);
            g->stream->ops->body(g->stream,
                                 (struct mt_span){bytes, sizeof bytes});
            assert_true(side->ops->settle(side));
        }
        side->ops->fill(side);
        assert_true(side->out.bytes > MT_SIDE_HIGH_BYTES);
        if (by < 2)
            side->ops->broken(side);
        else
            side->ops->eof(side);
        for (unsigned i = 0; i < FULL; i++)
            assert_true(by % 2 == 0 ? w.requests[i].gone : w.responses[i].gone);
        mt_outq_deinit(&side->out);
        side->ops->fill(side);
        assert_true(side->closing);
        assert_int_equal(tear_down(state), 0);
        assert_int_equal(set_up(state), 0);
    }
}

static void test_leaving(void **state)
{
    (void)state;
    ask(0, "GET", true);
    ask(1, "GET", true);
    ask(2, "POST", false);
    carry_all();
    w.responses[0].stream->ops->leave(w.responses[0].stream); /* the client */
    answer(&w.requests[1], 200, false);                       /* the server */
    w.requests[1].stream->ops->leave(w.requests[1].stream);
    answer(&w.requests[2], 413, true); /* before it was all asked */
    w.requests[2].stream->ops->leave(w.requests[2].stream);
    carry_all();
    assert_true(w.requests[0].gone && w.requests[0].why == MT_GONE_RESET);
    assert_true(w.responses[1].gone && w.responses[1].status == 200);
    assert_int_equal(w.responses[2].status, 413);
    assert_true(w.responses[2].end);
    assert_true(w.client.h2.side.idle && w.server.h2.side.idle);
}

static void test_as_many_as_it_takes(void **state)
{
    (void)state;
    struct mt_side *side = &w.client.h2.side;
    struct mt_stream *all[MT_H2_STREAMS_MAX];
    for (unsigned i = 0; i < MT_H2_STREAMS_MAX; i++) {
        assert_true(side->takes);
        all[i] = side->ops->begin(side);
        assert_non_null(all[i]);
    }
    assert_false(side->takes);
    unsigned frees = w.client.frees;
    all[3]->ops->leave(all[3]);
    carry_all();
    assert_true(side->takes);
    assert_int_equal(w.client.frees, frees + 1);
    for (unsigned i = 0; i < MT_H2_STREAMS_MAX; i++)
        if (i != 3)
            all[i]->ops->leave(all[i]);
    carry_all();
    assert_true(side->idle);
}

static void test_draining(void **state)
{
    (void)state;
    struct mt_side *server = &w.server.h2.side, *client = &w.client.h2.side;
    ask(0, "GET", true);
    carry_all();
    server->ops->drain(server);
    carry_all();
    assert_false(client->takes);
    assert_false(server->closing);
    answer(&w.requests[0], 204, true);
    w.requests[0].stream->ops->leave(w.requests[0].stream);
    carry_all();
    assert_int_equal(w.responses[0].status, 204);
    assert_true(server->closing);
    assert_true(client->closing);
}

/* After the last request that it may carry a connection to a service takes no
 * more, and ends when what runs on it is done. */
static void test_requests_max(void **state)
{
    (void)state;
    struct mt_side *client = &w.client.h2.side;
    client->requests_max = 3;
    for (unsigned i = 0; i < 3; i++)
        ask(i, "GET", true); /* it takes them */
    assert_false(client->takes);
    carry_all();
    assert_int_equal(w.server.requests, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_false(client->closing);
        answer(&w.requests[i], 204, true);
        w.requests[i].stream->ops->leave(w.requests[i].stream);
        carry_all();
        assert_int_equal(w.responses[i].status, 204);
        assert_false(client->takes);
    }
    assert_true(client->closing);
}

/* What the end of a connection means to who waits for it. */
static void test_connection_ends(void **state)
{
    (void)state;
    struct mt_side *server = &w.server.h2.side, *client = &w.client.h2.side;
    ask(0, "GET", true);
    carry_all();
    client->ops->eof(client);
    assert_true(w.responses[0].gone && w.responses[0].why == MT_GONE_ENDED);
    server->ops->broken(server);
    assert_true(w.requests[0].gone && w.requests[0].why == MT_GONE_RESET);
    assert_true(client->closing && server->closing);
    assert_false(client->takes);
}

static void test_not_http2(void **state)
{
    (void)state;
    struct mt_side *client = &w.client.h2.side;
    ask(0, "GET", true);
    client->ops->fill(client);
    mt_outq_sent(&client->out, client->out.bytes);
    client->ops->feed(client, MT_SPAN("HTTP/1.1 400 Bad Request\r\n\r\n"),
                      w.now_ns);
    client->ops->fill(client);
    assert_true(w.responses[0].gone && w.responses[0].why == MT_GONE_UNSPOKEN);
    assert_true(client->closing);
}

/* ---- clients that mean no good ---- */

static void feed_bytes(struct mt_side *side, const void *bytes, size_t n)
{
    uint8_t *copy = malloc(n);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    if (!side->closing)
        side->ops->feed(side, (struct mt_span){copy, n}, w.now_ns);
    assert_true(side->ops->settle(side));
    free(copy);
    side->ops->fill(side);
    mt_outq_sent(&side->out, side->out.bytes);
}

static void introduce(struct mt_side *side)
{
    static const uint8_t settings[9] = {0, 0, 0, 4};
    feed_bytes(side, MT_H2_PREFACE, MT_H2_PREFACE_BYTES);
    feed_bytes(side, settings, sizeof settings);
}

static void feed_frame(struct mt_side *side, uint8_t type, uint8_t flags,
                       uint32_t stream, const void *payload, uint8_t n)
{
    uint8_t frame[9 + 255] = {0,
                              0,
                              n,
                              type,
                              flags,
                              (uint8_t)(stream >> 24),
                              (uint8_t)(stream >> 16),
                              (uint8_t)(stream >> 8),
                              (uint8_t)stream};
    memcpy(frame + 9, payload, n);
    feed_bytes(side, frame, 9u + n);
}

/* :method GET, :scheme http, :path /, :authority a */
static const char get[] = "\x82\x86\x84\x41\x01\x61";

static void test_rapid_reset(void **state)
{
    (void)state;
    struct mt_side *side = &w.server.h2.side;
    introduce(side);
    for (uint32_t i = 0; i < 2000 && !side->closing; i++) {
        w.requests_count = 0;
        memset(&w.requests[0], 0, sizeof w.requests[0]);
        feed_frame(side, 1, 5, 2 * i + 1, get, sizeof get - 1);
        feed_frame(side, 3, 0, 2 * i + 1, "\0\0\0\x8", 4);
    }
    assert_true(side->closing && w.server.h2.flooded);
    assert_in_range(w.server.requests, MT_H2_ALLOWANCE_MAX / 2,
                    MT_H2_ALLOWANCE_MAX + 2);
    assert_int_equal(w.server.h2.count, 0);
}

static void test_pings(void **state)
{
    (void)state;
    struct mt_side *side = &w.server.h2.side;
    introduce(side);
    for (unsigned i = 0; i < 100; i++) { /* as many as anybody may want */
        w.now_ns += 20000000;
        feed_frame(side, 6, 0, 0, "12345678", 8);
    }
    assert_false(side->closing);
    for (unsigned i = 0; i < 1000 && !side->closing; i++)
        feed_frame(side, 6, 0, 0, "12345678", 8);
    assert_true(side->closing && w.server.h2.flooded);
}

static void test_malformed(void **state)
{
    (void)state;
    /* a connection field, an upper-case name, no path */
    static const char *const bad[] = {
        "\x82\x86\x84\x41\x01\x61\x40\x0a\x63onnection\x05\x63lose",
        "\x82\x86\x84\x41\x01\x61\x40\x01X\x01y",
        "\x82\x86\x41\x01\x61",
    };
    struct mt_side *side = &w.server.h2.side;
    introduce(side);
    for (uint32_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        feed_frame(side, 1, 5, 2 * i + 1, bad[i], (uint8_t)strlen(bad[i]));
    assert_int_equal(w.server.refusals, sizeof bad / sizeof bad[0]);
    assert_int_equal(w.server.requests, 0);
    assert_int_equal(w.server.refused_with, 0);
    assert_string_equal(w.server.refused_why, "malformed");
    assert_false(side->closing);
    feed_frame(side, 1, 5, 101, get, sizeof get - 1); /* the next is taken */
    assert_int_equal(w.server.requests, 1);
}

static void test_large_header(void **state)
{
    (void)state;
    struct mt_side *side = &w.server.h2.side;
    char field[4 + 200] = "\x40\x01n\x7f";
    field[3] = 100; /* a value of so many bytes */
    memset(field + 4, 'v', 100);
    introduce(side);
    feed_frame(side, 1, 1, 1, get, sizeof get - 1);
    assert_true(side->in_header);
    for (unsigned i = 0; i < 300 && !side->closing; i++)
        feed_frame(side, 9, 0, 1, field, 104);
    feed_frame(side, 9, 4, 1, field, 104);
    assert_int_equal(w.server.requests, 0);
    assert_true(side->closing || w.server.refusals == 1);
    assert_true(w.pool.used_bytes < 1 << 20);
}

/* Of a response, too: nobody waits for the rest, and others go on. */
static void test_large_response(void **state)
{
    (void)state;
    static uint8_t value[2000];
    struct mt_head h;
    memset(value, 'v', sizeof value);
    ask(0, "GET", true);
    ask(1, "GET", true);
    carry_all();
    mt_head_init(&h, &w.pool, 1 << 20);
    h.status = 200;
    for (unsigned i = 0; i < 60; i++)
        assert_true(mt_head_add(&h, MT_SPAN("many"),
                                (struct mt_span){value, sizeof value}));
    w.requests[0].stream->ops->head(w.requests[0].stream, &h, false);
    mt_head_deinit(&h);
    carry_all();
    assert_true(w.responses[0].gone && w.responses[0].why == MT_GONE_PROTOCOL);
    assert_true(w.requests[0].gone);
    answer(&w.requests[1], 204, true);
    w.requests[1].stream->ops->leave(w.requests[1].stream);
    carry_all();
    assert_int_equal(w.responses[1].status, 204);
    assert_true(w.client.h2.side.idle && w.server.h2.side.idle);
}

static void test_late_header(void **state)
{
    (void)state;
    struct mt_side *side = &w.server.h2.side;
    introduce(side);
    feed_frame(side, 1, 1, 1, get, sizeof get - 1);
    assert_true(side->in_header);
    side->ops->late(side);
    assert_int_equal(w.server.refusals, 1);
    assert_string_equal(w.server.refused_why, "header_timeout");
    assert_true(side->closing);
}

/* ---- from HTTP/1 ---- */

static void test_upgrade(void **state)
{
    (void)state;
    struct mt_head h;
    struct mt_h2_side *s = &w.server.h2;
    mt_head_init(&h, &w.pool, 4096);
    h.method = MT_SPAN("GET");
    h.path = MT_SPAN("/up");
    h.authority = MT_SPAN("a");
    assert_true(mt_h2_server_upgrade(s, MT_SPAN("AAMAAABkAAQAAP__"), &h));
    mt_head_deinit(&h);
    assert_int_equal(w.server.requests, 0); /* not before it said so itself */
    assert_true(s->side.in_header);
    introduce(&s->side);
    assert_int_equal(w.server.requests, 1);
    assert_string_equal(w.requests[0].path, "/up");
    assert_true(w.requests[0].end);
    answer(&w.requests[0], 204, true);
    w.requests[0].stream->ops->leave(w.requests[0].stream);
    s->side.ops->fill(&s->side);
    s->side.ops->fill(&s->side);
    assert_true(s->side.idle);
}

static void test_upgrade_of_nonsense(void **state)
{
    (void)state;
    struct mt_head h;
    mt_head_init(&h, &w.pool, 4096);
    h.method = MT_SPAN("GET");
    h.path = MT_SPAN("/");
    assert_false(mt_h2_server_upgrade(&w.server.h2, MT_SPAN("=*="), &h));
    assert_false(mt_h2_server_upgrade(&w.server.h2, MT_SPAN("AAM"), &h));
    mt_head_deinit(&h);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_bodies),
        CASE(test_back_pressure),
        CASE(test_window_of_the_reset),
        CASE(test_ends_while_full),
        CASE(test_leaving),
        CASE(test_as_many_as_it_takes),
        CASE(test_draining),
        CASE(test_requests_max),
        CASE(test_connection_ends),
        CASE(test_not_http2),
        CASE(test_rapid_reset),
        CASE(test_pings),
        CASE(test_malformed),
        CASE(test_large_header),
        CASE(test_large_response),
        CASE(test_late_header),
        CASE(test_upgrade),
        CASE(test_upgrade_of_nonsense),
    };
    return cmocka_run_group_tests_name("h2_side", tests, NULL, NULL);
}
