#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include "decode/codec.h"
#include "store/relay_impl.h"

enum { WHY_BYTES = 192 };

/* What is waited for. */
enum state { HEAD, BLOCK_HEAD, BLOCK, RECORDS, AFTER };

struct mt_relay_reader {
    ZSTD_DCtx *zstd;
    enum state state;
    int rc;
    bool packed_ended; /* the compressed data ended: no more may follow */
    bool packed_used;  /* all that was taken is unpacked */
    bool host_seen;
    uint64_t blocks;
    struct mt_relay_read read;
    struct mt_span in;
    size_t have, want;   /* bytes of the head or the block */
    uint32_t checksum;   /* of the block */
    struct mt_span rest; /* records of the block that were not given yet */
    struct mt_codec_scratch scratch;
    char path[MT_RELAY_TEXT_MAX + 1];
    char why[WHY_BYTES];
    uint8_t bytes[MT_RELAY_BLOCK_MAX];
};

static int broken(struct mt_relay_reader *r, const char *why)
{
    (void)snprintf(r->why, sizeof r->why,
                   "damaged here: %s; the %llu exchanges before were read", why,
                   (unsigned long long)r->read.exchanges);
    r->rc = MT_EPROTO;
    return r->rc;
}

static int no_memory(struct mt_relay_reader *r)
{
    (void)snprintf(r->why, sizeof r->why, "not enough memory");
    r->rc = MT_ELIMIT;
    return r->rc;
}

bool mt_relay_detect(struct mt_span start)
{
    return mt_span_starts(
        start, (struct mt_span){mt_relay_magic, MT_RELAY_MAGIC_BYTES});
}

/* ---- bytes into blocks ---- */

static void wait_for(struct mt_relay_reader *r, enum state state, size_t want)
{
    r->state = state;
    r->have = 0;
    r->want = want;
}

static int take_head(struct mt_relay_reader *r)
{
    size_t n = r->want - r->have;
    if (n > r->in.len)
        n = r->in.len;
    if (n > 0)
        memcpy(r->bytes + r->have, mt_span_take(&r->in, n).ptr, n);
    r->have += n;
    r->read.bytes += n;
    if (r->have < r->want)
        return MT_MORE;
    if (!mt_relay_detect((struct mt_span){r->bytes, r->have}))
        return broken(r, "it does not begin as a stream of record -w -");
    uint16_t major = mt_le16(r->bytes + MT_RELAY_MAGIC_BYTES);
    if (major != MT_RELAY_MAJOR) {
        (void)snprintf(r->why, sizeof r->why,
                       "a stream of version %u, and this meshtop reads version "
                       "%d; use the same meshtop at both ends",
                       major, MT_RELAY_MAJOR);
        return r->rc = MT_EPROTO;
    }
    wait_for(r, BLOCK_HEAD, MT_RELAY_BLOCK_HEAD);
    return MT_EVENT;
}

/* Decompress into r->bytes until r->want are there: MT_EVENT, or MT_MORE. */
static int unpack(struct mt_relay_reader *r)
{
    ZSTD_outBuffer out = {r->bytes, r->want, r->have};
    ZSTD_inBuffer in = {r->in.ptr, r->in.len, 0};
    /* zstd takes being asked again and again, without a new byte, for damage */
    while (out.pos < out.size && !r->packed_ended &&
           (in.pos < in.size || !r->packed_used)) {
        size_t hint = ZSTD_decompressStream(r->zstd, &out, &in);
        if (ZSTD_isError(hint)) {
            (void)mt_span_take(&r->in, in.pos);
            return broken(r, "the compressed data is not zstd's");
        }
        r->packed_ended = hint == 0;
        r->packed_used = out.pos < out.size;
    }
    (void)mt_span_take(&r->in, in.pos);
    r->read.bytes += in.pos;
    r->have = out.pos;
    if (r->have == r->want)
        return MT_EVENT;
    return r->packed_ended ? broken(r, "the compressed data ends too early")
                           : MT_MORE;
}

static int take_block_head(struct mt_relay_reader *r)
{
    int rc = unpack(r);
    if (rc != MT_EVENT)
        return rc;
    uint32_t length = mt_le32(r->bytes);
    r->checksum = mt_le32(r->bytes + 4);
    if (length == 0 || length > MT_RELAY_BLOCK_MAX)
        return broken(r, "a block of impossible length");
    wait_for(r, BLOCK, length);
    return MT_EVENT;
}

static int take_block(struct mt_relay_reader *r)
{
    int rc = unpack(r);
    if (rc != MT_EVENT)
        return rc;
    r->rest = (struct mt_span){r->bytes, r->want};
    if (mt_relay_checksum(r->rest, r->blocks++) != r->checksum)
        return broken(r, "a block does not have its checksum");
    r->state = RECORDS;
    return MT_EVENT;
}

/* The stream said that it is whole: what follows is the end of the compressed
 * data, and no more. */
