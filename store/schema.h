/**
 * schema.h - the tables of a database, their version, and the filter's view.
 *
 *     exchange    one narrow row each; `shape` and `conn` hold what repeats
 *     shape       one row a tuple of every field of low cardinality
 *     conn        addresses and TLS of a connection
 *     batch       one row a transaction: ids first .. first + n - 1, and time
 *     trace       trace, span and parent ids
 *     packets     references to an exchange's packets
 *     source      the files that they are in
 *     service     and service_name: who; edge: client, server, protocol, kind,
 *                 observer; route: edge, method, template, endpoint
 *     edge_cell   and route_cell: rollups by (level seconds, t, key)
 *     fold        how far the coarser levels are folded; kept: from when on a
 *                 level has all its cells
 *     loss        totals of losses; loss_time: when and where they grew
 *     proxy_endpoint and proxy_budget: what a proxy's breakers and budgets are
 *                 at, newest state alone (proxy_state.h)
 *     open_exchange, writer, meta
 *
 * The view `exchanges` gives rows their full names, for people with sqlite3
 * and for filters (filter.h):
 *
 *   never NULL    id protocol kind observer outcome error_type half hpack
 *                 ended_by ended_in quality anomalies conn stream attempt
 * end_ns req_header_bytes req_body_bytes resp_header_bytes resp_body_bytes
 * req_messages resp_messages req_gap_bytes resp_gap_bytes dup_packets
 *                 req_retransmissions resp_retransmissions
 *                 client_service_id server_service_id
 *   NULL if none  req_start_ns duration_ns ttfb_ns latency_ns method scheme
 *                 authority path query route operation status grpc_status
 *                 client_service server_service client_ip client_addr
 *                 client_port server_ip server_addr server_port user_agent
 *                 request_id error_message req_content_type
 *                 resp_content_type trace_id span_id parent_id retry_of
 *                 endpoint why_not_retried tls_version sni alpn
 *                 rule connect_ns endpoints endpoints_out budget_used
 *                 budget_allowed grpc_timeout_ns hop_of
 *
 * Enumerations are texts of exchange.h ("http/1.1", "client_error"), so is
 * error_type ('' none). quality and anomalies are bits. client_ip is text for
 * people; client_addr is the address in a form whose order is that of
 * addresses: an integer for IPv4, a blob of 16 bytes for IPv6, so that
 * `client_addr BETWEEN ? AND ?` is a CIDR match. trace_id, span_id, parent_id
 * are blobs.
 */
#ifndef MT_STORE_SCHEMA_H
#define MT_STORE_SCHEMA_H

struct sqlite3;

enum {
    MT_SCHEMA_APPLICATION_ID = 0x6d746f70, /* "mtop" */
    MT_SCHEMA_VERSION = 4,
};

/**
 * Is this a database of ours that this program can use?
 * Returns its version, 0 if it is empty, or a code of mt_store_rc.
 */
int mt_schema_check(struct sqlite3 *db);

/**
 * Make the tables of an empty database, or migrate an older one, in one
 * transaction. Returns 0 or a code of mt_store_rc.
 */
int mt_schema_apply(struct sqlite3 *db);

#endif
