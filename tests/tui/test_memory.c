/* The system has no memory at the i-th call: the dashboard says so and goes
 * on with what it had, an answer is refused whole, nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/refuse_memory.h"
#include "tests/tui/some_snapshot.h"

static uint8_t topic; /* of the question */

/* An answer is there with all its rows, or it has a code, or is none. */
static void ask(void)
{
    static const struct mt_store_options unbounded;
    const struct mt_request request = {.topic = topic, .id = 3, .filter = ""};
    struct mt_store *s;
    pause_refusals(true); /* opening it is the store's own test */
    assert_int_equal(mt_store_open(&s, MT_DATABASES "/mesh.db", &unbounded), 0);
    pause_refusals(false);
    struct mt_snapshot *a = mt_snapshot_make(s, &request);
    if (a != NULL && a->rc == 0 && topic == MT_TOPIC_NEWEST)
        assert_int_equal(a->exchanges_count, 266);
    if (a != NULL && a->rc == 0 && topic == MT_TOPIC_SERVICES)
        assert_int_equal(a->rows.count, 4);
    if (a != NULL && memory_was_refused())
        assert_int_equal(a->rc, MT_STORE_ENOMEM);
    mt_snapshot_free(a);
    mt_store_free(s);
}

static void answers_are_whole_or_refused(void **state)
{
    (void)state;
    if (access(MT_DATABASES "/mesh.db", R_OK) != 0)
        skip();
    for (unsigned t = 0; t <= MT_TOPIC_NONE; t++) {
        topic = (uint8_t)t;
        (void)refuse_each(ask, REFUSE_ONE, 200, 5); /* rows are all alike */
    }
}

/* A made answer: the test's own memory is not what is refused. */
static struct mt_snapshot *make(struct dice *dice,
                                const struct mt_request *request)
{
    pause_refusals(true);
    struct mt_snapshot *a = some_snapshot(dice, request);
    pause_refusals(false);
    return a;
}

static void answer(struct mt_dashboard *d, struct dice *dice, int64_t now)
{
    struct mt_request request;
    if (mt_dashboard_request(d, now, now, &request))
        (void)mt_dashboard_answer(d, make(dice, &request), now);
}

static void use_it(void)
{
    static const char keys[] = "4m<Down>mM!<Enter><Esc>1>>I:sort p99\r3<Enter>"
                               "<Esc>2+fsvc=c\t\r6x\r0";
    const struct mt_dashboard_config config = {.source = "x"};
    struct mt_span script = mt_span_str(keys);
    struct dice dice = {.seed = 7};
    struct mt_dashboard *d;
    struct mt_canvas c = {0};
    int64_t now = 0;
    if (mt_dashboard_new(&d, &config) != 0) {
        assert_null(d);
        return;
    }
    if (mt_canvas_init(&c, 120, 40) != 0) {
        mt_dashboard_free(d);
        return;
    }
    while (script.len > 0) {
        (void)mt_dashboard_key(d, mt_key_take(&script));
        answer(d, &dice, now += 1000000000);
        mt_dashboard_draw(d, &c, now);
        assert_true(canvas_is_sound(&c));
    }
    mt_canvas_deinit(&c);
    mt_dashboard_free(d);
}

static void the_dashboard_goes_on(void **state)
{
    (void)state;
    (void)refuse_each(use_it, REFUSE_ONE, 200, 5);
}

/* What the worker could not answer is said, and asked again. */
static void no_answer_is_said(void **state)
{
    const struct mt_dashboard_config config = {.source = "x"};
    struct mt_request request;
    struct mt_dashboard *d;
    struct mt_canvas c;
    (void)state;
    assert_int_equal(mt_dashboard_new(&d, &config), 0);
    assert_int_equal(mt_canvas_init(&c, 80, 24), 0);
    assert_true(mt_dashboard_request(d, 0, 0, &request));
    assert_true(mt_dashboard_answer(d, NULL, 0) & MT_DO_DRAW);
    mt_dashboard_draw(d, &c, 0);
    const struct mt_cell *last = &c.cells[(size_t)23 * 80 + 1];
    char text[41] = "";
    for (size_t i = 0; i < 40; i++)
        text[i] = last[i].len > 0 ? (char)last[i].text[0] : ' ';
    assert_non_null(strstr(text, "not enough memory for the answer"));
    assert_true(mt_dashboard_request(d, 2000000000, 0, &request));
    mt_canvas_deinit(&c);
    mt_dashboard_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_whole_or_refused),
        cmocka_unit_test(the_dashboard_goes_on),
        cmocka_unit_test(no_answer_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
