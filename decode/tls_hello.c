#include "decode/tls.h"

/* Extensions that are read (IANA TLS ExtensionType values). */
enum {
    EXT_SERVER_NAME = 0,
    EXT_ALPN = 16,
    EXT_SESSION_TICKET = 35,
    EXT_PRE_SHARED_KEY = 41,
    EXT_EARLY_DATA = 42,
    EXT_SUPPORTED_VERSIONS = 43,
    EXT_ENCRYPTED_CLIENT_HELLO = 0xfe0d,
};

enum { RANDOM_BYTES = 32 };

/* SHA-256 of "HelloRetryRequest": RFC 8446 section 4.1.3. */
static const uint8_t retry_random[RANDOM_BYTES] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
    0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
    0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

/* RFC 6066 section 3: a list, of which host_name (0) is the only kind. */
static bool read_server_name(struct mt_cursor c, struct mt_span *out)
{
    if (c.rest.len == 0)
        return true; /* the server's empty acknowledgement */
    struct mt_cursor list = mt_cursor_of(mt_get_span(&c, mt_get_be16(&c)));
    while (!c.bad && !list.bad && list.rest.len > 0) {
        uint8_t kind = mt_get_u8(&list);
        struct mt_span name = mt_get_span(&list, mt_get_be16(&list));
        if (kind == 0 && !list.bad) {
            *out = name;
            return true;
        }
    }
    return false;
}

/* RFC 7301 section 3.1. */
static bool read_alpn(struct mt_cursor c, struct mt_tls_hello *h)
{
    struct mt_span whole = mt_get_span(&c, mt_get_be16(&c));
    struct mt_cursor list = mt_cursor_of(whole);
    struct mt_span first = mt_get_span(&list, mt_get_u8(&list));
    if (c.bad || list.bad || first.len == 0)
        return false;
    h->alpn = first;
    h->alpn_list = whole;
    return true;
}

