/* HTTP/2 of which a part was not captured: at every place, of many lengths.
 * What is said must be true: no wrong pair, no wrong name, nothing twice, and
 * what was captured whole is said. */
#include "decode/h2_streams.h"
#include "h2_talk.h"

enum { LAST_ID = 39, MANY = 64 };

static unsigned status_of(uint32_t id)
{
    static const unsigned list[] = {200, 404, 201, 503, 302};
    return list[id % 5];
}

static void path_of(uint32_t id, char *path, size_t max)
{
    (void)snprintf(path, max, "/item/%u", id);
}

static unsigned body_of(uint32_t id)
{
    return 30 + id % 7;
}

/* Each exchange is two runs, the second request before the first answer. */
static struct talk *shop(void)
{
    struct talk *t = talk_new();
    struct h2_side *c = t->side[0], *s = t->side[1];
    char path[32], id_text[16], status[16];
    start(t);
    for (uint32_t id = 1; id <= LAST_ID; id += 2) {
        path_of(id, path, sizeof path);
        (void)snprintf(id_text, sizeof id_text, "%u", id);
        HEADERS(c, id, id % 4 == 1, {":method", "GET"}, {":scheme", "http"},
                {":path", path}, {":authority", "shop"},
                {"user-agent", "test/1"}, {"x-id", id_text});
        if (id % 4 != 1)
            h2_data(c, id, "some request content", true);
        if (id == 1)
            continue;
        say(t, 0);
        for (uint32_t done = id - 2; done <= id; done += 2) {
            if (done == id && id != LAST_ID)
                break;
            char body[64];
            memset(body, 'b', sizeof body);
            (void)snprintf(status, sizeof status, "%u", status_of(done));
            HEADERS(s, done, false, {":status", status}, {"server", "shop/2"},
                    {"content-type", "text/plain"}, {"date", id_text});
            body[10] = '\0';
            h2_data(s, done, body, false);
            body[10] = 'b';
            body[body_of(done) - 10] = '\0';
            h2_data(s, done, body, true);
            say(t, 1);
        }
    }
    return t;
}

/* What was said of each stream. */
struct said {
    unsigned times;
    bool whole;    /* path and all content: an answered exchange */
    bool complete; /* and its status, which one who joins late may not know */
};

static void judge(const struct mt_exchange *x, struct said *said)
{
    char path[32];
    uint32_t id = (uint32_t)x->stream;
    if (x->kind == MT_KIND_L4)
        return; /* nothing was recognised */
    assert_true(id % 2 == 1 && id <= LAST_ID);
    said[id].times++;
    assert_int_equal(said[id].times, 1);
    path_of(id, path, sizeof path);
    if (x->path.len > 0)
        assert_span(x->path, path);
    if (x->authority.len > 0)
        assert_span(x->authority, "shop");
    if (x->user_agent.len > 0)
        assert_span(x->user_agent, "test/1");
    if (x->method.len > 0)
        assert_span(x->method, "GET");
    if (x->resp.content_type.len > 0)
        assert_span(x->resp.content_type, "text/plain");
    if (x->status != 0)
        assert_int_equal(x->status, status_of(id));
    assert_true(x->resp.body_bytes <= body_of(id));
    /* without a status it never counts as a failure of the server's */
    if (x->status == 0 && x->outcome != MT_OUTCOME_UNKNOWN) {
        char line[256] = "";
        describe(x, line, sizeof line);
        fail_msg("%s", line);
    }
    said[id].whole = x->path.len > 0 && x->resp.body_bytes == body_of(id) &&
                     x->error == 0 && x->half == MT_HALF_BOTH;
    said[id].complete = said[id].whole && x->status != 0;
}

static void judge_all(struct fixture *f, struct said *said)
{
    const struct mt_exchange *x;
    while ((x = mt_decode_next(&f->decode)) != NULL)
        judge(x, said);
}

static void close_and_judge(struct fixture *f, struct said *said)
{
    mt_conn_end(f->conn, 0, MT_END_FIN, 9000000000);
    mt_conn_end(f->conn, 1, MT_END_FIN, 9000000000);
    judge_all(f, said);
    mt_conn_free(f->conn, MT_END_CAPTURE, 9000000000);
    judge_all(f, said);
    assert_int_equal(f->decode.open.count, 0);
    mt_decode_deinit(&f->decode);
    assert_int_equal(f->pool.used_bytes, 0);
    mt_pool_deinit(&f->pool);
}

