#include "cli/recorder.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/rc.h"
#include "base/ring.h"
#include "capture/names_host.h"
#include "cli/clock.h"
#include "cli/say.h"
#include "decode/codec.h"

enum {
    RING_BYTES = 4 << 20,
    LIVE_RING_BYTES = 16 << 20, /* of half a second in which a disk is busy */
    LANES_RING_BYTES = 8 << 20, /* of all lanes of a proxy: 40 000 rows */
    LANE_RING_BYTES_MIN = 1 << 20,
    HEAD_BYTES = 16,
    COMMIT_MS = 200,
    UNTOLD_MAX = 256,
};

#define COMMIT_NS (COMMIT_MS * INT64_C(1000000))
#define HEARTBEAT_NS INT64_C(1000000000)
#define SAY_AGAIN_NS INT64_C(60000000000) /* that the disk is full */
#define OPEN_NS INT64_C(1000000000) /* what is open for so long has a row */

/* A record: its kind, the time that goes with it (a source: its number), the
 * exchange, losses, source or report. */
enum record_kind {
    RECORD_EXCHANGE,
    RECORD_OPEN,
    RECORD_DROPPED,
    RECORD_COMMIT,
    RECORD_LOSSES,
    RECORD_SOURCE,
    RECORD_REPORT,
    RECORD_CONN,
    RECORD_ENDPOINT,
    RECORD_BUDGET,
    RECORD_NAME,
};

/* What the lanes share: the thread, and the writer that it has. */
struct recording {
    struct mt_writer *writer;
    const char *path; /* borrowed */
    struct mt_recorder *lanes[MT_RECORDER_LANES_MAX];
    struct mt_ring *rings[MT_RECORDER_LANES_MAX];
    size_t count;
    pthread_t thread;
    int rc; /* of the writer: read after the thread was joined */
    bool live;
    bool timely;          /* commits by time, as live */
    bool started;         /* the thread is */
    atomic_bool broken;   /* rc is set */
    atomic_bool ending;   /* a full disk is not waited for any more */
    bool full;            /* the writer thread's: the disk was, last time */
    int64_t full_said_ns; /* 0: never */
    bool proxy;           /* it records what a proxy does */
    bool news;            /* the writer thread's: not committed */
    int64_t heard_ns;     /* all that was recorded before is with the writer */
    int64_t lap_ns;       /* heard_ns to be, once the lanes are read until: */
    uint64_t lap_end[MT_RECORDER_LANES_MAX];
    int64_t committed_ns;
    atomic_llong told_ns; /* now_ns of the last commit that was told to */
};

/* One lane: what one thread has of it. */
struct mt_recorder {
    struct recording *all;
    struct mt_ring *ring;
    _Atomic uint64_t lost_exchanges, lost_reports;
    struct {
        uint64_t conn, stream;
    } untold[UNTOLD_MAX]; /* lost, though they may have been told as open */
    uint32_t untold_count;
};

/* ---- the writer thread ---- */

static int take_losses(struct recording *r, struct mt_span totals,
                       int64_t now_ns)
{
    struct mt_cursor c = mt_cursor_of(totals);
    int rc = 0;
    for (int i = 0; rc == 0 && i < MT_LOSS_COUNT; i++)
        rc =
            mt_writer_loss(r->writer, (enum mt_loss)i, mt_get_le64(&c), now_ns);
    if (rc == 0)
        mt_writer_sampled(r->writer, (uint32_t)mt_get_le64(&c));
    return rc;
}

/* A struct mt_source_info without its path, then the path and a NUL. */
static int write_source(struct recording *r, uint32_t number,
                        struct mt_span record)
{
    struct mt_source_info info;
    struct mt_span head = mt_span_take(&record, sizeof info);
    memcpy(&info, head.ptr, sizeof info);
    info.path = (const char *)record.ptr;
    return mt_writer_source(r->writer, number, &info);
}

