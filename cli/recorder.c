#include "cli/recorder.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/rc.h"
#include "base/ring.h"
#include "decode/codec.h"

enum { RING_BYTES = 4 << 20, HEAD_BYTES = 16 };

/* A record: its kind, the time that goes with it, the exchange. */
enum record_kind { RECORD_EXCHANGE, RECORD_OPEN, RECORD_COMMIT };

struct mt_recorder {
    struct mt_ring *ring;
    struct mt_writer *writer;
    pthread_t thread;
    int rc; /* of the writer: read after the thread was joined */
};

/* ---- the writer thread ---- */

static int write_record(struct mt_recorder *r, struct mt_span record,
                        struct mt_codec_scratch *scratch)
{
    struct mt_cursor c = mt_cursor_of(record);
    enum record_kind kind = (enum record_kind)mt_get_le64(&c);
    int64_t now_ns = (int64_t)mt_get_le64(&c);
    struct mt_exchange x;
    if (kind == RECORD_COMMIT)
        return mt_writer_commit(r->writer, now_ns);
    int decoded = mt_exchange_decode(c.rest, &x, scratch);
    if (decoded == MT_ELIMIT)
        return MT_STORE_ENOMEM;
    assert(decoded == 0);
    return kind == RECORD_OPEN ? mt_writer_open_exchange(r->writer, &x, now_ns)
                               : mt_writer_add(r->writer, &x);
}

static void *write_records(void *arg)
{
    struct mt_recorder *r = arg;
    struct mt_codec_scratch scratch = {0};
    struct mt_span record;
    while (r->rc == 0 && mt_ring_wait(r->ring, -1) != MT_DONE)
        while (r->rc == 0 && mt_ring_peek(r->ring, &record) == MT_EVENT) {
            r->rc = write_record(r, record, &scratch);
            mt_ring_release(r->ring);
        }
    if (r->rc != 0)
        mt_ring_close_reader(r->ring);
    mt_codec_scratch_deinit(&scratch);
    return NULL;
}

/* ---- the capture thread ---- */

static bool put(struct mt_recorder *r, enum record_kind kind, int64_t now_ns,
                const struct mt_exchange *x)
{
    size_t room = HEAD_BYTES + (x != NULL ? mt_exchange_encoded_max(x) : 0);
    uint8_t *p = mt_ring_reserve_wait(r->ring, room);
    if (p == NULL)
        return false;
    struct mt_buf head = mt_buf_of(p, HEAD_BYTES);
    mt_put_le64(&head, (uint64_t)kind);
    mt_put_le64(&head, (uint64_t)now_ns);
    size_t used = HEAD_BYTES;
    if (x != NULL)
        used += mt_exchange_encode(x, p + HEAD_BYTES, room - HEAD_BYTES);
    mt_ring_commit(r->ring, used);
    return true;
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

bool mt_recorder_commit(struct mt_recorder *r, int64_t now_ns)
{
    return put(r, RECORD_COMMIT, now_ns, NULL);
}

int mt_recorder_open(struct mt_recorder **out, const char *path,
                     const struct mt_writer_options *options)
{
    *out = NULL;
    struct mt_recorder *r = calloc(1, sizeof *r);
    if (r == NULL)
        return MT_STORE_ENOMEM;
    int rc = mt_writer_open(&r->writer, path, options);
    if (rc == 0) {
        r->ring = mt_ring_new(RING_BYTES);
        if (r->ring == NULL ||
            pthread_create(&r->thread, NULL, write_records, r) != 0)
            rc = MT_STORE_ENOMEM;
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
