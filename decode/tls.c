#include "decode/tls.h"

#include <assert.h>

/* One list gives the states, their names and their step functions. */
#define STATES(X)         \
    X(HEADER, header)     \
    X(SSLV2, sslv2)       \
    X(SKIP, skip)         \
    X(MESSAGES, messages) \
    X(BODY, body)         \
    X(ALERT, alert)       \
    X(END, end)           \
    X(SEARCH, search)     \
    X(CONFIRM, confirm)

enum state {
#define X(upper, lower) ST_##upper,
    STATES(X)
#undef X
};

enum { AGAIN = 100 }; /* private: run the next state's step at once */

enum {
    FIRST_HELD_BYTES = 512,
    SSLV2_MIN_BYTES = 9, /* RFC 5246 appendix E.2: the fixed part */
    /* Longer certificate chains are not seen: more is ciphertext. */
    MESSAGE_MAX_BYTES = 1 << 20,
};

static int go(struct mt_tls_reader *r, enum state next)
{
    r->state = (uint8_t)next;
    return AGAIN;
}

static void forget_message(struct mt_tls_reader *r)
{
    mt_pool_free(r->pool, r->held, r->held_size);
    r->held = NULL;
    r->held_size = r->held_len = 0;
    r->msg_head_len = 0;
    r->msg_left = 0;
}

void mt_tls_reader_init(struct mt_tls_reader *r, struct mt_pool *pool,
                        bool sslv2_possible)
{
    *r = (struct mt_tls_reader){.pool = pool, .sslv2_possible = sslv2_possible};
}

void mt_tls_reader_deinit(struct mt_tls_reader *r)
{
    forget_message(r);
}

/* ---- record headers ---- */

static bool is_legal(const uint8_t *head)
{
    return head[0] >= MT_TLS_CHANGE_CIPHER_SPEC && head[0] <= 24 &&
           head[1] == 3 && head[2] <= 4 &&
           mt_be16(head + 3) <= MT_TLS_RECORD_MAX_BYTES;
}

/* In a search every byte is a candidate, so that it takes more to believe. */
static bool is_likely(const uint8_t *head)
{
    return is_legal(head) && head[0] <= MT_TLS_DATA && head[2] >= 1 &&
           head[2] <= 3 && mt_be16(head + 3) > 0 &&
           mt_be16(head + 3) <= 16384 + 512;
}

static void load_header(struct mt_tls_reader *r)
{
    r->type = r->head[0];
    r->version = mt_be16(r->head + 1);
    r->length = r->left = mt_be16(r->head + 3);
    r->head_len = 0;
    r->in_clear = true;
}

static enum state content_state(const struct mt_tls_reader *r)
{
    if (r->left == 0)
        return ST_END;
    if (r->type == MT_TLS_HANDSHAKE)
        return r->msg_left > 0 ? ST_BODY : ST_MESSAGES;
    return r->type == MT_TLS_ALERT && r->length == 2 ? ST_ALERT : ST_SKIP;
}

static int begin_record(struct mt_tls_reader *r, struct mt_tls_event *ev)
{
    load_header(r);
    /* A handshake message goes on in the next handshake record or never. */
    if (r->type != MT_TLS_HANDSHAKE)
        forget_message(r);
    *ev = (struct mt_tls_event){.what = MT_TLS_ON_RECORD,
                                .type = r->type,
                                .version = r->version,
                                .length = r->length,
                                .start_ns = r->start_ns};
    r->state = (uint8_t)content_state(r);
    return MT_EVENT;
}

/* Length with its high bit set, then ClientHello, then a version. */
static bool is_sslv2(const uint8_t *head)
{
    return head[0] >= 0x80 && (mt_be16(head) & 0x7fffu) >= SSLV2_MIN_BYTES &&
           head[2] == MT_TLS_CLIENT_HELLO &&
           (head[3] == 3 || (head[3] == 0 && head[4] == 2));
}

