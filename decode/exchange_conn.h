/**
 * exchange_conn.h - what a connection tells beside its exchanges.
 *
 * A report says what happened on one connection since the report before it:
 * sums of all reports are the connection's own. The first comes with its
 * first second or its end, whichever is first; then one a second at most.
 *
 * A plain value. Arrays are by role: [MT_CLIENT] is what the client sent.
 */
#ifndef MT_DECODE_EXCHANGE_CONN_H
#define MT_DECODE_EXCHANGE_CONN_H

#include "decode/exchange.h"

struct mt_conn_report {
    uint64_t conn;        /* as mt_exchange.conn */
    int64_t ts_ns;        /* when, by the packets' clock */
    bool opened;          /* the first report of the connection */
    bool closed;          /* the last one */
    int64_t handshake_ns; /* SYN to the ACK of SYN-ACK; 0 not seen, or told */
    uint32_t retransmissions[2];
    uint32_t zero_windows[2];
};

#endif