static int take_after(struct mt_relay_reader *r)
{
    uint8_t more;
    wait_for(r, AFTER, sizeof more);
    while (r->in.len > 0 && !r->packed_ended) {
        ZSTD_outBuffer out = {&more, sizeof more, 0};
        ZSTD_inBuffer in = {r->in.ptr, r->in.len, 0};
        size_t hint = ZSTD_decompressStream(r->zstd, &out, &in);
        if (ZSTD_isError(hint) || out.pos > 0)
            break;
        (void)mt_span_take(&r->in, in.pos);
        r->read.bytes += in.pos;
        r->packed_ended = hint == 0;
    }
    return r->in.len > 0 ? broken(r, "more follows the stream's end; give "
                                     "each stream an -r of its own")
                         : MT_MORE;
}

/* ---- records ---- */

static struct mt_span get_text(struct mt_cursor *c)
{
    uint64_t n = mt_get_varint(c);
    if (n > MT_RELAY_TEXT_MAX)
        c->bad = true;
    return mt_get_span(c, c->bad ? 0 : (size_t)n);
}

static int64_t get_time(struct mt_cursor *c)
{
    return mt_unzigzag(mt_get_varint(c));
}

static uint64_t get_most(struct mt_cursor *c, uint64_t most)
{
    uint64_t v = mt_get_varint(c);
    if (v > most)
        c->bad = true;
    return c->bad ? 0 : v;
}

static void get_host(struct mt_cursor *c, struct mt_relay_host *h)
{
    h->id = get_text(c);
    h->boot = get_text(c);
    h->name = get_text(c);
    h->version = get_text(c);
    h->started_ns = get_time(c);
    h->clock = (uint8_t)get_most(c, UINT8_MAX);
}

static void get_name(struct mt_cursor *c, struct mt_relay_name *n)
{
    struct mt_span ip = mt_get_span(c, sizeof n->addr.ip);
    n->addr = (struct mt_addr){.port = 0};
    if (ip.len > 0)
        memcpy(n->addr.ip, ip.ptr, ip.len);
    n->addr.port = (uint16_t)get_most(c, UINT16_MAX);
    n->text = get_text(c);
    n->source = (uint8_t)get_most(c, UINT8_MAX);
    n->ts_ns = get_time(c);
}

static void get_report(struct mt_cursor *c, struct mt_conn_report *report)
{
    report->conn = mt_get_varint(c);
    report->ts_ns = get_time(c);
    uint64_t ends = mt_get_varint(c);
    report->opened = (ends & MT_RELAY_OPENED) != 0;
    report->closed = (ends & MT_RELAY_CLOSED) != 0;
    report->handshake_ns = get_time(c);
    for (int role = 0; role < 2; role++) {
        report->retransmissions[role] = (uint32_t)get_most(c, UINT32_MAX);
        report->zero_windows[role] = (uint32_t)get_most(c, UINT32_MAX);
    }
}

static void get_source(struct mt_relay_reader *r, struct mt_cursor *c,
                       struct mt_relay_record *record)
{
    record->number = (uint32_t)get_most(c, UINT32_MAX);
    record->path = get_text(c);
    if (record->path.len > 0)
        memcpy(r->path, record->path.ptr, record->path.len);
    r->path[record->path.len] = '\0';
    record->info = (struct mt_source_info){.path = r->path};
    record->info.size_bytes = mt_get_varint(c);
    record->info.inode = mt_get_varint(c);
    record->info.packets = mt_get_varint(c);
    record->info.first_ns = get_time(c);
    record->info.last_ns = get_time(c);
}

/* One that this version cannot read, such as of a protocol with a newer
 * number, is passed over and counted. */
static int get_exchange(struct mt_relay_reader *r, struct mt_cursor *c,
                        struct mt_relay_record *record)
{
    if (record->kind == MT_RELAY_OPEN)
        record->now_ns = get_time(c);
    uint32_t n = mt_get_le32(c);
    struct mt_span bytes = mt_get_span(c, n);
    if (c->bad)
        return MT_EVENT;
    int rc = mt_exchange_decode(bytes, &record->x, &r->scratch);
    if (rc == MT_ELIMIT)
        return no_memory(r);
    if (record->kind == MT_RELAY_EXCHANGE) {
        r->read.exchanges += rc == 0;
        r->read.refused += rc != 0;
    }
    return rc == 0 ? MT_EVENT : MT_MORE;
}

static int get_end(struct mt_relay_reader *r, struct mt_cursor *c,
                   struct mt_relay_record *record)
{
    record->total = mt_get_varint(c);
    if (!c->bad && record->total != r->read.exchanges + r->read.refused)
        return broken(r, "exchanges are missing from it");
    r->state = AFTER;
    return MT_EVENT;
}

