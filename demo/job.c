#include "demo/job.h"

#include <math.h>

enum { LATENCY_MOST = 20, NUMBERS = 9000 };

static const double pi = 3.14159265358979323846;
static const double sigma = 0.45; /* p95 is twice the median */

/* 0 < x <= 1 */
static double positive(struct mt_random *random)
{
    return 1.0 - mt_random_unit(random);
}

uint64_t mt_demo_span(struct mt_random *random)
{
    uint64_t n = mt_random_next(random);
    return n != 0 ? n : 1;
}

int64_t mt_demo_latency_ns(struct mt_random *random, uint32_t median_us)
{
    /* Box and Muller, "A note on the generation of random normal deviates",
     * 1958 */
    double normal =
        sqrt(-2 * log(positive(random))) * cos(2 * pi * mt_random_unit(random));
    double times = exp(sigma * normal);
    return (int64_t)((times < LATENCY_MOST ? times : LATENCY_MOST) * 1000 *
                     median_us);
}

static bool is_hit(const struct mt_demo_fault *fault, struct mt_random *chance)
{
    return fault != NULL && fault->kind == MT_DEMO_FAIL &&
           mt_random_below(chance, 100) < fault->percent;
}

void mt_demo_job_begin(struct mt_demo_job *job, const struct mt_demo_ask *ask,
                       struct mt_random *chance)
{
    uint32_t number;
    const struct mt_demo_operation *o =
        mt_demo_operation_of(ask->service, ask->method, ask->path, &number);
    *job = (struct mt_demo_job){.operation = o,
                                .random = {ask->span},
                                .number = number,
                                .status = 200,
                                .whole = true};
    if (o == NULL) {
        job->status = 404;
        return;
    }
    job->think_ns = mt_demo_latency_ns(&job->random, o->median_us);
    job->body_bytes = o->body_bytes;
    if (is_hit(ask->fault, chance))
        job->status = ask->fault->status;
    else if (mt_random_below(&job->random, 100) < o->missing_percent)
        job->status = 404;
    if (ask->fault != NULL && ask->fault->kind == MT_DEMO_SLOW)
        job->think_ns += ask->fault->late_ms * INT64_C(1000000);
}

unsigned mt_demo_job_next(struct mt_demo_job *job,
                          struct mt_demo_call calls[MT_DEMO_CALLS_MAX])
{
    unsigned n = 0;
    if (job->operation == NULL || job->status != 200)
        return 0;
    job->stage++;
    for (unsigned i = 0; i < MT_DEMO_CALLS_MAX; i++)
        if (job->operation->calls[i].stage == job->stage)
            calls[n++] = job->operation->calls[i];
    return n;
}

void mt_demo_job_called(struct mt_demo_job *job,
                        const struct mt_demo_call *call, unsigned status)
{
    if (status >= 200 && status < 300)
        return;
    job->whole = false;
    if (call->optional || job->status >= 500)
        return;
    /* what is not there is not there; what fails, fails its caller */
    job->status = status == 404 ? 404 : 502;
}

/* ---- shoppers ---- */

int64_t mt_demo_pause_ns(struct mt_random *random, double per_second)
{
    return (int64_t)(-log(positive(random)) / per_second * 1e9);
}

const struct mt_demo_operation *mt_demo_wish(struct mt_random *random,
                                             uint32_t *number)
{
    uint32_t n = mt_random_below(random, 100);
    *number = 1000 + mt_random_below(random, NUMBERS);
    for (unsigned i = 0; i < MT_DEMO_OPERATION_COUNT; i++) {
        const struct mt_demo_operation *o = mt_demo_operation(i);
        if (n < o->share)
            return o;
        n -= o->share;
    }
    return mt_demo_operation(MT_DEMO_OP_HOME);
}
