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
#include "cli/clock.h"
#include "decode/codec.h"

enum {
    RING_BYTES = 4 << 20,
    LIVE_RING_BYTES = 16 << 20, /* of half a second in which a disk is busy */
    HEAD_BYTES = 16,
    COMMIT_MS = 200,
};

#define COMMIT_NS (COMMIT_MS * INT64_C(1000000))
#define HEARTBEAT_NS INT64_C(1000000000)

/* A record: its kind, the time that goes with it (a source: its number), the
 * exchange, losses, source or report. */
enum record_kind {
    RECORD_EXCHANGE,
    RECORD_OPEN,
    RECORD_COMMIT,
    RECORD_LOSSES,
    RECORD_SOURCE,
    RECORD_REPORT,
    RECORD_CONN,
};

struct mt_recorder {
    struct mt_ring *ring;
    struct mt_writer *writer;
    pthread_t thread;
    int rc; /* of the writer: read after the thread was joined */
    bool live;
    bool timely;                    /* commits by time, as live */
    bool started;                   /* the thread is */
    atomic_bool broken;             /* rc is set */
    struct mt_recorder_drops drops; /* the capture thread's */
    bool news;                      /* the writer thread's: not committed */
    int64_t committed_ns;
    atomic_llong told_ns; /* now_ns of the last commit that was told to */
};

/* ---- the writer thread ---- */

static int take_losses(struct mt_recorder *r, struct mt_span totals,
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
static int write_source(struct mt_recorder *r, uint32_t number,
                        struct mt_span record)
{
    struct mt_source_info info;
    struct mt_span head = mt_span_take(&record, sizeof info);
    memcpy(&info, head.ptr, sizeof info);
    info.path = (const char *)record.ptr;
    return mt_writer_source(r->writer, number, &info);
}

static int write_report(struct mt_recorder *r, struct mt_span bytes)
{
    struct mt_conn_report report;
    assert(bytes.len == sizeof report);
    memcpy(&report, bytes.ptr, sizeof report);
    return mt_writer_report(r->writer, &report);
}

static int commit_as_told(struct mt_recorder *r, int64_t now_ns)
{
    int rc = mt_writer_commit(r->writer, now_ns);
    if (rc == 0)
        atomic_store(&r->told_ns, now_ns);
    return rc;
}

static int write_conn(struct mt_recorder *r, struct mt_span bytes)
{
    struct mt_writer_conn conn;
    assert(bytes.len == sizeof conn);
    memcpy(&conn, bytes.ptr, sizeof conn);
    return mt_writer_conn(r->writer, &conn);
}

static int write_record(struct mt_recorder *r, struct mt_span record,
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
    if (kind == RECORD_CONN)
        return write_conn(r, c.rest);
    int decoded = mt_exchange_decode(c.rest, &x, scratch);
    if (decoded == MT_ELIMIT)
        return MT_STORE_ENOMEM;
    assert(decoded == 0);
    return kind == RECORD_OPEN ? mt_writer_open_exchange(r->writer, &x, now_ns)
                               : mt_writer_add(r->writer, &x);
}

/* Live: what came is committed at the next look, else the heartbeat is. */
static int commit_in_time(struct mt_recorder *r)
{
    int64_t since_ns = mt_steady_ns() - r->committed_ns;
    if (since_ns < (r->news ? COMMIT_NS : HEARTBEAT_NS) ||
        (!r->live && !r->news))
        return 0;
    r->committed_ns += since_ns;
    r->news = false;
    return mt_writer_commit(r->writer, mt_wall_ns());
}

static int drain(struct mt_recorder *r, struct mt_codec_scratch *scratch)
{
    struct mt_span record;
    int rc = 0;
    while (rc == 0 && mt_ring_peek(r->ring, &record) == MT_EVENT) {
        rc = write_record(r, record, scratch);
        mt_ring_release(r->ring);
        if (rc == 0 && r->timely)
            rc = commit_in_time(r);
    }
    return rc == 0 && r->timely ? commit_in_time(r) : rc;
}

static void *write_records(void *arg)
{
    struct mt_recorder *r = arg;
    struct mt_codec_scratch scratch = {0};
    while (r->rc == 0 &&
           mt_ring_wait(r->ring, r->timely ? COMMIT_MS : -1) != MT_DONE)
        r->rc = drain(r, &scratch);
    if (r->rc != 0) {
        atomic_store(&r->broken, true);
        mt_ring_close_reader(r->ring);
    }
    mt_codec_scratch_deinit(&scratch);
    return NULL;
}

/* ---- the capture thread ---- */

/* With the first record: a live tap has dropped its privileges by then, and
 * what is started later has none. */
static bool start(struct mt_recorder *r)
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
    if (!start(r))
        return NULL;
    return r->live ? mt_ring_reserve(r->ring, room)
                   : mt_ring_reserve_wait(r->ring, room);
}

