/* A tap beside a proxy: what it adds waits until the proxy's own word is
 * there, so that what both have seen is counted once. */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/rc.h"
#include "base/ring.h"
#include "decode/codec.h"
#include "store/writer_impl.h"

enum { HOLD_BYTES = 8 << 20, HEAD_BYTES = 16 };

#define REFRESH_NS INT64_C(100000000)

/* A record: its kind, when it came by the packets' clock, what was added. */
enum held_kind { HELD_EXCHANGE, HELD_OPEN, HELD_REPORT };

/* --- who else has seen it --- */

/* Looks at what the proxies have written, but not for every connection. */
static int refresh(struct mt_writer *w)
{
    if (mt_ns_sub(w->hold_now_ns, w->refreshed_ns) < REFRESH_NS)
        return 0;
    w->refreshed_ns = w->hold_now_ns;
    return mt_proxied_refresh(&w->proxied, w->now_ns);
}

int mt_writer_meet(struct mt_writer *w)
{
    if (w->options.kind == MT_WRITER_PROXY)
        return 0;
    w->refreshed_ns = w->hold_now_ns;
    int rc = mt_proxied_refresh(&w->proxied, w->now_ns);
    return rc != 0 ? w->rc = rc : 0;
}

/* Decided once a connection, before its first exchange is counted. */
static int hop_of(struct mt_writer *w, const struct mt_exchange *x, int64_t *id)
{
    const struct mt_conn_slot *slot = mt_writer_conn_slot(w, x->conn);
    if (slot != NULL) {
        *id = slot->hop_of;
        return 0;
    }
    int rc = refresh(w);
    return rc == 0 ? mt_proxied_find(&w->proxied, x, id) : rc;
}

int mt_writer_observe(struct mt_writer *w, const struct mt_exchange **x,
                      struct mt_exchange *shadow)
{
    w->hop_of = 0;
    if (w->proxied.sets == NULL || (*x)->observer != MT_OBSERVER_TAP)
        return 0;
    int rc = hop_of(w, *x, &w->hop_of);
    if (rc != 0)
        return w->rc = rc;
    if (w->hop_of != 0) {
        *shadow = **x;
        shadow->observer = MT_OBSERVER_TAP_SHADOW;
        *x = shadow;
    }
    return 0;
}

/* --- waiting --- */

static int give(struct mt_writer *w, struct mt_span record)
{
    struct mt_cursor c = mt_cursor_of(record);
    enum held_kind kind = (enum held_kind)mt_get_le64(&c);
    int64_t at_ns = (int64_t)mt_get_le64(&c);
    if (kind == HELD_REPORT) {
        struct mt_conn_report report;
        assert(c.rest.len == sizeof report);
        memcpy(&report, c.rest.ptr, sizeof report);
        return mt_writer_report_now(w, &report);
    }
    struct mt_exchange x;
    int decoded = mt_exchange_decode(c.rest, &x, &w->hold_scratch);
    if (decoded == MT_ELIMIT)
        return w->rc = MT_STORE_ENOMEM;
    assert(decoded == 0); /* our own bytes */
    return kind == HELD_OPEN ? mt_writer_open_now(w, &x, at_ns)
                             : mt_writer_add_now(w, &x);
}

static int64_t time_of(struct mt_span record)
{
    struct mt_cursor c = mt_cursor_of(record);
    (void)mt_get_le64(&c);
    return (int64_t)mt_get_le64(&c);
}

/* Give the oldest one; false: there is none. */
static bool give_oldest(struct mt_writer *w, int64_t until_ns)
{
    struct mt_span record;
    if (w->hold == NULL || mt_ring_peek(w->hold, &record) != MT_EVENT ||
        time_of(record) > until_ns)
        return false;
    (void)give(w, record); /* sticky */
    mt_ring_release(w->hold);
    return w->rc == 0;
}

int mt_writer_release(struct mt_writer *w, int64_t until_ns)
{
    while (give_oldest(w, until_ns))
        continue;
    return w->rc;
}

