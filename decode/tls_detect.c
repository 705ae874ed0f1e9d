#include "decode/tls_detect.h"

#include "decode/tls.h"

enum { HELLO_PREFIX_BYTES = 6, CHAIN_SURE = 3, SSLV2_MIN_BYTES = 9 };

static const struct mt_verdict none = {.match = MT_MATCH_NO, .client = -1};

static bool is_hello_byte(struct mt_span b, size_t at)
{
    uint8_t c = b.ptr[at];
    switch (at) {
    case 0:
        return c == MT_TLS_HANDSHAKE;
    case 1:
        return c == 3;
    case 2:
        return c <= 4;
    case 3:
        return c <= MT_TLS_RECORD_MAX_BYTES >> 8;
    case 4:
        return b.ptr[3] > 0 || c >= 4; /* a message's header at least */
    default:
        return c == MT_TLS_CLIENT_HELLO || c == MT_TLS_SERVER_HELLO;
    }
}

/* A record that begins with a hello: six bytes are 40 bits of evidence. */
static struct mt_verdict detect_hello(struct mt_span b, int side)
{
    size_t n = b.len < HELLO_PREFIX_BYTES ? b.len : HELLO_PREFIX_BYTES;
    for (size_t i = 0; i < n; i++)
        if (!is_hello_byte(b, i))
            return none;
    if (n < HELLO_PREFIX_BYTES)
        return (struct mt_verdict){MT_MATCH_MORE, -1};
    bool client = b.ptr[5] == MT_TLS_CLIENT_HELLO;
    return (struct mt_verdict){MT_MATCH_SURE, client ? side : 1 - side};
}

/* RFC 5246 appendix E.2; only from the first byte of a connection. */
static struct mt_verdict detect_sslv2(struct mt_span b, int side)
{
    struct mt_cursor c = mt_cursor_of(b);
    unsigned length = mt_get_be16(&c);
    uint8_t type = mt_get_u8(&c);
    uint16_t version = mt_get_be16(&c);
    bool good = length >= 0x8000 + SSLV2_MIN_BYTES && length < 0x8200 &&
                type == MT_TLS_CLIENT_HELLO &&
                (version == 0x0002 || (version >= 0x0300 && version <= 0x0303));
    unsigned ciphers = mt_get_be16(&c), session = mt_get_be16(&c),
             challenge = mt_get_be16(&c);
    good = good && !c.bad && ciphers % 3 == 0 && challenge >= 16 &&
           challenge <= 32 &&
           SSLV2_MIN_BYTES + ciphers + session + challenge == length - 0x8000;
    return good ? (struct mt_verdict){MT_MATCH_SURE, side} : none;
}

static bool is_header(struct mt_span b)
{
    return b.len >= MT_TLS_HEADER_BYTES &&
           b.ptr[0] >= MT_TLS_CHANGE_CIPHER_SPEC && b.ptr[0] <= MT_TLS_DATA &&
           b.ptr[1] == 3 && b.ptr[2] >= 1 && b.ptr[2] <= 3 &&
           mt_be16(b.ptr + 3) > 0 &&
           mt_be16(b.ptr + 3) <= MT_TLS_RECORD_MAX_BYTES;
}

/* Legal headers, each where the one before it points to; *exact: the last
 * record ends where the bytes do. */
static unsigned chain_length(struct mt_span b, bool *exact)
{
    unsigned n = 0;
    *exact = false;
    while (is_header(b) && n < CHAIN_SURE) {
        size_t size = MT_TLS_HEADER_BYTES + (size_t)mt_be16(b.ptr + 3);
        n++;
        *exact = size == b.len;
        if (size >= b.len)
            break;
        (void)mt_span_take(&b, size);
    }
    return n;
}

/* Joined late: records are believed from a chain of headers, from one that
 * ends with its packet, or from data of TLS 1.2 or 1.3 that begins with it. */
static bool is_chain(struct mt_span b)
{
    bool exact;
    for (size_t at = 0; b.len >= MT_TLS_HEADER_BYTES; at++) {
        unsigned n = chain_length(b, &exact);
        if (n >= CHAIN_SURE || (n > 0 && exact))
            return true;
        if (at == 0 &&
            (n == 2 || (n == 1 && b.ptr[0] == MT_TLS_DATA && b.ptr[2] == 3)))
            return true;
        (void)mt_span_take(&b, 1);
    }
    return false;
}

static struct mt_verdict detect_side(const struct mt_probe *p, int side)
{
    struct mt_span b = p->bytes[side];
    if (b.len == 0)
        return none;
    struct mt_verdict v = detect_hello(b, side);
    if (v.match != MT_MATCH_NO)
        return v;
    if (p->fresh[side])
        return detect_sslv2(b, side);
    return is_chain(b) ? (struct mt_verdict){MT_MATCH_LIKELY, -1} : none;
}

struct mt_verdict mt_tls_detect(const struct mt_probe *p)
{
    struct mt_verdict a = detect_side(p, 0), b = detect_side(p, 1);
    return a.match >= b.match ? a : b;
}
