/* `filters:` of a rule. */
#include "proxy-lite/config/gateway.h"

/* ---- filters: a row each ---- */

static bool one_edit(struct mt_config_reader *r, const struct mt_node *n,
                     void *out)
{
    if (!mt_config_fits(r, &mt_gateway_field, "a header", n))
        return false;
    (void)mt_config_read_keys(r, &mt_gateway_field, n, NULL);
    const struct mt_node *name = mt_node_get(n, "name");
    const struct mt_node *value = mt_node_get(n, "value");
    return name != NULL && value != NULL && mt_config_edit(r, name, value, out);
}

static bool one_removal(struct mt_config_reader *r, const struct mt_node *n,
                        void *out)
{
    struct mt_policy_field f;
    const struct mt_node nothing = {.kind = MT_NODE_SCALAR};
    if (!mt_config_edit(r, n, &nothing, &f))
        return false;
    *(struct mt_span *)out = f.name;
    return true;
}

static void read_set(MT_READ_ARGS)
{
    struct mt_policy_edits *e = out;
    (void)key;
    e->set = mt_config_each(r, n, sizeof *e->set, one_edit, &e->set_count);
}

static void read_add(MT_READ_ARGS)
{
    struct mt_policy_edits *e = out;
    (void)key;
    e->add = mt_config_each(r, n, sizeof *e->add, one_edit, &e->add_count);
}

static void read_remove(MT_READ_ARGS)
{
    struct mt_policy_edits *e = out;
    (void)key;
    e->remove =
        mt_config_each(r, n, sizeof *e->remove, one_removal, &e->remove_count);
}

#define EDITS(name_, read_)                                   \
    {                                                         \
        .name = (name_), .wanted = "a list of header fields", \
        .kinds = MT_NODE_LIST, .read = (read_)                \
    }

static const struct mt_config_type type_set = EDITS("k8s-set", read_set);
static const struct mt_config_type type_add = EDITS("k8s-add", read_add);
static const struct mt_config_type type_remove =
    EDITS("k8s-remove", read_remove);

static const struct mt_config_key edits_keys[] = {
    {"set", &type_set, "", 0, 0},
    {"add", &type_add, "", 0, 0},
    {"remove", &type_remove, "", 0, 0},
};

static const struct mt_config_type type_edits = {
    .name = "k8s-edits",
    .wanted = "{set: [{name: ..., value: ...}]}",
    .kinds = MT_NODE_MAP,
    .read = mt_config_read_map,
    MT_CONFIG_KEYS(edits_keys)};

static void read_new_path(struct mt_config_reader *r, const struct mt_node *n,
                          unsigned how, struct mt_policy_rewrite *w)
{
    if (!mt_is_path(n->text) &&
        !(how == MT_PATH_REPLACE_PREFIX && n->text.len == 0)) {
        if (!mt_config_unencoded(r, n))
            MT_WRONG(r, n, "'%s' is no path; it begins with / and has no query",
                     mt_show(n->text).text);
        return;
    }
    w->path = mt_config_copy(r, n->text);
    w->path_how = (uint8_t)how;
}

static const struct mt_config_key new_path_keys[] = {
    {"type", &mt_gateway_word, "", 0, MT_KEY_REQUIRED},
    {"replaceFullPath", &mt_gateway_word, "", 0, 0},
    {"replacePrefixMatch", &mt_gateway_word, "", 0, 0},
};

/* At key->offset a struct mt_policy_rewrite. */
static void read_rewritten_path(MT_READ_ARGS)
{
    static const char *const types[] = {"ReplaceFullPath", "ReplacePrefixMatch",
                                        NULL};
    static const char *const keys[] = {"replaceFullPath", "replacePrefixMatch"};
    static const unsigned ways[] = {MT_PATH_REPLACE_ALL,
                                    MT_PATH_REPLACE_PREFIX};
    (void)mt_config_read_keys(r, key->type, n, NULL);
    int type =
        mt_gateway_type(r, n, types, "ReplaceFullPath or ReplacePrefixMatch");
    if (type < 0)
        return;
    const struct mt_node *value = mt_node_get(n, keys[type]);
    if (!mt_gateway_is_text(value))
        MT_WRONG(r, n, "'%s' is missing", keys[type]);
    else
        read_new_path(r, value, ways[type],
                      (void *)((uint8_t *)out + key->offset));
}

