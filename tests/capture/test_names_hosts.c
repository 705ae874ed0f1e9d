/* Names that /etc/hosts gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text_addr.h"
#include "capture/names_hosts.h"

struct fixture {
    struct mt_pool pool;
    struct mt_names *names;
};

static void fixture_open(struct fixture *f)
{
    mt_pool_init(&f->pool, 64u << 20);
    f->names = mt_names_new(&(struct mt_names_config){.pool = &f->pool});
    assert_non_null(f->names);
}

static void fixture_close(struct fixture *f)
{
    mt_names_free(f->names);
    assert_int_equal(f->pool.used_bytes, 0);
    mt_pool_deinit(&f->pool);
}

/* What a server at that address is called; "" by its address alone. */
static void assert_named(struct fixture *f, const char *ip, const char *want)
{
    struct mt_exchange x = {.server = {.addr = {.port = 80}},
                            .protocol = MT_PROTOCOL_HTTP11};
    assert_int_equal(mt_parse_ip(mt_span_str(ip), x.server.addr.ip), 0);
    mt_names_apply(f->names, &x);
    struct mt_span got = x.server.service;
    if (x.server.name_source != MT_NAME_HOSTS)
        got.len = 0;
    if (!mt_span_eq(got, mt_span_str(want)))
        fail_msg("%s: \"%.*s\", want \"%s\"", ip, (int)got.len,
                 (const char *)got.ptr, want);
}

static const char hosts[] =
    "127.0.0.1\tlocalhost\n"
    "127.0.1.1 laptop\n"
    "::1 localhost ip6-localhost laptop6\n"
    "ff02::1 ip6-allnodes\n"
    "0.0.0.0 ads.example.com\n"
    "# 10.0.0.9 commented\n"
    "  10.0.0.1   Users-DB.shop.internal users-db # the database\r\n"
    "10.0.0.1 second\n"
    "10.0.0.2 localhost cart\n"
    "10.0.0.3\n"
    "10.0.0.4 bad/name a:80 good\n"
    "2001:db8::5 six\n"
    "fe80::1%eth0 zone\n"
    "10.0.0.300 nothing\n"
    "10.0.0.6 last"; /* no end of line */

static void test_hosts(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(mt_names_hosts_read(f.names, MT_SPAN(hosts), 0), 6);
    assert_named(&f, "10.0.0.1", "users-db.shop.internal");
    assert_named(&f, "10.0.0.2", "cart");
    assert_named(&f, "10.0.0.3", "");
    assert_named(&f, "10.0.0.4", "good");
    assert_named(&f, "2001:db8::5", "six");
    assert_named(&f, "10.0.0.6", "last");
    assert_named(&f, "10.0.0.9", "");
    assert_named(&f, "127.0.1.1", "");
    assert_named(&f, "::1", "");
    assert_named(&f, "0.0.0.0", "");
    fixture_close(&f);
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof hosts; cut++) {
        struct fixture f;
        fixture_open(&f);
        uint8_t *copy = malloc(cut + 1);
        memcpy(copy, hosts, cut);
        assert_true(
            mt_names_hosts_read(f.names, (struct mt_span){copy, cut}, 0) <= 6);
        free(copy);
        fixture_close(&f);
    }
}

static void test_names_are_bounded(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    enum { LINES = 3000, LINE = 32 };
    char *text = malloc((size_t)LINES * LINE);
    size_t n = 0;
    for (unsigned i = 0; i < LINES; i++)
        n += (size_t)snprintf(text + n, LINE, "10.1.%u.%u h%u\n", i / 250,
                              i % 250 + 1, i);
    assert_int_equal(
        mt_names_hosts_read(f.names, (struct mt_span){(const uint8_t *)text, n},
                            0),
        MT_HOSTS_NAMES);
    free(text);
    fixture_close(&f);
}

static void test_files(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    char path[] = "/tmp/meshtop-hosts-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, hosts, sizeof hosts - 1), sizeof hosts - 1);
    (void)close(fd);
    assert_int_equal(mt_names_hosts_load(f.names, path, 0), 6);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mt_names_hosts_load(f.names, path, 0), -ENOENT);
    assert_int_equal(mt_names_hosts_load(f.names, "/", 0), -EISDIR);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_names_are_bounded),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
