/**
 * answer.h - one question of the API, and what is answered.
 *
 *     struct mt_web_reply reply;
 *     mt_web_answer(&site, store, &asked, &reply);
 *     send(reply.status, reply.type, reply.body.ptr, reply.body.len);
 *
 * No HTTP in here: a route's function asks the store and writes members of one
 * object; what goes wrong becomes a problem. Each answer says what was asked,
 * what it stands on, and the command line that gives the same rows.
 */
#ifndef MT_WEB_ANSWER_H
#define MT_WEB_ANSWER_H

#include "store/query.h"
#include "web/body.h"
#include "web/json.h"
#include "web/params.h"
#include "web/problem.h"
#include "web/site.h"

struct mt_web_reply {
    unsigned status;
    const char *type;        /* Content-Type */
    struct mt_web_body body; /* body.ptr is the caller's, of free() */
};

/* Exchanges that were listed: each once, ascending, up to a bound; others are
 * left out of the list. */
struct mt_web_ids {
    uint64_t *list;
    size_t count, max;
};

/* A question while it is answered. */
struct mt_web_question {
    const struct mt_web_site *site;
    struct mt_store *store;
    const struct mt_web_params *params;
    struct mt_span id; /* of a path such as exchange/{id} */
    struct mt_ask ask; /* window and filter */
    struct mt_filter *filter;
    int64_t now_ns;
    bool live;
    bool openmetrics;       /* of /metrics */
    struct mt_web_ids *ids; /* listed exchanges are noted here; NULL: not */
    const char *type; /* of the answer: JSON, unless the function says other */
    struct mt_out *out;
    struct mt_web_problem problem;
};

/* Writes the answer. 0, -1 with q->problem set, or a code of mt_store_rc. */
typedef int mt_web_function(struct mt_web_question *q);

struct mt_web_route {
    const char *path;      /* behind /api/v1/; "{id}" stands for one segment */
    const char *operation; /* its name in openapi.json */
    uint32_t params;       /* that it takes: MT_WEB_BIT */
    bool windowed;         /* it has a window and a filter */
    mt_web_function *answer; /* NULL: a stream */
};

extern const struct mt_web_route mt_web_routes[];
extern const size_t mt_web_routes_count;

/* By what stands behind /api/v1/; NULL: there is none. *id: the segment. */
const struct mt_web_route *mt_web_route_find(struct mt_span path,
                                             struct mt_span *id);

struct mt_web_asked {
    const struct mt_web_route *route;
    const struct mt_web_params *params;
    struct mt_span id;
    bool openmetrics;       /* of the metrics: in this format */
    struct mt_web_ids *ids; /* of exchanges: which were listed; NULL: not */
};

/* The problem of a reply whose status is not 200 goes into *why, unless it is
 * NULL. */
void mt_web_answer(const struct mt_web_site *site, struct mt_store *s,
                   const struct mt_web_asked *asked, struct mt_web_reply *reply,
                   struct mt_web_problem *why);

/* Beside the API. */
extern const struct mt_web_route mt_web_metrics, mt_web_readyz;

/* A problem as a reply; without memory an empty one. */
void mt_web_reply_problem(struct mt_web_reply *reply,
                          const struct mt_web_problem *p);

/* What a code of the store means to who asked. */
void mt_web_problem_of_store(struct mt_web_problem *p, int rc);

/* The filter of the parameters, NULL where there is none. 0 or -1. */
int mt_web_filter(const struct mt_web_site *site,
                  const struct mt_web_params *params, int64_t now_ns,
                  struct mt_filter **filter, struct mt_web_problem *why);

/* What passes the filter and the term; either may be empty. */
void mt_web_put_both(struct mt_buf *b, struct mt_span filter,
                     struct mt_span term);

/* ---- for the functions of routes ---- */

/* {"command":...,"asked":...,"now_ns":...,"live":... and, unless c is NULL,
 * "coverage":...; the object goes on. */
void mt_web_begin(struct mt_web_question *q, const char *command,
                  const struct mt_coverage *c);

enum { MT_WEB_COMMAND_BYTES = 16384 };

/* What a command line needs beside its verb. */
struct mt_web_command {
    const char *verb;
    const char *options;  /* " --by endpoint"; NULL: none */
    uint64_t limit;       /* -n; 0 none */
    const char *and_also; /* a further term of the filter; NULL: none */
    bool windowless;      /* neither window nor filter */
    bool databases_only;  /* of captures there is no such command */
};

/* "meshtop stat -d mesh.db --last 5m -o json 'proto=grpc'", ends in NUL. */
void mt_web_command_put(const struct mt_web_question *q,
                        const struct mt_web_command *c,
                        char text[MT_WEB_COMMAND_BYTES]);

mt_web_function mt_web_index, mt_web_summary, mt_web_series, mt_web_services,
    mt_web_routes_table, mt_web_edges, mt_web_policy, mt_web_changes,
    mt_web_exchanges, mt_web_exchange, mt_web_trace, mt_web_captures,
    mt_web_open_requests, mt_web_filter_help, mt_web_columns, mt_web_openapi,
    mt_web_write_metrics, mt_web_ready;

/* "losses": of all writers, a row a kind. 0 or a code. */
int mt_web_put_losses(struct mt_web_question *q);

/* "lost": moments of the window, newest first. 0 or a code. */
int mt_web_put_lost(struct mt_web_question *q, const struct mt_lost_scan *scan,
                    uint64_t least_id);

#endif
