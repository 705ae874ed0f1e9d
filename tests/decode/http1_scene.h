/* Conversations on a tap, each a scene of steps and the rows that come of it:
 * fed as written, and again a byte at a time. */
#ifndef MT_TESTS_DECODE_HTTP1_SCENE_H
#define MT_TESTS_DECODE_HTTP1_SCENE_H

#include "conn_fixture.h"

#include <stdio.h>
#include <stdlib.h>

/* One step each 10 ms. */
struct step {
    char what;
    const char *text;
    uint64_t n;
};

#define C(text)      \
    {                \
        '>', text, 0 \
    } /* the client says */
#define S(text)      \
    {                \
        '<', text, 0 \
    } /* the server says */
#define CGAP(n)      \
    {                \
        ')', NULL, n \
    } /* n of the client's bytes are lost */
#define SGAP(n)      \
    {                \
        '(', NULL, n \
    }
#define CFIN         \
    {                \
        'f', NULL, 0 \
    }
#define SFIN         \
    {                \
        'F', NULL, 0 \
    }
#define CRST         \
    {                \
        'r', NULL, 0 \
    }
#define SRST         \
    {                \
        'R', NULL, 0 \
    }
#define WAIT(ms)      \
    {                 \
        'w', NULL, ms \
    }
#define BACK(ms)      \
    {                 \
        'b', NULL, ms \
    } /* the clock of the packets steps back */
#define STEPS_MAX 24

struct scene {
    const char *name;
    bool late; /* joined mid-connection */
    enum mt_end end;
    bool whole_only; /* packet borders matter */
    struct step steps[STEPS_MAX];
    const char *rows[8];
};

#define REQ(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define RESP(n, body) "HTTP/1.1 200 OK\r\nContent-Length: " #n "\r\n\r\n" body
#define LONG_RESP "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
#define HEAD(path) "HEAD " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(path, n, body) \
    "POST " path " HTTP/1.1\r\nHost: a\r\nContent-Length: " #n "\r\n\r\n" body
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define CLOSE "HTTP/1.0 200 OK\r\n\r\n"

struct stage {
    struct fixture f;
    const struct scene *scene;
    int64_t now_ms;
    unsigned rows;
};

static const int64_t ms = 1000000;

static inline int64_t now(const struct stage *s)
{
    return (1000 + s->now_ms) * ms;
}

static inline void say_time(char *out, size_t room, const struct mt_message *m)
{
    out[0] = 0;
    if (m->start_ns == 0)
        return;
    long long start = m->start_ns / ms - 1000, end = m->end_ns / ms - 1000;
    if (start == end)
        (void)snprintf(out, room, "%lld", start);
    else
        (void)snprintf(out, room, "%lld-%lld", start, end);
}

static inline size_t say_pair(char *out, size_t room, const char *what,
                              uint64_t a, uint64_t b)
{
    if (a == 0 && b == 0)
        return 0;
    return (size_t)snprintf(out, room, " %s=%llu/%llu", what,
                            (unsigned long long)a, (unsigned long long)b);
}

static inline void say_row(char *out, size_t room, const struct mt_exchange *x)
{
    size_t n = 0;
    if (x->method.len > 0)
        n += (size_t)snprintf(out + n, room - n, "%.*s %.*s",
                              (int)x->method.len, (const char *)x->method.ptr,
                              (int)x->path.len, (const char *)x->path.ptr);
    n += (size_t)snprintf(out + n, room - n, " %u %s", x->status,
                          mt_outcome_text(x->outcome));
    if (x->error != MT_ERROR_NONE)
        n +=
            (size_t)snprintf(out + n, room - n, " %s", mt_error_text(x->error));
    if (x->half != MT_HALF_BOTH)
        n += (size_t)snprintf(out + n, room - n, " half=%s",
                              mt_half_text(x->half));
    n += say_pair(out + n, room - n, "body", x->req.body_bytes,
                  x->resp.body_bytes);
    n +=
        say_pair(out + n, room - n, "gap", x->req.gap_bytes, x->resp.gap_bytes);
    for (unsigned bit = 0; bit < 32; bit++)
        if ((x->anomalies & 1u << bit) != 0)
            n += (size_t)snprintf(out + n, room - n, " %s",
                                  mt_anomaly_text(bit));
    if ((x->quality & MT_QUALITY_CLOCK_STEP) != 0)
        n += (size_t)snprintf(out + n, room - n, " clock_step");
    if (x->protocol != MT_PROTOCOL_HTTP10 && x->protocol != MT_PROTOCOL_HTTP11)
        n += (size_t)snprintf(out + n, room - n, " %s",
                              mt_protocol_text(x->protocol));
    if (x->kind != MT_KIND_UNARY)
        n += (size_t)snprintf(out + n, room - n, " %s", mt_kind_text(x->kind));
    n += say_pair(out + n, room - n, "messages", x->req.messages,
                  x->resp.messages);
    char req[48], resp[48];
    say_time(req, sizeof req, &x->req);
    say_time(resp, sizeof resp, &x->resp);
    (void)snprintf(out + n, room - n, " ms=%s%s%s", req,
                   resp[0] != 0 ? "," : "", resp);
}

