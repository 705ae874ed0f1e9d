/* docs/proxy.schema.json is what the table says; `--update FILE` writes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy-lite/config/config.h"

static char text[1 << 18];
static size_t length;

static int keep(void *arg, struct mt_span bytes)
{
    (void)arg;
    if (bytes.len >= sizeof text - length)
        return -1;
    memcpy(text + length, bytes.ptr, bytes.len);
    length += bytes.len;
    return 0;
}

static void make(void)
{
    static struct mt_out out;
    length = 0;
    mt_out_init(&out, (struct mt_sink){keep, NULL});
    mt_config_schema(&out);
    assert_int_equal(mt_out_flush(&out), 0);
    text[length] = '\0';
}

static void test_documentation_is_the_table(void **state)
{
    (void)state;
    static char kept[sizeof text];
    FILE *f = fopen(MT_TEST_DATA "/../../docs/proxy.schema.json", "rb");
    assert_non_null(f);
    size_t n = fread(kept, 1, sizeof kept - 1, f);
    (void)fclose(f);
    kept[n] = '\0';
    make();
    if (strcmp(kept, text) != 0)
        fail_msg("docs/proxy.schema.json differs from the table; if that is "
                 "right: test_proxy_config_schema --update "
                 "docs/proxy.schema.json");
}

/* Two types of one name would hide each other. */
static void test_each_type_once(void **state)
{
    (void)state;
    make();
    for (char *at = strstr(text, "\n\""); at != NULL;
         at = strstr(at + 1, "\n\"")) {
        char name[64];
        size_t n = strcspn(at + 2, "\"");
        assert_true(n > 0 && n < sizeof name - 3);
        (void)snprintf(name, sizeof name, "\n\"%.*s\"", (int)n, at + 2);
        if (strstr(at + 1, name) != NULL)
            fail_msg("%s stands twice", name + 1);
    }
}

static void test_what_does_not_work_is_not_in_it(void **state)
{
    (void)state;
    make();
    static const char *const words[] = {"mirror", "fault", "maglev", "tls"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_null(strstr(text, words[i]));
    assert_non_null(strstr(text, "\"per_try_timeout\":"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documentation_is_the_table),
        cmocka_unit_test(test_each_type_once),
        cmocka_unit_test(test_what_does_not_work_is_not_in_it),
    };
    if (argc == 3 && strcmp(argv[1], "--update") == 0) {
        make();
        FILE *f = fopen(argv[2], "wb");
        if (f == NULL || fwrite(text, 1, length, f) != length)
            return 1;
        return fclose(f) != 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
