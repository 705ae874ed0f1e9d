/* Who calls whom, as a graph: nodes with their health, near a focus, the least
 * busy ones as one. */
#include <stdlib.h>
#include <string.h>

#include "store/column_json.h"
#include "web/table.h"

enum { NODES_DEFAULT = 150, DEPTH_DEFAULT = 1, FAR = UINT16_MAX };

static const double failing_below = 0.90, warning_below = 0.95;

struct node {
    int64_t id;
    const char *name;
    const struct mt_row *row; /* as a server; NULL: it only calls */
    uint64_t traffic;         /* exchanges, either way */
    uint16_t depth;
    bool called;
    bool shown;
};

struct graph {
    struct mt_answer services, edges;
    struct node *nodes; /* by id */
    size_t count;
    size_t grouped;
    uint64_t *from, *to; /* of each edge: indexes of nodes */
};

static void free_graph(struct graph *g)
{
    mt_answer_free(&g->services);
    mt_answer_free(&g->edges);
    free(g->nodes);
    free(g->from);
    free(g->to);
}

/* ---- nodes ---- */

static int by_id(const void *pa, const void *pb)
{
    const struct node *a = pa, *b = pb;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return (a->row == NULL) - (b->row == NULL); /* the server's first */
}

static void gather(struct graph *g)
{
    for (size_t i = 0; i < g->services.count; i++) {
        const struct mt_row *r = &g->services.rows[i];
        g->nodes[g->count++] =
            (struct node){.id = r->server_id, .name = r->server, .row = r};
    }
    for (size_t i = 0; i < g->edges.count; i++) {
        const struct mt_row *r = &g->edges.rows[i];
        g->nodes[g->count++] =
            (struct node){.id = r->client_id, .name = r->client};
        g->nodes[g->count++] =
            (struct node){.id = r->server_id, .name = r->server};
    }
    qsort(g->nodes, g->count, sizeof *g->nodes, by_id);
    size_t kept = 0;
    for (size_t i = 0; i < g->count; i++)
        if (kept == 0 || g->nodes[kept - 1].id != g->nodes[i].id)
            g->nodes[kept++] = g->nodes[i];
    g->count = kept;
}

