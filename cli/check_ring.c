#include "cli/check_ring.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/paths.h"
#include "cli/rights.h"

enum { PATH_BYTES = 4096, MAY_MAKE_FILES = 3 /* write and search */ };

#define SAY(to, ...) ((void)snprintf((to), sizeof(to), __VA_ARGS__))

/* By its mode; access lists may give more. */
static bool may_make_files(const struct stat *st,
                           const struct mt_privileges_plan *who)
{
    unsigned bits = st->st_mode;
    if (who->uid == 0)
        return true;
    if (st->st_uid == who->uid)
        bits >>= 6;
    else if (st->st_gid == who->gid)
        bits >>= 3;
    return (bits & MAY_MAKE_FILES) == MAY_MAKE_FILES;
}

static void check_new(struct mt_check_ring *c, const char *folder,
                      const struct mt_privileges_plan *who)
{
    char parent[PATH_BYTES];
    c->problem = !mt_has_folder(folder, parent, sizeof parent);
    if (c->problem) {
        SAY(c->found, "%.200s cannot be made: there is no folder %.200s",
            folder, parent);
        SAY(c->remedy, "mkdir -p %.200s, or name another place", parent);
        return;
    }
    c->problem = access(parent, W_OK | X_OK) != 0;
    if (c->problem) {
        SAY(c->found, "%.200s cannot be made: %s", folder, strerror(errno));
        SAY(c->remedy, "name another folder, or make it before");
        return;
    }
    SAY(c->found, "%.200s can be made, for uid %u alone", folder, who->uid);
}

static void check_there(struct mt_check_ring *c, const char *folder,
                        const struct stat *st,
                        const struct mt_privileges_plan *who)
{
    c->problem = !S_ISDIR(st->st_mode) || !may_make_files(st, who);
    if (!S_ISDIR(st->st_mode)) {
        SAY(c->found, "%.200s is no folder", folder);
        SAY(c->remedy, "name another one");
    } else if (c->problem) {
        SAY(c->found,
            "%.200s belongs to uid %u, and the tap, uid %u, cannot write there",
            folder, st->st_uid, who->uid);
        SAY(c->remedy, "sudo chown %u:%u %.200s", who->uid, who->gid, folder);
    } else if ((st->st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        c->remark = true;
        SAY(c->found, "others than uid %u can look into %.200s", st->st_uid,
            folder);
        SAY(c->remedy, "chmod 700 %.200s", folder);
    } else {
        SAY(c->found, "%.200s is for uid %u alone", folder, st->st_uid);
    }
}

void mt_check_ring(struct mt_check_ring *c, const struct mt_options *o)
{
    struct mt_privileges_plan who;
    struct stat st;
    *c = (struct mt_check_ring){.problem = false};
    if (o->ring == NULL) {
        SAY(c->found, "no packets are to be kept");
        return;
    }
    if (mt_rights_decide(&who, o) != 0) {
        c->problem = true;
        SAY(c->found, "there is no such user");
        SAY(c->remedy, "name another one with --user");
        return;
    }
    if (stat(o->ring, &st) == 0)
        check_there(c, o->ring, &st, &who);
    else
        check_new(c, o->ring, &who);
    if (!c->problem && who.become == MT_BECOME_NOBODY) {
        c->remark = true;
        SAY(c->found, "other processes of nobody, uid %u, can read it, too",
            who.uid);
        SAY(c->remedy, "use sudo, or name a user with --user");
    }
}
