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
#include "tests/refuse_memory.h"

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

/* What is read, and its routes. */
static struct mt_policy *(*read_mesh)(struct mt_config_problems *);
static uint32_t routes;

static void read_once(void)
{
    static struct mt_config_problems problems;
    struct mt_policy *p = read_mesh(&problems);
    struct mt_policy_state *s = NULL;
    if (p != NULL)
        s = mt_policy_state_new(p, NULL);
    if (p == NULL)
        assert_true(problems.count > 0 && problems.list[0].text[0] != '\0');
    else
        assert_int_equal(p->routes_count, routes);
    assert_true(s != NULL || memory_was_refused());
    mt_policy_state_free(s);
    mt_policy_free(p);
}

static void
refuse_each_of(struct mt_policy *(*read)(struct mt_config_problems *),
               uint32_t routes_count)
{
    read_mesh = read;
    routes = routes_count;
    assert_true(refuse_each(read_once, REFUSE_ONE, 0, 1) > 5);
}

static void test_a_mesh(void **state)
{
    (void)state;
    read_example("mesh.yaml");
    refuse_each_of(from_text, 7);
}

static void test_documents(void **state)
{
    (void)state;
    read_example("httproute.yaml");
    refuse_each_of(from_text, 4);
}

static void test_words(void **state)
{
    (void)state;
    refuse_each_of(from_words, 2);
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