/* It waits while a proxy is at work, and behind what waits already. */
static bool must_wait(const struct mt_writer *w)
{
    return w->options.kind == MT_WRITER_TAP &&
           (w->proxied.live ||
            (w->hold != NULL && mt_ring_used_bytes(w->hold) > 0));
}

/* Room for a record, made by giving the oldest early. NULL: none is big
 * enough, or no memory. */
static uint8_t *make_room(struct mt_writer *w, enum held_kind kind,
                          int64_t at_ns, size_t bytes)
{
    if (w->hold == NULL)
        w->hold = mt_ring_new(HOLD_BYTES);
    if (w->hold == NULL || HEAD_BYTES + bytes > mt_ring_record_max(w->hold))
        return NULL;
    uint8_t *p;
    while ((p = mt_ring_reserve(w->hold, HEAD_BYTES + bytes)) == NULL)
        if (!give_oldest(w, INT64_MAX))
            return NULL;
    struct mt_buf head = mt_buf_of(p, HEAD_BYTES);
    mt_put_le64(&head, (uint64_t)kind);
    mt_put_le64(&head, (uint64_t)at_ns);
    return p + HEAD_BYTES;
}

/* The clock goes on; what has waited long enough is given. */
static int advance(struct mt_writer *w, int64_t now_ns)
{
    if (now_ns > w->hold_now_ns)
        w->hold_now_ns = now_ns;
    return mt_writer_release(w, mt_ns_sub(w->hold_now_ns, MT_HOLD_NS));
}

/* False: it found no room, and goes on at once, behind all that waits. */
static bool wait_exchange(struct mt_writer *w, enum held_kind kind,
                          const struct mt_exchange *x)
{
    size_t room = mt_exchange_encoded_max(x);
    uint8_t *p = make_room(w, kind, w->hold_now_ns, room);
    if (p == NULL) {
        (void)mt_writer_release(w, INT64_MAX);
        return false;
    }
    mt_ring_commit(w->hold, HEAD_BYTES + mt_exchange_encode(x, p, room));
    return true;
}

int mt_writer_add(struct mt_writer *w, const struct mt_exchange *x)
{
    if (!must_wait(w))
        return mt_writer_add_now(w, x);
    if (w->rc == 0 && advance(w, x->end_ns) == 0 &&
        !wait_exchange(w, HELD_EXCHANGE, x))
        return mt_writer_add_now(w, x);
    return w->rc;
}

int mt_writer_open_exchange(struct mt_writer *w, const struct mt_exchange *x,
                            int64_t now_ns)
{
    if (!must_wait(w))
        return mt_writer_open_now(w, x, now_ns);
    if (w->rc == 0 && advance(w, now_ns) == 0 &&
        !wait_exchange(w, HELD_OPEN, x))
        return mt_writer_open_now(w, x, now_ns);
    return w->rc;
}

int mt_writer_report(struct mt_writer *w, const struct mt_conn_report *report)
{
    if (!must_wait(w))
        return mt_writer_report_now(w, report);
    if (w->rc != 0 || advance(w, report->ts_ns) != 0)
        return w->rc;
    uint8_t *p = make_room(w, HELD_REPORT, w->hold_now_ns, sizeof *report);
    if (p == NULL) {
        (void)mt_writer_release(w, INT64_MAX);
        return mt_writer_report_now(w, report);
    }
    memcpy(p, report, sizeof *report);
    mt_ring_commit(w->hold, HEAD_BYTES + sizeof *report);
    return 0;
}

int mt_writer_hold_tick(struct mt_writer *w, int64_t now_ns)
{
    if (w->hold == NULL)
        return w->rc;
    return advance(w, now_ns);
}

int mt_writer_hold_end(struct mt_writer *w)
{
    if (w->rc != 0 || w->hold == NULL)
        return w->rc;
    int rc = mt_writer_meet(w);
    return rc == 0 ? mt_writer_release(w, INT64_MAX) : rc;
}
