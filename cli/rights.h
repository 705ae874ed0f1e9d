/**
 * rights.h - what a live tap may do: who it becomes before its first packet,
 * and the helper that alone keeps the right to look at processes.
 *
 *     struct mt_rights r;
 *     rc = mt_rights_begin(&r, o);          // devices are open; no thread runs
 *     lowered = mt_rights_lower(&r);        // files made now are the user's
 *     ... open the database ...
 *     mt_rights_raise(&r, lowered);
 *     rc = mt_rights_drop(&r, o, folder, 0);   // then threads, and packets
 *     mt_rights_end(&r);
 *
 * Says what is wrong, and, of record, what was done.
 */
#ifndef MT_CLI_RIGHTS_H
#define MT_CLI_RIGHTS_H

#include "capture/helper.h"
#include "capture/privileges.h"
#include "cli/options.h"

struct mt_rights {
    struct mt_privileges_plan plan;
    struct mt_helper *helper; /* NULL: none */
};

/* Who a live tap of this command line becomes. 0, or an exit code. */
int mt_rights_decide(struct mt_privileges_plan *plan,
                     const struct mt_options *o);

/* Decide, and start the helper. 0, or an exit code. */
int mt_rights_begin(struct mt_rights *r, const struct mt_options *o);

/* Act as who it will become: true where that is someone else than root. */
bool mt_rights_lower(const struct mt_rights *r);
void mt_rights_raise(bool lowered);

/* May who it becomes make files in this folder? */
bool mt_rights_may_fill(const struct mt_rights *r, int folder_fd);

/* For good. folder_fd: where a packet ring goes on making files; accept_fd:
 * a listening socket whose connections are answered; 0: none. */
int mt_rights_drop(const struct mt_rights *r, const struct mt_options *o,
                   int folder_fd, int accept_fd);

/**
 * For good, of who shows what another process captures: whoever called sudo,
 * else the user it is, without capabilities; files may still be opened. 0, or
 * an exit code.
 */
int mt_rights_look_on(const struct mt_rights *r);

void mt_rights_end(struct mt_rights *r);

#endif
