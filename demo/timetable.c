#include "demo/timetable.h"

#include <assert.h>

#define SECOND INT64_C(1000000000)

enum { CYCLE_S = MT_DEMO_CYCLE_NS / SECOND };

static const struct mt_demo_event events[MT_DEMO_EVENTS] = {
    {.from_s = 5,
     .to_s = 15,
     .fault = {.kind = MT_DEMO_SLOW,
               .service = MT_DEMO_CATALOG,
               .instance = 1,
               .late_ms = 400},
     .what = "catalog-2 is 400 ms late",
     .lesson =
         "tries end at 150 ms and go elsewhere, then it is avoided (5 Policy)"},
    {.from_s = 20,
     .to_s = 30,
     .fault = {.kind = MT_DEMO_FAIL,
               .service = MT_DEMO_INVENTORY,
               .instance = MT_DEMO_ALL,
               .percent = 50,
               .status = 503},
     .what = "inventory answers half with 503",
     .lesson = "GET is tried again within a budget, POST is not, checkouts "
               "fail (1, 5)"},
    {.from_s = 35,
     .to_s = 45,
     .fault = {.kind = MT_DEMO_KILL, .service = MT_DEMO_CART, .instance = 1},
     .what = "cart-2 is killed",
     .lesson =
         "refused tries go to cart-1, its breaker opens, hardly a shopper "
         "sees it (5)"},
    {.from_s = 50,
     .to_s = 60,
     .fault = {.kind = MT_DEMO_FAIL,
               .service = MT_DEMO_RECOMMEND_V2,
               .instance = MT_DEMO_ALL,
               .percent = 60,
               .status = 500},
     .what = "the canary recommendation-v2 fails",
     .lesson = "it has 10 % of the calls, and web does without (1 Services)"},
    {.from_s = 65,
     .to_s = 75,
     .fault = {.kind = MT_DEMO_SLOW,
               .service = MT_DEMO_SHIPPING,
               .instance = MT_DEMO_ALL,
               .late_ms = 2000},
     .what = "shipping hangs",
     .lesson = "a time-out of 300 ms ends the wait, checkout goes on without "
               "(5 Policy)"},
};

const struct mt_demo_event *mt_demo_event(unsigned i)
{
    assert(i < MT_DEMO_EVENTS);
    return &events[i];
}

struct mt_demo_timetable mt_demo_timetable_of(int64_t run_ns)
{
    bool shorter = run_ns > 0 && run_ns < MT_DEMO_CYCLE_NS;
    return (struct mt_demo_timetable){shorter ? run_ns : MT_DEMO_CYCLE_NS};
}

/* A second of the table, in this run's time. */
static int64_t at(const struct mt_demo_timetable *t, unsigned s)
{
    return t->cycle_ns / CYCLE_S * s;
}

int64_t mt_demo_begins_ns(const struct mt_demo_timetable *t, unsigned i)
{
    return at(t, mt_demo_event(i)->from_s);
}

int64_t mt_demo_ends_ns(const struct mt_demo_timetable *t, unsigned i)
{
    return at(t, mt_demo_event(i)->to_s);
}

struct mt_demo_moment mt_demo_moment_at(const struct mt_demo_timetable *t,
                                        int64_t elapsed_ns)
{
    int64_t cycle = at(t, CYCLE_S);
    int64_t here = elapsed_ns > 0 ? elapsed_ns % cycle : 0;
    unsigned i = 0;
    struct mt_demo_moment m = {.now = NULL};
    while (i < MT_DEMO_EVENTS && mt_demo_ends_ns(t, i) <= here)
        i++;
    if (i < MT_DEMO_EVENTS && mt_demo_begins_ns(t, i) <= here) {
        m.now = &events[i];
        m.left_ns = mt_demo_ends_ns(t, i) - here;
        i++;
    }
    bool around = i == MT_DEMO_EVENTS;
    m.next_index = around ? 0 : i;
    m.next = &events[m.next_index];
    m.next_in_ns =
        mt_demo_begins_ns(t, m.next_index) - here + (around ? cycle : 0);
    if (m.now == NULL)
        m.left_ns = m.next_in_ns;
    return m;
}

bool mt_demo_fault_at(const struct mt_demo_timetable *t, int64_t elapsed_ns,
                      unsigned service, unsigned instance,
                      struct mt_demo_fault *fault)
{
    struct mt_demo_moment m = mt_demo_moment_at(t, elapsed_ns);
    if (m.now == NULL || m.now->fault.service != service ||
        (m.now->fault.instance != MT_DEMO_ALL &&
         m.now->fault.instance != instance))
        return false;
    *fault = m.now->fault;
    return true;
}

/* ---- words ---- */

void mt_demo_put_clock(struct mt_buf *b, int64_t elapsed_ns)
{
    uint64_t s = (uint64_t)(elapsed_ns > 0 ? elapsed_ns / SECOND : 0);
    mt_put_decimal(b, s / 60);
    mt_put_str(b, s % 60 < 10 ? ":0" : ":");
    mt_put_decimal(b, s % 60);
}

/* Whole seconds, and never none. */
static void put_seconds(struct mt_buf *b, int64_t ns)
{
    mt_put_decimal(b, (uint64_t)((ns + SECOND - 1) / SECOND));
    mt_put_str(b, " s");
}

void mt_demo_put_note(struct mt_buf *b, const struct mt_demo_timetable *t,
                      int64_t elapsed_ns, bool brief)
{
    struct mt_demo_moment m = mt_demo_moment_at(t, elapsed_ns);
    mt_demo_put_clock(b, elapsed_ns);
    mt_put_char(b, ' ');
    mt_put_str(b, m.now != NULL ? m.now->what : "all is well");
    if (m.now != NULL && !brief) {
        mt_put_str(b, ": ");
        mt_put_str(b, m.now->lesson);
    } else if (m.now == NULL) {
        mt_put_str(b, "; in ");
        put_seconds(b, m.next_in_ns);
        mt_put_char(b, ' ');
        mt_put_str(b, m.next->what);
    } else {
        mt_put_str(b, ", ");
        put_seconds(b, m.left_ns);
        mt_put_str(b, " more");
    }
}
