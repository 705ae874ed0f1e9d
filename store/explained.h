/**
 * explained.h - all that is known of one exchange, as JSON with units in the
 * names (docs/output.md): what `explain -o json` and the page's API write.
 *
 *     struct mt_explained e = {.x = x};
 *     rc = mt_query_attempts(s, x, &e.attempts);
 *     rc = mt_query_trace(s, x, &e.trace);
 *     mt_explained_json(&out, &e);
 *     mt_trace_free(&e.trace);
 */
#ifndef MT_STORE_EXPLAINED_H
#define MT_STORE_EXPLAINED_H

#include "base/out.h"
#include "decode/ladder.h"
#include "store/attempts.h"
#include "store/trace.h"

struct mt_explained {
    const struct mt_exchange *x; /* borrowed */
    struct mt_attempts attempts;
    struct mt_trace trace;
    const struct mt_ladder *ladder; /* borrowed; NULL: not looked for */
};

/* One object and a line end. */
void mt_explained_json(struct mt_out *out, const struct mt_explained *e);

/* Its members, without the braces. */
void mt_explained_members(struct mt_out *out, const struct mt_explained *e);

/* A trace alone; null where nothing joins exchanges. */
void mt_trace_json(struct mt_out *out, const struct mt_trace *t);

#endif
