#include "proxy-lite/config/gateway.h"

static void read_nothing(MT_READ_ARGS)
{
    (void)r;
    (void)key;
    (void)n;
    (void)out;
}

const struct mt_config_type mt_gateway_any = {
    .name = "any",
    .wanted = "any value",
    .kinds = MT_NODE_SCALAR | MT_NODE_LIST | MT_NODE_MAP,
    .read = read_nothing};

const struct mt_config_type mt_gateway_word = {.name = "word",
                                               .wanted = "a text",
                                               .kinds = MT_NODE_SCALAR,
                                               .read = read_nothing};

bool mt_gateway_is(const struct mt_node *n, const char *word)
{
    return n != NULL && n->kind == MT_NODE_SCALAR &&
           mt_span_eq(n->text, mt_span_str(word));
}

bool mt_gateway_is_text(const struct mt_node *n)
{
    return n != NULL && n->kind == MT_NODE_SCALAR;
}

int mt_gateway_type(struct mt_config_reader *r, const struct mt_node *map,
                    const char *const *words, const char *wanted)
{
    const struct mt_node *n = mt_node_get(map, "type");
    if (n == NULL)
        return 0;
    int i = mt_gateway_is_text(n) ? mt_word_index(words, n->text) : -1;
    if (i < 0)
        MT_WRONG(r, n, "'type' is '%s'; it wants %s", mt_show(n->text).text,
                 wanted);
    return i;
}
