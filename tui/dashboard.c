#include "tui/dashboard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "tui/dashboard_impl.h"

#define SECOND INT64_C(1000000000)

int32_t mt_offset(const struct mt_dashboard *d, int64_t ns)
{
    return d->config.offset_s != NULL ? d->config.offset_s(ns) : 0;
}

/* ---- levels ---- */

void mt_level_free(struct mt_level *l)
{
    mt_snapshot_free(l->snapshot);
    free(l->lines.list);
    *l = (struct mt_level){0};
}

static uint8_t screen_named(const char *name)
{
    for (uint8_t i = 0; name != NULL && i < MT_SCREEN_DETAIL; i++)
        if (mt_span_caseeq(mt_span_str(mt_screen_classes[i]->name),
                           mt_span_str(name)))
            return i;
    return MT_SCREEN_SERVICES;
}

int mt_dashboard_new(struct mt_dashboard **out,
                     const struct mt_dashboard_config *config)
{
    struct mt_dashboard *d = calloc(1, sizeof *d);
    *out = d;
    if (d == NULL)
        return -ENOMEM;
    d->config = *config;
    d->span_ns = config->span_ns;
    d->end_ns = config->end_ns;
    d->stale = true;
    mt_pace_init(&d->pace, config->speed);
    for (size_t i = 0; i < MT_SCREEN_COUNT; i++)
        d->sorting[i].column = -1;
    (void)mt_open_screen(d, screen_named(config->screen));
    if (config->filter != NULL)
        (void)snprintf(mt_level(d)->filter, sizeof mt_level(d)->filter, "%s",
                       config->filter);
    return 0;
}

void mt_dashboard_free(struct mt_dashboard *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i <= d->depth; i++)
        mt_level_free(&d->levels[i]);
    free(d);
}

/* The question is another one: what is shown stays until it is answered. */
unsigned mt_ask_anew(struct mt_dashboard *d)
{
    d->serial++;
    d->stale = true;
    return MT_DO_DRAW | MT_DO_ASK;
}

/* From the number keys: the filter that was typed stays, what was drilled
 * into does not. */
unsigned mt_open_screen(struct mt_dashboard *d, uint8_t screen)
{
    while (d->depth > 0)
        mt_level_free(&d->levels[d->depth--]);
    struct mt_level *l = mt_level(d);
    char filter[sizeof l->filter];
    bool off = l->filter_off;
    memcpy(filter, l->filter, sizeof filter);
    mt_level_free(l);
    memcpy(l->filter, filter, sizeof filter);
    l->filter_off = off;
    l->screen = screen;
    l->topic = mt_screen_classes[screen]->topic;
    l->follow = screen == MT_SCREEN_TAIL;
    return mt_ask_anew(d);
}

static bool has_or(const char *filter)
{
    struct mt_span s = mt_span_str(filter);
    for (; s.len >= 2; (void)mt_span_take(&s, 1))
        if (mt_span_caseeq((struct mt_span){s.ptr, 2}, MT_SPAN("or")) ||
            mt_span_starts(s, MT_SPAN("||")))
            return true;
    return false;
}

/* A filter that may hold an `or` is put in parentheses; where it holds the
 * letters alone they do no harm. */
bool mt_join_filter(char *out, size_t size, const char *filter,
                    struct mt_span term)
{
    struct mt_buf b = mt_buf_of(out, size - 1);
    bool wrap = term.len > 0 && has_or(filter);
    mt_put_str(&b, wrap ? "(" : "");
    mt_put_str(&b, filter);
    mt_put_str(&b, wrap ? ")" : "");
    if (b.len > 0 && term.len > 0)
        mt_put_char(&b, ' ');
    mt_put_span(&b, term);
    out[b.len] = '\0';
    return !b.full;
}

bool mt_check_filter(struct mt_dashboard *d, const char *text)
{
    const struct mt_snapshot *a = mt_level(d)->snapshot;
    struct mt_time_ref ref = {.now_ns = a != NULL ? a->now_ns : SECOND};
    struct mt_filter *f;
    ref.offset_s = mt_offset(d, ref.now_ns);
    d->error = (struct mt_filter_error){0};
    if (mt_filter_new(&f, mt_span_str(text), &ref, &d->error) != 0)
        return false;
    mt_filter_free(f);
    d->error.column = 0;
    return true;
}

/* Is this term one of those that a filter ands? */
static bool says(const char *filter, struct mt_span term)
{
    struct mt_span rest = mt_span_str(filter);
    if (has_or(filter))
        return false;
    for (char before = ' '; rest.len >= term.len;
         before = (char)*rest.ptr, (void)mt_span_take(&rest, 1))
        if (before == ' ' && mt_span_starts(rest, term) &&
            (rest.len == term.len || rest.ptr[term.len] == ' '))
            return true;
    return false;
}