static bool fill_head(struct mt_tls_reader *r, struct mt_chunk *in)
{
    while (r->head_len < sizeof r->head) {
        if (in->bytes.len == 0)
            return false;
        if (r->head_len == 0)
            r->start_ns = in->ts_ns;
        r->head[r->head_len++] = *mt_span_take(&in->bytes, 1).ptr;
    }
    return true;
}

static int step_header(struct mt_tls_reader *r, struct mt_chunk *in,
                       struct mt_tls_event *ev)
{
    if (!fill_head(r, in))
        return MT_MORE;
    bool sslv2 = r->sslv2_possible && is_sslv2(r->head);
    r->sslv2_possible = false;
    if (sslv2) {
        r->version = mt_be16(r->head + 3);
        r->length = (mt_be16(r->head) & 0x7fffu);
        r->left = r->length - 3; /* type and version are in the head */
        r->head_len = 0;
        return go(r, ST_SSLV2);
    }
    if (is_legal(r->head))
        return begin_record(r, ev);
    r->resyncs++;
    forget_message(r);
    return go(r, ST_SEARCH);
}

static void take_left(struct mt_tls_reader *r, struct mt_chunk *in)
{
    size_t n = in->bytes.len < r->left ? in->bytes.len : r->left;
    (void)mt_span_take(&in->bytes, n);
    r->left -= (uint32_t)n;
}

static int step_sslv2(struct mt_tls_reader *r, struct mt_chunk *in,
                      struct mt_tls_event *ev)
{
    take_left(r, in);
    if (r->left > 0)
        return MT_MORE;
    *ev = (struct mt_tls_event){.what = MT_TLS_ON_HELLO,
                                .type = MT_TLS_CLIENT_HELLO,
                                .version = r->version,
                                .length = r->length,
                                .start_ns = r->start_ns};
    r->state = ST_HEADER;
    return MT_EVENT;
}

static int step_skip(struct mt_tls_reader *r, struct mt_chunk *in,
                     struct mt_tls_event *ev)
{
    (void)ev;
    take_left(r, in);
    return r->left > 0 ? MT_MORE : go(r, ST_END);
}

static int step_end(struct mt_tls_reader *r, struct mt_chunk *in,
                    struct mt_tls_event *ev)
{
    (void)in;
    if (r->type == MT_TLS_CHANGE_CIPHER_SPEC)
        r->after_ccs = true;
    *ev = (struct mt_tls_event){.what = MT_TLS_ON_END,
                                .type = r->type,
                                .version = r->version,
                                .length = r->length,
                                .in_clear = r->in_clear,
                                .start_ns = r->start_ns};
    r->state = ST_HEADER;
    return MT_EVENT;
}

static int step_alert(struct mt_tls_reader *r, struct mt_chunk *in,
                      struct mt_tls_event *ev)
{
    while (r->left > 0) {
        if (in->bytes.len == 0)
            return MT_MORE;
        r->alert[2 - r->left] = *mt_span_take(&in->bytes, 1).ptr;
        r->left--;
    }
    *ev = (struct mt_tls_event){.what = MT_TLS_ON_ALERT,
                                .type = r->type,
                                .version = r->version,
                                .level = r->alert[0],
                                .description = r->alert[1],
                                .start_ns = r->start_ns};
    r->state = ST_END;
    return MT_EVENT;
}

/* ---- handshake messages ---- */

static bool is_hello(unsigned type)
{
    return type == MT_TLS_CLIENT_HELLO || type == MT_TLS_SERVER_HELLO;
}

/* RFC 8446 section 4, RFC 5246 section 7.4 and what else IANA lists. */
static bool is_known_message(unsigned type)
{
    return type <= 6 || type == 8 || (type >= 11 && type <= 16) ||
           (type >= 20 && type <= 25) || type == 67;
}

/**
 * Encrypted handshake messages have no mark of their own. After
 * ChangeCipherSpec only the second hello of a HelloRetryRequest is in clear
 * (RFC 8446 appendix D.4): it fills its record, or spills over a long one.
 */
