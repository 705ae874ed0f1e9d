/**
 * query_group.h - private to store/query*.c: adding up under a key.
 */
#ifndef MT_STORE_QUERY_GROUP_H
#define MT_STORE_QUERY_GROUP_H

#include "store/query_impl.h"

/* What exchanges are told apart by. Compared as bytes: no padding. */
struct mt_group_key {
    int64_t bucket;                      /* series */
    uint32_t client, server;             /* indexes of services */
    uint32_t method, template, endpoint; /* numbers of texts */
    uint8_t protocol, kind, observer, l4;
};

struct mt_group {
    struct mt_group_key key;
    struct mt_cell cell;
    uint64_t by_protocol[MT_PROTOCOL_COUNT];
    uint16_t tls_version;
    uint8_t protocol, kind, observer; /* of the newest exchange */
    int64_t kind_ns;
    uint64_t open;
    int64_t oldest_start_ns; /* of the live open ones; 0 none */
    struct {
        uint64_t exchanges, judged, good;
    } untried;                    /* requests of a proxy that no endpoint got */
    uint64_t tried_client_errors; /* of attempts */
    bool dropped;
};

struct mt_question;

/* The key of one edge and route (NULL where not asked for); false: what they
 * count is left out. */
typedef bool mt_key_of(struct mt_question *q, const struct mt_edge_info *e,
                       const struct mt_route_info *r, int64_t start_ns,
                       struct mt_group_key *key);

struct mt_question {
    struct mt_store *s;
    struct mt_ask ask; /* narrowed to the filter's window */
    mt_key_of *key_of;
    enum mt_keys keys;
    int64_t bucket_ns;
    int64_t max_level_s;
    struct mt_directory directory;
    struct mt_pool pool;
    struct mt_intern numbers, texts, conns;
    struct mt_group *groups;
    size_t room;
    struct mt_coverage coverage;
    int full; /* a code: no room for a group */
};

/* Read the directory, choose cells or rows, and add everything up. */
int mt_question_run(struct mt_question *q, struct mt_store *s,
                    const struct mt_ask *ask);
void mt_question_free(struct mt_question *q);

/* The group of a key, made if it is new; NULL without memory. */
struct mt_group *mt_question_group(struct mt_question *q,
                                   const struct mt_group_key *key);

size_t mt_question_count(const struct mt_question *q);

/* Add to the groups what has begun and not ended. */
int mt_question_add_open(struct mt_question *q);

/* One row out of a group: rates, quantiles, names. */
void mt_question_fill(const struct mt_question *q, const struct mt_group *g,
                      struct mt_row *row);

#endif
