/* Turns: requests and answers told by the length of their records, also where
 * some of them were lost. */
#include "tls_fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tickets_behind_a_request_are_no_answer),
        cmocka_unit_test(test_tickets_alone_answer_nothing),
        cmocka_unit_test(test_a_lone_short_answer_counts),
        cmocka_unit_test(test_certificate_and_finished_in_one_record),
        cmocka_unit_test(test_data_nobody_asked_for_is_no_turn),
        cmocka_unit_test(test_h2_control_frames_are_no_turn),
        cmocka_unit_test(test_joined_late),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_one_sided),
        cmocka_unit_test(test_gap_inside_a_record),
        cmocka_unit_test(test_gap_over_records),
        cmocka_unit_test(test_lost_certificate_keeps_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
