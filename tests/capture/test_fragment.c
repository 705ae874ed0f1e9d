/* IP fragments in any order, with overlaps, losses and floods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rc.h"
#include "capture/fragment.h"
#include "capture/layers.h"
#include "stack.h"

enum { TCP = 6 };
static const int64_t SECOND = 1000000000;

struct fixture {
    struct mt_pool pool;
    struct mt_fragments f;
};

static struct fixture fixture;

static int setup(void **state)
{
    (void)state;
    mt_pool_init(&fixture.pool, 16u << 20);
    mt_fragments_init(&fixture.f, &fixture.pool);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mt_fragments_deinit(&fixture.f);
    assert_int_equal(fixture.f.bytes, 0);
    mt_pool_deinit(&fixture.pool);
    return 0;
}

/* A piece of `text`; its bytes live in an exact copy until free_piece(). */
static struct mt_fragment piece(uint32_t id, const char *text, uint32_t from,
                                uint32_t to)
{
    uint8_t *copy = malloc(to > from ? to - from : 1);
    assert_non_null(copy);
    memcpy(copy, text + from, to - from);
    return (struct mt_fragment){.key = {.id = id, .protocol = TCP},
                                .offset = from,
                                .more = text[to] != '\0',
                                .protocol = TCP,
                                .bytes = {copy, to - from},
                                .true_bytes = to - from};
}

static int add_piece(struct mt_fragment p, int64_t ts_ns,
                     struct mt_datagram_whole *out)
{
    int rc = mt_fragments_add(&fixture.f, &p, ts_ns, out);
    free_span(p.bytes);
    return rc;
}

static int add(uint32_t id, const char *text, uint32_t from, uint32_t to)
{
    struct mt_datagram_whole whole;
    int rc = add_piece(piece(id, text, from, to), 0, &whole);
    if (rc == MT_EVENT) {
        assert_int_equal(whole.true_bytes, strlen(text));
        assert_int_equal(whole.bytes.len, strlen(text));
        assert_memory_equal(whole.bytes.ptr, text, strlen(text));
        assert_int_equal(whole.protocol, TCP);
        mt_fragments_release(&fixture.f);
    }
    return rc;
}

static const char text[] = "the quick brown fox jumps over the lazy dog";

enum { PIECES = 6 };
static const uint32_t cuts[PIECES + 1] = {0, 8, 16, 24, 32, 40, 43};

/* Every order of six pieces. */
static void permute(unsigned *order, unsigned n)
{
    static uint32_t id;
    if (n == PIECES) {
        id++;
        for (unsigned i = 0; i < PIECES; i++) {
            unsigned k = order[i];
            int want = i == PIECES - 1 ? MT_EVENT : MT_MORE;
            assert_int_equal(add(id, text, cuts[k], cuts[k + 1]), want);
        }
        return;
    }
    for (unsigned i = n; i < PIECES; i++) {
        unsigned was = order[n];
        order[n] = order[i];
        order[i] = was;
        permute(order, n + 1);
        order[i] = order[n];
        order[n] = was;
    }
}

static void test_any_order(void **state)
{
    (void)state;
    unsigned order[PIECES] = {0, 1, 2, 3, 4, 5};
    permute(order, 0);
    assert_int_equal(fixture.f.finished, 720);
    assert_int_equal(fixture.f.datagrams, 0);
    assert_int_equal(fixture.f.overlaps, 0);
    assert_int_equal(fixture.f.bytes, 0);
}

static void test_first_bytes_stay(void **state)
{
    (void)state;
    const char *other = "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG";
    struct mt_datagram_whole whole;
    assert_int_equal(add(1, text, 8, 24), MT_MORE);
    assert_int_equal(add(1, other, 16, 32), MT_MORE);
    assert_int_equal(add(1, other, 0, 16), MT_MORE);
    assert_int_equal(fixture.f.overlaps, 2);
    assert_int_equal(add_piece(piece(1, other, 24, 43), 0, &whole), MT_EVENT);
    const char *want = "THE QUICk brown fox jumpS OVER THE LAZY DOG";
    assert_memory_equal(whole.bytes.ptr, want, strlen(want));
    assert_int_equal(fixture.f.overlaps, 3);
}

static void test_duplicates(void **state)
{
    (void)state;
    assert_int_equal(add(1, text, 0, 24), MT_MORE);
    assert_int_equal(add(1, text, 0, 24), MT_MORE);
    assert_int_equal(add(1, text, 8, 16), MT_MORE);
    assert_int_equal(add(1, text, 24, 43), MT_EVENT);
}

