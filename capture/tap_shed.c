#include "capture/tap_flow.h"

#define SILENT_NS 60000000000

/* The first of a list that may go: not the one a packet is at work on. */
static struct mt_flow *oldest(const struct mt_tap *tap, enum mt_flow_list_id l)
{
    struct mt_flow *f = tap->flows.list[l].oldest;
    return f != NULL && f == tap->current ? f->newer : f;
}

static struct mt_flow *longest_silent(const struct mt_tap *tap)
{
    struct mt_flow *found = NULL;
    for (unsigned l = 0; l < MT_FLOW_LISTS_COUNT; l++) {
        struct mt_flow *f = oldest(tap, (enum mt_flow_list_id)l);
        if (f != NULL && tap->now_ns - f->last_ns >= SILENT_NS &&
            (found == NULL || f->last_ns < found->last_ns))
            found = f;
    }
    return found;
}

static uint64_t *counter_of(struct mt_tap *tap, const struct mt_flow *f,
                            bool silent)
{
    switch (f->list) {
    case MT_FLOW_CLOSED:
    case MT_FLOW_ALIAS:
        return &tap->counters.evicted_closed;
    case MT_FLOW_HALF_OPEN:
        return silent ? &tap->counters.evicted_idle
                      : &tap->counters.evicted_half_open;
    case MT_FLOW_QUIET:
        return silent ? &tap->counters.evicted_idle
                      : &tap->counters.evicted_quiet;
    case MT_FLOW_UDP_UNKNOWN:
    case MT_FLOW_UNKNOWN:
        return silent ? &tap->counters.evicted_idle
                      : &tap->counters.evicted_unknown;
    default:
        return silent ? &tap->counters.evicted_idle
                      : &tap->counters.evicted_decoded;
    }
}

bool mt_tap_shed_one(struct mt_tap *tap)
{
    if (tap->ending)
        return false;
    struct mt_flow *f = oldest(tap, MT_FLOW_CLOSED);
    bool silent = false;
    if (f == NULL) {
        f = longest_silent(tap);
        silent = f != NULL;
    }
    for (unsigned l = 0; f == NULL && l < MT_FLOW_LISTS_COUNT; l++)
        f = oldest(tap, (enum mt_flow_list_id)l);
    if (f == NULL)
        return false;
    ++*counter_of(tap, f, silent);
    mt_tap_end_flow(tap, f, MT_END_EVICTED, tap->clock_ns);
    return true;
}

void mt_tap_shed(struct mt_tap *tap)
{
    for (int i = 0;
         i < MT_TAP_SHED_MAX && tap->pool.used_bytes > tap->shed_bytes; i++)
        if (!mt_tap_shed_one(tap))
            return;
}
