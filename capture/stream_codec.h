/**
 * stream_codec.h - the decompressors behind stream.h; private to it.
 *
 * A codec turns raw bytes into plain ones, any cut of either side:
 *
 *     struct mt_codec *c = mt_codec_new(MT_CODEC_GZIP);
 *     int rc = mt_codec_run(c, &raw, &to);   // takes off both fronts
 */
#ifndef MT_CAPTURE_STREAM_CODEC_H
#define MT_CAPTURE_STREAM_CODEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

enum mt_codec_kind { MT_CODEC_PLAIN, MT_CODEC_GZIP, MT_CODEC_ZSTD };

enum { MT_CODEC_MAGIC_BYTES = 4 };

/* Which codec a stream that starts with these bytes needs. */
enum mt_codec_kind mt_codec_detect(struct mt_span magic);

struct mt_codec;

struct mt_codec_room {
    uint8_t *ptr;
    size_t len;
};

/* NULL without memory. kind is not PLAIN. */
struct mt_codec *mt_codec_new(enum mt_codec_kind kind);
void mt_codec_free(struct mt_codec *c);

/**
 * Move on: takes what was read off *raw, what was written off *to.
 * Returns MT_MORE (raw is used up or the room is full), MT_DONE (what is left
 * of raw is no compressed data: padding), or MT_EPROTO, MT_ELIMIT, -ENOMEM.
 */
int mt_codec_run(struct mt_codec *c, struct mt_span *raw,
                 struct mt_codec_room *to);

/* Would an end of the raw bytes here cut a member or frame? */
bool mt_codec_is_inside(const struct mt_codec *c);

#endif
