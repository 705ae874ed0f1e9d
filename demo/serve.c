/* Requests that the demo's services serve. */
#include <string.h>

#include "base/buf.h"
#include "demo/impl.h"
#include "proxy-lite/policy/match.h"

enum { HEAD_BYTES = 4096, GRPC_PREFIX = 5 };

#define HURRY_NS INT64_C(50000000)

struct mt_span mt_demo_filler(size_t bytes)
{
    enum { MOST = 32 << 10 };
    static uint8_t filler[MOST];
    static const char item[] =
        "{\"sku\":\"MT-0042\",\"price\":1295,\"left\":7},";
    for (size_t i = 0; filler[MOST - 1] == 0 && i < MOST; i++)
        filler[i] = (uint8_t)item[i % (sizeof item - 1)];
    return (struct mt_span){filler, bytes < MOST ? bytes : MOST};
}

/* ---- answers ---- */

/* What it is in gRPC (https://grpc.github.io/grpc/core/md_doc_statuscodes.html)
 */
static const char *grpc_code(unsigned status)
{
    return status == 200   ? "0"
           : status == 404 ? "5"   /* NOT_FOUND */
           : status == 500 ? "13"  /* INTERNAL */
                           : "14"; /* UNAVAILABLE */
}

static bool add_length(struct mt_head *h, size_t bytes)
{
    uint8_t digits[24];
    struct mt_buf b = mt_buf_of(digits, sizeof digits);
    mt_put_decimal(&b, bytes);
    h->length = (int64_t)bytes;
    return mt_head_add(h, MT_SPAN("content-length"), mt_buf_span(&b));
}

static bool fill_grpc(struct mt_head *h, struct mt_head *trailers,
                      unsigned status)
{
    h->status = 200;
    h->length = MT_LENGTH_UNKNOWN;
    return mt_head_add(h, MT_SPAN("content-type"),
                       MT_SPAN("application/grpc")) &&
           mt_head_add(trailers, MT_SPAN("grpc-status"),
                       mt_span_str(grpc_code(status)));
}

/* A message of gRPC: not compressed, its length, its bytes. */
static void send_grpc(struct mt_stream *s, uint32_t bytes)
{
    const uint8_t prefix[GRPC_PREFIX] = {0, (uint8_t)(bytes >> 24),
                                         (uint8_t)(bytes >> 16),
                                         (uint8_t)(bytes >> 8), (uint8_t)bytes};
    s->ops->body(s, (struct mt_span){prefix, sizeof prefix});
    (void)s->side->ops->settle(s->side); /* the prefix is lent */
    s->ops->body(s, mt_demo_filler(bytes));
}

static void answer(struct mt_demo_work *w)
{
    struct mt_stream *s = w->stream;
    struct mt_head h, trailers;
    bool well = w->job.status == 200;
    size_t bytes = well ? w->job.body_bytes : 40;
    mt_head_init(&h, &w->instance->demo->pool, HEAD_BYTES);
    mt_head_init(&trailers, &w->instance->demo->pool, HEAD_BYTES);
    h.status = w->job.status;
    h.version = MT_HTTP_1_1;
    bool fits = w->grpc ? fill_grpc(&h, &trailers, w->job.status)
                        : mt_head_add(&h, MT_SPAN("content-type"),
                                      MT_SPAN("application/json")) &&
                              add_length(&h, bytes);
    if (fits) {
        s->ops->head(s, &h, false);
        if (w->grpc && well)
            send_grpc(s, (uint32_t)bytes);
        else if (!w->grpc)
            s->ops->body(s, mt_demo_filler(bytes));
        s->ops->end(s, w->grpc ? &trailers : NULL);
    } else {
        s->ops->leave(s);
    }
    mt_head_deinit(&h);
    mt_head_deinit(&trailers);
}

/* ---- life ---- */

static void free_work(struct mt_demo_work *w)
{
    struct mt_demo *d = w->instance->demo;
    if (w->stream != NULL)
        w->stream->events = NULL;
    mt_demo_timer_clear(&d->heap, &w->timer);
    if (w->prev != NULL)
        w->prev->next = w->next;
    else
        d->works = w->next;
    if (w->next != NULL)
        w->next->prev = w->prev;
    mt_pool_free(&d->pool, w, sizeof *w);
}

void mt_demo_works_hurry(struct mt_demo *d)
{
    int64_t soon_ns = d->now_ns + HURRY_NS;
    for (struct mt_demo_work *w = d->works; w != NULL; w = w->next)
        if (w->timer.place != 0 && w->timer.at_ns > soon_ns)
            (void)mt_demo_timer_set(&d->heap, &w->timer, soon_ns);
}

void mt_demo_works_free(struct mt_demo *d)
{
    while (d->works != NULL)
        free_work(d->works);
}

static void finish(struct mt_demo_work *w)
{
    struct mt_demo *d = w->instance->demo;
    if (w->stream != NULL) {
        w->stream->events = NULL;
        answer(w);
        d->stats.served++;
        d->stats.partial += w->job.status == 200 && !w->job.whole;
        w->stream = NULL;
    }
    free_work(w);
}

