#include "capture/packet_refs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OFFSET_BITS = 48,
    FIRST_REFS = 1024,
    BUFFER_BYTES = 64 << 10,
    NAMES_MAX = 64, /* interfaces of a file whose names are kept */
    NAME_BYTES = 64,
};

#define OFFSET_MASK UINT64_C(0xffffffffffff)

struct name {
    uint32_t interface_id;
    uint8_t len;
    uint8_t text[NAME_BYTES];
};

struct file {
    char *path;
    struct mt_packet_file known;
    size_t at, end; /* its references */
    struct mt_source *source;
    struct mt_packet packet; /* when loaded */
    bool loaded;
    int64_t key; /* no packet of it comes before this time */
    struct name *names;
    size_t names_count;
    uint64_t lost;
    struct mt_problem why;
};

struct mt_packet_refs {
    struct mt_packet_ref *refs;
    size_t count, cap, limit;
    struct file *files;
    size_t files_count;
    struct file *given; /* the last packet's; its references are done with */
};

static size_t source_of(uint64_t ref)
{
    return (size_t)(ref >> OFFSET_BITS);
}

struct mt_packet_refs *mt_packet_refs_new(size_t limit_bytes)
{
    struct mt_packet_refs *p = calloc(1, sizeof *p);
    if (p != NULL)
        p->limit = limit_bytes / sizeof *p->refs;
    return p;
}

static void close_file(struct file *f)
{
    mt_source_free(f->source);
    f->source = NULL;
    f->loaded = false;
}

void mt_packet_refs_free(struct mt_packet_refs *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->files_count; i++) {
        close_file(&p->files[i]);
        free(p->files[i].path);
        free(p->files[i].names);
    }
    free(p->files);
    free(p->refs);
    free(p);
}

/* ---- what is asked for ---- */

int mt_packet_refs_file(struct mt_packet_refs *p, uint16_t source,
                        const char *path, const struct mt_packet_file *file)
{
    if (source >= p->files_count) {
        size_t count = (size_t)source + 1;
        struct file *files = realloc(p->files, count * sizeof *files);
        if (files == NULL)
            return -ENOMEM;
        memset(files + p->files_count, 0,
               (count - p->files_count) * sizeof *files);
        p->files = files;
        p->files_count = count;
    }
    char *copy = strdup(path);
    if (copy == NULL)
        return -ENOMEM;
    struct file *f = &p->files[source];
    free(f->path);
    f->path = copy;
    f->known = *file;
    f->key = file->first_ns != 0 ? file->first_ns : INT64_MIN;
    return 0;
}

bool mt_packet_refs_has(const struct mt_packet_refs *p, uint64_t ref)
{
    size_t source = source_of(ref);
    return source < p->files_count && p->files[source].path != NULL;
}

int mt_packet_refs_add(struct mt_packet_refs *p, uint64_t ref, uint64_t tag)
{
    if (p->count == p->limit)
        return MT_ELIMIT;
    if (p->count == p->cap) {
        size_t cap = p->cap > 0 ? p->cap * 2 : FIRST_REFS;
        cap = cap < p->limit ? cap : p->limit;
        struct mt_packet_ref *refs = realloc(p->refs, cap * sizeof *refs);
        if (refs == NULL)
            return -ENOMEM;
        p->refs = refs;
        p->cap = cap;
    }
    p->refs[p->count++] = (struct mt_packet_ref){.ref = ref, .tag = tag};
    return 0;
}

static int by_ref(const void *a, const void *b)
{
    const struct mt_packet_ref *x = a, *y = b;
    if (x->ref != y->ref)
        return x->ref < y->ref ? -1 : 1;
    return x->tag < y->tag ? -1 : x->tag > y->tag;
}

void mt_packet_refs_sort(struct mt_packet_refs *p)
{
    if (p->count > 0)
        qsort(p->refs, p->count, sizeof *p->refs, by_ref);
    for (size_t i = 0; i < p->count; i++) {
        if (!mt_packet_refs_has(p, p->refs[i].ref))
            continue;
        struct file *f = &p->files[source_of(p->refs[i].ref)];
        if (f->end == 0)
            f->at = i;
        f->end = i + 1;
    }
}

/* How many entries from one on are of its packet. */
static size_t run_of(const struct mt_packet_refs *p, size_t at)
{
    size_t end = at + 1;
    while (end < p->count && p->refs[end].ref == p->refs[at].ref)
        end++;
    return end - at;
}

const struct mt_packet_ref *mt_packet_refs_find(const struct mt_packet_refs *p,
                                                uint64_t ref, size_t *count)
{
    size_t low = 0, high = p->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->refs[middle].ref < ref)
            low = middle + 1;
        else
            high = middle;
    }
    bool there = low < p->count && p->refs[low].ref == ref;
    *count = there ? run_of(p, low) : 0;
    return there ? &p->refs[low] : NULL;
}