static int write_report(struct recording *r, struct mt_span bytes)
{
    struct mt_conn_report report;
    assert(bytes.len == sizeof report);
    memcpy(&report, bytes.ptr, sizeof report);
    return mt_writer_report(r->writer, &report);
}

static int commit_as_told(struct recording *r, int64_t now_ns)
{
    int rc = mt_writer_commit(r->writer, now_ns);
    if (rc == 0)
        atomic_store(&r->told_ns, now_ns);
    return rc;
}

static int write_conn(struct recording *r, struct mt_span bytes)
{
    struct mt_writer_conn conn;
    assert(bytes.len == sizeof conn);
    memcpy(&conn, bytes.ptr, sizeof conn);
    return mt_writer_conn(r->writer, &conn);
}

static int write_dropped(struct recording *r, struct mt_span bytes)
{
    struct mt_cursor c = mt_cursor_of(bytes);
    uint64_t conn = mt_get_le64(&c);
    return mt_writer_open_dropped(r->writer, conn, mt_get_le64(&c));
}

static int write_endpoint(struct mt_writer *w, struct mt_span bytes)
{
    struct mt_endpoint_state e;
    assert(bytes.len == sizeof e);
    memcpy(&e, bytes.ptr, sizeof e);
    return mt_writer_endpoint(w, &e);
}

static int write_budget(struct mt_writer *w, struct mt_span bytes)
{
    struct mt_budget_state b;
    assert(bytes.len == sizeof b);
    memcpy(&b, bytes.ptr, sizeof b);
    return mt_writer_budget(w, &b);
}

/* A struct mt_relay_name, then its text. */
static int write_name(struct mt_writer *w, struct mt_span record)
{
    struct mt_relay_name n;
    struct mt_span head = mt_span_take(&record, sizeof n);
    memcpy(&n, head.ptr, sizeof n);
    return mt_writer_name(w, &n.addr, record, (enum mt_name_source)n.source,
                          n.ts_ns);
}

static int write_record(struct recording *r, struct mt_span record,
                        struct mt_codec_scratch *scratch)
{
    struct mt_cursor c = mt_cursor_of(record);
    enum record_kind kind = (enum record_kind)mt_get_le64(&c);
    int64_t now_ns = (int64_t)mt_get_le64(&c);
    struct mt_exchange x;
    if (kind == RECORD_COMMIT)
        return commit_as_told(r, now_ns);
    if (kind == RECORD_LOSSES)
        return take_losses(r, c.rest, now_ns);
    if (kind == RECORD_SOURCE)
        return write_source(r, (uint32_t)now_ns, c.rest);
    r->news = true;
    if (kind == RECORD_REPORT)
        return write_report(r, c.rest);
    if (kind == RECORD_DROPPED)
        return write_dropped(r, c.rest);
    if (kind == RECORD_CONN)
        return write_conn(r, c.rest);
    if (kind == RECORD_ENDPOINT)
        return write_endpoint(r->writer, c.rest);
    if (kind == RECORD_BUDGET)
        return write_budget(r->writer, c.rest);
    if (kind == RECORD_NAME)
        return write_name(r->writer, c.rest);
    int decoded = mt_exchange_decode(c.rest, &x, scratch);
    if (decoded == MT_ELIMIT)
        return MT_STORE_ENOMEM;
    assert(decoded == 0);
    return kind == RECORD_OPEN ? mt_writer_open_exchange(r->writer, &x, now_ns)
                               : mt_writer_add(r->writer, &x);
}

/* ---- until when a proxy has told ---- */

/* The clock first: what was recorded before is in the lanes by then. */
static void begin_lap(struct recording *r)
{
    r->lap_ns = mt_wall_ns();
    for (size_t i = 0; i < r->count; i++)
        r->lap_end[i] = mt_ring_end(r->rings[i]);
}

/* Lanes that are never empty are heard all the same: a proxy that has much to
 * tell is not one that hangs. */
static void hear(struct recording *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (mt_ring_read_until(r->rings[i]) < r->lap_end[i])
            return;
    r->heard_ns = r->lap_ns;
    begin_lap(r);
}