bool mt_narrowed_filter(const struct mt_dashboard *d, struct mt_span terms,
                        char *out, size_t size)
{
    const struct mt_level *from = &d->levels[d->depth];
    uint8_t fresh[MT_FILTER_TEXT_MAX];
    struct mt_buf added = mt_buf_of(fresh, sizeof fresh);
    const char *parent = from->filter_off ? "" : from->filter;
    while (terms.len > 0) {
        struct mt_span term = mt_span_take(&terms, mt_span_find(terms, '\n'));
        (void)mt_span_take(&terms, terms.len > 0);
        if (says(parent, term))
            continue;
        if (added.len > 0)
            mt_put_char(&added, ' ');
        mt_put_span(&added, term);
    }
    return !added.full &&
           mt_join_filter(out, size, parent, mt_buf_span(&added));
}

bool mt_drilled_filter(const struct mt_dashboard *d, char *out, size_t size)
{
    const struct mt_line *line = mt_level_line(&d->levels[d->depth]);
    uint8_t bytes[MT_FILTER_TEXT_MAX];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    if (line == NULL || line->row == NULL || mt_class(d)->term == NULL)
        return false;
    mt_class(d)->term(line->row, &b);
    return !b.full && mt_narrowed_filter(d, mt_buf_span(&b), out, size);
}

unsigned mt_open_exchange(struct mt_dashboard *d, uint64_t id)
{
    struct mt_level *from = mt_level(d), *to = &d->levels[++d->depth];
    *to = (struct mt_level){
        .screen = MT_SCREEN_DETAIL, .topic = MT_TOPIC_EXCHANGE, .id = id};
    memcpy(to->filter, from->filter, sizeof to->filter);
    return mt_ask_anew(d);
}

unsigned mt_drill(struct mt_dashboard *d)
{
    struct mt_level *from = mt_level(d);
    const struct mt_screen_class *screen = mt_class(d);
    const struct mt_line *line = mt_level_line(from);
    if (screen->opens == MT_SCREEN_NONE || line == NULL || line->row == NULL ||
        d->depth + 1 == LEVELS_MAX)
        return MT_DO_DRAW;
    from->key = line->key;
    if (screen->opens == MT_SCREEN_DETAIL)
        return mt_open_exchange(d, line->key);
    char filter[sizeof from->filter];
    if (!mt_drilled_filter(d, filter, sizeof filter) ||
        !mt_check_filter(d, filter)) {
        mt_dashboard_say(d, true, "its name fits into no filter");
        return MT_DO_DRAW;
    }
    struct mt_level *to = &d->levels[++d->depth];
    *to = (struct mt_level){
        .screen = screen->opens,
        .topic = mt_screen_classes[screen->opens]->drilled_topic};
    memcpy(to->filter, filter, sizeof filter);
    return mt_ask_anew(d);
}

/* What is shown again is as it was, and asked anew. */
unsigned mt_go_back(struct mt_dashboard *d)
{
    if (d->depth == 0)
        return MT_DO_DRAW;
    mt_level_free(&d->levels[d->depth--]);
    mt_level_arrange(d, mt_level(d));
    return mt_ask_anew(d);
}

/* ---- questions and answers ---- */

static bool asks_for_failures(const struct mt_dashboard *d,
                              const struct mt_level *l)
{
    return d->failing_only &&
           (l->topic == MT_TOPIC_NEWEST || l->topic == MT_TOPIC_SLOWEST);
}

/* Of a replay: what ended at that very moment is part of it. */
static int64_t replayed_end(const struct mt_dashboard *d)
{
    int64_t now = mt_pace_now_ns(&d->pace, d->steady_ns);
    return now < INT64_MAX ? now + 1 : now;
}

void mt_fill_request(const struct mt_dashboard *d, struct mt_request *r)
{
    const struct mt_level *l = &d->levels[d->depth];
    *r = (struct mt_request){.serial = d->serial,
                             .topic = l->topic,
                             .id = l->id,
                             .span_ns = d->span_ns,
                             .end_ns = d->config.replay ? replayed_end(d)
                                                        : d->end_ns};
    struct mt_span failing =
        asks_for_failures(d, l) ? MT_SPAN("outcome=failure") : MT_SPAN("");
    r->names = d->wants_names;
    (void)mt_join_filter(r->filter, sizeof r->filter,
                         l->filter_off ? "" : l->filter, failing);
}

/* A replay: there is no other moment to ask for. */
static bool stands_still(const struct mt_dashboard *d)
{
    return d->config.replay &&
           (!d->pace.begun ||
            (!d->stale && d->asked_end_ns == replayed_end(d)));
}

bool mt_dashboard_request(struct mt_dashboard *d, int64_t steady_ns,
                          int64_t wall_ns, struct mt_request *request)
{
    bool due = !d->pending && steady_ns >= d->next_ns;
    if (stands_still(d))
        return false;
    if (!d->stale && !due)
        return false;
    mt_fill_request(d, request);
    d->asked_end_ns = request->end_ns;
    request->wall_ns = wall_ns;
    request->offset_s = mt_offset(d, wall_ns);
    d->stale = false;
    d->pending = true;
    d->asked_ns = steady_ns;
    return true;
}

