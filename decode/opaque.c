/* Bytes that are counted and not decoded. It has no state, so that opening it
 * cannot fail: it is what remains when nothing else does. */
#include "decode/conn.h"

static int opaque_open(void *state, struct mt_layer *layer,
                       const struct mt_switch_request *sw)
{
    (void)state, (void)layer, (void)sw;
    return 0;
}

static int opaque_feed(void *state, enum mt_role from, struct mt_chunk *in)
{
    (void)state, (void)from;
    in->bytes.len = 0;
    return MT_MORE;
}

static void opaque_datagram(void *state, enum mt_role from,
                            const struct mt_chunk *in)
{
    (void)state, (void)from, (void)in;
}

static void opaque_gap(void *state, enum mt_role from, uint64_t n,
                       int64_t ts_ns)
{
    (void)state, (void)from, (void)n, (void)ts_ns;
}

static void opaque_close(void *state, enum mt_role from, enum mt_end end,
                         int64_t ts_ns)
{
    (void)state, (void)from, (void)end, (void)ts_ns;
}

static void opaque_free(void *state)
{
    (void)state;
}

const struct mt_decoder mt_opaque_decoder = {
    .name = "opaque",
    .open = opaque_open,
    .feed = opaque_feed,
    .datagram = opaque_datagram,
    .gap = opaque_gap,
    .close = opaque_close,
    .free = opaque_free,
};
