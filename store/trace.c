/* The tree: parents, circles, and which spans are kept. */
#include "store/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

enum { LOOK_BACK = 256 }; /* spans that are looked at to find one's caller */

struct tree {
    struct mt_trace_span *spans;
    uint32_t count, here;
    uint32_t *by_span;      /* by span id, then start */
    uint32_t *child, *next; /* first call of a span, next call of its caller */
    uint32_t *queue;
    uint8_t *kept;
};

void mt_trace_free(struct mt_trace *t)
{
    free(t->spans);
    *t = (struct mt_trace){0};
}

/* ---- one span ---- */

/* As much of a text as fits, whole characters. */
static void copy_text(char *to, size_t size, struct mt_span text)
{
    size_t n = text.len < size - 1 ? text.len : size - 1;
    while (n < text.len && n > 0 && (text.ptr[n] & 0xc0) == 0x80)
        n--;
    if (n > 0)
        memcpy(to, text.ptr, n);
    to[n] = '\0';
}

void mt_trace_span_of(struct mt_trace_span *s, const struct mt_exchange *x)
{
    bool rpc = x->operation.len > 0;
    *s = (struct mt_trace_span){.id = x->id,
                                .end_ns = x->end_ns,
                                .latency_ns = mt_exchange_latency_ns(x),
                                .client_addr = x->client.addr,
                                .server_addr = x->server.addr,
                                .protocol = x->protocol,
                                .outcome = x->outcome,
                                .error = x->error,
                                .observer = x->observer,
                                .status = x->status,
                                .grpc_status = x->grpc_status,
                                .attempt = x->attempt};
    s->start_ns = x->req.start_ns != 0    ? x->req.start_ns
                  : x->resp.start_ns != 0 ? x->resp.start_ns
                                          : x->end_ns;
    if (s->start_ns > s->end_ns)
        s->start_ns = s->end_ns;
    memcpy(s->span_id, x->span_id, sizeof s->span_id);
    memcpy(s->parent_id, x->parent_id, sizeof s->parent_id);
    copy_text(s->client, sizeof s->client, x->client.service);
    copy_text(s->server, sizeof s->server,
              x->server.service.len > 0 ? x->server.service : x->authority);
    copy_text(s->method, sizeof s->method, rpc ? MT_SPAN("") : x->method);
    copy_text(s->path, sizeof s->path, rpc ? x->operation : x->path);
}

/* ---- parents ---- */

static const uint8_t no_id[8];

static bool has_id(const uint8_t id[8])
{
    return memcmp(id, no_id, sizeof no_id) != 0;
}

