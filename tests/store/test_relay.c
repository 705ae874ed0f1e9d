/* A stream of records, whole and in bytes, cut and damaged, and how it is
 * written. */
#include "relay_fixture.h"
#include "tests/refuse_memory.h"

static void test_what_goes_in_comes_out(void **state)
{
    (void)state;
    enum { N = 100 };
    struct stream s = written(N);
    struct digests *d = new_digests(), *bytewise = new_digests();
    read_stream(s.bytes, s.len, s.len, d);
    assert_int_equal(d->rc, MT_DONE);
    assert_int_equal(d->count, N + 9);

    struct mt_relay_record want = {.kind = MT_RELAY_HOST, .host = some_host()};
    struct mt_tls tls;
    assert_true(d->list[0] == digest(&want));
    want = (struct mt_relay_record){.kind = MT_RELAY_OPEN, .now_ns = INT64_MIN};
    some_exchange(N + 1, &want.x, &tls);
    assert_true(d->list[1] == digest(&want));
    want = (struct mt_relay_record){.kind = MT_RELAY_NAME, .name = some_name()};
    assert_true(d->list[2] == digest(&want));
    want = (struct mt_relay_record){
        .kind = MT_RELAY_LOSS, .loss = MT_LOSS_COUNT - 1, .total = UINT64_MAX};
    assert_true(d->list[3] == digest(&want));
    want = (struct mt_relay_record){
        .kind = MT_RELAY_SOURCE, .number = 4095, .info = some_source};
    assert_true(d->list[4] == digest(&want));
    for (unsigned i = 0; i < N; i++) {
        want = (struct mt_relay_record){.kind = MT_RELAY_EXCHANGE};
        some_exchange(i, &want.x, &tls);
        assert_true(d->list[5 + i] == digest(&want));
    }
    want = (struct mt_relay_record){.kind = MT_RELAY_REPORT,
                                    .report = some_report};
    assert_true(d->list[N + 5] == digest(&want));
    want =
        (struct mt_relay_record){.kind = MT_RELAY_SAMPLE, .number = UINT32_MAX};
    assert_true(d->list[N + 6] == digest(&want));
    want = (struct mt_relay_record){
        .kind = MT_RELAY_MARK, .now_ns = INT64_MAX, .wall_ns = INT64_MIN};
    assert_true(d->list[N + 7] == digest(&want));
    want = (struct mt_relay_record){.kind = MT_RELAY_END, .total = N};
    assert_true(d->list[N + 8] == digest(&want));

    read_stream(s.bytes, s.len, 1, bytewise);
    assert_int_equal(bytewise->rc, MT_DONE);
    assert_true(bytewise->count == d->count && is_prefix(bytewise, d));
    free(s.bytes);
    free(d);
    free(bytewise);
}

/* Asked again and again while nothing comes, as by who reads several. */
static void test_asked_in_vain(void **state)
{
    (void)state;
    struct stream s = written(20);
    struct digests *d = new_digests(), *patient = new_digests();
    struct mt_relay_reader *r = mt_relay_reader_new();
    read_stream(s.bytes, s.len, s.len, d);
    for (size_t at = 0; at < s.len; at++) {
        mt_relay_give(r, (struct mt_span){s.bytes + at, 1});
        for (int i = 0; i < 100; i++)
            take_all(r, patient);
    }
    assert_int_equal(mt_relay_finish(r), MT_DONE);
    assert_true(patient->count == d->count && is_prefix(patient, d));
    mt_relay_reader_free(r);
    free(s.bytes);
    free(d);
    free(patient);
}

/* Cut anywhere, all before is given, and the end tells that it is none. */
static void test_cut_at_every_offset(void **state)
{
    (void)state;
    struct stream s = written(20);
    struct digests *d = new_digests(), *part = new_digests();
    read_stream(s.bytes, s.len, s.len, d);
    for (size_t cut = 0; cut < s.len; cut++) {
        read_stream(s.bytes, cut, cut + 1, part);
        assert_true(is_prefix(part, d));
        if (part->count < d->count) {
            assert_int_equal(part->rc, MT_EPROTO);
            assert_non_null(strstr(part->why, "cut off here: "));
            assert_non_null(strstr(part->why, " exchanges were read"));
        }
    }
    free(s.bytes);
    free(d);
    free(part);
}

/* Flip any bit of any byte: an error, or nothing has changed. */
static void test_every_byte_flipped(void **state)
{
    (void)state;
    struct stream s = written(20);
    struct digests *d = new_digests(), *other = new_digests();
    unsigned noticed = 0;
    read_stream(s.bytes, s.len, s.len, d);
    for (size_t at = 0; at < s.len; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            s.bytes[at] ^= (uint8_t)(1u << bit);
            read_stream(s.bytes, s.len, s.len, other);
            assert_true(is_prefix(other, d));
            noticed += other->rc == MT_EPROTO;
            assert_true(other->rc == MT_EPROTO || other->count == d->count);
            s.bytes[at] ^= (uint8_t)(1u << bit);
        }
    assert_true(noticed > s.len * 7);
    free(s.bytes);
    free(d);
    free(other);
}

