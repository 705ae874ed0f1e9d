/* Every link type and tunnel down to the same segment; then the same cut,
 * padded, and with lengths that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/layers.h"
#include "capture/link.h"
#include "stack.h"

enum { ETH = 1, SEGMENT_BYTES = 5 }; /* "hello" */

struct setup {
    struct mt_pool pool;
    struct mt_layers layers;
};

static struct setup fixture;

static int setup(void **state)
{
    (void)state;
    mt_pool_init(&fixture.pool, 16u << 20);
    mt_layers_init(&fixture.layers, &fixture.pool);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mt_layers_deinit(&fixture.layers);
    mt_pool_deinit(&fixture.pool); /* asserts that all was given back */
    return 0;
}

/* The payload is only good until the next call, and `copy` until freed. */
static int decode(uint16_t link, struct mt_span bytes, size_t wire,
                  struct mt_segment *out)
{
    struct mt_packet p = {.ts_ns = 77,
                          .bytes = bytes,
                          .wire_bytes = (uint32_t)wire,
                          .interface_id = 3,
                          .link_type = link,
                          .ref = 0x0001000000000010};
    return mt_layers_next(&fixture.layers, &p, out);
}

static const struct {
    uint16_t link;
    const char *line;
    bool network; /* is it in a network of its own? */
} stacks[] = {
    {1, "eth ip4 tcp", false},
    {1, "eth ip6 tcp", false},
    {1, "eth ip6 hop dst route frag ah tcp", false},
    {1, "eth vlan:7 ip4 tcp", true},
    {1, "eth vlan:0 ip4 tcp", false},
    {1, "eth qinq:5 vlan:7 ip6 tcp", true},
    {1, "eth qinq:5 q9100:6 vlan:7 ip4 tcp", true},
    {1, "eth mpls:16 ip4 tcp", false},
    {1, "eth mpls:16 mpls:17 mpls:18 ip6 tcp", false},
    {1, "eth mpls:16 cw eth ip4 tcp", false},
    {1, "eth mpls:16 eth ip4 tcp", false},
    {1, "eth pppoe ppp ip4 tcp", false},
    {1, "eth vlan:9 pppoe ppp ip6 tcp", true},
    {1, "eth llc ip4 tcp", false},
    {1, "eth vntag:5 ip4 tcp", false},
    {1, "eth isid:99 eth ip4 tcp", true},
    {1, "eth ip4 ip4 tcp", false},
    {1, "eth ip4 ip6 tcp", false},
    {1, "eth ip6 ip4 tcp", false},
    {1, "eth ip4 gre ip4 tcp", false},
    {1, "eth ip4 grekey:5 ip6 tcp", true},
    {1, "eth ip4 gre eth ip4 tcp", false},
    {1, "eth ip4 grekey:1280 eth ip4 tcp", true},
    {1, "eth ip4 pptp ppp ip4 tcp", false},
    {1, "eth ip4 greseq:1 erspan2 eth ip4 tcp", false},
    {1, "eth ip4 greseq:1 erspan3 eth ip4 tcp", false},
    {1, "eth ip4 etherip eth ip4 tcp", false},
    {1, "eth ip6 eth ip4 tcp", false},
    {1, "eth ip4 mpls:44 ip4 tcp", false},
    {1, "eth ip4 udp:4789 vxlan:7 eth ip4 tcp", true},
    {1, "eth ip6 udp:8472 vxlan:7 eth vlan:4 ip6 tcp", true},
    {1, "eth ip4 udp:4790 gpe:7 ip4 tcp", true},
    {1, "eth ip4 udp:4790 gpe:7 nsh eth ip4 tcp", true},
    {1, "eth ip4 udp:6081 geneve:7 eth ip4 tcp", true},
    {1, "eth ip4 udp:6081 geneve:7 ip6 tcp", true},
    {1, "eth ip4 udp:4754 gre ip4 tcp", false},
    {1, "eth ip4 udp:4754 grekey:5 eth ip4 tcp", true},
    {1, "eth ip4 udp:6635 mpls:99 ip4 tcp", false},
    {1, "eth ip4 udp:2152 gtp:5 ip4 tcp", false},
    {1, "eth ip4 udp:2152 gtpext:5 ip6 tcp", false},
    {0, "hex:02000000 ip4 tcp", false},
    {0, "hex:00000002 ip4 tcp", false},
    {0, "hex:1e000000 ip6 tcp", false},
    {0, "hex:0f000800 ip4 tcp", false},
    {108, "hex:0000001c ip6 tcp", false},
    {9, "ppp ip4 tcp", false},
    {9, "hex:21 ip4 tcp", false},
    {50, "hdlc ppp ip6 tcp", false},
    {51, "pppoe ppp ip4 tcp", false},
    {204, "hex:01 hdlc ppp ip4 tcp", false},
    {12, "ip4 tcp", false},
    {14, "ip6 tcp", false},
    {101, "ip4 tcp", false},
    {101, "ip6 tcp", false},
    {228, "ip4 tcp", false},
    {229, "ip6 tcp", false},
    {100, "llc ip4 tcp", false},
    {104, "hex:0f000800 ip4 tcp", false},
    {105, "wlan llc ip4 tcp", false},
    {127, "radiotap wlan pad2 llc ip6 tcp", false},
    {107, "hex:184103cc ip4 tcp", false},
    {107, "hex:1841038e ip6 tcp", false},
    {107, "hex:18410300800000000800 ip4 tcp", false},
    {107, "hex:18410800 ip4 tcp", false},
    {109, "hex:020000000000000000000000 ip4 tcp", false},
    {113, "sll:0 ip4 tcp", false},
    {113, "sll:4 vlan:8 ip6 tcp", true},
    {117, "hex:06020000000000 hex:00 ip4 tcp", false},
    {123, "hex:02000010 llc ip4 tcp", false},
    {192, "hex:0000080001000000 eth ip4 tcp", false},
    {219, "mpls:5 ip4 tcp", false},
    {239, "hex:02000000 hex:08000a0000000001 hex:49000900 ip4 tcp", false},
    {240, "hex:00000000 eth ip4 tcp", false},
    {258, "hex:0c0000000100000001000000 eth ip4 tcp", false},
    {276, "sll2:2 ip4 tcp", false},
    {276, "sll2:9 ip6 tcp", false},
};

