#include "capture/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cap-ng.h>

#include "base/text.h"
#include "capture/privileges_folder.h"
#include "capture/privileges_threads.h"

enum { USER_DATABASE_BYTES = 16384 };

/* ---- who to become ---- */

/* (uid_t)-1 means "leave it" to the system: no user has it. */
static bool parse_id(const char *text, uint32_t *id)
{
    uint64_t n;
    if (mt_parse_u64(mt_span_str(text), &n) != 0 || n >= UINT32_MAX)
        return false;
    *id = (uint32_t)n;
    return true;
}

static struct mt_privileges_plan of_root(const struct mt_privileges_facts *f)
{
    struct mt_privileges_plan p = {.become = MT_BECOME_SUDO};
    if (f->uid != 0)
        return (struct mt_privileges_plan){MT_BECOME_REAL, f->uid, f->gid};
    if (!parse_id(f->sudo_uid, &p.uid) || !parse_id(f->sudo_gid, &p.gid) ||
        p.uid == 0)
        return (struct mt_privileges_plan){MT_BECOME_NOBODY, MT_NOBODY,
                                           MT_NOBODY};
    return p;
}

struct mt_privileges_plan
mt_privileges_decide(const struct mt_privileges_facts *f)
{
    struct mt_privileges_plan same = {MT_BECOME_SAME, f->euid, f->egid};
    struct mt_privileges_plan p = same;
    if (f->asked)
        p = (struct mt_privileges_plan){MT_BECOME_ASKED, f->asked_uid,
                                        f->asked_gid};
    else if (f->euid == 0)
        p = of_root(f);
    if (p.uid == f->euid && p.gid == f->egid && f->uid == f->euid)
        return p.become == MT_BECOME_ASKED ? p : same;
    if (f->may_set_ids || p.become == MT_BECOME_SAME)
        return p;
    return (struct mt_privileges_plan){MT_BECOME_UNABLE, f->euid, f->egid};
}

void mt_privileges_look(struct mt_privileges_facts *f)
{
    *f = (struct mt_privileges_facts){
        .uid = getuid(), .gid = getgid(), .euid = geteuid(), .egid = getegid()};
    f->may_set_ids = capng_get_caps_process() == 0 &&
                     capng_have_capability(CAPNG_EFFECTIVE, CAP_SETUID) == 1 &&
                     capng_have_capability(CAPNG_EFFECTIVE, CAP_SETGID) == 1;
}

int mt_privileges_ask(struct mt_privileges_facts *f, const char *user)
{
    struct passwd entry, *found = NULL;
    uint32_t number;
    bool is_number = parse_id(user, &number);
    char *text = malloc(USER_DATABASE_BYTES);
    if (text == NULL)
        return -ENOMEM;
    int rc = is_number
                 ? getpwuid_r(number, &entry, text, USER_DATABASE_BYTES, &found)
                 : getpwnam_r(user, &entry, text, USER_DATABASE_BYTES, &found);
    if (rc == 0 && found != NULL) {
        f->asked_uid = entry.pw_uid;
        f->asked_gid = entry.pw_gid;
    } else if (is_number) {
        f->asked_uid = f->asked_gid = number;
    }
    f->asked = is_number || (rc == 0 && found != NULL);
    free(text);
    return f->asked ? 0 : -ENOENT;
}

/* ---- becoming it ---- */

static int failed(struct mt_privileges_result *r, int rc, const char *step)
{
    (void)snprintf(r->words, sizeof r->words, "cannot %s", step);
    return rc < 0 ? rc : -EPERM;
}

static bool holds(unsigned capability)
{
    return capng_have_capability(CAPNG_EFFECTIVE, capability) == 1;
}

static bool changes(const struct mt_privileges_plan *p)
{
    return p->become != MT_BECOME_SAME && p->become != MT_BECOME_UNABLE;
}

/* libc does these for every thread, and aborts where one thread may and
 * another may not: so nothing is merely tried. */
