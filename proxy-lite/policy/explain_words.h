/**
 * explain_words.h - private to policy/: pieces of what mt_policy_explain()
 * says, and what an entry's route does.
 */
#ifndef MT_PROXY_LITE_POLICY_EXPLAIN_WORDS_H
#define MT_PROXY_LITE_POLICY_EXPLAIN_WORDS_H

#include "base/text.h"
#include "base/text_escape.h"
#include "proxy-lite/policy/explain.h"

enum { MT_WORDS_COLUMNS = 200, MT_WORDS_BYTES = 1024 };

static inline void mt_words_say(struct mt_out *o, const char *s)
{
    mt_out_str(o, s);
}

/* What others wrote, safe for a terminal. */
static inline void mt_words_quote(struct mt_out *o, struct mt_span s)
{
    (void)mt_put_escaped(mt_out_room(o, MT_OUT_BYTES / 4), s, MT_WORDS_COLUMNS);
}

static inline void mt_words_number(struct mt_out *o, uint64_t v)
{
    mt_put_decimal(mt_out_room(o, 24), v);
}

static inline void mt_words_duration(struct mt_out *o, int64_t ns)
{
    if (ns == 0)
        mt_words_say(o, "none");
    else
        mt_put_duration(mt_out_room(o, 64), ns);
}

static inline void mt_words_list(struct mt_out *o, const struct mt_span *texts,
                                 uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        mt_words_say(o, i == 0 ? "" : i + 1 == n ? " or " : ", ");
        mt_words_quote(o, texts[i]);
    }
}

/* Between the items of a list. */
static inline const char *mt_words_comma(bool *any)
{
    const char *text = *any ? ", " : "";
    *any = true;
    return text;
}

/* What is done with a request that the entry takes. */
void mt_explain_action(struct mt_out *o, const struct mt_policy *p,
                       const struct mt_policy_entry *e,
                       const struct mt_policy_request *r);

#endif
