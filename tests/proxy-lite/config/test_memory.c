/* The system has no memory at the i-th call: a mesh is made whole, or not at
 * all and it is said; nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy-lite/config/config.h"
#include "proxy-lite/policy/state.h"

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the
 * names that ld --wrap wants */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
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

static char text[1 << 16];

static void read_example(const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/../../docs/examples/%s", MT_TEST_DATA,
                   name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    text[n] = '\0';
}

static struct mt_policy *from_text(struct mt_config_problems *problems)
{
    return mt_config_read(mt_span_str(text), problems);
}

static struct mt_policy *from_words(struct mt_config_problems *problems)
{
    static const char *const words[] = {"80=a:1,b:2", "81=c:1*9,d:1*1"};
    return mt_config_read_words(words, 2, problems);
}

/* With the i-th allocation refused, for every i until none was. */
static void refuse_each(struct mt_policy *(*read)(struct mt_config_problems *),
                        uint32_t routes)
{
    static struct mt_config_problems problems;
    bool whole = false;
    unsigned i = 0;
    for (; !whole; i++) {
        calls_left = i;
        armed = true;
        struct mt_policy *p = read(&problems);
        struct mt_policy_state *s = NULL;
        if (p != NULL)
            s = mt_policy_state_new(p, NULL);
        armed = false;
        whole = s != NULL;
        if (p == NULL)
            assert_true(problems.count > 0 && problems.list[0].text[0] != '\0');
        else
            assert_int_equal(p->routes_count, routes);
        mt_policy_state_free(s);
        mt_policy_free(p);
        assert_true(i < 1000);
    }
    assert_true(i > 5);
}

static void test_a_mesh(void **state)
{
    (void)state;
    read_example("mesh.yaml");
    refuse_each(from_text, 7);
}

static void test_documents(void **state)
{
    (void)state;
    read_example("httproute.yaml");
    refuse_each(from_text, 4);
}

static void test_words(void **state)
{
    (void)state;
    refuse_each(from_words, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_mesh),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
