/* Several sources as one: order by time, ties by source, nothing lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "build.h"
#include "capture/merge.h"
#include "memory_input.h"

enum { SOURCES = 3 };

static unsigned reads;

static ptrdiff_t counted_read(void *self, uint8_t *to, size_t n)
{
    reads++;
    return memory_read(self, to, n);
}

struct fixture {
    struct bytes files[SOURCES];
    struct memory_input inputs[SOURCES];
    struct mt_merge *merge;
};

/* "1a 5b": packets at those seconds with that byte; "!": a comment */
static void build(struct bytes *f, const char *packets)
{
    put_shb(f, NULL);
    put_idb(f, 1, 0, NULL, 0);
    for (; *packets != '\0'; packets += packets[1] == ' ' ? 2 : 1) {
        if (*packets == '!') {
            put_shb(f, "!");
            put_idb(f, 1, 0, NULL, 0);
            continue;
        }
        char *end;
        uint64_t s = strtoul(packets, &end, 10);
        char data[2] = {*end, '\0'};
        put_epb(f, 0, s * 1000000, data, 1);
        packets = end;
    }
}

static void begin(struct fixture *x, const char *const *files, bool follow)
{
    *x = (struct fixture){.merge = mt_merge_new()};
    assert_non_null(x->merge);
    for (int i = 0; i < SOURCES; i++) {
        build(&x->files[i], files[i]);
        x->inputs[i] = (struct memory_input){.bytes = span_of(&x->files[i]),
                                             .step = 64,
                                             .visible = follow ? 0 : SIZE_MAX};
        struct mt_source_options options = {.number = (uint16_t)i,
                                            .follow = follow};
        struct mt_problem why;
        struct mt_source *s;
        struct mt_input input = memory_input(&x->inputs[i]);
        input.read = counted_read;
        assert_int_equal(mt_source_open_input(&s, input, "t", &options, &why),
                         0);
        assert_int_equal(mt_merge_add(x->merge, s), 0);
    }
}

static int64_t seconds(int64_t s)
{
    return s * 1000000000;
}

static void end(struct fixture *x)
{
    mt_merge_free(x->merge);
    for (size_t i = 0; i < SOURCES; i++)
        free(x->files[i].ptr);
}

/* All that comes now, a letter a packet. */
static int drain(struct fixture *x, int64_t settled, struct bytes *log)
{
    struct mt_item item;
    int rc;
    while ((rc = mt_merge_next(x->merge, settled, &item)) == MT_EVENT) {
        if (item.kind == MT_ITEM_PACKET) {
            assert_int_equal(item.packet.ref >> 48, mt_merge_last(x->merge));
            put8(log, item.packet.bytes.ptr[0]);
        } else if (item.kind == MT_ITEM_COMMENT) {
            put8(log, '!');
        }
    }
    return rc;
}

static const struct {
    const char *files[SOURCES];
    const char *log;
} vectors[] = {
    {{"1a 4b 5c", "2d 3e 9f", "4x"}, "adebxcf"},
    {{"", "", ""}, ""},
    {{"1a", "1b", "1c"}, "abc"},
    {{"5a 5b", "5c", "5d 5e"}, "abcde"},
    {{"9a 1b", "5c", ""}, "cab"}, /* a step back stays in its file's order */
    {{"1a ! 7b", "2c", "3d"}, "a!cdb"},
    {{"1a 2b 3c 4d 5e", "", "9f"}, "abcdef"},
    {{"5a", "1b 6c", ""}, "bac"},
};

static void test_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct fixture x;
        struct bytes log = {.big = false};
        begin(&x, vectors[i].files, false);
        assert_int_equal(drain(&x, MT_MERGE_EXACT, &log), MT_DONE);
        put8(&log, 0);
        assert_string_equal((char *)log.ptr, vectors[i].log);
        end(&x);
        free(log.ptr);
    }
}

/* Growing files, in any rhythm, come in the same order when one is patient. */
static void test_follow(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        for (size_t rhythm = 1; rhythm < 100; rhythm += 13) {
            struct fixture x;
            struct bytes log = {.big = false};
            begin(&x, vectors[i].files, true);
            for (size_t n = 0; n < 1200; n++) {
                x.inputs[n % SOURCES].visible += rhythm + n % 5;
                assert_int_equal(drain(&x, MT_MERGE_EXACT, &log), MT_MORE);
            }
            for (size_t k = 0; k < SOURCES; k++)
                mt_source_finish(mt_merge_source(x.merge, k), 0);
            assert_int_equal(drain(&x, MT_MERGE_EXACT, &log), MT_DONE);
            put8(&log, 0);
            /* comments have no time: their place may differ */
            assert_int_equal(strlen((char *)log.ptr), strlen(vectors[i].log));
            if (strchr(vectors[i].log, '!') == NULL)
                assert_string_equal((char *)log.ptr, vectors[i].log);
            end(&x);
            free(log.ptr);
        }
    }
}

