#include "decode/explain_parts.h"

#include <stddef.h>

#include "base/text.h"
#include "base/text_escape.h"
#include "decode/outcome.h"

static bool always(const struct mt_exchange *x)
{
    (void)x;
    return true;
}

static void say_outcome(const struct mt_exchange *x, struct mt_buf *b)
{
    const struct mt_outcome_rule *rule = mt_outcome_of(x);
    mt_put_str(b, "counts as ");
    mt_put_str(b, mt_outcome_text(rule->outcome));
    mt_put_str(b, ": ");
    mt_put_str(b, rule->why);
}

static bool has_error_and_status(const struct mt_exchange *x)
{
    bool of_the_proxy =
        x->ended_by != MT_ENDED_NONE && x->error_message.len > 0;
    return x->error != MT_ERROR_NONE && x->status != 0 && !of_the_proxy;
}

static void say_status_too(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "its status had come before: ");
    mt_put_decimal(b, x->status);
}

static bool passed_deadline(const struct mt_exchange *x)
{
    return x->grpc_timeout_ns > 0 &&
           mt_exchange_duration_ns(x) > x->grpc_timeout_ns;
}

static void say_deadline(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "the client allowed ");
    mt_put_duration(b, x->grpc_timeout_ns);
    mt_put_str(b, ", it took ");
    mt_put_latency(b, mt_exchange_duration_ns(x));
}

static bool was_tried_again(const struct mt_exchange *x)
{
    return x->attempt > 1;
}

static void say_attempt(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "attempt ");
    mt_put_decimal(b, x->attempt);
    if (x->endpoint.len > 0) {
        mt_put_str(b, ", at ");
        (void)mt_put_escaped(b, x->endpoint, MT_EXPLAIN_COLUMNS);
    }
}

static bool was_not_retried(const struct mt_exchange *x)
{
    return x->why_not_retried.len > 0;
}

static void say_not_retried(const struct mt_exchange *x, struct mt_buf *b)
{
    static const char *const words[][2] = {
        {"limit", "its attempts were used up"},
        {"budget", "the budget of retries was spent"},
        {"body_too_large", "its body was too large to be kept for that"},
        {"not_idempotent", "its method may do harm when it is repeated"},
        {"response_started", "its client had some of the response already"},
        {"breaker_open", "the breaker was open"},
        {"deadline", "its time was up"},
        {"pushback", "the server asked for none"}};
    mt_put_str(b, "not tried again: ");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (mt_span_eq(x->why_not_retried, mt_span_str(words[i][0]))) {
            mt_put_str(b, words[i][1]);
            return;
        }
    (void)mt_put_escaped(b, x->why_not_retried, MT_EXPLAIN_COLUMNS);
}

static bool is_half(const struct mt_exchange *x)
{
    return x->half != MT_HALF_BOTH && x->error != MT_ERROR_ONE_SIDED;
}

static void say_half(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, x->half == MT_HALF_REQUEST ? "only its request was seen"
                                             : "only its response was seen");
}

static bool has_gaps(const struct mt_exchange *x)
{
    return x->req.gap_bytes > 0 || x->resp.gap_bytes > 0;
}

static void say_gaps(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "the capture lacks ");
    mt_put_bytes(b, x->req.gap_bytes);
    mt_put_str(b, " of its request and ");
    mt_put_bytes(b, x->resp.gap_bytes);
    mt_put_str(b, " of its response");
}

static bool was_sent_again(const struct mt_exchange *x)
{
    return x->req.retransmissions > 0 || x->resp.retransmissions > 0;
}

static void say_sent_again(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "sent again while it was open: ");
    mt_put_decimal(b, x->req.retransmissions);
    mt_put_str(b, " packets of the client, ");
    mt_put_decimal(b, x->resp.retransmissions);
    mt_put_str(b, " of the server");
}

#define ON_QUALITY(name, BIT)                          \
    static bool is_##name(const struct mt_exchange *x) \
    {                                                  \
        return (x->quality & MT_QUALITY_##BIT) != 0;   \
    }
ON_QUALITY(midstream, MIDSTREAM)
ON_QUALITY(snapped, TRUNCATED)
ON_QUALITY(clock_step, CLOCK_STEP)
ON_QUALITY(decrypted, DECRYPTED)
ON_QUALITY(inferred, INFERRED)
ON_QUALITY(clipped, CLIPPED)

#define SAY(name, text)                                                   \
    static void say_##name(const struct mt_exchange *x, struct mt_buf *b) \
    {                                                                     \
        (void)x;                                                          \
        mt_put_str(b, text);                                              \
    }
SAY(midstream, "its connection was joined after its start")
SAY(snapped, "the capture kept only the beginning of its packets")
SAY(clock_step, "the capture's clock ran backwards: its times are doubtful")
SAY(decrypted, "decrypted with the connection's TLS secrets")
SAY(inferred, "~ inferred from the shape of ciphertext, not read")
SAY(clipped, "a text was longer than its bound and is cut")

static bool is_learning(const struct mt_exchange *x)
{
    return x->hpack == MT_HPACK_LEARNING || x->hpack == MT_HPACK_SUSPECT;
}

static void say_learning(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, x->hpack == MT_HPACK_LEARNING
                      ? "joined late: header fields sent before are unknown"
                      : "headers were lost before it: its own may be wrong");
}

static bool has_guessed_roles(const struct mt_exchange *x)
{
    return x->role_evidence == MT_ROLE_BY_PORT ||
           x->role_evidence == MT_ROLE_BY_LOWER_PORT;
}

static void say_guessed_roles(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "which side is the client is guessed: ");
    mt_put_str(b, x->role_evidence == MT_ROLE_BY_PORT ? "a well-known port"
                                                      : "the lower port");
}

static bool has_anomalies(const struct mt_exchange *x)
{
    return x->anomalies != 0;
}

static void say_anomalies(const struct mt_exchange *x, struct mt_buf *b)
{
    mt_put_str(b, "not as its standard says:");
    for (unsigned bit = 0; bit < MT_ANOMALY_BIT_COUNT; bit++) {
        if ((x->anomalies & 1u << bit) == 0)
            continue;
        mt_put_str(b, " ");
        mt_put_str(b, mt_anomaly_text(bit));
    }
}

const struct mt_sentence mt_explain_notes[] = {
    {always, say_outcome},
    {has_error_and_status, say_status_too},
    {passed_deadline, say_deadline},
    {was_tried_again, say_attempt},
    {was_not_retried, say_not_retried},
    {is_half, say_half},
    {has_gaps, say_gaps},
    {was_sent_again, say_sent_again},
    {is_midstream, say_midstream},
    {is_snapped, say_snapped},
    {is_clock_step, say_clock_step},
    {is_decrypted, say_decrypted},
    {is_inferred, say_inferred},
    {is_learning, say_learning},
    {has_guessed_roles, say_guessed_roles},
    {is_clipped, say_clipped},
    {has_anomalies, say_anomalies},
    {NULL, NULL},
};
