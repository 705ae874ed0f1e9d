#include "capture/dedup.h"

#include <stdlib.h>

#include "base/prefetch.h"

/* Times are kept in ticks of 2^20 ns, about a millisecond. */
enum {
    TICK_SHIFT = 20,
    WINDOW_TICKS = 1907, /* 2 s */
    OTHER_NETWORK_TICKS = 10,
    WAYS = 5,
    SETS = 16384,
};

struct entry {
    uint64_t print;
    uint64_t network;
    uint32_t ticks;
    uint32_t where;
};

/* Two cache lines that are fetched together. */
struct set {
    struct entry way[WAYS];
    uint64_t oldest;
};

struct mt_dedup {
    uint64_t seed;
    struct set set[SETS];
};

struct mt_dedup *mt_dedup_new(uint64_t seed)
{
    struct mt_dedup *d = calloc(1, sizeof *d);
    if (d != NULL)
        d->seed = seed;
    return d;
}

void mt_dedup_free(struct mt_dedup *d)
{
    free(d);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h ^= v;
    h *= 0xff51afd7ed558ccdu;
    return h ^ (h >> 32);
}

/* A datagram has no numbers: the beginning of its payload has what tells it
 * from the next one, such as the ids of a protocol over UDP. */
static uint64_t mix_payload(uint64_t h, struct mt_span payload)
{
    enum { WORDS_MAX = 4 };
    for (int i = 0; i < WORDS_MAX && payload.len > 0; i++) {
        uint64_t word = 0;
        size_t n = payload.len < sizeof word ? payload.len : sizeof word;
        memcpy(&word, mt_span_take(&payload, n).ptr, n);
        h = mix(h, word);
    }
    return h;
}

uint64_t mt_dedup_print(const struct mt_dedup *d, const struct mt_segment *s,
                        uint64_t tuple_hash)
{
    uint64_t h = mix(tuple_hash, d->seed);
    h = mix(h, (uint64_t)s->seq << 32 | s->ack);
    h = mix(h, (uint64_t)s->payload_bytes << 32 | (uint64_t)s->window << 16 |
                   (uint64_t)s->flags << 8 | s->transport);
    if (s->has_timestamps)
        h = mix(h, (uint64_t)s->ts_val << 32 | s->ts_ecr);
    h = mix(h, (uint64_t)s->src.port << 32 | (uint64_t)s->has_ip_id << 16 |
                   (s->has_ip_id ? s->ip_id : 0u));
    if (s->transport == MT_TRANSPORT_UDP)
        h = mix_payload(h, s->payload);
    h = h != 0 ? h : 1; /* 0 is an empty entry */
    mt_prefetch(&d->set[h % SETS]);
    mt_prefetch(&d->set[h % SETS].way[3]);
    return h;
}

static uint32_t where_of(const struct mt_segment *s)
{
    return s->source * 0x9e3779b1u ^ s->interface_id;
}

static bool is_copy(const struct entry *e, const struct mt_segment *s,
                    uint32_t ticks)
{
    int32_t age = (int32_t)(ticks - e->ticks);
    uint32_t apart = age < 0 ? 0u - (uint32_t)age : (uint32_t)age;
    bool same_network = e->network == s->network;
    if (apart > (same_network ? WINDOW_TICKS : OTHER_NETWORK_TICKS))
        return false;
    if (s->has_ip_id || s->has_timestamps)
        return true;
    return e->where != where_of(s) &&
           (same_network || e->network == 0 || s->network == 0);
}

bool mt_dedup_seen(struct mt_dedup *d, const struct mt_segment *s,
                   uint64_t print, uint64_t *network)
{
    struct set *set = &d->set[print % SETS];
    uint32_t ticks = (uint32_t)((uint64_t)s->ts_ns >> TICK_SHIFT);
    for (unsigned i = 0; i < WAYS; i++) {
        if (set->way[i].print == print && is_copy(&set->way[i], s, ticks)) {
            *network = set->way[i].network;
            return true;
        }
    }
    set->way[set->oldest] = (struct entry){.print = print,
                                           .network = s->network,
                                           .ticks = ticks,
                                           .where = where_of(s)};
    set->oldest = (set->oldest + 1) % WAYS;
    return false;
}
