/* Real handshakes (tests/data/tls), whole, byte by byte and cut everywhere:
 * the rows that a user sees. */
#include "conn_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "decode/tls.h"

enum { CHUNKS_MAX = 64, MS = 1000000, START_NS = 1000000000 };

struct vector {
    uint8_t *bytes[CHUNKS_MAX]; /* each an exact heap copy */
    size_t len[CHUNKS_MAX];
    int side[CHUNKS_MAX];
    unsigned count;
};

static unsigned hex_digit(int c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void vector_load(struct vector *v, const char *name)
{
    char path[512], line[65536];
    *v = (struct vector){.count = 0};
    (void)snprintf(path, sizeof path, "%s/tls/%s.txt", MT_TEST_DATA, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        size_t n = (strcspn(line, "\n") - 2) / 2;
        assert_true(v->count < CHUNKS_MAX && n > 0);
        uint8_t *b = malloc(n);
        assert_non_null(b);
        for (size_t i = 0; i < n; i++)
            b[i] = (uint8_t)(hex_digit(line[2 + 2 * i]) << 4 |
                             hex_digit(line[3 + 2 * i]));
        v->side[v->count] = line[0] == 's';
        v->len[v->count] = n;
        v->bytes[v->count++] = b;
    }
    (void)fclose(f);
}

static void vector_free(struct vector *v)
{
    for (unsigned i = 0; i < v->count; i++)
        free(v->bytes[i]);
}

/* Chunk i arrives at START + (i + 1) ms. */
static int64_t chunk_ns(unsigned i)
{
    return START_NS + (int64_t)(i + 1) * MS;
}

static void feed_pieces(struct fixture *f, const struct vector *v, unsigned i,
                        size_t piece)
{
    for (size_t at = 0; at < v->len[i]; at += piece) {
        size_t n = v->len[i] - at < piece ? v->len[i] - at : piece;
        uint8_t *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, v->bytes[i] + at, n);
        fixture_feed(f, v->side[i], (struct mt_span){copy, n}, chunk_ns(i));
        free(copy);
    }
}

static void print_row(FILE *out, const struct mt_exchange *x)
{
    (void)fprintf(out,
                  "%s %s error=%s outcome=%s q=%x half=%s req=%lld-%lld:%llu "
                  "resp=%lld-%lld:%llu end=%lld",
                  mt_protocol_text(x->protocol), mt_kind_text(x->kind),
                  mt_error_text(x->error), mt_outcome_text(x->outcome),
                  x->quality, mt_half_text(x->half), (long long)x->req.start_ns,
                  (long long)x->req.end_ns,
                  (unsigned long long)x->req.body_bytes,
                  (long long)x->resp.start_ns, (long long)x->resp.end_ns,
                  (unsigned long long)x->resp.body_bytes, (long long)x->end_ns);
    (void)fprintf(out, " sni=%.*s alpn=%.*s %04x/%04x r%d a%d h%lld %.*s\n",
                  (int)x->tls->sni.len, (const char *)x->tls->sni.ptr,
                  (int)x->tls->alpn.len, (const char *)x->tls->alpn.ptr,
                  x->tls->version, x->tls->cipher_suite, x->tls->resumed,
                  x->tls->alert, (long long)x->tls->handshake_ns,
                  (int)x->error_message.len,
                  (const char *)x->error_message.ptr);
}

/* Every row of the conversation, as text. piece: bytes a chunk; cut: where
 * each chunk is cut once (0: not at all). */
static char *rows_of(const struct vector *v, size_t piece, size_t cut)
{
    struct fixture f;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    fixture_open(&f);
    for (unsigned i = 0; i < v->count; i++) {
        struct vector parts = *v;
        if (cut > 0 && cut < v->len[i]) {
            parts.len[i] = cut;
            feed_pieces(&f, &parts, i, cut);
            parts.len[i] = v->len[i] - cut;
            parts.bytes[i] = v->bytes[i] + cut;
        }
        feed_pieces(&f, &parts, i, piece);
    }
    mt_conn_end(f.conn, 0, MT_END_FIN, chunk_ns(v->count));
    mt_conn_end(f.conn, 1, MT_END_FIN, chunk_ns(v->count + 1));
    const struct mt_exchange *x;
    while ((x = mt_decode_next(&f.decode)) != NULL)
        print_row(out, x);
    (void)fclose(out);
    fixture_close(&f);
    return text;
}

