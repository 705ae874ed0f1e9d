/**
 * helper.h - a process that keeps two rights to answer one question: which
 * process has this socket (owners.h)?
 *
 * It is forked before privileges are dropped and keeps CAP_SYS_PTRACE and
 * CAP_DAC_READ_SEARCH, as far as they are there; its system calls are filtered
 * to reading and answering. Without rights it still sees its own user's
 * processes.
 *
 *     struct mt_helper *h;
 *     rc = mt_helper_start(&h, &config);     // before the drop, and threads
 *     mt_helper_ask(h, &question);           // false: not now, or never
 *     poll(mt_helper_fd(h));
 *     while (mt_helper_next(h, &answer) == MT_EVENT)
 *         use(&answer);
 *     mt_helper_free(h);                     // it ends
 *
 * Nothing here waits: neither for the helper nor for room. At most
 * MT_HELPER_QUEUE questions are under way. It ends with the thread that started
 * it. One thread.
 */
#ifndef MT_CAPTURE_HELPER_H
#define MT_CAPTURE_HELPER_H

#include <sys/types.h>

#include "base/rc.h"
#include "capture/owners.h"
#include "capture/privileges.h"

enum { MT_HELPER_QUEUE = 64 };

struct mt_helper_config {
    struct mt_owners_config owners;
    struct mt_privileges_plan plan; /* who the helper becomes */
    /* No process: each answer is found in mt_helper_next(). For tests and
     * where the tap keeps its rights; the tap's filter does not allow it. */
    bool in_process;
};

struct mt_helper_question {
    uint64_t token; /* comes back with the answer */
    struct mt_owner_query query;
};

struct mt_helper_answer {
    uint64_t token;
    struct mt_owner owner;
};

struct mt_helper;

/* Returns 0, or -errno: -ENOMEM, that of fork(2) or socketpair(2). */
int mt_helper_start(struct mt_helper **out,
                    const struct mt_helper_config *config);

/* Its end is not waited for. NULL is fine. */
void mt_helper_free(struct mt_helper *h);

/* False: MT_HELPER_QUEUE are under way, or the helper has ended. */
bool mt_helper_ask(struct mt_helper *h, const struct mt_helper_question *q);

/* Readable when there is an answer, or the helper has ended; -1 once
 * mt_helper_next() has said so. Also what the filter lets be sent to. */
int mt_helper_fd(const struct mt_helper *h);

/* Returns MT_EVENT, *answer is filled; MT_MORE, nothing now; MT_DONE, the
 * helper has ended and answers no more. */
int mt_helper_next(struct mt_helper *h, struct mt_helper_answer *answer);

/* The helper's process; 0 for in_process. */
pid_t mt_helper_pid(const struct mt_helper *h);

#endif
