/**
 * names_yaml.h - the grammar of a names file. Private to the names file.
 *
 * From libyaml's events, so that every message has its line and column, and
 * nothing of the file is built that is not needed.
 */
#ifndef MT_CAPTURE_NAMES_YAML_H
#define MT_CAPTURE_NAMES_YAML_H

#include "base/arena.h"
#include "capture/names_file.h"
#include "capture/names_rules.h"

enum mt_names_table { MT_NAMES_SERVICES, MT_NAMES_CLIENTS, MT_NAMES_TABLES };

struct mt_names_tables {
    struct mt_arena text; /* the names */
    struct mt_names_rules rules[MT_NAMES_TABLES];
};

/* Fill *out, whose arena is ready. Returns as mt_names_file_read(); what was
 * filled is the caller's to free in every case. */
int mt_names_yaml_read(struct mt_names_tables *out, struct mt_span yaml,
                       const char *label, struct mt_pool *pool,
                       char why[MT_NAMES_WHY_BYTES]);

#endif