/* 0x0a0a, 0x1a1a... are there to be ignored (RFC 8701). */
static bool is_grease(uint16_t value)
{
    return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* Drafts of TLS 1.3 are 0x7f00 + draft: below the final, above TLS 1.2. */
static bool is_higher(uint16_t a, uint16_t b)
{
    unsigned rank_a = mt_tls_is_13(a) ? (a == 0x0304 ? 0x8000u : a) : a;
    unsigned rank_b = mt_tls_is_13(b) ? (b == 0x0304 ? 0x8000u : b) : b;
    return rank_a > rank_b;
}

static bool read_versions(struct mt_cursor c, enum mt_tls_message type,
                          struct mt_tls_hello *h)
{
    if (type == MT_TLS_SERVER_HELLO) {
        uint16_t chosen = mt_get_be16(&c);
        if (!c.bad)
            h->version = chosen;
        return !c.bad;
    }
    uint16_t highest = 0;
    struct mt_cursor list = mt_cursor_of(mt_get_span(&c, mt_get_u8(&c)));
    while (list.rest.len >= 2) {
        uint16_t version = mt_get_be16(&list);
        if (!is_grease(version) && is_higher(version, highest))
            highest = version;
    }
    if (highest != 0)
        h->version = highest;
    return !c.bad;
}

static bool read_extension(uint16_t kind, struct mt_span data,
                           enum mt_tls_message type, struct mt_tls_hello *h)
{
    struct mt_cursor c = mt_cursor_of(data);
    switch (kind) {
    case EXT_SERVER_NAME:
        return read_server_name(c, &h->sni);
    case EXT_ALPN:
        return read_alpn(c, h);
    case EXT_SUPPORTED_VERSIONS:
        return read_versions(c, type, h);
    case EXT_SESSION_TICKET:
        h->ticket = data.len > 0;
        return true;
    case EXT_PRE_SHARED_KEY:
        h->psk = true;
        return true;
    case EXT_EARLY_DATA:
        h->early_data = true;
        return true;
    case EXT_ENCRYPTED_CLIENT_HELLO:
        h->ech = true;
        return true;
    default:
        return true;
    }
}

static bool read_extensions(struct mt_cursor *c, enum mt_tls_message type,
                            struct mt_tls_hello *h)
{
    if (c->rest.len == 0)
        return true; /* SSL 3.0 and old TLS have none */
    struct mt_cursor list = mt_cursor_of(mt_get_span(c, mt_get_be16(c)));
    bool good = !c->bad;
    while (good && list.rest.len > 0) {
        uint16_t kind = mt_get_be16(&list);
        struct mt_span data = mt_get_span(&list, mt_get_be16(&list));
        good = !list.bad && read_extension(kind, data, type, h);
    }
    return good;
}

static void read_server_choice(struct mt_cursor *c, struct mt_tls_hello *h)
{
    h->cipher_suite = mt_get_be16(c);
    if (h->version >> 8 != 0x7f) /* drafts before 22 have no such field */
        (void)mt_get_u8(c);      /* compression */
}

static void read_client_offer(struct mt_cursor *c)
{
    (void)mt_get_span(c, mt_get_be16(c)); /* cipher suites */
    (void)mt_get_span(c, mt_get_u8(c));   /* compression */
}

bool mt_tls_hello_read(struct mt_span body, enum mt_tls_message type,
                       struct mt_tls_hello *h)
{
    struct mt_cursor c = mt_cursor_of(body);
    bool server = type == MT_TLS_SERVER_HELLO;

    *h = (struct mt_tls_hello){.version = mt_get_be16(&c)};
    struct mt_span random = mt_get_span(&c, RANDOM_BYTES);
    h->retry = server && random.len == RANDOM_BYTES &&
               memcmp(random.ptr, retry_random, RANDOM_BYTES) == 0;
    if (!server || h->version >> 8 != 0x7f)
        h->session_id = mt_get_span(&c, mt_get_u8(&c));
    if (server)
        read_server_choice(&c, h);
    else
        read_client_offer(&c);
    return !c.bad && read_extensions(&c, type, h);
}

/* ---- what IANA numbers mean ---- */

#define ALERTS(X)                             \
    X(0, "close_notify")                      \
    X(10, "unexpected_message")               \
    X(20, "bad_record_mac")                   \
    X(21, "decryption_failed")                \
    X(22, "record_overflow")                  \
    X(30, "decompression_failure")            \
    X(40, "handshake_failure")                \
    X(41, "no_certificate")                   \
    X(42, "bad_certificate")                  \
    X(43, "unsupported_certificate")          \
    X(44, "certificate_revoked")              \
    X(45, "certificate_expired")              \
    X(46, "certificate_unknown")              \
    X(47, "illegal_parameter")                \
    X(48, "unknown_ca")                       \
    X(49, "access_denied")                    \
    X(50, "decode_error")                     \
    X(51, "decrypt_error")                    \
    X(52, "too_many_cids_requested")          \
    X(60, "export_restriction")               \
    X(70, "protocol_version")                 \
    X(71, "insufficient_security")            \
    X(80, "internal_error")                   \
    X(86, "inappropriate_fallback")           \
    X(90, "user_canceled")                    \
    X(100, "no_renegotiation")                \
    X(109, "missing_extension")               \
    X(110, "unsupported_extension")           \
    X(111, "certificate_unobtainable")        \
    X(112, "unrecognized_name")               \
    X(113, "bad_certificate_status_response") \
    X(114, "bad_certificate_hash_value")      \
    X(115, "unknown_psk_identity")            \
    X(116, "certificate_required")            \
    X(120, "no_application_protocol")         \
    X(121, "ech_required")

const char *mt_tls_alert_text(unsigned description)
{
    static const struct {
        uint8_t number;
        const char *text;
    } alerts[] = {
#define X(number, text) {number, text},
        ALERTS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++)
        if (alerts[i].number == description)
            return alerts[i].text;
    return "alert";
}

/* TLS 1.2 cipher suites of constant overhead: RFC 5288, 5289, 5487, 6655,
 * 7251, 7905. GCM and CCM send 8 bytes of nonce and a tag of 16 or 8. */
static const struct {
    uint16_t first, last;
    uint8_t overhead;
} aead_suites[] = {
    {0x009c, 0x00ad, 24}, {0xc02b, 0xc032, 24}, {0xc09c, 0xc09f, 24},
    {0xc0a0, 0xc0a3, 16}, {0xc0a4, 0xc0a7, 24}, {0xc0a8, 0xc0ab, 16},
    {0xc0ac, 0xc0ad, 24}, {0xc0ae, 0xc0af, 16}, {0xcca8, 0xccae, 16},
};

enum { AES_128_CCM_8_SHA256 = 0x1305, AES_256_GCM_SHA384 = 0x1302 };

/* TLS 1.3: the tag and one byte of inner type; padding is hardly ever sent. */
static unsigned overhead_13(uint16_t cipher_suite)
{
    return cipher_suite == AES_128_CCM_8_SHA256 ? 9 : 17;
}

unsigned mt_tls_overhead_bytes(uint16_t version, uint16_t cipher_suite)
{
    if (mt_tls_is_13(version))
        return overhead_13(cipher_suite);
    for (size_t i = 0; i < sizeof aead_suites / sizeof aead_suites[0]; i++)
        if (cipher_suite >= aead_suites[i].first &&
            cipher_suite <= aead_suites[i].last)
            return aead_suites[i].overhead;
    return 0;
}

unsigned mt_tls_finished_bytes(uint16_t cipher_suite)
{
    if (cipher_suite >> 8 != 0x13)
        return 0;
    unsigned hash = cipher_suite == AES_256_GCM_SHA384 ? 48 : 32;
    return 4 + hash + overhead_13(cipher_suite);
}