static bool looks_clear(const struct mt_tls_reader *r)
{
    uint32_t length = mt_be32(r->msg_head) & 0xffffff;
    if (!is_known_message(r->msg_head[0]) || length > MESSAGE_MAX_BYTES)
        return false;
    if (!r->after_ccs)
        return true;
    if (!is_hello(r->msg_head[0]) || length > MT_TLS_HELLO_MAX_BYTES)
        return false;
    return length + 4 == r->length ||
           (length + 4 > r->length && r->length >= FIRST_HELD_BYTES);
}

static bool fill_msg_head(struct mt_tls_reader *r, struct mt_chunk *in)
{
    while (r->msg_head_len < sizeof r->msg_head) {
        if (in->bytes.len == 0 || r->left == 0)
            return false;
        if (r->msg_head_len == 0)
            r->msg_start_ns = in->ts_ns;
        r->msg_head[r->msg_head_len++] = *mt_span_take(&in->bytes, 1).ptr;
        r->left--;
    }
    return true;
}

static int skip_ciphertext(struct mt_tls_reader *r)
{
    forget_message(r);
    r->in_clear = false;
    return go(r, ST_SKIP);
}

static int step_messages(struct mt_tls_reader *r, struct mt_chunk *in,
                         struct mt_tls_event *ev)
{
    if (!fill_msg_head(r, in)) {
        if (r->left > 0)
            return MT_MORE;
        return r->after_ccs ? skip_ciphertext(r) : go(r, ST_END);
    }
    if (!looks_clear(r))
        return skip_ciphertext(r);
    r->msg_type = r->msg_head[0];
    r->msg_length = r->msg_left = mt_be32(r->msg_head) & 0xffffff;
    r->msg_head_len = 0;
    r->msg_whole = r->msg_length <= MT_TLS_HELLO_MAX_BYTES;
    r->state = ST_BODY;
    if (is_hello(r->msg_type))
        return AGAIN;
    *ev = (struct mt_tls_event){.what = MT_TLS_ON_MESSAGE,
                                .type = r->msg_type,
                                .version = r->version,
                                .length = r->msg_length,
                                .start_ns = r->msg_start_ns};
    return MT_EVENT;
}

static bool grow_held(struct mt_tls_reader *r, uint32_t need)
{
    uint32_t size = r->held_size > 0 ? r->held_size : FIRST_HELD_BYTES;
    while (size < need)
        size *= 2;
    uint8_t *grown = mt_pool_alloc(r->pool, size);
    if (grown == NULL)
        return false;
    if (r->held_len > 0)
        memcpy(grown, r->held, r->held_len);
    mt_pool_free(r->pool, r->held, r->held_size);
    r->held = grown;
    r->held_size = size;
    return true;
}

static void hold(struct mt_tls_reader *r, struct mt_span part)
{
    uint32_t need = r->held_len + (uint32_t)part.len;
    if (!r->msg_whole || part.len == 0)
        return;
    if (need > r->held_size && !grow_held(r, need)) {
        r->msg_whole = false; /* no memory: a hello without its texts */
        return;
    }
    memcpy(r->held + r->held_len, part.ptr, part.len);
    r->held_len = need;
}

static struct mt_span whole_body(const struct mt_tls_reader *r,
                                 struct mt_span part)
{
    if (!r->msg_whole)
        return (struct mt_span){.ptr = NULL, .len = 0};
    if (part.len == r->msg_length)
        return part; /* it came in one piece: nothing was held */
    return (struct mt_span){.ptr = r->held, .len = r->held_len};
}

static int step_body(struct mt_tls_reader *r, struct mt_chunk *in,
                     struct mt_tls_event *ev)
{
    uint32_t max = r->left < r->msg_left ? r->left : r->msg_left;
    size_t n = in->bytes.len < max ? in->bytes.len : max;
    struct mt_span part = mt_span_take(&in->bytes, n);
    bool hello = is_hello(r->msg_type);

