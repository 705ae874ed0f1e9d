#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base64.h"

/* RFC 4648 section 10, both alphabets, texts without padding and joined ones;
 * want NULL: no base64. */
static const struct {
    const char *text, *want;
} rows[] = {
    {"", ""},
    {"Zg==", "f"},
    {"Zm8=", "fo"},
    {"Zm9v", "foo"},
    {"Zm9vYg==", "foob"},
    {"Zm9vYmE=", "fooba"},
    {"Zm9vYmFy", "foobar"},
    {"Zm8", "fo"},
    {"Zg", "f"},
    {"Pz8/Pj4+", "?\?\?>>>"},
    {"Pz8_Pj4-", "?\?\?>>>"},
    {"Zg==Zm8=Zm9v", "ffofoo"},
    {"Zm9v YmFy", NULL},
    {"Zm9v\nYmFy", NULL},
    {"Zm\x80v", NULL},
};

static void check(size_t i, size_t cut, size_t room)
{
    struct mt_base64 b = {0};
    struct mt_span text = mt_span_str(rows[i].text), head;
    uint8_t out[64];
    size_t n = 0;
    head = mt_span_take(&text, cut);
    for (int half = 0; half < 2; half++, head = text)
        while (!b.bad && head.len > 0) {
            assert_true(n + room <= sizeof out);
            n += mt_base64_feed(&b, &head, out + n, room);
        }
    assert_int_equal(b.bad, rows[i].want == NULL);
    if (rows[i].want == NULL)
        return;
    assert_int_equal(n, strlen(rows[i].want));
    assert_memory_equal(out, rows[i].want, n);
}

static void as_the_rfc_says_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t cut = 0; cut <= strlen(rows[i].text); cut++)
            for (size_t room = 1; room < 8; room++)
                check(i, cut, room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_rfc_says_cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
