#include "cli/wanted.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_escape.h"
#include "cli/each.h"
#include "cli/say.h"
#include "cli/signals.h"

enum {
    FIRST_TEXT_BYTES = 64 << 10,
    TEXT_BYTES = 512, /* of one comment */
    PATH_COLUMNS = 120,
    NAMES_MAX = 65536,
    NAMES_BYTES = 16 << 20,
};

/* ---- where the files are ---- */

static struct mt_wanted_file *file_of(struct mt_wanted *w, size_t source)
{
    if (source >= w->files_count) {
        size_t count = source + 1;
        struct mt_wanted_file *files = realloc(w->files, count * sizeof *files);
        if (files == NULL)
            return NULL;
        memset(files + w->files_count, 0,
               (count - w->files_count) * sizeof *files);
        w->files = files;
        w->files_count = count;
    }
    return &w->files[source];
}

int mt_wanted_source(void *context, const struct mt_source_row *row)
{
    struct mt_wanted *w = context;
    char path[MT_PACKET_PATH_BYTES];
    const struct mt_packet_file known = mt_packet_file_of(row);
    if (row->id < 0 || row->id > UINT16_MAX)
        return 0; /* no reference tells of it */
    struct mt_wanted_file *f = file_of(w, (size_t)row->id);
    if (f == NULL || (f->path = strdup(row->path)) == NULL)
        return MT_STORE_ENOMEM;
    f->rc =
        mt_packet_file_find(&known, w->folders.list, w->folders.count, path);
    if (f->rc != MT_PACKET_FILE_FOUND)
        return 0;
    f->found = strdup(path);
    bool kept =
        f->found != NULL &&
        mt_packet_refs_file(w->refs, (uint16_t)row->id, path, &known) == 0;
    return kept ? 0 : MT_STORE_ENOMEM;
}

/* ---- one exchange ---- */

static void put_outcome(struct mt_buf *b, const struct mt_exchange *x)
{
    mt_put_char(b, ' ');
    if (x->status > 0)
        mt_put_decimal(b, x->status);
    else if (x->error != 0)
        mt_put_str(b, mt_error_text(x->error));
    else
        mt_put_str(b, mt_outcome_text(x->outcome));
    if (x->grpc_status != MT_GRPC_STATUS_NONE) {
        mt_put_str(b, " grpc ");
        mt_put_signed(b, x->grpc_status);
    }
}

/* Never a query, never a header: a path tells enough to find it again. */
static void put_comment(struct mt_buf *b, const struct mt_exchange *x)
{
    struct mt_span path = x->route.len > 0  ? x->route
                          : x->path.len > 0 ? x->path
                                            : x->authority;
    if (x->method.len > 0)
        (void)mt_put_escaped(b, x->method, PATH_COLUMNS);
    else
        mt_put_str(b, mt_protocol_text(x->protocol));
    if (path.len > 0) {
        mt_put_char(b, ' ');
        (void)mt_put_escaped(b, path, PATH_COLUMNS);
    }
    put_outcome(b, x);
    int64_t ns = mt_exchange_latency_ns(x);
    if (ns >= 0) {
        mt_put_char(b, ' ');
        mt_put_latency(b, ns);
    }
    mt_put_str(b, " id ");
    mt_put_decimal(b, x->id);
}

/* Its tag; 0 where there is no room. */
static uint64_t add_comment(struct mt_wanted *w, const struct mt_exchange *x)
{
    if (w->texts_cap - w->texts_len < TEXT_BYTES + 1) {
        size_t cap = w->texts_cap > 0 ? w->texts_cap * 2 : FIRST_TEXT_BYTES;
        if (cap > w->options->memory_bytes) {
            w->rc = MT_ELIMIT;
            return 0;
        }
        char *texts = realloc(w->texts, cap);
        if (texts == NULL) {
            w->rc = -ENOMEM;
            return 0;
        }
        w->texts = texts;
        w->texts_cap = cap;
    }
    uint64_t tag = w->texts_len + 1;
    struct mt_buf b = mt_buf_of(w->texts + w->texts_len, TEXT_BYTES);
    put_comment(&b, x);
    w->texts_len += b.len;
    w->texts[w->texts_len++] = '\0';
    return tag;
}