static void test_what_follows_the_end_is_seen(void **state)
{
    (void)state;
    struct stream s = written(3);
    struct digests *d = new_digests();
    memcpy(s.bytes + s.len, s.bytes, s.len);
    for (size_t step = 1; step <= 2 * s.len; step += 2 * s.len - 1) {
        read_stream(s.bytes, 2 * s.len, step, d);
        assert_int_equal(d->rc, MT_EPROTO);
        assert_non_null(strstr(d->why, "an -r of its own"));
    }
    free(s.bytes);
    free(d);
}

/* ---- writing ---- */

static void test_large_exchanges(void **state)
{
    (void)state;
    static char text[MT_RELAY_BLOCK_MAX];
    struct stream s = new_stream();
    struct mt_relay_writer *w = new_writer(&s);
    struct digests *d = new_digests();
    struct mt_exchange x = {.end_ns = 1};
    memset(text, 'a', sizeof text);
    x.path = (struct mt_span){(const uint8_t *)text, sizeof text};
    assert_int_equal(mt_relay_put_exchange(w, &x), 0); /* refused, counted */
    assert_int_equal(mt_relay_written(w).refused, 1);
    x.path.len -= 4096;
    for (int i = 0; i < 3; i++)
        assert_int_equal(mt_relay_put_exchange(w, &x), 0);
    struct mt_source_info info = {.path = "x"};
    char *path = malloc(2 * MT_RELAY_TEXT_MAX);
    memset(path, 'p', 2 * MT_RELAY_TEXT_MAX - 1);
    path[2 * MT_RELAY_TEXT_MAX - 1] = '\0';
    info.path = path; /* clipped */
    assert_int_equal(mt_relay_put_source(w, 0, &info), 0);
    assert_int_equal(mt_relay_end(w), 0);
    read_stream(s.bytes, s.len, s.len, d);
    assert_int_equal(d->rc, MT_DONE);
    assert_int_equal(d->count, 6);
    struct mt_relay_record want = {.kind = MT_RELAY_EXCHANGE, .x = x};
    want.x.grpc_status = 0;
    assert_true(d->list[3] == digest(&want));
    mt_relay_writer_free(w);
    free(path);
    free(s.bytes);
    free(d);
}

/* The sink's error is the writer's, and stays. */
static void test_sink_fails(void **state)
{
    (void)state;
    struct stream s = new_stream();
    struct mt_relay_writer *w = new_writer(&s);
    struct mt_exchange x;
    struct mt_tls tls;
    some_exchange(1, &x, &tls);
    assert_int_equal(mt_relay_flush(w), 0);
    s.fail = -EPIPE;
    assert_int_equal(mt_relay_put_exchange(w, &x), 0);
    assert_int_equal(mt_relay_flush(w), -EPIPE);
    s.fail = 0;
    assert_int_equal(mt_relay_put_exchange(w, &x), -EPIPE);
    assert_int_equal(mt_relay_end(w), -EPIPE);
    assert_int_equal(mt_relay_written(w).exchanges, 1);
    mt_relay_writer_free(w);
    free(s.bytes);
}

/* What was flushed can be read, and no sooner. */
static void test_flushed_is_there(void **state)
{
    (void)state;
    struct stream s = new_stream();
    struct mt_relay_writer *w = new_writer(&s);
    struct digests *d = new_digests();
    struct mt_exchange x;
    struct mt_tls tls;
    some_exchange(1, &x, &tls);
    assert_int_equal(s.len, 0);
    for (size_t i = 1; i <= 5; i++) {
        assert_int_equal(mt_relay_put_exchange(w, &x), 0);
        assert_int_equal(mt_relay_flush(w), 0);
        read_stream(s.bytes, s.len, s.len, d);
        assert_int_equal(d->count, 1 + i);
    }
    mt_relay_writer_free(w);
    free(s.bytes);
    free(d);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct stream s = written(3), made = new_stream();
    struct mt_relay_host host = some_host();
    for (unsigned n = 0; n < 64; n++) {
        struct mt_relay_writer *w;
        struct mt_relay_record record;
        refuse_memory(n, REFUSE_ALL_AFTER);
        int rc = mt_relay_writer_new(&w, (struct mt_sink){keep, &made}, &host);
        if (rc == 0 && mt_relay_flush(w) != 0)
            rc = -ENOMEM;
        give_memory();
        assert_true(rc == 0 || rc == -ENOMEM);
        mt_relay_writer_free(w);
        refuse_memory(n, REFUSE_ALL_AFTER);
        struct mt_relay_reader *r = mt_relay_reader_new();
        if (r != NULL) {
            mt_relay_give(r, (struct mt_span){s.bytes, s.len});
            while (mt_relay_next(r, &record) == MT_EVENT)
                ;
            rc = mt_relay_finish(r);
        }
        give_memory();
        mt_relay_reader_free(r);
        if (n == 0)
            assert_null(r);
        if (n == 63)
            assert_int_equal(rc, MT_DONE);
    }
    free(s.bytes);
    free(made.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_goes_in_comes_out),
        cmocka_unit_test(test_asked_in_vain),
        cmocka_unit_test(test_cut_at_every_offset),
        cmocka_unit_test(test_every_byte_flipped),
        cmocka_unit_test(test_what_follows_the_end_is_seen),
        cmocka_unit_test(test_large_exchanges),
        cmocka_unit_test(test_sink_fails),
        cmocka_unit_test(test_flushed_is_there),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