/* ---- one file ---- */

/* A file in which one packet is not what it was is not the file: what else is
 * asked of it is not looked at. */
static void give_up(const struct mt_packet_refs *p, struct file *f,
                    const char *why)
{
    (void)snprintf(f->why.text, sizeof f->why.text, "%s", why);
    for (; f->at < f->end; f->at += run_of(p, f->at))
        f->lost++;
}

static void give_up_at(const struct mt_packet_refs *p, struct file *f,
                       const char *what)
{
    char line[MT_PROBLEM_BYTES];
    (void)snprintf(line, sizeof line,
                   "%.300s: offset %" PRIu64 ": %s: the file was changed",
                   f->path, p->refs[f->at].ref & OFFSET_MASK, what);
    give_up(p, f, line);
}

static void keep_name(struct file *f, const struct mt_item *item)
{
    if (f->names == NULL)
        f->names = calloc(NAMES_MAX, sizeof *f->names);
    if (f->names == NULL || f->names_count == NAMES_MAX)
        return;
    struct name *n = &f->names[f->names_count++];
    n->interface_id = item->packet.interface_id;
    n->len =
        (uint8_t)(item->text.len < NAME_BYTES ? item->text.len : NAME_BYTES);
    if (n->len > 0)
        memcpy(n->text, item->text.ptr, n->len);
}

struct mt_span mt_packet_refs_interface(const struct mt_packet_refs *p,
                                        uint16_t source, uint32_t interface_id)
{
    const struct file *f = &p->files[source];
    for (size_t i = 0; i < f->names_count; i++)
        if (f->names[i].interface_id == interface_id)
            return (struct mt_span){f->names[i].text, f->names[i].len};
    return (struct mt_span){0};
}

/* False: it cannot be opened, and all its packets are lost. */
static bool open_file(struct mt_packet_refs *p, struct file *f)
{
    struct mt_source_options options = {.buffer_bytes = BUFFER_BYTES,
                                        .number = (uint16_t)(f - p->files)};
    struct mt_problem why;
    struct mt_item item;
    if (mt_source_open_file(&f->source, f->path, &options, &why) != 0) {
        give_up(p, f, why.text);
        return false;
    }
    while (mt_source_next(f->source, &item) == MT_EVENT &&
           item.kind != MT_ITEM_PACKET)
        if (item.kind == MT_ITEM_INTERFACE)
            keep_name(f, &item);
    return true;
}

static bool is_of_file(const struct file *f, int64_t ts_ns)
{
    return (f->known.first_ns == 0 || ts_ns >= f->known.first_ns) &&
           (f->known.last_ns == 0 || ts_ns <= f->known.last_ns);
}

/* The packet of the file's next reference. */
static void load(struct mt_packet_refs *p, struct file *f)
{
    struct mt_item item;
    if (f->source == NULL && !open_file(p, f))
        return;
    int rc =
        mt_source_read_at(f->source, p->refs[f->at].ref & OFFSET_MASK, &item);
    if (rc < 0)
        give_up(p, f, mt_source_problem(f->source));
    else if (rc != MT_EVENT)
        give_up_at(p, f, "no packet is there");
    else if (!is_of_file(f, item.packet.ts_ns))
        give_up_at(p, f, "another packet is there");
    else {
        f->packet = item.packet;
        f->key = item.packet.ts_ns;
        f->loaded = true;
    }
}

/* ---- all files ---- */

static void leave_given(struct mt_packet_refs *p)
{
    struct file *f = p->given;
    p->given = NULL;
    if (f == NULL)
        return;
    f->at += run_of(p, f->at);
    f->loaded = false;
    f->key = INT64_MIN; /* not known before it is read */
}

/* The file whose packet may be the next; at equal times the first. */
static struct file *earliest(struct mt_packet_refs *p)
{
    struct file *best = NULL;
    for (size_t i = 0; i < p->files_count; i++) {
        struct file *f = &p->files[i];
        if (f->at == f->end)
            close_file(f);
        else if (best == NULL || f->key < best->key)
            best = f;
    }
    return best;
}

int mt_packet_refs_next(struct mt_packet_refs *p, struct mt_packet_found *found)
{
    struct file *f;
    leave_given(p);
    while ((f = earliest(p)) != NULL && !f->loaded)
        load(p, f);
    if (f == NULL)
        return MT_DONE;
    found->packet = f->packet;
    found->refs = &p->refs[f->at];
    found->refs_count = run_of(p, f->at);
    p->given = f;
    return MT_EVENT;
}

uint64_t mt_packet_refs_lost(const struct mt_packet_refs *p, uint16_t source,
                             const char **why)
{
    const struct file *f = source < p->files_count ? &p->files[source] : NULL;
    *why = f != NULL ? f->why.text : "";
    return f != NULL ? f->lost : 0;
}
