#include "capture/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/stream_codec.h"

enum { RAW_BYTES = 64 << 10 };

struct mt_stream {
    struct mt_input input;
    uint8_t *buf;
    size_t
        base_cap; /* what one fill reads at most, unless a record needs more */
    size_t cap, at, end;
    uint64_t offset; /* of buf[at] in the decompressed stream */
    uint64_t raw_bytes;
    bool growing;
    bool known;             /* plain or not has been found out */
    struct mt_codec *codec; /* NULL: plain */
    uint8_t *raw;           /* RAW_BYTES, with a codec */
    struct mt_span raw_rest;
    int failed;
    const char *why;
};

static int fail(struct mt_stream *s, int code, const char *why)
{
    s->failed = code;
    s->why = why;
    return code;
}

static int fail_codec(struct mt_stream *s, int code)
{
    switch (code) {
    case -ENOMEM:
        return fail(s, code, "no memory to decompress it");
    case MT_ELIMIT:
        return fail(s, code, "its zstd window is above 128 MiB");
    default:
        return fail(s, code, "the compressed data is damaged here");
    }
}

int mt_stream_new(struct mt_stream **out, struct mt_input input, bool growing,
                  size_t buffer_bytes)
{
    size_t cap = buffer_bytes > 0 ? buffer_bytes : MT_STREAM_BUFFER_BYTES;
    if (cap < 4096)
        cap = 4096;
    struct mt_stream *s = calloc(1, sizeof *s);
    uint8_t *buf = malloc(cap);
    *out = s;
    if (s == NULL || buf == NULL) {
        if (input.close != NULL)
            input.close(input.self);
        free(s);
        free(buf);
        *out = NULL;
        return -ENOMEM;
    }
    *s = (struct mt_stream){.input = input,
                            .buf = buf,
                            .base_cap = cap,
                            .cap = cap,
                            .growing = growing,
                            .why = ""};
    return 0;
}

void mt_stream_free(struct mt_stream *s)
{
    if (s == NULL)
        return;
    if (s->input.close != NULL)
        s->input.close(s->input.self);
    mt_codec_free(s->codec);
    free(s->raw);
    free(s->buf);
    free(s);
}

struct mt_span mt_stream_window(const struct mt_stream *s)
{
    return (struct mt_span){.ptr = s->buf + s->at, .len = s->end - s->at};
}

uint64_t mt_stream_offset(const struct mt_stream *s)
{
    return s->offset;
}

uint64_t mt_stream_raw_bytes(const struct mt_stream *s)
{
    return s->raw_bytes;
}

uint64_t mt_stream_input_bytes(const struct mt_stream *s)
{
    return s->input.bytes != NULL ? s->input.bytes(s->input.self) : 0;
}

const char *mt_stream_why(const struct mt_stream *s)
{
    return s->why;
}

void mt_stream_take(struct mt_stream *s, size_t n)
{
    assert(n <= s->end - s->at);
    s->at += n;
    s->offset += n;
}

void mt_stream_finish(struct mt_stream *s)
{
    s->growing = false;
}

/* Free space behind the window for a window of n bytes: move it to the front,
 * which copies less than one record a buffer, and grow only for a record that
 * is longer than the buffer. */
static int make_room(struct mt_stream *s, size_t n)
{
    size_t have = s->end - s->at;
    if (s->at > 0 && have > 0)
        memmove(s->buf, s->buf + s->at, have);
    s->at = 0;
    s->end = have;
    if (n <= s->cap)
        return MT_EVENT;
    uint8_t *more = realloc(s->buf, n);
    if (more == NULL)
        return fail(s, -ENOMEM, "no memory for one record");
    s->buf = more;
    s->cap = n;
    return MT_EVENT;
}

/* The same codes as mt_stream_fill(). */
static int read_raw(struct mt_stream *s, uint8_t *to, size_t room, size_t *got)
{
    ptrdiff_t n = s->input.read(s->input.self, to, room);
    *got = n > 0 ? (size_t)n : 0;
    s->raw_bytes += *got;
    if (n > 0)
        return MT_EVENT;
    if (n == -EAGAIN || n == -EWOULDBLOCK || n == -EINTR)
        return MT_MORE;
    if (n < 0)
        return fail(s, (int)n, strerror((int)-n));
    return s->growing ? MT_MORE : MT_DONE;
}

static int end_of_compressed(struct mt_stream *s)
{
    if (mt_codec_is_inside(s->codec))
        return fail(s, MT_EPROTO, "the compressed data ends early, cut off");
    return MT_DONE;
}

