/**
 * filter_parse.h - where the parser is (private to filter_parse*.c).
 */
#ifndef MT_STORE_FILTER_PARSE_H
#define MT_STORE_FILTER_PARSE_H

#include "store/filter_ast.h"

enum filter_op { OP_EQ, OP_NE, OP_GT, OP_GE, OP_LT, OP_LE, OP_RE, OP_NRE };

struct parser {
    struct mt_filter *f;
    struct mt_span text; /* the whole filter */
    size_t at;           /* byte that is read next */
    struct mt_time_ref ref;
    struct mt_filter_error *error;
    unsigned depth;
    bool failed;
    bool no_memory;
};

/* A word of the text, quoted or not, and where it stands. */
struct word {
    struct mt_span text; /* unquoted: borrowed from the filter */
    size_t at, end;      /* in the parser's text */
    bool quoted;
};

/* Note the first error, at bytes [at, end). Returns false. */
bool filter_fail(struct parser *p, size_t at, size_t end, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));

/* For a "%.*s": at most 40 bytes of a text. */
int filter_shown(struct mt_span text);

/* The field of a name or alias in any case; its number, or -1. */
int filter_field_find(struct mt_span name);

/* What the writer of `name` may have meant, or NULL. */
const char *filter_field_near(struct mt_span name);

/**
 * One value of a comparison, appended to the filter's values. The operator
 * decides how it is read. Returns false after filter_fail().
 */
bool filter_value(struct parser *p, unsigned field, enum filter_op op,
                  const struct word *w);

/* Which field `src` or `dst` means with this value. */
unsigned filter_side_field(bool source, const struct word *w);

#endif
