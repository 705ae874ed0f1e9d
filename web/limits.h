/* limits.h - what one server takes at most: nothing here grows unseen. */
#ifndef MT_WEB_LIMITS_H
#define MT_WEB_LIMITS_H

#include <stdint.h>

enum {
    MT_WEB_CONNS_MAX = 512,        /* the longest idle one gives way */
    MT_WEB_CONNS_SLACK = 64,       /* accepted before one has given way */
    MT_WEB_CONN_BYTES = 32 << 10,  /* of each: its head and its answer's */
    MT_WEB_TARGET_BYTES = 8 << 10, /* path and query; longer: 414 */
    MT_WEB_STREAMS_MAX = 128,
    MT_WEB_BACKLOG_BYTES = 256 << 10, /* of a stream */
    MT_WEB_RESUME_ROWS = 100000,      /* that a stream goes back at most */
    MT_WEB_QUERIES_MAX = 64,          /* waiting */
    MT_WEB_THREADS = 2,               /* that ask the database */
    MT_WEB_CACHE_KIB = 8 << 10,       /* of pages, of each of them */
    MT_WEB_ANSWER_BYTES = 64 << 20,   /* of one answer */
    MT_WEB_ROWS_MAX = 10000,
    MT_WEB_EXCHANGES_MAX = 1000,
    MT_WEB_IDLE_S = 30, /* without a byte either way; of a stream the double */
};

#define MT_WEB_QUERY_NS INT64_C(2000000000) /* one answer's questions */
#define MT_WEB_HEAD_NS INT64_C(10000000000) /* a request's head, or none */
#define MT_WEB_SEND_NS INT64_C(60000000000) /* an answer is taken */
#define MT_WEB_HEARTBEAT_NS INT64_C(10000000000)

#endif