/* By start; of two that begin together the longer one calls the other. */
static int by_start(const void *left, const void *right)
{
    const struct mt_trace_span *a = left, *b = right;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns ? -1 : 1;
    if (a->end_ns != b->end_ns)
        return a->end_ns > b->end_ns ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static int by_span(const void *left, const void *right, void *arg)
{
    const struct mt_trace_span *spans = arg;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    int order = memcmp(spans[a].span_id, spans[b].span_id, 8);
    return order != 0 ? order : a < b ? -1 : a > b; /* indexes are by start */
}

static bool is_same_host(const struct mt_addr *a, const struct mt_addr *b)
{
    static const struct mt_addr none;
    return memcmp(a->ip, b->ip, sizeof a->ip) == 0 &&
           memcmp(a->ip, none.ip, sizeof a->ip) != 0;
}

/* How well `a` would do as the caller of `b`; 0: not at all. */
static unsigned fitness(const struct mt_trace_span *a,
                        const struct mt_trace_span *b)
{
    bool begun = b->start_ns >= a->start_ns && b->start_ns <= a->end_ns;
    bool within = begun && b->end_ns <= a->end_ns;
    bool named = b->client[0] != '\0' && strcmp(a->server, b->client) == 0;
    bool same_host = is_same_host(&a->server_addr, &b->client_addr);
    bool kin = strcmp(a->client, b->client) == 0; /* of one caller, rather */
    if (begun && named)
        return within ? 4 : 3;
    if (begun && same_host)
        return within ? 3 : 2;
    return within && !kin && b->client[0] == '\0';
}

static bool is_named(const struct tree *t, uint32_t at,
                     const struct mt_trace_span *by)
{
    return memcmp(t->spans[t->by_span[at]].span_id, by->parent_id, 8) == 0;
}

/* Where in by_span the spans end that are named as a parent by `i`, and began
 * before it. */
static uint32_t end_of_earlier(const struct tree *t, uint32_t i)
{
    const uint8_t *id = t->spans[i].parent_id;
    uint32_t low = 0, high = t->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2, at = t->by_span[middle];
        int order = memcmp(t->spans[at].span_id, id, 8);
        if (order < 0 || (order == 0 && at < i))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Of the spans with the id that it names the one that fits best of those that
 * began before; else the first after. An id that several have is the same
 * request, passed on. */
static uint32_t find_named(const struct tree *t, uint32_t i)
{
    const struct mt_trace_span *s = &t->spans[i];
    uint32_t end = end_of_earlier(t, i), best = NONE;
    for (uint32_t n = 1; n <= LOOK_BACK && n <= end; n++) {
        uint32_t at = t->by_span[end - n];
        if (!is_named(t, end - n, s))
            break;
        if (best == NONE ||
            fitness(&t->spans[at], s) > fitness(&t->spans[best], s))
            best = at;
    }
    if (best != NONE)
        return best;
    end += end < t->count && t->by_span[end] == i; /* it is not its own */
    return end < t->count && is_named(t, end, s) ? t->by_span[end] : NONE;
}

/* The newest of the spans before it that fits best. */
static uint32_t find_by_time(const struct tree *t, uint32_t i)
{
    uint32_t best = NONE;
    unsigned best_fits = 0;
    for (uint32_t n = 1; n <= LOOK_BACK && n <= i; n++) {
        unsigned fits = fitness(&t->spans[i - n], &t->spans[i]);
        if (fits > best_fits) {
            best = i - n;
            best_fits = fits;
        }
    }
    return best;
}

static void find_parent(struct tree *t, uint32_t i)
{
    struct mt_trace_span *s = &t->spans[i];
    bool names = has_id(s->parent_id);
    s->link = names ? MT_TRACE_LOST : MT_TRACE_ROOT;
    s->parent = names ? find_named(t, i) : NONE;
    if (s->parent != NONE) {
        s->link = MT_TRACE_BY_SPAN;
        return;
    }
    s->parent = find_by_time(t, i);
    if (s->parent != NONE)
        s->link = MT_TRACE_BY_TIME;
}

/* Whoever is met again on the way up from itself loses its parent. `queue`
 * tells from whom a span was met first. */
static void cut_circles(struct tree *t)
{
    memset(t->queue, 0xff, t->count * sizeof *t->queue);
    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t at = i;
        while (at != NONE && t->queue[at] == NONE) {
            t->queue[at] = i;
            uint32_t up = t->spans[at].parent;
            if (up != NONE && t->queue[up] == i) {
                t->spans[at].parent = NONE;
                t->spans[at].link = MT_TRACE_CYCLE;
                break;
            }
            at = up;
        }
    }
}

static void link_children(struct tree *t)
{
    memset(t->child, 0xff, t->count * sizeof *t->child);
    for (uint32_t i = t->count; i-- > 0;) {
        struct mt_trace_span *s = &t->spans[i];
        t->next[i] = NONE;
        if (s->parent == NONE)
            continue;
        t->next[i] = t->child[s->parent];
        t->child[s->parent] = i;
        s->early = s->start_ns < t->spans[s->parent].start_ns;
    }
}

/* ---- which are kept ---- */

static void keep(struct tree *t, uint32_t i, uint32_t *count, uint32_t max)
{
    if (t->kept[i] || *count >= max)
        return;
    t->kept[i] = 1;
    t->queue[(*count)++] = i;
}

static bool fails(const struct mt_trace_span *s)
{
    return s->outcome == MT_OUTCOME_FAILURE;
}

/* From those kept on: what stands nearest, what fails before the rest. */
static void spread(struct tree *t, uint32_t from, uint32_t *count)
{
    for (uint32_t n = from; n < *count; n++)
        for (int failing = 1; failing >= 0; failing--)
            for (uint32_t c = t->child[t->queue[n]]; c != NONE; c = t->next[c])
                if (fails(&t->spans[c]) == failing)
                    keep(t, c, count, MT_TRACE_SHOWN_MAX);
}

/* The way up first, and what is around it; then trees of their own. */
static void choose(struct tree *t)
{
    uint32_t count = 0;
    for (uint32_t at = t->here; at != NONE; at = t->spans[at].parent)
        keep(t, at, &count, MT_TRACE_SHOWN_MAX / 2);
    spread(t, 0, &count);
    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t before = count;
        if (t->spans[i].parent == NONE)
            keep(t, i, &count, MT_TRACE_SHOWN_MAX);
        spread(t, before, &count);
    }
}

/* ---- in order ---- */

static bool is_top(const struct tree *t, uint32_t i)
{
    uint32_t up = t->spans[i].parent;
    return t->kept[i] && (up == NONE || !t->kept[up]);
}

static uint32_t next_kept(const struct tree *t, uint32_t i)
{
    while (i != NONE && !t->kept[i])
        i = t->next[i];
    return i;
}

static uint32_t next_top(const struct tree *t, uint32_t i)
{
    while (i < t->count && !is_top(t, i))
        i++;
    return i < t->count ? i : NONE;
}

