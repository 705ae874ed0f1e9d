#include "base/text_addr.h"

#include <arpa/inet.h>

#include "base/rc.h"
#include "base/text.h"

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};

bool mt_ip_is_v4(const uint8_t ip[16])
{
    return memcmp(ip, v4_prefix, sizeof v4_prefix) == 0;
}

bool mt_ip_is_none(const uint8_t ip[16])
{
    static const uint8_t none[16] = {0};
    return memcmp(ip, none, sizeof none) == 0;
}

int mt_parse_ip(struct mt_span text, uint8_t ip[16])
{
    char copy[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof copy ||
        mt_span_find(text, 0) < text.len)
        return MT_EPROTO;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = 0;

    uint8_t v4[4], v6[16];
    if (inet_pton(AF_INET, copy, v4) == 1) {
        memcpy(ip, v4_prefix, sizeof v4_prefix);
        memcpy(ip + 12, v4, sizeof v4);
        return 0;
    }
    if (inet_pton(AF_INET6, copy, v6) != 1)
        return MT_EPROTO;
    memcpy(ip, v6, sizeof v6);
    return 0;
}

int mt_parse_ip_port(struct mt_span text, uint8_t ip[16], uint16_t *port)
{
    struct mt_span rest = text;
    uint64_t number = 0;
    if (mt_parse_ip(text, ip) == 0) {
        *port = 0;
        return 0;
    }
    bool bracket = text.len > 0 && text.ptr[0] == '[';
    if (bracket)
        (void)mt_span_take(&rest, 1);
    size_t n = mt_span_find(rest, bracket ? ']' : ':');
    struct mt_span head = mt_span_take(&rest, n);
    if (bracket && rest.len == 0)
        return MT_EPROTO;
    if (bracket)
        (void)mt_span_take(&rest, 1);
    if (mt_parse_ip(head, ip) != 0 || (bracket && mt_ip_is_v4(ip)))
        return MT_EPROTO;
    if (rest.len == 0 && bracket) {
        *port = 0;
        return 0;
    }
    if (rest.len == 0 || *mt_span_take(&rest, 1).ptr != ':' ||
        mt_parse_u64(rest, &number) != 0 || number > UINT16_MAX)
        return MT_EPROTO;
    *port = (uint16_t)number;
    return 0;
}

/* Set every bit after the first `bits` to `to`. */
static void fill_after(uint8_t ip[16], unsigned bits, bool to)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
        uint8_t mask = (uint8_t)(kept >= 8 ? 0u : 0xffu >> kept);
        ip[i] = (uint8_t)(to ? ip[i] | mask : ip[i] & ~mask);
    }
}

int mt_parse_cidr(struct mt_span text, struct mt_cidr *out)
{
    struct mt_cidr c;
    size_t n = mt_span_find(text, '/');
    struct mt_span ip = mt_span_take(&text, n);
    int rc = mt_parse_ip(ip, c.ip);
    if (rc != 0)
        return rc;
    /* ::ffff:1.2.3.4/104 counts its bits as written, 1.2.3.4/8 from 96 */
    bool dotted = mt_span_find(ip, ':') == ip.len;
    uint64_t bits = dotted ? 32 : 128;
    if (text.len > 0) {
        (void)mt_span_take(&text, 1);
        uint64_t given = 0;
        if (mt_parse_u64(text, &given) != 0 || given > bits)
            return MT_EPROTO;
        bits = given;
    }
    c.bits = (uint8_t)(dotted ? 96 + bits : bits);
    fill_after(c.ip, c.bits, false);
    *out = c;
    return 0;
}

void mt_cidr_range(const struct mt_cidr *c, uint8_t low[16], uint8_t high[16])
{
    memcpy(low, c->ip, 16);
    memcpy(high, c->ip, 16);
    fill_after(high, c->bits, true);
}

bool mt_cidr_has(const struct mt_cidr *c, const uint8_t ip[16])
{
    unsigned whole = c->bits / 8, rest = c->bits % 8;
    if (memcmp(c->ip, ip, whole) != 0)
        return false;
    return rest == 0 || (c->ip[whole] ^ ip[whole]) >> (8 - rest) == 0;
}

void mt_put_ip(struct mt_buf *b, const uint8_t ip[16])
{
    char text[INET6_ADDRSTRLEN];
    if (mt_ip_is_v4(ip)) { /* inet_ntop() takes ten times as long */
        for (unsigned i = 12; i < 16; i++) {
            mt_put_decimal(b, ip[i]);
            if (i < 15)
                mt_put_char(b, '.');
        }
        return;
    }
    const char *s = inet_ntop(AF_INET6, ip, text, sizeof text);
    mt_put_str(b, s != NULL ? s : "?");
}

void mt_put_ip_port(struct mt_buf *b, const uint8_t ip[16], uint16_t port)
{
    bool bracket = port != 0 && !mt_ip_is_v4(ip);
    if (bracket)
        mt_put_char(b, '[');
    mt_put_ip(b, ip);
    if (bracket)
        mt_put_char(b, ']');
    if (port != 0) {
        mt_put_char(b, ':');
        mt_put_decimal(b, port);
    }
}
