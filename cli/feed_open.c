/* A feed is opened: sources, names, routes, the tap, rights, the packet ring.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/names_file.h"
#include "capture/names_hosts.h"
#include "cli/clock.h"
#include "cli/feed_impl.h"
#include "cli/say.h"
#include "cli/sources.h"

enum { NAMES_BYTES = 64 << 20 };

static int no_memory(void)
{
    mt_say(NULL, "not enough memory");
    return MT_EXIT_ERROR;
}

/* So that a reference into it is not taken for one into another file. */
static uint64_t inode_of(const char *path)
{
    struct stat st;
    bool file = stat(path, &st) == 0 && S_ISREG(st.st_mode);
    return file ? (uint64_t)st.st_ino : 0;
}

/* A relayed stream, or a capture. */
static int open_file(struct mt_feed *f, const char *path)
{
    struct mt_peek peek;
    struct mt_source *source;
    size_t number = mt_merge_count(f->merge);
    /* what cannot be opened is said by whom it is a capture for */
    (void)mt_peek_open(&peek, path);
    if (mt_relay_detect(mt_peek_start(&peek)))
        return mt_relayed_add(f->relaying.streams, &peek, path);
    int rc = mt_sources_open_peeked(f->merge, f->o, &peek, path);
    if (rc != 0)
        return rc;
    source = mt_merge_source(f->merge, number);
    f->found[number].info.path = path;
    f->found[number].info.inode = inode_of(path);
    f->total_bytes += mt_source_progress(source).total_bytes;
    return 0;
}

static int open_sources(struct mt_feed *f)
{
    const struct mt_options *o = f->o;
    size_t n = mt_options_sources(o);
    f->merge = mt_merge_new();
    f->found = calloc(n, sizeof *f->found);
    f->relaying.streams = mt_relayed_new(o->follow);
    if (f->merge == NULL || f->found == NULL || f->relaying.streams == NULL)
        return no_memory();
    int rc = f->live ? mt_sources_open(f->merge, o) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (f->live)
            f->found[i].info.path = o->interfaces[i];
        else
            rc = open_file(f, o->read[i]);
    }
    return rc;
}

static int open_names(struct mt_feed *f)
{
    char why[MT_NAMES_WHY_BYTES];
    if (f->o->names != NULL &&
        mt_names_file_load(&f->names_file, f->o->names, &f->pool, why) != 0) {
        mt_say(NULL, "%s", why);
        return MT_EXIT_ERROR;
    }
    if (f->live)
        mt_own_addresses_read(&f->own);
    f->names = mt_names_new(&(struct mt_names_config){
        .pool = &f->pool, .file = f->names_file, .own = &f->own});
    if (f->names == NULL)
        return no_memory();
    if (f->live) /* of a capture it would be another machine's */
        (void)mt_names_hosts_load(f->names, "/etc/hosts", mt_wall_ns());
    return 0;
}

static int open_routes(struct mt_feed *f)
{
    size_t n = f->o->routes_count;
    f->patterns = calloc(n > 0 ? n : 1, sizeof *f->patterns);
    if (f->patterns == NULL)
        return no_memory();
    for (size_t i = 0; i < n; i++)
        f->patterns[i] = mt_span_str(f->o->routes[i]);
    f->routes =
        mt_routes_new(&(struct mt_route_options){.patterns = f->patterns,
                                                 .patterns_count = n},
                      &f->pool);
    return f->routes != NULL ? 0 : no_memory();
}

static int open_tap(struct mt_feed *f)
{
    const struct mt_options *o = f->o;
    struct mt_tap_config config = {
        .decode = {.keep_query = o->query,
                   .keep_headers = o->headers,
                   .keep_packets =
                       !o->no_packets && (!f->live || o->ring != NULL),
                   .reports = true},
        .limit_bytes = (size_t)o->memory_bytes};
    config.hash_seed = mt_random_u64();
    if (f->live) {
        config.seen = mt_naming_seen;
        config.seen_context = &f->naming;
    }
    f->tap = mt_tap_new(&config);
    return f->tap != NULL ? 0 : no_memory();
}

/* The ring's files are made by who a live tap becomes: a new folder is his,
 * one that was there stays whose it is. */
static int open_keeper(struct mt_feed *f)
{
    const char *folder = f->o->ring;
    if (f->live && folder != NULL && f->rights.plan.become == MT_BECOME_NOBODY)
        mt_warn("--ring", "it is kept as nobody, whose other processes can "
                          "read it, too; use sudo, or name a user with --user");
    if (f->live && folder != NULL && mkdir(folder, 0700) == 0)
        (void)mt_privileges_give(folder, &f->rights.plan);
    int rc = mt_packet_keeper_open(&f->keeper, f->o);
    if (rc != 0 || folder == NULL || !f->live ||
        mt_rights_may_fill(&f->rights, mt_packet_keeper_folder(f->keeper)))
        return rc;
    mt_say(folder,
           "the tap, which becomes uid %u, cannot keep packets there; sudo "
           "chown %u:%u %s, or name another folder",
           f->rights.plan.uid, f->rights.plan.uid, f->rights.plan.gid, folder);
    return MT_EXIT_ERROR;
}

/* Names are all that would be missing. One interface, or all there are. */
static void open_early(struct mt_feed *f)
{
    const struct mt_options *o = f->o;
    if (f->live && f->rights.helper != NULL)
        (void)mt_early_open(
            &f->early, o->interfaces_count == 1 ? o->interfaces[0] : "any");
}

static int open_all(struct mt_feed *f)
{
    const struct mt_options *o = f->o;
    int rc = open_sources(f);
    if (rc == 0)
        rc = open_names(f);
    if (rc == 0)
        rc = open_routes(f);
    f->relaying.names = f->names;
    if (rc == 0)
        mt_relaying_warn(&f->relaying, f->o);
    if (rc == 0)
        rc = open_tap(f);
    if (rc == 0 && f->live)
        rc = mt_rights_begin(&f->rights, o);
    mt_naming_init(&f->naming, f->rights.helper);
    open_early(f);
    return rc == 0 ? open_keeper(f) : rc;
}

int mt_feed_open(struct mt_feed **out, const struct mt_options *o,
                 const struct mt_filter *filter)
{
    *out = NULL;
    struct mt_feed *f = calloc(1, sizeof *f);
    if (f == NULL)
        return no_memory();
    f->o = o;
    f->filter = filter;
    f->live = o->interfaces_count > 0;
    f->settled_ns = MT_MERGE_EXACT;
    mt_early_none(&f->early);
    f->relaying.filter = filter;
    f->relaying.exchanges = &f->exchanges;
    f->relaying.look_up = mt_feed_look_up;
    f->relaying.feed = f;
    mt_pool_init(&f->pool, NAMES_BYTES);
    int rc = open_all(f);
    if (rc != 0)
        mt_feed_free(f);
    else
        *out = f;
    return rc;
}

void mt_feed_free(struct mt_feed *f)
{
    if (f == NULL)
        return;
    mt_packet_keeper_close(f->keeper, NULL);
    mt_early_close(&f->early);
    mt_rights_end(&f->rights);
    mt_tap_free(f->tap);
    mt_merge_free(f->merge);
    mt_relayed_free(f->relaying.streams);
    mt_names_free(f->names);
    mt_names_file_free(f->names_file);
    mt_routes_free(f->routes);
    mt_pool_deinit(&f->pool);
    free(f->patterns);
    free(f->found);
    free(f);
}
