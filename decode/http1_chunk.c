/* The lines of the chunked coding, RFC 9112 section 7.1. */
#include "decode/http1_parts.h"
#include "decode/http1_scan.h"

static struct mt_span sub(struct mt_span s, size_t from, size_t to)
{
    return (struct mt_span){.ptr = s.ptr + from, .len = to - from};
}

static bool is_space(uint8_t c)
{
    return (mt_http1_class[c] & MT_HTTP1_SPACE) != 0;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static int hex_value(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void skip_spaces(struct mt_span *s)
{
    while (s->len > 0 && is_space(s->ptr[0]))
        (void)mt_span_take(s, 1);
}

/* A quoted-string, RFC 9110 section 5.6.4. */
static bool take_quoted(struct mt_span *s)
{
    (void)mt_span_take(s, 1);
    while (s->len > 0 && s->ptr[0] != '"')
        (void)mt_span_take(s, s->ptr[0] == '\\' && s->len > 1 ? 2 : 1);
    if (s->len == 0)
        return false;
    (void)mt_span_take(s, 1);
    return true;
}

/* chunk-ext, RFC 9112 section 7.1.1: ;name or ;name=value, again and again. */
static bool good_extensions(struct mt_span s)
{
    while (s.len > 0) {
        (void)mt_span_take(&s, s.ptr[0] == ';');
        skip_spaces(&s);
        size_t name = mt_http1_token(s);
        (void)mt_span_take(&s, name);
        skip_spaces(&s);
        if (name == 0)
            return false;
        if (s.len > 0 && s.ptr[0] == '=') {
            (void)mt_span_take(&s, 1);
            skip_spaces(&s);
            size_t value = mt_http1_token(s);
            (void)mt_span_take(&s, value);
            bool quoted = value == 0 && s.len > 0 && s.ptr[0] == '"';
            if (quoted ? !take_quoted(&s) : value == 0)
                return false;
            skip_spaces(&s);
        }
        if (s.len > 0 && s.ptr[0] != ';')
            return false;
    }
    return true;
}

bool mt_http1_read_chunk(struct mt_http1 *p, struct mt_span line,
                         struct mt_http1_event *ev)
{
    uint64_t n = 0;
    size_t i = 0;
    for (; i < line.len && hex_value(line.ptr[i]) >= 0; i++) {
        if (n >> 59 != 0) /* keeps it below 2^63 */
            return false;
        n = n << 4 | (uint64_t)hex_value(line.ptr[i]);
    }
    if (i == 0)
        return false;
    size_t at = i;
    while (at < line.len && is_space(line.ptr[at]))
        at++;
    if (at < line.len && line.ptr[at] != ';')
        return false;
    if (at < line.len && !good_extensions(sub(line, at, line.len)))
        p->anomalies |= MT_ANOMALY_CHUNK_EXT | MT_ANOMALY_BAD_CHUNK;
    else if (at < line.len)
        p->anomalies |= MT_ANOMALY_CHUNK_EXT;
    else if (at > i)
        p->anomalies |= MT_ANOMALY_SPACES;
    ev->kind = MT_HTTP1_CHUNK;
    ev->chunk.bytes = n;
    ev->chunk.extension = sub(line, at, line.len);
    return true;
}