static const struct mt_config_type type_rewritten_path = {
    .name = "k8s-new-path",
    .wanted = "{type: ReplacePrefixMatch, replacePrefixMatch: /}",
    .kinds = MT_NODE_MAP,
    .read = read_rewritten_path,
    MT_CONFIG_KEYS(new_path_keys)};

static const struct mt_config_key rewrite_keys[] = {
    {"hostname", &mt_type_host, "", offsetof(struct mt_policy_rewrite, host),
     0},
    {"path", &type_rewritten_path, "", 0, 0},
};

static const struct mt_config_type type_rewrite = {
    .name = "k8s-rewrite",
    .wanted = "{hostname: ..., path: ...}",
    .kinds = MT_NODE_MAP,
    .read = mt_config_read_map,
    MT_CONFIG_KEYS(rewrite_keys)};

static const struct mt_config_key redirect_keys[] = {
    {"scheme", &mt_type_scheme, "", 0, 0},
    {"hostname", &mt_type_host, "",
     offsetof(struct mt_policy_redirect, to.host), 0},
    {"path", &type_rewritten_path, "", offsetof(struct mt_policy_redirect, to),
     0},
    {"port", &mt_type_port, "", offsetof(struct mt_policy_redirect, port), 0},
    {"statusCode", &mt_type_redirect_status, "", 0, 0},
};

static void read_redirect(MT_READ_ARGS)
{
    struct mt_policy_route *route = out;
    route->action = MT_ACTION_REDIRECT;
    route->redirect.status = 302;
    (void)mt_config_read_keys(r, key->type, n, &route->redirect);
}

static const struct mt_config_type type_redirect = {
    .name = "k8s-redirect",
    .wanted = "{scheme: https}",
    .kinds = MT_NODE_MAP,
    .read = read_redirect,
    MT_CONFIG_KEYS(redirect_keys)};

static const struct mt_config_key filter_keys[] = {
    {"type", &mt_gateway_word, "", 0, MT_KEY_REQUIRED},
    {"requestHeaderModifier", &type_edits, "",
     offsetof(struct mt_policy_route, request_headers), 0},
    {"responseHeaderModifier", &type_edits, "",
     offsetof(struct mt_policy_route, response_headers), 0},
    {"requestRedirect", &type_redirect, "", 0, 0},
    {"urlRewrite", &type_rewrite, "", offsetof(struct mt_policy_route, rewrite),
     0},
    {"requestMirror", NULL, "", 0, MT_KEY_NOT_YET},
    {"cors", NULL, "", 0, MT_KEY_NOT_YET},
    {"extensionRef", NULL, "", 0, MT_KEY_NOT_YET},
};

static const struct mt_config_type type_filter = {
    .name = "k8s-filter",
    .wanted = "{type: URLRewrite, urlRewrite: ...}",
    .kinds = MT_NODE_MAP,
    MT_CONFIG_KEYS(filter_keys)};

/* `type` says which of the keys is there. */
static void check_filter(struct mt_config_reader *r, const struct mt_node *n)
{
    static const char *const types[] = {"RequestHeaderModifier",
                                        "ResponseHeaderModifier",
                                        "RequestRedirect", "URLRewrite", NULL};
    static const char *const keys[] = {"requestHeaderModifier",
                                       "responseHeaderModifier",
                                       "requestRedirect", "urlRewrite"};
    int type = mt_gateway_type(r, n, types,
                               "RequestHeaderModifier, ResponseHeaderModifier, "
                               "RequestRedirect or URLRewrite");
    if (type >= 0 && mt_node_get(n, "type") != NULL &&
        mt_node_get(n, keys[type]) == NULL)
        MT_WRONG(r, n, "'%s' is missing", keys[type]);
}

static void read_filters(MT_READ_ARGS)
{
    for (const struct mt_node *i = n->first; i != NULL; i = i->next) {
        if (!mt_config_fits(r, key->type->item, key->name, i))
            continue;
        (void)mt_config_read_keys(r, key->type->item, i, out);
        check_filter(r, i);
    }
}

const struct mt_config_type mt_gateway_filters = {.name = "k8s-filters",
                                                  .wanted = "a list of filters",
                                                  .kinds = MT_NODE_LIST,
                                                  .read = read_filters,
                                                  .item = &type_filter};