static unsigned complete(const struct said *said)
{
    unsigned n = 0;
    for (uint32_t id = 1; id <= LAST_ID; id += 2)
        n += said[id].complete;
    return n;
}

static unsigned whole(const struct said *said)
{
    unsigned n = 0;
    for (uint32_t id = 1; id <= LAST_ID; id += 2)
        n += said[id].whole;
    return n;
}

/* n bytes from `at` on, of all that `side` sends, are lost. */
static void play_with_gap(const struct talk *t, int side, size_t at, size_t n,
                          struct said *said)
{
    struct fixture f;
    int64_t ts = 2000000000;
    memset(said, 0, MANY * sizeof *said);
    fixture_open(&f);
    for (size_t i = 0; i < t->count; i++, ts += 1000000) {
        const struct run *r = &t->runs[i];
        const uint8_t *bytes = t->side[r->side]->bytes;
        if (r->side != side || r->to <= at || r->from >= at + n) {
            feed(&f, r->side, bytes + r->from, r->to - r->from, ts);
            continue;
        }
        size_t from = r->from > at ? r->from : at;
        size_t to = r->to < at + n ? r->to : at + n;
        if (from > r->from)
            feed(&f, side, bytes + r->from, from - r->from, ts);
        mt_conn_gap(f.conn, side, to - from, ts);
        if (r->to > to)
            feed(&f, side, bytes + to, r->to - to, ts);
        judge_all(&f, said);
    }
    close_and_judge(&f, said);
}

static void test_gap_anywhere(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 2, 7, 9, 20, 60, 150, 400};
    struct talk *t = shop();
    struct said said[MANY];
    for (int side = 0; side < 2; side++) {
        unsigned total = 0, worst = MANY, runs = 0;
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
            for (size_t at = 80; at + lengths[i] < t->side[side]->len; at++) {
                play_with_gap(t, side, at, lengths[i], said);
                unsigned n = complete(said);
                total += n;
                runs++;
                worst = n < worst ? n : worst;
            }
        printf("side %d: %u gaps, complete %.2f of 20, worst %u\n", side, runs,
               (double)total / runs, worst);
        assert_true((double)total / runs > 17.0);
    }
    talk_free(t);
}

/* Row 30: lost inside a DATA frame, all of it known, and nothing else is. */
static void test_gap_inside_data(void **state)
{
    (void)state;
    struct fixture f;
    struct h2_side *c = h2_new(), *s = h2_new();
    fixture_open(&f);
    h2_start_client(c);
    h2_get(c, 1, "/big");
    h2_get(c, 3, "/next");
    fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len}, 5000);
    h2_start_server(s);
    h2_status(s, 1, false, "200");
    h2_head(s, MT_H2_DATA, MT_H2_END_STREAM, 1, 10000);
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 6000);
    mt_conn_gap(f.conn, 1, 4000, 6100);
    uint8_t zeros[2000] = {0};
    fixture_feed(&f, 1, (struct mt_span){zeros, 2000}, 6200);
    mt_conn_gap(f.conn, 1, 4000, 6300); /* to the last byte */
    const struct mt_exchange *x = mt_decode_next(&f.decode);
    assert_non_null(x);
    assert_int_equal(x->resp.body_bytes, 10000);
    assert_int_equal(x->resp.gap_bytes, 8000);
    assert_int_equal(x->outcome, MT_OUTCOME_OK);
    assert_int_equal(x->error, MT_ERROR_NONE);
    assert_int_equal(x->hpack, MT_HPACK_FULL);
    s->len = 0;
    h2_status(s, 3, true, "204");
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 6400);
    x = mt_decode_next(&f.decode);
    assert_non_null(x);
    assert_int_equal(x->status, 204);
    assert_int_equal(x->hpack, MT_HPACK_FULL);
    assert_int_equal(f.decode.stats.resyncs, 0);
    h2_free(c);
    h2_free(s);
    fixture_close(&f);
}

