/* What is written is read back equal; a block that does not fit is not begun.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/pcapng_write.h"
#include "read_log.h"

static const struct mt_addr v4 = {
    .ip = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 7}};
static const struct mt_addr v6 = {.ip = {[0] = 0x20, [15] = 1}};

static struct mt_packet packet_of(int64_t ts_ns, const char *text,
                                  uint32_t wire_bytes)
{
    return (struct mt_packet){
        .ts_ns = ts_ns, .bytes = mt_span_str(text), .wire_bytes = wire_bytes};
}

static bool put_some_packet(struct mt_buf *b)
{
    const struct mt_span comments[] = {mt_span_str("GET / 200 4 ms id 1"),
                                       mt_span_str("")};
    struct mt_packet one = packet_of(INT64_C(1700000000123456789), "abcde", 50);
    struct mt_pcapng_packet p = {.packet = &one,
                                 .interface_id = 1,
                                 .comments = comments,
                                 .comments_count = 2,
                                 .dropped = 3};
    return mt_pcapng_put_packet(b, &p);
}

static bool put_section(struct mt_buf *b)
{
    return mt_pcapng_put_section(
        b, &(struct mt_pcapng_section){.hardware = mt_span_str("x86"),
                                       .os = mt_span_str("Linux"),
                                       .application = mt_span_str("meshtop")});
}

static bool put_wired(struct mt_buf *b)
{
    return mt_pcapng_put_interface(
        b, &(struct mt_pcapng_interface){.name = mt_span_str("eth0"),
                                         .filter = mt_span_str("tcp port 80"),
                                         .link_type = 1,
                                         .snaplen = 262144});
}

static bool put_raw(struct mt_buf *b)
{
    return mt_pcapng_put_interface(
        b, &(struct mt_pcapng_interface){.link_type = 101});
}

static bool put_names(struct mt_buf *b)
{
    const struct mt_pcapng_name names[] = {{v4, mt_span_str("cart")},
                                           {v6, mt_span_str("payments")},
                                           {v6, mt_span_str("")}};
    return mt_pcapng_put_names(b, names, 3);
}

static bool put_drops(struct mt_buf *b)
{
    return mt_pcapng_put_statistics(
        b, &(struct mt_pcapng_statistics){.interface_id = 1,
                                          .ts_ns = 5,
                                          .interface_drops = 6,
                                          .kernel_drops = 7});
}

static bool put_lines(struct mt_buf *b)
{
    return mt_pcapng_put_secrets(b, mt_span_str("CLIENT_RANDOM aa bb"));
}

static bool (*const blocks[])(struct mt_buf *) = {
    put_section, put_wired,       put_raw,  put_names,
    put_lines,   put_some_packet, put_drops};

static void test_read_back(void **state)
{
    (void)state;
    uint8_t bytes[2048];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        assert_true(blocks[i](&b));
        assert_int_equal(b.len % 4, 0);
    }
    /* the packet's block is at byte 256: after those before it */
    expect(mt_buf_span(&b),
           "interface 0/1 eth0\n"
           "interface 1/101 \n"
           "name 0.7 cart\n"
           "name 32.1 payments\n"
           "secrets CLIENT_RANDOM aa bb\n"
           "packet 256 1700000000123456789 1/101 50 abcde\n"
           "drops 1 7 6\n",
           MT_DONE, "");
}

/* With every room from none to what all take: whole blocks or nothing, so that
 * a file that ends anywhere between two calls is a file. */
static void test_bounded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        uint8_t all[512];
        struct mt_buf whole = mt_buf_of(all, sizeof all);
        assert_true(blocks[i](&whole));
        for (size_t room = 0; room <= whole.len; room++) {
            uint8_t *heap = malloc(room + 1);
            assert_non_null(heap);
            struct mt_buf b = mt_buf_of(heap, room);
            assert_int_equal(blocks[i](&b), room == whole.len);
            assert_int_equal(b.len, room == whole.len ? room : 0);
            assert_false(b.full);
            free(heap);
        }
    }
}

static void test_packet_bytes(void **state)
{
    (void)state;
    const char *text = "abcdefghi";
    for (size_t n = 0; n <= strlen(text); n++) {
        uint8_t bytes[256];
        struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
        const struct mt_span comments[] = {{(const uint8_t *)text, n},
                                           {(const uint8_t *)text, n / 2}};
        struct mt_packet one = {.bytes = {(const uint8_t *)text, n},
                                .wire_bytes = (uint32_t)n};
        struct mt_pcapng_packet p = {.packet = &one,
                                     .comments = comments,
                                     .comments_count = n % 3,
                                     .dropped = n % 2};
        assert_true(mt_pcapng_put_packet(&b, &p));
        assert_int_equal(b.len, mt_pcapng_packet_bytes(&p));
    }
}

/* An option's length has 16 bits; a text from the wire may be longer. */
static void test_long_texts(void **state)
{
    (void)state;
    enum { LONG = 70000, ROOM = 3 * LONG };
    char *text = malloc(LONG);
    uint8_t *bytes = malloc(ROOM);
    assert_non_null(text);
    assert_non_null(bytes);
    memset(text, 'x', LONG);
    struct mt_span longest = {(const uint8_t *)text, LONG};
    struct mt_buf b = mt_buf_of(bytes, ROOM);
    assert_true(put_section(&b));
    assert_true(mt_pcapng_put_interface(
        &b, &(struct mt_pcapng_interface){.name = longest, .filter = longest}));
    struct mt_pcapng_name name = {v4, longest};
    size_t before = b.len;
    assert_true(mt_pcapng_put_names(&b, &name, 1));
    assert_true(b.len - before < 65536 + 32);
    struct run r = read_all(mt_buf_span(&b), SIZE_MAX, false);
    assert_int_equal(r.rc, MT_DONE);
    assert_non_null(strstr((const char *)r.log.ptr, "\nname 0.7 xxx"));
    free(r.log.ptr);
    free(bytes);
    free(text);
}

/* There is no time before 1970 in the file; zero is the nearest. */
static void test_before_1970(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    struct mt_packet one = packet_of(-1, "a", 1);
    assert_true(put_section(&b) && put_raw(&b));
    assert_true(
        mt_pcapng_put_packet(&b, &(struct mt_pcapng_packet){.packet = &one}));
    struct run r = read_all(mt_buf_span(&b), SIZE_MAX, false);
    assert_non_null(strstr((const char *)r.log.ptr, " 0 0/101 1 a\n"));
    free(r.log.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_back),    cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_packet_bytes), cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_before_1970),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
