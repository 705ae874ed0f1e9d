/*
 * 3 Topology: who calls whom, as a tree from those that nobody calls.
 *
 * A service is opened where it is met first. Met again it is marked as shared
 * and not opened; met below itself it is marked as a cycle. Where everybody
 * is called by somebody, the first caller of the answer begins the tree.
 */
#include <stdlib.h>

#include "base/text_escape.h"
#include "tui/screen.h"

/* Looking for a caller's calls is linear: the busiest edges are enough. */
enum { DEPTH_MAX = 32, EDGES_MAX = 2000 };

struct tree {
    const struct mt_row *edges;
    size_t count;
    struct mt_lines *lines;
    bool failing_only;
    bool *drawn;             /* edges */
    int64_t path[DEPTH_MAX]; /* services, from the root down */
};

static const struct mt_row *edge(const struct tree *t, size_t i)
{
    return &t->edges[i];
}

static bool is_called(const struct tree *t, int64_t service)
{
    for (size_t i = 0; i < t->count; i++)
        if (edge(t, i)->server_id == service &&
            edge(t, i)->client_id != service)
            return true;
    return false;
}

/* The next edge of a caller, from `from` on; count: none. */
static size_t next_of(const struct tree *t, int64_t caller, size_t from)
{
    while (from < t->count && edge(t, from)->client_id != caller)
        from++;
    return from;
}

static bool is_on_path(const struct tree *t, size_t depth, int64_t service)
{
    for (size_t i = 0; i <= depth; i++)
        if (t->path[i] == service)
            return true;
    return false;
}

/* An edge of the same caller to the same service was drawn already: another
 * protocol, say. Or the service's own calls were. */
static bool is_open(const struct tree *t, int64_t service)
{
    size_t first = next_of(t, service, 0);
    return first < t->count && t->drawn[first];
}

static uint64_t key_of(const struct mt_row *r, uint64_t parent)
{
    uint64_t key = mt_key_add_text(parent, r->server);
    key = mt_key_add(key, &r->protocol, 1);
    key = mt_key_add(key, &r->kind, 1);
    return mt_key_add(key, &r->observer, 1);
}

static const char *kind_text(uint8_t kind)
{
    return kind == MT_KIND_L4     ? "connections"
           : kind == MT_KIND_TURN ? "turns"
                                  : mt_kind_text(kind);
}

/* The same two may stand there once more: encrypted connections beside their
 * turns, what a proxy saw beside what a tap did. */
static const char *told_by(const struct tree *t, const struct mt_row *r)
{
    for (size_t i = next_of(t, r->client_id, 0); i < t->count;
         i = next_of(t, r->client_id, i + 1)) {
        const struct mt_row *o = edge(t, i);
        if (o->server_id != r->server_id || o->protocol != r->protocol)
            continue;
        if (o->kind != r->kind)
            return kind_text(r->kind);
        if (o->observer != r->observer)
            return mt_observer_text(r->observer);
    }
    return NULL;
}

static void open_calls(struct tree *t, size_t depth, uint64_t last,
                       uint64_t parent);

static void add_call(struct tree *t, size_t i, size_t depth, uint64_t last,
                     uint64_t parent)
{
    const struct mt_row *r = edge(t, i);
    struct mt_line line = {.row = r,
                           .key = key_of(r, parent),
                           .name = r->server,
                           .of = told_by(t, r),
                           .last = last,
                           .depth = (uint8_t)depth};
    bool calls = next_of(t, r->server_id, 0) < t->count;
    if (is_on_path(t, depth - 1, r->server_id))
        line.mark = MT_LINE_CYCLE;
    else if (calls && (is_open(t, r->server_id) || depth + 1 == DEPTH_MAX))
        line.mark = MT_LINE_SHARED;
    if (t->failing_only && r->counts.failure == 0)
        t->lines->hidden++;
    else
        t->lines->list[t->lines->count++] = line;
    if (!calls || line.mark != MT_LINE_PLAIN)
        return;
    t->path[depth] = r->server_id;
    open_calls(t, depth, last, line.key);
}