static void put_head(uint8_t *p, enum record_kind kind, int64_t now_ns)
{
    struct mt_buf head = mt_buf_of(p, HEAD_BYTES);
    mt_put_le64(&head, (uint64_t)kind);
    mt_put_le64(&head, (uint64_t)now_ns);
}

static bool put(struct mt_recorder *r, enum record_kind kind, int64_t now_ns,
                const struct mt_exchange *x)
{
    size_t room = HEAD_BYTES + (x != NULL ? mt_exchange_encoded_max(x) : 0);
    uint8_t *p = reserve(r, room);
    if (p == NULL) {
        r->drops.exchanges += kind == RECORD_EXCHANGE;
        return r->live && !atomic_load(&r->broken);
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
    r->timely = true;
}

bool mt_recorder_exchange(struct mt_recorder *r, const struct mt_exchange *x)
{
    return put(r, RECORD_EXCHANGE, 0, x);
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
        return r->live && !atomic_load(&r->broken);
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
                      struct mt_span bytes)
{
    uint8_t *p = reserve(r, HEAD_BYTES + bytes.len);
    if (p == NULL) {
        r->drops.reports++;
        return r->live && !atomic_load(&r->broken);
    }
    put_head(p, kind, 0);
    memcpy(p + HEAD_BYTES, bytes.ptr, bytes.len);
    mt_ring_commit(r->ring, HEAD_BYTES + bytes.len);
    return true;
}

bool mt_recorder_report(struct mt_recorder *r,
                        const struct mt_conn_report *report)
{
    return put_bytes(r, RECORD_REPORT,
                     (struct mt_span){(const uint8_t *)report, sizeof *report});
}

bool mt_recorder_conn(struct mt_recorder *r, const struct mt_writer_conn *c)
{
    return put_bytes(r, RECORD_CONN,
                     (struct mt_span){(const uint8_t *)c, sizeof *c});
}

bool mt_recorder_commit(struct mt_recorder *r, int64_t now_ns)
{
    bool ok = put(r, RECORD_COMMIT, now_ns, NULL);
    mt_ring_hurry(r->ring);
    return ok;
}

int64_t mt_recorder_committed_ns(const struct mt_recorder *r)
{
    return atomic_load(&r->told_ns);
}

bool mt_recorder_losses(struct mt_recorder *r,
                        const uint64_t totals[MT_LOSS_COUNT],
                        uint32_t sample_one_of, int64_t now_ns)
{
    enum { ROOM = HEAD_BYTES + 8 * (MT_LOSS_COUNT + 1) };
    uint8_t *p = reserve(r, ROOM);
    if (p == NULL) /* the next ones hold these */
        return r->live && !atomic_load(&r->broken);
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
    return r->drops;
}

int mt_recorder_open(struct mt_recorder **out, const char *path,
                     const struct mt_writer_options *options)
{
    *out = NULL;
    struct mt_recorder *r = calloc(1, sizeof *r);
    if (r == NULL)
        return MT_STORE_ENOMEM;
    int rc = mt_writer_open(&r->writer, path, options);
    r->live = r->timely = options->kind != MT_WRITER_OFFLINE;
    r->committed_ns = mt_steady_ns();
    if (rc == 0) {
        r->ring = mt_ring_new(r->live ? LIVE_RING_BYTES : RING_BYTES);
        rc = r->ring != NULL ? 0 : MT_STORE_ENOMEM;
    }
    if (rc != 0) {
        mt_writer_abort(r->writer);
        mt_ring_free(r->ring);
        free(r);
        return rc;
    }
    *out = r;
    return 0;
}

struct mt_writer *mt_recorder_finish(struct mt_recorder *r, int *rc,
                                     const char **detail)
{
    static char words[256];
    mt_ring_close_writer(r->ring);
    if (r->started)
        (void)pthread_join(r->thread, NULL);
    mt_ring_free(r->ring);
    struct mt_writer *w = r->writer;
    *rc = r->rc;
    *detail = "";
    if (r->rc != 0) {
        (void)snprintf(words, sizeof words, "%s", mt_writer_detail(w));
        *detail = words;
        mt_writer_abort(w);
        w = NULL;
    }
    free(r);
    return w;
}
