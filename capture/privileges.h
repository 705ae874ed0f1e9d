/**
 * privileges.h - give up root, once everything that needs it is open.
 *
 * Order: open devices, their filters, sockets and the database; start the
 * helper (helper.h); drop; only then start threads and read the first packet.
 * Threads that run before keep their capabilities where the uid stays, which
 * is found and refused (-EBUSY); those started afterwards inherit all of it.
 *
 *     struct mt_privileges_facts facts;
 *     mt_privileges_look(&facts);
 *     facts.sudo_uid = getenv("SUDO_UID");
 *     facts.sudo_gid = getenv("SUDO_GID");
 *     struct mt_privileges_plan plan = mt_privileges_decide(&facts);
 *     mt_privileges_give_database("mesh.db", &plan);
 *     rc = mt_privileges_drop(&plan, &syscalls, &result);
 *     if (rc != 0)
 *         die("%s: %s", result.words, strerror(-rc));  // do not go on
 *     say("%s", result.words);
 */
#ifndef MT_CAPTURE_PRIVILEGES_H
#define MT_CAPTURE_PRIVILEGES_H

#include <stdint.h>

#include "capture/syscalls.h"

enum {
    MT_NOBODY = 65534, /* nobody and nogroup; in containers, too */
    MT_PRIVILEGES_WORDS_BYTES = 256,
};

/* All that decides who to become. */
struct mt_privileges_facts {
    uint32_t uid, gid;               /* real */
    uint32_t euid, egid;             /* effective */
    bool may_set_ids;                /* CAP_SETUID and CAP_SETGID */
    const char *sudo_uid, *sudo_gid; /* of the environment; NULL: not set */
    bool asked;                      /* for this user: --user, a service's */
    uint32_t asked_uid, asked_gid;
};

/* Why a process becomes who it becomes: X(name, in words). */
#define MT_BECOMES(X)                                 \
    X(SAME, "the user who started it")                \
    X(ASKED, "the user asked for")                    \
    X(REAL, "the user who started it")                \
    X(SUDO, "the user who called sudo")               \
    X(NOBODY, "nobody")                               \
    X(UNABLE, "as before: CAP_SETUID and CAP_SETGID " \
              "are missing")

enum mt_become {
#define X(name, words) MT_BECOME_##name,
    MT_BECOMES(X)
#undef X
};

struct mt_privileges_plan {
    enum mt_become become;
    uint32_t uid, gid;
};

struct mt_privileges_result {
    uint32_t uid, gid;
    bool bounding; /* the bounding set is empty, too; it takes CAP_SETPCAP */
    bool filtered; /* system calls are */
    bool confined; /* to syscalls->files_fd, for what is written */
    /* One line on what was done, or which step failed. */
    char words[MT_PRIVILEGES_WORDS_BYTES];
};

/* Fill in what the system knows of this process; the rest is zeroed. */
void mt_privileges_look(struct mt_privileges_facts *facts);

/* Set facts->asked to a user by name or number; its own group is taken, the
 * user's number where it has none. Returns 0 or -ENOENT. Ask before dropping:
 * it reads the user database. */
int mt_privileges_ask(struct mt_privileges_facts *facts, const char *user);

/**
 * Who to become. The user asked for; else, of root, who called sudo, and
 * nobody where that is root, too, or no number; else the one it is. A set-uid
 * program becomes who started it.
 */
struct mt_privileges_plan
mt_privileges_decide(const struct mt_privileges_facts *facts);

/**
 * Become it: ids, no supplementary groups, no capability in any set, no way
 * to gain any, no core dumps and no debugger, system calls filtered. Done once
 * and for all threads.
 *
 * With a folder to write files into (files_fd) no other is left. Where the
 * kernel has no filters, or no Landlock, it goes on and says so. Returns 0,
 * or -errno when ids or capabilities could not be given up, or were found
 * afterwards: -EBUSY, a thread still has some.
 */
int mt_privileges_drop(const struct mt_privileges_plan *plan,
                       const struct mt_syscalls *syscalls,
                       struct mt_privileges_result *result);

/* All but the filter and the last look, keeping some capabilities, at most 8
 * numbers of CAP_*: for the helper. Returns 0 or -errno. */
int mt_privileges_reduce(const struct mt_privileges_plan *plan,
                         const unsigned *keep, unsigned count,
                         struct mt_privileges_result *result);

/**
 * Make a file or directory belong to the plan's user: itself, not what a link
 * leads to. Only what is ours is given away, and of files only those with one
 * name, so that nobody plants a link to another file of root's.
 * Returns 0 (also where it is his already, or we are not root); -ELOOP, -EPERM
 * for what is not given away; -errno, such as -ENOENT.
 */
int mt_privileges_give(const char *path, const struct mt_privileges_plan *plan);

/* The same for a database, its -wal and its -shm, as far as they are there.
 * Nobody is given nothing: what root made without sudo stays root's. */
int mt_privileges_give_database(const char *path,
                                const struct mt_privileges_plan *plan);

#endif
