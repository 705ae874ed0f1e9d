/* Calls that go on: while they are open who looks at the database is to see
 * them.
 *
 * All calls of a thread stand in one list. One that begins is appended, to be
 * told in a second, and so is one that was told: the list is in the order of
 * what is due, and a call that ends within a second costs its two links. */
#include "proxy-lite/call/call_impl.h"

#define SECOND_NS INT64_C(1000000000)

void mt_call_enlist(struct mt_call *c)
{
    struct mt_call_host *host = c->host;
    c->tell_ns = host->now_ns + SECOND_NS;
    c->next_open = NULL;
    c->prev_open = host->last_open;
    if (host->last_open != NULL)
        host->last_open->next_open = c;
    else
        host->first_open = c;
    host->last_open = c;
}

void mt_call_delist(struct mt_call *c)
{
    struct mt_call_host *host = c->host;
    if (c->prev_open != NULL)
        c->prev_open->next_open = c->next_open;
    else
        host->first_open = c->next_open;
    if (c->next_open != NULL)
        c->next_open->prev_open = c->prev_open;
    else
        host->last_open = c->prev_open;
}

static struct mt_span clipped(struct mt_span s)
{
    if (s.len > MT_CALL_TOLD_TEXT_MAX)
        s.len = MT_CALL_TOLD_TEXT_MAX;
    return s;
}

/* What is kept of one that is open, and no more: a thousand of them have room
 * in a ring. */
static void tell(const struct mt_call *c)
{
    struct mt_exchange x;
    mt_call_open_row(c, &x);
    x.method = clipped(x.method);
    x.authority = clipped(x.authority);
    x.path = clipped(x.path);
    x.req.content_type.len = x.user_agent.len = x.request_id.len = 0;
    c->host->open(c->host->arg, &x);
}

void mt_call_tell_open(struct mt_call_host *host)
{
    for (unsigned n = 0; n < MT_CALL_TOLD_MAX; n++) {
        struct mt_call *c = host->first_open;
        if (c == NULL || c->tell_ns > host->now_ns)
            return;
        tell(c);
        mt_call_delist(c);
        mt_call_enlist(c);
    }
}
