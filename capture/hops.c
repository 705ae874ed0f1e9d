#include "capture/hops.h"

#include <stdlib.h>
#include <string.h>

enum { HOPS = 32768 };

struct hop {
    uint64_t numbers; /* the server's above the client's; 0 none */
    uint64_t serial;  /* of the flow, which is never 0 */
    uint64_t ends;    /* its endpoints, mixed */
    uint64_t first;   /* serial of the first flow, and */
    struct mt_addr client;
};

struct mt_hops {
    struct hop hop[HOPS];
};

struct mt_hops *mt_hops_new(void)
{
    return calloc(1, sizeof(struct mt_hops));
}

void mt_hops_free(struct mt_hops *h)
{
    free(h);
}

/* Without a seed: which flows are copies must not depend on one. */
static uint64_t ends_of(const struct mt_flow *f)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (int end = 0; end < 2; end++) {
        for (size_t i = 0; i < sizeof f->key.ip[end]; i++)
            h = (h ^ f->key.ip[end][i]) * UINT64_C(1099511628211);
        h = (h ^ f->key.port[end]) * UINT64_C(1099511628211);
    }
    return h;
}

static struct hop hop_of(const struct mt_flow *f)
{
    int client = (f->flags & MT_FLOW_SYN_BY1) != 0;
    return (struct hop){.numbers =
                            (uint64_t)f->isn[1 - client] << 32 | f->isn[client],
                        .serial = f->serial,
                        .ends = ends_of(f),
                        .first = f->serial,
                        .client = mt_flow_addr(f, client)};
}

static size_t place_of(uint64_t numbers)
{
    return (size_t)((numbers * UINT64_C(0x9e3779b97f4a7c15)) >> 49);
}

void mt_hops_note(struct mt_hops *h, const struct mt_flow *f)
{
    struct hop own = hop_of(f);
    struct hop *at = &h->hop[place_of(own.numbers)];
    if (at->numbers != own.numbers) {
        *at = own;
        return;
    }
    if (at->serial < own.serial) {
        at->serial = own.serial;
        at->ends = own.ends;
    }
    if (at->first > own.first) {
        at->first = own.first;
        at->client = own.client;
    }
}

static bool has_numbers(const struct mt_flow *f)
{
    unsigned known = MT_FLOW_ISN0 | MT_FLOW_ISN1;
    return (f->flags & known) == known;
}

bool mt_hops_is_copy(const struct mt_hops *h, const struct mt_flow *f)
{
    if (!has_numbers(f))
        return false;
    struct hop own = hop_of(f);
    const struct hop *at = &h->hop[place_of(own.numbers)];
    return at->numbers == own.numbers && at->serial > own.serial &&
           at->ends != own.ends;
}

bool mt_hops_client(const struct mt_hops *h, const struct mt_flow *f,
                    struct mt_addr *client)
{
    if (!has_numbers(f))
        return false;
    struct hop own = hop_of(f);
    const struct hop *at = &h->hop[place_of(own.numbers)];
    if (at->numbers != own.numbers || at->first >= own.first ||
        (at->client.port == own.client.port &&
         memcmp(at->client.ip, own.client.ip, sizeof own.client.ip) == 0))
        return false;
    *client = at->client;
    return true;
}
