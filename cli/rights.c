#include "cli/rights.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/say.h"

int mt_rights_decide(struct mt_privileges_plan *plan,
                     const struct mt_options *o)
{
    struct mt_privileges_facts facts;
    mt_privileges_look(&facts);
    facts.sudo_uid = getenv("SUDO_UID");
    facts.sudo_gid = getenv("SUDO_GID");
    if (o->user != NULL && mt_privileges_ask(&facts, o->user) != 0) {
        mt_say("--user", "there is no user '%s'", o->user);
        return MT_EXIT_USAGE;
    }
    *plan = mt_privileges_decide(&facts);
    return 0;
}

int mt_rights_begin(struct mt_rights *r, const struct mt_options *o)
{
    *r = (struct mt_rights){.helper = NULL};
    int rc = mt_rights_decide(&r->plan, o);
    if (rc != 0)
        return rc;
    rc = mt_helper_start(&r->helper,
                         &(struct mt_helper_config){.plan = r->plan});
    if (rc != 0) {
        mt_warn(NULL, "processes are not named: no helper could be started: %s",
                strerror(-rc));
        r->helper = NULL;
    }
    return 0;
}

bool mt_rights_lower(const struct mt_rights *r)
{
    bool other =
        r->plan.become == MT_BECOME_SUDO || r->plan.become == MT_BECOME_ASKED;
    if (!other || geteuid() != 0 || setegid(r->plan.gid) != 0)
        return false;
    if (seteuid(r->plan.uid) == 0)
        return true;
    if (setegid(0) != 0)
        abort(); /* what is possible on the way there is so on the way back */
    return false;
}

void mt_rights_raise(bool lowered)
{
    if (lowered && (seteuid(0) != 0 || setegid(0) != 0))
        abort();
}

/* Asked as the one it becomes: access lists, and what is mounted read-only, are
 * the kernel's to know. */
bool mt_rights_may_fill(const struct mt_rights *r, int folder_fd)
{
    bool lowers = geteuid() == 0 && r->plan.uid != 0;
    if (lowers && (setegid(r->plan.gid) != 0 || seteuid(r->plan.uid) != 0)) {
        mt_rights_raise(true);
        return true; /* it is seen when it is tried */
    }
    bool may = faccessat(folder_fd, ".", W_OK | X_OK, AT_EACCESS) == 0;
    mt_rights_raise(lowers);
    return may;
}

int mt_rights_drop(const struct mt_rights *r, const struct mt_options *o,
                   int folder_fd, int accept_fd)
{
    struct mt_privileges_result result;
    const struct mt_syscalls syscalls = {
        .set = MT_SYSCALLS_TAP,
        .open_read = o->promiscuous,
        .files_fd = folder_fd,
        .accept_fd = accept_fd,
        .send_fds = {r->helper != NULL ? mt_helper_fd(r->helper) : -1, -1},
    };
    tzset(); /* reads the zone's file, which is out of reach afterwards */
    int rc = mt_privileges_drop(&r->plan, &syscalls, &result);
    if (rc != 0) {
        mt_say("privileges", "%s: %s; nothing was captured", result.words,
               strerror(-rc));
        return MT_EXIT_ERROR;
    }
    bool whole = result.filtered && r->plan.become != MT_BECOME_UNABLE;
    if (!o->quiet && (!whole || o->write != NULL))
        mt_say(NULL, "%s", result.words);
    return 0;
}

/* Of a root's shell it stays root: its files are root's. */
int mt_rights_look_on(const struct mt_rights *r)
{
    struct mt_privileges_plan plan = r->plan;
    struct mt_privileges_result result;
    if (plan.become == MT_BECOME_NOBODY)
        plan = (struct mt_privileges_plan){
            .become = MT_BECOME_SAME, .uid = getuid(), .gid = getgid()};
    int rc = mt_privileges_reduce(&plan, NULL, 0, &result);
    if (rc == 0)
        return 0;
    mt_say("privileges", "%s: %s; nothing was captured", result.words,
           strerror(-rc));
    return MT_EXIT_ERROR;
}

void mt_rights_end(struct mt_rights *r)
{
    mt_helper_free(r->helper);
    r->helper = NULL;
}
