/* Whole connections are left out, by a hash of their endpoints. */
#include <assert.h>

#include "capture/sampler.h"
#include "capture/tap_flow.h"

/* The hash's low bits choose the bucket: these are others. */
enum { SAMPLE_SHIFT = 22 };

static bool is_out(const struct mt_tap *tap, uint32_t hash)
{
    return (hash >> SAMPLE_SHIFT & (tap->one_of - 1)) != 0;
}

bool mt_tap_leaves_out(const struct mt_tap *tap, const struct mt_flow_id *id)
{
    return tap->one_of > 1 && is_out(tap, id->hash);
}

static void end_list(struct mt_tap *tap, struct mt_flow *oldest)
{
    struct mt_flow *next;
    for (struct mt_flow *f = oldest; f != NULL; f = next) {
        next = f->newer;
        if (is_out(tap, f->hash))
            mt_tap_end_flow(tap, f, MT_END_EVICTED, tap->clock_ns);
    }
}

void mt_tap_sample(struct mt_tap *tap, uint32_t one_of)
{
    assert(one_of >= 1 && one_of <= MT_SAMPLE_MAX &&
           (one_of & (one_of - 1)) == 0);
    bool less = one_of > tap->one_of;
    tap->one_of = one_of;
    for (unsigned l = 0; less && !tap->ended && l < MT_FLOW_LISTS_COUNT; l++)
        end_list(tap, tap->flows.list[l].oldest);
}