struct mt_span mt_wanted_comment(const struct mt_wanted *w, uint64_t tag)
{
    return tag > 0 ? mt_span_str(w->texts + tag - 1) : (struct mt_span){0};
}

/* Its address alone is no name. */
static void add_name(struct mt_wanted *w, const struct mt_party *p)
{
    uint8_t bytes[sizeof p->addr.ip + 256];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    if (p->service.len == 0 || p->name_source <= MT_NAME_GROUP)
        return;
    mt_put_span(&b, (struct mt_span){p->addr.ip, sizeof p->addr.ip});
    mt_put_span(&b, p->service);
    if (!b.full)
        (void)mt_intern_add(&w->names, mt_buf_span(&b));
}

/* The file without which it cannot be exported; NULL: all are there. */
static struct mt_wanted_file *missing_file(struct mt_wanted *w,
                                           const struct mt_exchange *x)
{
    uint32_t i;
    for (i = 0; i < x->packets_count; i++)
        if (!mt_packet_refs_has(w->refs, x->packets[i]))
            break;
    if (i == x->packets_count)
        return NULL;
    struct mt_wanted_file *f = file_of(w, (size_t)(x->packets[i] >> 48));
    w->rc = f != NULL ? w->rc : -ENOMEM;
    return f;
}

/* Whole connections need no packet that was noted. */
static bool is_whole(const struct mt_options *o)
{
    return o->whole_connections || o->with_secrets;
}

static void add_packets(struct mt_wanted *w, const struct mt_exchange *x)
{
    uint64_t tag = add_comment(w, x);
    for (uint32_t i = 0; w->rc == 0 && i < x->packets_count; i++) {
        struct mt_wanted_file *f = file_of(w, (size_t)(x->packets[i] >> 48));
        if (f != NULL)
            f->wanted = true;
        w->rc = mt_packet_refs_add(w->refs, x->packets[i], i == 0 ? tag : 0);
    }
    if (w->rc == 0)
        w->rc = mt_packet_conns_add(w->conns, &x->client.addr, &x->server.addr);
}

bool mt_wanted_exchange(void *context, const struct mt_exchange *x)
{
    struct mt_wanted *w = context;
    if (x->packets_count == 0 && !is_whole(w->options)) {
        w->without++;
        return true;
    }
    struct mt_wanted_file *missing = missing_file(w, x);
    if (w->rc != 0)
        return false;
    if (missing != NULL) {
        missing->refused++;
        w->refused++;
        return true;
    }
    add_packets(w, x);
    add_name(w, &x->client);
    add_name(w, &x->server);
    w->exchanges++;
    w->clipped += (x->quality & MT_QUALITY_PACKETS_CLIPPED) != 0;
    w->layered += x->tls != NULL || x->protocol == MT_PROTOCOL_H2 ||
                  x->protocol == MT_PROTOCOL_GRPC;
    return w->rc == 0;
}

/* ---- all of them ---- */

static int say_stopped(const struct mt_wanted *w)
{
    if (w->rc == MT_ELIMIT)
        mt_say(NULL, "too many packets for the ceiling of memory; select "
                     "fewer exchanges, or raise it with --memory");
    else
        mt_say(NULL, "not enough memory");
    return MT_EXIT_ERROR;
}

int mt_wanted_init(struct mt_wanted *w, const struct mt_options *o)
{
    *w = (struct mt_wanted){.options = o, .whole = "--whole-connections"};
    mt_pool_init(&w->pool, NAMES_BYTES);
    mt_intern_init(&w->names, &w->pool, NAMES_MAX);
    w->refs = mt_packet_refs_new((size_t)o->memory_bytes);
    w->conns = mt_packet_conns_new((size_t)o->memory_bytes);
    if (w->refs != NULL && w->conns != NULL &&
        mt_packet_folders_init(&w->folders, o) == 0)
        return 0;
    w->rc = -ENOMEM;
    return say_stopped(w);
}