/* A snaplen cut each fragment: what is known is up to the first hole. */
static void test_cut_fragments(void **state)
{
    (void)state;
    struct mt_datagram_whole whole;
    struct mt_fragment a = piece(1, text, 0, 24), b = piece(1, text, 24, 43);
    b.bytes.len = 3;
    assert_int_equal(add_piece(b, 0, &whole), MT_MORE);
    assert_int_equal(add_piece(a, 0, &whole), MT_EVENT);
    assert_int_equal(whole.true_bytes, 43);
    assert_int_equal(whole.bytes.len, 27);
    assert_memory_equal(whole.bytes.ptr, text, 27);
    mt_fragments_release(&fixture.f);

    a = piece(2, text, 0, 24);
    a.bytes.len = 0;
    assert_int_equal(add_piece(a, 0, &whole), MT_MORE);
    assert_int_equal(add_piece(piece(2, text, 24, 43), 0, &whole), MT_EVENT);
    assert_int_equal(whole.bytes.len, 0);
    mt_fragments_release(&fixture.f);

    a = piece(3, text, 0, 24);
    b = piece(3, text, 24, 43);
    a.bytes.len = 20;
    b.bytes.len = 3;
    assert_int_equal(add_piece(a, 0, &whole), MT_MORE);
    assert_int_equal(add_piece(b, 0, &whole), MT_EVENT);
    assert_int_equal(whole.bytes.len, 20);
}

static void test_refused(void **state)
{
    (void)state;
    struct mt_datagram_whole whole;
    static char big[70000];
    memset(big, 'x', sizeof big - 1);
    assert_int_equal(add(1, big, 65528, 65536), MT_EPROTO); /* beyond 64 KiB */
    assert_int_equal(add(1, text, 0, 12), MT_EPROTO);       /* not units of 8 */
    assert_int_equal(add(1, text, 8, 8), MT_EPROTO);        /* nothing in it */
    assert_int_equal(add(2, text, 32, 43), MT_MORE);
    assert_int_equal(add(2, big, 40, 48), MT_EPROTO); /* after the end */
    struct mt_fragment p = piece(2, text, 16, 32);
    p.more = false; /* another end */
    assert_int_equal(add_piece(p, 0, &whole), MT_EPROTO);
    assert_int_equal(add(2, text, 0, 32), MT_EVENT);
    assert_int_equal(fixture.f.refused, 5);
}

static void test_expiry(void **state)
{
    (void)state;
    struct mt_datagram_whole whole;
    assert_int_equal(add_piece(piece(1, text, 0, 24), 0, &whole), MT_MORE);
    assert_int_equal(add_piece(piece(2, text, 0, 24), 20 * SECOND, &whole),
                     MT_MORE);
    assert_int_equal(add_piece(piece(2, text, 24, 43), 31 * SECOND, &whole),
                     MT_EVENT);
    assert_int_equal(fixture.f.expired, 1);
    assert_int_equal(add_piece(piece(1, text, 24, 43), 31 * SECOND, &whole),
                     MT_MORE);
    /* the clock steps to the ends of time */
    assert_int_equal(add_piece(piece(3, text, 0, 8), INT64_MIN, &whole),
                     MT_MORE);
    assert_int_equal(add_piece(piece(4, text, 0, 8), INT64_MAX, &whole),
                     MT_MORE);
    assert_int_equal(fixture.f.expired, 3);
}

/* Neither many datagrams nor large ones pass the bounds. */
static void test_flood(void **state)
{
    (void)state;
    static char big[65001];
    memset(big, 'x', sizeof big - 1);
    for (uint32_t id = 0; id < 1000; id++) {
        assert_int_equal(add(id, text, 0, 8), MT_MORE);
        assert_true(fixture.f.datagrams <= MT_FRAGMENTS_MAX_DATAGRAMS);
    }
    for (uint32_t id = 1000; id < 2000; id++) {
        assert_int_equal(add(id, big, 64000, 64008), MT_MORE);
        assert_true(fixture.f.bytes <= MT_FRAGMENTS_MAX_BYTES);
    }
    assert_true(fixture.f.evicted > 1800);
    /* the newest is still there */
    assert_int_equal(add(1999, big, 0, 64000), MT_MORE);
    assert_int_equal(add(1999, big, 64008, 65000), MT_EVENT);
}