static const struct {
    const char *name;
    const char *row; /* of the connection */
    unsigned turns;
    unsigned handshake_ms;
} vectors[] = {
    {"refused-by-server",
     "error=protocol failure 0000/0000 resumed=0 alert=70 sni=cart.example "
     "alpn= TLS alert: protocol_version (70) from server",
     0, 0},
    {"tls10",
     "error= unknown 0301/c00a resumed=0 alert=255 sni=cart.example alpn= ", 2,
     3},
    {"tls12",
     "error= unknown 0303/c02c resumed=0 alert=255 sni=cart.example "
     "alpn=http/1.1 ",
     2, 3},
    {"tls12-cbc",
     "error= unknown 0303/c009 resumed=0 alert=255 sni=cart.example alpn= ", 2,
     3},
    {"tls12-refused-by-client",
     "error=protocol failure 0303/c02c resumed=0 alert=48 sni=cart.example "
     "alpn= TLS alert: unknown_ca (48) from client",
     0, 0},
    {"tls12-resumed-id",
     "error= unknown 0303/c02c resumed=1 alert=255 sni=cart.example alpn= ", 1,
     2},
    {"tls12-resumed-ticket",
     "error= unknown 0303/c02c resumed=1 alert=255 sni=cart.example alpn= ", 1,
     2},
    {"tls13",
     "error= unknown 0304/1302 resumed=0 alert=255 sni=cart.example "
     "alpn=http/1.1 ",
     2, 2},
    {"tls13-early", /* the 0-RTT words are no turn */
     "error= unknown 0304/1302 resumed=1 alert=255 sni=cart.example alpn= ", 1,
     2},
    {"tls13-h2", /* preface, SETTINGS and tickets make no turn */
     "error= unknown 0304/1302 resumed=0 alert=255 sni=localhost alpn=h2 ", 3,
     4},
    {"tls13-mutual",
     "error= unknown 0304/1302 resumed=0 alert=255 sni=cart.example alpn= ", 2,
     2},
    {"tls13-refused-by-client",
     "error=protocol failure 0304/1302 resumed=0 alert=48 sni=cart.example "
     "alpn= TLS alert: unknown_ca (48) from client",
     0, 0},
    {"tls13-resumed",
     "error= unknown 0304/1302 resumed=1 alert=255 sni=cart.example alpn= ", 1,
     2},
    {"tls13-retry",
     "error= unknown 0304/1302 resumed=0 alert=255 sni=cart.example alpn= ", 2,
     4},
};

static void test_cuts_change_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct vector v;
        vector_load(&v, vectors[i].name);
        char *whole = rows_of(&v, SIZE_MAX / 2, 0);
        char *bytewise = rows_of(&v, 1, 0);
        assert_string_equal(bytewise, whole);
        free(bytewise);
        for (size_t cut = 1; cut < 1500; cut++) {
            char *parts = rows_of(&v, SIZE_MAX / 2, cut);
            assert_string_equal(parts, whole);
            free(parts);
        }
        free(whole);
        vector_free(&v);
    }
}

static void feed_vector(struct fixture *f, const struct vector *v)
{
    for (unsigned i = 0; i < v->count; i++)
        feed_pieces(f, v, i, SIZE_MAX / 2);
}

static void end_both(struct fixture *f)
{
    mt_conn_end(f->conn, 0, MT_END_FIN, 9000000000);
    mt_conn_end(f->conn, 1, MT_END_FIN, 9000000000);
}

