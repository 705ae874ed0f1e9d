/* The system has no memory at the i-th call: a clear word, nothing lost or
 * leaked, and all that was read before it was whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "build.h"
#include "capture/merge.h"
#include "memory_input.h"
#include "tests/refuse_memory.h"

enum { LONG = 9000, PACKETS = 3 }; /* one that is longer than the buffer */

static struct bytes sample(void)
{
    struct bytes f = {.big = false};
    char *data = calloc(1, LONG + 1);
    assert_non_null(data);
    memset(data, 'x', LONG);
    put_shb(&f, NULL);
    for (int i = 0; i < 20; i++)
        put_idb(&f, 1, 0, "eth0", 9);
    put_epb(&f, 0, 5, "first", 5);
    put_epb(&f, 19, 6, data, LONG);
    put_epb(&f, 19, 7, "last", 4);
    free(data);
    return f;
}

/* All packets through a merge; < 0 when memory failed and it was told. */
static int read_all(struct mt_span file, unsigned *packets)
{
    struct memory_input m = {file, 0, 4096, SIZE_MAX};
    struct mt_source_options options = {.buffer_bytes = 1};
    struct mt_problem why = {.text = ""};
    struct mt_source *s;
    struct mt_item item;
    int rc = mt_source_open_input(&s, memory_input(&m), "t", &options, &why);
    *packets = 0;
    if (rc < 0) {
        assert_true(strstr(why.text, "no memory") != NULL);
        return rc;
    }
    struct mt_merge *merge = mt_merge_new();
    if (merge == NULL) {
        mt_source_free(s);
        return -ENOMEM;
    }
    rc = mt_merge_add(merge, s);
    while (rc >= 0 &&
           (rc = mt_merge_next(merge, MT_MERGE_EXACT, &item)) == MT_EVENT)
        *packets += item.kind == MT_ITEM_PACKET;
    if (rc == MT_DONE && mt_source_problem(s)[0] != '\0') {
        assert_true(strstr(mt_source_problem(s), "no memory") != NULL);
        rc = -ENOMEM;
    }
    mt_merge_free(merge);
    return rc;
}

static struct bytes file;

static void read_once(void)
{
    unsigned packets;
    int rc = read_all(span_of(&file), &packets);
    assert_true(packets <= PACKETS);
    assert_true(rc == MT_DONE || (rc < 0 && memory_was_refused()));
    if (rc == MT_DONE)
        assert_int_equal(packets, PACKETS);
}

static void test_every_call(void **state)
{
    (void)state;
    file = sample();
    assert_true(refuse_each(read_once, REFUSE_ONE, 0, 1) > 7);
    free(file.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_call)};
    return cmocka_run_group_tests_name("capture/source_memory", tests, NULL,
                                       NULL);
}