/* Holes without end in one datagram. */
static void test_many_holes(void **state)
{
    (void)state;
    static char big[65001];
    memset(big, 'x', sizeof big - 1);
    int rc = MT_MORE;
    uint32_t n = 0;
    while (rc == MT_MORE && n < 4000) {
        rc = add(1, big, n * 16, n * 16 + 8);
        n++;
    }
    assert_int_equal(rc, MT_ELIMIT);
    assert_int_equal(fixture.f.datagrams, 0);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct mt_pool small;
    struct mt_fragments f;
    struct mt_datagram_whole whole;
    for (size_t limit = 0; limit < 8192; limit += 256) {
        mt_pool_init(&small, limit);
        mt_fragments_init(&f, &small);
        for (uint32_t id = 0; id < 4; id++) {
            struct mt_fragment p = piece(id, text, 0, 8);
            int rc = mt_fragments_add(&f, &p, 0, &whole);
            assert_true(rc == MT_MORE || rc == MT_ELIMIT);
            free_span(p.bytes);
        }
        mt_fragments_deinit(&f);
        mt_pool_deinit(&small);
    }
}

/* One packet as IPv4 fragments of `step` bytes, through the layers. */
static int send_ipv4(struct mt_layers *l, struct mt_span packet, size_t step,
                     struct mt_segment *out)
{
    enum { ETH = 14, HEADER = ETH + 20 };
    int rc = MT_MORE;
    size_t data = packet.len - HEADER;
    for (size_t at = 0; at < data; at += step) {
        size_t n = data - at < step ? data - at : step;
        struct bytes b = {.big = true};
        put(&b, packet.ptr, HEADER);
        put(&b, packet.ptr + HEADER + at, n);
        set_be16(&b, ETH + 2, 20 + n);
        set_be16(&b, ETH + 6, at / 8 | (at + n < data ? 0x2000 : 0));
        struct mt_packet p = {.bytes = span_of(&b),
                              .wire_bytes = (uint32_t)b.len,
                              .link_type = 1};
        rc = mt_layers_next(l, &p, out);
        assert_int_equal(rc, at + n < data ? MT_MORE : MT_EVENT);
        free(b.ptr);
    }
    return rc;
}

static void test_through_layers(void **state)
{
    (void)state;
    const char *const lines[] = {"eth ip4 tcp",
                                 "eth ip4 udp:4789 vxlan:7 eth ip4 tcp",
                                 "eth ip4 gre ip6 tcp"};
    for (size_t i = 0; i < 3; i++) {
        struct mt_layers l;
        struct mt_segment s;
        struct bytes b = build_stack(lines[i], text);
        mt_layers_init(&l, &fixture.pool);
        for (size_t step = 8; step < 64; step += 8) {
            assert_int_equal(send_ipv4(&l, span_of(&b), step, &s), MT_EVENT);
            assert_int_equal(s.dst.port, 80);
            assert_int_equal(s.payload_bytes, strlen(text));
            assert_int_equal(s.payload.len, strlen(text));
            assert_memory_equal(s.payload.ptr, text, strlen(text));
        }
        assert_int_equal(l.count[MT_LAYERS_TCP], 7);
        mt_layers_deinit(&l);
        free(b.ptr);
    }
}

/* RFC 8200: the first fragment alone tells what is inside. */
static void test_ipv6(void **state)
{
    (void)state;
    struct bytes b = build_stack("eth ip6 frag tcp", "hello, world");
    enum { AT = 14 + 40, DATA = AT + 8, FIRST = 32 };
    struct bytes one = {.big = true}, two = {.big = true};
    struct mt_layers l;
    struct mt_segment s;
    put(&one, b.ptr, DATA + FIRST);
    set_be16(&one, 14 + 4, 8 + FIRST);
    set_be16(&one, AT + 2, 1);
    put(&two, b.ptr, DATA);
    put(&two, b.ptr + DATA + FIRST, b.len - DATA - FIRST);
    set_be16(&two, 14 + 4, two.len - AT);
    set_be16(&two, AT + 2, FIRST);
    two.ptr[AT] = 99; /* a lie */
    mt_layers_init(&l, &fixture.pool);
    const struct bytes *const orders[] = {&two, &one, &one, &two};
    for (size_t i = 0; i < 4; i++) {
        struct mt_packet p = {.bytes = span_of(orders[i]),
                              .wire_bytes = (uint32_t)orders[i]->len,
                              .link_type = 1};
        assert_int_equal(mt_layers_next(&l, &p, &s),
                         i % 2 == 0 ? MT_MORE : MT_EVENT);
        if (i % 2 == 0)
            continue;
        assert_int_equal(s.payload.len, 12);
        assert_memory_equal(s.payload.ptr, "hello, world", 12);
    }
    mt_layers_deinit(&l);
    free(b.ptr);
    free(one.ptr);
    free(two.ptr);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_any_order),  T(test_first_bytes_stay),
        T(test_duplicates), T(test_cut_fragments),
        T(test_refused),    T(test_expiry),
        T(test_flood),      T(test_many_holes),
        T(test_no_memory),  T(test_through_layers),
        T(test_ipv6),
    };
#undef T
    return cmocka_run_group_tests_name("capture/fragment", tests, NULL, NULL);
}
