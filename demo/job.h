/**
 * job.h - what a service of the demo does with one request. Sans-IO.
 *
 *     mt_demo_job_begin(&job, &ask, &random);   // fails at once, or thinks
 *     wait until now + job.think_ns
 *     n = mt_demo_job_next(&job, calls);        // the calls of its next stage
 *     each call: mt_demo_job_called(&job, &calls[i], status);
 *     n == 0: answer with job.status and job.body_bytes
 *
 * What is drawn by chance comes from the request's span, so that the same
 * shopper finds the same again: with the same seed the same products are
 * missing, whatever the machine does meanwhile. Which of the requests a fault
 * hits is drawn from the service's own randomness, for another try of the same
 * request is another request.
 */
#ifndef MT_DEMO_JOB_H
#define MT_DEMO_JOB_H

#include "demo/shop.h"
#include "demo/timetable.h"
#include "proxy-lite/policy/random.h"

/* What a request is, of all that it says. */
struct mt_demo_ask {
    unsigned service;
    struct mt_span method, path;
    uint64_t span;                     /* of its traceparent */
    const struct mt_demo_fault *fault; /* of the instance; NULL: none */
};

struct mt_demo_job {
    const struct mt_demo_operation *operation; /* NULL: there is none */
    struct mt_random random;                   /* of this request */
    uint32_t number;
    uint32_t body_bytes;
    int64_t think_ns;
    uint16_t status; /* as it stands */
    uint8_t stage;   /* the last one that was begun */
    bool whole;      /* nothing of what it asked for is missing */
};

void mt_demo_job_begin(struct mt_demo_job *job, const struct mt_demo_ask *ask,
                       struct mt_random *chance);

/* The calls of the next stage; 0: it is to be answered. */
unsigned mt_demo_job_next(struct mt_demo_job *job,
                          struct mt_demo_call calls[MT_DEMO_CALLS_MAX]);

/* What became of a call; status 0: no answer came. */
void mt_demo_job_called(struct mt_demo_job *job,
                        const struct mt_demo_call *call, unsigned status);

/* A span for a call, or a trace: never 0. */
uint64_t mt_demo_span(struct mt_random *random);

/* Log-normal, as latencies are: half of them below the median, few far above
 * it. At most 20 times the median. */
int64_t mt_demo_latency_ns(struct mt_random *random, uint32_t median_us);

/* ---- shoppers ---- */

/* How long until the next one asks: exponential, so that arrivals are
 * Poisson's. */
int64_t mt_demo_pause_ns(struct mt_random *random, double per_second);

/* What it asks for, and of which number. */
const struct mt_demo_operation *mt_demo_wish(struct mt_random *random,
                                             uint32_t *number);

#endif