    r->left -= (uint32_t)n;
    r->msg_left -= (uint32_t)n;
    if (hello && n < r->msg_length)
        hold(r, part);
    if (r->msg_left > 0)
        return r->left > 0 ? MT_MORE : go(r, ST_END);
    r->state = r->left > 0 ? ST_MESSAGES : ST_END;
    if (!hello)
        return AGAIN;
    *ev = (struct mt_tls_event){.what = MT_TLS_ON_HELLO,
                                .type = r->msg_type,
                                .version = r->version,
                                .length = r->msg_length,
                                .start_ns = r->msg_start_ns,
                                .body = whole_body(r, part)};
    return MT_EVENT;
}

/* ---- the search for a record ---- */

static int step_search(struct mt_tls_reader *r, struct mt_chunk *in,
                       struct mt_tls_event *ev)
{
    (void)ev;
    for (;;) {
        if (r->head_len == sizeof r->head) {
            if (is_likely(r->head)) {
                load_header(r);
                return go(r, ST_CONFIRM);
            }
            memmove(r->head, r->head + 1, sizeof r->head - 1);
            r->head_len--;
            r->skipped_bytes++;
        }
        if (!fill_head(r, in))
            return MT_MORE;
    }
}

/* A second header where the first one points to: ciphertext does that once in
 * 2^48. The record between them is not told of. */
static int step_confirm(struct mt_tls_reader *r, struct mt_chunk *in,
                        struct mt_tls_event *ev)
{
    if (r->left > 0) {
        take_left(r, in);
        if (r->left > 0)
            return MT_MORE;
        r->skipped_bytes += MT_TLS_HEADER_BYTES + r->length;
    }
    if (!fill_head(r, in))
        return MT_MORE;
    return is_likely(r->head) ? begin_record(r, ev) : go(r, ST_SEARCH);
}

static int (*const steps[])(struct mt_tls_reader *, struct mt_chunk *,
                            struct mt_tls_event *) = {
#define X(upper, lower) [ST_##upper] = step_##lower,
    STATES(X)
#undef X
};

int mt_tls_next(struct mt_tls_reader *r, struct mt_chunk *in,
                struct mt_tls_event *ev)
{
    int rc;

    /* The hello of the last event, if it was held, was lent until now. */
    if (r->held != NULL && r->msg_left == 0)
        forget_message(r);
    do {
        bool needs_none =
            r->state == ST_END || (r->state == ST_BODY && r->msg_left == 0);
        if (in->bytes.len == 0 && !needs_none)
            return MT_MORE;
        rc = steps[r->state](r, in, ev);
    } while (rc == AGAIN);
    return rc;
}

/* ---- gaps ---- */

bool mt_tls_in_record(const struct mt_tls_reader *r)
{
    return r->state == ST_SKIP || r->state == ST_MESSAGES ||
           r->state == ST_BODY || r->state == ST_ALERT ||
           r->state == ST_SSLV2 || (r->state == ST_CONFIRM && r->left > 0);
}

/* A hole in a message's body loses its texts, not where it ends. */
static void lose_body(struct mt_tls_reader *r, uint32_t n)
{
    uint32_t msg_left = r->msg_left - n;
    forget_message(r);
    r->msg_left = msg_left;
    r->msg_whole = false;
}

static void lose_in_record(struct mt_tls_reader *r, uint32_t n)
{
    r->left -= n;
    r->in_clear = false;
    if (r->state == ST_BODY && n <= r->msg_left) {
        lose_body(r, n);
        return;
    }
    forget_message(r);
    if (r->state == ST_CONFIRM)
        r->skipped_bytes += r->left == 0 ? MT_TLS_HEADER_BYTES + r->length : 0;
    else if (r->state != ST_SSLV2)
        r->state = r->left > 0 ? ST_SKIP : ST_END;
}

void mt_tls_gap(struct mt_tls_reader *r, uint64_t n)
{
    r->sslv2_possible = false;
    if (mt_tls_in_record(r) && n <= r->left) {
        lose_in_record(r, (uint32_t)n);
        return;
    }
    /* What follows the hole may well begin a record: a header is tried there
     * first, then searched. */
    forget_message(r);
    r->head_len = 0;
    r->state = ST_HEADER;
}