/* Live: what came is committed at the next look, else the heartbeat is. */
static int commit_in_time(struct recording *r)
{
    int64_t since_ns = mt_steady_ns() - r->committed_ns;
    bool soon = r->news || mt_writer_hurries(r->writer);
    if (since_ns < (soon ? COMMIT_NS : HEARTBEAT_NS) || (!r->live && !r->news))
        return 0;
    r->committed_ns += since_ns;
    r->news = false;
    hear(r);
    int rc = mt_writer_commit(r->writer, r->proxy ? r->heard_ns : mt_wall_ns());
    if (rc == 0)
        r->full = false;
    return rc;
}

/* What finds no room in the rings meanwhile is counted as lost. */
static bool on_full(void *arg)
{
    struct recording *r = arg;
    int64_t now_ns = mt_steady_ns();
    if (!r->full &&
        (r->full_said_ns == 0 || now_ns - r->full_said_ns > SAY_AGAIN_NS)) {
        r->full_said_ns = now_ns;
        mt_warn(r->path, "the disk is full: what does not fit is lost, and "
                         "counted, until there is room; free some");
    }
    r->full = true;
    return !atomic_load(&r->ending);
}

/* The oldest record that there is, of all lanes: rows come nearly in the order
 * of their time. NULL: there is none. */
static struct mt_ring *oldest(struct recording *r, struct mt_span *record)
{
    struct mt_ring *found = NULL;
    uint64_t found_at = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct mt_span one;
        if (mt_ring_peek(r->rings[i], &one) != MT_EVENT)
            continue;
        struct mt_cursor c = mt_cursor_of(one);
        (void)mt_get_le64(&c);
        uint64_t at = mt_get_le64(&c);
        if (found == NULL || at < found_at) {
            found = r->rings[i];
            found_at = at;
            *record = one;
        }
    }
    return found;
}

static int drain(struct recording *r, struct mt_codec_scratch *scratch)
{
    struct mt_span record;
    struct mt_ring *ring;
    int rc = 0;
    begin_lap(r);
    while (rc == 0 && (ring = oldest(r, &record)) != NULL) {
        rc = write_record(r, record, scratch);
        mt_ring_release(ring);
        if (rc == 0 && r->timely)
            rc = commit_in_time(r);
    }
    if (rc == 0)
        hear(r); /* all of them were empty */
    return rc == 0 && r->timely ? commit_in_time(r) : rc;
}

static void *write_records(void *arg)
{
    struct recording *r = arg;
    struct mt_codec_scratch scratch = {0};
    (void)pthread_setname_np(pthread_self(), "recorder");
    while (r->rc == 0 && mt_rings_wait(r->rings, r->count,
                                       r->timely ? COMMIT_MS : -1) != MT_DONE)
        r->rc = drain(r, &scratch);
    if (r->rc != 0) {
        atomic_store(&r->broken, true);
        for (size_t i = 0; i < r->count; i++)
            mt_ring_close_reader(r->rings[i]);
    }
    mt_codec_scratch_deinit(&scratch);
    return NULL;
}

/* ---- the capture thread ---- */

/* With the first record: a live tap has dropped its privileges by then, and
 * what is started later has none. Several lanes: before any of them records. */
static bool start(struct recording *r)
{
    if (r->started || atomic_load(&r->broken))
        return r->started;
    r->started = pthread_create(&r->thread, NULL, write_records, r) == 0;
    if (!r->started) {
        r->rc = MT_STORE_ENOMEM;
        atomic_store(&r->broken, true);
    }
    return r->started;
}

/* NULL: the ring is full, or there is no reader any more. */
static uint8_t *reserve(struct mt_recorder *r, size_t room)
{
    if (!start(r->all))
        return NULL;
    return r->all->live ? mt_ring_reserve(r->ring, room)
                        : mt_ring_reserve_wait(r->ring, room);
}

/* What finds no room is lost where nothing waits. False: it is broken. */
static bool goes_on(const struct mt_recorder *r)
{
    return r->all->live && !atomic_load(&r->all->broken);
}

