/**
 * peek.h - the first bytes of a file or pipe, looked at before it is known who
 * reads it: a relayed stream or a capture.
 *
 *     struct mt_peek p;
 *     rc = mt_peek_open(&p, path);            // 0 or -errno
 *     if (mt_relay_detect(mt_peek_start(&p)))
 *         ...                                 // takes p.fd
 *     else
 *         rc = mt_peek_source(&p, &source, path, &options, &why);
 */
#ifndef MT_CLI_PEEK_H
#define MT_CLI_PEEK_H

#include "capture/packet.h"

enum { MT_PEEK_BYTES = 8 };

struct mt_peek {
    int fd;
    bool regular; /* stands at its begin again; else the bytes were taken */
    uint8_t bytes[MT_PEEK_BYTES];
    size_t len;
};

/* Waits for the bytes of a pipe. "-" is stdin. */
int mt_peek_open(struct mt_peek *p, const char *path);

struct mt_span mt_peek_start(const struct mt_peek *p);

/* As mt_source_open_file(), from what was looked at. Takes the descriptor. */
int mt_peek_source(struct mt_peek *p, struct mt_source **out, const char *path,
                   const struct mt_source_options *options,
                   struct mt_problem *why);

void mt_peek_close(struct mt_peek *p);

#endif
