/* Real handshakes (tests/data/tls), whole, byte by byte and cut everywhere:
 * the rows that a user sees; how TLS is known, and the bounds of a hello. */
#include "tls_fixture.h"

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
        cmocka_unit_test(test_handshake_without_an_end),
        cmocka_unit_test(test_sslv2_hello),
        cmocka_unit_test(test_hello_tells_the_client),
        cmocka_unit_test(test_what_is_no_tls),
        cmocka_unit_test(test_hello_bounds),
        cmocka_unit_test(test_hello_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