static void check_turn(const struct mt_exchange *x)
{
    assert_int_equal(x->quality, MT_QUALITY_INFERRED);
    assert_int_equal(x->outcome, MT_OUTCOME_UNKNOWN);
    assert_int_equal(mt_exchange_latency_ns(x) % MS, 0);
    assert_true(mt_exchange_latency_ns(x) >= MS);
}

static void check_row(const struct mt_exchange *x, const char *want)
{
    char got[512];
    const struct mt_tls *t = x->tls;
    (void)snprintf(
        got, sizeof got,
        "error=%s %s %04x/%04x resumed=%d alert=%u sni=%.*s alpn=%.*s %.*s",
        mt_error_text(x->error), mt_outcome_text(x->outcome), t->version,
        t->cipher_suite, t->resumed, t->alert, (int)t->sni.len,
        (const char *)t->sni.ptr, (int)t->alpn.len, (const char *)t->alpn.ptr,
        (int)x->error_message.len, (const char *)x->error_message.ptr);
    assert_string_equal(got, want);
}

static void test_real_handshakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct vector v;
        struct fixture f;
        vector_load(&v, vectors[i].name);
        fixture_open(&f);
        feed_vector(&f, &v);
        end_both(&f);
        for (unsigned turn = 0; turn < vectors[i].turns; turn++) {
            const struct mt_exchange *x = mt_decode_next(&f.decode);
            assert_non_null(x);
            assert_int_equal(x->kind, MT_KIND_TURN);
            assert_int_equal(x->stream, turn + 1);
            assert_int_equal(x->error, MT_ERROR_NONE);
            check_turn(x);
        }
        const struct mt_exchange *x = mt_decode_next(&f.decode);
        assert_non_null(x);
        assert_int_equal(x->kind, MT_KIND_L4);
        assert_int_equal(x->tls->handshake_ns, vectors[i].handshake_ms * MS);
        check_row(x, vectors[i].row);
        assert_null(mt_decode_next(&f.decode));
        assert_int_equal(f.decode.stats.undecoded_bytes, 0);
        fixture_close(&f);
        vector_free(&v);
    }
}

/* ---- what real peers did not do for us: records by their length ---- */

/* A record of `bytes` bytes that look like ciphertext. */
static void feed_record(struct fixture *f, int side, uint8_t type,
                        uint16_t bytes, int64_t ts_ms)
{
    uint8_t *b = malloc(5u + bytes);
    assert_non_null(b);
    memcpy(b, (uint8_t[]){type, 3, 3, (uint8_t)(bytes >> 8), (uint8_t)bytes},
           5);
    memset(b + 5, 0xa5, bytes);
    fixture_feed(f, side, (struct mt_span){b, 5u + bytes},
                 START_NS + ts_ms * MS);
    free(b);
}

/* TLS 1.3 up to the server's flight: two chunks of a real handshake. */
static void open_tls13(struct fixture *f, const char *name)
{
    struct vector v;
    vector_load(&v, name);
    fixture_open(f);
    feed_pieces(f, &v, 0, SIZE_MAX / 2);
    feed_pieces(f, &v, 1, SIZE_MAX / 2);
    vector_free(&v);
}

enum { FINISHED = 69, REQUEST = 300, TICKET = 250, ANSWER = 900 };

static const struct mt_exchange *next_turn(struct fixture *f)
{
    const struct mt_exchange *x = mt_decode_next(&f->decode);
    assert_non_null(x);
    assert_int_equal(x->kind, MT_KIND_TURN);
    return x;
}

static void check_latency(const struct mt_exchange *x, int64_t ms)
{
    if (mt_exchange_latency_ns(x) != ms * MS)
        fail_msg("latency %lld ns, want %lld ms",
                 (long long)mt_exchange_latency_ns(x), (long long)ms);
}

