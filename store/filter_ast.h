/**
 * filter_ast.h - a compiled filter (private to filter*.c).
 */
#ifndef MT_STORE_FILTER_AST_H
#define MT_STORE_FILTER_AST_H

#include "base/regex.h"
#include "base/text_addr.h"
#include "store/filter.h"

enum filter_type {
    TYPE_NUMBER,
    TYPE_STATUS,
    TYPE_GRPC,
    TYPE_DURATION,
    TYPE_SIZE,
    TYPE_TIME,
    TYPE_TLS,
    TYPE_TEXT,
    TYPE_FOLD, /* text, ASCII case ignored */
    TYPE_HOST, /* so, and with or without :port */
    TYPE_PROTOCOL,
    TYPE_KIND,
    TYPE_OUTCOME,
    TYPE_ERROR,
    TYPE_OBSERVER,
    TYPE_HALF,
    TYPE_IP,
    TYPE_HEX16,
    TYPE_HEX8,
    TYPE_QUALITY,
    TYPE_ANOMALY,
};

/* A field of an exchange, as its type has it. */
struct datum {
    bool absent;
    int64_t number;
    struct mt_span text;
    const uint8_t *bytes; /* address or id */
};

struct field {
    struct mt_filter_field_info info;
    const char *column;
    enum filter_type type;
    struct datum (*of)(const struct mt_exchange *x);
};

extern const struct field filter_fields[];

/* Texts of an enumerated type; NULL for the others. */
struct vocabulary {
    const char *(*text)(unsigned);
    unsigned count;
    const char *what; /* "an outcome" */
};
const struct vocabulary *filter_vocabulary(enum filter_type type);

enum test {
    TEST_RANGE, /* lo..hi; lo > hi: never */
    TEST_EXACT,
    TEST_GLOB,
    TEST_REGEX,
    TEST_SUBSTRING,
    TEST_NETWORK,
    TEST_BYTES, /* low..high of `width` bytes */
    TEST_BITS,  /* any bit of lo */
};

/* One value of a comparison. */
struct value {
    enum test test;
    bool fold, host;
    int64_t lo, hi;
    struct mt_span text;
    struct mt_cidr network;
    uint8_t low[16], high[16];
    size_t width;
    struct mt_regex *regex;
};

/* field (one of values...), or none of them */
struct term {
    uint8_t field;
    bool negated;
    bool anywhere; /* a bare word: host or path */
    bool last;     /* lo is now - ago_ns */
    bool window;   /* a time term that all else is and-ed to */
    int64_t ago_ns;
    uint16_t first, count; /* values */
};

/* `not` is pushed down to the terms as the text is read, and an `and` inside an
 * `and` is part of it: levels alternate. */
enum node_kind { NODE_AND, NODE_OR, NODE_TERM };
enum { NONE = UINT16_MAX };

struct node {
    uint8_t kind;
    uint16_t term;        /* TERM */
    uint16_t first, last; /* children */
    uint16_t next;        /* sibling */
};

/* Terms, and less inner nodes than terms; nodes that were merged into others
 * are not used again, so there is some room. */
enum { NODES_MAX = 4 * MT_FILTER_TERMS_MAX };

struct mt_filter {
    struct node nodes[NODES_MAX];
    struct term terms[MT_FILTER_TERMS_MAX];
    struct value values[MT_FILTER_TERMS_MAX];
    uint16_t nodes_count, terms_count, values_count;
    uint16_t root; /* NONE: everything passes */
    bool from_now; /* a term does */
    uint8_t texts[MT_FILTER_TEXT_MAX];
    size_t texts_used;
};

/* Does a text (absent when empty) pass a text test? */
bool filter_text_match(const struct value *v, struct mt_span text);

#endif