/* The innermost IP of a line is the last one in it. */
static bool is_ipv6(const char *line)
{
    const char *four = NULL, *six = NULL;
    for (const char *p = line; (p = strstr(p, "ip4")) != NULL; p++)
        four = p;
    for (const char *p = line; (p = strstr(p, "ip6")) != NULL; p++)
        six = p;
    return six > four;
}

static void check_segment(const struct mt_segment *s, bool ipv6)
{
    static const uint8_t four[16] = {0, 0, 0,   0,   0,  0, 0, 0,
                                     0, 0, 255, 255, 10, 0, 0, 1};
    static const uint8_t six[16] = {0xfd, [15] = 1};
    assert_int_equal(s->transport, MT_TRANSPORT_TCP);
    assert_memory_equal(s->src.ip, ipv6 ? six : four, 15);
    assert_int_equal(s->src.ip[15], 1);
    assert_int_equal(s->dst.ip[15], 2);
    assert_int_equal(s->src.port, 0xc000);
    assert_int_equal(s->dst.port, 80);
    assert_int_equal(s->seq, 0x01020304);
    assert_int_equal(s->ack, 0x05060708);
    assert_int_equal(s->flags, MT_TCP_PSH | MT_TCP_ACK);
    assert_int_equal(s->window, 0x1234);
    assert_true(s->has_timestamps);
    assert_int_equal(s->ts_val, 7);
    assert_int_equal(s->ts_ecr, 9);
    assert_int_equal(s->has_ip_id, !ipv6);
    assert_int_equal(s->ip_id, ipv6 ? 0 : 0x1234);
    assert_int_equal(s->ts_ns, 77);
    assert_true(s->packet == 0x0001000000000010);
    assert_int_equal(s->payload_bytes, SEGMENT_BYTES);
}

