/* `request_headers:` and `response_headers:`. */
#include "proxy-lite/config/parts.h"

/* They belong to the connection, or say how long the message is: the proxy's
 * own affair (RFC 9110 section 7.6.1). */
static bool is_ours(struct mt_span lower)
{
    static const char *const names[] = {
        "connection", "content-length",    "host",
        "keep-alive", "proxy-connection",  "te",
        "trailer",    "transfer-encoding", "upgrade",
        NULL};
    return mt_word_index(names, lower) >= 0;
}

static bool edited_name(struct mt_config_reader *r, const struct mt_node *n,
                        struct mt_span *out)
{
    if (n->kind != MT_NODE_SCALAR || !mt_is_token(n->text)) {
        MT_WRONG(r, n, "'%s' is no name of a header field",
                 mt_show(n->text).text);
        return false;
    }
    *out = mt_config_copy_lower(r, n->text);
    if (!is_ours(*out))
        return true;
    MT_WRONG(r, n,
             "'%s' is the proxy's own to set; for the host, write "
             "'rewrite'",
             mt_show(n->text).text);
    return false;
}

bool mt_config_edit(struct mt_config_reader *r, const struct mt_node *name,
                    const struct mt_node *value, struct mt_policy_field *out)
{
    if (!edited_name(r, name, &out->name))
        return false;
    if (value->kind != MT_NODE_SCALAR || !mt_is_field_value(value->text)) {
        MT_WRONG(r, value,
                 "'%s' is no value of a header field: one line, "
                 "without spaces around",
                 mt_show(value->text).text);
        return false;
    }
    out->value = mt_config_copy(r, value->text);
    return true;
}

static bool one_edit(struct mt_config_reader *r, const struct mt_node *name,
                     const struct mt_node *value, void *out)
{
    return mt_config_edit(r, name, value, out);
}

static bool one_removal(struct mt_config_reader *r, const struct mt_node *n,
                        void *out)
{
    return edited_name(r, n, out);
}

static void read_set(MT_READ_ARGS)
{
    struct mt_policy_edits *e = out;
    (void)key;
    e->set = mt_config_each_pair(r, n, sizeof *e->set, one_edit, &e->set_count);
}

static void read_add(MT_READ_ARGS)
{
    struct mt_policy_edits *e = out;
    (void)key;
    e->add = mt_config_each_pair(r, n, sizeof *e->add, one_edit, &e->add_count);
}

static void read_remove(MT_READ_ARGS)
{
    struct mt_policy_edits *e = out;
    (void)key;
    e->remove =
        mt_config_each(r, n, sizeof *e->remove, one_removal, &e->remove_count);
}

static const struct mt_config_type type_set = {
    .name = "header-set",
    .wanted = "names with values, such as {x-env: prod}",
    .kinds = MT_NODE_MAP,
    .read = read_set,
    .item = &mt_type_text};

static const struct mt_config_type type_add = {
    .name = "header-add",
    .wanted = "names with values, such as {x-env: prod}",
    .kinds = MT_NODE_MAP,
    .read = read_add,
    .item = &mt_type_text};

static const struct mt_config_type type_remove = {
    .name = "header-remove",
    .wanted = "names such as [x-debug]",
    .kinds = MT_NODE_SCALAR | MT_NODE_LIST,
    .read = read_remove,
    .scalar = "{\"type\":\"string\"}",
    .item = &mt_type_text};

static const struct mt_config_key edits_keys[] = {
    {"set", &type_set, "Instead of what is there.", 0, 0},
    {"add", &type_add, "Beside what is there.", 0, 0},
    {"remove", &type_remove, "All of these names.", 0, 0},
};

const struct mt_config_type mt_type_edits = {
    .name = "header-edits",
    .wanted = "what changes, such as {set: {x-env: prod}, remove: [x-debug]}",
    .kinds = MT_NODE_MAP,
    .read = mt_config_read_map,
    MT_CONFIG_KEYS(edits_keys)};