static void count_lost(_Atomic uint64_t *lost)
{
    (void)atomic_fetch_add_explicit(lost, 1, memory_order_relaxed);
}

static void put_head(uint8_t *p, enum record_kind kind, int64_t now_ns)
{
    struct mt_buf head = mt_buf_of(p, HEAD_BYTES);
    mt_put_le64(&head, (uint64_t)kind);
    mt_put_le64(&head, (uint64_t)now_ns);
}

static void lose_exchange(struct mt_recorder *r, const struct mt_exchange *x)
{
    count_lost(&r->lost_exchanges);
    if (x->observer == MT_OBSERVER_PROXY_ATTEMPT ||
        x->end_ns - x->req.start_ns < OPEN_NS || r->untold_count == UNTOLD_MAX)
        return;
    r->untold[r->untold_count].conn = x->conn;
    r->untold[r->untold_count++].stream = x->stream;
}

/* What was lost is over, although it has no row. */
static void tell_untold(struct mt_recorder *r)
{
    enum { ROOM = HEAD_BYTES + 16 };
    uint8_t *p;
    while (r->untold_count > 0 && (p = reserve(r, ROOM)) != NULL) {
        struct mt_buf b = mt_buf_of(p + HEAD_BYTES, ROOM - HEAD_BYTES);
        put_head(p, RECORD_DROPPED, 0);
        mt_put_le64(&b, r->untold[--r->untold_count].conn);
        mt_put_le64(&b, r->untold[r->untold_count].stream);
        mt_ring_commit(r->ring, ROOM);
    }
}

static bool put(struct mt_recorder *r, enum record_kind kind, int64_t now_ns,
                const struct mt_exchange *x)
{
    size_t room = HEAD_BYTES + (x != NULL ? mt_exchange_encoded_max(x) : 0);
    tell_untold(r);
    uint8_t *p = reserve(r, room);
    if (p == NULL) {
        if (kind == RECORD_EXCHANGE)
            lose_exchange(r, x);
        return goes_on(r);
    }
    put_head(p, kind, now_ns);
    size_t used = HEAD_BYTES;
    if (x != NULL)
        used += mt_exchange_encode(x, p + HEAD_BYTES, room - HEAD_BYTES);
    mt_ring_commit(r->ring, used);
    return true;
}

void mt_recorder_timely(struct mt_recorder *r)
{
    r->all->timely = true;
}

bool mt_recorder_exchange(struct mt_recorder *r, const struct mt_exchange *x)
{
    return put(r, RECORD_EXCHANGE, x->end_ns, x);
}

bool mt_recorder_open_exchange(struct mt_recorder *r,
                               const struct mt_exchange *x, int64_t now_ns)
{
    return put(r, RECORD_OPEN, now_ns, x);
}

bool mt_recorder_source(struct mt_recorder *r, uint32_t number,
                        const struct mt_source_info *info)
{
    size_t path_bytes = strlen(info->path) + 1;
    size_t bytes = HEAD_BYTES + sizeof *info + path_bytes;
    uint8_t *p = reserve(r, bytes);
    if (p == NULL) /* its end tells it again */
        return goes_on(r);
    put_head(p, RECORD_SOURCE, number);
    struct mt_buf b = mt_buf_of(p, bytes);
    b.len = HEAD_BYTES;
    mt_put_span(&b, (struct mt_span){(const uint8_t *)info, sizeof *info});
    mt_put_span(&b, (struct mt_span){(const uint8_t *)info->path, path_bytes});
    mt_ring_commit(r->ring, b.len);
    return true;
}

/* Within one process its bytes are as good as any form of them. */
static bool put_bytes(struct mt_recorder *r, enum record_kind kind,
                      int64_t now_ns, struct mt_span bytes)
{
    uint8_t *p = reserve(r, HEAD_BYTES + bytes.len);
    if (p == NULL) {
        count_lost(&r->lost_reports);
        return goes_on(r);
    }
    put_head(p, kind, now_ns);
    memcpy(p + HEAD_BYTES, bytes.ptr, bytes.len);
    mt_ring_commit(r->ring, HEAD_BYTES + bytes.len);
    return true;
}

