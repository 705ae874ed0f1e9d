#include "capture/packet_ladder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/dedup.h"
#include "capture/layers.h"

enum {
    OFFSET_BITS = 48,
    BUFFER_BYTES = 64 << 10,
    FRAGMENT_BYTES = 4 << 20,
    HOLES_MAX = 16,
    STOP_EVERY = 64, /* packets between two looks whether to stop */
};

#define OFFSET_MASK UINT64_C(0xffffffffffff)

/* Bytes of one direction that were passed over. */
struct hole {
    uint32_t from, to;
    uint64_t step; /* that was marked for it */
};

struct side {
    bool begun;    /* `next` is known */
    bool message;  /* its message has begun */
    uint32_t next; /* sequence number */
    struct hole holes[HOLES_MAX];
    size_t holes_count;
};

struct file {
    struct mt_source *source;
    struct mt_item item;
    uint64_t last; /* offset of its last reference */
    bool loaded;
};

struct reader {
    struct mt_ladder *l;
    const struct mt_exchange *x;
    const struct mt_ladder_options *options;
    uint64_t *refs; /* of the exchange, sorted */
    size_t refs_count;
    struct file files[MT_LADDER_FILES_MAX];
    size_t files_count;
    struct side sides[2];
    struct mt_pool pool;
    struct mt_layers layers;
    struct mt_dedup *dedup;
    uint64_t looked, scanned; /* packets passed, and looked into */
};

static void say(struct mt_ladder *l, const char *path, const char *what)
{
    l->complete = false;
    if (l->why[0] == '\0')
        (void)snprintf(l->why, sizeof l->why, "%.300s%s%s", path,
                       path[0] != '\0' ? ": " : "", what);
}

/* ---- where one stands in the stream ---- */

static void add_hole(struct side *s, uint32_t from, uint32_t to, uint64_t step)
{
    if (s->holes_count == HOLES_MAX) /* the oldest stays one */
        memmove(&s->holes[0], &s->holes[1],
                (--s->holes_count) * sizeof s->holes[0]);
    s->holes[s->holes_count++] = (struct hole){from, to, step};
}

/* True: the bytes were missing; a hole that is filled whole was none of the
 * capture's. */
static bool fill_hole(struct reader *r, struct side *s, uint32_t from,
                      uint32_t to)
{
    for (size_t i = 0; i < s->holes_count; i++) {
        struct hole *h = &s->holes[i];
        if ((int32_t)(to - h->from) <= 0 || (int32_t)(from - h->to) >= 0)
            continue;
        if ((int32_t)(from - h->from) > 0)
            h->to = from; /* the rest behind it counts as filled */
        else
            h->from = to;
        if ((int32_t)(h->to - h->from) > 0)
            return true;
        struct mt_ladder_step *step = mt_ladder_find(r->l, h->step);
        if (step != NULL)
            step->marks &= (uint16_t)~MT_LADDER_GAP;
        r->l->gaps--;
        *h = s->holes[--s->holes_count];
        return true;
    }
    return false;
}

static void track(struct reader *r, const struct mt_segment *seg,
                  struct mt_ladder_step *step)
{
    struct side *s = &r->sides[step->from];
    bool counts = (seg->flags & (MT_TCP_SYN | MT_TCP_FIN)) != 0;
    uint32_t end = seg->seq + seg->payload_bytes + counts;
    int32_t ahead = (int32_t)(seg->seq - s->next);
    if (end == seg->seq) /* an acknowledgement alone takes no place */
        return;
    if (s->begun && ahead > 0) {
        step->marks |= MT_LADDER_GAP;
        step->gap_bytes = (uint32_t)ahead;
        add_hole(s, s->next, seg->seq, r->l->seen);
    }
    if (s->begun && ahead < 0)
        step->marks |=
            fill_hole(r, s, seg->seq, end) ? MT_LADDER_LATE : MT_LADDER_AGAIN;
    if (!s->begun || (int32_t)(end - s->next) > 0)
        s->next = end;
    s->begun = true;
}

/* ---- one packet ---- */

