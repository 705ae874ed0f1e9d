/* call_impl.h - private to call/: what a request that runs is made of. */
#ifndef MT_PROXY_LITE_CALL_CALL_IMPL_H
#define MT_PROXY_LITE_CALL_CALL_IMPL_H

#include "base/base64.h"
#include "proxy-lite/call/call.h"

enum {
    MT_CALL_TRIES_MAX = 12, /* rows of tries; a policy has fewer */
    MT_CALL_KEPT_MAX = MT_RETRY_BODY_MAX,
    MT_CALL_INTERIM_MAX = 256, /* 1xx of one request */
};

/* One try, for its row. */
struct mt_call_try {
    int64_t start_ns, head_ns, end_ns; /* head_ns: 0 without a response */
    uint32_t endpoint;
    uint16_t status;
    int16_t grpc_status;
    uint8_t error;      /* enum mt_error */
    uint8_t phase;      /* enum mt_call_step in which it ended so */
    int64_t connect_ns; /* that making a connection took; 0: it was there */
};

/* How messages of gRPC are sent, if such are: five bytes before each, a flag
 * and its length. gRPC-Web has its trailers in the last one, and may have all
 * of it in base64. */
enum mt_call_form { MT_CALL_NO_MESSAGES, MT_CALL_BINARY, MT_CALL_TEXT };

/* Those of one direction. */
struct mt_call_messages {
    uint32_t count;
    uint32_t left; /* of the one that is open */
    struct mt_base64 text;
    uint8_t form; /* enum mt_call_form */
    uint8_t prefix[5], have;
    uint8_t matched; /* of "grpc-status:", in this line of the trailers */
    int16_t status;  /* that they tell; MT_GRPC_STATUS_NONE */
};

struct mt_call {
    struct mt_call_host *host;
    struct mt_mesh *mesh; /* held */
    struct mt_stream *down;
    struct mt_stream *up; /* of this try; NULL: not yet, or no more */
    uint64_t number;      /* unique in the proxy's run: joins its tries */
    uint8_t step;
    uint8_t phase;              /* the step, but between a try's end and what is
                                   decided on it the one that it ended in */
    uint8_t ended_by, ended_in; /* of its row: mt_call_blame() */
    struct mt_call_wait wait;   /* while CONNECTING */

    /* the request */
    struct mt_head *request;
    struct mt_span authority, path; /* that its client asked for; the head's are
                                       what its route makes of them */
    const struct mt_head *trailers; /* once it is whole */
    uint32_t listener;
    bool grpc, no_body, ended;
    bool connect;         /* its method: there is nothing of it but a tunnel */
    bool h2;              /* the service is asked by HTTP/2 */
    bool tcp;             /* bytes both ways, from the beginning */
    bool service_ended;   /* of a tunnel: before the client did */
    bool tunnel;          /* bytes both ways, after 101 or CONNECT */
    bool tunnel_up_ended; /* the client sends no more of them */
    struct mt_outq kept;  /* its body, for a connection that is to come */
    uint64_t body_bytes;  /* received */
    bool kept_whole;      /* kept is all that was received */

    /* where it goes */
    const struct mt_policy_entry *entry;
    const struct mt_policy_route *route;
    const struct mt_policy_service *service;
    struct mt_split_choice choice;
    struct mt_pick pick;
    /* to be given back: the pick, two limits */
    bool picked, counted, pending;
    struct mt_call *next_queued, *prev_queued;
    int64_t queued_ns;

    /* tries */
    struct mt_call_try tries[MT_CALL_TRIES_MAX];
    uint32_t tries_count;
    uint32_t retries, free_retries, refused;
    uint32_t avoid;
    uint8_t why_not;              /* enum mt_retry_why */
    struct mt_budget_told budget; /* when that was decided */

    /* the response */
    uint16_t status;
    int16_t grpc_status;
    uint16_t interim; /* 1xx so far */
    bool response_started, response_ended;
    struct mt_head *held; /* its head, until it is known how it ends */
    uint8_t protocol;     /* what it turned out to be; 0: the connection's */
    struct mt_call_messages asked, answered;
    uint64_t response_header_bytes, response_bytes;
    const char *reason; /* of an answer of the proxy's own; static */

    struct mt_deadline deadline;
    int64_t begin_ns, request_end_ns, head_ns, active_ns;
    int64_t grpc_by_ns; /* its grpc-timeout, of a request to gRPC; 0: none */
    uint8_t error;      /* enum mt_error */

    /* all calls of the host, by when they are to be told */
    struct mt_call *next_open, *prev_open;
    int64_t tell_ns;
};

/* ---- call.c ---- */

/* NULL: no memory. Who listens to the stream is the caller's to set. */
struct mt_call *mt_call_new(struct mt_call_host *host, struct mt_stream *down,
                            struct mt_head *head,
                            const struct mt_call_listener *at);

extern const struct mt_stream_events mt_call_down_events;

/* Who ends it, in the phase that it is in: the first one called counts. */
void mt_call_blame(struct mt_call *c, enum mt_ended_by who);

/* The next step; what may be too late in it is armed. */
void mt_call_step(struct mt_call *c, enum mt_call_step to);

/* Its deadline in this step, anew. */
void mt_call_arm(struct mt_call *c);
void mt_call_set_deadline(struct mt_call *c, int64_t at_ns);

