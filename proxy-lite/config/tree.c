#include "proxy-lite/config/tree.h"

#include <yaml.h>

#include "base/suggest.h"

enum { TREE_BYTES = 32 << 20 };

struct growing {
    struct mt_tree *tree;
    struct mt_config_problems *problems;
    yaml_parser_t yaml;
    struct mt_node *parents[MT_TREE_DEPTH_MAX];
    uint32_t depth;
    uint32_t nodes, documents;
    struct mt_node *last_document;
};

static bool wrong(struct growing *g, yaml_mark_t mark, const char *what)
{
    mt_config_problem(g->problems, (uint32_t)mark.line + 1,
                      (uint32_t)mark.column + 1, "%s", what);
    return false;
}

/* ---- nodes ---- */

static struct mt_node *new_node(struct growing *g, uint8_t kind,
                                yaml_mark_t mark)
{
    struct mt_node *n = NULL;
    if (g->nodes < MT_TREE_NODES_MAX)
        n = mt_arena_alloc(&g->tree->arena, sizeof *n);
    if (n == NULL) {
        (void)wrong(g, mark,
                    "the file says too much; more than 100 000 "
                    "values, or no memory for them");
        return NULL;
    }
    g->nodes++;
    *n = (struct mt_node){.kind = kind,
                          .line = (uint32_t)mark.line + 1,
                          .column = (uint32_t)mark.column + 1};
    return n;
}

static void hang(struct growing *g, struct mt_node *n)
{
    if (g->depth == 0) {
        if (mt_node_is_null(n))
            return;
        if (g->last_document != NULL)
            g->last_document->next = n;
        else
            g->tree->documents = n;
        g->last_document = n;
        return;
    }
    struct mt_node *parent = g->parents[g->depth - 1];
    if (parent->last != NULL)
        parent->last->next = n;
    else
        parent->first = n;
    parent->last = n;
    parent->count++;
}

/* ---- events ---- */

static bool scalar(struct growing *g, const yaml_event_t *e)
{
    struct mt_node *n = new_node(g, MT_NODE_SCALAR, e->start_mark);
    struct mt_span text = {e->data.scalar.value, e->data.scalar.length};
    if (n == NULL)
        return false;
    if (!mt_arena_copy(&g->tree->arena, text, &n->text))
        return wrong(g, e->start_mark, "no memory for the file");
    n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    hang(g, n);
    return true;
}

static bool open_node(struct growing *g, const yaml_event_t *e, uint8_t kind)
{
    if (g->depth == MT_TREE_DEPTH_MAX)
        return wrong(g, e->start_mark, "nested more than 32 levels deep");
    struct mt_node *n = new_node(g, kind, e->start_mark);
    if (n == NULL)
        return false;
    hang(g, n);
    g->parents[g->depth++] = n;
    return true;
}

static bool document(struct growing *g, const yaml_event_t *e)
{
    if (++g->documents > MT_TREE_DOCUMENTS_MAX)
        return wrong(g, e->start_mark, "more than 64 documents in one file");
    return true;
}

static bool is_named(const yaml_char_t *anchor, const yaml_char_t *tag)
{
    return anchor != NULL || tag != NULL;
}

/* An anchor, an alias or a tag. */
static bool has_name(const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_ALIAS_EVENT:
        return true;
    case YAML_SCALAR_EVENT:
        return is_named(e->data.scalar.anchor, e->data.scalar.tag);
    case YAML_SEQUENCE_START_EVENT:
        return is_named(e->data.sequence_start.anchor,
                        e->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return is_named(e->data.mapping_start.anchor,
                        e->data.mapping_start.tag);
    default:
        return false;
    }
}

static bool take(struct growing *g, const yaml_event_t *e)
{
    if (has_name(e))
        return wrong(g, e->start_mark,
                     "anchors, aliases and tags are not read; write the value "
                     "out");
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        return document(g, e);
    case YAML_SCALAR_EVENT:
        return scalar(g, e);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(g, e, MT_NODE_LIST);
    case YAML_MAPPING_START_EVENT:
        return open_node(g, e, MT_NODE_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        g->depth--;
        return true;
    default:
        return true;
    }
}

static bool not_yaml(struct growing *g)
{
    const char *problem = g->yaml.problem;
    struct mt_shown shown =
        mt_show(mt_span_str(problem != NULL ? problem : "it cannot be read"));
    mt_config_problem(g->problems, (uint32_t)g->yaml.problem_mark.line + 1,
                      (uint32_t)g->yaml.problem_mark.column + 1,
                      "not YAML: %s; check indentation and quotes there",
                      shown.text);
    return false;
}

static bool grow(struct growing *g)
{
    bool more = true, good = true;
    while (good && more) {
        yaml_event_t e;
        if (yaml_parser_parse(&g->yaml, &e) == 0)
            return not_yaml(g);
        more = e.type != YAML_STREAM_END_EVENT;
        good = take(g, &e);
        yaml_event_delete(&e);
    }
    return good;
}

bool mt_tree_read(struct mt_tree *t, struct mt_span yaml,
                  struct mt_config_problems *problems)
{
    struct growing g = {.tree = t, .problems = problems};
    *t = (struct mt_tree){.documents = NULL};
    mt_pool_init(&t->pool, TREE_BYTES);
    mt_arena_init(&t->arena, &t->pool, TREE_BYTES);
    if (yaml.len > MT_TREE_BYTES_MAX)
        return wrong(&g, (yaml_mark_t){0}, "the file has more than 1 MiB");
    if (yaml_parser_initialize(&g.yaml) == 0)
        return wrong(&g, (yaml_mark_t){0}, "no memory for the file");
    if (mt_span_starts(yaml, MT_SPAN("\xef\xbb\xbf")))
        (void)mt_span_take(&yaml, 3); /* a byte order mark: editors leave it */
    yaml_parser_set_encoding(&g.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(
        &g.yaml, yaml.len > 0 ? yaml.ptr : (const uint8_t *)"", yaml.len);
    bool good = grow(&g);
    yaml_parser_delete(&g.yaml);
    return good;
}

void mt_tree_free(struct mt_tree *t)
{
    mt_arena_deinit(&t->arena);
    mt_pool_deinit(&t->pool);
}

bool mt_node_is_null(const struct mt_node *n)
{
    return n->kind == MT_NODE_SCALAR && n->plain &&
           (n->text.len == 0 || mt_span_eq(n->text, MT_SPAN("~")) ||
            mt_span_eq(n->text, MT_SPAN("null")));
}

const struct mt_node *mt_node_get(const struct mt_node *map, const char *key)
{
    for (const struct mt_node *k = map->first; k != NULL; k = k->next->next)
        if (k->kind == MT_NODE_SCALAR && mt_span_eq(k->text, mt_span_str(key)))
            return k->next;
    return NULL;
}