static unsigned complaints;

/* All scenes are played before the test fails. */
static inline void complain(const struct scene *scene, unsigned row,
                            const char *got, const char *want)
{
    print_error("%s, row %u: got\n  %s\nwant\n  %s\n", scene->name, row, got,
                want != NULL ? want : "nothing");
    complaints++;
}

static inline void check_rows(struct stage *s)
{
    const struct mt_exchange *x;
    while ((x = mt_decode_next(&s->f.decode)) != NULL) {
        char row[512];
        if (x->kind == MT_KIND_L4)
            continue;
        say_row(row, sizeof row, x);
        const char *want = s->rows < 8 ? s->scene->rows[s->rows] : NULL;
        if (want == NULL || strcmp(row, want) != 0)
            complain(s->scene, s->rows, row, want);
        s->rows++;
    }
}

static inline void play_bytes(struct stage *s, int side, const char *text,
                              bool cut)
{
    size_t len = strlen(text), step = cut ? 1 : len;
    for (size_t at = 0; at < len; at += step) {
        uint8_t *copy = malloc(step); /* exact, for ASan */
        assert_non_null(copy);
        memcpy(copy, text + at, step);
        fixture_feed(&s->f, side, (struct mt_span){copy, step}, now(s));
        free(copy);
    }
}

static inline void play(struct stage *s, const struct step *step, bool cut)
{
    struct mt_conn *c = s->f.conn;
    switch (step->what) {
    case '>':
        play_bytes(s, 0, step->text, cut);
        break;
    case '<':
        play_bytes(s, 1, step->text, cut);
        break;
    case ')':
        mt_conn_gap(c, 0, step->n, now(s));
        break;
    case '(':
        mt_conn_gap(c, 1, step->n, now(s));
        break;
    case 'f':
        mt_conn_end(c, 0, MT_END_FIN, now(s));
        break;
    case 'F':
        mt_conn_end(c, 1, MT_END_FIN, now(s));
        break;
    case 'r':
        mt_conn_end(c, 0, MT_END_RST, now(s));
        break;
    case 'R':
        mt_conn_end(c, 1, MT_END_RST, now(s));
        break;
    case 'w':
        s->now_ms += (int64_t)step->n;
        break;
    default:
        s->now_ms -= (int64_t)step->n;
        break;
    }
    s->now_ms += 10;
}

static inline void run(const struct scene *scene, bool cut)
{
    struct stage s = {.scene = scene};
    fixture_open_with(
        &s.f, &(struct mt_decode_config){.keep_packets = true},
        &(struct mt_conn_start){.addr = {addr_v4(1, 40000), addr_v4(2, 8080)},
                                .client = 0,
                                .role_evidence = MT_ROLE_BY_SYN,
                                .midstream = scene->late,
                                .ts_ns = now(&s)});
    for (unsigned i = 0; i < STEPS_MAX && scene->steps[i].what != 0; i++) {
        play(&s, &scene->steps[i], cut);
        check_rows(&s);
    }
    mt_conn_free(s.f.conn, scene->end, now(&s));
    check_rows(&s);
    if (s.rows < 8 && scene->rows[s.rows] != NULL)
        complain(scene, s.rows, "nothing", scene->rows[s.rows]);
    mt_decode_deinit(&s.f.decode);
    assert_int_equal(s.f.pool.used_bytes, 0);
    mt_pool_deinit(&s.f.pool);
}

static inline void play_scenes(const struct scene *list, size_t count, bool cut)
{
    for (size_t i = 0; i < count; i++)
        if (!cut || !list[i].whole_only)
            run(&list[i], cut);
    assert_int_equal(complaints, 0);
}

/* Cases of a group whose state is this. */
struct scene_list {
    const struct scene *list;
    size_t count;
};

static inline void test_scenes(void **state)
{
    const struct scene_list *l = *state;
    play_scenes(l->list, l->count, false);
}

static inline void test_scenes_bytewise(void **state)
{
    const struct scene_list *l = *state;
    play_scenes(l->list, l->count, true);
}

#endif
