/**
 * conn.h - one transport connection: detection, the stack of decoders, roles.
 *
 * capture/ (or the proxy, or a test) feeds it the ordered bytes of two sides;
 * it finds the protocol from evidence in both directions, never from the port
 * alone, tells the client from the server, and feeds the decoders.
 *
 *     struct mt_conn *c = mt_conn_new(dec, &start);
 *     mt_conn_feed(c, side, &chunk);
 *     mt_conn_gap(c, side, 1460, ts);
 *     mt_conn_end(c, side, MT_END_FIN, ts);
 *     mt_conn_free(c, MT_END_CAPTURE, ts);
 *     // finished exchanges wait in the outbox: mt_decode_next(dec)
 *
 * "Side" is 0 or 1, whoever the transport saw first; "role" is client or
 * server. One thread.
 */
#ifndef MT_DECODE_CONN_H
#define MT_DECODE_CONN_H

#include "decode/decoder.h"

enum {
    MT_LAYERS_MAX = 4,
    MT_DETECT_MAX_BYTES = 4096, /* held a side while detection waits */
};

/* What the transport counts, by side; it writes them as it goes. */
struct mt_conn_stats {
    uint64_t bytes[2]; /* payload, once each */
    uint64_t gap_bytes[2];
    uint32_t packets[2];
    uint32_t retransmissions[2];
    uint32_t dup_packets;
    uint32_t zero_windows[2];
    uint32_t truncated;       /* packets cut by the snaplen */
    int64_t handshake_rtt_ns; /* SYN to the ACK of SYN-ACK; 0 not seen */
};

struct mt_conn_start {
    struct mt_addr addr[2]; /* by side */
    int client;             /* side that sent the SYN, or -1 */
    uint8_t role_evidence;  /* enum mt_role_evidence when client is given */
    bool midstream;         /* the SYN was not seen */
    bool datagrams;         /* UDP: it is told mt_conn_datagram() alone */
    bool copy;              /* its exchanges are counted at another point */
    struct mt_addr caller;  /* the client before its address was translated;
                               port 0: it was not, as far as is known */
    int64_t ts_ns;
};

/* One decoder at work. */
struct mt_layer {
    const struct mt_decoder *decoder; /* NULL while detecting */
    void *state;
    struct mt_conn *conn;
    struct mt_layer *inner; /* what this one's output is fed to */
    uint8_t depth;
    uint8_t detection;   /* enum mt_detection */
    bool joined_late[2]; /* by role: not from the first byte */
    bool strayed[2];     /* by role: late, though its first bytes were
                            seen: they fitted nobody */
    struct {
        int64_t ts_ns;
        uint64_t packet;
    } first[2];                /* by side: of the first that were passed over */
    bool ended[2];             /* by side: FIN came */
    bool told[2];              /* by side: the decoder knows of it */
    bool skipped[2];           /* by side: bytes passed over before detection */
    bool lost[2];              /* by side: a gap among or before those */
    struct mt_hold *hold[2];   /* by side: bytes that detection waits on */
    uint64_t undetected_bytes; /* passed over since detection began */
    struct mt_span alpn;       /* borrowed from the layer below */
};

struct mt_conn {
    struct mt_decode *decode;
    uint64_t id;
    struct mt_addr addr[2];
    int client; /* side; a guess until role_evidence is SYN or PROTOCOL */
    uint8_t role_evidence;
    uint8_t detection; /* of the layer that was recognised last */
    bool midstream;
    bool datagrams;
    bool copy;
    struct mt_addr caller; /* port 0: none but the client */
    bool ended[2];         /* FIN seen, by side */
    bool seen[2];          /* payload or a gap seen, by side */
    int8_t reset_by;       /* side that sent RST, -1 none */
    bool closed;  /* every direction is over: decoders have been told */
    bool decoded; /* some decoder recognised it: no L4 row at the end */
    bool decrypted;
    int64_t start_ns, last_ns;
    uint64_t exchanges; /* ordinal of the last draft that asked for one */
    struct mt_conn_stats stats;
    struct mt_conn_stats told; /* by its reports so far */
    int64_t told_ns;           /* when, at first its start */
    bool known;                /* an exchange of it was handed out: reports
                                  find their edge */
    bool opened;               /* its first report was made */
    struct mt_tls tls;         /* kept by the TLS layer */
    struct mt_arena text;      /* SNI, ALPN */
    struct mt_layer *top;
    struct mt_draft *l4; /* its row while it runs, once no decoder will know
                            it; else NULL */
};

/* The side of a role, and the role of a side, by what is known now. */
static inline int mt_conn_side(const struct mt_conn *c, enum mt_role role)
{
    return role == MT_CLIENT ? c->client : 1 - c->client;
}

static inline enum mt_role mt_conn_role(const struct mt_conn *c, int side)
{
    return side == c->client ? MT_CLIENT : MT_SERVER;
}

/* NULL at the memory ceiling. */
struct mt_conn *mt_conn_new(struct mt_decode *d,
                            const struct mt_conn_start *start);

/* Bytes in order. Borrowed for the call. */
void mt_conn_feed(struct mt_conn *c, int side, const struct mt_chunk *chunk);

/* Could a datagram that begins with these bytes be of a known protocol? Cheap,
 * and without state: what is none needs no connection. */
bool mt_conn_may_decode(struct mt_span bytes, size_t whole_bytes);

/* One datagram, borrowed for the call. While detection waits for the other
 * side, the newest of each is kept. */
void mt_conn_datagram(struct mt_conn *c, int side,
                      const struct mt_chunk *datagram);

/* n bytes of this side are lost; UINT64_MAX when their number is not known. */
void mt_conn_gap(struct mt_conn *c, int side, uint64_t n, int64_t ts_ns);

/* One side ended its direction (MT_END_FIN) or all of it (MT_END_RST). */
void mt_conn_end(struct mt_conn *c, int side, enum mt_end end, int64_t ts_ns);

/**
 * End what is still open for reason `end` and free the connection. Writes the
 * L4 row of a connection that no decoder recognised; datagrams have none.
 */
void mt_conn_free(struct mt_conn *c, enum mt_end end, int64_t ts_ns);

/**
 * Report what the transport counted since the last report, if that was a
 * second ago or more and somebody has heard of the connection: mt_conn_feed()
 * and mt_conn_free() do it themselves. For connections on which nothing but
 * repetitions is seen, call it once a second.
 */
void mt_conn_report(struct mt_conn *c, int64_t now_ns);

/* What the L4 row of a connection says so far. */
void mt_conn_fill_l4(const struct mt_conn *c, struct mt_exchange *x);

/* A connection attempt that was refused (RST to SYN) or never answered: one
 * L4 row. The client is side 0 of addr. */
void mt_conn_refused(struct mt_decode *d, const struct mt_conn_start *start,
                     enum mt_error error, int64_t ts_ns);

/* For decoders that stack: feed the layer's output to the one inside it. */
void mt_layer_feed(struct mt_layer *l, enum mt_role from,
                   struct mt_chunk *chunk);
void mt_layer_gap(struct mt_layer *l, enum mt_role from, uint64_t n,
                  int64_t ts_ns);
void mt_layer_close(struct mt_layer *l, enum mt_role from, enum mt_end end,
                    int64_t ts_ns);

/* Open the layer inside, in detection. NULL at the depth bound or ceiling. */
struct mt_layer *mt_layer_inside(struct mt_layer *l, struct mt_span alpn);

#endif
