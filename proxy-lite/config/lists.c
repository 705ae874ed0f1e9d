/* What stands several times: lists, and maps with free keys. */
#include "proxy-lite/config/parts.h"

void *mt_config_each(struct mt_config_reader *r, const struct mt_node *n,
                     size_t size,
                     bool (*one)(struct mt_config_reader *r,
                                 const struct mt_node *item, void *out),
                     uint32_t *count)
{
    uint8_t *list = mt_config_alloc(r, mt_config_count(n), size);
    *count = 0;
    if (list == NULL)
        return NULL;
    for (const struct mt_node *i = mt_config_first(n); i != NULL;
         i = mt_config_next(n, i))
        if (one(r, i, list + *count * size))
            (*count)++;
    return list;
}

void *mt_config_each_pair(struct mt_config_reader *r, const struct mt_node *map,
                          size_t size,
                          bool (*one)(struct mt_config_reader *r,
                                      const struct mt_node *name,
                                      const struct mt_node *value, void *out),
                          uint32_t *count)
{
    *count = 0;
    if (!mt_config_no_twins(r, map))
        return NULL;
    uint8_t *list = mt_config_alloc(r, map->count / 2, size);
    if (list == NULL)
        return NULL;
    for (const struct mt_node *k = map->first; k != NULL; k = k->next->next)
        if (one(r, k, k->next, list + *count * size))
            (*count)++;
    return list;
}

unsigned mt_config_one_of(struct mt_config_reader *r, const struct mt_node *map,
                          const char *const *keys)
{
    const char *first = NULL;
    unsigned n = 0;
    for (size_t i = 0; keys[i] != NULL; i++) {
        const struct mt_node *value = mt_node_get(map, keys[i]);
        if (value == NULL)
            continue;
        if (n++ == 0)
            first = keys[i];
        else
            MT_WRONG(r, value, "'%s' cannot stand beside '%s'; keep one",
                     keys[i], first);
    }
    return n;
}