static bool is_addr(const struct mt_addr *a, const struct mt_addr *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static bool find_side(const struct mt_exchange *x, const struct mt_segment *seg,
                      uint8_t *from)
{
    bool up = is_addr(&seg->src, &x->client.addr) &&
              is_addr(&seg->dst, &x->server.addr);
    *from = up ? MT_CLIENT : MT_SERVER;
    return up || (is_addr(&seg->src, &x->server.addr) &&
                  is_addr(&seg->dst, &x->client.addr));
}

static int by_ref(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool is_noted(const struct reader *r, uint64_t ref)
{
    return bsearch(&ref, r->refs, r->refs_count, sizeof ref, by_ref) != NULL;
}

/* Whose bytes are they? The first that was noted of a side begins its
 * message; what was not noted is another's. */
static void mark_message(struct reader *r, const struct mt_segment *seg,
                         struct mt_ladder_step *step)
{
    const struct mt_message *m =
        step->from == MT_CLIENT ? &r->x->req : &r->x->resp;
    struct side *s = &r->sides[step->from];
    bool clipped = (r->x->quality & MT_QUALITY_PACKETS_CLIPPED) != 0 &&
                   seg->packet > r->refs[r->refs_count - 1];
    if (seg->payload_bytes == 0 || clipped ||
        (step->marks & (MT_LADDER_AGAIN | MT_LADDER_COPY)) != 0)
        return;
    if (!is_noted(r, seg->packet)) {
        step->marks |= MT_LADDER_OTHER;
    } else if (!s->message && m->start_ns != 0 && seg->ts_ns >= m->start_ns) {
        step->marks |=
            step->from == MT_CLIENT ? MT_LADDER_REQUEST : MT_LADDER_RESPONSE;
        s->message = true;
    }
}

static void add_segment(struct reader *r, const struct mt_segment *seg)
{
    struct mt_ladder_step step = {.ts_ns = seg->ts_ns,
                                  .payload_bytes = seg->payload_bytes,
                                  .tcp = seg->transport == MT_TRANSPORT_TCP};
    uint64_t network;
    if (!find_side(r->x, seg, &step.from))
        return;
    if (step.tcp)
        step.flags = seg->flags;
    if (mt_dedup_seen(r->dedup, seg, mt_dedup_print(r->dedup, seg, 0),
                      &network))
        step.marks |= MT_LADDER_COPY;
    else if (step.tcp)
        track(r, seg, &step);
    if (seg->payload.len < seg->payload_bytes)
        step.marks |= MT_LADDER_CUT;
    if (step.tcp && seg->window == 0 && (seg->flags & MT_TCP_RST) == 0)
        step.marks |= MT_LADDER_ZERO_WINDOW;
    mark_message(r, seg, &step);
    mt_ladder_add(r->l, step);
}

/* ---- files ---- */

static bool must_stop(struct reader *r)
{
    bool late = r->looked++ % STOP_EVERY == 0 && r->options->stop != NULL &&
                r->options->stop(r->options->arg);
    if (late || r->scanned > MT_LADDER_SCAN_MAX)
        say(r->l, "",
            "the rest was not read: it took too long; export "
            "--pcapng has all of it");
    return late || r->scanned > MT_LADDER_SCAN_MAX;
}

/* A plain pcap file is gone into at any offset. In others all that stands
 * before has to be read: then packet by packet, so that it can be stopped. */
static bool can_seek(const char *path)
{
    static const uint8_t magics[][4] = {{0xa1, 0xb2, 0xc3, 0xd4},
                                        {0xd4, 0xc3, 0xb2, 0xa1},
                                        {0xa1, 0xb2, 0x3c, 0x4d},
                                        {0x4d, 0x3c, 0xb2, 0xa1}};
    uint8_t magic[4] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd >= 0 ? read(fd, magic, sizeof magic) : 0;
    if (fd >= 0)
        (void)close(fd);
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (n == sizeof magic && memcmp(magic, magics[i], sizeof magic) == 0)
            return true;
    return false;
}

static int next_packet(struct file *f)
{
    int rc;
    do
        rc = mt_source_next(f->source, &f->item);
    while (rc == MT_EVENT && f->item.kind != MT_ITEM_PACKET);
    f->loaded = rc == MT_EVENT;
    return rc;
}

static int go_to(struct reader *r, struct file *f, const char *path,
                 uint64_t first)
{
    int rc = next_packet(f); /* interfaces are declared before it */
    if (can_seek(path)) {
        rc =
            rc == MT_EVENT ? mt_source_read_at(f->source, first, &f->item) : rc;
    } else {
        while (rc == MT_EVENT && (f->item.packet.ref & OFFSET_MASK) < first) {
            if (must_stop(r))
                return MT_MORE;
            rc = next_packet(f);
        }
    }
    f->loaded = rc == MT_EVENT;
    return rc;
}

static bool is_of_file(const struct mt_packet_file *known, int64_t ts_ns)
{
    return (known->first_ns == 0 || ts_ns >= known->first_ns) &&
           (known->last_ns == 0 || ts_ns <= known->last_ns);
}

/* The references of one source are neighbours. */
static bool find_refs(const struct reader *r, uint16_t source, uint64_t *first,
                      uint64_t *last)
{
    bool found = false;
    for (size_t i = 0; i < r->refs_count; i++) {
        if (r->refs[i] >> OFFSET_BITS != source)
            continue;
        *first = found ? *first : r->refs[i] & OFFSET_MASK;
        *last = r->refs[i] & OFFSET_MASK;
        found = true;
    }
    return found;
}

static void open_file(struct reader *r, const struct mt_ladder_file *from)
{
    struct mt_source_options options = {.buffer_bytes = BUFFER_BYTES,
                                        .number = from->source};
    struct mt_problem why;
    struct file *f = &r->files[r->files_count];
    uint64_t first = 0;
    if (!find_refs(r, from->source, &first, &f->last))
        return;
    if (mt_source_open_file(&f->source, from->path, &options, &why) != 0) {
        say(r->l, "", why.text);
        return;
    }
    r->files_count++;
    int rc = go_to(r, f, from->path, first);
    if (rc < 0)
        say(r->l, "", mt_source_problem(f->source));
    else if (rc == MT_EVENT && (f->item.packet.ref & OFFSET_MASK) == first &&
             is_of_file(&from->known, f->item.packet.ts_ns))
        return;
    else if (rc != MT_MORE)
        say(r->l, from->path, "another packet is there: the file was changed");
    f->loaded = false;
}

static struct file *earliest(struct reader *r)
{
    struct file *best = NULL;
    for (size_t i = 0; i < r->files_count; i++) {
        struct file *f = &r->files[i];
        if (f->loaded &&
            (best == NULL || f->item.packet.ts_ns < best->item.packet.ts_ns))
            best = f;
    }
    return best;
}

static void read_all(struct reader *r)
{
    struct file *f;
    struct mt_segment seg;
    while ((f = earliest(r)) != NULL && !must_stop(r)) {
        const struct mt_packet *p = &f->item.packet;
        bool noted = (p->ref & OFFSET_MASK) <= f->last;
        if (!noted && p->ts_ns > r->x->end_ns) {
            f->loaded = false; /* it ended before */
            continue;
        }
        r->scanned++;
        if (mt_layers_next(&r->layers, p, &seg) == MT_EVENT)
            add_segment(r, &seg);
        if (next_packet(f) < 0)
            say(r->l, "", mt_source_problem(f->source));
    }
}

static bool copy_refs(struct reader *r)
{
    const struct mt_exchange *x = r->x;
    r->refs = malloc(x->packets_count * sizeof *r->refs);
    r->dedup = mt_dedup_new(0);
    if (r->refs == NULL || r->dedup == NULL)
        return false;
    memcpy(r->refs, x->packets, x->packets_count * sizeof *r->refs);
    r->refs_count = x->packets_count;
    qsort(r->refs, r->refs_count, sizeof *r->refs, by_ref);
    return true;
}

void mt_packet_ladder_read(struct mt_ladder *l, const struct mt_exchange *x,
                           const struct mt_ladder_file *files, size_t count,
                           const struct mt_ladder_options *options)
{
    *l = (struct mt_ladder){.complete = true};
    if (x->packets_count == 0)
        return;
    struct reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        say(l, "", "not enough memory");
        return;
    }
    r->l = l;
    r->x = x;
    r->options = options;
    mt_pool_init(&r->pool, FRAGMENT_BYTES);
    mt_layers_init(&r->layers, &r->pool);
    if (copy_refs(r)) {
        for (size_t i = 0; i < count && i < MT_LADDER_FILES_MAX; i++)
            open_file(r, &files[i]);
        read_all(r);
    } else {
        say(l, "", "not enough memory");
    }
    for (size_t i = 0; i < r->files_count; i++)
        mt_source_free(r->files[i].source);
    mt_layers_deinit(&r->layers);
    mt_pool_deinit(&r->pool);
    mt_dedup_free(r->dedup);
    free(r->refs);
    free(r);
}