static void test_tickets_behind_a_request_are_no_answer(void **state)
{
    (void)state;
    for (int tickets = 0; tickets <= 2; tickets++) {
        struct fixture f;
        open_tls13(&f, "tls13");
        feed_record(&f, 0, 23, FINISHED, 10);
        feed_record(&f, 0, 23, REQUEST, 11);
        for (int i = 0; i < tickets; i++)
            feed_record(&f, 1, 23, TICKET, 12);
        feed_record(&f, 1, 23, ANSWER, 31);
        feed_record(&f, 1, 23, ANSWER + 1, 32);
        end_both(&f);
        const struct mt_exchange *x = next_turn(&f);
        /* with no ticket at all the first record is taken for one: the answer
         * seems to begin with the second */
        check_latency(x, tickets == 0 ? 21 : 20);
        assert_int_equal(x->resp.end_ns, START_NS + 32 * MS);
        fixture_close(&f);
    }
}

/* A hung server whose TLS stack is alive: its tickets answer nothing. */
static void test_tickets_alone_answer_nothing(void **state)
{
    (void)state;
    struct fixture f;
    open_tls13(&f, "tls13");
    feed_record(&f, 0, 23, FINISHED, 10);
    feed_record(&f, 0, 23, REQUEST, 11);
    feed_record(&f, 1, 23, TICKET, 12);
    feed_record(&f, 1, 23, TICKET, 12);
    assert_int_equal(f.decode.open.count, 1);
    feed_record(&f, 1, 23, 19, 40); /* close_notify */
    end_both(&f);
    const struct mt_exchange *x = next_turn(&f);
    assert_int_equal(x->error, MT_ERROR_NO_RESPONSE);
    assert_int_equal(x->outcome, MT_OUTCOME_UNKNOWN);
    assert_int_equal(mt_exchange_latency_ns(x), -1);
    fixture_close(&f);
}

static void test_a_lone_short_answer_counts(void **state)
{
    (void)state;
    struct fixture f;
    open_tls13(&f, "tls13");
    feed_record(&f, 0, 23, FINISHED, 10);
    feed_record(&f, 0, 23, REQUEST, 11);
    feed_record(&f, 1, 23, TICKET, 15);
    feed_record(&f, 0, 23, REQUEST, 50);
    feed_record(&f, 1, 23, TICKET, 53);
    end_both(&f);
    check_latency(next_turn(&f), 4);
    check_latency(next_turn(&f), 3);
    fixture_close(&f);
}

/* Envoy sends its certificate and Finished in one record. */
static void test_certificate_and_finished_in_one_record(void **state)
{
    (void)state;
    struct fixture f;
    open_tls13(&f, "tls13-mutual");
    feed_record(&f, 0, 23, 1200, 10);
    feed_record(&f, 0, 23, REQUEST, 20);
    feed_record(&f, 1, 23, ANSWER, 27);
    end_both(&f);
    check_latency(next_turn(&f), 7);
    const struct mt_exchange *x = mt_decode_next(&f.decode);
    assert_int_equal(x->kind, MT_KIND_L4);
    assert_int_equal(x->tls->handshake_ns, 9 * MS);
    fixture_close(&f);
}

/* The server speaks first (SMTP, MySQL), or pushes: no turn. */
static void test_data_nobody_asked_for_is_no_turn(void **state)
{
    (void)state;
    struct fixture f;
    open_tls13(&f, "tls13");
    feed_record(&f, 0, 23, FINISHED, 10);
    feed_record(&f, 1, 23, ANSWER, 11);
    feed_record(&f, 1, 23, ANSWER, 12);
    end_both(&f);
    assert_int_equal(mt_decode_next(&f.decode)->kind, MT_KIND_L4);
    fixture_close(&f);
}