/* MT_EVENT; MT_MORE: of no use here; < 0. */
static int get_payload(struct mt_relay_reader *r, struct mt_cursor *c,
                       struct mt_relay_record *record)
{
    switch (record->kind) {
    case MT_RELAY_HOST:
        r->host_seen = true;
        get_host(c, &record->host);
        return MT_EVENT;
    case MT_RELAY_EXCHANGE:
    case MT_RELAY_OPEN:
        return get_exchange(r, c, record);
    case MT_RELAY_NAME:
        get_name(c, &record->name);
        return record->name.source < MT_NAME_COUNT ? MT_EVENT : MT_MORE;
    case MT_RELAY_LOSS:
        record->loss = (enum mt_loss)get_most(c, INT32_MAX);
        record->total = mt_get_varint(c);
        return (unsigned)record->loss < MT_LOSS_COUNT ? MT_EVENT : MT_MORE;
    case MT_RELAY_SOURCE:
        get_source(r, c, record);
        return MT_EVENT;
    case MT_RELAY_MARK:
        record->now_ns = get_time(c);
        record->wall_ns = get_time(c);
        return MT_EVENT;
    case MT_RELAY_END:
        return get_end(r, c, record);
    case MT_RELAY_REPORT:
        get_report(c, &record->report);
        return MT_EVENT;
    case MT_RELAY_SAMPLE:
        record->number = (uint32_t)get_most(c, UINT32_MAX);
        return MT_EVENT;
    case MT_RELAY_NONE:
    case MT_RELAY_COUNT:
        break;
    }
    return MT_MORE;
}

/* MT_MORE: the block is used up. */
static int next_record(struct mt_relay_reader *r,
                       struct mt_relay_record *record)
{
    while (r->rest.len > 0) {
        struct mt_cursor c = mt_cursor_of(r->rest);
        uint64_t kind = mt_get_varint(&c);
        uint32_t length = mt_get_le32(&c);
        struct mt_cursor payload = mt_cursor_of(mt_get_span(&c, length));
        if (c.bad)
            return broken(r, "a record is longer than its block");
        r->rest = c.rest;
        record->kind =
            kind < MT_RELAY_COUNT ? (enum mt_relay_kind)kind : MT_RELAY_NONE;
        if (r->host_seen == (record->kind == MT_RELAY_HOST))
            return broken(r, "it does not say first, and once, who writes it");
        int rc = get_payload(r, &payload, record);
        if (rc >= 0 && payload.bad)
            return broken(r, "a record is too short");
        if (rc != MT_MORE)
            return rc;
    }
    wait_for(r, BLOCK_HEAD, MT_RELAY_BLOCK_HEAD);
    return MT_MORE;
}

/* ---- the whole ---- */

int mt_relay_next(struct mt_relay_reader *r, struct mt_relay_record *record)
{
    for (;;) {
        int rc = r->rc;
        if (rc == 0)
            switch (r->state) {
            case HEAD:
                rc = take_head(r);
                break;
            case BLOCK_HEAD:
                rc = take_block_head(r);
                break;
            case BLOCK:
                rc = take_block(r);
                break;
            case RECORDS:
                rc = next_record(r, record);
                if (rc == MT_EVENT)
                    return rc;
                rc = rc < 0 ? rc : MT_EVENT;
                break;
            case AFTER:
                rc = take_after(r);
                break;
            }
        if (rc != MT_EVENT)
            return rc;
    }
}

void mt_relay_give(struct mt_relay_reader *r, struct mt_span bytes)
{
    r->in = bytes;
}

int mt_relay_finish(struct mt_relay_reader *r)
{
    if (r->rc < 0)
        return r->rc;
    if (r->state == AFTER)
        return MT_DONE;
    (void)snprintf(r->why, sizeof r->why,
                   "cut off here: %llu exchanges were read",
                   (unsigned long long)r->read.exchanges);
    return r->rc = MT_EPROTO;
}

struct mt_relay_read mt_relay_read(const struct mt_relay_reader *r)
{
    return r->read;
}

const char *mt_relay_why(const struct mt_relay_reader *r)
{
    return r->why;
}

void mt_relay_reader_free(struct mt_relay_reader *r)
{
    if (r == NULL)
        return;
    (void)ZSTD_freeDCtx(r->zstd);
    mt_codec_scratch_deinit(&r->scratch);
    free(r);
}

struct mt_relay_reader *mt_relay_reader_new(void)
{
    struct mt_relay_reader *r = malloc(sizeof *r);
    if (r == NULL)
        return NULL;
    memset(r, 0, offsetof(struct mt_relay_reader, bytes));
    wait_for(r, HEAD, MT_RELAY_HEAD_BYTES);
    r->zstd = ZSTD_createDCtx();
    if (r->zstd == NULL ||
        ZSTD_isError(ZSTD_DCtx_setParameter(r->zstd, ZSTD_d_windowLogMax,
                                            MT_RELAY_WINDOW_LOG_MAX))) {
        mt_relay_reader_free(r);
        return NULL;
    }
    return r;
}
