/**
 * dns_pair.h - which answer belongs to which query, on one 5-tuple: by
 * transaction id and question (RFC 5452 section 9.1), in any order (RFC 7766
 * section 6.2.1.1).
 *
 *     mt_dns_pair_add(&p, r);                  // r->decoder_word has its key
 *     r = mt_dns_pair_find(&p, &message);      // NULL: nobody waits for it
 *     mt_dns_pair_take(&p, r);                 // answered, or given up
 *     mt_dns_pair_remember(&p, r);
 *     if (mt_dns_pair_was_answered(&p, &message)) ...   // it came again
 */
#ifndef MT_DECODE_DNS_PAIR_H
#define MT_DECODE_DNS_PAIR_H

#include "decode/dns.h"
#include "decode/draft.h"

enum {
    MT_DNS_PENDING_MAX = 128, /* the caller keeps to it */
    MT_DNS_ANSWERED_MAX = 8,  /* remembered, for answers that come twice */
};

/* A bit of mt_draft.decoder_word: the answer may be in a gap. */
#define MT_DNS_W_ANSWER_LOST (UINT64_C(1) << 63)

struct mt_dns_pair {
    struct mt_draft *first, *last; /* unanswered, by draft.link */
    unsigned count;
    uint64_t answered[MT_DNS_ANSWERED_MAX]; /* keys; 0 none */
    unsigned answered_next;
};

/* The id and a hash of the question, for decoder_word. */
uint64_t mt_dns_pair_key(const struct mt_dns_message *m);

void mt_dns_pair_add(struct mt_dns_pair *p, struct mt_draft *r);
void mt_dns_pair_take(struct mt_dns_pair *p, const struct mt_draft *r);

/* The query that m repeats or answers. Without a question the id tells. */
struct mt_draft *mt_dns_pair_find(const struct mt_dns_pair *p,
                                  const struct mt_dns_message *m);

void mt_dns_pair_remember(struct mt_dns_pair *p, const struct mt_draft *r);
bool mt_dns_pair_was_answered(const struct mt_dns_pair *p,
                              const struct mt_dns_message *m);

#endif
