/**
 * tree.h - a YAML text as a tree whose nodes know where they stand.
 *
 *     struct mt_tree t;
 *     if (mt_tree_read(&t, yaml, &problems)) ... t.documents ...
 *     mt_tree_free(&t);
 *
 * Bounded: 1 MiB of text, 32 levels, 100 000 nodes, 64 documents. Anchors,
 * aliases and tags are refused: what a file says stands where it is read, and
 * nothing unfolds.
 */
#ifndef MT_PROXY_LITE_CONFIG_TREE_H
#define MT_PROXY_LITE_CONFIG_TREE_H

#include "base/arena.h"
#include "proxy-lite/config/config.h"

enum {
    MT_TREE_BYTES_MAX = MT_CONFIG_BYTES_MAX,
    MT_TREE_DEPTH_MAX = 32,
    MT_TREE_NODES_MAX = 100000,
    MT_TREE_DOCUMENTS_MAX = 64,
};

/* Bits, so that several can be wanted. */
enum mt_node_kind {
    MT_NODE_SCALAR = 1,
    MT_NODE_LIST = 2,
    MT_NODE_MAP = 4,
};

struct mt_node {
    struct mt_span text;   /* of a scalar */
    struct mt_node *first; /* items; of a map: key, value, key, value */
    struct mt_node *last;
    struct mt_node *next;
    uint32_t count; /* items; of a map twice its pairs */
    uint32_t line, column;
    uint8_t kind; /* enum mt_node_kind */
    bool plain;   /* a scalar without quotes */
};

struct mt_tree {
    struct mt_pool pool;
    struct mt_arena arena;
    struct mt_node *documents; /* linked by next; empty ones are left out */
};

/* False: it cannot be read, which is among the problems. mt_tree_free() in
 * either case. */
bool mt_tree_read(struct mt_tree *t, struct mt_span yaml,
                  struct mt_config_problems *problems);
void mt_tree_free(struct mt_tree *t);

/* Nothing stands there: an empty plain scalar, `~` or `null`. */
bool mt_node_is_null(const struct mt_node *n);

/* A map's value of this key, the first; NULL: none. */
const struct mt_node *mt_node_get(const struct mt_node *map, const char *key);

#endif
