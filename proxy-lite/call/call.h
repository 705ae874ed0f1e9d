/**
 * call.h - one request, from a client's stream to a service's and back.
 *
 * Named steps, in their order:
 *
 *     ROUTING     its head came: which route, which service, which endpoint
 *     QUEUED      the service has no connection to spare
 *     CONNECTING  a connection to the endpoint is made
 *     SENDING     the request goes out
 *     WAITING     all of it went; the response's head is waited for
 *     RESPONDING  the response goes back
 *     BACKING_OFF between two tries
 *     DONE        its row is written, its memory given back
 *
 * Whoever ends it in whichever step, there is one row that says so (the table
 * in ARCHITECTURE.md, "Ends of a request"). A try that fails is decided on by
 * policy/retry.h; what is kept of the request for it is bounded by
 * MT_RETRY_BODY_MAX.
 *
 * Sans-IO: connections, time, randomness and rows are the host's.
 */
#ifndef MT_PROXY_LITE_CALL_CALL_H
#define MT_PROXY_LITE_CALL_CALL_H

#include "proxy-lite/call/mesh.h"
#include "proxy-lite/call/side.h"
#include "proxy-lite/call/wheel.h"
#include "proxy-lite/http/forward.h"
#include "proxy-lite/policy/retry.h"
#include "proxy-lite/policy/split.h"

#define MT_CALL_STEPS(X)                   \
    X(ROUTING, "routing")                  \
    X(QUEUED, "waiting for a connection")  \
    X(CONNECTING, "connecting")            \
    X(SENDING, "sending the request")      \
    X(WAITING, "waiting for the response") \
    X(RESPONDING, "responding")            \
    X(BACKING_OFF, "between two tries")    \
    X(DONE, "done")

enum mt_call_step {
#define X(name, text) MT_CALL_##name,
    MT_CALL_STEPS(X)
#undef X
};

struct mt_call;

/* A call that waits for a connection; whoever makes it keeps a list. */
struct mt_call_wait {
    struct mt_call *call;
    struct mt_call_wait *next, *prev;
    bool tcp; /* for bytes as they are */
    void *on; /* the host's: the connection */
};

/* What a call is in: one thread of the proxy. */
struct mt_call_host {
    void *arg;
    struct mt_regex_scratch *scratch;
    struct mt_random random;
    struct mt_wheel wheel;
    struct mt_pool *pool;
    uint32_t number;   /* of the thread, below 256 */
    uint64_t requests; /* so far */
    int64_t now_ns;    /* monotonic */
    int64_t wall_ns;   /* what to add to it for Unix time */
    struct mt_call *first_open, *last_open; /* all; those to be told first */
    struct mt_call *first_queued, *last_queued;
    struct mt_deadline look; /* whether a connection is free for them */
    bool still_queued;       /* the call that looked has to wait on */

    /* A connection to the endpoint that takes another request; NULL: there is
     * none. h2: by HTTP/2. */
    struct mt_side *(*take)(void *arg, struct mt_mesh *mesh, struct mt_place to,
                            bool h2);
    /* Wait for one: mt_call_connected() or mt_call_not_connected() follows,
     * later. False: it cannot even be tried; *full: for the service has as many
     * connections as it may, and all of them are in use. */
    bool (*connect)(void *arg, struct mt_call_wait *wait, struct mt_mesh *mesh,
                    struct mt_place to, bool h2, bool *full);
    void (*cancel)(void *arg, struct mt_call_wait *wait);
    void (*row)(void *arg, const struct mt_exchange *x);
    /* One that goes on: mt_call_tell_open(). */
    void (*open)(void *arg, const struct mt_exchange *x);
};

/* Where a request came in, and the mesh that decides on it. */
struct mt_call_listener {
    struct mt_mesh *mesh;
    uint32_t index; /* in its policy */
};

/* A request has begun on a client's side: mt_side_owner.request. */
void mt_call_request(struct mt_call_host *host, struct mt_stream *down,
                     struct mt_head *head, bool end,
                     const struct mt_call_listener *at);

/* A connection whose bytes are passed on as they are, to the `tcp` service of
 * its listener. down is a struct mt_tcp_side's. */
void mt_call_tcp(struct mt_call_host *host, struct mt_stream *down,
                 const struct mt_call_listener *at);

/* No request could be read: mt_side_owner.refused. It is answered and has its
 * row. */
void mt_call_refused(struct mt_call_host *host, struct mt_stream *down,
                     struct mt_head *head, const struct mt_http1_refusal *why,
                     const struct mt_call_listener *at);

/* side->takes is true. */
void mt_call_connected(struct mt_call *c, struct mt_side *side);

/**
 * Tell host->open of the calls that have been open for more than a second, each
 * at most once a second, as far as it has come: to be called once a second. At
 * most MT_CALL_TOLD_MAX are told at a time; where there are more each has its
 * turn. Texts are clipped to MT_CALL_TOLD_TEXT_MAX.
 */
enum { MT_CALL_TOLD_MAX = 1024, MT_CALL_TOLD_TEXT_MAX = 256 };
void mt_call_tell_open(struct mt_call_host *host);

/* timed_out: the connect time-out; else refused or unreachable. */
void mt_call_not_connected(struct mt_call *c, bool timed_out);

#endif
