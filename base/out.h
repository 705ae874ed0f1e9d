/**
 * out.h - bytes to wherever they go, in large pieces.
 *
 *     static int to_file(void *arg, struct mt_span bytes);   // 0, or < 0
 *     struct mt_out o;
 *     mt_out_init(&o, (struct mt_sink){to_file, file});
 *     mt_out_str(&o, "hello\n");
 *     if (mt_out_flush(&o) < 0) ...        // the sink's first error
 *
 * An error of the sink is sticky: what comes later is dropped.
 */
#ifndef MT_BASE_OUT_H
#define MT_BASE_OUT_H

#include "base/buf.h"

enum { MT_OUT_BYTES = 16384 };

struct mt_sink {
    /* Takes all of the bytes, borrowed for the call. 0, or a negative code. */
    int (*write)(void *arg, struct mt_span bytes);
    void *arg;
};

struct mt_out {
    struct mt_sink sink;
    int rc; /* the sink's first error */
    struct mt_buf buf;
    uint8_t bytes[MT_OUT_BYTES];
};

/* The object stays where it is: it points into itself. */
void mt_out_init(struct mt_out *o, struct mt_sink sink);

/* Hand over what is waiting. Returns 0 or the sink's first error. */
int mt_out_flush(struct mt_out *o);

/* The buffer, with room for n (at most MT_OUT_BYTES) more bytes: for the
 * writers of buf.h and text.h. */
static inline struct mt_buf *mt_out_room(struct mt_out *o, size_t n)
{
    assert(n <= MT_OUT_BYTES);
    if (n > o->buf.cap - o->buf.len)
        (void)mt_out_flush(o);
    return &o->buf;
}

/* Any number of bytes. */
void mt_out_span(struct mt_out *o, struct mt_span s);

static inline void mt_out_char(struct mt_out *o, char c)
{
    mt_put_char(mt_out_room(o, 1), c);
}

/* A short text, such as a literal. */
static inline void mt_out_str(struct mt_out *o, const char *s)
{
    mt_out_span(o, mt_span_str(s));
}

#endif