static void test_stacks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stacks / sizeof stacks[0]; i++) {
        struct bytes b = build_stack(stacks[i].line, "hello");
        struct mt_segment s;
        int rc = decode(stacks[i].link, span_of(&b), b.len, &s);
        if (rc != MT_EVENT)
            fail_msg("link %u, %s: %d", stacks[i].link, stacks[i].line, rc);
        if (s.payload.len != SEGMENT_BYTES ||
            memcmp(s.payload.ptr, "hello", SEGMENT_BYTES) != 0 ||
            (s.network != 0) != stacks[i].network)
            fail_msg("link %u, %s: wrong", stacks[i].link, stacks[i].line);
        check_segment(&s, is_ipv6(stacks[i].line));
        free(b.ptr);
    }
}

/* A snaplen anywhere: never more than there is, and the true length where the
 * header is whole. */
static void check_snaplen(size_t i, struct mt_span whole, size_t cut)
{
    uint8_t *copy = malloc(cut > 0 ? cut : 1);
    struct mt_segment s;
    assert_non_null(copy);
    memcpy(copy, whole.ptr, cut);
    int rc = decode(stacks[i].link, (struct mt_span){copy, cut}, whole.len, &s);
    bool tcp = rc == MT_EVENT && s.transport == MT_TRANSPORT_TCP;
    size_t missing = whole.len - cut;
    size_t left = missing < SEGMENT_BYTES ? SEGMENT_BYTES - missing : 0;
    assert_true(tcp || missing > SEGMENT_BYTES);
    if (tcp) {
        assert_int_equal(s.payload_bytes, SEGMENT_BYTES);
        assert_int_equal(s.payload.len, left);
    }
    free(copy);
}

static void test_every_snaplen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stacks / sizeof stacks[0]; i++) {
        struct bytes b = build_stack(stacks[i].line, "hello");
        for (size_t cut = 0; cut < b.len; cut++)
            check_snaplen(i, span_of(&b), cut);
        free(b.ptr);
    }
}

/* A snaplen of 68 or 96 cuts TCP options: the segment is still one. */
static void test_cut_options(void **state)
{
    (void)state;
    enum { HEADERS = 14 + 20 + 20 };
    struct bytes b = build_stack("eth ip4 tcp", "hello");
    for (size_t cut = HEADERS; cut < HEADERS + 12; cut++) {
        struct mt_segment s;
        struct mt_span part = {b.ptr, cut};
        assert_int_equal(decode(ETH, part, b.len, &s), MT_EVENT);
        assert_int_equal(s.payload_bytes, SEGMENT_BYTES);
        assert_int_equal(s.payload.len, 0);
        assert_int_equal(s.seq, 0x01020304);
    }
    free(b.ptr);
}

static void test_padding(void **state)
{
    (void)state;
    struct mt_segment s;
    struct bytes b = build_stack("eth ip4 tcp", "");
    put_hex(&b, "00 00 00 00 00 00 de ad be ef"); /* to 60 bytes, and an FCS */
    assert_int_equal(decode(ETH, span_of(&b), b.len, &s), MT_EVENT);
    assert_int_equal(s.payload.len, 0);
    assert_int_equal(s.payload_bytes, 0);
    free(b.ptr);

    /* a stack that counted the padding inside PPPoE */
    b = build_stack("eth pppoe ppp ip4 tcp", "");
    put_hex(&b, "00 00 00 00 00 00");
    set_be16(&b, 14 + 8 + 2, 52 + 6);
    assert_int_equal(decode(ETH, span_of(&b), b.len, &s), MT_EVENT);
    assert_int_equal(s.payload_bytes, 0);
    free(b.ptr);
}

/* The card cuts it up and fills the lengths in: they are 0 here. */
static void test_offload(void **state)
{
    (void)state;
    const struct {
        const char *line;
        size_t at;
    } lines[] = {{"eth ip4 tcp", 14 + 2}, {"eth ip6 tcp", 14 + 4}};
    char *big = calloc(1, 70001);
    assert_non_null(big);
    memset(big, 'x', 70000);
    for (size_t i = 0; i < 2; i++) {
        struct mt_segment s;
        struct bytes b = build_stack(lines[i].line, big);
        set_be16(&b, lines[i].at, 0);
        assert_int_equal(decode(ETH, span_of(&b), b.len, &s), MT_EVENT);
        assert_int_equal(s.payload_bytes, 70000);
        assert_int_equal(s.payload.len, 70000);
        /* and cut by the snaplen */
        struct mt_span cut = {b.ptr, 200};
        assert_int_equal(decode(ETH, cut, b.len, &s), MT_EVENT);
        assert_int_equal(s.payload_bytes, 70000);
        assert_true(s.payload.len > 0 && s.payload.len < 200);
        free(b.ptr);
    }
    free(big);
}

