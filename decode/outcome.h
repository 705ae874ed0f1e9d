/**
 * outcome.h - the one classifier, used by every surface, by retry and by the
 * breaker.
 *
 * Rules, as rows, first match wins; `meshtop explain outcome` prints them.
 */
#ifndef MT_DECODE_OUTCOME_H
#define MT_DECODE_OUTCOME_H

#include "decode/exchange.h"

struct mt_outcome_rule {
    bool (*applies)(const struct mt_exchange *x);
    const char *when; /* in words */
    uint8_t outcome;  /* enum mt_outcome */
    const char *why;
};

/* The table, and its length. */
extern const struct mt_outcome_rule mt_outcome_rules[];
extern const unsigned mt_outcome_rules_count;

/* The rule that decides x. Never NULL: the last row always applies. Reads
 * error, status, protocol, grpc_status, half, kind, attrs (of DNS), and of a
 * proxy's observer, ended_by, ended_in. */
const struct mt_outcome_rule *mt_outcome_of(const struct mt_exchange *x);

/* The name of a gRPC status code, such as "UNAVAILABLE"; NULL above 16. */
const char *mt_grpc_status_text(int code);

#endif
