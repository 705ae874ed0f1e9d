/* Stand-ins until the real ones are there: each goes as its decoder lands. */
#include "decode/decoder.h"

static int stub_open(void *state, struct mt_layer *layer,
                     const struct mt_switch_request *sw)
{
    (void)state, (void)layer;
    if (sw != NULL && sw->draft != NULL)
        mt_draft_finish(sw->draft, MT_ERROR_NONE, 0);
    return 0;
}

static int stub_feed(void *state, enum mt_role from, struct mt_chunk *in)
{
    (void)state, (void)from;
    in->bytes.len = 0;
    return MT_MORE;
}

static void stub_gap(void *state, enum mt_role from, uint64_t n, int64_t ts_ns)
{
    (void)state, (void)from, (void)n, (void)ts_ns;
}

static void stub_close(void *state, enum mt_role from, enum mt_end end,
                       int64_t ts_ns)
{
    (void)state, (void)from, (void)end, (void)ts_ns;
}

static void stub_free(void *state)
{
    (void)state;
}

#define STUB                                                                   \
    {                                                                          \
        .name = "stub", .open = stub_open, .feed = stub_feed, .gap = stub_gap, \
        .close = stub_close, .free = stub_free                                 \
    }

const struct mt_decoder mt_http2_decoder = STUB;     /* goes with http2.c */
