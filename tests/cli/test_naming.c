/* Who serves is asked for until he is found, and not without end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cli/naming.h"

#define MS INT64_C(1000000)
#define S (1000 * MS)
#define T0 (1000 * S)

/* ---- a helper that the test plays ---- */

struct mt_helper {
    unsigned asked;
    bool full;
    struct mt_helper_question last;
    struct mt_helper_answer answer;
    bool answers;
};

bool mt_helper_ask(struct mt_helper *h, const struct mt_helper_question *q)
{
    if (h->full)
        return false;
    h->asked++;
    h->last = *q;
    return true;
}

int mt_helper_next(struct mt_helper *h, struct mt_helper_answer *answer)
{
    if (!h->answers)
        return MT_MORE;
    *answer = h->answer;
    h->answers = false;
    return MT_EVENT;
}

struct fixture {
    struct mt_helper helper;
    struct mt_naming naming;
    char named[64]; /* by the last name that was found */
};

static void open_fixture(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    mt_naming_init(&f->naming, &f->helper);
}

static void found(void *context, const struct mt_naming_found *name)
{
    struct fixture *f = context;
    assert_true(name->text.len < sizeof f->named);
    memcpy(f->named, name->text.ptr, name->text.len);
    f->named[name->text.len] = '\0';
}

/* The last question gets its answer; NULL: nobody was found. */
static void answer(struct fixture *f, const char *process)
{
    struct mt_helper_answer *a = &f->helper.answer;
    *a = (struct mt_helper_answer){.token = f->helper.last.token};
    a->owner.known = process != NULL;
    if (process != NULL)
        memcpy(a->owner.process, process, strlen(process));
    f->helper.answers = true;
    mt_naming_take(&f->naming, found, f);
}

/* A flow of a client that others ask for: one question, of the server. */
static void flow(struct fixture *f, uint16_t port, int64_t ts_ns)
{
    const struct mt_addr addr[2] = {{.ip = {[15] = 2}, .port = 40000},
                                    {.ip = {[15] = 3}, .port = port}};
    const struct mt_conn_start start = {
        .addr = {addr[0], addr[1]}, .client = 0, .ts_ns = ts_ns};
    mt_naming_early(&f->naming, &addr[0], &addr[1], ts_ns);
    f->helper.asked = 0;
    mt_naming_seen(&f->naming, &start);
}

/* As the tap's loop does, until a time; the questions that came. */
static unsigned run(struct fixture *f, int64_t from_ns, int64_t to_ns,
                    const char *process)
{
    unsigned asked = 0;
    for (int64_t now_ns = from_ns; now_ns < to_ns; now_ns += S) {
        f->helper.asked = 0;
        mt_naming_again(&f->naming, now_ns);
        asked += f->helper.asked;
        if (f->helper.asked > 0)
            answer(f, process);
    }
    return asked;
}

static void test_missed_once(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    flow(&f, 80, T0);
    assert_int_equal(f.helper.asked, 1);
    answer(&f, NULL);
    assert_int_equal(run(&f, T0 + 100 * MS, T0 + 200 * MS, "nginx"), 0);
    assert_int_equal(run(&f, T0 + S, T0 + 3 * S, "nginx"), 1);
    assert_string_equal(f.named, "nginx");
    flow(&f, 80, T0 + 20 * S); /* known: nobody is asked for a while */
    assert_int_equal(f.helper.asked, 0);
    flow(&f, 80, T0 + 40 * S);
    assert_int_equal(f.helper.asked, 1);
}

static void test_never_found(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    flow(&f, 80, T0);
    answer(&f, NULL);
    assert_int_equal(run(&f, T0 + S, T0 + 1000 * S, NULL), 3);
    /* new flows ask again, each time later */
    unsigned asked = 0;
    for (int64_t at_ns = T0 + 1000 * S; at_ns < T0 + 1300 * S; at_ns += S) {
        flow(&f, 80, at_ns);
        asked += f.helper.asked;
        if (f.helper.asked > 0)
            answer(&f, NULL);
    }
    assert_in_range(asked, 9, 14);
}

static void test_no_room_to_ask(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    f.helper.full = true;
    flow(&f, 80, T0);
    assert_int_equal(f.helper.asked, 0);
    f.helper.full = false;
    assert_int_equal(run(&f, T0 + S, T0 + 2 * S, "nginx"), 1);
    assert_string_equal(f.named, "nginx");
}

static void test_few_at_once(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    for (uint16_t port = 1; port <= 200; port++) {
        flow(&f, port, T0);
        if (f.helper.asked > 0)
            answer(&f, NULL);
    }
    f.helper.asked = 0;
    mt_naming_again(&f.naming, T0 + S);
    assert_in_range(f.helper.asked, 1, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missed_once),
        cmocka_unit_test(test_never_found),
        cmocka_unit_test(test_no_room_to_ask),
        cmocka_unit_test(test_few_at_once),
    };
    return cmocka_run_group_tests_name("cli/naming", tests, NULL, NULL);
}
