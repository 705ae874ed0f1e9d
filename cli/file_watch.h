/**
 * file_watch.h - tells when a file may have changed: written, renamed over, or
 * reached through a link that changed.
 *
 *     int fd = mt_file_watch_open(&w, "mesh.yaml");   // said, and -1: it
 * cannot poll() fd; then if (mt_file_watch_read(&w)) ...       // look at the
 * file in a while mt_file_watch_close(&w);
 *
 * The folder is watched, for editors rename, and so is that of the file where
 * the path leads by links. One thread.
 */
#ifndef MT_CLI_FILE_WATCH_H
#define MT_CLI_FILE_WATCH_H

#include <stdbool.h>

struct mt_file_watch {
    const char *path; /* borrowed */
    int fd;           /* to poll; -1: nothing is watched */
};

/* 0 or -errno. */
int mt_file_watch_open(struct mt_file_watch *w, const char *path);

/* Something has happened beside the file, or to it. */
bool mt_file_watch_read(struct mt_file_watch *w);

void mt_file_watch_close(struct mt_file_watch *w);

#endif