/* Row 28: the first n bytes of both sides were not captured. */
static void play_late(const struct talk *t, size_t skip, bool roles_known,
                      struct said *said, size_t *whole_from)
{
    struct fixture f;
    int64_t ts = 2000000000;
    size_t at = 0;
    memset(said, 0, MANY * sizeof *said);
    fixture_open_with(&f, &(struct mt_decode_config){.keep_packets = false},
                      &(struct mt_conn_start){
                          .addr = {addr_v4(2, 8080), addr_v4(1, 40000)},
                          .client = roles_known ? 1 : -1,
                          .role_evidence = roles_known ? MT_ROLE_BY_SYN : 0,
                          .midstream = true,
                          .ts_ns = ts});
    *whole_from = t->count;
    for (size_t i = 0; i < t->count; i++, ts += 1000000) {
        const struct run *r = &t->runs[i];
        size_t len = r->to - r->from;
        size_t cut = at >= skip ? 0 : skip - at < len ? skip - at : len;
        at += len;
        if (cut == len)
            continue;
        if (cut == 0 && *whole_from == t->count)
            *whole_from = i;
        /* the server was seen first: it is side 0 */
        feed(&f, 1 - r->side, t->side[r->side]->bytes + r->from + cut,
             len - cut, ts);
        judge_all(&f, said);
    }
    close_and_judge(&f, said);
}

/* Streams of which all frames come in or after run `from`. */
static unsigned whole_after(const struct talk *t, size_t from)
{
    unsigned n = 0;
    for (size_t i = from; i < t->count; i++)
        n += t->runs[i].side == 0;
    return n;
}

static void test_joined_anywhere(void **state)
{
    (void)state;
    struct talk *t = shop();
    struct said said[MANY];
    size_t all = t->side[0]->len + t->side[1]->len, from;
    unsigned missed = 0;
    for (int known = 0; known < 2; known++)
        for (size_t skip = 1; skip < all; skip++) {
            play_late(t, skip, known == 1, said, &from);
            /* what may stay open to doubt: the exchange at the cut */
            unsigned want = whole_after(t, from), got = whole(said);
            missed += got + 1 < want;
        }
    printf("%u of %u joins miss more than the exchange at the cut\n", missed,
           (unsigned)(2 * all));
    assert_int_equal(missed, 0);
    talk_free(t);
}

/* Row 28: the dynamic table is not known: what only refers to it is empty, but
 * the exchange counts. */
static void test_unknown_path_counts(void **state)
{
    (void)state;
    struct fixture f;
    struct h2_side *c = h2_new(), *s = h2_new();
    fixture_open_with(
        &f, &(struct mt_decode_config){.keep_packets = false},
        &(struct mt_conn_start){.addr = {addr_v4(1, 40000), addr_v4(2, 8080)},
                                .client = -1,
                                .midstream = true,
                                .ts_ns = 1});
    for (uint32_t id = 101; id <= 105; id += 2) {
        /* POST, scheme http, entries 62 to 64 */
        h2_frame(c, MT_H2_HEADERS, MT_H2_END_HEADERS | MT_H2_END_STREAM, id,
                 "\x83\x86\xbe\xbf\xc0", 5);
        h2_frame(s, MT_H2_HEADERS, MT_H2_END_HEADERS, id, "\x88\xbe", 2);
        h2_data(s, id, "ok", true);
    }
    fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len}, 5000);
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 6000);
    for (uint32_t id = 101; id <= 105; id += 2) {
        const struct mt_exchange *x = mt_decode_next(&f.decode);
        assert_non_null(x);
        assert_int_equal(x->stream, id);
        assert_int_equal(x->status, 200);
        assert_span(x->method, "POST");
        assert_int_equal(x->path.len, 0);
        assert_int_equal(x->hpack, MT_HPACK_LEARNING);
        assert_int_equal(x->detection, MT_DETECTED_MIDSTREAM);
        assert_int_equal(x->role_evidence, MT_ROLE_BY_PROTOCOL);
        assert_int_equal(x->anomalies, 0);
        assert_int_equal(x->outcome, MT_OUTCOME_OK);
    }
    h2_free(c);
    h2_free(s);
    fixture_close(&f);
}

/* An answer whose request was not captured is said when it ends, not when the
 * connection does. */
