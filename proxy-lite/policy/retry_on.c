/* Conditions of a retry: what they are called and when they hold. */
#include "base/rc.h"
#include "base/text.h"
#include "proxy-lite/policy/retry.h"

static bool on_reset(const struct mt_try *t)
{
    return t->end == MT_TRY_RESET;
}

static bool on_connect_failure(const struct mt_try *t)
{
    return t->end == MT_TRY_CONNECT_FAILURE;
}

static bool on_refused_stream(const struct mt_try *t)
{
    return t->end == MT_TRY_REFUSED_STREAM || t->end == MT_TRY_NOT_PROCESSED;
}

static bool on_timeout(const struct mt_try *t)
{
    return t->end == MT_TRY_TIMEOUT;
}

static const struct {
    const char *word;
    bool (*holds)(const struct mt_try *t);
} conditions[] = {
#define X(name, function, word, help) {word, on_##function},
    MT_RETRY_ON(X)
#undef X
};

static const struct {
    const char *word;
    uint16_t first, last;
    bool no_answer;
} classes[] = {
#define X(word, first, last, no_answer, help) {word, first, last, no_answer},
    MT_RETRY_STATUS_CLASSES(X)
#undef X
};

static const struct {
    const char *word;
    uint8_t code;
} grpc_codes[] = {
#define X(word, code, help) {word, code},
    MT_RETRY_GRPC_CODES(X)
#undef X
};

const char *const mt_retry_words[] = {
#define X(name, function, word, help) word,
    MT_RETRY_ON(X)
#undef X
#define X(word, first, last, no_answer, help) word,
        MT_RETRY_STATUS_CLASSES(X)
#undef X
#define X(word, code, help) word,
            MT_RETRY_GRPC_CODES(X)
#undef X
                NULL,
};

bool mt_retry_wanted(const struct mt_policy_retry *p, const struct mt_try *t)
{
    for (unsigned i = 0; i < MT_RETRY_ON_COUNT; i++)
        if ((p->on >> i & 1) != 0 && conditions[i].holds(t))
            return true;
    if (t->end != MT_TRY_RESPONSE)
        return false;
    if (t->grpc_status > 0 && t->grpc_status < 32 &&
        (p->grpc_codes >> t->grpc_status & 1) != 0)
        return true;
    return t->status < MT_RETRY_STATUS_WORDS * 64 &&
           (p->statuses[t->status / 64] >> (t->status % 64) & 1) != 0;
}

static bool add_status(struct mt_policy_retry *p, struct mt_span word)
{
    uint64_t status;
    if (mt_parse_u64(word, &status) != 0 || status < 400 || status > 599)
        return false;
    mt_retry_add_status(p, (unsigned)status);
    return true;
}

bool mt_retry_add(struct mt_policy_retry *p, struct mt_span word)
{
    for (unsigned i = 0; i < MT_RETRY_ON_COUNT; i++)
        if (mt_span_eq(word, mt_span_str(conditions[i].word))) {
            p->on |= 1u << i;
            return true;
        }
    for (unsigned i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (mt_span_eq(word, mt_span_str(classes[i].word))) {
            for (unsigned s = classes[i].first; s <= classes[i].last; s++)
                mt_retry_add_status(p, s);
            if (classes[i].no_answer)
                p->on |= (1u << MT_RETRY_ON_COUNT) - 1;
            return true;
        }
    for (unsigned i = 0; i < sizeof grpc_codes / sizeof grpc_codes[0]; i++)
        if (mt_span_eq(word, mt_span_str(grpc_codes[i].word))) {
            p->grpc_codes |= 1u << grpc_codes[i].code;
            return true;
        }
    return add_status(p, word);
}
