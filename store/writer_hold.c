/* A tap beside a proxy: what it adds waits until the proxy has told of all that
 * ended by then, so that what both have seen is counted once.
 *
 * A proxy's thread tells of a connection before it forwards anything on it, and
 * the proxy's heartbeat is a moment before which all that was told is in the
 * same transaction. So what a tap saw end before the heartbeats of all proxies
 * at work is known for a copy, or is none. When it ended is not asked of its
 * own stamps, whose clock may be another: it was before the commit after which
 * it was given, its tick. */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/rc.h"
#include "base/ring.h"
#include "decode/codec.h"
#include "store/writer_impl.h"

enum {
    HOLD_BYTES = 8 << 20,
    HEAD_BYTES = 24,
    END_LOOKS = 100, /* at what proxies tell, when nothing more comes */
};

#define END_PAUSE_NS INT64_C(10000000)

/* A record: its kind, how many ticks there were before it, when an open one was
 * seen, what was added. */
enum held_kind {
    HELD_EXCHANGE,
    HELD_OPEN,
    HELD_DROPPED,
    HELD_REPORT,
    HELD_NAME
};

struct held {
    enum held_kind kind;
    uint64_t tick;
    int64_t seen_ns;
    struct mt_span bytes;
};

/* --- who else has seen it --- */

int mt_writer_meet(struct mt_writer *w)
{
    if (w->options.kind == MT_WRITER_PROXY)
        return 0;
    int rc = mt_proxied_refresh(&w->proxied, w->now_ns);
    return rc != 0 ? w->rc = rc : 0;
}

/* Decided once a connection, before its first exchange is counted. */
static int hop_of(struct mt_writer *w, const struct mt_exchange *x, int64_t *id)
{
    const struct mt_conn_slot *slot = mt_writer_conn_slot(w, x->conn);
    if (slot == NULL)
        return mt_proxied_find(&w->proxied, x, id);
    *id = slot->hop_of;
    return 0;
}

/* A tap's connection is decided without the word of a proxy at work. */
static int note_untold(struct mt_writer *w, const struct mt_exchange *x)
{
    bool is_sure = w->gives_told || w->proxied.told_ns == INT64_MAX ||
                   w->options.kind != MT_WRITER_TAP || w->hop_of != 0 ||
                   mt_writer_conn_slot(w, x->conn) != NULL;
    return is_sure ? 0 : mt_writer_lose(w, MT_LOSS_UNTOLD, 1, x->end_ns);
}

int mt_writer_observe(struct mt_writer *w, const struct mt_exchange **x,
                      struct mt_exchange *shadow)
{
    w->hop_of = 0;
    if (w->proxied.sets == NULL || (*x)->observer != MT_OBSERVER_TAP)
        return 0;
    int rc = hop_of(w, *x, &w->hop_of);
    if (rc == 0)
        rc = note_untold(w, *x);
    if (rc != 0)
        return w->rc = rc;
    if (w->hop_of != 0) {
        *shadow = **x;
        shadow->observer = MT_OBSERVER_TAP_SHADOW;
        *x = shadow;
    }
    return 0;
}

/* --- what waits --- */

static struct held held_of(struct mt_span record)
{
    struct mt_cursor c = mt_cursor_of(record);
    struct held h = {.kind = (enum held_kind)mt_get_le64(&c)};
    h.tick = mt_get_le64(&c);
    h.seen_ns = (int64_t)mt_get_le64(&c);
    h.bytes = c.rest;
    return h;
}

/* A name's record: its source, the address, the text. */
static int give_name(struct mt_writer *w, const struct held *h)
{
    struct mt_cursor c = mt_cursor_of(h->bytes);
    struct mt_addr addr;
    uint8_t source = mt_get_u8(&c);
    memcpy(&addr, mt_get_span(&c, sizeof addr).ptr, sizeof addr);
    mt_services_name(w->services, &addr, c.rest, source, h->seen_ns);
    return w->rc;
}

