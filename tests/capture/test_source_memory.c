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

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the
 * names that ld --wrap wants */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static bool armed;
static unsigned calls_left;

static bool refuse(void)
{
    return armed && calls_left-- == 0;
}

void *__wrap_malloc(size_t n)
{
    return refuse() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return refuse() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return refuse() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
    return refuse() ? NULL : __real_strdup(s);
}

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

static void test_every_call(void **state)
{
    (void)state;
    struct bytes f = sample();
    unsigned packets, i = 0;
    int rc;
    do {
        assert_true(i < 100);
        calls_left = i++;
        armed = true;
        rc = read_all(span_of(&f), &packets);
        armed = false;
        assert_true(packets <= PACKETS);
    } while (rc < 0);
    assert_int_equal(rc, MT_DONE);
    assert_int_equal(packets, PACKETS);
    assert_true(i > 7);
    free(f.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_call)};
    return cmocka_run_group_tests_name("capture/source_memory", tests, NULL,
                                       NULL);
}
