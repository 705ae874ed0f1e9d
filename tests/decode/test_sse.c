/* Events are counted whole, byte by byte and cut at every offset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "decode/sse.h"

static const struct vector {
    const char *text;
    uint32_t events;
} vectors[] = {
    {"data: a\n\n", 1},
    {"data: a\r\n\r\n", 1},
    {"data: a\r\r", 1},
    {"data: a\n\ndata: b\r\n\r\ndata: c\r\r", 3},
    {"data: a\r\n\ndata: b\n\r\n", 2},
    {"data: a\ndata: b\n\n", 1},
    {"data: a\r\ndata: b\r\n\r\n", 1},
    {"event: x\nid: 1\ndata: {}\n\n", 1},
    {"data: a\n", 0},
    {"data: a", 0},
    {"\n\n\n\n", 0},
    {"data: a\n\n\n\n", 1},
    {": ping\n\n: ping\n\n", 0},
    {"event: x\n\n", 0},
    {"data\n\n", 1},
    {"data:\n\n", 1},
    {"database: x\n\n", 0},
    {"dat: x\n\n", 0},
    {"Data: x\n\n", 0},
    {" data: x\n\n", 0},
    {"x: data: y\n\n", 0},
    {"\xef\xbb\xbf"
     "data: x\n\n",
     1},
    {"data: x\n\n\xef\xbb\xbf"
     "data: x\n\n",
     1},
    {"x\xef\xbb\xbf"
     "data: x\n\n",
     0},
    {"retry: 9\n\ndata: \x01\x7f\x80 a long line of thirty-two bytes\n\n", 1},
};

static uint32_t feed(struct mt_sse *s, const char *text, size_t n)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    uint32_t events = mt_sse_feed(s, (struct mt_span){copy, n});
    free(copy);
    return events;
}

static uint32_t count(const char *text, size_t first, size_t step)
{
    struct mt_sse s = {0};
    uint32_t events = 0;
    size_t len = strlen(text), n = first;
    for (size_t at = 0; at < len; n = step) {
        n = n < len - at ? n : len - at;
        events += feed(&s, text + at, n);
        at += n;
    }
    return events;
}

static void test_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        size_t len = strlen(v->text);
        if (count(v->text, len, len) != v->events)
            fail_msg("row %zu: %u events", i, count(v->text, len, len));
        assert_int_equal(count(v->text, 1, 1), v->events);
        for (size_t cut = 1; cut < len; cut++)
            assert_int_equal(count(v->text, cut, len), v->events);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_events)};
    return cmocka_run_group_tests_name("decode/sse", tests, NULL, NULL);
}