static void test_h2_control_frames_are_no_turn(void **state)
{
    (void)state;
    struct fixture f;
    open_tls13(&f, "tls13-h2"); /* stops at HelloRetryRequest */
    fixture_close(&f);

    struct vector v;
    vector_load(&v, "tls13-h2");
    fixture_open(&f);
    for (unsigned i = 0; i < 5; i++)
        feed_pieces(&f, &v, i, SIZE_MAX / 2);
    feed_record(&f, 0, 23, 24 + 27 + 13 + 17, 20); /* preface, SETTINGS */
    feed_record(&f, 1, 23, TICKET, 21);
    feed_record(&f, 1, 23, 9 + 6 + 17, 21); /* SETTINGS */
    feed_record(&f, 1, 23, 9 + 17, 21);
    feed_record(&f, 0, 23, 9 + 17, 21);
    assert_int_equal(f.decode.open.count, 0);
    feed_record(&f, 0, 23, 60, 40); /* HEADERS */
    feed_record(&f, 1, 23, ANSWER, 44);
    feed_record(&f, 0, 23, 13 + 17, 45); /* WINDOW_UPDATE */
    feed_record(&f, 1, 23, ANSWER, 46);
    feed_record(&f, 0, 23, 17 + 17, 90); /* PING */
    feed_record(&f, 1, 23, 17 + 17, 91);
    end_both(&f);
    const struct mt_exchange *x = next_turn(&f);
    check_latency(x, 4);
    assert_int_equal(x->resp.end_ns, START_NS + 46 * MS);
    assert_int_equal(mt_decode_next(&f.decode)->kind, MT_KIND_L4);
    fixture_close(&f);
    vector_free(&v);
}

static void open_midstream(struct fixture *f)
{
    fixture_open_with(
        f, &(struct mt_decode_config){.keep_packets = false},
        &(struct mt_conn_start){.addr = {addr_v4(1, 40000), addr_v4(2, 443)},
                                .client = 0,
                                .role_evidence = MT_ROLE_BY_PORT,
                                .midstream = true,
                                .ts_ns = START_NS});
}

static void test_joined_late(void **state)
{
    (void)state;
    struct fixture f;
    open_midstream(&f);
    fixture_feed(&f, 1, MT_SPAN("the tail of a record"), START_NS);
    feed_record(&f, 0, 23, REQUEST, 1);
    feed_record(&f, 1, 23, ANSWER, 3);
    feed_record(&f, 0, 23, 19, 5); /* close_notify */
    end_both(&f);
    const struct mt_exchange *x = next_turn(&f);
    check_latency(x, 2);
    assert_int_equal(x->quality, MT_QUALITY_INFERRED | MT_QUALITY_MIDSTREAM);
    assert_int_equal(x->detection, MT_DETECTED_MIDSTREAM);
    x = mt_decode_next(&f.decode);
    assert_int_equal(x->kind, MT_KIND_L4);
    assert_int_equal(x->error, MT_ERROR_NONE);
    assert_int_equal(x->tls->version, 0);
    assert_null(mt_decode_next(&f.decode));
    fixture_close(&f);
}

static void test_reset(void **state)
{
    (void)state;
    static const struct {
        bool answered;
        int turn, row; /* enum mt_error */
    } cases[] = {
        {false, MT_ERROR_RESET_BY_SERVER, MT_ERROR_RESET_BY_SERVER},
        {true, MT_ERROR_NONE, MT_ERROR_NONE},
    };
    for (int i = 0; i < 2; i++) {
        struct fixture f;
        open_tls13(&f, "tls13");
        feed_record(&f, 0, 23, FINISHED, 10);
        feed_record(&f, 0, 23, REQUEST, 11);
        if (cases[i].answered)
            feed_record(&f, 1, 23, ANSWER, 12);
        mt_conn_end(f.conn, 1, MT_END_RST, START_NS + 20 * MS);
        assert_int_equal(next_turn(&f)->error, cases[i].turn);
        assert_int_equal(mt_decode_next(&f.decode)->error, cases[i].row);
        fixture_close(&f);
    }
}

