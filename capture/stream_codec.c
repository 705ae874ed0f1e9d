#define ZLIB_CONST
#include "capture/stream_codec.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/rc.h"

enum { GZIP_WINDOW = 15 + 16 }; /* zlib: 32 KiB window, gzip header wanted */

struct mt_codec {
    enum mt_codec_kind kind;
    bool inside;   /* a member or frame has begun and not ended */
    bool ended;    /* some member or frame has ended: junk may follow */
    bool flushing; /* the room was full: more may come without more raw */
    z_stream z;
    ZSTD_DStream *zstd;
};

enum mt_codec_kind mt_codec_detect(struct mt_span magic)
{
    if (magic.len < MT_CODEC_MAGIC_BYTES)
        return MT_CODEC_PLAIN;
    if (mt_be16(magic.ptr) == 0x1f8b && magic.ptr[2] == 8)
        return MT_CODEC_GZIP;
    uint32_t le = mt_le32(magic.ptr);
    bool skippable = (le & 0xfffffff0u) == 0x184d2a50u;
    return le == 0xfd2fb528u || skippable ? MT_CODEC_ZSTD : MT_CODEC_PLAIN;
}

static bool start(struct mt_codec *c)
{
    if (c->kind == MT_CODEC_GZIP)
        return inflateInit2(&c->z, GZIP_WINDOW) == Z_OK;
    c->zstd = ZSTD_createDStream();
    return c->zstd != NULL;
}

struct mt_codec *mt_codec_new(enum mt_codec_kind kind)
{
    struct mt_codec *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->kind = kind;
    if (!start(c)) {
        free(c);
        return NULL;
    }
    return c;
}

void mt_codec_free(struct mt_codec *c)
{
    if (c == NULL)
        return;
    if (c->kind == MT_CODEC_GZIP)
        (void)inflateEnd(&c->z);
    else
        (void)ZSTD_freeDStream(c->zstd);
    free(c);
}

/* RFC 1952 allows members one after another; gzip(1) ignores what else
 * follows, and tapes pad with zeros. */
static bool starts_member(struct mt_codec *c, struct mt_span raw)
{
    bool could = raw.ptr[0] == 0x1f && (raw.len == 1 || raw.ptr[1] == 0x8b);
    return !c->ended || could;
}

static int run_gzip(struct mt_codec *c, struct mt_span *raw,
                    struct mt_codec_room *to)
{
    if (!c->inside && raw->len > 0 && !starts_member(c, *raw))
        return MT_DONE;
    uInt in = raw->len < UINT32_MAX ? (uInt)raw->len : UINT32_MAX;
    uInt out = to->len < UINT32_MAX ? (uInt)to->len : UINT32_MAX;
    c->z.next_in = raw->ptr;
    c->z.avail_in = in;
    c->z.next_out = to->ptr;
    c->z.avail_out = out;
    if (in > 0)
        c->inside = true;
    int rc = inflate(&c->z, Z_NO_FLUSH);
    (void)mt_span_take(raw, in - c->z.avail_in);
    to->ptr += out - c->z.avail_out;
    to->len -= out - c->z.avail_out;
    c->flushing = c->z.avail_out == 0;
    if (rc == Z_STREAM_END) {
        c->inside = c->flushing = false;
        c->ended = true;
        return inflateReset(&c->z) == Z_OK ? MT_MORE : MT_EPROTO;
    }
    if (rc == Z_MEM_ERROR)
        return -ENOMEM;
    return rc == Z_OK || rc == Z_BUF_ERROR ? MT_MORE : MT_EPROTO;
}

static int zstd_error(size_t code)
{
    switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_frameParameter_windowTooLarge:
        return MT_ELIMIT;
    case ZSTD_error_memory_allocation:
        return -ENOMEM;
    default:
        return MT_EPROTO;
    }
}

static int run_zstd(struct mt_codec *c, struct mt_span *raw,
                    struct mt_codec_room *to)
{
    ZSTD_inBuffer in = {raw->ptr, raw->len, 0};
    ZSTD_outBuffer out = {to->ptr, to->len, 0};
    size_t rc = ZSTD_decompressStream(c->zstd, &out, &in);
    (void)mt_span_take(raw, in.pos);
    to->ptr += out.pos;
    to->len -= out.pos;
    if (ZSTD_isError(rc))
        return zstd_error(rc);
    c->inside = rc != 0;
    c->flushing = c->inside && out.pos == out.size;
    return MT_MORE;
}

int mt_codec_run(struct mt_codec *c, struct mt_span *raw,
                 struct mt_codec_room *to)
{
    if (raw->len == 0 && !c->flushing)
        return MT_MORE;
    return c->kind == MT_CODEC_GZIP ? run_gzip(c, raw, to)
                                    : run_zstd(c, raw, to);
}

bool mt_codec_is_inside(const struct mt_codec *c)
{
    return c->inside;
}
