/* Properties: however the bytes are cut, the same records come; what was read
 * can be written, and is read again as it was. The first byte says how the
 * rest is taken: even, as the records of one block; odd, as a whole stream. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "decode/codec.h"
#include "store/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STREAM_MAX = 4 << 20 };

struct stream {
    uint8_t *bytes;
    size_t len;
};

static int keep(void *arg, struct mt_span bytes)
{
    struct stream *s = arg;
    if (s->len + bytes.len > STREAM_MAX)
        return -1;
    memcpy(s->bytes + s->len, bytes.ptr, bytes.len);
    s->len += bytes.len;
    return 0;
}

static uint64_t hash_exchange(uint64_t h, const struct mt_exchange *x)
{
    size_t max = mt_exchange_encoded_max(x);
    uint8_t *bytes = malloc(max);
    if (bytes == NULL)
        abort();
    h = XXH64(bytes, mt_exchange_encode(x, bytes, max), h);
    free(bytes);
    return h;
}

/* Write the record again; NULL: none is wanted. */
static uint64_t take(uint64_t h, const struct mt_relay_record *r,
                     struct mt_relay_writer **w, struct stream *to)
{
    h = h * 31 + (uint64_t)r->kind;
    switch (r->kind) {
    case MT_RELAY_HOST:
        if (to != NULL &&
            mt_relay_writer_new(w, (struct mt_sink){keep, to}, &r->host) != 0)
            abort();
        return h * 31 + r->host.clock + r->host.id.len + r->host.name.len;
    case MT_RELAY_EXCHANGE:
        if (to != NULL)
            (void)mt_relay_put_exchange(*w, &r->x);
        return hash_exchange(h, &r->x);
    case MT_RELAY_OPEN:
        if (to != NULL)
            (void)mt_relay_put_open(*w, &r->x, r->now_ns);
        return hash_exchange(h + (uint64_t)r->now_ns, &r->x);
    case MT_RELAY_NAME:
        if (to != NULL)
            (void)mt_relay_put_name(*w, &r->name);
        return h * 31 + r->name.text.len + (uint64_t)r->name.ts_ns;
    case MT_RELAY_LOSS:
        if (to != NULL)
            (void)mt_relay_put_loss(*w, r->loss, r->total);
        return h * 31 + (uint64_t)r->loss + r->total;
    case MT_RELAY_SOURCE:
        if (to != NULL)
            (void)mt_relay_put_source(*w, r->number, &r->info);
        return h * 31 + r->number + strlen(r->info.path) + r->info.packets;
    case MT_RELAY_MARK:
        if (to != NULL)
            (void)mt_relay_put_mark(*w, r->now_ns, r->wall_ns);
        return h * 31 + (uint64_t)r->now_ns + (uint64_t)r->wall_ns;
    case MT_RELAY_SAMPLE:
        if (to != NULL)
            (void)mt_relay_put_sample(*w, r->number);
        return h * 31 + r->number;
    case MT_RELAY_REPORT:
        if (to != NULL)
            (void)mt_relay_put_report(*w, &r->report);
        h = h * 31 + r->report.conn + (uint64_t)r->report.ts_ns;
        h = h * 31 + r->report.opened + 2u * r->report.closed;
        h = h * 31 + (uint64_t)r->report.handshake_ns;
        h = XXH64(r->report.retransmissions, 8, h);
        return XXH64(r->report.zero_windows, 8, h);
    case MT_RELAY_END:
        return h;
    default:
        abort();
    }
}

static uint64_t read_all(struct mt_span in, size_t step, struct stream *to,
                         int *rc)
{
    struct mt_relay_reader *r = mt_relay_reader_new();
    struct mt_relay_writer *w = NULL;
    struct mt_relay_record record;
    uint64_t h = 0;
    if (r == NULL)
        abort();
    while (in.len > 0) {
        mt_relay_give(r, mt_span_take(&in, in.len < step ? in.len : step));
        while (mt_relay_next(r, &record) == MT_EVENT)
            if (record.kind != MT_RELAY_END)
                h = take(h, &record, &w, to);
    }
    *rc = mt_relay_finish(r);
    if (w != NULL && mt_relay_end(w) != 0)
        to->len = 0; /* more than there is room for here */
    mt_relay_writer_free(w);
    mt_relay_reader_free(r);
    return h;
}

/* The records as the only block of a stream, stored without compression. */
static void wrap(struct mt_span records, struct stream *s)
{
    static const uint8_t head[] = {0x89, 'M',  'T',  'R',  '\r', '\n', 0x1a,
                                   '\n', 1,    0,    0,    0, /* versions */
                                   0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38};
    uint32_t block = (uint32_t)records.len + 8;
    struct mt_buf b = mt_buf_of(s->bytes, STREAM_MAX);
    mt_put_span(&b, (struct mt_span){head, sizeof head});
    mt_put_u8(&b, (uint8_t)(block << 3 | 1)); /* the last block, raw */
    mt_put_u8(&b, (uint8_t)(block >> 5));
    mt_put_u8(&b, (uint8_t)(block >> 13));
    mt_put_le32(&b, (uint32_t)records.len);
    mt_put_le32(&b, (uint32_t)XXH64(records.ptr, records.len, 0));
    mt_put_span(&b, records);
    s->len = b.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t first[STREAM_MAX], second[STREAM_MAX];
    struct stream in = {.bytes = first}, again = {.bytes = second};
    if (size < 2 || size > 65536)
        return 0;
    struct mt_span rest = {data + 1, size - 1};
    if (data[0] % 2 == 0)
        wrap(rest, &in);
    else
        (void)keep(&in, rest);
    struct mt_span bytes = {in.bytes, in.len};
    int rc, cut_rc;
    uint64_t whole = read_all(bytes, in.len, &again, &rc);
    uint64_t cut = read_all(bytes, (size_t)(data[0] >> 1) + 1, NULL, &cut_rc);
    /* how much zstd gives before it notices damage depends on the cuts */
    if (cut_rc != rc || (whole != cut && (rc == MT_DONE || data[0] % 2 == 0)))
        abort();
    if (again.len > 0 &&
        whole !=
            read_all((struct mt_span){again.bytes, again.len}, 4096, NULL, &rc))
        abort();
    return 0;
}
