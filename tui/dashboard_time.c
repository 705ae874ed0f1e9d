/* Keys of time: the window, its end, and the clock of a replay. */
#include "base/text.h"
#include "base/text_time.h"
#include "tui/dashboard_actions.h"

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)

static unsigned say_window(struct mt_dashboard *d)
{
    char text[80];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    mt_put_str(&b, "window: ");
    mt_put_window(&b, d);
    text[b.len] = '\0';
    mt_dashboard_say(d, false, text);
    return mt_ask_anew(d);
}

MT_ACTION(window)
{
    static const int64_t spans[] = {10 * SECOND,  MINUTE,      5 * MINUTE,
                                    15 * MINUTE,  60 * MINUTE, 360 * MINUTE,
                                    1440 * MINUTE};
    enum { SPANS = sizeof spans / sizeof spans[0] };
    int64_t now = d->span_ns > 0 ? d->span_ns : INT64_MAX;
    d->span_ns = 0;
    if (key == 'W') {
        for (size_t i = 0; i < SPANS; i++)
            if (spans[i] < now)
                d->span_ns = spans[i];
        return say_window(d);
    }
    if (now == INT64_MAX)
        d->span_ns = spans[0];
    for (size_t i = SPANS; i-- > 0 && now != INT64_MAX;)
        if (spans[i] > now)
            d->span_ns = spans[i];
    return say_window(d);
}

/* Pausing pins the window's end: what is drilled into then tells of the same
 * time. */
MT_ACTION(pause)
{
    const struct mt_snapshot *a = mt_dashboard_snapshot(d);
    (void)key;
    if (d->config.replay) {
        mt_pace_pause(&d->pace, !d->pace.paused, d->steady_ns);
        return mt_ask_anew(d);
    }
    if (d->end_ns != 0)
        d->end_ns = 0;
    else if (a != NULL && a->rc == 0)
        d->end_ns = a->to_ns;
    else
        return MT_DO_DRAW;
    return mt_ask_anew(d);
}

static int64_t added(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? a : sum;
}

static int64_t small_step_ns(const struct mt_dashboard *d)
{
    return d->span_ns / 10 > SECOND ? d->span_ns / 10
           : d->span_ns > 0         ? SECOND
                                    : 10 * SECOND;
}

static int64_t step_ns(const struct mt_dashboard *d, int32_t key)
{
    int64_t by = key == '{' || key == '}' ? MINUTE : small_step_ns(d);
    return key == '[' || key == '{' ? -by : by;
}

/* The end of the oldest window: it begins with the first that is there. Of a
 * window that is wider than all of it, a step of it is left to be seen. */
static int64_t oldest_end(const struct mt_dashboard *d,
                          const struct mt_snapshot *a)
{
    int64_t whole = added(a->info.first_ns, d->span_ns);
    int64_t part = added(a->info.first_ns, small_step_ns(d));
    int64_t end = whole <= a->now_ns ? whole : part;
    return end < a->now_ns ? end : a->now_ns;
}

/* From where it is going to, so that steps add up. */
static unsigned step_replay(struct mt_dashboard *d, int64_t by)
{
    int64_t at = mt_pace_wanted_ns(&d->pace, d->steady_ns);
    if (!d->pace.begun)
        return MT_DO_DRAW;
    if (at == INT64_MAX)
        at = d->pace.fed_ns;
    at = added(at, by);
    if (at <= d->pace.first_ns)
        mt_dashboard_say(d, false, "the beginning of the capture");
    mt_pace_seek(&d->pace, at, d->steady_ns);
    return mt_ask_anew(d);
}

/* Within what the database holds. */
MT_ACTION(step)
{
    const struct mt_snapshot *a = mt_dashboard_snapshot(d);
    int64_t by = step_ns(d, key);
    if (d->config.replay)
        return step_replay(d, by);
    if (a == NULL || a->rc != 0)
        return MT_DO_DRAW;
    if (d->span_ns == 0) {
        mt_dashboard_say(d, false, "the window is everything: W narrows it");
        return MT_DO_DRAW;
    }
    int64_t from = d->end_ns != 0 ? d->end_ns : a->to_ns;
    int64_t oldest = oldest_end(d, a), end = added(from, by);
    if (by < 0 && end <= oldest) {
        mt_dashboard_say(d, false,
                         "the oldest that is there: nothing is before it");
        end = oldest < from ? oldest : from;
    }
    d->end_ns = end < a->now_ns ? end : 0;
    return mt_ask_anew(d);
}

unsigned mt_go_live(struct mt_dashboard *d)
{
    d->end_ns = 0;
    if (d->config.replay) {
        mt_pace_pause(&d->pace, false, d->steady_ns);
        if (d->pace.begun)
            mt_pace_seek(&d->pace, d->pace.fed_ns, d->steady_ns);
    }
    return mt_ask_anew(d);
}

MT_ACTION(live)
{
    (void)key;
    return mt_go_live(d);
}