/* Some more decompressed bytes, at most to limit. */
static int pull_compressed(struct mt_stream *s, size_t limit)
{
    for (;;) {
        struct mt_codec_room to = {s->buf + s->end, limit - s->end};
        int rc = mt_codec_run(s->codec, &s->raw_rest, &to);
        size_t end = limit - to.len;
        bool some = end > s->end;
        s->end = end;
        if (rc < 0)
            return fail_codec(s, rc);
        if (some)
            return MT_EVENT;
        if (rc == MT_DONE)
            return MT_DONE;
        if (s->raw_rest.len > 0)
            continue;
        size_t got;
        rc = read_raw(s, s->raw, RAW_BYTES, &got);
        s->raw_rest = (struct mt_span){.ptr = s->raw, .len = got};
        if (rc == MT_DONE)
            return end_of_compressed(s);
        if (rc != MT_EVENT)
            return rc;
    }
}

static int pull(struct mt_stream *s, size_t n)
{
    size_t limit = n > s->base_cap ? n : s->base_cap;
    if (s->codec != NULL)
        return pull_compressed(s, limit);
    size_t got;
    int rc = read_raw(s, s->buf + s->end, limit - s->end, &got);
    s->end += got;
    return rc;
}

static int start_codec(struct mt_stream *s, enum mt_codec_kind kind)
{
    size_t cap = s->base_cap > RAW_BYTES ? s->base_cap : RAW_BYTES;
    s->codec = mt_codec_new(kind);
    if (s->raw == NULL)
        s->raw = malloc(cap);
    if (s->codec == NULL || s->raw == NULL)
        return fail(s, -ENOMEM, "no memory to decompress it");
    assert(s->end - s->at <= cap);
    s->raw_rest = (struct mt_span){.ptr = s->raw, .len = s->end - s->at};
    memcpy(s->raw, s->buf + s->at, s->end - s->at);
    s->at = s->end = 0;
    return MT_EVENT;
}

/* What the first bytes are decides how all are read. */
static int find_codec(struct mt_stream *s)
{
    int rc = MT_EVENT;
    while (rc == MT_EVENT && s->end - s->at < MT_CODEC_MAGIC_BYTES)
        rc = pull(s, MT_CODEC_MAGIC_BYTES);
    if (rc != MT_EVENT && rc != MT_DONE)
        return rc;
    s->known = true;
    enum mt_codec_kind kind = mt_codec_detect(mt_stream_window(s));
    return kind != MT_CODEC_PLAIN ? start_codec(s, kind) : MT_EVENT;
}

int mt_stream_fill(struct mt_stream *s, size_t n)
{
    assert(n <= MT_STREAM_FILL_MAX);
    int rc = MT_EVENT;
    if (!s->known && s->failed == 0)
        rc = find_codec(s);
    if (s->end - s->at >= n && s->known)
        return MT_EVENT;
    if (s->failed != 0)
        return s->failed;
    if (rc == MT_EVENT)
        rc = make_room(s, n);
    while (rc == MT_EVENT && s->end - s->at < n)
        rc = pull(s, n);
    /* what came before an error comes first */
    return s->end - s->at >= n ? MT_EVENT : rc;
}

/* Back to the first byte, or for a plain file to any. */
static int restart(struct mt_stream *s, uint64_t offset)
{
    uint64_t to = s->known && s->codec == NULL ? offset : 0;
    if (s->input.seek == NULL)
        return -ESPIPE;
    int rc = s->input.seek(s->input.self, to);
    if (rc < 0)
        return rc;
    s->known = s->known && s->codec == NULL;
    mt_codec_free(s->codec);
    s->codec = NULL;
    s->at = s->end = 0;
    s->offset = s->raw_bytes = to;
    return MT_EVENT;
}

int mt_stream_seek(struct mt_stream *s, uint64_t offset)
{
    bool plain = s->known && s->codec == NULL && s->input.seek != NULL;
    uint64_t window_end = s->offset + (s->end - s->at);
    int rc = MT_EVENT;
    if (offset < s->offset || (plain && offset > window_end))
        rc = restart(s, offset);
    s->failed = rc < 0 ? s->failed : 0;
    while (rc == MT_EVENT && s->offset < offset) {
        rc = mt_stream_fill(s, 1);
        if (rc != MT_EVENT)
            break;
        uint64_t left = offset - s->offset;
        size_t have = s->end - s->at;
        mt_stream_take(s, left < have ? (size_t)left : have);
    }
    return rc;
}
