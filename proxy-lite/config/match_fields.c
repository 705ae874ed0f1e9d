/* `header:` and `query:` of a match. */
#include "proxy-lite/config/parts.h"

bool mt_config_field(struct mt_config_reader *r, const struct mt_node *name,
                     const struct mt_node *value, unsigned how,
                     struct mt_policy_field_match *m)
{
    m->how = (uint8_t)how;
    m->name = mt_config_copy(r, name->text);
    if (how == MT_COMPARE_REGEX) {
        m->regex = mt_config_regex(r, value);
        if (m->regex == NULL)
            return false;
    }
    if (value != NULL)
        m->value = mt_config_copy(r, value->text);
    return true;
}

static void read_comparison(MT_READ_ARGS)
{
    struct mt_policy_field_match *m = out;
    struct mt_node no_name = {.text = {.ptr = NULL, .len = 0}};
    bool flag = !mt_comparison_has_value((unsigned)key->offset);
    if (flag && !mt_span_eq(n->text, MT_SPAN("true")))
        mt_config_unfit(r, key->name, key->type, n);
    else
        (void)mt_config_field(r, &no_name, flag ? NULL : n,
                              (unsigned)key->offset, m);
}

static const struct mt_config_type type_compared = {
    .name = "compared",
    .wanted = "a text",
    .kinds = MT_NODE_SCALAR,
    .read = read_comparison,
    .scalar = "{\"type\":[\"string\",\"number\"]}"};

static const struct mt_config_type type_true = {.name = "true",
                                                .wanted = "true",
                                                .kinds = MT_NODE_SCALAR,
                                                .read = read_comparison,
                                                .scalar = "{\"const\":true}"};

static const struct mt_config_key comparison_keys[] = {
#define X(name, function, word, holds, fails, help) \
    {word,                                          \
     MT_COMPARE_##name == MT_COMPARE_PRESENT ||     \
             MT_COMPARE_##name == MT_COMPARE_ABSENT \
         ? &type_true                               \
         : &type_compared,                          \
     help, MT_COMPARE_##name, 0},
    MT_COMPARISONS(X)
#undef X
};

static const struct mt_config_type type_comparison = {
    .name = "comparison",
    .wanted = "a value, or {prefix: ...}, {regex: ...}, {present: true} or "
              "{absent: true}",
    .kinds = MT_NODE_SCALAR | MT_NODE_MAP,
    .scalar = "{\"type\":[\"string\",\"number\"]}",
    MT_CONFIG_KEYS(comparison_keys)};

static bool one_field(struct mt_config_reader *r, const struct mt_node *name,
                      const struct mt_node *value, void *out)
{
    static const char *const ways[] = {
#define X(name, function, word, holds, fails, help) word,
        MT_COMPARISONS(X)
#undef X
            NULL};
    struct mt_policy_field_match *m = out;
    if (!mt_config_fits(r, &type_comparison, mt_show(name->text).text, value))
        return false;
    if (value->kind == MT_NODE_SCALAR)
        return mt_config_field(r, name, value, MT_COMPARE_EXACT, m);
    if (mt_config_one_of(r, value, ways) != 1) {
        if (value->count == 0)
            mt_config_unfit(r, mt_show(name->text).text, &type_comparison,
                            value);
        else
            (void)mt_config_read_keys(r, &type_comparison, value, m);
        return false;
    }
    (void)mt_config_read_keys(r, &type_comparison, value, m);
    m->name = mt_config_copy(r, name->text);
    return true;
}

static bool one_header(struct mt_config_reader *r, const struct mt_node *name,
                       const struct mt_node *value, void *out)
{
    struct mt_policy_field_match *m = out;
    if (!mt_is_token(name->text)) {
        MT_WRONG(r, name, "'%s' is no name of a header field",
                 mt_show(name->text).text);
        return false;
    }
    if (!one_field(r, name, value, out))
        return false;
    m->name = mt_config_copy_lower(r, name->text);
    return true;
}

static void read_headers(MT_READ_ARGS)
{
    struct mt_policy_match *m = out;
    (void)key;
    m->headers = mt_config_each_pair(r, n, sizeof *m->headers, one_header,
                                     &m->headers_count);
}

static void read_query(MT_READ_ARGS)
{
    struct mt_policy_match *m = out;
    (void)key;
    m->query =
        mt_config_each_pair(r, n, sizeof *m->query, one_field, &m->query_count);
}

const struct mt_config_type mt_type_header_matches = {
    .name = "header-matches",
    .wanted = "names with values, such as {x-canary: \"1\"}",
    .kinds = MT_NODE_MAP,
    .read = read_headers,
    .item = &type_comparison};

const struct mt_config_type mt_type_query_matches = {
    .name = "query-matches",
    .wanted = "names with values, such as {user: \"7\"}",
    .kinds = MT_NODE_MAP,
    .read = read_query,
    .item = &type_comparison};
