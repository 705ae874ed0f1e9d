#include "capture/names_host.h"

enum { LABEL_MAX_BYTES = 63 };

static const struct mt_span nobody = {.ptr = NULL, .len = 0};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_label_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

static bool is_label(struct mt_span l)
{
    if (l.len == 0 || l.len > LABEL_MAX_BYTES || l.ptr[0] == '-' ||
        l.ptr[l.len - 1] == '-')
        return false;
    for (size_t i = 0; i < l.len; i++)
        if (!is_label_byte(l.ptr[i]))
            return false;
    return true;
}

static bool is_number(struct mt_span l)
{
    for (size_t i = 0; i < l.len; i++)
        if (!is_digit(l.ptr[i]))
            return false;
    return true;
}

/* localhost is another machine for everyone who says it. */
static bool is_local(struct mt_span host, struct mt_span last)
{
    return mt_span_eq(last, MT_SPAN("localhost")) ||
           mt_span_eq(last, MT_SPAN("localdomain")) ||
           mt_span_eq(host, MT_SPAN("ip6-localhost")) ||
           mt_span_eq(host, MT_SPAN("ip6-loopback"));
}

/* Without ":port". A second colon is an IPv6 address's. */
static bool strip_port(struct mt_span *s)
{
    size_t colon = mt_span_find(*s, ':');
    if (colon == s->len)
        return true;
    struct mt_span port = *s;
    (void)mt_span_take(&port, colon + 1);
    s->len = colon;
    return port.len <= 5 && is_number(port);
}

struct mt_span mt_names_host(struct mt_span authority,
                             uint8_t out[MT_NAME_MAX_BYTES])
{
    struct mt_span host = authority;
    if (!strip_port(&host))
        return nobody;
    if (host.len > 0 && host.ptr[host.len - 1] == '.')
        host.len--;
    if (host.len == 0 || host.len > MT_NAME_MAX_BYTES)
        return nobody;
    for (size_t i = 0; i < host.len; i++)
        out[i] = mt_ascii_lower(host.ptr[i]);
    host.ptr = out;

    struct mt_span rest = host, label = host;
    for (;;) {
        label = mt_span_take(&rest, mt_span_find(rest, '.'));
        if (!is_label(label))
            return nobody;
        if (rest.len == 0)
            break;
        (void)mt_span_take(&rest, 1);
    }
    /* A last label of digits is an IPv4 address, whole or not. */
    return is_number(label) || is_local(host, label) ? nobody : host;
}
