/* Requests for which their service has no connection to spare.
 *
 * Connections are counted for all threads together, so that one may come free
 * without this thread's doing: they are looked for now and then. First come,
 * first served, in each service. */
#include "proxy-lite/call/call_impl.h"

#define LOOK_NS INT64_C(5000000)

/* The first of each service tries; where it has to stay, the others have to,
 * too. */
static void look(void *arg)
{
    struct mt_call_host *host = arg;
    uint64_t full[MT_POLICY_SERVICES_MAX / 64] = {0};
    struct mt_call *next;
    for (struct mt_call *c = host->first_queued; c != NULL; c = next) {
        uint32_t service = c->service->index;
        uint64_t bit = UINT64_C(1) << service % 64;
        next = c->next_queued;
        if ((full[service / 64] & bit) != 0)
            continue;
        host->still_queued = false;
        mt_call_begin_try(c);
        full[service / 64] |= host->still_queued ? bit : 0;
    }
    if (host->first_queued != NULL)
        mt_deadline_set(&host->wheel, &host->look, host->now_ns + LOOK_NS);
}

void mt_call_queue(struct mt_call *c)
{
    struct mt_call_host *host = c->host;
    host->still_queued = true;
    if (c->step == MT_CALL_QUEUED)
        return; /* it is where it was */
    c->next_queued = NULL;
    c->prev_queued = host->last_queued;
    if (host->last_queued != NULL)
        host->last_queued->next_queued = c;
    else
        host->first_queued = c;
    host->last_queued = c;
    c->queued_ns = host->now_ns;
    mt_call_step(c, MT_CALL_QUEUED);
    if (!mt_deadline_is_set(&host->look)) {
        host->look = (struct mt_deadline){.met = look, .arg = host};
        mt_deadline_set(&host->wheel, &host->look, host->now_ns + LOOK_NS);
    }
}

void mt_call_unqueue(struct mt_call *c)
{
    struct mt_call_host *host = c->host;
    if (c->step != MT_CALL_QUEUED)
        return;
    if (c->prev_queued != NULL)
        c->prev_queued->next_queued = c->next_queued;
    else
        host->first_queued = c->next_queued;
    if (c->next_queued != NULL)
        c->next_queued->prev_queued = c->prev_queued;
    else
        host->last_queued = c->prev_queued;
    c->step = MT_CALL_BACKING_OFF; /* there is nothing to cancel */
    if (host->first_queued == NULL)
        mt_deadline_clear(&host->look);
}

void mt_call_look_at_queue(struct mt_call_host *host)
{
    if (host->first_queued != NULL)
        mt_deadline_set(&host->wheel, &host->look, host->now_ns);
}
