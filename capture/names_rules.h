/**
 * names_rules.h - networks and ports with a name each, longest match first.
 * Private to the names file.
 */
#ifndef MT_CAPTURE_NAMES_RULES_H
#define MT_CAPTURE_NAMES_RULES_H

#include "base/pool.h"
#include "base/text_addr.h"

struct mt_names_rule {
    struct mt_cidr net;
    uint16_t port; /* 0: any */
    uint32_t line; /* where it stands, from 1 */
    uint32_t column;
    struct mt_span name; /* borrowed from the file */
};

struct mt_names_rules {
    struct mt_names_rule *list;
    uint32_t count, capacity;
};

/* False at the memory ceiling. */
bool mt_names_rules_add(struct mt_names_rules *r, struct mt_pool *pool,
                        const struct mt_names_rule *rule);

void mt_names_rules_deinit(struct mt_names_rules *r, struct mt_pool *pool);

/* Sort for the look-ups. Returns a rule that says of its addresses and port
 * what *other said differently before it, or NULL. */
const struct mt_names_rule *
mt_names_rules_sort(struct mt_names_rules *r,
                    const struct mt_names_rule **other);

/* The rule for an address and port; NULL: none. */
const struct mt_names_rule *mt_names_rules_find(const struct mt_names_rules *r,
                                                const uint8_t ip[16],
                                                uint16_t port);

/* The one name of all rules of the longest network that has the address,
 * whatever their ports; empty where they differ, or none has it. */
struct mt_span mt_names_rules_common(const struct mt_names_rules *r,
                                     const uint8_t ip[16]);

#endif
