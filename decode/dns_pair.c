#include "decode/dns_pair.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define KEY_BITS ((UINT64_C(1) << 48) - 1)

/* Never 0. */
uint64_t mt_dns_pair_key(const struct mt_dns_message *m)
{
    uint64_t seed = (uint64_t)m->question.type << 32 |
                    (uint64_t)m->question.class_ << 16 | m->opcode;
    XXH64_hash_t h =
        XXH3_64bits_withSeed(m->question.name.wire, m->question.name.len, seed);
    return (uint64_t)m->id << 32 | (h & UINT32_MAX) | 1;
}

void mt_dns_pair_add(struct mt_dns_pair *p, struct mt_draft *r)
{
    r->link = NULL;
    if (p->last != NULL)
        p->last->link = r;
    else
        p->first = r;
    p->last = r;
    p->count++;
}

void mt_dns_pair_take(struct mt_dns_pair *p, const struct mt_draft *r)
{
    struct mt_draft *before = NULL, *at = p->first;
    for (; at != r; at = at->link)
        before = at;
    if (before != NULL)
        before->link = r->link;
    else
        p->first = r->link;
    if (p->last == r)
        p->last = before;
    p->count--;
}

static bool fits(uint64_t key, const struct mt_dns_message *m, uint64_t wanted)
{
    return m->has_question ? key == wanted : key >> 32 == m->id;
}

struct mt_draft *mt_dns_pair_find(const struct mt_dns_pair *p,
                                  const struct mt_dns_message *m)
{
    uint64_t wanted = mt_dns_pair_key(m);
    struct mt_draft *r = p->first;
    while (r != NULL && !fits(r->decoder_word & KEY_BITS, m, wanted))
        r = r->link;
    return r;
}

void mt_dns_pair_remember(struct mt_dns_pair *p, const struct mt_draft *r)
{
    p->answered[p->answered_next] = r->decoder_word & KEY_BITS;
    p->answered_next = (p->answered_next + 1) % MT_DNS_ANSWERED_MAX;
}

bool mt_dns_pair_was_answered(const struct mt_dns_pair *p,
                              const struct mt_dns_message *m)
{
    uint64_t wanted = mt_dns_pair_key(m);
    for (unsigned i = 0; i < MT_DNS_ANSWERED_MAX; i++)
        if (p->answered[i] != 0 && fits(p->answered[i], m, wanted))
            return true;
    return false;
}
