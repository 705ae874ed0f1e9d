/**
 * source.h - what a source of packets is made of, beside packet.h.
 *
 * For tests, fuzzing and other inputs than files.
 */
#ifndef MT_CAPTURE_SOURCE_H
#define MT_CAPTURE_SOURCE_H

#include "capture/packet.h"
#include "capture/stream.h"

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
