#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>
#include <zstd.h>

#include "decode/codec.h"
#include "store/relay_impl.h"

/* As in PNG: bytes that a transfer as text would damage come first. */
const uint8_t mt_relay_magic[MT_RELAY_MAGIC_BYTES] = {0x89, 'M',  'T',  'R',
                                                      '\r', '\n', 0x1a, '\n'};

enum {
    BLOCK_FULL = 64 << 10, /* then it is compressed */
    LEVEL = 3,
    SINK_BYTES = 64 << 10,
};

struct mt_relay_writer {
    struct mt_sink sink;
    ZSTD_CCtx *zstd;
    int rc;
    bool begun; /* the head was handed over */
    uint64_t blocks;
    struct mt_relay_written written;
    size_t length_at;    /* of the record that is being put */
    struct mt_buf block; /* behind room for its head */
    uint8_t bytes[MT_RELAY_BLOCK_HEAD + MT_RELAY_BLOCK_MAX];
    uint8_t packed[SINK_BYTES];
};

uint32_t mt_relay_checksum(struct mt_span block, uint64_t number)
{
    return (uint32_t)XXH64(block.ptr, block.len, number);
}

/* ---- blocks ---- */

static int hand_over(struct mt_relay_writer *w, struct mt_span bytes)
{
    if (w->rc == 0 && bytes.len > 0)
        w->rc = w->sink.write(w->sink.arg, bytes);
    if (w->rc == 0)
        w->written.bytes += bytes.len;
    return w->rc;
}

static int hand_over_head(struct mt_relay_writer *w)
{
    uint8_t bytes[MT_RELAY_HEAD_BYTES] = {0};
    memcpy(bytes, mt_relay_magic, MT_RELAY_MAGIC_BYTES);
    bytes[MT_RELAY_MAGIC_BYTES] = MT_RELAY_MAJOR;
    bytes[MT_RELAY_MAGIC_BYTES + 2] = MT_RELAY_MINOR;
    w->begun = true;
    return hand_over(w, (struct mt_span){bytes, sizeof bytes});
}

static int compress(struct mt_relay_writer *w, struct mt_span bytes,
                    ZSTD_EndDirective how)
{
    ZSTD_inBuffer in = {bytes.ptr, bytes.len, 0};
    size_t left = 1;
    while (w->rc == 0 && (in.pos < in.size || left > 0)) {
        ZSTD_outBuffer out = {w->packed, sizeof w->packed, 0};
        left = ZSTD_compressStream2(w->zstd, &out, &in, how);
        if (ZSTD_isError(left))
            w->rc = -ENOMEM; /* nothing else can go wrong here */
        else
            (void)hand_over(w, (struct mt_span){w->packed, out.pos});
        if (how == ZSTD_e_continue && in.pos == in.size)
            break;
    }
    return w->rc;
}

static int write_block(struct mt_relay_writer *w, ZSTD_EndDirective how)
{
    struct mt_span block = mt_buf_span(&w->block);
    if (w->rc == 0 && !w->begun)
        (void)hand_over_head(w);
    if (w->rc != 0 || (block.len == 0 && how == ZSTD_e_continue))
        return w->rc;
    struct mt_buf head = mt_buf_of(w->bytes, MT_RELAY_BLOCK_HEAD);
    mt_put_le32(&head, (uint32_t)block.len);
    mt_put_le32(&head, mt_relay_checksum(block, w->blocks));
    size_t n = block.len > 0 ? MT_RELAY_BLOCK_HEAD + block.len : 0;
    w->blocks += block.len > 0;
    w->block.len = 0;
    return compress(w, (struct mt_span){w->bytes, n}, how);
}

/* ---- records: kind, length, payload ---- */

/* A record whose payload takes at most `most` bytes begins; NULL: w->rc, or
 * it is too large for a block. */