static void test_handshake_without_an_end(void **state)
{
    (void)state;
    static const struct {
        bool answered;
        enum mt_end end;
        int error;
        const char *why;
    } cases[] = {
        {true, MT_END_RST, MT_ERROR_RESET_BY_SERVER,
         "ended before the TLS handshake was done"},
        {true, MT_END_IDLE, MT_ERROR_NONE,
         "ended before the TLS handshake was done"},
        {false, MT_END_IDLE, MT_ERROR_NO_RESPONSE,
         "ended before the TLS handshake was done"},
        {false, MT_END_CAPTURE, MT_ERROR_CAPTURE_END, ""},
        {true, MT_END_EVICTED, MT_ERROR_EVICTED, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;
        struct vector v;
        vector_load(&v, "tls13");
        fixture_open(&f);
        f.conn->stats.packets[1] = 1; /* its SYN-ACK */
        feed_pieces(&f, &v, 0, SIZE_MAX / 2);
        if (cases[i].answered)
            feed_pieces(&f, &v, 1, SIZE_MAX / 2);
        mt_conn_end(f.conn, 1, cases[i].end, START_NS + 20 * MS);
        const struct mt_exchange *x = mt_decode_next(&f.decode);
        assert_int_equal(x->kind, MT_KIND_L4);
        assert_int_equal(x->error, cases[i].error);
        assert_int_equal(x->outcome, MT_OUTCOME_UNKNOWN);
        assert_int_equal(x->half, MT_HALF_BOTH);
        assert_int_equal(x->tls->handshake_ns, 0);
        assert_span(x->error_message, cases[i].why);
        fixture_close(&f);
        vector_free(&v);
    }
}

/* One direction: half a row, and no turn, for who could tell its answer? */
static void test_one_sided(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        struct fixture f;
        struct vector v;
        vector_load(&v, "tls13");
        fixture_open(&f);
        for (unsigned i = 0; i < v.count; i++)
            if (v.side[i] == side)
                feed_pieces(&f, &v, i, SIZE_MAX / 2);
        end_both(&f);
        const struct mt_exchange *x = mt_decode_next(&f.decode);
        assert_int_equal(x->kind, MT_KIND_L4);
        assert_int_equal(x->half,
                         side == 0 ? MT_HALF_REQUEST : MT_HALF_RESPONSE);
        assert_int_equal(x->error, MT_ERROR_ONE_SIDED);
        assert_int_equal(x->tls->version, side == 0 ? 0 : 0x0304);
        assert_null(mt_decode_next(&f.decode));
        fixture_close(&f);
        vector_free(&v);
    }
}

/* ---- losses ---- */

static void test_gap_inside_a_record(void **state)
{
    (void)state;
    struct fixture f;
    open_tls13(&f, "tls13");
    feed_record(&f, 0, 23, FINISHED, 10);
    feed_record(&f, 0, 23, REQUEST, 11);
    uint8_t head[] = {23, 3, 3, 0x40, 0x11}; /* 16 401 bytes */
    fixture_feed(&f, 1, (struct mt_span){head, 5}, START_NS + 20 * MS);
    mt_conn_gap(f.conn, 1, 16000, START_NS + 21 * MS);
    uint8_t rest[401] = {0};
    fixture_feed(&f, 1, (struct mt_span){rest, 401}, START_NS + 22 * MS);
    feed_record(&f, 1, 23, ANSWER, 23);
    feed_record(&f, 0, 23, REQUEST, 30);
    feed_record(&f, 1, 23, ANSWER, 31);
    end_both(&f);
    const struct mt_exchange *x = next_turn(&f);
    check_latency(x, 9);
    assert_int_equal(x->resp.end_ns, START_NS + 23 * MS);
    check_latency(next_turn(&f), 1);
    x = mt_decode_next(&f.decode);
    assert_int_equal(x->resp.gap_bytes, 16000);
    assert_int_equal(f.decode.stats.resyncs, 0);
    fixture_close(&f);
}

