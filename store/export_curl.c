/* An exchange as a curl command that asks again. Texts are the wire's: they
 * are quoted for a shell, and can neither become options nor another scheme. */
#include "store/export_impl.h"

/* 'text', safe for a shell; control bytes are left out. */
static void put_shell(struct mt_buf *b, struct mt_span text)
{
    mt_put_char(b, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'')
            mt_put_str(b, "'\\''");
        else if (text.ptr[i] >= ' ' && text.ptr[i] != 127)
            mt_put_u8(b, text.ptr[i]);
    }
    mt_put_char(b, '\'');
}

static bool is_secure(const struct mt_exchange *x)
{
    return mt_span_caseeq(x->scheme, MT_SPAN("https")) ||
           mt_span_caseeq(x->scheme, MT_SPAN("wss")) ||
           (x->scheme.len == 0 && x->tls != NULL);
}

static void put_url(struct mt_buf *b, const struct mt_exchange *x)
{
    uint8_t bytes[MT_CURL_BYTES / 4];
    struct mt_buf url = mt_buf_of(bytes, sizeof bytes);
    mt_put_str(&url, is_secure(x) ? "https://" : "http://");
    mt_put_span(&url, x->authority);
    mt_put_span(&url, x->path);
    if (x->query.len > 0) {
        mt_put_char(&url, '?');
        mt_put_span(&url, x->query);
    }
    b->full = b->full || url.full;
    put_shell(b, mt_buf_span(&url));
}

/* curl writes these itself; what was redacted says nothing. */
static bool is_sent(const struct mt_field *f)
{
    static const char *const own[] = {
        "host", "content-length", "connection", "transfer-encoding", "expect",
        "te",   "upgrade"};
    static const char redacted[] = "\xe2\x80\xb9redacted\xe2\x80\xba";
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (mt_span_caseeq(f->name, mt_span_str(own[i])))
            return false;
    return f->name.len > 0 && f->name.ptr[0] != ':' && f->name.ptr[0] != '@' &&
           mt_span_eq(f->value, mt_span_str(redacted)) == false;
}

static void put_fields(struct mt_buf *b, const struct mt_exchange *x)
{
    uint8_t bytes[MT_CURL_BYTES / 4];
    for (uint32_t i = 0; i < x->req_fields.count; i++) {
        const struct mt_field *f = &x->req_fields.list[i];
        struct mt_buf line = mt_buf_of(bytes, sizeof bytes);
        if (!is_sent(f))
            continue;
        mt_put_span(&line, f->name);
        mt_put_str(&line, ": ");
        mt_put_span(&line, f->value);
        b->full = b->full || line.full;
        mt_put_str(b, " -H ");
        put_shell(b, mt_buf_span(&line));
    }
}

bool mt_put_curl(struct mt_buf *b, const struct mt_exchange *x)
{
    size_t begin = b->len;
    if (x->method.len == 0 || x->authority.len == 0 ||
        x->protocol == MT_PROTOCOL_DNS)
        return false;
    mt_put_str(b, "curl -g"); /* brackets in a URL are themselves */
    if ((x->protocol == MT_PROTOCOL_H2 || x->protocol == MT_PROTOCOL_GRPC) &&
        !is_secure(x))
        mt_put_str(b, " --http2-prior-knowledge");
    mt_put_str(b, mt_span_eq(x->method, MT_SPAN("HEAD")) ? " -I" : " -X ");
    if (!mt_span_eq(x->method, MT_SPAN("HEAD")))
        put_shell(b, x->method);
    put_fields(b, x);
    mt_put_char(b, ' ');
    put_url(b, x);
    if (b->full)
        b->len = begin;
    return !b->full;
}

bool export_curl(struct mt_export *e, const struct mt_exchange *x)
{
    struct mt_buf *b = mt_out_room(&e->out, MT_CURL_BYTES);
    struct mt_buf line = mt_buf_of(b->ptr + b->len, MT_CURL_BYTES - 1);
    if (!mt_put_curl(&line, x))
        return false;
    b->len += line.len;
    mt_out_char(&e->out, '\n');
    return true;
}