int64_t mt_dashboard_next_ns(const struct mt_dashboard *d)
{
    if (stands_still(d))
        return INT64_MAX;
    if (d->stale)
        return INT64_MIN;
    return d->pending ? INT64_MAX : d->next_ns;
}

/* Once a second while a writer is at work, more often until it has written
 * something, else seldom; and never so often that the questions alone take more
 * than a small share of a core: 2 % where there is news, else half of one. */
static int64_t next_after(const struct mt_dashboard *d,
                          const struct mt_snapshot *a, int64_t steady_ns)
{
    bool news = a->live || d->config.growing;
    int64_t share = news ? 50 : 200;
    int64_t every = news && a->info.rows == 0 ? SECOND / 4
                    : d->config.replay        ? SECOND / 2
                    : news                    ? SECOND
                                              : 10 * SECOND;
    if (d->end_ns != 0 || d->config.once)
        return INT64_MAX;
    if (a->took_ns > 0 && a->took_ns < INT64_MAX / share &&
        a->took_ns * share > every)
        every = a->took_ns * share;
    return steady_ns + every;
}

unsigned mt_dashboard_answer(struct mt_dashboard *d, struct mt_snapshot *a,
                             int64_t steady_ns)
{
    if (a == NULL) {
        d->pending = false;
        d->next_ns = steady_ns + SECOND;
        mt_dashboard_say(d, true, "not enough memory for the answer");
        return MT_DO_DRAW;
    }
    if (a->request.serial != d->serial) {
        mt_snapshot_free(a); /* of another question */
        return 0;
    }
    struct mt_level *l = mt_level(d);
    mt_snapshot_free(l->snapshot);
    l->snapshot = a;
    d->pending = a->request.brief && a->rc == 0; /* there is more to come */
    d->next_ns = next_after(d, a, steady_ns);
    if (a->rc == 0)
        mt_known_note(&d->known, a);
    if (a->request.names && !a->request.brief)
        mt_complete_named(d);
    mt_level_arrange(d, l);
    return MT_DO_DRAW;
}

/* ---- a replay ---- */

unsigned mt_dashboard_replayed(struct mt_dashboard *d,
                               const struct mt_pace_read *read,
                               int64_t steady_ns)
{
    bool was_over = mt_pace_is_over(&d->pace, d->steady_ns);
    mt_pace_told(&d->pace, read, steady_ns);
    d->steady_ns = steady_ns;
    if (was_over || !mt_pace_is_over(&d->pace, steady_ns))
        return 0;
    mt_dashboard_say(d, false, "the end of the capture: [ and { go back");
    return mt_ask_anew(d);
}

int64_t mt_dashboard_wanted_ns(const struct mt_dashboard *d, int64_t steady_ns)
{
    return mt_pace_wanted_ns(&d->pace, steady_ns);
}

bool mt_dashboard_is_playing(const struct mt_dashboard *d, int64_t steady_ns)
{
    bool there = mt_pace_now_ns(&d->pace, steady_ns) ==
                 mt_pace_wanted_ns(&d->pace, steady_ns);
    return d->config.replay && !mt_pace_is_over(&d->pace, steady_ns) &&
           !(d->pace.begun && d->pace.paused && there);
}

void mt_dashboard_has_grown(struct mt_dashboard *d)
{
    d->config.growing = false;
    (void)mt_ask_anew(d);
}

const struct mt_snapshot *mt_dashboard_snapshot(const struct mt_dashboard *d)
{
    return d->levels[d->depth].snapshot;
}

/* ---- words ---- */

void mt_dashboard_say(struct mt_dashboard *d, bool trouble, const char *text)
{
    (void)snprintf(d->message, sizeof d->message, "%s", text);
    d->trouble = trouble;
}

void mt_dashboard_note(struct mt_dashboard *d, bool trouble, const char *text,
                       const char *brief)
{
    (void)snprintf(d->note[0], sizeof d->note[0], "%s", text);
    (void)snprintf(d->note[1], sizeof d->note[1], "%s", brief);
    d->note_trouble = trouble;
}

const char *mt_dashboard_clip(const struct mt_dashboard *d)
{
    return d->clip;
}

void mt_put_window(struct mt_buf *b, const struct mt_dashboard *d)
{
    const struct mt_snapshot *a = mt_dashboard_snapshot(d);
    if (d->span_ns > 0) {
        mt_put_str(b, d->end_ns != 0 ? "" : "last ");
        mt_put_duration(b, d->span_ns);
        return;
    }
    mt_put_str(b, "everything");
    if (a == NULL || a->rc != 0 || !mt_info_is_known(&a->info) ||
        a->to_ns <= a->from_ns)
        return;
    int64_t all = mt_moments_ns(a->from_ns, a->to_ns);
    mt_put_str(b, ", ");
    if (all < SECOND)
        mt_put_latency(b, all);
    else
        mt_put_age(b, all);
}
