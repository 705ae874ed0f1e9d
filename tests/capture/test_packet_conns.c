/* All packets of some connections, and the TLS secrets that are theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text_addr.h"
#include "capture/packet_conns.h"
#include "capture/secrets_pick.h"

enum { LIMIT = 1 << 20 };

static struct mt_addr addr_of(const char *text)
{
    struct mt_addr a = {.port = 0};
    assert_int_equal(mt_parse_ip_port(mt_span_str(text), a.ip, &a.port), 0);
    return a;
}

static size_t count_packets(struct mt_packet_conns *c)
{
    struct mt_item item;
    size_t n = 0;
    while (mt_packet_conns_next(c, &item) == MT_EVENT)
        n += item.kind == MT_ITEM_PACKET;
    return n;
}

/* tls13.pcapng has three connections of 10.1.0.100 to 10.1.0.1:8443. */
#define TLS13 MT_TEST_DATA "/tls13-keys.pcapng"

static void test_both_directions(void **state)
{
    (void)state;
    struct mt_problem why;
    struct mt_addr client = addr_of("10.1.0.100:37388"),
                   server = addr_of("10.1.0.1:8443"),
                   other = addr_of("10.1.0.100:37389");
    size_t counts[2];
    for (int swapped = 0; swapped < 2; swapped++) {
        struct mt_packet_conns *c = mt_packet_conns_new(LIMIT);
        assert_non_null(c);
        assert_int_equal(mt_packet_conns_add(c, swapped ? &server : &client,
                                             swapped ? &client : &server),
                         0);
        assert_int_equal(mt_packet_conns_add(c, &other, &server), 0);
        mt_packet_conns_sort(c);
        assert_int_equal(mt_packet_conns_open(c, 0, TLS13, &why), 0);
        counts[swapped] = count_packets(c);
        mt_packet_conns_rewind(c);
        assert_int_equal(count_packets(c), 0); /* no file is open */
        assert_int_equal(mt_packet_conns_open(c, 0, TLS13, &why), 0);
        assert_int_equal(count_packets(c), counts[swapped]);
        mt_packet_conns_free(c);
    }
    assert_int_equal(counts[0], counts[1]);
    assert_true(counts[0] > 10 && counts[0] < 55);
}

static void test_limits(void **state)
{
    (void)state;
    struct mt_problem why;
    struct mt_addr a = addr_of("10.0.0.1:1"), b = addr_of("10.0.0.2:2");
    struct mt_packet_conns *c = mt_packet_conns_new(2 * 36);
    assert_non_null(c);
    for (int i = 0; i < 5; i++) /* the same is no other */
        assert_int_equal(mt_packet_conns_add(c, &a, &b), 0);
    a.port = 3;
    assert_int_equal(mt_packet_conns_add(c, &a, &b), 0);
    a.port = 4;
    assert_int_equal(mt_packet_conns_add(c, &a, &b), MT_ELIMIT);
    assert_true(mt_packet_conns_open(c, 0, "/nonexistent", &why) < 0);
    assert_non_null(strstr(why.text, "/nonexistent"));
    mt_packet_conns_free(c);
}

static uint32_t pick_all(struct mt_secrets_pick *p, struct mt_packet_conns *c,
                         size_t *lines)
{
    struct mt_item item;
    while (mt_packet_conns_next(c, &item) == MT_EVENT)
        if (item.kind == MT_ITEM_SECRETS)
            mt_secrets_pick_lines(p, item.text);
        else if (item.kind == MT_ITEM_PACKET)
            mt_secrets_pick_hello(p, mt_packet_conns_segment(c)->payload);
    uint32_t picked = 0;
    struct mt_span line;
    *lines = mt_secrets_pick_count(p);
    for (uint32_t i = 0; i < *lines; i++)
        picked += mt_secrets_pick_line(p, i, &line);
    return picked;
}

/* Of three connections' secrets, those of the one that was asked for. */
static void test_secrets_of_one(void **state)
{
    (void)state;
    struct mt_addr client = addr_of("10.1.0.100:37388"),
                   server = addr_of("10.1.0.1:8443");
    struct mt_packet_conns *c = mt_packet_conns_new(LIMIT);
    struct mt_pool pool;
    struct mt_secrets_pick pick;
    struct mt_problem why;
    size_t lines;
    mt_pool_init(&pool, 1 << 24);
    mt_secrets_pick_init(&pick, &pool);
    assert_int_equal(mt_packet_conns_add(c, &client, &server), 0);
    mt_packet_conns_sort(c);
    assert_int_equal(mt_packet_conns_open(c, 0, TLS13, &why), 0);
    uint32_t picked = pick_all(&pick, c, &lines);
    assert_int_equal(pick.randoms.count, 1);
    assert_true(picked >= 4);
    assert_int_equal(picked * 3, lines);
    assert_false(pick.full);
    mt_secrets_pick_deinit(&pick);
    mt_pool_deinit(&pool);
    mt_packet_conns_free(c);
}

static const uint8_t hello[] = {22, 3,  1,  0,  200, 1,  0,  0,  196, 3,   3,
                                0,  1,  2,  3,  4,   5,  6,  7,  8,   9,   10,
                                11, 12, 13, 14, 15,  16, 17, 18, 19,  20,  21,
                                22, 23, 24, 25, 26,  27, 28, 29, 30,  0xff};

#define RANDOM \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"

/* What is not exactly a line of the session is not given on. */
static void test_lines(void **state)
{
    (void)state;
    static const char text[] =
        "# comment\n"
        "CLIENT_RANDOM " RANDOM " aa\r\n"
        "CLIENT_RANDOM 01" RANDOM " bb\n"
        "RSA 0001020304050607 " RANDOM "\n"
        "\n"
        "CLIENT_RANDOM\n"
        "CLIENT_RANDOM " RANDOM " aa\n"
        "EXPORTER_SECRET 000102030405060708090A0B0C0D0E0F10111213141516171819"
        "1A1B1C1D1EFF cc\n"
        "CLIENT_RANDOM " RANDOM;
    struct mt_pool pool;
    struct mt_secrets_pick pick;
    char got[512] = "";
    mt_pool_init(&pool, 1 << 22);
    mt_secrets_pick_init(&pick, &pool);
    for (size_t n = 0; n < sizeof hello; n++) /* cut anywhere: nothing */
        mt_secrets_pick_hello(&pick, (struct mt_span){hello, n});
    assert_int_equal(pick.randoms.count, 0);
    mt_secrets_pick_hello(&pick, (struct mt_span){hello, sizeof hello});
    assert_int_equal(pick.randoms.count, 1);
    mt_secrets_pick_lines(&pick, mt_span_str(text));
    for (uint32_t i = 0; i < mt_secrets_pick_count(&pick); i++) {
        struct mt_span line;
        if (mt_secrets_pick_line(&pick, i, &line)) {
            strncat(got, (const char *)line.ptr, line.len);
            strcat(got, "\n");
        }
    }
    assert_string_equal(
        got, "CLIENT_RANDOM " RANDOM " aa\n"
             "EXPORTER_SECRET 000102030405060708090A0B0C0D0E0F1011121314151617"
             "18191A1B1C1D1EFF cc\n"
             "CLIENT_RANDOM " RANDOM "\n");
    mt_secrets_pick_deinit(&pick);
    mt_pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_directions),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_secrets_of_one),
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
