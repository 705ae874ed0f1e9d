/* Row 8: which repetition is a copy, and which was sent again. */
#include "segments.h"

#include "capture/dedup.h"

struct sight {
    bool ip_id, timestamps;
    bool other_interface, other_source;
    uint64_t first_network, network;
    int64_t after_ms;
    bool copy;
    const char *name;
};

static const struct sight sights[] = {
    {.ip_id = true, .copy = true, .name = "same id"},
    {.timestamps = true, .copy = true, .name = "same timestamps"},
    {.copy = false, .name = "nothing to tell it by"},
    {.other_interface = true, .copy = true, .name = "another interface"},
    {.other_source = true, .copy = true, .name = "another file"},
    {.ip_id = true, .after_ms = 1990, .copy = true, .name = "in 2 s"},
    {.ip_id = true, .after_ms = 2010, .copy = false, .name = "after 2 s"},
    {.ip_id = true, .after_ms = -5, .copy = true, .name = "5 ms before"},
    {.ip_id = true, .network = 42, .copy = true, .name = "then tagged"},
    {.ip_id = true, .first_network = 42, .copy = true, .name = "then bare"},
    {.ip_id = true,
     .network = 42,
     .after_ms = 50,
     .copy = false,
     .name = "tagged 50 ms later"},
    {.ip_id = true,
     .first_network = 7,
     .network = 42,
     .copy = true,
     .name = "routed between VLANs"},
    {.other_interface = true, .network = 42, .copy = true, .name = "weak"},
    {.other_interface = true,
     .first_network = 7,
     .network = 42,
     .copy = false,
     .name = "weak, between VLANs"},
};

static bool see(struct mt_dedup *d, const struct mt_segment *s,
                uint64_t *network)
{
    return mt_dedup_seen(d, s, mt_dedup_print(d, s, 1234), network);
}

static void test_sights(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sights / sizeof sights[0]; i++) {
        const struct sight *v = &sights[i];
        struct mt_dedup *d = mt_dedup_new(i);
        assert_non_null(d);
        uint64_t network = 99;
        struct mt_segment s = segment(0, 1000, 5000, A, "");
        s.has_ip_id = v->ip_id;
        s.ip_id = v->ip_id ? 77 : 0;
        s.has_timestamps = v->timestamps;
        s.ts_val = 5;
        s.network = v->first_network;
        assert_false(see(d, &s, &network));
        s.network = v->network;
        s.interface_id = v->other_interface;
        s.source = (uint16_t)v->other_source;
        s.ts_ns += v->after_ms * MS_NS;
        if (see(d, &s, &network) != v->copy)
            fail_msg("%s: is %sa copy", v->name, v->copy ? "not " : "");
        if (v->copy)
            assert_int_equal(network, v->first_network);
        mt_dedup_free(d);
    }
}

/* What a retransmission changes makes another packet of it. */
static void test_each_field_counts(void **state)
{
    (void)state;
    struct mt_dedup *d = mt_dedup_new(1);
    assert_non_null(d);
    uint64_t network;
    struct mt_segment s = segment(0, 1000, 5000, A, "");
    s.has_ip_id = s.has_timestamps = true;
    s.ip_id = 1;
    assert_false(see(d, &s, &network));
    struct mt_segment other[8];
    for (size_t i = 0; i < 8; i++)
        other[i] = s;
    other[0].seq++;
    other[1].ack++;
    other[2].flags |= F;
    other[3].window++;
    other[4].payload_bytes++;
    other[5].ip_id++;
    other[6].ts_val++;
    other[7].ts_ecr++;
    for (size_t i = 0; i < 8; i++)
        assert_false(see(d, &other[i], &network));
    assert_true(see(d, &s, &network));
    mt_dedup_free(d);
}

/* Forgotten is passed on, never dropped. */
static void test_overflow_fails_open(void **state)
{
    (void)state;
    struct mt_dedup *d = mt_dedup_new(1);
    assert_non_null(d);
    uint64_t network;
    struct mt_segment s = segment(0, 0, 5000, A, "");
    s.has_ip_id = true;
    s.ip_id = 1;
    for (s.seq = 0; s.seq < 400000; s.seq++)
        assert_false(see(d, &s, &network));
    s.seq = 0;
    assert_false(see(d, &s, &network));
    s.seq = 399999;
    assert_true(see(d, &s, &network));
    mt_dedup_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sights),
        cmocka_unit_test(test_each_field_counts),
        cmocka_unit_test(test_overflow_fails_open),
    };
    return cmocka_run_group_tests_name("capture/dedup", tests, NULL, NULL);
}
