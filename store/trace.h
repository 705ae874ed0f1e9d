/**
 * trace.h - the exchanges of one trace as a tree, around one of them.
 *
 * Made by mt_query_trace() (query.h). Parents are those that span ids name;
 * where none is named, the exchange whose server is the caller and during
 * which the call began: that is inferred, and marked. Ids and times are the
 * wire's: the same id twice, circles, parents that were never seen and hosts
 * whose clocks differ are all told, and end nothing.
 *
 *     struct mt_trace t;
 *     rc = mt_query_trace(s, x, &t);
 *     for (size_t i = 0; i < t.count; i++)
 *         mt_trace_put_line(&b, &t, i, columns);
 *     mt_trace_put_notes(&b, &t);
 *     mt_trace_free(&t);
 *
 * Bounded: MT_TRACE_READ_MAX exchanges are put in order, MT_TRACE_SHOWN_MAX of
 * them are kept: those nearest to the one asked about. The rest is counted.
 */
#ifndef MT_STORE_TRACE_H
#define MT_STORE_TRACE_H

#include "base/buf.h"
#include "decode/exchange.h"

enum {
    MT_TRACE_READ_MAX = 16384,
    MT_TRACE_SHOWN_MAX = 48,
    MT_TRACE_DEPTH_MAX = 60,
    MT_TRACE_NAME_BYTES = 48,
    MT_TRACE_PATH_BYTES = 80,
};

/* What joins the exchanges. */
enum mt_trace_key { MT_TRACE_NO_KEY, MT_TRACE_ID, MT_TRACE_REQUEST_ID };

/* Why a span stands where it does. */
enum mt_trace_link {
    MT_TRACE_ROOT,    /* it names no parent, and none was found */
    MT_TRACE_BY_SPAN, /* the span that it names */
    MT_TRACE_BY_TIME, /* inferred: called by that service in that time */
    MT_TRACE_LOST,    /* it names a parent that was not seen */
    MT_TRACE_CYCLE,   /* it would be its own ancestor */
};

struct mt_trace_span {
    uint64_t id; /* of the exchange */
    int64_t start_ns, end_ns;
    int64_t latency_ns; /* -1: no response */
    struct mt_addr client_addr, server_addr;
    uint8_t span_id[8], parent_id[8]; /* zero: none */
    uint8_t protocol, outcome, error, observer;
    uint16_t status;
    int16_t grpc_status;
    uint32_t attempt;
    char client[MT_TRACE_NAME_BYTES], server[MT_TRACE_NAME_BYTES];
    char method[MT_TRACE_NAME_BYTES / 2], path[MT_TRACE_PATH_BYTES];

    /* where it stands */
    uint8_t link; /* enum mt_trace_link */
    bool here;    /* the one asked about */
    bool early;   /* begins before its parent: their clocks differ */
    uint8_t depth;
    uint64_t last;   /* bit n: its ancestor of depth n is the last of its kin */
    uint32_t hidden; /* of its own calls: not among the spans kept */
    uint32_t parent; /* private */
};

struct mt_trace {
    struct mt_trace_span *spans; /* in the order of the tree */
    size_t count;
    uint64_t seen;          /* exchanges of the trace, shown or not */
    uint64_t copies;        /* left out: seen better elsewhere */
    int64_t from_ns, to_ns; /* the time that bars share: of the spans kept */
    uint8_t key;            /* enum mt_trace_key */
    bool complete;          /* all that the database holds was searched */
    int64_t searched_ns[2]; /* else: this time was; equal: none */
};

void mt_trace_free(struct mt_trace *t);

/* Fill a span with what an exchange tells. */
void mt_trace_span_of(struct mt_trace_span *span, const struct mt_exchange *x);

/**
 * Make a tree of t->spans, whose order and private fields may be anything, and
 * keep those nearest to the exchange `here`. 0 or -ENOMEM: then it holds none.
 */
int mt_trace_arrange(struct mt_trace *t, uint64_t here);

/* "▸├~cart POST /cart/{id}   ████    41ms  503", `columns` wide at most; no
 * line end. Texts from the wire are escaped. */
void mt_trace_put_line(struct mt_buf *b, const struct mt_trace *t, size_t i,
                       size_t columns);

/* What the lines leave to say, one sentence a line; may be nothing. */
void mt_trace_put_notes(struct mt_buf *b, const struct mt_trace *t);

#endif
