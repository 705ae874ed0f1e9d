/**
 * tls_turns.h - requests and answers, guessed from the shape of ciphertext.
 *
 * A turn begins with the first application-data record of the client after
 * the server's last one, and is answered by the server's first record after
 * it; the client's next record ends it. It gives a rate and a latency, never
 * an outcome: MT_KIND_TURN, MT_QUALITY_INFERRED.
 *
 *     struct mt_tls_turns t;
 *     mt_tls_turns_init(&t, conn);
 *     mt_tls_turns_begin(&t, &shape);      // the handshake is over
 *     mt_tls_turns_record(&t, from, length, &first_chunk);
 *     mt_tls_turns_more(&t, from, &later_chunk, true);
 *     mt_tls_turns_end(&t, MT_ERROR_NONE, ts);
 *
 * Records that are no request and no answer are told by their length, as far
 * as the cipher suite tells the length of their text:
 *
 * - An alert of TLS 1.3 (close_notify) is 2 bytes of text.
 * - NewSessionTicket of TLS 1.3 comes at once after the client's Finished:
 *   before any request, or as up to four first records of one length. One
 *   such record alone counts as the answer only if no other follows.
 * - HTTP/2 (ALPN, or not known): SETTINGS, its acknowledgement, WINDOW_UPDATE,
 *   RST_STREAM and PING, alone or in pairs, are 9 to 26 bytes; the client's
 *   preface with SETTINGS and nothing else is 24 bytes more.
 *
 * What stays wrong: requests that overlap in one HTTP/2 connection count as
 * fewer turns with shorter waits; a request of exactly such a length is not
 * seen; 0-RTT requests are not seen; where TLS 1.3 sends no ticket, the first
 * answer of a connection may seem to begin with its second record.
 */
#ifndef MT_DECODE_TLS_TURNS_H
#define MT_DECODE_TLS_TURNS_H

#include "decode/draft.h"

/* What the handshake told. */
struct mt_tls_shape {
    uint16_t version;        /* 0 not seen */
    uint16_t overhead_bytes; /* of a record over its text; 0 not known */
    bool h2;                 /* HTTP/2 by ALPN: the first offered or chosen */
};

struct mt_tls_turns {
    struct mt_conn *conn;
    struct mt_tls_shape shape;
    struct mt_draft *turn; /* NULL: none in progress */
    bool begun;
    bool answered;       /* the turn in progress has its answer */
    bool provisional;    /* or what is one unless another record follows */
    bool counts[2];      /* the record in progress belongs to the turn */
    bool client_spoke;   /* some record of the client was seen */
    bool server_settled; /* a true answer was seen: no tickets any more */
    uint8_t tickets;     /* first records of one length */
    uint32_t ticket_bytes;
};

void mt_tls_turns_init(struct mt_tls_turns *t, struct mt_conn *conn);

/* Records from here on are application data. */
void mt_tls_turns_begin(struct mt_tls_turns *t,
                        const struct mt_tls_shape *shape);

/* An application-data record of `length` bytes begins; chunk->ts_ns is the
 * time of its first byte. */
void mt_tls_turns_record(struct mt_tls_turns *t, enum mt_role from,
                         uint32_t length, const struct mt_chunk *chunk);

/* More bytes of the record in progress; last: it ends with them. */
void mt_tls_turns_more(struct mt_tls_turns *t, enum mt_role from,
                       const struct mt_chunk *chunk, bool last);

/* Bytes were lost: a turn that still waits can no longer be measured.
 * in_record: the record in progress goes on behind them. */
void mt_tls_turns_gap(struct mt_tls_turns *t, enum mt_role from, bool in_record,
                      int64_t ts_ns);

/* Nothing more will come: finish the turn in progress. error: why, for a turn
 * without an answer. */
void mt_tls_turns_end(struct mt_tls_turns *t, enum mt_error error,
                      int64_t ts_ns);

/* A turn is in progress that has no answer yet. */
bool mt_tls_turns_waiting(const struct mt_tls_turns *t);

#endif
