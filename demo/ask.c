/* Requests that services ask each other, and shoppers ask the shop. */
#include <string.h>

#include "demo/impl.h"

enum { HEAD_BYTES = 4096, BODY_BYTES = 180, TRACEPARENT_BYTES = 55 };

/* ---- life ---- */

static void free_asked(struct mt_demo_asked *a)
{
    struct mt_demo *d = a->by->demo;
    if (a->stream != NULL)
        a->stream->events = NULL;
    if (a->prev != NULL)
        a->prev->next = a->next;
    else
        d->asked = a->next;
    if (a->next != NULL)
        a->next->prev = a->prev;
    mt_pool_free(&d->pool, a, sizeof *a);
}

/* status 0: no answer came. */
static void over(struct mt_demo_asked *a, unsigned status)
{
    struct mt_demo *d = a->by->demo;
    struct mt_demo_work *w = a->work;
    struct mt_demo_call call = a->call;
    free_asked(a);
    if (w != NULL)
        mt_demo_work_called(w, &call, status);
    else
        mt_demo_shopped(d, status);
}

void mt_demo_asked_failed(struct mt_demo_asked *a)
{
    over(a, 0);
}

/* ---- the answer ---- */

/* What a status of gRPC would be in HTTP. */
static uint16_t status_of_grpc(struct mt_span code)
{
    return mt_span_eq(code, MT_SPAN("0"))   ? 200
           : mt_span_eq(code, MT_SPAN("5")) ? 404
                                            : 503;
}

static void note_grpc(struct mt_demo_asked *a, const struct mt_head *h)
{
    if (a->grpc && h != NULL && mt_head_has(h, MT_HEAD_GRPC_STATUS))
        a->status = status_of_grpc(mt_head_value(h, MT_HEAD_GRPC_STATUS));
}

static void on_head(void *arg, struct mt_head *head, bool end)
{
    struct mt_demo_asked *a = arg;
    if (head->status < 200)
        return;
    /* gRPC that ends without a status has failed */
    a->status = a->grpc && head->status == 200 ? 503 : head->status;
    note_grpc(a, head);
    if (end)
        over(a, a->status); /* whether or not on_end() would follow */
}

static void on_body(void *arg, struct mt_span bytes)
{
    (void)arg, (void)bytes;
}

static void on_end(void *arg, struct mt_head *trailers)
{
    struct mt_demo_asked *a = arg;
    note_grpc(a, trailers);
    over(a, a->status);
}

static void on_gone(void *arg, enum mt_gone why)
{
    struct mt_demo_asked *a = arg;
    (void)why;
    a->stream = NULL;
    over(a, 0);
}

static void on_room(void *arg)
{
    (void)arg;
}

static const struct mt_stream_events events = {on_head, on_body, on_end,
                                               on_gone, on_room};

/* ---- the question ---- */

static void put_hex64(struct mt_buf *b, uint64_t n)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(n >> (56 - 8 * i));
    mt_put_hex(b, bytes, sizeof bytes);
}

/* https://www.w3.org/TR/trace-context/ section 3.2 */
static bool add_trace(struct mt_head *h, const struct mt_demo_asked *a)
{
    uint8_t text[TRACEPARENT_BYTES + 1];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    mt_put_str(&b, "00-");
    put_hex64(&b, a->trace[0]);
    put_hex64(&b, a->trace[1]);
    mt_put_char(&b, '-');
    put_hex64(&b, a->span);
    mt_put_str(&b, "-01");
    return mt_head_add(h, MT_SPAN("traceparent"), mt_buf_span(&b));
}

static bool fill(struct mt_head *h, const struct mt_demo_asked *a,
                 const struct mt_demo_operation *o, bool body)
{
    uint8_t path[MT_DEMO_PATH_BYTES], digits[24];
    struct mt_buf p = mt_buf_of(path, sizeof path);
    struct mt_buf n = mt_buf_of(digits, sizeof digits);
    mt_demo_put_path(&p, o, a->number);
    h->method = mt_span_str(o->method);
    h->scheme = MT_SPAN("http");
    h->authority = a->work != NULL ? mt_span_str(mt_demo_name(o->service))
                                   : MT_SPAN("shop.example");
    h->version = MT_HTTP_1_1;
    h->length = MT_LENGTH_UNKNOWN;
    bool fits = mt_arena_copy(&h->arena, mt_buf_span(&p), &h->path) &&
                mt_head_add(h, MT_SPAN("user-agent"),
                            mt_span_str(mt_demo_name(a->by->service))) &&
                add_trace(h, a);
    if (a->grpc)
        return fits && mt_head_add(h, MT_SPAN("te"), MT_SPAN("trailers")) &&
               mt_head_add(h, MT_SPAN("content-type"),
                           MT_SPAN("application/grpc"));
    if (!body)
        return fits;
    mt_put_decimal(&n, BODY_BYTES);
    h->length = BODY_BYTES;
    return fits &&
           mt_head_add(h, MT_SPAN("content-type"),
                       MT_SPAN("application/json")) &&
           mt_head_add(h, MT_SPAN("content-length"), mt_buf_span(&n));
}

static void send(struct mt_demo_asked *a)
{
    struct mt_stream *s = a->stream;
    const struct mt_demo_operation *o = mt_demo_operation(a->call.operation);
    bool body = strcmp(o->method, "POST") == 0;
    static const uint8_t grpc_prefix[5] = {[4] = BODY_BYTES};
    struct mt_head h;
    mt_head_init(&h, &a->by->demo->pool, HEAD_BYTES);
    if (!fill(&h, a, o, body)) {
        s->ops->leave(s);
        a->stream = NULL;
        mt_head_deinit(&h);
        over(a, 0);
        return;
    }
    s->ops->head(s, &h, !body);
    if (a->grpc)
        s->ops->body(s, (struct mt_span){grpc_prefix, sizeof grpc_prefix});
    if (body) {
        s->ops->body(s, mt_demo_filler(BODY_BYTES));
        s->ops->end(s, NULL);
    }
    mt_head_deinit(&h);
}

void mt_demo_asked_on(struct mt_demo_asked *a, struct mt_demo_link *l)
{
    a->stream = l->side->ops->begin(l->side);
    if (a->stream == NULL) {
        over(a, 0);
        return;
    }
    a->stream->events = &events;
    a->stream->arg = a;
    send(a);
}

bool mt_demo_ask(struct mt_demo_instance *by, struct mt_demo_work *work,
                 const struct mt_demo_call *call, uint32_t number)
{
    struct mt_demo *d = by->demo;
    struct mt_demo_asked *a = mt_pool_zalloc(&d->pool, sizeof *a);
    if (a == NULL)
        return false;
    struct mt_random *random = work != NULL ? &work->job.random : &d->shopping;
    a->by = by;
    a->work = work;
    a->call = *call;
    a->number = number;
    enum mt_demo_speech speech =
        mt_demo_speech(mt_demo_operation(call->operation)->service);
    a->grpc = speech == MT_DEMO_GRPC;
    for (int i = 0; i < 2; i++)
        a->trace[i] = work != NULL ? work->trace[i] : mt_demo_span(random);
    a->span = mt_demo_span(random);
    struct mt_demo_link *l = mt_demo_link_for(by, a, speech != MT_DEMO_HTTP1);
    if (l == NULL) {
        mt_pool_free(&d->pool, a, sizeof *a);
        return false;
    }
    a->next = d->asked;
    if (d->asked != NULL)
        d->asked->prev = a;
    d->asked = a;
    if (!l->connecting)
        mt_demo_asked_on(a, l);
    return true;
}
