/**
 * column.h - what the columns of every screen are: key, title, unit, help and
 * where the value comes from. Terminal, page and commands read these tables,
 * so that a column is one row here and nothing elsewhere.
 *
 *     const struct mt_screen *s = &mt_screen_services;
 *     for (size_t i = 0; i < s->count; i++) {
 *         struct mt_value v = s->columns[i].get(row, &scratch);
 *         mt_value_put(&buf, &v, &style);   // "22ms", "88.3", "·", "–", "~3"
 *     }
 *
 * Values are borrowed from the row, or from the scratch buffer they were
 * composed in.
 */
#ifndef MT_STORE_COLUMN_H
#define MT_STORE_COLUMN_H

#include "base/buf.h"
#include "store/query.h"

/* X(NAME, "suffix of the key in JSON and CSV") */
#define MT_UNITS(X)              \
    X(TEXT, "")                  \
    X(ID, "")                    \
    X(COUNT, "")                 \
    X(RATE, "_per_s")            \
    X(RATIO, "_ratio")           \
    X(DURATION, "_ns")           \
    X(BYTES, "_bytes")           \
    X(BYTE_RATE, "_bytes_per_s") \
    X(TIME, "_ns")

enum mt_unit {
#define X(name, suffix) MT_UNIT_##name,
    MT_UNITS(X)
#undef X
};

struct mt_value {
    enum mt_unit unit;
    bool known;          /* false: shown as –, null in JSON */
    bool inferred;       /* shown after ~ */
    double number;       /* RATE, RATIO, BYTE_RATE */
    int64_t whole;       /* ID, COUNT, DURATION, BYTES, TIME */
    struct mt_span text; /* TEXT */
};

struct mt_column {
    const char *key;   /* with its unit's suffix: the JSON name */
    const char *title; /* as it stands over the column */
    const char *help;
    uint8_t unit;      /* enum mt_unit: also tells how it is aligned */
    uint8_t priority;  /* 1 stays longest when the terminal is narrow */
    uint8_t max_width; /* TEXT: columns on the screen; 0 no bound */
    bool right;        /* TEXT that is aligned as numbers are */
    bool wide;         /* only with -o wide, and in JSON and CSV */
    /* row: struct mt_row or struct mt_exchange, as the screen says */
    struct mt_value (*get)(const void *row, struct mt_buf *scratch);
};

struct mt_value_style {
    bool ascii;       /* "0", "-" where UTF-8 cannot be shown */
    int32_t offset_s; /* local time - UTC, for times of day */
    size_t max_width; /* of texts; 0 no bound */
};

struct mt_screen {
    const char *name;
    const struct mt_column *columns;
    size_t count;
};

extern const struct mt_screen mt_screen_services;  /* of struct mt_row */
extern const struct mt_screen mt_screen_summary;   /* of struct mt_row */
extern const struct mt_screen mt_screen_edges;     /* of struct mt_row */
extern const struct mt_screen mt_screen_routes;    /* of struct mt_row */
extern const struct mt_screen mt_screen_policy;    /* the same, of a proxy */
extern const struct mt_screen mt_screen_endpoints; /* of mt_endpoint_row */
extern const struct mt_screen mt_screen_budgets;   /* of mt_budget_row */
extern const struct mt_screen mt_screen_series;    /* of struct mt_row */
extern const struct mt_screen mt_screen_exchanges; /* of struct mt_exchange */

const char *mt_unit_suffix(enum mt_unit unit);

/* As a table shows it: "·" for exactly zero, "–" for unknown, "~" before what
 * is inferred, units always. Texts are escaped. */
void mt_value_put(struct mt_buf *out, const struct mt_value *v,
                  const struct mt_value_style *style);

#endif
