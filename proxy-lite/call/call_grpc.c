/* What is different where the answer is at the end. */
#include "proxy-lite/call/call_impl.h"

bool mt_call_hold(struct mt_call *c, const struct mt_head *h, bool end)
{
    struct mt_pool *pool = c->host->pool;
    if (!c->grpc || end || !c->ended || c->route->retry == NULL ||
        c->route->retry->grpc_codes == 0 || mt_head_has(h, MT_HEAD_GRPC_STATUS))
        return false;
    c->held = mt_pool_alloc(pool, sizeof *c->held);
    if (c->held == NULL)
        return false;
    mt_head_init(c->held, pool, MT_HEAD_ROOM_BYTES);
    if (!mt_head_copy(c->held, h)) {
        mt_call_drop_held(c);
        return false;
    }
    mt_call_arm(c);
    return true;
}

void mt_call_drop_held(struct mt_call *c)
{
    if (c->held == NULL)
        return;
    mt_head_deinit(c->held);
    mt_pool_free(c->host->pool, c->held, sizeof *c->held);
    c->held = NULL;
}

/* ---- messages ---- */

enum { FLAG_TRAILERS = 0x80, STATUS_MAX = 999 };

static const char status_word[] = "grpc-status:";
enum { WORD_BYTES = sizeof status_word - 1, OTHER_LINE = UINT8_MAX };

static bool is_web(struct mt_span type)
{
    return mt_span_starts(type, MT_SPAN("application/grpc-web"));
}

enum mt_call_form mt_call_form_of(const struct mt_call *c, struct mt_span type)
{
    if (is_web(type))
        return mt_span_starts(type, MT_SPAN("application/grpc-web-text"))
                   ? MT_CALL_TEXT
                   : MT_CALL_BINARY;
    return c->grpc ? MT_CALL_BINARY : MT_CALL_NO_MESSAGES;
}

static bool in_trailers(const struct mt_call_messages *m)
{
    return (m->prefix[0] & FLAG_TRAILERS) != 0;
}

/* Lines "name: value", as in HTTP/1. */
static void read_trailer(struct mt_call_messages *m, uint8_t c)
{
    if (c == '\n') {
        m->matched = 0;
    } else if (m->matched < WORD_BYTES) {
        uint8_t lower = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
        bool fits = lower == (uint8_t)status_word[m->matched];
        m->matched = fits ? (uint8_t)(m->matched + 1) : OTHER_LINE;
    } else if (m->matched == WORD_BYTES && c >= '0' && c <= '9') {
        int status = (m->status < 0 ? 0 : m->status) * 10 + (c - '0');
        m->status = (int16_t)(status < STATUS_MAX ? status : STATUS_MAX);
    }
}

static void read_payload(struct mt_call_messages *m, struct mt_span *bytes)
{
    size_t n = bytes->len < m->left ? bytes->len : m->left;
    struct mt_span part = mt_span_take(bytes, n);
    m->left -= (uint32_t)n;
    for (size_t i = 0; in_trailers(m) && i < part.len; i++)
        read_trailer(m, part.ptr[i]);
}

static void read_binary(struct mt_call_messages *m, struct mt_span bytes)
{
    while (bytes.len > 0) {
        if (m->left > 0) {
            read_payload(m, &bytes);
        } else {
            m->prefix[m->have++] = *mt_span_take(&bytes, 1).ptr;
            if (m->have < sizeof m->prefix)
                continue;
            m->have = 0;
            m->left = mt_be32(m->prefix + 1);
            m->matched = 0;
        }
        m->count += m->left == 0 && !in_trailers(m);
    }
}

void mt_call_read_messages(struct mt_call_messages *m, struct mt_span bytes)
{
    uint8_t piece[256];
    if (m->form == MT_CALL_BINARY)
        read_binary(m, bytes);
    while (m->form == MT_CALL_TEXT && bytes.len > 0) {
        size_t n = mt_base64_feed(&m->text, &bytes, piece, sizeof piece);
        read_binary(m, (struct mt_span){piece, n});
        if (m->text.bad)
            m->form = MT_CALL_NO_MESSAGES;
    }
}
