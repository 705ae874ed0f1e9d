/**
 * ring_files.h - the files of a packet ring on disk: begun, written, and the
 * oldest deleted, so that all together stay under a limit at all times.
 *
 *     struct mt_ring_files *r;
 *     rc = mt_ring_files_open(&r, &options, &why);
 *     rc = mt_ring_files_begin(r, number);       // ends the file before
 *     rc = mt_ring_files_write(r, blocks);       // whole blocks: buffered
 *     rc = mt_ring_files_flush(r);               // on disk, up to here
 *     mt_ring_files_close(r);
 *
 * Only whole blocks are handed to the system, and what could not be written
 * is cut off: a file ends in a whole block, unless the program is killed in
 * the middle of a write.
 * The folder is made when it is not there, and locked: it belongs to one ring
 * at a time. Files of earlier runs count, and go first; no other file is
 * touched. Readable by the owner alone: packets hold credentials.
 *
 * One thread. Errors are -errno and sticky; mt_ring_files_why() has the words.
 */
#ifndef MT_CAPTURE_RING_FILES_H
#define MT_CAPTURE_RING_FILES_H

#include "base/span.h"
#include "capture/packet.h"

struct mt_ring_files_options {
    const char *folder;
    uint64_t size_bytes; /* of all files together: >= file_bytes */
    uint64_t file_bytes; /* no file gets longer */
    int64_t started_ns;  /* for names; made later where files are newer */
};

struct mt_ring_files;

/* 0, or -errno: then *why is set and *out is NULL. */
int mt_ring_files_open(struct mt_ring_files **out,
                       const struct mt_ring_files_options *options,
                       struct mt_problem *why);

/* NULL is fine. Flushes. */
void mt_ring_files_close(struct mt_ring_files *r);

/* Make room, and begin a file. */
int mt_ring_files_begin(struct mt_ring_files *r, uint32_t number);

int mt_ring_files_write(struct mt_ring_files *r, struct mt_span blocks);
int mt_ring_files_flush(struct mt_ring_files *r);

/* The absolute path of a file, in `path`; false if it is too long. */
bool mt_ring_files_path(const struct mt_ring_files *r, uint32_t number,
                        char *path, size_t size);

/* The folder's descriptor. */
int mt_ring_files_folder(const struct mt_ring_files *r);

/* "" while nothing went wrong. */
const char *mt_ring_files_why(const struct mt_ring_files *r);

#endif