/* When the response's head has to be there: counted from the request's end, so
 * that an upload is not cut for its length, or what gRPC's client says.
 * INT64_MAX: not yet known. */
int64_t mt_call_answer_by_ns(const struct mt_call *c);

/* Let go of the service's stream, or of the connection that is being made. */
void mt_call_leave_up(struct mt_call *c);

/* Write its rows and give everything back. */
void mt_call_finish(struct mt_call *c);

/* Answer for the service, as mt_call_answer(), and end. */
void mt_call_end_with(struct mt_call *c, unsigned status, const char *reason,
                      const char *sentence);

/* One direction of a tunnel has ended; both: it is over. */
void mt_call_end_tunnel(struct mt_call *c);

struct mt_service_state *mt_call_shared(const struct mt_call *c);

/* False: the endpoint's name was never found. */
bool mt_call_has_address(const struct mt_call *c, uint32_t endpoint);

/* ---- call_try.c ---- */

/* Its service, head and route are known: choose an endpoint and go. */
void mt_call_begin_try(struct mt_call *c);

/* May there be another try? Then its body is kept, up to MT_CALL_KEPT_MAX, as
 * even without a policy HTTP/2 may say that nobody has worked on it. */
bool mt_call_keeps(const struct mt_call *c);
/* To the service: what is kept of the request's body. */
void mt_call_send_kept(struct mt_call *c);

/* The try is over: what it says of its endpoint. */
void mt_call_end_try(struct mt_call *c, enum mt_breaker_outcome outcome,
                     enum mt_error error, int64_t hint_ns);

/* Again, or not: the one place where it is decided. True: the next try is
 * under way. */
bool mt_call_decide(struct mt_call *c, const struct mt_try *last,
                    enum mt_error error);

/* It has its connection, or needs none any more. */
void mt_call_give_pending(struct mt_call *c);

/* A try has failed with nothing of a response: again, or an answer. */
void mt_call_fail_try(struct mt_call *c, enum mt_try_end end,
                      enum mt_error error);

/* Its deadline is met. */
void mt_call_late(void *call);

/* Index of the budget that it counts for: of a route without retries the whole
 * process's. */
uint32_t mt_call_budget(const struct mt_call *c);

/* ---- call_tcp.c ---- */

/* Both connections are there. */
void mt_call_join_tcp(struct mt_call *c);

/* ---- call_grpc.c ---- */

/**
 * An error of a gRPC service comes last, in its trailers: where that may be
 * tried again the response's head waits for what follows it, be it a message
 * or the end (but 100 ms at most, for a stream that begins with silence).
 * True: it waits; c->held is a copy.
 */
bool mt_call_hold(struct mt_call *c, const struct mt_head *h, bool end);

/* c->held is not wanted any more. */
void mt_call_drop_held(struct mt_call *c);

enum { MT_CALL_HOLD_NS = 100000000 };

/* The form of content of this type, for whoever asked by gRPC or not. */
enum mt_call_form mt_call_form_of(const struct mt_call *c, struct mt_span type);

/* Counts them, and reads the trailers of gRPC-Web. */
void mt_call_read_messages(struct mt_call_messages *m, struct mt_span bytes);

/* ---- call_open.c ---- */

/* It has begun; it has ended. */
void mt_call_enlist(struct mt_call *c);
void mt_call_delist(struct mt_call *c);

/* ---- call_queue.c ---- */

/* No connection is free: it waits for one, until its time is over. */
void mt_call_queue(struct mt_call *c);

/* It waits no more, if it did: BACKING_OFF. */
void mt_call_unqueue(struct mt_call *c);

/* A connection may have come free. */
void mt_call_look_at_queue(struct mt_call_host *host);

/* ---- call_response.c ---- */

/* The held head goes on its way. False: the call is over. */
bool mt_call_release(struct mt_call *c);

extern const struct mt_stream_events mt_call_up_events;

/* ---- call_route.c ---- */

/* Its head came: it is answered at once, or its first try begins. */
void mt_call_route(struct mt_call *c);

/* False: no room. */
bool mt_call_edit(struct mt_head *h, const struct mt_policy_edits *e);

/* ---- call_answer.c ---- */

/**
 * Answer for the service: a status, why in one word (x-meshtop-reason, and
 * the row), in a sentence (the body). To gRPC the same as a status of its own.
 * Nothing of a response has been sent.
 */
void mt_call_answer(struct mt_call *c, unsigned status, const char *reason,
                    const char *sentence);

bool mt_call_is_head(const struct mt_head *request);

/* An answer of the proxy's own. Texts are borrowed. */
struct mt_call_said {
    unsigned status;
    bool grpc;               /* said as a gRPC status */
    bool no_body;            /* the answer to HEAD has none */
    const char *reason;      /* one word */
    const char *sentence;    /* the body; "" for none */
    struct mt_span location; /* of a redirect; else empty */
};

/* Send it, to a stream that may have no call. */
void mt_call_say(struct mt_pool *pool, struct mt_stream *down,
                 const struct mt_call_said *said);

/* ---- call_row.c ---- */

/* The row of the request, and of its tries where there are several. */
void mt_call_write_rows(struct mt_call *c);

/* What there is of its row while it goes on. Texts are borrowed. */
void mt_call_open_row(const struct mt_call *c, struct mt_exchange *x);

#endif
