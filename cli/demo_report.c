#include "cli/demo_report.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/clock.h"
#include "cli/printer.h"
#include "cli/say.h"
#include "cli/write.h"
#include "tui/canvas.h"

#define SECOND INT64_C(1000000000)

enum { LINE_BYTES = 512, WHAT_COLUMNS = 35 };

struct report {
    const struct mt_demo_run *run;
    const struct mt_demo_shared *shared;
    struct mt_demo_timetable timetable;
    struct mt_demo_tally tally;
};

/* ---- lines ---- */

static void put_line(struct mt_buf *b)
{
    (void)fwrite(b->ptr, 1, b->len, stdout);
    (void)fputc('\n', stdout);
    b->len = 0;
}

static void put_label(struct mt_buf *b, const char *label)
{
    mt_put_str(b, label);
    while (b->len < 12)
        mt_put_char(b, ' ');
}

static void put_figure(struct mt_buf *b, uint64_t n, const char *what)
{
    mt_put_count(b, n);
    mt_put_str(b, what);
}

/* At the right of so many columns. */
static void put_right(struct mt_buf *b, const char *text, size_t columns)
{
    for (size_t n = mt_text_columns(mt_span_str(text)); n < columns; n++)
        mt_put_char(b, ' ');
    mt_put_str(b, text);
}

static void put_count_right(struct mt_buf *b, uint64_t n, size_t columns)
{
    char text[32];
    struct mt_buf t = mt_buf_of(text, sizeof text - 1);
    mt_put_count(&t, n);
    text[t.len] = '\0';
    put_right(b, n == 0 && mt_utf8_locale() ? "\xc2\xb7" : text, columns);
}

static void put_p95_right(struct mt_buf *b, const struct mt_hist *h,
                          size_t columns)
{
    char text[32];
    struct mt_buf t = mt_buf_of(text, sizeof text - 1);
    int64_t p95 = mt_hist_quantile(h, 0.95);
    if (p95 >= 0)
        mt_put_latency(&t, p95);
    else
        mt_put_str(&t, "-");
    text[t.len] = '\0';
    put_right(b, text, columns);
}

/* ---- tables of the store ---- */

typedef int question(struct mt_store *s, const struct mt_ask *ask,
                     struct mt_answer *a);

static int print_table(struct mt_store *store, const struct report *r,
                       question *ask_for, const struct mt_screen *screen)
{
    struct mt_ask ask = {.from_ns = r->run->begin_wall_ns / SECOND * SECOND,
                         .by_method = true};
    struct mt_answer a = {0};
    struct mt_printer out;
    struct mt_store_info info;
    int rc = mt_query_info(store, &info);
    if (rc == 0) {
        ask.to_ns = info.last_ns + 1;
        rc = ask_for(store, &ask, &a);
    }
    if (rc != 0)
        return rc;
    mt_printer_open(&out, stdout, screen, MT_FORMAT_TABLE);
    mt_printer_head(&out, &a.coverage);
    for (size_t i = 0; i < a.count; i++)
        mt_printer_row(&out, &a.rows[i]);
    (void)mt_printer_close(&out);
    (void)fputc('\n', stdout);
    mt_answer_free(&a);
    return 0;
}

/* ---- what happened ---- */

static void print_event(const struct report *r, unsigned i)
{
    char line[LINE_BYTES];
    struct mt_buf b = mt_buf_of(line, sizeof line);
    const struct mt_demo_event *e = mt_demo_event(i);
    const struct mt_demo_sum *sum = &r->tally.during[i];
    mt_demo_put_clock(&b, mt_demo_begins_ns(&r->timetable, i));
    mt_put_str(&b, "  ");
    mt_put_str(&b, e->what);
    for (size_t n = strlen(e->what); n < WHAT_COLUMNS; n++)
        mt_put_char(&b, ' ');
    put_count_right(&b, sum->requests, 9);
    put_count_right(&b, sum->failed, 8);
    put_count_right(&b, sum->timeouts, 11);
    put_count_right(&b, sum->again, 13);
    put_count_right(&b, sum->saved, 7);
    put_p95_right(&b, &sum->latency, 8);
    put_p95_right(&b, &r->tally.calm[i].latency, 8);
    put_line(&b);
}

static void print_events(const struct report *r)
{
    printf("%-4s  %-*s%9s%8s%11s%13s%7s%8s%8s\n", "AT", WHAT_COLUMNS,
           "WHAT WENT WRONG", "REQUESTS", "FAILED", "TIMED OUT", "TRIED AGAIN",
           "SAVED", "P95", "CALM");
    for (unsigned i = 0; i < MT_DEMO_EVENTS; i++)
        if (mt_demo_begins_ns(&r->timetable, i) < r->run->ran_ns)
            print_event(r, i);
    (void)fputc('\n', stdout);
}