static int give(struct mt_writer *w, const struct held *h)
{
    if (h->kind == HELD_NAME)
        return give_name(w, h);
    if (h->kind == HELD_REPORT) {
        struct mt_conn_report report;
        assert(h->bytes.len == sizeof report);
        memcpy(&report, h->bytes.ptr, sizeof report);
        return mt_writer_report_now(w, &report);
    }
    if (h->kind == HELD_DROPPED) {
        struct mt_cursor c = mt_cursor_of(h->bytes);
        uint64_t conn = mt_get_le64(&c);
        return mt_writer_dropped_now(w, conn, mt_get_le64(&c));
    }
    struct mt_exchange x;
    int decoded = mt_exchange_decode(h->bytes, &x, &w->hold_scratch);
    if (decoded == MT_ELIMIT)
        return w->rc = MT_STORE_ENOMEM;
    assert(decoded == 0); /* our own bytes */
    return h->kind == HELD_OPEN ? mt_writer_open_now(w, &x, h->seen_ns)
                                : mt_writer_add_now(w, &x);
}

/* So long ago that its tick is forgotten: proxies that hang are not waited for.
 */
static bool is_given_up(const struct mt_writer *w, uint64_t tick)
{
    return w->ticks - tick > MT_HOLD_TICKS;
}

/* It was before a tick that all proxies at work have told of. */
static bool is_told(const struct mt_writer *w, uint64_t tick)
{
    return w->proxied.told_ns == INT64_MAX ||
           (tick < w->ticks && !is_given_up(w, tick) &&
            w->tick_ns[tick % MT_HOLD_TICKS] <= w->proxied.told_ns);
}

/* Gives the oldest one; false: none waits, or it waits on. */
static bool give_oldest(struct mt_writer *w, bool early)
{
    struct mt_span record;
    if (w->hold == NULL || mt_ring_peek(w->hold, &record) != MT_EVENT)
        return false;
    struct held h = held_of(record);
    w->gives_told = is_told(w, h.tick);
    if (!early && !w->gives_told && !is_given_up(w, h.tick))
        return false;
    (void)give(w, &h); /* sticky */
    w->gives_told = false;
    mt_ring_release(w->hold);
    return w->rc == 0;
}

static int release(struct mt_writer *w, bool early)
{
    while (give_oldest(w, early))
        continue;
    return w->rc;
}

static bool holds(const struct mt_writer *w)
{
    return w->hold != NULL && mt_ring_used_bytes(w->hold) > 0;
}

bool mt_writer_hurries(const struct mt_writer *w)
{
    return w->awaited || holds(w);
}

/* It waits while a proxy is at work, and behind what waits already. A proxy may
 * have come with the connection's first bytes. */
static bool must_wait(struct mt_writer *w, uint64_t conn)
{
    if (w->options.kind != MT_WRITER_TAP || w->rc != 0)
        return false;
    if (holds(w))
        return true;
    if (w->proxied.told_ns == INT64_MAX && mt_writer_conn_slot(w, conn) == NULL)
        (void)mt_writer_meet(w);
    return w->rc == 0 && w->proxied.told_ns != INT64_MAX;
}

/* Room for a record, made by giving the oldest early. NULL: none is big
 * enough, or no memory; then all that waits was given. */
static uint8_t *make_room(struct mt_writer *w, enum held_kind kind,
                          int64_t seen_ns, size_t bytes)
{
    uint8_t *p = NULL;
    if (w->hold == NULL)
        w->hold = mt_ring_new(HOLD_BYTES);
    if (w->hold != NULL && HEAD_BYTES + bytes <= mt_ring_record_max(w->hold))
        do
            p = mt_ring_reserve(w->hold, HEAD_BYTES + bytes);
        while (p == NULL && give_oldest(w, true));
    if (p == NULL) {
        (void)release(w, true);
        return NULL;
    }
    struct mt_buf head = mt_buf_of(p, HEAD_BYTES);
    mt_put_le64(&head, (uint64_t)kind);
    mt_put_le64(&head, w->ticks);
    mt_put_le64(&head, (uint64_t)seen_ns);
    return p + HEAD_BYTES;
}