static void test_answer_alone(void **state)
{
    (void)state;
    struct fixture f;
    struct h2_side *s = h2_new();
    fixture_open_with(
        &f, &(struct mt_decode_config){.keep_packets = false},
        &(struct mt_conn_start){.addr = {addr_v4(1, 40000), addr_v4(2, 8080)},
                                .client = -1,
                                .midstream = true,
                                .ts_ns = 1});
    h2_status(s, 7, false, "200");
    h2_data(s, 7, "alone", true);
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 5000);
    const struct mt_exchange *x = mt_decode_next(&f.decode);
    assert_non_null(x);
    assert_int_equal(x->stream, 7);
    assert_int_equal(x->status, 200);
    assert_int_equal(x->half, MT_HALF_RESPONSE);
    assert_int_equal(x->resp.body_bytes, 5);
    assert_int_equal(x->server.addr.port, 8080);
    h2_free(s);
    fixture_close(&f);
}

/* What was lost before an answer began does not excuse the answer. */
static void test_loss_before_the_answer(void **state)
{
    (void)state;
    struct fixture f;
    struct h2_side *c = h2_new(), *s = h2_new();
    fixture_open(&f);
    h2_start_client(c);
    h2_get(c, 1, "/cut");
    fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len}, 5000);
    h2_start_server(s);
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 6000);
    mt_conn_gap(f.conn, 1, 17, 6100); /* maybe a PING */
    s->len = 0;
    h2_status(s, 1, false, "200");
    h2_data(s, 1, "some of it", false);
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 6200);
    mt_conn_end(f.conn, 1, MT_END_FIN, 7000);
    const struct mt_exchange *x = mt_decode_next(&f.decode);
    assert_non_null(x);
    assert_int_equal(x->status, 200);
    assert_int_equal(x->error, MT_ERROR_TRUNCATED);
    h2_free(c);
    h2_free(s);
    fixture_close(&f);
}

/* A stream whose end was lost goes after ten minutes of silence, and on a busy
 * connection too. */
static void test_lost_end(void **state)
{
    (void)state;
    struct fixture f;
    struct h2_side *c = h2_new(), *s = h2_new();
    const int64_t second = 1000000000;
    fixture_open(&f);
    h2_start_client(c);
    h2_get(c, 1, "/lost");
    fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len}, 2 * second);
    h2_start_server(s);
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 2 * second);
    mt_conn_gap(f.conn, 1, UINT64_MAX, 3 * second);
    unsigned answered = 0, lost = 0;
    for (uint32_t id = 3; id < 50; id += 2) {
        c->len = s->len = 0;
        h2_get(c, id, "/alive");
        h2_status(s, id, true, "200");
        fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len},
                     id * 60 * second);
        fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len},
                     id * 60 * second);
        const struct mt_exchange *x;
        while ((x = mt_decode_next(&f.decode)) != NULL) {
            answered += x->stream == id && x->status == 200;
            lost += x->stream == 1 && x->error == MT_ERROR_CAPTURE_GAP &&
                    x->outcome == MT_OUTCOME_UNKNOWN;
        }
    }
    assert_int_equal(lost, 1);
    assert_true(answered >= 23);
    assert_int_equal(f.decode.open.count, 0);
    h2_free(c);
    h2_free(s);
    fixture_close(&f);
}

/* --- row 32: bombs --- */

static void test_endless_continuation(void **state)
{
    (void)state;
    struct fixture f;
    struct h2_side *c = h2_new(), *s = h2_new();
    uint8_t part[16384];
    memset(part, 0x82, sizeof part);
    fixture_open(&f);
    h2_start_client(c);
    h2_frame(c, MT_H2_HEADERS, MT_H2_END_STREAM, 1, part, 100);
    fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len}, 5000);
    for (unsigned i = 0; i < 1000; i++) {
        c->len = 0;
        h2_frame(c, MT_H2_CONTINUATION, 0, 1, part, sizeof part);
        fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len}, 5000);
    }
    c->len = 0;
    h2_frame(c, MT_H2_CONTINUATION, MT_H2_END_HEADERS, 1, part, 1);
    h2_get(c, 3, "/after");
    fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len}, 5000);
    h2_start_server(s);
    h2_status(s, 1, true, "431");
    h2_status(s, 3, true, "200");
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 6000);
    assert_true(f.pool.peak_bytes < 1u << 20);
    assert_int_equal(f.decode.stats.header_overflow, 1);
    const struct mt_exchange *x = mt_decode_next(&f.decode);
    assert_non_null(x);
    assert_int_equal(x->status, 431);
    assert_true(x->anomalies & MT_ANOMALY_BOMB);
    x = mt_decode_next(&f.decode); /* the connection is still counted */
    assert_non_null(x);
    assert_span(x->path, "/after");
    assert_int_equal(x->status, 200);
    h2_free(c);
    h2_free(s);
    fixture_close(&f);
}