static void test_gap_over_records(void **state)
{
    (void)state;
    struct fixture f;
    open_tls13(&f, "tls13");
    feed_record(&f, 0, 23, FINISHED, 10);
    feed_record(&f, 0, 23, REQUEST, 11);
    mt_conn_gap(f.conn, 1, 3000, START_NS + 12 * MS);
    const struct mt_exchange *x = next_turn(&f);
    assert_int_equal(x->error, MT_ERROR_CAPTURE_GAP);
    /* behind the hole: the end of a record, then two whole ones */
    uint8_t tail[100];
    memset(tail, 0x17, sizeof tail);
    fixture_feed(&f, 1, (struct mt_span){tail, sizeof tail},
                 START_NS + 13 * MS);
    feed_record(&f, 1, 23, ANSWER, 14);
    feed_record(&f, 1, 23, ANSWER, 15);
    assert_int_equal(f.decode.stats.resyncs, 1);
    assert_int_equal(f.decode.stats.undecoded_bytes, 100 + 5 + ANSWER);
    feed_record(&f, 0, 23, REQUEST, 30);
    feed_record(&f, 1, 23, ANSWER, 33);
    end_both(&f);
    check_latency(next_turn(&f), 3);
    fixture_close(&f);
}

static void test_lost_certificate_keeps_the_rest(void **state)
{
    (void)state;
    struct fixture f;
    struct vector v;
    vector_load(&v, "tls12");
    fixture_open(&f);
    feed_pieces(&f, &v, 0, SIZE_MAX / 2);
    fixture_feed(&f, 1, (struct mt_span){v.bytes[1], 200}, chunk_ns(1));
    mt_conn_gap(f.conn, 1, v.len[1] - 200, chunk_ns(1));
    for (unsigned i = 2; i < v.count; i++)
        feed_pieces(&f, &v, i, SIZE_MAX / 2);
    end_both(&f);
    next_turn(&f);
    next_turn(&f);
    const struct mt_exchange *x = mt_decode_next(&f.decode);
    assert_int_equal(x->tls->version, 0x0303);
    assert_int_equal(x->tls->handshake_ns, 3 * MS);
    assert_false(x->tls->resumed); /* its certificate may have been lost */
    fixture_close(&f);
    vector_free(&v);
}

/* ---- detection ---- */

static void test_sslv2_hello(void **state)
{
    (void)state;
    static const uint8_t hello[] = {0x80, 0x1c, 1, 3,    1, 0, 3, 0, 0, 0,
                                    16,   0,    0, 0x2f, 1, 2, 3, 4, 5, 6,
                                    7,    8,    9, 1,    2, 3, 4, 5, 6, 7};
    struct fixture f;
    fixture_open(&f);
    fixture_feed(&f, 0, (struct mt_span){hello, sizeof hello}, START_NS + MS);
    struct vector v;
    vector_load(&v, "tls10");
    for (unsigned i = 1; i < v.count; i++)
        feed_pieces(&f, &v, i, SIZE_MAX / 2);
    end_both(&f);
    next_turn(&f);
    next_turn(&f);
    const struct mt_exchange *x = mt_decode_next(&f.decode);
    assert_int_equal(x->tls->version, 0x0301);
    assert_int_equal(x->tls->handshake_ns, 3 * MS);
    fixture_close(&f);
    vector_free(&v);
}

static void test_hello_tells_the_client(void **state)
{
    (void)state;
    struct vector v;
    vector_load(&v, "tls13");
    for (unsigned i = 0; i < 2; i++) {
        struct fixture f;
        open_midstream(&f);
        fixture_feed(&f, 1 - v.side[i], (struct mt_span){v.bytes[i], v.len[i]},
                     START_NS);
        assert_int_equal(f.conn->client, 1);
        assert_int_equal(f.conn->role_evidence, MT_ROLE_BY_PROTOCOL);
        assert_ptr_equal(f.conn->top->decoder, &mt_tls_decoder);
        fixture_close(&f);
    }
    vector_free(&v);
}

static void test_what_is_no_tls(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"\x17\3\3\0\x20 application data first", 28}, /* SYN was seen */
        {"\x16\3\1\0\x20\x10 no hello", 15},
        {"\x16\3\1\x7f\xff\1", 6},
        {"\x16\4\1\0\x20\1", 6},
        {"\x80\x1c\1\3\1\0\4\0\0\0\x10", 11},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;
        fixture_open(&f);
        fixture_feed(
            &f, 0,
            (struct mt_span){(const uint8_t *)cases[i].bytes, cases[i].len},
            START_NS);
        assert_ptr_not_equal(f.conn->top->decoder, &mt_tls_decoder);
        fixture_close(&f);
    }
}