static void put(const struct tree *t, struct mt_trace *out, uint32_t i,
                const struct mt_trace_span *above, bool last)
{
    struct mt_trace_span *s = &out->spans[out->count++];
    *s = t->spans[i];
    s->here = i == t->here;
    s->hidden = 0;
    for (uint32_t c = t->child[i]; c != NONE; c = t->next[c])
        s->hidden += !t->kept[c];
    unsigned depth = above != NULL ? above->depth + 1u : 0;
    s->depth =
        (uint8_t)(depth < MT_TRACE_DEPTH_MAX ? depth : MT_TRACE_DEPTH_MAX);
    s->last = above != NULL ? above->last : 0;
    s->last &= ~(UINT64_C(1) << s->depth);
    s->last |= (uint64_t)last << s->depth;
}

/* Calls below their caller; what is kept is little, and so is the depth. */
static void put_below(const struct tree *t, struct mt_trace *out, uint32_t i,
                      const struct mt_trace_span *above, bool last)
{
    put(t, out, i, above, last);
    const struct mt_trace_span *here = &out->spans[out->count - 1];
    for (uint32_t c = next_kept(t, t->child[i]), then; c != NONE; c = then) {
        then = next_kept(t, t->next[c]);
        put_below(t, out, c, here, then == NONE);
    }
}

static void put_all(const struct tree *t, struct mt_trace *out)
{
    for (uint32_t i = next_top(t, 0), then; i != NONE; i = then) {
        then = next_top(t, i + 1);
        put_below(t, out, i, NULL, then == NONE);
    }
    out->from_ns = INT64_MAX;
    out->to_ns = INT64_MIN;
    for (size_t i = 0; i < out->count; i++) {
        const struct mt_trace_span *s = &out->spans[i];
        out->from_ns = s->start_ns < out->from_ns ? s->start_ns : out->from_ns;
        out->to_ns = s->end_ns > out->to_ns ? s->end_ns : out->to_ns;
    }
}

static bool is_same(const struct mt_trace_span *a,
                    const struct mt_trace_span *b)
{
    return a->start_ns == b->start_ns && a->end_ns == b->end_ns &&
           a->observer == b->observer && a->attempt == b->attempt &&
           memcmp(&a->client_addr.ip, &b->client_addr.ip, 16) == 0 &&
           a->client_addr.port == b->client_addr.port &&
           memcmp(a->span_id, b->span_id, sizeof a->span_id) == 0 &&
           strcmp(a->path, b->path) == 0;
}

/* A capture that was recorded twice: the one asked about stays, else the
 * first. */
static uint64_t leave_out_copies(struct tree *t, uint64_t here)
{
    uint32_t kept = 0, count = t->count;
    for (uint32_t i = 0; i < count; i++) {
        struct mt_trace_span *before = kept > 0 ? &t->spans[kept - 1] : NULL;
        if (before == NULL || !is_same(before, &t->spans[i]))
            t->spans[kept++] = t->spans[i];
        else if (t->spans[i].id == here)
            *before = t->spans[i];
    }
    t->count = kept;
    return count - kept;
}

static bool make_room(struct tree *t, struct mt_trace_span **kept)
{
    size_t n = t->count;
    t->by_span = calloc(n, sizeof *t->by_span);
    t->child = calloc(n, sizeof *t->child);
    t->next = calloc(n, sizeof *t->next);
    t->queue = calloc(n, sizeof *t->queue);
    t->kept = calloc(n, 1);
    *kept =
        calloc(n < MT_TRACE_SHOWN_MAX ? n : MT_TRACE_SHOWN_MAX, sizeof **kept);
    return t->by_span != NULL && t->child != NULL && t->next != NULL &&
           t->queue != NULL && t->kept != NULL && *kept != NULL;
}

static void grow_tree(struct tree *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        t->by_span[i] = i;
    qsort_r(t->by_span, t->count, sizeof *t->by_span, by_span, t->spans);
    for (uint32_t i = 0; i < t->count; i++)
        find_parent(t, i);
    cut_circles(t);
    link_children(t);
    choose(t);
}

int mt_trace_arrange(struct mt_trace *t, uint64_t here)
{
    struct tree tree = {
        .spans = t->spans, .count = (uint32_t)t->count, .here = NONE};
    struct mt_trace_span *kept = NULL;
    if (t->count == 0)
        return 0;
    qsort(tree.spans, tree.count, sizeof *tree.spans, by_start);
    uint64_t copies = leave_out_copies(&tree, here);
    t->copies += copies;
    t->seen -= copies < t->seen ? copies : t->seen;
    for (uint32_t i = 0; i < tree.count; i++)
        tree.here = tree.spans[i].id == here ? i : tree.here;
    bool enough = make_room(&tree, &kept);
    t->count = 0;
    t->spans = kept;
    if (enough) {
        grow_tree(&tree);
        put_all(&tree, t);
    }
    free(tree.by_span);
    free(tree.child);
    free(tree.next);
    free(tree.queue);
    free(tree.kept);
    free(tree.spans);
    return enough ? 0 : -ENOMEM;
}