int mt_wanted_settle(struct mt_wanted *w)
{
    int rc = w->rc != 0 ? say_stopped(w) : 0;
    mt_packet_refs_sort(w->refs);
    mt_packet_conns_sort(w->conns);
    return rc;
}

int mt_wanted_collect(struct mt_wanted *w, const struct mt_options *o)
{
    int rc = mt_wanted_init(w, o);
    if (rc != 0)
        return rc;
    struct mt_each each = {.options = o,
                           .newest = o->limit,
                           .with_packets = true,
                           .context = w,
                           .source = mt_wanted_source,
                           .exchange = mt_wanted_exchange};
    rc = mt_each_exchange(&each);
    w->sample_one_of = each.sample_one_of;
    int settled = mt_wanted_settle(w);
    return rc != 0 ? rc : settled;
}

bool mt_wanted_stopped(const struct mt_wanted *w)
{
    return mt_interrupted() || (w->stop != NULL && w->stop(w->stop_arg));
}

void mt_wanted_deinit(struct mt_wanted *w)
{
    mt_packet_refs_free(w->refs);
    mt_packet_conns_free(w->conns);
    for (size_t i = 0; i < w->files_count; i++) {
        free(w->files[i].path);
        free(w->files[i].found);
    }
    free(w->files);
    free(w->texts);
    mt_packet_folders_deinit(&w->folders);
    mt_intern_deinit(&w->names);
    mt_pool_deinit(&w->pool);
}

/* ---- what is missing ---- */

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* Of a ring many files are gone: the first stands for all. */
static void report_files(const struct mt_wanted *w)
{
    const struct mt_wanted_file *first = NULL;
    uint64_t rotated = 0;
    for (size_t i = 0; i < w->files_count; i++) {
        const struct mt_wanted_file *f = &w->files[i];
        if (f->refused == 0)
            continue;
        if (f->path != NULL && f->rc == MT_PACKET_FILE_ROTATED) {
            rotated += f->refused;
            first = first != NULL ? first : f;
            continue;
        }
        mt_warn(f->path != NULL ? f->path : "packets",
                "%s (%" PRIu64 " exchange%s not exported)",
                f->path != NULL ? mt_packet_file_reason(f->rc)
                                : "their file is not in the database",
                f->refused, plural(f->refused));
    }
    if (first != NULL)
        mt_warn(first->path, "%s (%" PRIu64 " exchange%s not exported)",
                mt_packet_file_reason(MT_PACKET_FILE_ROTATED), rotated,
                plural(rotated));
}

static void report_lost(const struct mt_wanted *w)
{
    for (size_t i = 0; i < w->files_count; i++) {
        const char *why;
        uint64_t lost = mt_packet_refs_lost(w->refs, (uint16_t)i, &why);
        if (lost > 0)
            mt_warn(NULL, "%s (%" PRIu64 " packet%s missing)", why, lost,
                    plural(lost));
    }
}

void mt_wanted_report(const struct mt_wanted *w)
{
    report_files(w);
    report_lost(w);
    if (w->without > 0)
        mt_warn(NULL,
                "%" PRIu64 " exchange%s not exported: no packet with "
                "data was noted; %s has the others",
                w->without, plural(w->without), w->whole);
    if (w->clipped > 0 && !is_whole(w->options))
        mt_warn(NULL,
                "%" PRIu64 " exchange%s had more packets than were "
                "noted; %s has all of them",
                w->clipped, plural(w->clipped), w->whole);
    if (w->layered > 0 && !is_whole(w->options))
        mt_warn(NULL,
                "%" PRIu64 " exchange%s in HTTP/2 or TLS: to be read they need "
                "the beginning of their connection; %s has it",
                w->layered, plural(w->layered), w->whole);
}
