/**
 * flow.h - the table of flows: 5-tuple and network to what is known of it.
 *
 * A flow is both directions of a 5-tuple. It costs 128 bytes until something
 * other than its handshake is seen; what reassembly needs comes then.
 *
 *     struct mt_flow_table t;
 *     mt_flow_table_init(&t, &pool, seed);
 *     struct mt_flow_id id = mt_flow_id_of(&t, segment);
 *     struct mt_flow *f = mt_flow_find(&t, &id);
 *     if (f == NULL)
 *         f = mt_flow_add(&t, &id, now_ns);      // NULL: the ceiling
 *     mt_flow_touch(&t, f, now_ns);
 *
 * Each flow is in one list, by last activity: shedding and timers look at its
 * oldest only. Chained hash that grows by one bucket at a time (linear
 * hashing), so that no packet pays for a whole rehash.
 */
#ifndef MT_CAPTURE_FLOW_H
#define MT_CAPTURE_FLOW_H

#include "base/pool.h"
#include "capture/layers.h"

/* X(NAME, idle time after which it ends, help): in the order of shedding. */
#define MT_FLOW_LISTS(X)                                               \
    X(CLOSED, 5, "ended: late packets of it open nothing")             \
    X(ALIAS, 60, "copies of another network's flow")                   \
    X(UDP_UNKNOWN, 15, "UDP that may yet show its protocol")           \
    X(HALF_OPEN, 130, "handshake not complete; Linux tries for 127 s") \
    X(QUIET, 600, "open, without payload so far")                      \
    X(UNKNOWN, 600, "its protocol is not recognised")                  \
    X(UDP, 15, "UDP, a decoder is at work on it")                      \
    X(DECODED, 600, "a decoder is at work on it")

enum mt_flow_list_id {
#define X(name, idle_s, help) MT_FLOW_##name,
    MT_FLOW_LISTS(X)
#undef X
        MT_FLOW_LISTS_COUNT
};

/* Endpoints in a fixed order, whatever the direction of the packet. */
struct mt_flow_key {
    uint64_t network;
    uint8_t ip[2][16];
    uint16_t port[2];
    uint16_t transport;
    uint16_t zero; /* no padding: keys are compared as bytes */
};

struct mt_flow_id {
    struct mt_flow_key key;
    uint64_t tuple_hash; /* of the key without the network */
    uint32_t hash;
    bool reversed; /* the packet goes from key end 1 to end 0 */
};

/* tap_flow.h: what the transport needs, made when it is needed */
struct mt_tcp_flow;
struct mt_udp_flow;

struct mt_flow {
    struct mt_flow_key key;
    struct mt_flow *chain; /* in its bucket */
    struct mt_flow *newer, *older;
    union { /* by key.transport */
        struct mt_tcp_flow *tcp;
        struct mt_udp_flow *udp;
    };
    uint64_t serial; /* order of creation */
    int64_t last_ns; /* activity, on the clock that never runs back */
    union {
        int64_t start_ns;       /* first packet, its own time */
        uint64_t alias_network; /* ALIAS: whose flow this is */
    } u;
    uint32_t hash;
    uint32_t isn[2];      /* by side */
    uint16_t packets[2];  /* before there is a connection to count them */
    uint8_t syn_again[2]; /* SYN retransmissions */
    uint8_t flags;        /* enum mt_flow_flag */
    uint8_t list;         /* enum mt_flow_list_id */
};

enum mt_flow_flag {
    MT_FLOW_SIDE0_IS_END1 = 1 << 0, /* side 0, seen first, is key end 1 */
    MT_FLOW_ISN0 = 1 << 1,          /* isn[0] is known */
    MT_FLOW_ISN1 = 1 << 2,
    MT_FLOW_SYN_BY0 = 1 << 3, /* side 0 is the client, by its SYN */
    MT_FLOW_SYN_BY1 = 1 << 4,
    MT_FLOW_MIDSTREAM = 1 << 5,
    MT_FLOW_SEEN0 = 1 << 6, /* a packet of side 0 was captured */
    MT_FLOW_SEEN1 = 1 << 7,
};

struct mt_flow_list {
    struct mt_flow *oldest, *newest;
    uint64_t count;
};

enum {
    MT_FLOW_PAGE_BUCKETS = 4096,
    MT_FLOW_PAGES_MAX = 1024, /* 4 M buckets */
};

struct mt_flow_table {
    struct mt_pool *pool;
    uint64_t seed;
    struct mt_flow **pages[MT_FLOW_PAGES_MAX];
    uint32_t buckets;
    uint32_t mask; /* of the buckets before the last doubling */
    uint64_t count, peak, serial;
    bool unlisted;        /* after mt_flow_all() */
    struct mt_flow *last; /* packets come in trains */
    struct mt_flow_list list[MT_FLOW_LISTS_COUNT];
};

/* 0, or -ENOMEM: the pool has no room for the first page of buckets. A secret
 * seed keeps hostile addresses from sharing a bucket; it changes no result. */
int mt_flow_table_init(struct mt_flow_table *t, struct mt_pool *pool,
                       uint64_t seed);

/* Every flow must have been removed. */
void mt_flow_table_deinit(struct mt_flow_table *t);

struct mt_flow_id mt_flow_id_of(const struct mt_flow_table *t,
                                const struct mt_segment *s);

/* The same endpoints in another network. */
struct mt_flow_id mt_flow_id_in(const struct mt_flow_id *id, uint64_t network);

/* It will be looked for soon. */
void mt_flow_prefetch(const struct mt_flow_table *t,
                      const struct mt_flow_id *id);

struct mt_flow *mt_flow_find(struct mt_flow_table *t,
                             const struct mt_flow_id *id);

/* Flows of the same endpoints in other networks: the first, with after NULL,
 * or the next one; NULL at the end. */
struct mt_flow *mt_flow_alike(const struct mt_flow_table *t,
                              const struct mt_flow_id *id,
                              const struct mt_flow *after);

/* A new flow in list HALF_OPEN, cleared, side 0 the sender of this packet.
 * NULL at the ceiling. */
struct mt_flow *mt_flow_add(struct mt_flow_table *t,
                            const struct mt_flow_id *id, int64_t now_ns);

/* Take it out of the table and free it. f->tcp, or f->udp, must be NULL. */
void mt_flow_remove(struct mt_flow_table *t, struct mt_flow *f);

/* The newest of its list, or of another. now_ns never runs back. */
void mt_flow_touch(struct mt_flow_table *t, struct mt_flow *f, int64_t now_ns);
void mt_flow_move(struct mt_flow_table *t, struct mt_flow *f,
                  enum mt_flow_list_id to, int64_t now_ns);

/* What was moved or added since since_ns counts as active now. */
void mt_flow_refresh(struct mt_flow_table *t, int64_t since_ns, int64_t now_ns);

/* All flows as one list by `newer`, in order of creation. There are no lists
 * from then on, and no flow is added; each is removed in its turn. */
struct mt_flow *mt_flow_all(struct mt_flow_table *t);

/* Which side of f a packet with this id comes from. */
static inline int mt_flow_side(const struct mt_flow *f,
                               const struct mt_flow_id *id)
{
    return id->reversed != ((f->flags & MT_FLOW_SIDE0_IS_END1) != 0);
}

struct mt_addr mt_flow_addr(const struct mt_flow *f, int side);

#endif
