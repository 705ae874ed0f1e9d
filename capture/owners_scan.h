/**
 * owners_scan.h - a walk through /proc that pays for every step. Private to
 * the owners.
 */
#ifndef MT_CAPTURE_OWNERS_SCAN_H
#define MT_CAPTURE_OWNERS_SCAN_H

#include <dirent.h>

#include "capture/owners_proc.h"

enum {
    MT_SCAN_PIDS_MAX = 32768,
    MT_SCAN_HOT = 32,   /* processes that had what was looked for */
    MT_SCAN_HELD = 256, /* sockets whose process is remembered */
};

struct mt_scan_held {
    uint64_t inode;
    uint32_t pid;
    uint32_t fd;
};

struct mt_scan {
    int proc; /* its directory */
    int64_t refilled_ns;
    uint32_t steps;            /* left to take */
    bool broke;                /* a walk was broken off for lack of them */
    uint32_t hot[MT_SCAN_HOT]; /* newest first; 0 none */
    struct mt_scan_held held[MT_SCAN_HELD];
    uint32_t pids_count;
    uint32_t pids[MT_SCAN_PIDS_MAX]; /* ascending, as listed */
};

/* -errno where proc cannot be opened. */
int mt_scan_init(struct mt_scan *s, const char *proc);
void mt_scan_deinit(struct mt_scan *s);

/* Time has passed: a second gives MT_OWNERS_STEPS_PER_S, and no more is
 * saved. A clock that ran back gives none. */
void mt_scan_refill(struct mt_scan *s, int64_t now_ns);

/* False: there are not enough left. */
bool mt_scan_pay(struct mt_scan *s, uint32_t steps);

/* List the processes. */
void mt_scan_list(struct mt_scan *s);

/* The process that has the first, else the second, of two sockets open; 0:
 * none is seen. 0 is no inode. */
uint32_t mt_scan_holder(struct mt_scan *s, const uint64_t inodes[2]);

/* The same of a socket that was opened just now, among the processes that have
 * begun last and those that had what was looked for: a small part of the work.
 * Time counts: the process may end. */
uint32_t mt_scan_newest(struct mt_scan *s, uint64_t inode);

/* A directory below, or NULL. */
DIR *mt_scan_open(int at, const char *path);

/* The first bytes of /proc/PID/name; empty where it cannot be read. */
struct mt_span mt_scan_read(const struct mt_scan *s, uint32_t pid,
                            const char *name, void *bytes, size_t n);

/* What a link says, as far as it fits. */
struct mt_span mt_scan_link(int at, const char *path, char *bytes, size_t n);

#endif
