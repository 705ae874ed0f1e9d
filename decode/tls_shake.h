/**
 * tls_shake.h - how far a TLS handshake has come, from records in clear.
 *
 *     struct mt_tls_shake s = {.conn = conn};
 *     mt_tls_shake_event(&s, from, &ev, &turns);   // each event, in order
 *     if (s.done) ...
 *
 * It keeps conn->tls, and begins the turns once the handshake is over:
 *
 * - TLS 1.2 and before: at the first encrypted handshake record (Finished)
 *   after ChangeCipherSpec of both roles; the later one ends the handshake. A
 *   client that sends data earlier (False Start) begins the turns, not the end.
 * - TLS 1.3: at the client's Finished, the first of its application-data
 *   records after ServerHello that has exactly Finished's length. A client
 *   that sends its certificate and Finished in one record (or pads it) has
 *   none: then, once the server's next record tells, its first record was it.
 *   After an offer of 0-RTT only a record of exactly that length counts.
 * - Joined after both hellos: at the first application-data record.
 *
 * handshake_ns runs from the ClientHello's first byte to that end.
 */
#ifndef MT_DECODE_TLS_SHAKE_H
#define MT_DECODE_TLS_SHAKE_H

#include "decode/tls.h"
#include "decode/tls_turns.h"

enum { MT_TLS_FLIGHT_MAX = 4 };

struct mt_tls_flight_record {
    uint32_t length;
    int64_t start_ns, end_ns;
};

struct mt_tls_shake {
    struct mt_conn *conn;
    int64_t hello_ns; /* first byte of the first ClientHello */
    bool hello[2];    /* by role: ClientHello, ServerHello */
    bool early_data;
    bool done;    /* records are application data now */
    bool broken;  /* a fatal alert came before */
    bool alerted; /* the first fatal alert is in conn->tls.alert */
    uint8_t alert_from;
    bool certificate; /* the server sent one, or said that it was done */
    bool lost[2];     /* by role: bytes of the handshake are missing */
    bool ccs[2];
    bool finished[2];
    bool ends_here; /* TLS 1.3: the client's record in progress is Finished */
    uint8_t flight_len;
    struct mt_tls_flight_record flight[MT_TLS_FLIGHT_MAX]; /* TLS 1.3: the
                               client's records that may hold its Finished */
};

/* Take one event of role `from`. ts_ns: of the chunk that completed it. */
void mt_tls_shake_event(struct mt_tls_shake *s, enum mt_role from,
                        const struct mt_tls_event *ev, int64_t ts_ns,
                        struct mt_tls_turns *turns);

#endif
