#include "cli/sources.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "capture/interfaces.h"
#include "capture/live.h"
#include "capture/own_filter.h"
#include "cli/paths.h"
#include "cli/say.h"
#include "cli/session.h"

enum { MANY = 16, LESS_BYTES = 65536, LIST_BYTES = 512, PATH_BYTES = 4096 };

static int no_memory(void)
{
    mt_say(NULL, "not enough memory");
    return MT_EXIT_ERROR;
}

/* ---- captures ---- */

int mt_sources_open_peeked(struct mt_merge *m, const struct mt_options *o,
                           struct mt_peek *peek, const char *path)
{
    struct mt_problem why;
    struct mt_source *source;
    struct mt_source_options options = {
        .follow = o->follow,
        .number = (uint16_t)mt_merge_count(m),
        .buffer_bytes = o->read_count > MANY ? LESS_BYTES : 0};
    if (mt_peek_source(peek, &source, path, &options, &why) != 0) {
        mt_say(NULL, "%s", why.text);
        return MT_EXIT_ERROR;
    }
    return mt_merge_add(m, source) == 0 ? 0 : no_memory();
}

/* ---- interfaces ---- */

static void say_which(const struct mt_problem *why)
{
    char names[LIST_BYTES] = "";
    struct mt_buf b = mt_buf_of(names, sizeof names - 1);
    struct mt_interfaces list;
    if (mt_interfaces_list(&list) == 0)
        for (size_t i = 0; i < list.count; i++) {
            mt_put_str(&b, i > 0 ? ", " : "");
            mt_put_str(&b, list.rows[i].name);
        }
    mt_interfaces_deinit(&list);
    names[b.len] = '\0';
    mt_say(NULL, "%s; there are: %s", why->text, names);
}

/* What went wrong, and the cure. */
static int say_failed(const struct mt_options *o, size_t i, int rc,
                      const struct mt_problem *why)
{
    char path[PATH_BYTES];
    switch (rc) {
    case -ENODEV:
        say_which(why);
        break;
    case -EPERM:
        mt_say(NULL,
               "%s; run sudo meshtop %s%s..., or once: sudo setcap "
               "cap_net_raw+ep %s",
               why->text, o->command->bare ? "" : o->command->name,
               o->command->bare ? "" : " ", mt_program_path(path, sizeof path));
        break;
    case -ENETDOWN:
        mt_say(NULL, "%s; sudo ip link set %s up", why->text, o->interfaces[i]);
        break;
    default:
        mt_say(NULL, "%s", why->text);
    }
    return MT_EXIT_ERROR;
}

static int open_interface(struct mt_source **source, const struct mt_options *o,
                          size_t i)
{
    char filter[MT_OWN_FILTER_BYTES];
    struct mt_problem why;
    struct mt_live_options options = {.filter = o->capture_filter,
                                      .snaplen = (uint32_t)o->snaplen,
                                      .buffer_bytes = o->buffer_bytes,
                                      .promiscuous = o->promiscuous,
                                      .number = (uint16_t)i};
    if (o->buffer_bytes > INT_MAX) {
        mt_say("--buffer", "the kernel's buffer of an interface is below 2GiB");
        return MT_EXIT_USAGE;
    }
    if (!o->all) {
        options.filter = filter;
        if (mt_own_filter(filter, o->capture_filter, mt_ssh_session(),
                          o->page_port) != 0) {
            mt_say("-f", "the capture filter is too long");
            return MT_EXIT_USAGE;
        }
    }
    int rc = mt_source_open_live(source, o->interfaces[i], &options, &why);
    return rc == 0 ? 0 : say_failed(o, i, rc, &why);
}

/* ---- all ---- */

int mt_sources_open(struct mt_merge *m, const struct mt_options *o)
{
    if (o->interfaces_count > MT_INTERFACES_MAX) {
        mt_say("-i", "at most %d interfaces; any is all of them",
               MT_INTERFACES_MAX);
        return MT_EXIT_USAGE;
    }
    for (size_t i = 0; i < o->interfaces_count; i++) {
        struct mt_source *source;
        int rc = open_interface(&source, o, i);
        if (rc != 0)
            return rc;
        if (mt_merge_add(m, source) != 0)
            return no_memory();
    }
    return 0;
}