/* Some tools cut packets and write the cut length as that of the wire. */
static void test_silent_cut(void **state)
{
    (void)state;
    struct mt_segment s;
    struct bytes b = build_stack("eth ip4 tcp", "hello");
    struct mt_span cut = {b.ptr, b.len - 3};
    assert_int_equal(decode(ETH, cut, cut.len, &s), MT_EVENT);
    assert_int_equal(s.payload_bytes, 5);
    assert_int_equal(s.payload.len, 2);
    free(b.ptr);
}

static void test_same_number_other_kind(void **state)
{
    (void)state;
    const char *const lines[] = {"eth vlan:7 ip4 tcp",
                                 "eth vlan:8 ip4 tcp",
                                 "eth vlan:7 vlan:8 ip4 tcp",
                                 "eth vlan:8 vlan:7 ip4 tcp",
                                 "eth ip4 udp:4789 vxlan:7 eth ip4 tcp",
                                 "eth ip4 grekey:7 ip4 tcp",
                                 "eth ip4 tcp"};
    enum { N = sizeof lines / sizeof lines[0] };
    uint64_t networks[N];
    for (size_t i = 0; i < N; i++) {
        struct mt_segment s;
        struct bytes b = build_stack(lines[i], "hello");
        assert_int_equal(decode(ETH, span_of(&b), b.len, &s), MT_EVENT);
        networks[i] = s.network;
        for (size_t j = 0; j < i; j++)
            assert_true(networks[i] != networks[j]);
        free(b.ptr);
    }
}

/* Devices of "any" differ, and nothing else does. */
static void test_any_device(void **state)
{
    (void)state;
    struct mt_segment a, b;
    struct bytes one = build_stack("sll2:2 ip4 tcp", "hello");
    struct bytes two = build_stack("sll2:3 ip4 tcp", "hello");
    assert_int_equal(decode(276, span_of(&one), one.len, &a), MT_EVENT);
    assert_int_equal(decode(276, span_of(&two), two.len, &b), MT_EVENT);
    assert_int_not_equal(a.interface_id, b.interface_id);
    assert_true(a.network == b.network);
    free(one.ptr);
    free(two.ptr);
    one = build_stack("sll:0 ip4 tcp", "hello"); /* in by one, out by other */
    two = build_stack("sll:4 ip4 tcp", "hello");
    assert_int_equal(decode(113, span_of(&one), one.len, &a), MT_EVENT);
    assert_int_equal(decode(113, span_of(&two), two.len, &b), MT_EVENT);
    assert_int_not_equal(a.interface_id, b.interface_id);
    free(one.ptr);
    free(two.ptr);
}

static const struct {
    uint16_t link;
    const char *line;
    enum mt_layers_end end;
} others[] = {
    {1, "eth arp", MT_LAYERS_NOT_IP},
    {1, "eth vlan:3 arp", MT_LAYERS_NOT_IP},
    {1, "eth ip4 icmp", MT_LAYERS_OTHER_TRANSPORT},
    {1, "eth ip4 udp:4789 vxlan:7 eth arp", MT_LAYERS_NOT_IP},
    {195, "hex:00000000", MT_LAYERS_OTHER_LINK},
    {1, "eth ip4 udp:53", MT_LAYERS_UDP},
    /* ports of tunnels, and no tunnel in them */
    {1, "eth ip4 udp:4789", MT_LAYERS_UDP},
    {1, "eth ip4 udp:4789 vxlan:7 hex:00", MT_LAYERS_UDP},
    {1, "eth ip4 udp:2152 hex:30ff0005aabbccdd hex:00", MT_LAYERS_UDP},
    {1, "eth ip4 udp:6081 hex:ffffffffffffff00", MT_LAYERS_UDP},
    {1, "hex:0200", MT_LAYERS_MALFORMED},
    {101, "hex:30", MT_LAYERS_MALFORMED},
    {1, "eth ip4 hex:00", MT_LAYERS_MALFORMED},
    {105, "hex:88410000020000000001020000000002020000000003000000000000",
     MT_LAYERS_ENCRYPTED},
    {105, "hex:80000000", MT_LAYERS_NOT_IP},
    {1,
     "eth ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 ip4 "
     "ip4 ip4 ip4 ip4 ip4 tcp",
     MT_LAYERS_TCP},
};

