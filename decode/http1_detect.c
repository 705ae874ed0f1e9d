#include "decode/http1_detect.h"

#include "decode/http1.h"

/* A start line longer than this is believed by its beginning. */
enum { LONG_START_BYTES = 3000 };

/* The first bytes ever of a side: the parser itself is asked. */
static enum mt_match fresh_start(enum mt_http1_side side, struct mt_span bytes)
{
    while (bytes.len > 0 && (bytes.ptr[0] == '\r' || bytes.ptr[0] == '\n'))
        (void)mt_span_take(&bytes, 1);
    if (bytes.len == 0)
        return MT_MATCH_NO;
    size_t lf = mt_span_find(bytes, '\n');
    if (lf == bytes.len) {
        bool whole;
        if (!mt_http1_plausible(side, bytes, &whole))
            return MT_MATCH_NO;
        return bytes.len > LONG_START_BYTES ? MT_MATCH_LIKELY : MT_MATCH_MORE;
    }
    struct mt_http1 p; /* a whole line takes nothing from the pool */
    struct mt_http1_event ev;
    struct mt_span line = {.ptr = bytes.ptr, .len = lf + 1};
    if (line.len > mt_http1_lenient.line_max_bytes)
        return MT_MATCH_LIKELY;
    mt_http1_init(&p, side, &mt_http1_lenient, NULL);
    bool good = mt_http1_next(&p, &line, &ev) == MT_EVENT &&
                (p.anomalies & MT_ANOMALY_BAD_VERSION) == 0;
    return good ? MT_MATCH_SURE : MT_MATCH_NO;
}

/* Any line of a side that was joined late may be the first of a message. */
static enum mt_match late_start(enum mt_http1_side side, struct mt_span bytes)
{
    enum mt_match best = MT_MATCH_NO;
    while (bytes.len > 0) {
        bool whole;
        if (mt_http1_plausible(side, bytes, &whole)) {
            if (whole)
                return MT_MATCH_SURE;
            best =
                bytes.len > LONG_START_BYTES ? MT_MATCH_LIKELY : MT_MATCH_MORE;
        }
        size_t lf = mt_span_find(bytes, '\n');
        while (lf < bytes.len && (lf == 0 || bytes.ptr[lf - 1] != '\r')) {
            (void)mt_span_take(&bytes, lf + 1);
            lf = mt_span_find(bytes, '\n');
        }
        (void)mt_span_take(&bytes, lf < bytes.len ? lf + 1 : lf);
    }
    return best;
}

/* Does this side send what `what` says? */
static void judge(const struct mt_probe *p, int side, enum mt_http1_side what,
                  struct mt_verdict *v)
{
    int client = what == MT_HTTP1_REQUESTS ? side : 1 - side;
    if (p->client >= 0 && p->client != client)
        return;
    enum mt_match m = p->fresh[side] ? fresh_start(what, p->bytes[side])
                                     : late_start(what, p->bytes[side]);
    if (m > v->match)
        *v = (struct mt_verdict){m, client};
}

struct mt_verdict mt_http1_detect(const struct mt_probe *p)
{
    struct mt_verdict v = {MT_MATCH_NO, -1};
    if (p->alpn.len > 0 && !mt_span_starts(p->alpn, MT_SPAN("http/1")))
        return v;
    for (int side = 0; side < 2; side++) {
        judge(p, side, MT_HTTP1_REQUESTS, &v);
        judge(p, side, MT_HTTP1_RESPONSES, &v);
    }
    return v;
}
