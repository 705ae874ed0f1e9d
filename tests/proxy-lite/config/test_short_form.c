/* Meshes in words of the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy-lite/config/config.h"

enum { WORDS = 4 };

static struct mt_policy *read_words(const char *const words[WORDS],
                                    struct mt_config_problems *problems)
{
    size_t n = 0;
    while (n < WORDS && words[n] != NULL)
        n++;
    return mt_config_read_words(words, n, problems);
}

static void is(struct mt_span s, const char *text)
{
    if (!mt_span_eq(s, mt_span_str(text)))
        fail_msg("'%.*s', not '%s'", (int)s.len, (const char *)s.ptr, text);
}

static struct mt_policy *good(const char *const words[WORDS])
{
    static struct mt_config_problems problems;
    struct mt_policy *p = read_words(words, &problems);
    if (p == NULL)
        fail_msg("%s: %s", words[0], problems.list[0].text);
    return p;
}

static void test_one_service(void **state)
{
    (void)state;
    struct mt_policy *p =
        good((const char *const[WORDS]){"8080=localhost:3000"});
    is(p->listeners[0]->host, "127.0.0.1");
    assert_int_equal(p->listeners[0]->port, 8080);
    assert_int_equal(p->listeners[0]->tcp, MT_POLICY_NONE);
    assert_int_equal(p->services_count, 1);
    is(p->services[0]->name, "localhost:3000");
    is(p->services[0]->endpoints[0].host, "localhost");
    assert_int_equal(p->services[0]->endpoints[0].port, 3000);
    assert_int_equal(p->routes[0]->listeners, 1);
    assert_int_equal(p->entries_count, 1);
    mt_policy_free(p);
}

static void test_weights(void **state)
{
    (void)state;
    struct mt_policy *p =
        good((const char *const[WORDS]){"8080=v1:3001*90,v2:3002*10"});
    assert_int_equal(p->services_count, 2);
    is(p->services[1]->name, "v2:3002");
    assert_int_equal(p->routes[0]->to.total, 100);
    assert_int_equal(p->routes[0]->to.list[0].weight, 90);
    assert_int_equal(p->routes[0]->to.list[1].service, 1);
    assert_int_equal(p->listeners[0]->tcp, MT_POLICY_NONE);
    mt_policy_free(p);
}

static void test_several(void **state)
{
    (void)state;
    struct mt_policy *p = good((const char *const[WORDS]){
        "8080=10.0.0.5:80,[fd00::1]:80", "0.0.0.0:8081=a:1", "[::1]:8081=a:1"});
    assert_int_equal(p->services_count, 2); /* a:1 is one */
    assert_int_equal(p->services[0]->endpoints_count, 2);
    is(p->services[0]->name, "10.0.0.5:80,[fd00::1]:80");
    is(p->services[0]->endpoints[1].host, "fd00::1");
    is(p->listeners[1]->host, "0.0.0.0");
    is(p->listeners[2]->host, "::1");
    assert_int_equal(p->routes[1]->listeners, 2);
    assert_int_equal(p->routes[2]->listeners, 4);
    assert_int_equal(p->routes[2]->to.list[0].service, 1);
    mt_policy_free(p);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *words[WORDS];
        const char *says;
    } rows[] = {
        {{"8080"}, "1:1: '8080' has no '='; write 8080=localhost:3000"},
        {{"x=a:1"},
         "1:1: 'x' is no address to listen on; write 8080, 0.0.0.0:8080 or "
         "[::]:8080"},
        {{"0=a:1"},
         "1:1: '0' is no address to listen on; write 8080, 0.0.0.0:8080 or "
         "[::]:8080"},
        {{"80="},
         "1:4: '' is no endpoint; write localhost:3000 or 10.0.0.5:80"},
        {{"80=a:1,"},
         "1:8: '' is no endpoint; write localhost:3000 or 10.0.0.5:80"},
        {{"80=a:1,b"},
         "1:8: 'b' is no endpoint; write localhost:3000 or 10.0.0.5:80"},
        {{"80=a:1*x"}, "1:8: 'x' is no weight; write a number, as v1:3001*90"},
        {{"80=a:1*"}, "1:8: '' is no weight; write a number, as v1:3001*90"},
        {{"80=a:1*0,b:1*0"}, "1:4: every weight is 0; give one of them more"},
        {{"tcp:80=a:1*1,b:1*2"},
         "1:1: 'tcp:' goes to one service; leave the weights out"},
        {{"tcp:x=a:1"},
         "1:5: 'x' is no address to listen on; write 8080, 0.0.0.0:8080 or "
         "[::]:8080"},
        {{"80=a:1", "80=b:1"}, "2:1: '80' listens already; give each once"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static struct mt_config_problems problems;
        char says[MT_CONFIG_PROBLEM_BYTES + 32];
        assert_null(read_words(rows[i].words, &problems));
        (void)snprintf(says, sizeof says, "%u:%u: %s", problems.list[0].line,
                       problems.list[0].column, problems.list[0].text);
        assert_string_equal(says, rows[i].says);
        assert_int_equal(problems.count, 1);
    }
}

/* What comes in there is not looked at. */
static void test_bytes(void **state)
{
    (void)state;
    struct mt_policy *p =
        good((const char *const[WORDS]){"tcp:5432=db:5432,db2:5432", "80=a:1"});
    assert_int_equal(p->listeners[0]->port, 5432);
    assert_int_equal(p->listeners[0]->tcp, 0);
    assert_int_equal(p->listeners[0]->detect_timeout_ns, 0);
    assert_int_equal(p->services[0]->endpoints_count, 2);
    assert_int_equal(p->listeners[1]->tcp, MT_POLICY_NONE);
    assert_true(p->listeners[1]->detect_timeout_ns > 0);
    mt_policy_free(p);
}

static void test_too_many(void **state)
{
    (void)state;
    static struct mt_config_problems problems;
    char word[1024] = "80=a:1";
    for (int i = 0; i < MT_POLICY_SPLIT_MAX - 1; i++)
        strcat(word, ",a:1");
    const char *const words[WORDS] = {word};
    mt_policy_free(good(words));
    strcat(word, ",a:1");
    assert_null(read_words(words, &problems));
    assert_string_equal(problems.list[0].text,
                        "more than 64 endpoints; write a file");
}

static void test_what_is_a_word(void **state)
{
    (void)state;
    assert_true(mt_config_is_word("8080=a:1"));
    assert_true(mt_config_is_word("[::]:80=a:1"));
    assert_true(mt_config_is_word("80="));
    assert_true(mt_config_is_word("tcp:80=a:1"));
    assert_false(mt_config_is_word("mesh.yaml"));
    assert_false(mt_config_is_word("explain"));
    assert_false(mt_config_is_word("./a1=b"));
    assert_false(mt_config_is_word("=a"));
    assert_false(mt_config_is_word(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_service),    cmocka_unit_test(test_weights),
        cmocka_unit_test(test_several),        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_bytes),          cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_what_is_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