static size_t index_of(const struct graph *g, int64_t id)
{
    const struct node key = {.id = id};
    size_t low = 0, high = g->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (g->nodes[middle].id < key.id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void join(struct graph *g)
{
    for (size_t i = 0; i < g->edges.count; i++) {
        const struct mt_row *r = &g->edges.rows[i];
        size_t from = index_of(g, r->client_id), to = index_of(g, r->server_id);
        g->from[i] = from;
        g->to[i] = to;
        g->nodes[from].traffic += r->counts.exchanges;
        g->nodes[to].traffic += r->counts.exchanges;
        g->nodes[to].called |= from != to;
    }
}

static int build(struct mt_web_question *q, struct graph *g)
{
    int rc = mt_query_services(q->store, &q->ask, &g->services);
    if (rc == 0)
        rc = mt_query_edges(q->store, &q->ask, &g->edges);
    if (rc == 0)
        rc = mt_web_sort(q, &mt_screen_edges, &g->edges);
    if (rc != 0)
        return rc;
    uint64_t limit = mt_web_limit(q, UINT64_MAX);
    if (g->edges.count > limit)
        g->edges.count = limit;
    size_t most = g->services.count + 2 * g->edges.count + 1;
    g->nodes = calloc(most, sizeof *g->nodes);
    g->from = calloc(g->edges.count + 1, sizeof *g->from);
    g->to = calloc(g->edges.count + 1, sizeof *g->to);
    if (g->nodes == NULL || g->from == NULL || g->to == NULL)
        return MT_STORE_ENOMEM;
    gather(g);
    join(g);
    return 0;
}

/* ---- which ---- */

/* One step of a search in breadth; both: against the arrows, too. */
static bool spread(struct graph *g, uint16_t depth, bool both)
{
    bool more = false;
    for (size_t i = 0; i < g->edges.count; i++) {
        struct node *a = &g->nodes[g->from[i]], *b = &g->nodes[g->to[i]];
        if (a->depth == depth && b->depth == FAR) {
            b->depth = (uint16_t)(depth + 1);
            more = true;
        }
        if (both && b->depth == depth && a->depth == FAR) {
            a->depth = (uint16_t)(depth + 1);
            more = true;
        }
    }
    return more;
}

static int focus(struct mt_web_question *q, struct graph *g)
{
    bool found = false;
    uint64_t steps = q->params->depth > 0 ? q->params->depth : DEPTH_DEFAULT;
    for (size_t i = 0; i < g->count; i++) {
        bool is = mt_span_eq(mt_span_str(g->nodes[i].name), q->params->focus);
        g->nodes[i].depth = is ? 0 : FAR;
        found |= is;
    }
    if (!found)
        return mt_web_problem(&q->problem, MT_WEB_NOT_FOUND, "focus",
                              "no service of this name in this window");
    for (uint16_t d = 0; d < steps && spread(g, d, true); d++)
        continue;
    for (size_t i = 0; i < g->count; i++)
        g->nodes[i].shown = g->nodes[i].depth != FAR;
    return 0;
}

static void from_entries(struct graph *g)
{
    for (size_t i = 0; i < g->count; i++) {
        g->nodes[i].depth = g->nodes[i].called ? FAR : 0;
        g->nodes[i].shown = true;
    }
    for (uint16_t d = 0; d < FAR - 1 && spread(g, d, false); d++)
        continue;
}

static int busiest_first(const void *pa, const void *pb)
{
    const struct node *a = *(struct node *const *)pa;
    const struct node *b = *(struct node *const *)pb;
    if (a->traffic != b->traffic)
        return a->traffic > b->traffic ? -1 : 1;
    return a->id < b->id ? -1 : 1;
}

/* Above so many the least busy become one: it counts as one of them. */
static int group(struct graph *g, uint64_t most)
{
    struct node **list = calloc(g->count + 1, sizeof(struct node *));
    size_t shown = 0;
    if (list == NULL)
        return MT_STORE_ENOMEM;
    for (size_t i = 0; i < g->count; i++)
        if (g->nodes[i].shown)
            list[shown++] = &g->nodes[i];
    qsort(list, shown, sizeof *list, busiest_first);
    for (size_t i = most - 1; shown > most && i < shown; i++) {
        list[i]->shown = false;
        list[i]->traffic = UINT64_MAX; /* it is in the group */
        g->grouped++;
    }
    free(list);
    return 0;
}

static bool is_grouped(const struct node *n)
{
    return !n->shown && n->traffic == UINT64_MAX;
}

/* ---- the answer ---- */

static const char *health_of(const struct mt_row *r)
{
    if (r == NULL || r->success < 0)
        return "unknown";
    return r->success < failing_below   ? "failing"
           : r->success < warning_below ? "warning"
                                        : "ok";
}

/* What names have in common: before the first '/', else after the first '.';
 * not of addresses. */
static struct mt_span group_of(const char *name)
{
    struct mt_span s = mt_span_str(name);
    size_t slash = mt_span_find(s, '/'), dot = mt_span_find(s, '.');
    bool address = s.len > 0 && ((s.ptr[0] >= '0' && s.ptr[0] <= '9') ||
                                 mt_span_find(s, ':') < s.len);
    if (address || (slash == s.len && dot == s.len))
        return (struct mt_span){.ptr = s.ptr, .len = 0};
    if (slash < s.len)
        return mt_span_take(&s, slash);
    (void)mt_span_take(&s, dot + 1);
    return s;
}

static void put_node(struct mt_out *o, const struct node *n)
{
    static const struct mt_row none = {.success = -1,
                                       .rps = -1,
                                       .load = -1,
                                       .in_per_s = -1,
                                       .out_per_s = -1,
                                       .mean_ns = -1,
                                       .quantile_ns = {-1, -1, -1, -1, -1},
                                       .max_ns = -1};
    struct mt_span common = group_of(n->name);
    mt_web_number(o, "id", n->id);
    mt_web_text(o, ",name", n->name);
    mt_web_text(o, ",health", health_of(n->row));
    mt_web_flag(o, ",entry", !n->called);
    if (n->depth != FAR)
        mt_web_number(o, ",depth", n->depth);
    else
        mt_web_null(o, ",depth");
    if (common.len > 0)
        mt_web_span(o, ",group", common);
    else
        mt_web_null(o, ",group");
    mt_out_char(o, ',');
    mt_row_json_members(o, &mt_screen_summary, n->row != NULL ? n->row : &none);
}

static void put_nodes(struct mt_web_question *q, const struct graph *g)
{
    struct mt_out *o = q->out;
    bool first = true;
    mt_out_str(o, ",\"nodes\":[");
    for (size_t i = 0; i < g->count; i++) {
        if (!g->nodes[i].shown)
            continue;
        mt_out_str(o, first ? "\n{" : ",\n{");
        first = false;
        put_node(o, &g->nodes[i]);
        mt_out_char(o, '}');
    }
    if (g->grouped > 0) {
        const struct node rest = {
            .name = "{other}", .called = true, .depth = FAR};
        mt_out_str(o, first ? "\n{" : ",\n{");
        put_node(o, &rest);
        mt_out_char(o, '}');
    }
    mt_out_char(o, ']');
}

static int64_t end_of(const struct node *n)
{
    return n->shown ? n->id : 0;
}

static uint64_t put_edges(struct mt_web_question *q, const struct graph *g)
{
    struct mt_out *o = q->out;
    uint64_t shown = 0;
    mt_out_str(o, ",\"edges\":[");
    for (size_t i = 0; i < g->edges.count; i++) {
        const struct node *a = &g->nodes[g->from[i]];
        const struct node *b = &g->nodes[g->to[i]];
        if ((!a->shown && !is_grouped(a)) || (!b->shown && !is_grouped(b)))
            continue;
        mt_out_str(o, shown++ > 0 ? ",\n{" : "\n{");
        mt_row_json_members(o, &mt_screen_edges, &g->edges.rows[i]);
        mt_web_number(o, ",client_id", end_of(a));
        mt_web_number(o, ",server_id", end_of(b));
        mt_web_text(o, ",health", health_of(&g->edges.rows[i]));
        mt_out_char(o, '}');
    }
    mt_out_char(o, ']');
    return shown;
}

static void put_graph(struct mt_web_question *q, const struct graph *g,
                      uint64_t found)
{
    char command[MT_WEB_COMMAND_BYTES];
    bool sorted = mt_web_given(q->params, MT_WEB_BIT(SORT));
    mt_web_command_put(
        q,
        &(struct mt_web_command){.verb = "edges",
                                 .limit = sorted ? 0 : q->params->limit},
        command);
    mt_web_begin(q, command, &g->edges.coverage);
    mt_web_count(q->out, ",grouped", g->grouped);
    put_nodes(q, g);
    uint64_t shown = put_edges(q, g);
    mt_out_str(q->out, ",\"rows\":{");
    mt_web_count(q->out, "found", found);
    mt_web_count(q->out, ",shown", shown);
    mt_out_str(q->out, "}}\n");
}

int mt_web_edges(struct mt_web_question *q)
{
    struct graph g = {.count = 0};
    if (mt_web_given(q->params, MT_WEB_BIT(DEPTH)) &&
        !mt_web_given(q->params, MT_WEB_BIT(FOCUS)))
        return mt_web_problem(&q->problem, MT_WEB_PARAMETER, "depth",
                              "depth: steps from what? give focus, too, or "
                              "leave depth out");
    uint64_t most = q->params->nodes > 0 ? q->params->nodes : NODES_DEFAULT;
    int rc = build(q, &g);
    if (rc == 0 && mt_web_given(q->params, MT_WEB_BIT(FOCUS)))
        rc = focus(q, &g);
    else if (rc == 0)
        from_entries(&g);
    if (rc == 0)
        rc = group(&g, most);
    if (rc == 0)
        put_graph(q, &g, g.edges.count);
    free_graph(&g);
    return rc;
}
