#include "decode/grpc.h"

enum { FLAG_COMPRESSED = 0x01, FLAG_TRAILERS = 0x80 };

static struct mt_message *message_of(struct mt_draft *r, enum mt_role from)
{
    return from == MT_CLIENT ? &r->x.req : &r->x.resp;
}

static struct mt_span trim(struct mt_span s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        (void)mt_span_take(&s, 1);
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\r'))
        s.len--;
    return s;
}

/* Lines "name: value", as in HTTP/1. */
static void take_trailers(struct mt_draft *r, struct mt_span text)
{
    while (text.len > 0) {
        struct mt_span line = mt_span_take(&text, mt_span_find(text, '\n'));
        if (text.len > 0)
            (void)mt_span_take(&text, 1);
        size_t colon = mt_span_find(line, ':');
        if (colon == 0 || colon == line.len)
            continue;
        struct mt_span name = mt_span_take(&line, colon);
        (void)mt_span_take(&line, 1);
        mt_draft_field(r, MT_SERVER, trim(name), trim(line));
    }
}

static void open_trailers(struct mt_grpc_count *c, struct mt_draft *r)
{
    c->trailers = NULL;
    c->trailers_len = 0;
    if (c->left > 0 && c->left <= MT_GRPC_WEB_TRAILERS_MAX)
        c->trailers = mt_arena_alloc(&r->text, c->left);
}

static void open_message(struct mt_grpc_count *c, struct mt_draft *r,
                         enum mt_role from)
{
    uint8_t flag = c->prefix[0];
    c->left = mt_be32(c->prefix + 1);
    c->have = 0;
    c->open = true;
    if ((flag & ~(FLAG_COMPRESSED | FLAG_TRAILERS)) != 0) {
        c->lost = true; /* no such flag: this is not what we take it for */
        return;
    }
    c->compressed += flag == FLAG_COMPRESSED;
    if ((flag & FLAG_TRAILERS) != 0 && from == MT_SERVER)
        open_trailers(c, r);
}

static void close_message(struct mt_grpc_count *c, struct mt_draft *r,
                          enum mt_role from)
{
    c->open = false;
    if ((c->prefix[0] & FLAG_TRAILERS) == 0) {
        message_of(r, from)->messages++;
        return;
    }
    if (c->trailers != NULL)
        take_trailers(r, (struct mt_span){c->trailers, c->trailers_len});
    c->trailers = NULL;
}

static void take_payload(struct mt_grpc_count *c, struct mt_span *in)
{
    size_t n = in->len < c->left ? in->len : c->left;
    struct mt_span part = mt_span_take(in, n);
    c->left -= (uint32_t)n;
    if (c->trailers == NULL || n == 0)
        return;
    memcpy(c->trailers + c->trailers_len, part.ptr, n);
    c->trailers_len += (uint32_t)n;
}

static void take(struct mt_grpc_count *c, struct mt_draft *r, enum mt_role from,
                 struct mt_span bytes)
{
    while (!c->lost) {
        if (c->open) {
            take_payload(c, &bytes);
            if (c->left > 0)
                return;
            close_message(c, r, from);
        }
        size_t want = (size_t)MT_GRPC_PREFIX_BYTES - c->have;
        size_t n = bytes.len < want ? bytes.len : want;
        if (n > 0)
            memcpy(c->prefix + c->have, mt_span_take(&bytes, n).ptr, n);
        c->have = (uint8_t)(c->have + n);
        if (c->have < MT_GRPC_PREFIX_BYTES)
            return;
        open_message(c, r, from);
    }
}

/* The content-type says which form it is in. */
static bool is_text(struct mt_draft *r, enum mt_role from)
{
    return r->x.protocol == MT_PROTOCOL_GRPC_WEB &&
           mt_span_starts(message_of(r, from)->content_type,
                          MT_SPAN("application/grpc-web-text"));
}

void mt_grpc_feed(struct mt_grpc_count *c, struct mt_draft *r,
                  enum mt_role from, struct mt_span bytes)
{
    uint8_t piece[256];
    if (!is_text(r, from)) {
        take(c, r, from, bytes);
        return;
    }
    while (bytes.len > 0 && !c->lost) {
        size_t n = mt_base64_feed(&c->text, &bytes, piece, sizeof piece);
        take(c, r, from, (struct mt_span){piece, n});
        c->lost = c->lost || c->text.bad;
    }
}

void mt_grpc_gap(struct mt_grpc_count *c, struct mt_draft *r, enum mt_role from,
                 uint64_t n)
{
    if (n == 0)
        return;
    if (!c->open || n > c->left || is_text(r, from)) {
        c->lost = true;
        return;
    }
    c->trailers = NULL; /* incomplete: their text may be cut in a value */
    c->left -= (uint32_t)n;
    if (c->left == 0 && !c->lost)
        close_message(c, r, from);
}

void mt_grpc_classify(struct mt_draft *r)
{
    struct mt_exchange *x = &r->x;
    if (x->protocol == MT_PROTOCOL_H2 && r->grpc_status_seen)
        x->protocol = MT_PROTOCOL_GRPC; /* its content-type was lost */
    if (x->protocol != MT_PROTOCOL_GRPC && x->protocol != MT_PROTOCOL_GRPC_WEB)
        return;
    bool unary = x->req.messages <= 1 && x->resp.messages <= 1;
    x->kind = unary ? MT_KIND_UNARY : MT_KIND_STREAM;
}