/* ---- bounds ---- */

/* A hello that claims 64 KiB and sends little holds little; one that is above
 * the bound is passed over; at the memory ceiling its texts are missed. */
static void test_hello_bounds(void **state)
{
    (void)state;
    static const uint8_t head[] = {22, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff, 3, 3};
    struct fixture f;
    fixture_open(&f);
    fixture_feed(&f, 0, (struct mt_span){head, sizeof head}, START_NS);
    size_t before = f.pool.used_bytes;
    assert_true(before < 16384);
    uint8_t body[4000] = {0};
    fixture_feed(&f, 0, (struct mt_span){body, sizeof body}, START_NS);
    assert_true(f.pool.used_bytes - before <= 8192);
    fixture_close(&f);

    struct mt_pool pool;
    struct mt_tls_reader r;
    struct mt_tls_event ev;
    mt_pool_init(&pool, 0);
    mt_tls_reader_init(&r, &pool, true);
    static const uint8_t hello[] = {22, 3, 1, 0, 6, 1, 0, 0, 2, 3, 3};
    int hellos = 0;
    for (size_t i = 0; i < sizeof hello; i++) {
        struct mt_chunk in = {.bytes = {hello + i, 1}, .ts_ns = 1};
        while (mt_tls_next(&r, &in, &ev) == MT_EVENT)
            if (ev.what == MT_TLS_ON_HELLO) {
                assert_int_equal(ev.body.len, 0);
                hellos++;
            }
    }
    assert_int_equal(hellos, 1);
    mt_tls_reader_deinit(&r);
    mt_pool_deinit(&pool);
}

/* Every prefix of a hello reads without harm, and only the whole is good. */
static void test_hello_cut_short(void **state)
{
    (void)state;
    struct vector v;
    struct mt_tls_hello h;
    vector_load(&v, "tls13-h2");
    for (unsigned i = 0; i < 2; i++) {
        enum mt_tls_message type =
            i == 0 ? MT_TLS_CLIENT_HELLO : MT_TLS_SERVER_HELLO;
        size_t whole = i == 0 ? v.len[i] - 9 : 84;
        for (size_t n = 0; n <= whole; n++) {
            uint8_t *copy = malloc(n > 0 ? n : 1);
            assert_non_null(copy);
            memcpy(copy, v.bytes[i] + 9, n);
            bool good = mt_tls_hello_read((struct mt_span){copy, n}, type, &h);
            /* extensions may be absent: their list is not begun */
            if (n == whole)
                assert_true(good);
            else if (n > whole - 10)
                assert_false(good);
            free(copy);
        }
        if (i == 1)
            assert_true(h.retry);
    }
    vector_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_handshakes),
        cmocka_unit_test(test_cuts_change_nothing),
        cmocka_unit_test(test_tickets_behind_a_request_are_no_answer),
        cmocka_unit_test(test_tickets_alone_answer_nothing),
        cmocka_unit_test(test_a_lone_short_answer_counts),
        cmocka_unit_test(test_certificate_and_finished_in_one_record),
        cmocka_unit_test(test_data_nobody_asked_for_is_no_turn),
        cmocka_unit_test(test_h2_control_frames_are_no_turn),
        cmocka_unit_test(test_joined_late),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_handshake_without_an_end),
        cmocka_unit_test(test_one_sided),
        cmocka_unit_test(test_gap_inside_a_record),
        cmocka_unit_test(test_gap_over_records),
        cmocka_unit_test(test_lost_certificate_keeps_the_rest),
        cmocka_unit_test(test_sslv2_hello),
        cmocka_unit_test(test_hello_tells_the_client),
        cmocka_unit_test(test_what_is_no_tls),
        cmocka_unit_test(test_hello_bounds),
        cmocka_unit_test(test_hello_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