/* False: it found no room, and goes on at once, behind all that waited. */
static bool wait_exchange(struct mt_writer *w, enum held_kind kind,
                          const struct mt_exchange *x, int64_t seen_ns)
{
    size_t room = mt_exchange_encoded_max(x);
    uint8_t *p = make_room(w, kind, seen_ns, room);
    if (p != NULL)
        mt_ring_commit(w->hold, HEAD_BYTES + mt_exchange_encode(x, p, room));
    return p != NULL;
}

int mt_writer_add(struct mt_writer *w, const struct mt_exchange *x)
{
    if (must_wait(w, x->conn) && wait_exchange(w, HELD_EXCHANGE, x, 0))
        return w->rc;
    return mt_writer_add_now(w, x);
}

int mt_writer_open_exchange(struct mt_writer *w, const struct mt_exchange *x,
                            int64_t now_ns)
{
    if (must_wait(w, x->conn) && wait_exchange(w, HELD_OPEN, x, now_ns))
        return w->rc;
    return mt_writer_open_now(w, x, now_ns);
}

int mt_writer_open_dropped(struct mt_writer *w, uint64_t conn, uint64_t stream)
{
    enum { BYTES = 16 };
    uint8_t *p =
        must_wait(w, conn) ? make_room(w, HELD_DROPPED, 0, BYTES) : NULL;
    if (p == NULL)
        return mt_writer_dropped_now(w, conn, stream);
    struct mt_buf b = mt_buf_of(p, BYTES);
    mt_put_le64(&b, conn);
    mt_put_le64(&b, stream);
    mt_ring_commit(w->hold, HEAD_BYTES + BYTES);
    return w->rc;
}

int mt_writer_report(struct mt_writer *w, const struct mt_conn_report *report)
{
    uint8_t *p = must_wait(w, report->conn)
                     ? make_room(w, HELD_REPORT, 0, sizeof *report)
                     : NULL;
    if (p == NULL)
        return mt_writer_report_now(w, report);
    memcpy(p, report, sizeof *report);
    mt_ring_commit(w->hold, HEAD_BYTES + sizeof *report);
    return w->rc;
}

/* Behind the exchanges that it is of. */
int mt_writer_name(struct mt_writer *w, const struct mt_addr *addr,
                   struct mt_span text, enum mt_name_source source,
                   int64_t now_ns)
{
    size_t bytes = 1 + sizeof *addr + text.len;
    uint8_t *p =
        w->rc == 0 && holds(w) ? make_room(w, HELD_NAME, now_ns, bytes) : NULL;
    if (p == NULL) {
        if (w->rc == 0)
            mt_services_name(w->services, addr, text, (uint8_t)source, now_ns);
        return w->rc;
    }
    struct mt_buf b = mt_buf_of(p, bytes);
    mt_put_u8(&b, (uint8_t)source);
    mt_put_span(&b, (struct mt_span){(const uint8_t *)addr, sizeof *addr});
    mt_put_span(&b, text);
    mt_ring_commit(w->hold, HEAD_BYTES + bytes);
    return w->rc;
}

int mt_writer_hold_tick(struct mt_writer *w, int64_t now_ns)
{
    if (w->rc != 0 || !holds(w))
        return w->rc;
    w->tick_ns[w->ticks++ % MT_HOLD_TICKS] = now_ns;
    return mt_writer_meet(w) == 0 ? release(w, false) : w->rc;
}

int mt_writer_hold_end(struct mt_writer *w, int64_t now_ns)
{
    int rc = mt_writer_hold_tick(w, now_ns);
    for (int i = 0; rc == 0 && holds(w) && i < END_LOOKS; i++) {
        mt_writer_pause(w, END_PAUSE_NS);
        rc = mt_writer_meet(w);
        if (rc == 0)
            rc = release(w, false);
    }
    return rc == 0 ? release(w, true) : rc;
}
