/**
 * store.h - one database of exchanges, and what may be wrong with it.
 *
 * A database is one SQLite file (with its -wal and -shm beside it). Writers
 * (writer.h) and readers (query.h) may have it open at the same time, from
 * any number of processes. Layout: schema.h.
 *
 *     struct mt_store *s;
 *     int rc = mt_store_open(&s, "mesh.db", &(struct mt_store_options){0});
 *     if (rc < 0)
 *         say(mt_store_strerror(rc));     // "what is wrong; what to do"
 *     ... query.h ...
 *     mt_store_free(s);
 *
 * A handle belongs to one thread at a time. Nothing here calls a clock: times
 * and the clock that bounds reads are given.
 */
#ifndef MT_STORE_STORE_H
#define MT_STORE_STORE_H

#include <stdint.h>

/* Negative results of store/. X(NAME, value, what is wrong; what to do) */
#define MT_STORE_ERRORS(X)                                                \
    X(ENOENT, -1, "no such file")                                         \
    X(EACCESS, -2, "permission denied")                                   \
    X(EFOREIGN, -3, "not a meshtop database; nothing in it was changed")  \
    X(ENEWER, -4, "made by a newer meshtop; upgrade this one to read it") \
    X(EOLDER, -5,                                                         \
      "made by an older meshtop; open it once for writing, "              \
      "as meshtop record -w does")                                        \
    X(ECORRUPT, -6,                                                       \
      "the database is damaged; keep a copy, and record into "            \
      "a new file")                                                       \
    X(EREADONLY, -7,                                                      \
      "cannot be written; check the permissions of the file "             \
      "and of its directory")                                             \
    X(EFULL, -8,                                                          \
      "no space left; what was written before is kept: free "             \
      "some space or set a smaller limit")                                \
    X(EBUSY, -9, "another program keeps it locked; try again")            \
    X(EIO, -10, "read or write error of the disk or file system")         \
    X(ENOMEM, -11, "not enough memory")                                   \
    X(EINTERRUPTED, -12,                                                  \
      "the query took too long and was stopped; ask for "                 \
      "a shorter time range")                                             \
    X(ENOTFOUND, -13, "no such exchange")                                 \
    X(EFILTER, -14, "the filter cannot be used here")                     \
    X(EINTERNAL, -15, "unexpected answer of SQLite")                      \
    X(EFOLDER, -16, "a folder, not a meshtop database; name a file")      \
    X(ECAPTURE, -17,                                                      \
      "a capture, not a meshtop database; read it with -r. Nothing in "   \
      "it was changed")

enum mt_store_rc {
#define X(name, value, text) MT_STORE_##name = (value),
    MT_STORE_ERRORS(X)
#undef X
};

/* Static text for a code of mt_store_rc. */
const char *mt_store_strerror(int rc);

/* Nanoseconds of some steady clock. */
typedef int64_t mt_store_clock(void *arg);

struct mt_store_options {
    mt_store_clock *clock; /* NULL: reads are not bounded in time */
    void *clock_arg;
    int64_t read_limit_ns; /* of one question; 0: 2 s */
    uint32_t cache_kib;    /* of pages of the file; 0: 16 MiB */
};

struct mt_store;

/**
 * Open a database for reading. Where its directory cannot be written and no
 * -wal file is there, it is read as a file that nobody changes.
 * Returns 0 and *out, or a code of mt_store_rc and *out NULL.
 */
int mt_store_open(struct mt_store **out, const char *path,
                  const struct mt_store_options *options);

/* NULL is fine. */
void mt_store_free(struct mt_store *s);

/* SQLite's own words about the last error, for -v. Borrowed until the next
 * call with s. */
const char *mt_store_detail(const struct mt_store *s);

#endif