/* Who does not wait gets what is there, and the late one later. */
static void test_impatient(void **state)
{
    (void)state;
    const char *const files[] = {"1a 4b", "2c", "3d"};
    struct fixture x;
    struct bytes log = {.big = false};
    begin(&x, files, true);
    x.inputs[0].visible = SIZE_MAX;
    x.inputs[2].visible = SIZE_MAX;
    assert_int_equal(drain(&x, MT_MERGE_EXACT, &log), MT_MORE);
    assert_int_equal(log.len, 0);
    assert_int_equal(drain(&x, MT_MERGE_NOW, &log), MT_MORE);
    x.inputs[1].visible = SIZE_MAX;
    assert_int_equal(drain(&x, MT_MERGE_NOW, &log), MT_MORE);
    put8(&log, 0);
    assert_string_equal((char *)log.ptr, "adbc");
    end(&x);
    free(log.ptr);
}

/* Live: what is settled does not wait for a silent interface, what is not
 * does; and it is known for whom and until when. */
static void test_settled(void **state)
{
    (void)state;
    const char *const files[] = {"1a 4b 7c", "", "3d"};
    struct fixture x;
    struct bytes log = {.big = false};
    begin(&x, files, true);
    x.inputs[0].visible = x.inputs[2].visible = SIZE_MAX;
    assert_int_equal(drain(&x, seconds(0), &log), MT_MORE);
    assert_int_equal(log.len, 0);
    assert_int_equal(mt_merge_waiting_ns(x.merge), seconds(1));
    assert_false(mt_merge_is_late(x.merge, 0));
    assert_true(mt_merge_is_late(x.merge, 1));
    assert_int_equal(drain(&x, seconds(4), &log), MT_MORE);
    put8(&log, 0);
    assert_string_equal((char *)log.ptr, "adb");
    assert_int_equal(mt_merge_waiting_ns(x.merge), seconds(7));
    log.len = 0;
    assert_int_equal(drain(&x, seconds(7), &log), MT_MORE);
    put8(&log, 0);
    assert_string_equal((char *)log.ptr, "c");
    assert_int_equal(mt_merge_waiting_ns(x.merge), INT64_MAX);
    end(&x);
    free(log.ptr);
}

/* A silent interface is not asked for each packet of a busy one. */
static void test_asks_rarely(void **state)
{
    (void)state;
    static const char busy[] =
        "1a 2b 3c 4d 5e 6f 7a 8b 9c 10d 11e 12f 13a 14b 15c "
        "16d 17e 18f 19a 20b 21c 22d 23e 24f";
    const char *const files[] = {busy, "", ""};
    struct fixture x;
    struct bytes log = {.big = false};
    begin(&x, files, true);
    x.inputs[0].visible = SIZE_MAX;
    reads = 0;
    assert_int_equal(drain(&x, MT_MERGE_NOW, &log), MT_MORE);
    assert_int_equal(log.len, 24);
    assert_in_range(reads, 1, 23); /* fewer than one a packet */
    end(&x);
    free(log.ptr);
}

/* What came late goes before what comes after it. */
static void test_late_but_before(void **state)
{
    (void)state;
    const char *const files[] = {"1a 4b", "2c", "9d"};
    struct fixture x;
    struct bytes log = {.big = false};
    struct mt_item item;
    begin(&x, files, true);
    x.inputs[0].visible = x.inputs[2].visible = SIZE_MAX;
    do
        assert_int_equal(mt_merge_next(x.merge, MT_MERGE_NOW, &item), MT_EVENT);
    while (item.kind != MT_ITEM_PACKET);
    assert_int_equal(item.packet.bytes.ptr[0], 'a');
    x.inputs[1].visible = SIZE_MAX;
    assert_int_equal(drain(&x, MT_MERGE_NOW - 1, &log), MT_MORE);
    put8(&log, 0);
    assert_string_equal((char *)log.ptr, "cbd");
    end(&x);
    free(log.ptr);
}

static void test_broken_source(void **state)
{
    (void)state;
    const char *const files[] = {"1a 4b", "2c 3d", "9e"};
    struct fixture x;
    struct bytes log = {.big = false};
    begin(&x, files, false);
    x.inputs[1].bytes.len -= 4;
    assert_int_equal(drain(&x, MT_MERGE_EXACT, &log), MT_DONE);
    put8(&log, 0);
    assert_string_equal((char *)log.ptr, "acbe");
    assert_string_equal(mt_source_problem(mt_merge_source(x.merge, 0)), "");
    assert_non_null(
        strstr(mt_source_problem(mt_merge_source(x.merge, 1)), "cut off here"));
    end(&x);
    free(log.ptr);
}

/* Streams of exchanges alone, and no capture, are read beside a merge of none.
 */
static void test_of_nothing(void **state)
{
    (void)state;
    struct mt_item item;
    struct mt_merge *m = mt_merge_new();
    assert_non_null(m);
    assert_int_equal(mt_merge_next(m, MT_MERGE_EXACT, &item), MT_DONE);
    assert_int_equal(mt_merge_next(m, MT_MERGE_NOW, &item), MT_DONE);
    mt_merge_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_nothing),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_follow),
        cmocka_unit_test(test_impatient),
        cmocka_unit_test(test_settled),
        cmocka_unit_test(test_asks_rarely),
        cmocka_unit_test(test_late_but_before),
        cmocka_unit_test(test_broken_source),
    };
    return cmocka_run_group_tests_name("capture/merge", tests, NULL, NULL);
}