bool mt_recorder_report(struct mt_recorder *r,
                        const struct mt_conn_report *report)
{
    return put_bytes(r, RECORD_REPORT, 0,
                     (struct mt_span){(const uint8_t *)report, sizeof *report});
}

bool mt_recorder_conn(struct mt_recorder *r, const struct mt_writer_conn *c)
{
    return put_bytes(r, RECORD_CONN, c->ns,
                     (struct mt_span){(const uint8_t *)c, sizeof *c});
}

bool mt_recorder_name(struct mt_recorder *r, const struct mt_relay_name *name)
{
    uint8_t host[MT_NAME_MAX_BYTES];
    struct mt_span text = mt_names_host(name->text, host);
    size_t bytes = HEAD_BYTES + sizeof *name + text.len;
    if (text.len == 0)
        return true;
    uint8_t *p = reserve(r, bytes);
    if (p == NULL) {
        count_lost(&r->lost_reports);
        return goes_on(r);
    }
    put_head(p, RECORD_NAME, name->ts_ns);
    struct mt_buf b = mt_buf_of(p, bytes);
    b.len = HEAD_BYTES;
    mt_put_span(&b, (struct mt_span){(const uint8_t *)name, sizeof *name});
    mt_put_span(&b, text);
    mt_ring_commit(r->ring, b.len);
    return true;
}

/* A second later it is told again: that it found no room is no loss. */
static bool put_state(struct mt_recorder *r, enum record_kind kind,
                      struct mt_span bytes, bool *broken)
{
    uint8_t *p = reserve(r, HEAD_BYTES + bytes.len);
    *broken = *broken || atomic_load(&r->all->broken);
    if (p == NULL)
        return false;
    put_head(p, kind, 0);
    memcpy(p + HEAD_BYTES, bytes.ptr, bytes.len);
    mt_ring_commit(r->ring, HEAD_BYTES + bytes.len);
    return true;
}

bool mt_recorder_endpoint(struct mt_recorder *r,
                          const struct mt_endpoint_state *e, bool *broken)
{
    return put_state(r, RECORD_ENDPOINT,
                     (struct mt_span){(const uint8_t *)e, sizeof *e}, broken);
}

bool mt_recorder_budget(struct mt_recorder *r, const struct mt_budget_state *b,
                        bool *broken)
{
    return put_state(r, RECORD_BUDGET,
                     (struct mt_span){(const uint8_t *)b, sizeof *b}, broken);
}

bool mt_recorder_commit(struct mt_recorder *r, int64_t now_ns)
{
    bool ok = put(r, RECORD_COMMIT, now_ns, NULL);
    mt_ring_hurry(r->ring);
    return ok;
}

int64_t mt_recorder_committed_ns(const struct mt_recorder *r)
{
    return atomic_load(&r->all->told_ns);
}

bool mt_recorder_losses(struct mt_recorder *r,
                        const uint64_t totals[MT_LOSS_COUNT],
                        uint32_t sample_one_of, int64_t now_ns)
{
    enum { ROOM = HEAD_BYTES + 8 * (MT_LOSS_COUNT + 1) };
    uint8_t *p = reserve(r, ROOM);
    if (p == NULL) /* the next ones hold these */
        return goes_on(r);
    put_head(p, RECORD_LOSSES, now_ns);
    struct mt_buf b = mt_buf_of(p + HEAD_BYTES, ROOM - HEAD_BYTES);
    for (int i = 0; i < MT_LOSS_COUNT; i++)
        mt_put_le64(&b, totals[i]);
    mt_put_le64(&b, sample_one_of);
    mt_ring_commit(r->ring, ROOM);
    return true;
}

