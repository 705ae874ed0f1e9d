#include "decode/http1_pair.h"

#include "decode/conn.h"
#include "decode/grpc.h"

/* A draft's word has its request's ordinal above the flags. */
enum { ORDINAL_SHIFT = 16 };

static bool has(const struct mt_draft *r, uint64_t bits)
{
    return (r->decoder_word & bits) == bits;
}

void mt_http1_finish(struct mt_draft *r, enum mt_error error, int64_t ts_ns)
{
    mt_grpc_classify(r);
    mt_draft_finish(r, error, ts_ns);
}

void mt_http1_finish_half(struct mt_draft *r, enum mt_error error,
                          int64_t ts_ns)
{
    if (r->x.resp.start_ns == 0)
        r->x.half = MT_HALF_REQUEST;
    mt_http1_finish(r, error, ts_ns);
}

/* Why a request stays alone. */
static enum mt_error loose_error(const struct mt_http1_pair *p,
                                 const struct mt_draft *r)
{
    int server = mt_conn_side(r->conn, MT_SERVER);
    bool seen = r->conn->seen[server] || r->conn->stats.packets[server] > 0;
    if (p->overflow && !seen)
        return MT_ERROR_ONE_SIDED;
    return p->overflow ? MT_ERROR_EVICTED : MT_ERROR_CAPTURE_GAP;
}

bool mt_http1_pair_settle(struct mt_http1_pair *p, struct mt_draft *r)
{
    if (has(r, MT_HTTP1_W_LOOSE)) {
        if (!has(r, MT_HTTP1_W_REQUEST))
            return false;
        mt_http1_finish_half(r, loose_error(p, r), 0);
        return true;
    }
    if (has(r, MT_HTTP1_W_ORPHAN))
        r->x.half = MT_HALF_RESPONSE;
    else if (!has(r, MT_HTTP1_W_REQUEST))
        return false;
    if (!has(r, MT_HTTP1_W_RESPONSE))
        return false;
    mt_http1_finish(r, MT_ERROR_NONE, 0);
    return true;
}

static struct mt_draft *pop(struct mt_http1_pair *p)
{
    struct mt_draft *r = p->first;
    p->first = r->link;
    if (p->first == NULL)
        p->last = NULL;
    p->count--;
    r->link = NULL;
    r->decoder_word &= ~(uint64_t)MT_HTTP1_W_QUEUED;
    return r;
}

static void push(struct mt_http1_pair *p, struct mt_draft *r)
{
    if (p->last != NULL)
        p->last->link = r;
    else
        p->first = r;
    p->last = r;
    p->count++;
    r->decoder_word |= MT_HTTP1_W_QUEUED;
}

void mt_http1_pair_again(struct mt_http1_pair *p, struct mt_draft *r)
{
    r->link = p->first;
    p->first = r;
    if (p->last == NULL)
        p->last = r;
    p->count++;
    r->decoder_word |= MT_HTTP1_W_QUEUED;
}

void mt_http1_pair_remove(struct mt_http1_pair *p, struct mt_draft *r)
{
    struct mt_draft **at = &p->first, *before = NULL;
    if (!has(r, MT_HTTP1_W_QUEUED))
        return;
    while (*at != r) {
        before = *at;
        at = &before->link;
    }
    *at = r->link;
    if (p->last == r)
        p->last = before;
    p->count--;
    r->link = NULL;
    r->decoder_word &= ~(uint64_t)MT_HTTP1_W_QUEUED;
}

static void loosen_first(struct mt_http1_pair *p)
{
    struct mt_draft *r = pop(p);
    r->decoder_word |= MT_HTTP1_W_LOOSE;
    (void)mt_http1_pair_settle(p, r);
}

/* No order can be relied on any more. */
static void loosen_all(struct mt_http1_pair *p)
{
    while (p->first != NULL)
        loosen_first(p);
    p->hole = true;
}

/* Rule 4: nothing is under way but this request. */
static bool closes_hole(struct mt_http1_pair *p, int64_t ts_ns, bool answering)
{
    if (p->pipelined || answering || ts_ns < p->response_ns)
        return false;
    if (p->server_lost)
        while (p->first != NULL)
            loosen_first(p);
    return p->first == NULL;
}

void mt_http1_pair_request(struct mt_http1_pair *p, struct mt_draft *r,
                           int64_t ts_ns, bool answering)
{
    p->client_seen = true;
    p->orphans = 0;
    if (p->hole && closes_hole(p, ts_ns, answering)) {
        p->hole = p->overflow = false;
        p->assumed = true;
    }
    if (r == NULL) {
        p->hole = true;
        return;
    }
    if (!p->hole && p->count == MT_HTTP1_PIPELINE_MAX) {
        p->hole = p->pipelined = p->overflow = true;
    }
    if (p->overflow)
        r->conn->decode->stats.pipeline_overflow++;
    r->decoder_word |= ++p->requests << ORDINAL_SHIFT;
    if (p->hole)
        r->decoder_word |= MT_HTTP1_W_LOOSE;
    else
        push(p, r);
}

/* The request was under way when a response began at ts_ns, or, in a clock's
 * coarse grain, may have been. */
static bool maybe_sent(const struct mt_draft *r, int64_t ts_ns)
{
    return r != NULL && has(r, MT_HTTP1_W_HEADER) && r->x.req.start_ns <= ts_ns;
}

static bool was_sent(const struct mt_draft *r, int64_t ts_ns)
{
    return maybe_sent(r, ts_ns) && r->x.req.start_ns < ts_ns;
}

/* Rule 3. Of two candidates that were both sent since the loss no answer can
 * have been lost: they were under way together. */
static struct mt_draft *after_loss(struct mt_http1_pair *p, int64_t ts_ns)
{
    unsigned candidates = 0;
    uint64_t ordinal = 0, before = 0; /* of the last two candidates */
    for (struct mt_draft *r = p->first; maybe_sent(r, ts_ns); r = r->link) {
        candidates++;
        before = ordinal;
        ordinal = r->decoder_word >> ORDINAL_SHIFT;
    }
    if (candidates == 0)
        return NULL;
    if (before > p->lost_ordinal)
        p->pipelined = true;
    if (p->hole || (candidates > 1 && p->pipelined)) {
        loosen_all(p);
        return NULL;
    }
    for (; candidates > 1; candidates--) {
        p->assumed = true;
        loosen_first(p);
    }
    p->server_lost = false;
    return pop(p);
}

static struct mt_draft *in_order(struct mt_http1_pair *p, int64_t ts_ns)
{
    if (p->first == NULL)
        return NULL;
    if (was_sent(p->first->link, ts_ns)) {
        p->pipelined = true;
        if (p->assumed) {
            loosen_all(p);
            return NULL;
        }
    }
    return pop(p);
}

struct mt_draft *mt_http1_pair_response(struct mt_http1_pair *p, int64_t ts_ns)
{
    struct mt_draft *r =
        p->server_lost ? after_loss(p, ts_ns) : in_order(p, ts_ns);
    if (r != NULL)
        return r;
    /* Two in a row with no request between them were asked for together. */
    if (p->client_seen && p->orphans++ > 0)
        p->pipelined = true;
    if (p->first == NULL)
        p->hole = true;
    return NULL;
}

void mt_http1_pair_lost(struct mt_http1_pair *p, enum mt_role from)
{
    if (from == MT_SERVER) {
        p->server_lost = true;
        p->lost_ordinal = p->requests;
        return;
    }
    p->hole = true;
    p->orphans = 0;
}