/* inventory-1 2, cart-2 1 */
static uint64_t put_trips(struct mt_buf *b, const struct mt_demo_watch *watch)
{
    uint64_t sum = 0;
    for (unsigned s = 0; s < MT_DEMO_SERVICE_COUNT; s++)
        for (unsigned n = 0; n < mt_demo_instances(s); n++) {
            unsigned i = mt_demo_instance_index(s, n);
            uint32_t trips = watch->instances[i].openings;
            if (trips == 0)
                continue;
            mt_put_str(b, sum > 0 ? ", " : "");
            mt_put_str(b, mt_demo_name(s));
            mt_put_char(b, '-');
            mt_put_decimal(b, n + 1);
            mt_put_char(b, ' ');
            mt_put_decimal(b, trips);
            sum += trips;
        }
    return sum;
}

static void print_shoppers(const struct report *r)
{
    char line[LINE_BYTES];
    struct mt_buf b = mt_buf_of(line, sizeof line);
    const struct mt_demo_stats *s = &r->shared->stats;
    put_label(&b, "shoppers");
    put_figure(&b, s->asked, " asked: ");
    put_figure(&b, s->well, " well, ");
    put_figure(&b, s->wrong, " for what there is not, ");
    put_figure(&b, s->failed, " failed");
    if (s->unanswered > 0) {
        mt_put_str(&b, ", ");
        put_figure(&b, s->unanswered, " not answered");
    }
    if (s->skipped > 0) {
        mt_put_str(&b, "; ");
        put_figure(&b, s->skipped, " went away: too many waited");
    }
    put_line(&b);
}

static void print_retries(const struct report *r)
{
    char line[LINE_BYTES], trips[LINE_BYTES];
    struct mt_buf b = mt_buf_of(line, sizeof line);
    struct mt_buf t = mt_buf_of(trips, sizeof trips);
    const struct mt_demo_sum *all = &r->tally.all;
    put_label(&b, "retries");
    put_figure(&b, all->again, " of ");
    put_figure(&b, all->requests, " requests were tried again, ");
    put_figure(&b, all->saved, " of them saved; ");
    put_figure(&b, r->tally.harmful,
               " failed that must not be done twice; the budget denied ");
    mt_put_count(&b, r->run->watch.denied);
    put_line(&b);
    uint64_t sum = put_trips(&t, &r->run->watch);
    put_label(&b, "breakers");
    if (sum == 0)
        mt_put_str(&b, "none opened");
    else
        put_figure(&b, sum, sum == 1 ? " opening: " : " openings: ");
    mt_put_span(&b, mt_buf_span(&t));
    put_line(&b);
}

static bool agree(const struct report *r)
{
    const struct mt_demo_tally *t = &r->tally;
    return t->tapped == t->all.requests && t->tapped_failed == t->all.failed;
}

static void print_observers(const struct report *r)
{
    char line[LINE_BYTES];
    struct mt_buf b = mt_buf_of(line, sizeof line);
    const struct mt_demo_tally *t = &r->tally;
    put_label(&b, "observers");
    if (r->run->tap_rc != 0) {
        mt_put_str(&b, "the proxy alone: loopback cannot be captured here. As "
                       "root a tap looks on: sudo meshtop demo");
    } else {
        mt_put_str(&b, agree(r) ? "two agree: the proxy and a tap beside it "
                                  "both saw "
                                : "two disagree: the proxy saw ");
        put_figure(&b, t->all.requests, " requests, ");
        put_figure(&b, t->all.failed, " of them failed");
        if (!agree(r)) {
            mt_put_str(&b, "; the tap ");
            put_figure(&b, t->tapped, ", ");
            put_figure(&b, t->tapped_failed, " failed");
        }
    }
    put_line(&b);
}

/* Of a proxy that has ended there is nothing to say of its budgets and
 * breakers now. */
static struct mt_screen policy_that_was(void)
{
    struct mt_screen s = mt_screen_policy;
    while (s.count > 0 && (strcmp(s.columns[s.count - 1].key, "budget") == 0 ||
                           strcmp(s.columns[s.count - 1].key, "breaker") == 0))
        s.count--;
    return s;
}

static int print_text(struct report *r, struct mt_store *store)
{
    const struct mt_screen policy = policy_that_was();
    const struct mt_demo_run *run = r->run;
    char line[LINE_BYTES];
    struct mt_buf b = mt_buf_of(line, sizeof line);
    mt_put_str(&b, "demo of ");
    mt_put_age(&b, run->ran_ns);
    mt_put_str(&b, ", seed ");
    mt_put_decimal(&b, run->mesh->seed);
    mt_put_str(&b, ", a shop at 127.0.0.1:");
    mt_put_decimal(&b, r->shared->ports.edge);
    mt_put_str(&b, "\n");
    put_line(&b);
    int rc = print_table(store, r, mt_query_services, &mt_screen_services);
    if (rc == 0)
        rc = print_table(store, r, mt_query_routes, &policy);
    if (rc != 0)
        return rc;
    print_events(r);
    print_shoppers(r);
    print_retries(r);
    print_observers(r);
    return 0;
}

/* ---- JSON ---- */