static void test_others_are_counted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct mt_segment s;
        struct bytes b = build_stack(others[i].line, "");
        uint64_t *count = &fixture.layers.count[others[i].end];
        uint64_t before = *count;
        (void)decode(others[i].link, span_of(&b), b.len, &s);
        if (*count != before + 1)
            fail_msg("link %u, %s: not \"%s\"", others[i].link, others[i].line,
                     mt_layers_end_help(others[i].end));
        free(b.ptr);
    }
}

static void test_too_deep(void **state)
{
    (void)state;
    struct bytes b = build_stack("eth", "");
    struct mt_segment s;
    b.len = 12;
    for (int i = 0; i < 100; i++)
        put_hex(&b, "81 00 00 01");
    assert_int_equal(decode(ETH, span_of(&b), b.len, &s), MT_EPROTO);
    assert_int_equal(fixture.layers.count[MT_LAYERS_TOO_DEEP], 1);
    free(b.ptr);
}

static void test_malformed_headers(void **state)
{
    (void)state;
    const struct {
        size_t at;
        uint8_t value;
    } damages[] = {
        {14, 0x44},      /* IPv4 header of 16 bytes */
        {14, 0x55},      /* version 5 */
        {14 + 3, 19},    /* total below the header */
        {14 + 32, 0x40}, /* TCP header of 16 bytes */
        {14 + 32, 0xf0}, /* TCP header longer than the segment */
    };
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        struct bytes b = build_stack("eth ip4 tcp", "hello");
        struct mt_segment s;
        b.ptr[damages[i].at] = damages[i].value;
        assert_int_equal(decode(ETH, span_of(&b), b.len, &s), MT_EPROTO);
        assert_int_equal(fixture.layers.count[MT_LAYERS_MALFORMED], i + 1);
        free(b.ptr);
    }
}

/* TCP options that lie are no reason to lose the segment. */
static void test_tcp_options(void **state)
{
    (void)state;
    const struct {
        const char *hex;
        bool timestamps;
    } options[] = {
        {"08 0a 00 00 00 07 00 00 00 09 01 01", true},
        {"02 04 05 b4 08 0a 00 00 00 07 00 00", false}, /* out of bounds */
        {"03 03 07 08 08 00 00 00 07 00 00 00", false},
        {"00 08 0a 00 00 00 07 00 00 00 09 01", false}, /* after the end */
        {"05 00 08 0a 00 00 00 07 00 00 00 09", false},
        {"05 01 08 0a 00 00 00 07 00 00 00 09", false},
        {"01 01 01 01 01 01 01 01 01 01 01 08", false},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        struct bytes b = build_stack("eth ip4 tcp", "hello");
        struct bytes o = {.big = true};
        struct mt_segment s;
        put_hex(&o, options[i].hex);
        memcpy(b.ptr + 14 + 20 + 20, o.ptr, 12);
        assert_int_equal(decode(ETH, span_of(&b), b.len, &s), MT_EVENT);
        assert_int_equal(s.has_timestamps, options[i].timestamps);
        assert_int_equal(s.payload.len, 5);
        free(b.ptr);
        free(o.ptr);
    }
}

static void test_link_names(void **state)
{
    (void)state;
    assert_true(mt_link_is_known(1));
    assert_false(mt_link_is_known(195));
    assert_string_equal(mt_link_name(1), "EN10MB");
    assert_string_equal(mt_link_name(195), "IEEE802_15_4");
    assert_string_equal(mt_link_name(253), "NETLINK");
    assert_string_equal(mt_link_name(60000), "unknown");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_stacks),
        T(test_every_snaplen),
        T(test_cut_options),
        T(test_padding),
        T(test_offload),
        T(test_silent_cut),
        T(test_same_number_other_kind),
        T(test_any_device),
        T(test_others_are_counted),
        T(test_too_deep),
        T(test_malformed_headers),
        T(test_tcp_options),
        T(test_link_names),
    };
#undef T
    return cmocka_run_group_tests_name("capture/layers", tests, NULL, NULL);
}
