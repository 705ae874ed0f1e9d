/**
 * feeder.h - a process that fills a database while the dashboard shows it: a
 * tap, a replay, or a proxy.
 *
 * What reads packets is apart from what draws: the feeder is meshtop record
 * under another name, with record's helper, rights and filter of system calls,
 * while the dashboard goes on writing exports and reading files. Neither takes
 * the other down.
 *
 *     struct mt_feeder *f;
 *     rc = mt_feeder_start(&f, o, "x.db");    // says what is wrong, itself
 *     mt_feeder_want(f, ns);                  // a replay: up to this moment
 *     poll(mt_feeder_fd(f));                  // it says something, or ended
 *     while (mt_feeder_said(f, line)) ...
 *     rc = mt_feeder_stop(f);                 // reads what is there, commits
 *
 * Start returns once everything is open, the database is made, rights are
 * given up and nothing was read yet: what goes wrong until then is said on
 * standard error before a screen is taken; later it comes as lines. It ends by
 * itself when the dashboard is gone, however that ended. To be started before
 * threads are.
 */
#ifndef MT_CLI_FEEDER_H
#define MT_CLI_FEEDER_H

#include "cli/options.h"

enum { MT_FEEDER_LINE_BYTES = 512 };

struct mt_feeder;

/* What it does: everything is opened, begun(context) is called, and it goes on
 * until mt_interrupted(). `o` writes the feeder's database. An exit code. */
struct mt_feeder_work {
    int (*run)(void *arg, const struct mt_options *o, void (*begun)(void *),
               void *context);
    void *arg; /* as it was before the process was made */
};

struct mt_feeder_config {
    const struct mt_options *options;  /* borrowed until it has begun */
    const char *path;                  /* of the database */
    const struct mt_feeder_work *work; /* NULL: as meshtop record */
    bool paced; /* packets wait for mt_feeder_want(); else all that come */
    int ours;   /* a descriptor that the feeder is not to have; 0: none */
};

/* 0, or an exit code after it was said why. */
int mt_feeder_start(struct mt_feeder **out,
                    const struct mt_feeder_config *config);

/* Ends it well and waits for that. Its exit code; 0 of NULL. */
int mt_feeder_stop(struct mt_feeder *f);

/* The same, and what it says meanwhile goes to standard error: the screen is
 * given back. */
int mt_feeder_stop_aloud(struct mt_feeder *f);

/* Readable when it has said something, or has ended. */
int mt_feeder_fd(const struct mt_feeder *f);

/* The next line that it said, without "meshtop: "; false: none now. */
bool mt_feeder_said(struct mt_feeder *f, char line[MT_FEEDER_LINE_BYTES]);

/* It has ended, by itself or not. */
bool mt_feeder_ended(const struct mt_feeder *f);

/* And it was not well: its lines, if any, tell why. */
bool mt_feeder_failed(const struct mt_feeder *f);

/* Waits for its end. */
void mt_feeder_wait(struct mt_feeder *f);

/* ---- paced: times are the packets' ---- */

/* How far the database is to be filled. */
void mt_feeder_want(struct mt_feeder *f, int64_t until_ns);

/* How far it is (all that ended before is committed, or will be in a moment),
 * and the first packet's time; 0: not known yet. */
int64_t mt_feeder_fed_ns(const struct mt_feeder *f);
int64_t mt_feeder_first_ns(const struct mt_feeder *f);

/* Everything was read: what is fed is all there is. */
bool mt_feeder_is_through(const struct mt_feeder *f);

#endif
