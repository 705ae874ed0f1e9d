/**
 * source.h - what a source of packets is made of, beside packet.h.
 *
 * For tests, fuzzing and other inputs than files.
 */
#ifndef MT_CAPTURE_SOURCE_H
#define MT_CAPTURE_SOURCE_H

#include "capture/packet.h"
#include "capture/stream.h"

/* What one kind of source does: source_file.c reads captures, live.c an
 * interface. */
struct mt_source_ops {
    int (*next)(struct mt_source *s, struct mt_item *item); /* not ended yet */
    void (*finish)(struct mt_source *s, int64_t now_ns);
    int (*read_at)(struct mt_source *s, uint64_t offset,
                   struct mt_item *item);         /* NULL: it cannot go back */
    int (*descriptor)(const struct mt_source *s); /* NULL: it has none */
    struct mt_source_progress (*progress)(const struct mt_source *s);
    void (*free)(struct mt_source *s); /* what is its own */
};

/* The first member of each kind. */
struct mt_source {
    const struct mt_source_ops *ops;
    char *name;           /* path or interface, as it was given */
    uint64_t number_bits; /* of the ref */
    uint64_t packets;     /* given so far */
    int ended;            /* MT_DONE or an error, sticky */
    struct mt_problem problem;
};

/* size bytes, zero but for what every source has. NULL without memory. */
void *mt_source_new(size_t size, const struct mt_source_ops *ops,
                    const char *name, uint16_t number);

/* "NAME: text", a long name shown by its end. */
void mt_source_say(struct mt_problem *to, const char *name, const char *text);

/* That is its problem, and it has ended with this code, which is returned. */
int mt_source_break(struct mt_source *s, int code, const char *text);

enum { MT_FOREIGN_BYTES = 256, MT_FOREIGN_LOOK_BYTES = 64 };

/* As mt_source_open_file(), from any input, which is taken also on failure.
 * name stands in problems, and is copied. */
int mt_source_open_input(struct mt_source **out, struct mt_input input,
                         const char *name,
                         const struct mt_source_options *options,
                         struct mt_problem *why);

/* What a file that begins so is, when it is no capture, and what to do.
 * text holds MT_FOREIGN_BYTES. */
void mt_source_describe(struct mt_span start, char *text);

#endif