struct mt_recorder_drops mt_recorder_drops(const struct mt_recorder *r)
{
    struct mt_recorder_drops sum = {0};
    for (size_t i = 0; i < r->all->count; i++) {
        const struct mt_recorder *lane = r->all->lanes[i];
        sum.exchanges +=
            atomic_load_explicit(&lane->lost_exchanges, memory_order_relaxed);
        sum.reports +=
            atomic_load_explicit(&lane->lost_reports, memory_order_relaxed);
    }
    return sum;
}

/* ---- life ---- */

static void free_lanes(struct recording *r)
{
    for (size_t i = 0; i < r->count; i++) {
        mt_ring_free(r->rings[i]);
        free(r->lanes[i]);
    }
    free(r);
}

static size_t ring_bytes(const struct mt_writer_options *options, size_t lanes)
{
    size_t n = LANES_RING_BYTES;
    if (options->kind == MT_WRITER_OFFLINE)
        return RING_BYTES;
    if (options->kind != MT_WRITER_PROXY)
        return LIVE_RING_BYTES;
    while (n * lanes > LANES_RING_BYTES && n > LANE_RING_BYTES_MIN)
        n /= 2;
    return n;
}

static bool add_lane(struct recording *r, size_t bytes)
{
    struct mt_recorder *lane = calloc(1, sizeof *lane);
    struct mt_ring *ring = mt_ring_new(bytes);
    if (lane == NULL || ring == NULL) {
        free(lane);
        mt_ring_free(ring);
        return false;
    }
    if (r->count > 0)
        mt_ring_wake_with(ring, r->rings[0]);
    lane->all = r;
    lane->ring = r->rings[r->count] = ring;
    r->lanes[r->count++] = lane;
    return true;
}

int mt_recorder_open_lanes(struct mt_recorder **lanes, size_t count,
                           const char *path,
                           const struct mt_writer_options *options)
{
    assert(count > 0 && count <= MT_RECORDER_LANES_MAX);
    lanes[0] = NULL;
    struct recording *r = calloc(1, sizeof *r);
    if (r == NULL)
        return MT_STORE_ENOMEM;
    struct mt_writer_options own = *options;
    r->live = r->timely = options->kind != MT_WRITER_OFFLINE;
    own.full = r->live ? on_full : NULL;
    own.full_arg = r;
    r->path = path;
    int rc = mt_writer_open(&r->writer, path, &own);
    r->proxy = options->kind == MT_WRITER_PROXY;
    r->heard_ns = options->now_ns;
    r->committed_ns = mt_steady_ns();
    while (rc == 0 && r->count < count)
        rc = add_lane(r, ring_bytes(options, count)) ? 0 : MT_STORE_ENOMEM;
    if (rc == 0 && count > 1 && !start(r))
        rc = r->rc;
    if (rc != 0) {
        mt_writer_abort(r->writer);
        free_lanes(r);
        return rc;
    }
    memcpy(lanes, r->lanes, count * sizeof *lanes);
    return 0;
}

int mt_recorder_other_tap(struct mt_recorder *r, struct mt_writer_other *other)
{
    assert(!r->all->started); /* the writer is its thread's then */
    return mt_writer_other_tap(r->all->writer, other);
}

int mt_recorder_open(struct mt_recorder **out, const char *path,
                     const struct mt_writer_options *options)
{
    return mt_recorder_open_lanes(out, 1, path, options);
}

struct mt_writer *mt_recorder_finish(struct mt_recorder *lane, int *rc,
                                     const char **detail)
{
    static char words[256];
    struct recording *r = lane->all;
    atomic_store(&r->ending, true);
    for (size_t i = 0; i < r->count; i++)
        mt_ring_close_writer(r->rings[i]);
    if (r->started)
        (void)pthread_join(r->thread, NULL);
    struct mt_writer *w = r->writer;
    mt_writer_wait_no_more(w);
    *rc = r->rc;
    *detail = "";
    if (r->rc != 0) {
        (void)snprintf(words, sizeof words, "%s", mt_writer_detail(w));
        *detail = words;
        mt_writer_abort(w);
        w = NULL;
    }
    free_lanes(r);
    return w;
}
