/**
 * reader.h - private to config/: the table of everything that can be written,
 * and what goes through a tree by it.
 *
 * A type says which forms a value may have (scalar, list, map), the keys of its
 * map, how it is read, and what the JSON schema says of it. A key is a row: to
 * add one, add a row, and a type if it has a form of its own. Rows are read in
 * the table's order, whatever the file's: what refers to a name comes after it.
 *
 * Each read function reports what is wrong and goes on: one run finds all
 * problems. It gets the struct that the key's map fills, and leaves it as it
 * was where the value is wrong.
 */
#ifndef MT_PROXY_LITE_CONFIG_READER_H
#define MT_PROXY_LITE_CONFIG_READER_H

#include "base/buf.h"
#include "base/suggest.h"
#include "proxy-lite/config/tree.h"
#include "proxy-lite/policy/model.h"

struct mt_config_reader {
    struct mt_policy *policy;
    struct mt_config_problems *problems;
    bool no_memory;
    const char *too_many; /* of these there are, which was said */
};

struct mt_config_key;

/* Of every read function. */
#define MT_READ_ARGS                                             \
    struct mt_config_reader *r, const struct mt_config_key *key, \
        const struct mt_node *n, void *out

struct mt_config_type {
    const char *name;   /* in the schema */
    const char *wanted; /* "a duration such as 250ms" */
    uint8_t kinds;      /* bits of enum mt_node_kind */
    void (*read)(MT_READ_ARGS);
    const char *scalar; /* JSON schema of the scalar form; NULL: its words */
    const char *const *words;          /* of an enumeration, NULL at the end */
    const struct mt_config_key *keys;  /* of the map form; NULL: free keys */
    const struct mt_config_type *item; /* of the list, or of free keys */
    uint32_t keys_count;
};

enum mt_config_flag {
    MT_KEY_REQUIRED = 1,
    MT_KEY_NOT_YET = 2, /* has its place, and is refused until it works */
};

enum { MT_CONFIG_KEYS_MAX = 32 };

struct mt_config_key {
    const char *name;
    const struct mt_config_type *type; /* NULL: NOT_YET */
    const char *help;                  /* a sentence, for the schema */
    size_t offset;                     /* in the struct, where the type asks */
    uint8_t flags;
};

#define MT_CONFIG_KEYS(rows) \
    .keys = (rows), .keys_count = sizeof(rows) / sizeof(rows)[0]

/* ---- going through ---- */

/* Of a map with keys. Returns a bit for each row that was there, right or
 * wrong. */
uint32_t mt_config_read_keys(struct mt_config_reader *r,
                             const struct mt_config_type *type,
                             const struct mt_node *map, void *out);

/* The same as a type's read function. */
void mt_config_read_map(struct mt_config_reader *r,
                        const struct mt_config_key *key,
                        const struct mt_node *n, void *out);

/* Has n a form that the type takes? Reports if not. */
bool mt_config_fits(struct mt_config_reader *r,
                    const struct mt_config_type *type, const char *name,
                    const struct mt_node *n);

/* n or, where it is a list, each of its items; as many as mt_config_count(). */
const struct mt_node *mt_config_first(const struct mt_node *n);
const struct mt_node *mt_config_next(const struct mt_node *n,
                                     const struct mt_node *item);
uint32_t mt_config_count(const struct mt_node *n);

/* Report keys that stand twice in a map with free keys. False: some do. */
bool mt_config_no_twins(struct mt_config_reader *r, const struct mt_node *map);

/* ---- saying and keeping ---- */

#define MT_WRONG(r, n, ...) \
    mt_config_problem((r)->problems, (n)->line, (n)->column, __VA_ARGS__)

/* "'KEY' is X; it wants ..." */
void mt_config_unfit(struct mt_config_reader *r, const char *name,
                     const struct mt_config_type *type,
                     const struct mt_node *n);

/* Report, once, that no more of these fit, or, with fewer than `most`, that
 * there is no memory. */
void mt_config_too_many(struct mt_config_reader *r, const struct mt_node *n,
                        const char *what, uint32_t most, uint32_t have);

/* Memory of the policy; NULL, and r->no_memory. */
void *mt_config_alloc(struct mt_config_reader *r, size_t count, size_t size);

/* A copy of a text; empty, and r->no_memory, where there is none. */
struct mt_span mt_config_copy(struct mt_config_reader *r, struct mt_span text);

/* The same in lower case. */
struct mt_span mt_config_copy_lower(struct mt_config_reader *r,
                                    struct mt_span text);

/* The index of a service that is named; NONE, reported with a suggestion. */
uint32_t mt_config_service(struct mt_config_reader *r, const struct mt_node *n);

/* Compile a pattern, or report it. NULL: it is wrong. */
const struct mt_regex *mt_config_regex(struct mt_config_reader *r,
                                       const struct mt_node *n);

/* Report unless it is a name: 1 to 253 bytes, none of them control. */
bool mt_config_name(struct mt_config_reader *r, const struct mt_node *n);

/* Is it a token, of RFC 9110 section 5.6.2? */
bool mt_is_token(struct mt_span s);

/* Can it be a field's value (RFC 9110 section 5.5)? */
bool mt_is_field_value(struct mt_span s);

#endif
