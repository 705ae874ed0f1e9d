#include "proxy-lite/config/config.h"

#include "proxy-lite/config/parts.h"

static const struct mt_config_key mesh_keys[] = {
    {"services", &mt_type_services, "Names, each with its endpoints.", 0, 0},
    {"listeners", &mt_type_listeners, "Where clients come in.", 0, 0},
    {"retry_budget", &mt_type_budget,
     "Retries of the whole process over 10 s; {percent: 20, min_per_second: "
     "10}.",
     0, 0},
    {"routes", &mt_type_routes, "What is done with which request.", 0, 0},
    {"resolve", &mt_type_duration, "How often names are resolved again; 30s.",
     offsetof(struct mt_policy, resolve_ns), 0},
    {"admin", NULL, "A socket that is asked and told.", 0, MT_KEY_NOT_YET},
};

const struct mt_config_type mt_type_mesh = {
    .name = "mesh",
    .wanted = "'listeners', 'services' and 'routes'",
    .kinds = MT_NODE_MAP,
    MT_CONFIG_KEYS(mesh_keys)};

/* ---- documents ---- */

static const struct {
    const char *kind;
    const struct mt_config_type *type;
} documents[] = {
    {"HTTPRoute", &mt_type_httproute},
    {"GRPCRoute", &mt_type_grpcroute},
};

static void read_kind(struct mt_config_reader *r, const struct mt_node *doc)
{
    const struct mt_node *kind = mt_node_get(doc, "kind");
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++)
        if (mt_span_eq(kind->text, mt_span_str(documents[i].kind))) {
            const struct mt_config_key row = {.type = documents[i].type};
            row.type->read(r, &row, doc, r->policy);
            return;
        }
    MT_WRONG(r, kind, "the kind '%s' is not read; HTTPRoute and GRPCRoute are",
             mt_show(kind->text).text);
}

/* `kubectl get httproutes -o yaml` puts them into one document. */
static void read_list(struct mt_config_reader *r, const struct mt_node *list)
{
    const struct mt_node *items = mt_node_get(list, "items");
    if (items == NULL || items->kind != MT_NODE_LIST) {
        MT_WRONG(r, list, "a List has 'items', and it is a list");
        return;
    }
    for (const struct mt_node *i = items->first; i != NULL; i = i->next)
        if (i->kind == MT_NODE_MAP && mt_node_get(i, "kind") != NULL)
            read_kind(r, i);
        else
            MT_WRONG(r, i, "an HTTPRoute or a GRPCRoute is expected here");
}

/* A document that is no mesh. */
static void read_other(struct mt_config_reader *r, const struct mt_node *doc)
{
    const struct mt_node *kind = mt_node_get(doc, "kind");
    if (kind != NULL && mt_span_eq(kind->text, MT_SPAN("List")))
        read_list(r, doc);
    else if (kind != NULL)
        read_kind(r, doc);
}

/* The mesh first, wherever it stands: the others name its services. */
static void read_documents(struct mt_config_reader *r,
                           const struct mt_node *first)
{
    const struct mt_node *mesh = NULL;
    for (const struct mt_node *d = first; d != NULL; d = d->next) {
        if (!mt_config_fits(r, &mt_type_mesh, "the file", d) ||
            mt_node_get(d, "kind") != NULL)
            continue;
        if (mesh != NULL)
            MT_WRONG(r, d, "a second mesh begins; the first stands at line %u",
                     (unsigned)mesh->line);
        else
            (void)mt_config_read_keys(r, &mt_type_mesh, d, r->policy);
        mesh = mesh != NULL ? mesh : d;
    }
    for (const struct mt_node *d = first; d != NULL; d = d->next)
        if (d->kind == MT_NODE_MAP)
            read_other(r, d);
}

/* What a mesh needs to do anything. */
static void check_whole(struct mt_config_reader *r)
{
    const struct mt_policy *p = r->policy;
    if (r->problems->count > 0)
        return;
    if (p->listeners_count == 0)
        mt_config_problem(
            r->problems, 1, 1,
            "nothing listens; add 'listeners: [{name: edge, address: "
            "\"127.0.0.1:8080\"}]'");
    if (p->routes_count == 0)
        mt_config_problem(r->problems, 1, 1,
                          "there are no routes; add 'routes: [{to: SERVICE}]'");
}

struct mt_policy *mt_config_finish(struct mt_config_reader *r)
{
    if (r->problems->count == 0 && r->no_memory)
        mt_config_problem(r->problems, 1, 1, "no memory for so much");
    if (r->problems->count == 0 && mt_policy_seal(r->policy) != 0)
        mt_config_problem(r->problems, 1, 1,
                          "hosts and matches of all routes make more than %d "
                          "combinations, or there is no memory for them",
                          MT_POLICY_ENTRIES_MAX);
    if (r->problems->count == 0)
        return r->policy;
    mt_config_problems_sort(r->problems);
    mt_policy_free(r->policy);
    return NULL;
}

struct mt_policy *mt_config_read(struct mt_span yaml,
                                 struct mt_config_problems *problems)
{
    struct mt_config_reader r = {.problems = problems};
    struct mt_tree tree;
    problems->count = problems->more = 0;
    r.policy = mt_policy_new();
    if (r.policy == NULL) {
        mt_config_problem(problems, 1, 1, "no memory");
        return NULL;
    }
    if (mt_tree_read(&tree, yaml, problems)) {
        read_documents(&r, tree.documents);
        check_whole(&r);
    }
    mt_tree_free(&tree);
    return mt_config_finish(&r);
}