/* It has thought, or its calls are answered: the next stage, or the answer. */
static void go_on(void *arg)
{
    struct mt_demo_work *w = arg;
    struct mt_demo_call calls[MT_DEMO_CALLS_MAX];
    unsigned n = w->stream != NULL ? mt_demo_job_next(&w->job, calls) : 0;
    w->calls = n;
    for (unsigned i = 0; i < n; i++)
        if (!mt_demo_ask(w->instance, w, &calls[i], w->job.number))
            mt_demo_work_called(w, &calls[i], 0);
    if (n == 0)
        finish(w);
}

static void soon(struct mt_demo_work *w, int64_t at_ns)
{
    if (!mt_demo_timer_set(&w->instance->demo->heap, &w->timer, at_ns))
        finish(w);
}

void mt_demo_work_called(struct mt_demo_work *w,
                         const struct mt_demo_call *call, unsigned status)
{
    mt_demo_job_called(&w->job, call, status);
    if (--w->calls == 0)
        soon(w, w->instance->demo->now_ns);
}

/* ---- what its stream tells ---- */

static void begin(struct mt_demo_work *w)
{
    if (w->begun)
        return;
    w->begun = true;
    soon(w, w->instance->demo->now_ns + w->job.think_ns);
}

static void on_head(void *arg, struct mt_head *head, bool end)
{
    (void)arg, (void)head, (void)end; /* it has one already */
}

static void on_body(void *arg, struct mt_span bytes)
{
    (void)arg, (void)bytes;
}

static void on_end(void *arg, struct mt_head *trailers)
{
    (void)trailers;
    begin(arg);
}

/* Who asked has gone. Its calls go on, as nobody tells them. */
static void on_gone(void *arg, enum mt_gone why)
{
    struct mt_demo_work *w = arg;
    (void)why;
    w->stream = NULL;
    if (w->calls == 0)
        free_work(w);
}

static void on_room(void *arg)
{
    (void)arg; /* bodies are small enough to be handed over whole */
}

static const struct mt_stream_events served = {on_head, on_body, on_end,
                                               on_gone, on_room};

/* ---- the owner of the connections ---- */

static uint64_t hex64(struct mt_span s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s.len && i < 16; i++) {
        uint8_t c = s.ptr[i];
        n = n << 4 | (uint64_t)(c <= '9' ? c - '0' : (c - 'a' + 10) & 15);
    }
    return n;
}

/* 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01: of our own making,
 * but for curious people, who send none, or any. */
static uint64_t read_trace(const struct mt_head *h, uint64_t trace[2],
                           struct mt_random *chance)
{
    struct mt_span v = mt_head_value(h, MT_HEAD_TRACEPARENT);
    uint64_t span = 0;
    if (v.len == 55) {
        trace[0] = hex64((struct mt_span){v.ptr + 3, 16});
        trace[1] = hex64((struct mt_span){v.ptr + 19, 16});
        span = hex64((struct mt_span){v.ptr + 36, 16});
    }
    if (span != 0)
        return span;
    trace[0] = mt_demo_span(chance);
    trace[1] = mt_demo_span(chance);
    return mt_demo_span(chance);
}

static void on_request(void *arg, struct mt_stream *s, struct mt_head *head,
                       bool end)
{
    struct mt_demo_link *l = arg;
    struct mt_demo *d = l->demo;
    struct mt_demo_instance *i = l->instance;
    struct mt_demo_fault fault;
    struct mt_demo_work *w = mt_pool_zalloc(&d->pool, sizeof *w);
    if (w == NULL) {
        l->side->closing = true;
        return;
    }
    const struct mt_demo_ask ask = {
        .service = i->service,
        .method = head->method,
        .path = head->path,
        .span = read_trace(head, w->trace, &d->chance),
        .fault =
            d->begun_ns != 0 && !atomic_load(&d->ending) &&
                    mt_demo_fault_at(&d->timetable, d->now_ns - d->begun_ns,
                                     i->service, i->number, &fault)
                ? &fault
                : NULL};
    w->instance = i;
    w->stream = s;
    w->grpc = mt_policy_is_grpc(mt_head_value(head, MT_HEAD_CONTENT_TYPE));
    w->timer = (struct mt_demo_timer){.met = go_on, .arg = w};
    w->next = d->works;
    if (d->works != NULL)
        d->works->prev = w;
    d->works = w;
    mt_demo_job_begin(&w->job, &ask, &d->chance);
    s->events = &served;
    s->arg = w;
    if (end)
        begin(w);
}

/* The proxy sends nothing that cannot be read; a curious person may. */
static void on_refused(void *arg, struct mt_stream *s, struct mt_head *head,
                       const struct mt_http1_refusal *why)
{
    struct mt_demo_link *l = arg;
    (void)s, (void)head, (void)why;
    l->side->closing = true;
}

static void on_free_again(void *arg, struct mt_side *side)
{
    (void)arg, (void)side; /* seen when it is flushed */
}

static void on_touched(void *arg, struct mt_side *side)
{
    (void)side;
    mt_demo_link_touched(arg);
}

const struct mt_side_owner mt_demo_owner = {on_request, on_refused,
                                            on_free_again, on_touched};
