/* The PROXY protocol, versions 1 and 2, before the real protocol begins: the
 * header is taken off and detection looks again.
 * https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt, section 2. */
#include "decode/conn.h"

enum { V1_MAX_BYTES = 107, V2_HEAD_BYTES = 16, V2_MAX_BYTES = 536 };

static const struct mt_span v1_start = {(const uint8_t *)"PROXY ", 6};
static const struct mt_span v2_start = {(const uint8_t *)"\r\n\r\n\0\r\nQUIT\n",
                                        12};

struct proxy_protocol {
    uint8_t head[V2_HEAD_BYTES];
    size_t used;  /* bytes of the header so far */
    size_t total; /* its length, once known; 0: version 1, ends in LF */
    bool done;
};

static enum mt_match starts(struct mt_span bytes, struct mt_span start)
{
    size_t n = bytes.len < start.len ? bytes.len : start.len;
    if (n == 0 || memcmp(bytes.ptr, start.ptr, n) != 0)
        return MT_MATCH_NO;
    return n == start.len ? MT_MATCH_SURE : MT_MATCH_MORE;
}

static struct mt_verdict proxy_detect(const struct mt_probe *p)
{
    struct mt_verdict v = {MT_MATCH_NO, -1};
    for (int side = 0; side < 2; side++) {
        if (!p->fresh[side] || p->client == 1 - side)
            continue;
        enum mt_match m = starts(p->bytes[side], v1_start);
        if (m == MT_MATCH_NO)
            m = starts(p->bytes[side], v2_start);
        if (m > v.match)
            v = (struct mt_verdict){m, side};
    }
    return v;
}

static int proxy_open(void *state, struct mt_layer *layer,
                      const struct mt_switch_request *sw)
{
    (void)state, (void)layer, (void)sw;
    return 0;
}

/* Take the header's next byte. True: it was the last one. */
static bool take(struct proxy_protocol *p, uint8_t byte)
{
    if (p->used < sizeof p->head)
        p->head[p->used] = byte;
    p->used++;
    if (p->used == V2_HEAD_BYTES && p->head[0] == '\r')
        p->total = V2_HEAD_BYTES + (size_t)mt_be16(p->head + 14);
    if (p->head[0] != '\r')
        return byte == '\n' || p->used > V1_MAX_BYTES;
    return p->used >= V2_HEAD_BYTES &&
           (p->used == p->total || p->used > V2_MAX_BYTES);
}

static int proxy_feed(void *state, enum mt_role from, struct mt_chunk *in)
{
    struct proxy_protocol *p = state;
    if (from == MT_SERVER) { /* speaks first: its bytes are the protocol's */
        p->done = true;
        return MT_DONE;
    }
    while (in->bytes.len > 0 && !p->done)
        p->done = take(p, *mt_span_take(&in->bytes, 1).ptr);
    return p->done ? MT_DONE : MT_MORE;
}

static void proxy_gap(void *state, enum mt_role from, uint64_t n, int64_t ts_ns)
{
    (void)state, (void)from, (void)n, (void)ts_ns;
}

static void proxy_close(void *state, enum mt_role from, enum mt_end end,
                        int64_t ts_ns)
{
    (void)state, (void)from, (void)end, (void)ts_ns;
}

static struct mt_switch_request proxy_request(void *state)
{
    (void)state;
    return (struct mt_switch_request){.to = MT_SWITCH_DETECT};
}

static void proxy_free(void *state)
{
    (void)state;
}

const struct mt_decoder mt_proxy_protocol_decoder = {
    .name = "proxy-protocol",
    .state_bytes = sizeof(struct proxy_protocol),
    .prefix = true,
    .detect = proxy_detect,
    .open = proxy_open,
    .feed = proxy_feed,
    .gap = proxy_gap,
    .close = proxy_close,
    .request = proxy_request,
    .free = proxy_free,
};
