/* The demo's timetable: a function of the time alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "demo/timetable.h"

#define SECOND INT64_C(1000000000)

static const char *note(const struct mt_demo_timetable *t, int64_t ns,
                        bool brief)
{
    static char text[400];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    mt_demo_put_note(&b, t, ns, brief);
    assert_false(b.full);
    text[b.len] = '\0';
    return text;
}

static void test_events_do_not_overlap(void **state)
{
    (void)state;
    unsigned before = 0;
    for (unsigned i = 0; i < MT_DEMO_EVENTS; i++) {
        const struct mt_demo_event *e = mt_demo_event(i);
        assert_true(e->from_s > before); /* some calm before each */
        assert_true(e->to_s > e->from_s);
        assert_true(e->fault.service < MT_DEMO_SERVICE_COUNT);
        assert_true(e->fault.instance == MT_DEMO_ALL ||
                    e->fault.instance < mt_demo_instances(e->fault.service));
        before = e->to_s;
    }
    assert_true(before * SECOND <= MT_DEMO_CYCLE_NS);
}

static void test_moments(void **state)
{
    (void)state;
    struct mt_demo_timetable t = mt_demo_timetable_of(0);
    struct mt_demo_moment m = mt_demo_moment_at(&t, 0);
    assert_null(m.now);
    assert_ptr_equal(m.next, mt_demo_event(0));
    assert_int_equal(m.next_in_ns, 5 * SECOND);
    assert_int_equal(m.left_ns, 5 * SECOND);

    m = mt_demo_moment_at(&t, 5 * SECOND);
    assert_ptr_equal(m.now, mt_demo_event(0));
    assert_ptr_equal(m.next, mt_demo_event(1));
    assert_int_equal(m.left_ns, 10 * SECOND);
    assert_int_equal(m.next_in_ns, 15 * SECOND);

    m = mt_demo_moment_at(&t, 15 * SECOND - 1);
    assert_ptr_equal(m.now, mt_demo_event(0));
    m = mt_demo_moment_at(&t, 15 * SECOND);
    assert_null(m.now);

    /* the last one, and around */
    m = mt_demo_moment_at(&t, 70 * SECOND);
    assert_ptr_equal(m.now, mt_demo_event(4));
    assert_ptr_equal(m.next, mt_demo_event(0));
    assert_int_equal(m.next_in_ns, 10 * SECOND);
    m = mt_demo_moment_at(&t, 3 * MT_DEMO_CYCLE_NS + 6 * SECOND);
    assert_ptr_equal(m.now, mt_demo_event(0));
    assert_null(mt_demo_moment_at(&t, -5 * SECOND).now);
}

static void test_shorter_runs_have_all_of_it(void **state)
{
    (void)state;
    for (int64_t run = 1; run <= 200; run++) {
        struct mt_demo_timetable t = mt_demo_timetable_of(run * SECOND);
        for (unsigned i = 0; i < MT_DEMO_EVENTS; i++) {
            int64_t begin = mt_demo_begins_ns(&t, i);
            int64_t end = mt_demo_ends_ns(&t, i);
            assert_true(begin < end && end <= run * SECOND);
            assert_ptr_equal(mt_demo_moment_at(&t, begin).now,
                             mt_demo_event(i));
            assert_ptr_not_equal(mt_demo_moment_at(&t, end).now,
                                 mt_demo_event(i));
        }
    }
    struct mt_demo_timetable t = mt_demo_timetable_of(500 * SECOND);
    assert_int_equal(t.cycle_ns, MT_DEMO_CYCLE_NS);
}

static void test_whom_a_fault_hits(void **state)
{
    (void)state;
    struct mt_demo_timetable t = mt_demo_timetable_of(0);
    struct mt_demo_fault f;
    assert_false(mt_demo_fault_at(&t, 0, MT_DEMO_CATALOG, 1, &f));
    assert_true(mt_demo_fault_at(&t, 6 * SECOND, MT_DEMO_CATALOG, 1, &f));
    assert_int_equal(f.kind, MT_DEMO_SLOW);
    assert_false(mt_demo_fault_at(&t, 6 * SECOND, MT_DEMO_CATALOG, 0, &f));
    assert_false(mt_demo_fault_at(&t, 6 * SECOND, MT_DEMO_CART, 1, &f));
    /* all instances of inventory */
    for (unsigned i = 0; i < 2; i++) {
        assert_true(
            mt_demo_fault_at(&t, 25 * SECOND, MT_DEMO_INVENTORY, i, &f));
        assert_int_equal(f.status, 503);
    }
    assert_true(mt_demo_fault_at(&t, 40 * SECOND, MT_DEMO_CART, 1, &f));
    assert_int_equal(f.kind, MT_DEMO_KILL);
}

static void test_notes(void **state)
{
    (void)state;
    struct mt_demo_timetable t = mt_demo_timetable_of(0);
    assert_string_equal(note(&t, 0, false),
                        "0:00 all is well; in 5 s catalog-2 is 400 ms late");
    assert_string_equal(note(&t, 4 * SECOND + 1, true),
                        "0:04 all is well; in 1 s catalog-2 is 400 ms late");
    assert_string_equal(note(&t, 7 * SECOND, true),
                        "0:07 catalog-2 is 400 ms late, 8 s more");
    assert_string_equal(note(&t, 7 * SECOND, false),
                        "0:07 catalog-2 is 400 ms late: tries end at 150 ms "
                        "and go elsewhere, then it is avoided (5 Policy)");
    assert_string_equal(note(&t, MT_DEMO_CYCLE_NS + 40 * SECOND, true),
                        "1:55 cart-2 is killed, 5 s more");
}

/* What is said fits: in full into 110 columns, in brief into 80. */
static void test_notes_fit(void **state)
{
    (void)state;
    struct mt_demo_timetable t = mt_demo_timetable_of(0);
    for (int64_t s = 0; s < 75; s++) {
        assert_true(strlen(note(&t, s * SECOND, false)) <= 108);
        assert_true(strlen(note(&t, s * SECOND, true)) <= 78);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_do_not_overlap),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_shorter_runs_have_all_of_it),
        cmocka_unit_test(test_whom_a_fault_hits),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_notes_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