static void open_calls(struct tree *t, size_t depth, uint64_t last,
                       uint64_t parent)
{
    int64_t caller = t->path[depth];
    size_t i = next_of(t, caller, 0);
    for (size_t k = i; k < t->count; k = next_of(t, caller, k + 1))
        t->drawn[k] = true;
    while (i < t->count) {
        size_t after = next_of(t, caller, i + 1);
        bool is_last = after == t->count;
        add_call(t, i, depth + 1,
                 is_last ? last | UINT64_C(1) << (depth + 1) : last, parent);
        t->path[depth] = caller;
        i = after;
    }
}

static void add_root(struct tree *t, size_t i)
{
    const struct mt_row *r = edge(t, i);
    uint64_t key = mt_key_add_text(MT_KEY_BASIS, r->client);
    size_t at = t->lines->count;
    t->lines->list[t->lines->count++] =
        (struct mt_line){.key = key, .name = r->client};
    t->path[0] = r->client_id;
    open_calls(t, 0, 0, key);
    if (t->lines->count == at + 1 && t->failing_only)
        t->lines->count = at; /* nothing below it fails */
}

static bool arrange(const struct mt_snapshot *a, bool failing_only,
                    struct mt_lines *lines)
{
    struct tree t = {.edges = a->rows.rows,
                     .count = a->rows.count,
                     .lines = lines,
                     .failing_only = failing_only};
    if (t.count > EDGES_MAX)
        t.count = EDGES_MAX;
    if (!mt_lines_reserve(lines, 2 * t.count))
        return false;
    if (t.count == 0)
        return true;
    lines->hidden = a->rows.count - t.count;
    t.drawn = calloc(t.count, sizeof *t.drawn);
    if (t.drawn == NULL)
        return false;
    for (int cycles = 0; cycles < 2; cycles++)
        for (size_t i = 0; i < t.count; i++)
            if (!t.drawn[i] &&
                (cycles == 1 || !is_called(&t, edge(&t, i)->client_id)))
                add_root(&t, i);
    free(t.drawn);
    return true;
}

static void lead(const struct mt_line *line, struct mt_buf *out)
{
    for (unsigned i = 1; i < line->depth; i++)
        mt_put_str(out, line->last >> i & 1 ? "   " : "\xe2\x94\x82  ");
    if (line->depth > 0)
        mt_put_str(out, line->last >> line->depth & 1
                            ? "\xe2\x94\x94\xe2\x96\xb6 "
                            : "\xe2\x94\x9c\xe2\x96\xb6 ");
    (void)mt_put_escaped(out, mt_span_str(line->name), 40);
    if (line->of != NULL) {
        mt_put_str(out, ", ");
        mt_put_str(out, line->of);
    }
    if (line->mark == MT_LINE_SHARED)
        mt_put_str(out, " \xe2\x86\x91");
    else if (line->mark == MT_LINE_CYCLE)
        mt_put_str(out, " \xe2\x86\xbb");
}

static void term(const void *row, struct mt_buf *out)
{
    const struct mt_row *r = row;
    mt_put_term(out, "client_service", r->client);
    mt_put_term(out, "svc", r->server);
}

const struct mt_screen_class mt_screen_class_topology = {
    .name = "Topology",
    .unit = "edges",
    .topic = MT_TOPIC_EDGES,
    .drilled_topic = MT_TOPIC_EDGES,
    .opens = MT_SCREEN_ROUTES,
    .columns = &mt_screen_edges,
    .skip = " client server latency_p50_ns latency_p99_ns "
            "client_error_ratio ",
    .arrange = arrange,
    .term = term,
    .lead_title = "SRC \xe2\x86\x92 DST",
    .lead = lead,
};