static void put_member(struct mt_out *o, const char *name, uint64_t n)
{
    mt_out_str(o,
               o->buf.len > 0 && o->buf.ptr[o->buf.len - 1] == '{' ? "" : ",");
    mt_json_string(o, mt_span_str(name));
    mt_out_char(o, ':');
    mt_put_decimal(mt_out_room(o, 24), n);
}

static void put_sum(struct mt_out *o, const struct mt_demo_sum *s)
{
    put_member(o, "requests", s->requests);
    put_member(o, "failed", s->failed);
    put_member(o, "timed_out", s->timeouts);
    put_member(o, "tried_again", s->again);
    put_member(o, "saved", s->saved);
    int64_t p95 = mt_hist_quantile(&s->latency, 0.95);
    if (p95 >= 0)
        put_member(o, "latency_p95_ns", (uint64_t)p95);
}

static void put_faults(struct mt_out *o, const struct report *r)
{
    bool first = true;
    mt_out_str(o, ",\"faults\":[");
    for (unsigned i = 0; i < MT_DEMO_EVENTS; i++) {
        const struct mt_demo_event *e = mt_demo_event(i);
        if (mt_demo_begins_ns(&r->timetable, i) >= r->run->ran_ns)
            continue;
        mt_out_str(o, first ? "{\"what\":" : ",{\"what\":");
        first = false;
        mt_json_string(o, mt_span_str(e->what));
        mt_out_str(o, ",\"service\":");
        mt_json_string(o, mt_span_str(mt_demo_name(e->fault.service)));
        put_member(o, "begins_ns",
                   (uint64_t)mt_demo_begins_ns(&r->timetable, i));
        put_member(o, "ends_ns", (uint64_t)mt_demo_ends_ns(&r->timetable, i));
        put_sum(o, &r->tally.during[i]);
        mt_out_char(o, '}');
    }
    mt_out_char(o, ']');
}

static void put_shoppers(struct mt_out *o, const struct mt_demo_stats *s)
{
    mt_out_str(o, ",\"shoppers\":{");
    put_member(o, "asked", s->asked);
    put_member(o, "well", s->well);
    put_member(o, "wrong", s->wrong);
    put_member(o, "failed", s->failed);
    put_member(o, "unanswered", s->unanswered);
    put_member(o, "skipped", s->skipped);
    mt_out_char(o, '}');
}

static int print_json(const struct report *r)
{
    struct mt_out o;
    mt_out_init(&o, (struct mt_sink){mt_write_file, stdout});
    mt_out_char(&o, '{');
    put_member(&o, "ran_ns", (uint64_t)r->run->ran_ns);
    put_member(&o, "seed", r->run->mesh->seed);
    put_member(&o, "edge_port", r->shared->ports.edge);
    put_sum(&o, &r->tally.all);
    put_member(&o, "retries", r->tally.tries);
    put_member(&o, "budget_denied", r->run->watch.denied);
    put_member(&o, "breaker_openings", mt_demo_watch_openings(&r->run->watch));
    put_shoppers(&o, &r->shared->stats);
    put_faults(&o, r);
    mt_out_str(&o, ",\"tap\":");
    if (r->run->tap_rc == 0) {
        mt_out_char(&o, '{');
        put_member(&o, "requests", r->tally.tapped);
        put_member(&o, "failed", r->tally.tapped_failed);
        mt_out_str(&o, agree(r) ? ",\"agrees\":true}" : ",\"agrees\":false}");
    } else {
        mt_out_str(&o, "null");
    }
    mt_out_str(&o, "}\n");
    return mt_out_flush(&o);
}

/* ---- the whole ---- */

/* What shoppers count and what the proxy wrote is the same, but for those
 * whose connection broke. */
static int check_sums(const struct report *r)
{
    const struct mt_demo_stats *s = &r->shared->stats;
    uint64_t rows = r->tally.shoppers;
    bool some = rows > 0 || s->asked == 0; /* ended before the first came */
    if (rows <= s->asked && rows + s->unanswered >= s->asked && some)
        return MT_EXIT_OK;
    mt_say(NULL,
           "it does not add up: shoppers asked %" PRIu64 " times, and %" PRIu64
           " rows tell of it",
           s->asked, rows);
    return MT_EXIT_ERROR;
}

int mt_demo_report(const struct mt_options *o, struct mt_store *store,
                   const struct mt_demo_run *run)
{
    struct report r = {.run = run,
                       .shared = run->mesh->shared,
                       .timetable = mt_demo_timetable_of(run->asked_ns)};
    int rc = mt_demo_tally_rows(&r.tally, store, run);
    if (rc == 0)
        rc = o->format == MT_FORMAT_JSON ? print_json(&r)
                                         : print_text(&r, store);
    if (rc != 0)
        mt_say("the demo's database", "%s", mt_store_strerror(rc));
    else
        rc = check_sums(&r);
    mt_demo_tally_deinit(&r.tally);
    if (rc != 0)
        return MT_EXIT_ERROR;
    return run->interrupted ? MT_EXIT_INTERRUPTED : MT_EXIT_OK;
}
