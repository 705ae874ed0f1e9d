/**
 * stream.h - the bytes of a file or pipe, decompressed, through one buffer.
 *
 * Plain, gzip (RFC 1952) and zstd (RFC 8878) are told apart by their magic;
 * concatenated members and frames are one stream. Offsets count decompressed
 * bytes. A parser asks for as many bytes as its record has and reads them in
 * place.
 *
 *     while ((rc = mt_stream_fill(s, 16)) == MT_EVENT) {
 *         struct mt_span w = mt_stream_window(s); // w.len >= 16
 *         ...
 *         mt_stream_take(s, used);
 *     }
 *
 * The window lives until the next fill or seek. One thread.
 */
#ifndef MT_CAPTURE_STREAM_H
#define MT_CAPTURE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"
#include "base/span.h"

enum {
    MT_STREAM_BUFFER_BYTES = 256 << 10,
    MT_STREAM_FILL_MAX = (16 << 20) + 64, /* the longest record, and room */
};

/* Where the raw bytes come from. */
struct mt_input {
    void *self;
    /* > 0 bytes read, 0 the end for now, -errno (-EAGAIN: nothing now) */
    ptrdiff_t (*read)(void *self, uint8_t *to, size_t n);
    int (*seek)(void *self, uint64_t offset); /* 0 or -errno; NULL: a pipe */
    uint64_t (*bytes)(void *self); /* its size now; NULL: not known */
    void (*close)(void *self);     /* NULL: nothing to close */
};

/* A file by its name, "-" for stdin. Returns 0 or -errno. */
int mt_input_open_file(struct mt_input *out, const char *path);

struct mt_stream;

/**
 * Takes the input, also when it fails. growing: an end of input may not be
 * the last. buffer_bytes: 0 for MT_STREAM_BUFFER_BYTES.
 * Returns 0 or -ENOMEM.
 */
int mt_stream_new(struct mt_stream **out, struct mt_input input, bool growing,
                  size_t buffer_bytes);

void mt_stream_free(struct mt_stream *s);

/**
 * Make the window at least n bytes long (n <= MT_STREAM_FILL_MAX).
 *
 *   MT_EVENT    it is
 *   MT_MORE     not now
 *   MT_DONE     the input ended; the window holds what is left
 *   MT_EPROTO   the compressed data is damaged or ends early: see
 *               mt_stream_why(); the window holds what came before
 *   MT_ELIMIT   zstd wants a window above 128 MiB
 *   -errno      reading failed, or no memory
 */
int mt_stream_fill(struct mt_stream *s, size_t n);

/* The bytes that are there, and their offset in the decompressed stream. */
struct mt_span mt_stream_window(const struct mt_stream *s);
uint64_t mt_stream_offset(const struct mt_stream *s);

/* Drop n bytes off the front of the window. */
void mt_stream_take(struct mt_stream *s, size_t n);

/* From now on an end of input is the last one. */
void mt_stream_finish(struct mt_stream *s);

/**
 * Go to an offset of the decompressed stream, either way; an error met before
 * is forgotten. Going back in a compressed stream starts again at its begin.
 * Returns MT_EVENT, what mt_stream_fill() returns when the offset cannot be
 * reached, or -ESPIPE when a pipe cannot go back.
 */
int mt_stream_seek(struct mt_stream *s, uint64_t offset);

/* Bytes read from the input so far, and its size now; 0: not known. */
uint64_t mt_stream_raw_bytes(const struct mt_stream *s);
uint64_t mt_stream_input_bytes(const struct mt_stream *s);

/* In words, after an error. Static storage. */
const char *mt_stream_why(const struct mt_stream *s);

#endif
