/**
 * tls.h - what TLS shows to one who has no keys: records, alerts, hellos.
 *
 * One reader takes the bytes of one direction (SSL 3.0 to TLS 1.3, RFC 5246
 * and RFC 8446; an SSLv2-compatible ClientHello is recognised) and gives
 * events. It holds one hello at most, of at most 64 KiB and never more than
 * has arrived; certificates and data are passed over, not held.
 *
 *     struct mt_tls_reader r;
 *     struct mt_tls_event ev;
 *     mt_tls_reader_init(&r, &pool, true);
 *     while (mt_tls_next(&r, &chunk, &ev) == MT_EVENT)
 *         use(&ev);                  // ev.body: borrowed until the next call
 *     mt_tls_reader_deinit(&r);
 *
 * A reader never fails. Where no legal record begins it searches for a header
 * that a second legal header follows, and goes on there. Cutting the input
 * differently changes no event but for the chunk that an event came with.
 */
#ifndef MT_DECODE_TLS_H
#define MT_DECODE_TLS_H

#include "base/rc.h"
#include "decode/draft.h"

enum {
    MT_TLS_HELLO_MAX_BYTES = 65536,
    MT_TLS_RECORD_MAX_BYTES = 16384 + 2048, /* RFC 5246 section 6.2.3 */
    MT_TLS_HEADER_BYTES = 5,
};

enum mt_tls_type { /* of a record */
                   MT_TLS_CHANGE_CIPHER_SPEC = 20,
                   MT_TLS_ALERT = 21,
                   MT_TLS_HANDSHAKE = 22,
                   MT_TLS_DATA = 23,
};

enum mt_tls_message { /* of the handshake, in clear */
                      MT_TLS_CLIENT_HELLO = 1,
                      MT_TLS_SERVER_HELLO = 2,
                      MT_TLS_CERTIFICATE = 11,
                      MT_TLS_SERVER_HELLO_DONE = 14,
};

enum mt_tls_what {
    MT_TLS_ON_RECORD,  /* a record's header: type, length */
    MT_TLS_ON_HELLO,   /* a whole ClientHello or ServerHello: body */
    MT_TLS_ON_MESSAGE, /* another handshake message in clear begins */
    MT_TLS_ON_ALERT,   /* an alert in clear: level, description */
    MT_TLS_ON_END,     /* a record's last byte: type, length */
};

struct mt_tls_event {
    enum mt_tls_what what;
    uint8_t type;        /* enum mt_tls_type, or enum mt_tls_message */
    uint8_t level;       /* ALERT: 1 warning, 2 fatal */
    uint8_t description; /* ALERT: IANA number */
    bool in_clear;       /* END of a handshake record: not encrypted */
    uint16_t version;    /* of the record; of the hello where it is SSLv2's */
    uint32_t length;     /* bytes after the header */
    int64_t start_ns;    /* of its first byte */
    struct mt_span body; /* HELLO; empty where it was above the bound */
};

struct mt_tls_reader {
    struct mt_pool *pool;
    uint8_t state;
    uint8_t head[MT_TLS_HEADER_BYTES];
    uint8_t head_len;
    bool sslv2_possible; /* at the very first byte of the conversation */
    bool after_ccs;      /* handshake records may be encrypted */
    bool in_clear;
    uint8_t type;
    uint8_t alert[2];
    uint16_t version;
    uint32_t length, left; /* of the record */
    int64_t start_ns;
    uint8_t msg_head[4];
    uint8_t msg_head_len;
    uint8_t msg_type;
    uint32_t msg_length, msg_left;
    int64_t msg_start_ns;
    bool msg_whole; /* its bytes so far are in held, or not needed */
    uint8_t *held;  /* of the pool */
    uint32_t held_size, held_len;
    uint64_t resyncs;       /* searches begun */
    uint64_t skipped_bytes; /* passed over in them */
};

/* sslv2_possible: the input begins at the first byte that a client sent. */
void mt_tls_reader_init(struct mt_tls_reader *r, struct mt_pool *pool,
                        bool sslv2_possible);

void mt_tls_reader_deinit(struct mt_tls_reader *r);

/**
 * The next event in *in, whose used bytes are taken off.
 * Returns MT_EVENT: call again with the rest; MT_MORE: all used up.
 */
int mt_tls_next(struct mt_tls_reader *r, struct mt_chunk *in,
                struct mt_tls_event *ev);

/* n bytes are lost (UINT64_MAX: not known how many). Inside a record the
 * reader goes on behind it. */
void mt_tls_gap(struct mt_tls_reader *r, uint64_t n);

/* The next byte belongs to a record whose header was seen. */
bool mt_tls_in_record(const struct mt_tls_reader *r);

/* What a ClientHello or ServerHello says. Spans borrow from its body. */
struct mt_tls_hello {
    uint16_t version;      /* highest offered, or chosen (RFC 8446 4.2.1) */
    uint16_t cipher_suite; /* ServerHello */
    bool retry;            /* ServerHello that is a HelloRetryRequest */
    bool psk;        /* offered, or accepted: resumption or an external key */
    bool early_data; /* ClientHello announces 0-RTT data */
    bool ticket;     /* ClientHello carries a session ticket */
    bool ech;        /* ECH is there, real or as grease: sni is the outer one */
    struct mt_span session_id;
    struct mt_span sni;       /* host name, as sent */
    struct mt_span alpn;      /* the first, or chosen, protocol */
    struct mt_span alpn_list; /* on the wire: a length byte and a name each */
};

/* Returns false where it is malformed: what came before is filled. */
bool mt_tls_hello_read(struct mt_span body, enum mt_tls_message type,
                       struct mt_tls_hello *h);

/* TLS 1.3, final or a draft of it: what follows ServerHello is encrypted. */
static inline bool mt_tls_is_13(uint16_t version)
{
    return version == 0x0304 || version >> 8 == 0x7f;
}

/* The name of an alert, such as "unknown_ca"; "alert" where IANA has none. */
const char *mt_tls_alert_text(unsigned description);

/* How many bytes a record of this cipher suite is longer than its text; 0
 * where that is not constant (CBC) or not known. */
unsigned mt_tls_overhead_bytes(uint16_t version, uint16_t cipher_suite);

/* The length of a record that holds TLS 1.3's Finished alone; 0 not known. */
unsigned mt_tls_finished_bytes(uint16_t cipher_suite);

#endif
