#include "cli/ladder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/packet_folders.h"

struct search {
    const struct mt_exchange *x;
    struct mt_packet_folders folders;
    struct mt_ladder_file files[MT_LADDER_FILES_MAX];
    char paths[MT_LADDER_FILES_MAX][MT_PACKET_PATH_BYTES];
    size_t count;
    char why[MT_LADDER_WHY_BYTES]; /* the first file that is not there */
};

static bool is_wanted(const struct mt_exchange *x, int64_t source)
{
    for (uint32_t i = 0; i < x->packets_count; i++)
        if ((int64_t)(x->packets[i] >> 48) == source)
            return true;
    return false;
}

static void say_missing(struct search *s, const char *path, const char *why)
{
    if (s->why[0] == '\0')
        (void)snprintf(s->why, sizeof s->why, "%.300s: %s",
                       strcmp(path, "-") == 0 ? "standard input" : path, why);
}

static int find_file(void *arg, const struct mt_source_row *row)
{
    struct search *s = arg;
    if (!is_wanted(s->x, row->id))
        return 0;
    if (s->count == MT_LADDER_FILES_MAX) {
        say_missing(s, row->path,
                    "its packets are in more files than are "
                    "read for one exchange");
        return 0;
    }
    struct mt_ladder_file *f = &s->files[s->count];
    char *path = s->paths[s->count];
    f->known = mt_packet_file_of(row);
    enum mt_packet_file_rc rc =
        mt_packet_file_find(&f->known, s->folders.list, s->folders.count, path);
    if (rc != MT_PACKET_FILE_FOUND) {
        say_missing(s, row->path, mt_packet_file_reason(rc));
        return 0;
    }
    f->source = (uint16_t)row->id;
    f->path = path;
    f->known.path = NULL; /* the row's */
    s->count++;
    return 0;
}

static void read_packets(struct mt_ladder *l, struct mt_store *store,
                         struct search *s,
                         const struct mt_ladder_options *bounds)
{
    int rc = mt_query_sources(store, find_file, s);
    if (rc != 0)
        say_missing(s, "packets", mt_store_strerror(rc));
    else if (s->count == 0)
        say_missing(s, "packets", "their file is not in the database");
    if (s->count > 0)
        mt_packet_ladder_read(l, s->x, s->files, s->count, bounds);
    if (s->why[0] != '\0' && l->why[0] == '\0') {
        l->complete = false;
        memcpy(l->why, s->why, sizeof l->why);
    }
}

static const char *why_none(const struct mt_exchange *x)
{
    if (x->observer == MT_OBSERVER_PROXY_REQUEST ||
        x->observer == MT_OBSERVER_PROXY_ATTEMPT)
        return "none: a proxy saw it, not a tap";
    if (x->kind == MT_KIND_L4)
        return "none with data of it was noted";
    return "none was noted: by --no-packets, or it came as a stream of "
           "exchanges";
}

void mt_ladder_of(struct mt_ladder *l, struct mt_store *store,
                  const struct mt_options *o, const struct mt_exchange *x,
                  const struct mt_ladder_options *bounds)
{
    *l = (struct mt_ladder){.complete = true};
    if (x->packets_count == 0) {
        (void)snprintf(l->why, sizeof l->why, "%s", why_none(x));
        return;
    }
    struct search *s = calloc(1, sizeof *s);
    if (s != NULL && mt_packet_folders_init(&s->folders, o) == 0) {
        s->x = x;
        read_packets(l, store, s, bounds);
    } else {
        (void)snprintf(l->why, sizeof l->why, "not enough memory");
    }
    if (s != NULL)
        mt_packet_folders_deinit(&s->folders);
    free(s);
}
