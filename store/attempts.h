/**
 * attempts.h - the attempts of a request that a proxy made.
 *
 * A request that was tried more than once has a row of its own and one a try
 * (docs/observers.md). What joins them is mt_exchange.retry_of, a number of
 * the proxy's that all of them carry: ids are given when rows are written, and
 * tries are written before their request. Made by mt_query_attempts().
 */
#ifndef MT_STORE_ATTEMPTS_H
#define MT_STORE_ATTEMPTS_H

#include "base/buf.h"
#include "decode/exchange.h"

enum { MT_ATTEMPTS_MAX = 32, MT_ATTEMPT_ENDPOINT_BYTES = 64 };

struct mt_attempt {
    uint64_t id;        /* of its exchange */
    uint32_t attempt;   /* from 1 */
    int64_t start_ns;   /* Unix time */
    int64_t lasted_ns;  /* to its end, answered or not */
    int64_t connect_ns; /* of that, making a connection; 0: one was there */
    uint8_t outcome, error;
    uint16_t status;
    int16_t grpc_status;
    bool responded; /* a response had begun */
    bool here;      /* the one asked about */
    char endpoint[MT_ATTEMPT_ENDPOINT_BYTES];
};

struct mt_attempts {
    struct mt_attempt list[MT_ATTEMPTS_MAX]; /* in order */
    size_t count;
    uint64_t seen;      /* also those beyond the list */
    uint64_t request;   /* id of the request's row; 0: not there */
    int64_t request_ns; /* when that began; else the first attempt */
    bool complete;      /* else the time for looking was up */
};

/* "1  +0.2ms  10.0.0.5:8080   12ms  reset by server, before headers; again",
 * `columns` wide at most; no line end. Texts are escaped. */
void mt_attempts_put_line(struct mt_buf *b, const struct mt_attempts *a,
                          size_t i, size_t columns);

/* What the lines leave to say, one sentence a line; may be nothing. */
void mt_attempts_put_notes(struct mt_buf *b, const struct mt_attempts *a);

#endif