static int set_ids(const struct mt_privileges_plan *p,
                   struct mt_privileges_result *r)
{
    if (holds(CAP_SETGID) && setgroups(0, NULL) != 0)
        return failed(r, -errno, "leave the supplementary groups");
    if (!changes(p))
        return 0;
    if (setresgid(p->gid, p->gid, p->gid) != 0)
        return failed(r, -errno, "change the group");
    if (setresuid(p->uid, p->uid, p->uid) != 0)
        return failed(r, -errno, "change the user");
    return 0;
}

/* Bounding set first, as long as CAP_SETPCAP is there. With the uid the
 * capabilities go, but for those kept by PR_SET_KEEPCAPS. */
int mt_privileges_reduce(const struct mt_privileges_plan *p,
                         const unsigned *keep, unsigned count,
                         struct mt_privileges_result *r)
{
    *r = (struct mt_privileges_result){.uid = p->uid, .gid = p->gid};
    if (capng_get_caps_process() != 0)
        return failed(r, -EPERM, "read the capabilities");
    bool kept[8] = {false};
    for (unsigned i = 0; i < count && i < 8; i++)
        kept[i] = capng_have_capability(CAPNG_PERMITTED, keep[i]) == 1;
    if (holds(CAP_SETPCAP)) {
        capng_clear(CAPNG_SELECT_BOUNDS);
        r->bounding = capng_apply(CAPNG_SELECT_BOUNDS) == 0;
    }
    if (count > 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
        return failed(r, -errno, "keep capabilities");
    int rc = set_ids(p, r);
    if (rc != 0)
        return rc;
    capng_clear(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT);
    for (unsigned i = 0; i < count && i < 8; i++)
        if (kept[i])
            (void)capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
                               keep[i]);
    if (capng_apply(CAPNG_SELECT_CAPS) != 0)
        return failed(r, -EPERM, "give up the capabilities");
    /* an old kernel has no ambient set */
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    (void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return failed(r, -errno, "set no_new_privs");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return failed(r, -errno, "switch core dumps off");
    return 0;
}

/* Believed only when seen. */
static int look_again(const struct mt_privileges_plan *p,
                      struct mt_privileges_result *r)
{
    uid_t u[3];
    gid_t g[3];
    if (getresuid(&u[0], &u[1], &u[2]) != 0 ||
        getresgid(&g[0], &g[1], &g[2]) != 0)
        return failed(r, -errno, "read the ids");
    /* real, effective, saved; of one that stays the effective ones count */
    int first = changes(p) ? 0 : 1, last = changes(p) ? 2 : 1;
    for (int i = first; i <= last; i++)
        if (u[i] != p->uid || g[i] != p->gid)
            return failed(r, -EPERM, "change user and group");
    /* the way back */
    if (p->uid != 0 && setresuid((uid_t)-1, 0, (uid_t)-1) == 0)
        return failed(r, -EPERM, "stay without root");
    int rc = mt_privileges_threads();
    if (rc == -EBUSY)
        return failed(r, rc, "take the capabilities of a thread that runs");
    return rc == 0 ? 0 : failed(r, rc, "look at the threads below /proc");
}

int mt_privileges_drop(const struct mt_privileges_plan *p,
                       const struct mt_syscalls *syscalls,
                       struct mt_privileges_result *r)
{
    static const char *const who[] = {
#define X(name, words) [MT_BECOME_##name] = (words),
        MT_BECOMES(X)
#undef X
    };
    int rc = mt_privileges_reduce(p, NULL, 0, r);
    if (rc == 0)
        rc = look_again(p, r);
    if (rc != 0)
        return rc;
    if (syscalls->files_fd > 0)
        r->confined = mt_privileges_folder(syscalls->files_fd) == 0;
    int filter = mt_syscalls_filter(syscalls);
    r->filtered = filter == 0;
    (void)snprintf(r->words, sizeof r->words,
                   "runs as uid %u, gid %u (%s), without capabilities; "
                   "system calls %s%s%s",
                   p->uid, p->gid, who[p->become],
                   filter == 0 ? "are filtered" : "cannot be filtered: ",
                   filter == 0 ? "" : strerror(-filter),
                   syscalls->files_fd <= 0 ? ""
                   : r->confined           ? "; files are made in one folder"
                                 : "; files can be made in any of its folders: "
                                   "no Landlock here");
    return 0;
}
