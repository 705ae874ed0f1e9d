/**
 * packet_file.h - where a capture file is now that was read earlier.
 *
 * A database tells path, size and inode of the files that its references
 * point into. A reference into another file than that would show the packets
 * of strangers: so a file counts as found only where it still is what it was.
 *
 *     struct mt_packet_file f = {.path = row->path, .size_bytes = ...};
 *     char path[MT_PACKET_PATH_BYTES];
 *     rc = mt_packet_file_find(&f, folders, count, path);
 */
#ifndef MT_CAPTURE_PACKET_FILE_H
#define MT_CAPTURE_PACKET_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MT_PACKET_PATH_BYTES = 4096 };

struct mt_packet_file {
    const char *path;    /* as it was given then */
    uint64_t size_bytes; /* 0: not known, or it still grew */
    uint64_t inode;      /* 0: not known; a file always had one */
    int64_t first_ns;    /* times of its packets; 0: not known */
    int64_t last_ns;
};

enum mt_packet_file_rc {
    MT_PACKET_FILE_FOUND,
    MT_PACKET_FILE_GONE,    /* no file of that name anywhere */
    MT_PACKET_FILE_CHANGED, /* there is one, but of another size, or anew */
    MT_PACKET_FILE_NO_FILE, /* it was standard input, or an interface */
    MT_PACKET_FILE_ROTATED, /* gone from a packet ring, which has gone on */
};

/**
 * Look at the path itself, where the inode has to be the same too, and then
 * for a file of that name and size in each of the folders: it was moved there.
 */
enum mt_packet_file_rc mt_packet_file_find(const struct mt_packet_file *f,
                                           const char *const *folders,
                                           size_t count,
                                           char path[MT_PACKET_PATH_BYTES]);

/* What stands after the last slash. */
const char *mt_packet_file_name(const char *path);

#endif