static void test_too_many_streams_and_fields(void **state)
{
    (void)state;
    struct fixture f;
    struct h2_side *c = h2_new(), *s = h2_new();
    uint8_t fields[300];
    memset(fields, 0x90, sizeof fields); /* accept-encoding: gzip, deflate */
    memcpy(fields, "\x82\x86\x84", 3);
    fixture_open(&f);
    h2_start_client(c);
    for (uint32_t id = 1; id < 2 * 5000; id += 2)
        h2_frame(c, MT_H2_HEADERS, MT_H2_END_HEADERS | MT_H2_END_STREAM, id,
                 "\x82\x86\x84", 3);
    h2_frame(c, MT_H2_HEADERS, MT_H2_END_HEADERS | MT_H2_END_STREAM, 10001,
             fields, sizeof fields);
    fixture_feed(&f, 0, (struct mt_span){c->bytes, c->len}, 5000);
    assert_int_equal(f.decode.open.count, MT_H2_STREAMS_MAX);
    assert_int_equal(f.decode.stats.stream_overflow, 5001 - MT_H2_STREAMS_MAX);
    assert_int_equal(f.decode.stats.header_overflow, 1);
    h2_start_server(s);
    for (uint32_t id = 1; id < 2 * 5000; id += 2)
        h2_frame(s, MT_H2_HEADERS, MT_H2_END_HEADERS | MT_H2_END_STREAM, id,
                 "\x88", 1);
    fixture_feed(&f, 1, (struct mt_span){s->bytes, s->len}, 6000);
    unsigned n = 0;
    while (mt_decode_next(&f.decode) != NULL)
        n++;
    assert_int_equal(n, MT_H2_STREAMS_MAX);
    h2_free(c);
    h2_free(s);
    fixture_close(&f);
}

/* With any ceiling: nothing wrong, nothing leaked, no stream twice. */
static void test_no_memory(void **state)
{
    (void)state;
    struct talk *t = shop();
    for (size_t limit = 4096; limit < 65536; limit += 512) {
        struct said said[MANY];
        struct fixture f;
        memset(said, 0, sizeof said);
        mt_pool_init(&f.pool, limit);
        mt_decode_init(&f.decode, &(struct mt_decode_config){0}, &f.pool);
        f.conn = mt_conn_new(
            &f.decode,
            &(struct mt_conn_start){.addr = {addr_v4(1, 1), addr_v4(2, 2)},
                                    .role_evidence = MT_ROLE_BY_SYN});
        if (f.conn == NULL) {
            mt_decode_deinit(&f.decode);
            mt_pool_deinit(&f.pool);
            continue;
        }
        for (size_t i = 0; i < t->count; i++)
            for (size_t at = t->runs[i].from; at < t->runs[i].to; at += 40) {
                size_t left = t->runs[i].to - at;
                feed(&f, t->runs[i].side, t->side[t->runs[i].side]->bytes + at,
                     left < 40 ? left : 40, 5000);
            }
        close_and_judge(&f, said);
    }
    talk_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gap_anywhere),
        cmocka_unit_test(test_gap_inside_data),
        cmocka_unit_test(test_joined_anywhere),
        cmocka_unit_test(test_unknown_path_counts),
        cmocka_unit_test(test_answer_alone),
        cmocka_unit_test(test_loss_before_the_answer),
        cmocka_unit_test(test_lost_end),
        cmocka_unit_test(test_endless_continuation),
        cmocka_unit_test(test_too_many_streams_and_fields),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests_name("decode/http2_loss", tests, NULL, NULL);
}
