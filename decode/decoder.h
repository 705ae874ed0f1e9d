/**
 * decoder.h - one vtable for every protocol (DECISIONS: decoders stack).
 *
 * A decoder lives on one connection, or inside another decoder (TLS), and is
 * fed the bytes of both roles in order. It makes drafts (draft.h) and holds
 * no pointer into its input. To add a protocol: write its file, and add one
 * row to the table in decoders.c; two where it uses both transports.
 *
 * A decoder never fails: bytes that break the grammar end what they broke
 * (error MT_ERROR_PROTOCOL or an anomaly flag), and it looks for the next
 * message.
 */
#ifndef MT_DECODE_DECODER_H
#define MT_DECODE_DECODER_H

#include "base/rc.h"
#include "decode/draft.h"

struct mt_layer;

/* The first bytes of a conversation, for detection. */
struct mt_probe {
    struct mt_span bytes[2]; /* by side; either may be empty */
    int client;              /* side that is the client, or -1 */
    bool fresh[2];           /* this side is seen from its first byte */
    bool strayed[2];         /* it was, and its first bytes fitted nobody */
    uint16_t port[2];
    struct mt_span alpn; /* of the TLS layer below; empty */
    bool datagram;       /* bytes are one datagram, the newest of its side */
};

enum mt_match {
    MT_MATCH_NO,
    MT_MATCH_MORE,   /* could be: more bytes will tell */
    MT_MATCH_LIKELY, /* good evidence, of one direction */
    MT_MATCH_SURE,
};

struct mt_verdict {
    enum mt_match match;
    int client; /* side shown to be the client, -1: no evidence */
};

/* How a direction, or a connection, ended. */
enum mt_end {
    MT_END_FIN,  /* this role closed its direction */
    MT_END_RST,  /* this role reset the connection */
    MT_END_IDLE, /* 10 minutes of silence: both directions */
    MT_END_EVICTED,
    MT_END_CAPTURE,
    MT_END_REUSED, /* a new SYN on the same 5-tuple: both directions */
};

/* What a decoder asks for by returning MT_DONE from feed(). */
enum mt_switch {
    MT_SWITCH_NONE,
    MT_SWITCH_WEBSOCKET, /* after 101 or an accepted extended CONNECT */
    MT_SWITCH_H2,        /* after 101 to h2c: stream 1 is half done */
    MT_SWITCH_DETECT,    /* a tunnel, STARTTLS, PROXY header: look again */
    MT_SWITCH_OPAQUE,    /* count bytes, decode no more */
};

/* A chunk that a decoder held back until it is known whose bytes they are. */
struct mt_held {
    struct mt_held *next;
    size_t size; /* of its bytes at first: feeding takes them off the chunk */
    struct mt_chunk chunk;
};

struct mt_switch_request {
    enum mt_switch to;
    struct mt_draft *draft;  /* passed on: the upgraded exchange, or NULL */
    struct mt_span settings; /* HTTP2-Settings of an h2c upgrade, decoded */
    struct mt_held *held[2]; /* by role: fed to the next decoder before the
                                rest of the bytes; the old one frees them */
};

struct mt_decoder {
    const char *name;
    size_t state_bytes; /* taken from the pool, cleared */
    bool prefix;        /* takes a header off and makes no exchanges */

    struct mt_verdict (*detect)(const struct mt_probe *p); /* NULL: never */

    /* Returns 0, or -1 when it has no memory. The layer outlives the state.
     * sw is NULL but after a switch: a draft in it is then the decoder's. */
    int (*open)(void *state, struct mt_layer *layer,
                const struct mt_switch_request *sw);

    /**
     * Bytes of one role. Takes what it used off the front of in->bytes.
     * Returns MT_MORE (all used up) or MT_DONE (a switch: the rest of the
     * bytes, and all that follow in both directions, belong to the decoder
     * that request() names; in a switch the other direction may still owe
     * bytes to the old protocol, so a decoder returns MT_DONE only once both
     * directions have reached the switch).
     */
    int (*feed)(void *state, enum mt_role from, struct mt_chunk *in);

    /* Datagrams: could one that begins with these bytes be of this protocol?
     * Asked of every datagram on the wire, before there is any state for it:
     * a look at its first bytes, no more. NULL for stream protocols. */
    bool (*may_be)(struct mt_span bytes, size_t whole_bytes);

    /* A datagram: a whole message, unless the snaplen cut it. NULL for stream
     * protocols. */
    void (*datagram)(void *state, enum mt_role from, const struct mt_chunk *in);

    /* n bytes of role `from` were lost (n is UINT64_MAX when not known). */
    void (*gap)(void *state, enum mt_role from, uint64_t n, int64_t ts_ns);

    /* A direction ended (FIN), or both did: RST (from sent it), IDLE, EVICTED,
     * CAPTURE, REUSED (from is then ignored). FIN comes at most once a role.
     * After the second FIN, or any other end, nothing follows but free: every
     * draft must be finished by then. */
    void (*close)(void *state, enum mt_role from, enum mt_end end,
                  int64_t ts_ns);

    /* After feed() gave MT_DONE. */
    struct mt_switch_request (*request)(void *state);

    /* Free what the state holds (not the state). Every draft must have been
     * finished or passed on by close() or request(). */
    void (*free)(void *state);
};

/* The decoders, in the order in which detection asks them; NULL ends. */
extern const struct mt_decoder *const mt_decoders[];
extern const struct mt_decoder *const mt_datagram_decoders[];

extern const struct mt_decoder mt_proxy_protocol_decoder; /* v1 and v2 */
extern const struct mt_decoder mt_tls_decoder;
extern const struct mt_decoder mt_http1_decoder;
extern const struct mt_decoder mt_http2_decoder;
extern const struct mt_decoder mt_dns_decoder;
extern const struct mt_decoder mt_websocket_decoder; /* never detected */
extern const struct mt_decoder mt_opaque_decoder;    /* bytes only */

#endif
