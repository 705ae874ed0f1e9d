#include "capture/packet_conns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/merge.h"

enum { FIRST_KEYS = 256, BUFFER_BYTES = 64 << 10 };

/* Both endpoints, the lower first; compared as bytes. */
struct key {
    uint8_t bytes[2][18];
};

struct mt_packet_conns {
    struct key *keys;
    size_t count, cap, limit;
    struct mt_pool pool; /* of fragments */
    struct mt_layers layers;
    struct mt_merge *merge; /* NULL: no file is open */
    struct mt_segment segment;
};

static void put_end(uint8_t to[18], const struct mt_addr *a)
{
    memcpy(to, a->ip, sizeof a->ip);
    to[16] = (uint8_t)(a->port >> 8);
    to[17] = (uint8_t)(a->port & 0xff);
}

static struct key key_of(const struct mt_addr *a, const struct mt_addr *b)
{
    struct key k = {0}, swapped = {0};
    put_end(k.bytes[0], a);
    put_end(k.bytes[1], b);
    put_end(swapped.bytes[0], b);
    put_end(swapped.bytes[1], a);
    return memcmp(&k, &swapped, sizeof k) <= 0 ? k : swapped;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct key));
}

struct mt_packet_conns *mt_packet_conns_new(size_t limit_bytes)
{
    struct mt_packet_conns *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->limit = limit_bytes / sizeof *c->keys;
    mt_pool_init(&c->pool, limit_bytes);
    mt_layers_init(&c->layers, &c->pool);
    return c;
}

void mt_packet_conns_free(struct mt_packet_conns *c)
{
    if (c == NULL)
        return;
    mt_merge_free(c->merge);
    mt_layers_deinit(&c->layers);
    mt_pool_deinit(&c->pool);
    free(c->keys);
    free(c);
}

int mt_packet_conns_add(struct mt_packet_conns *c, const struct mt_addr *a,
                        const struct mt_addr *b)
{
    struct key k = key_of(a, b);
    /* mostly the same as before: a connection has many exchanges */
    if (c->count > 0 && memcmp(&c->keys[c->count - 1], &k, sizeof k) == 0)
        return 0;
    if (c->count == c->limit)
        return MT_ELIMIT;
    if (c->count == c->cap) {
        size_t cap = c->cap > 0 ? c->cap * 2 : FIRST_KEYS;
        struct key *keys = realloc(c->keys, cap * sizeof *keys);
        if (keys == NULL)
            return -ENOMEM;
        c->keys = keys;
        c->cap = cap;
    }
    c->keys[c->count++] = k;
    return 0;
}

void mt_packet_conns_sort(struct mt_packet_conns *c)
{
    if (c->count > 0)
        qsort(c->keys, c->count, sizeof *c->keys, by_bytes);
}

int mt_packet_conns_open(struct mt_packet_conns *c, uint16_t source,
                         const char *path, struct mt_problem *why)
{
    struct mt_source_options options = {.number = source,
                                        .buffer_bytes = BUFFER_BYTES};
    struct mt_source *s;
    *why = (struct mt_problem){0};
    if (c->merge == NULL)
        c->merge = mt_merge_new();
    if (c->merge == NULL)
        return -ENOMEM;
    int rc = mt_source_open_file(&s, path, &options, why);
    return rc == 0 ? mt_merge_add(c->merge, s) : rc;
}

void mt_packet_conns_rewind(struct mt_packet_conns *c)
{
    mt_merge_free(c->merge);
    c->merge = NULL;
}

static bool is_wanted(struct mt_packet_conns *c, const struct mt_packet *packet)
{
    if (c->count == 0 ||
        mt_layers_next(&c->layers, packet, &c->segment) != MT_EVENT)
        return false;
    struct key k = key_of(&c->segment.src, &c->segment.dst);
    return bsearch(&k, c->keys, c->count, sizeof k, by_bytes) != NULL;
}

int mt_packet_conns_next(struct mt_packet_conns *c, struct mt_item *item)
{
    if (c->merge == NULL)
        return MT_DONE;
    int rc;
    do
        rc = mt_merge_next(c->merge, true, item);
    while (rc == MT_MORE || (rc == MT_EVENT && item->kind == MT_ITEM_PACKET &&
                             !is_wanted(c, &item->packet)));
    return rc;
}

const char *mt_packet_conns_problem(const struct mt_packet_conns *c, size_t i)
{
    bool there = c->merge != NULL && i < mt_merge_count(c->merge);
    return there ? mt_source_problem(mt_merge_source(c->merge, i)) : NULL;
}

const struct mt_segment *
mt_packet_conns_segment(const struct mt_packet_conns *c)
{
    return &c->segment;
}