static struct mt_buf *begin(struct mt_relay_writer *w, enum mt_relay_kind kind,
                            size_t most)
{
    most += (size_t)MT_VARINT_MAX + MT_RELAY_LENGTH_BYTES;
    if (w->rc == 0 && most > w->block.cap - w->block.len)
        (void)write_block(w, ZSTD_e_continue);
    if (w->rc != 0 || most > w->block.cap - w->block.len)
        return NULL;
    mt_put_varint(&w->block, (uint64_t)kind);
    w->length_at = w->block.len;
    mt_put_le32(&w->block, 0);
    return &w->block;
}

static void put_length(struct mt_buf *b, size_t at)
{
    struct mt_buf length = mt_buf_of(b->ptr + at, MT_RELAY_LENGTH_BYTES);
    mt_put_le32(&length, (uint32_t)(b->len - at - MT_RELAY_LENGTH_BYTES));
}

static int end(struct mt_relay_writer *w)
{
    assert(!w->block.full);
    put_length(&w->block, w->length_at);
    return w->block.len >= BLOCK_FULL ? write_block(w, ZSTD_e_continue) : w->rc;
}

static void put_text(struct mt_buf *b, struct mt_span s)
{
    if (s.len > MT_RELAY_TEXT_MAX)
        s.len = MT_RELAY_TEXT_MAX;
    mt_put_varint(b, s.len);
    mt_put_span(b, s);
}

static void put_time(struct mt_buf *b, int64_t ns)
{
    mt_put_varint(b, mt_zigzag(ns));
}

static int put_host(struct mt_relay_writer *w, const struct mt_relay_host *h)
{
    struct mt_buf *b = begin(w, MT_RELAY_HOST, MT_RELAY_RECORD_ROOM);
    if (b == NULL)
        return w->rc;
    put_text(b, h->id);
    put_text(b, h->boot);
    put_text(b, h->name);
    put_text(b, h->version);
    put_time(b, h->started_ns);
    mt_put_varint(b, h->clock);
    return end(w);
}

/* An exchange's own bytes have a length of their own: what a later version
 * adds to the record stands behind them. */
static int put_exchange(struct mt_relay_writer *w, enum mt_relay_kind kind,
                        const struct mt_exchange *x, int64_t now_ns)
{
    size_t most = mt_exchange_encoded_max(x) + MT_RELAY_EXCHANGE_ROOM;
    struct mt_buf *b = begin(w, kind, most);
    if (b == NULL) {
        w->written.refused += w->rc == 0 && kind == MT_RELAY_EXCHANGE;
        return w->rc;
    }
    if (kind == MT_RELAY_OPEN)
        put_time(b, now_ns);
    size_t at = b->len;
    mt_put_le32(b, 0);
    b->len += mt_exchange_encode(x, b->ptr + b->len, b->cap - b->len);
    put_length(b, at);
    return end(w);
}

int mt_relay_put_exchange(struct mt_relay_writer *w,
                          const struct mt_exchange *x)
{
    uint64_t refused = w->written.refused;
    int rc = put_exchange(w, MT_RELAY_EXCHANGE, x, 0);
    w->written.exchanges += rc == 0 && refused == w->written.refused;
    return rc;
}

int mt_relay_put_open(struct mt_relay_writer *w, const struct mt_exchange *x,
                      int64_t now_ns)
{
    return put_exchange(w, MT_RELAY_OPEN, x, now_ns);
}

int mt_relay_put_report(struct mt_relay_writer *w,
                        const struct mt_conn_report *report)
{
    struct mt_buf *b = begin(w, MT_RELAY_REPORT, MT_RELAY_RECORD_ROOM);
    if (b == NULL)
        return w->rc;
    mt_put_varint(b, report->conn);
    put_time(b, report->ts_ns);
    mt_put_varint(b, (report->opened ? MT_RELAY_OPENED : 0u) |
                         (report->closed ? MT_RELAY_CLOSED : 0u));
    put_time(b, report->handshake_ns);
    for (int role = 0; role < 2; role++) {
        mt_put_varint(b, report->retransmissions[role]);
        mt_put_varint(b, report->zero_windows[role]);
    }
    return end(w);
}

