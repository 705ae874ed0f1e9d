/* explain_exchange.h - meshtop explain ID: all that is known of one exchange.
 */
#ifndef MT_CLI_EXPLAIN_EXCHANGE_H
#define MT_CLI_EXPLAIN_EXCHANGE_H

#include "base/out.h"
#include "cli/options.h"
#include "decode/ladder.h"
#include "store/attempts.h"
#include "store/trace.h"

/* As text, or with -o json as one object. An exit code, after having said what
 * is wrong. */
int mt_explain_exchange(const struct mt_options *o, uint64_t id);

/* What is known of it. */
struct mt_explained {
    const struct mt_exchange *x;
    struct mt_attempts attempts;
    struct mt_trace trace;
    struct mt_ladder ladder;
};

/* As JSON, with units in the names (docs/output.md). */
void mt_explain_json(struct mt_out *out, const struct mt_explained *e);

#endif