int mt_relay_put_name(struct mt_relay_writer *w,
                      const struct mt_relay_name *name)
{
    struct mt_buf *b = begin(w, MT_RELAY_NAME, MT_RELAY_RECORD_ROOM);
    if (b == NULL)
        return w->rc;
    mt_put_span(b, (struct mt_span){name->addr.ip, sizeof name->addr.ip});
    mt_put_varint(b, name->addr.port);
    put_text(b, name->text);
    mt_put_varint(b, name->source);
    put_time(b, name->ts_ns);
    return end(w);
}

int mt_relay_put_loss(struct mt_relay_writer *w, enum mt_loss loss,
                      uint64_t total)
{
    struct mt_buf *b = begin(w, MT_RELAY_LOSS, MT_RELAY_RECORD_ROOM);
    if (b == NULL)
        return w->rc;
    mt_put_varint(b, (uint64_t)loss);
    mt_put_varint(b, total);
    return end(w);
}

int mt_relay_put_sample(struct mt_relay_writer *w, uint32_t one_of)
{
    struct mt_buf *b = begin(w, MT_RELAY_SAMPLE, MT_RELAY_RECORD_ROOM);
    if (b == NULL)
        return w->rc;
    mt_put_varint(b, one_of);
    return end(w);
}

int mt_relay_put_source(struct mt_relay_writer *w, uint32_t number,
                        const struct mt_source_info *info)
{
    struct mt_buf *b = begin(w, MT_RELAY_SOURCE, MT_RELAY_RECORD_ROOM);
    if (b == NULL)
        return w->rc;
    mt_put_varint(b, number);
    put_text(b, mt_span_str(info->path));
    mt_put_varint(b, info->size_bytes);
    mt_put_varint(b, info->inode);
    mt_put_varint(b, info->packets);
    put_time(b, info->first_ns);
    put_time(b, info->last_ns);
    return end(w);
}

int mt_relay_put_mark(struct mt_relay_writer *w, int64_t now_ns,
                      int64_t wall_ns)
{
    struct mt_buf *b = begin(w, MT_RELAY_MARK, MT_RELAY_RECORD_ROOM);
    if (b == NULL)
        return w->rc;
    put_time(b, now_ns);
    put_time(b, wall_ns);
    return end(w);
}

/* ---- the whole ---- */

int mt_relay_flush(struct mt_relay_writer *w)
{
    return write_block(w, ZSTD_e_flush);
}

int mt_relay_end(struct mt_relay_writer *w)
{
    struct mt_buf *b = begin(w, MT_RELAY_END, MT_RELAY_RECORD_ROOM);
    if (b == NULL)
        return w->rc;
    mt_put_varint(b, w->written.exchanges);
    (void)end(w);
    return write_block(w, ZSTD_e_end);
}

struct mt_relay_written mt_relay_written(const struct mt_relay_writer *w)
{
    return w->written;
}

void mt_relay_writer_free(struct mt_relay_writer *w)
{
    if (w == NULL)
        return;
    (void)ZSTD_freeCCtx(w->zstd);
    free(w);
}

int mt_relay_writer_new(struct mt_relay_writer **out, struct mt_sink sink,
                        const struct mt_relay_host *host)
{
    struct mt_relay_writer *w = malloc(sizeof *w);
    *out = NULL;
    if (w == NULL)
        return -ENOMEM;
    memset(w, 0, offsetof(struct mt_relay_writer, bytes));
    w->sink = sink;
    w->block = mt_buf_of(w->bytes + MT_RELAY_BLOCK_HEAD, MT_RELAY_BLOCK_MAX);
    w->zstd = ZSTD_createCCtx();
    if (w->zstd == NULL ||
        ZSTD_isError(
            ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_windowLog,
                                            MT_RELAY_WINDOW_LOG)) ||
        put_host(w, host) != 0) {
        mt_relay_writer_free(w);
        return -ENOMEM;
    }
    *out = w;
    return 0;
}
