/* One exchange as JSON: what export --jsonl writes of it, and around it. */
#include "store/explained.h"

#include "base/json.h"
#include "base/text.h"
#include "decode/explain.h"
#include "decode/outcome.h"
#include "store/export.h"

/* ---- members ---- */

static void put_key(struct mt_out *o, const char *key, bool first)
{
    mt_out_str(o, first ? "\"" : ",\"");
    mt_out_str(o, key);
    mt_out_str(o, "\":");
}

static void put_text(struct mt_out *o, const char *key, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    put_key(o, key, false);
    mt_json_string(o, mt_span_str(text));
}

static void put_number(struct mt_out *o, const char *key, int64_t v)
{
    put_key(o, key, false);
    mt_put_signed(mt_out_room(o, 24), v);
}

static void put_flag(struct mt_out *o, const char *key, bool is)
{
    put_key(o, key, false);
    mt_out_str(o, is ? "true" : "false");
}

/* ---- the exchange ---- */

static int pass_on(void *arg, struct mt_span bytes)
{
    if (bytes.len > 0 && bytes.ptr[bytes.len - 1] == '\n')
        bytes.len--; /* one line of many elsewhere */
    mt_out_span(arg, bytes);
    return 0;
}

static void put_exchange(struct mt_out *o, const struct mt_exchange *x)
{
    struct mt_export *e =
        mt_export_new(&(struct mt_export_options){.format = MT_EXPORT_JSONL},
                      (struct mt_sink){pass_on, o});
    put_key(o, "exchange", true);
    if (e == NULL || mt_export_add(e, x) < 0 || mt_export_end(e) < 0)
        o->rc = o->rc != 0 ? o->rc : -1;
    mt_export_free(e);
}

static void put_why(struct mt_out *o, const struct mt_exchange *x)
{
    uint8_t bytes[MT_EXPLAIN_BYTES];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_explain(x, &b);
    put_key(o, "why", false);
    mt_out_char(o, '[');
    struct mt_span rest = mt_buf_span(&b);
    for (bool first = true; rest.len > 0; first = false) {
        if (!first)
            mt_out_char(o, ',');
        mt_json_string(o, mt_span_take(&rest, mt_span_find(rest, '\n')));
        (void)mt_span_take(&rest, rest.len > 0);
    }
    mt_out_char(o, ']');
}

/* ---- its attempts ---- */

static void put_attempt(struct mt_out *o, const struct mt_attempts *a,
                        const struct mt_attempt *t)
{
    int64_t offset = mt_elapsed_ns(a->request_ns, t->start_ns);
    mt_out_char(o, '{');
    put_key(o, "id", true);
    mt_put_decimal(mt_out_room(o, 24), t->id);
    put_number(o, "attempt", t->attempt);
    if (t->here)
        put_flag(o, "here", true);
    put_text(o, "endpoint", t->endpoint);
    put_text(o, "outcome", mt_outcome_text(t->outcome));
    put_text(o, "error_type", mt_error_text(t->error));
    if (t->status != 0)
        put_number(o, "status", t->status);
    if (t->grpc_status != MT_GRPC_STATUS_NONE)
        put_number(o, "grpc_status", t->grpc_status);
    put_number(o, "start_offset_ns", offset > 0 ? offset : 0);
    put_number(o, "lasted_ns", t->lasted_ns > 0 ? t->lasted_ns : 0);
    if (t->connect_ns > 0)
        put_number(o, "connect_ns", t->connect_ns);
    mt_out_char(o, '}');
}

static void put_attempts(struct mt_out *o, const struct mt_attempts *a)
{
    if (a->count == 0)
        return;
    put_key(o, "attempts", false);
    mt_out_char(o, '[');
    for (size_t i = 0; i < a->count; i++) {
        if (i > 0)
            mt_out_char(o, ',');
        put_attempt(o, a, &a->list[i]);
    }
    mt_out_char(o, ']');
}

/* ---- its trace ---- */

static void put_span(struct mt_out *o, const struct mt_trace *t,
                     const struct mt_trace_span *s)
{
    static const char *const links[] = {"root", "span_id", "inferred", "lost",
                                        "cycle"};
    mt_out_char(o, '{');
    put_key(o, "id", true);
    mt_put_decimal(mt_out_room(o, 24), s->id);
    put_number(o, "depth", s->depth);
    put_text(o, "placed_by", links[s->link]);
    if (s->here)
        put_flag(o, "here", true);
    if (s->early)
        put_flag(o, "before_its_caller", true);
    put_text(o, "client_service", s->client);
    put_text(o, "server_service", s->server);
    put_text(o, "method", s->method);
    put_text(o, "path", s->path);
    put_text(o, "protocol", mt_protocol_text(s->protocol));
    put_text(o, "observer", mt_observer_text(s->observer));
    put_text(o, "outcome", mt_outcome_text(s->outcome));
    put_text(o, "error_type", mt_error_text(s->error));
    if (s->status != 0)
        put_number(o, "status", s->status);
    if (s->grpc_status != MT_GRPC_STATUS_NONE)
        put_number(o, "grpc_status", s->grpc_status);
    if (s->attempt != 0)
        put_number(o, "attempt", s->attempt);
    put_number(o, "start_offset_ns", s->start_ns - t->from_ns);
    put_number(o, "lasted_ns", s->end_ns - s->start_ns);
    if (s->hidden > 0)
        put_number(o, "calls_not_shown", s->hidden);
    mt_out_char(o, '}');
}

void mt_trace_json(struct mt_out *o, const struct mt_trace *t)
{
    static const char *const keys[] = {"", "trace_id", "request_id"};
    if (t->key == MT_TRACE_NO_KEY) {
        mt_out_str(o, "null");
        return;
    }
    mt_out_str(o, "{\"joined_by\":\"");
    mt_out_str(o, keys[t->key]);
    mt_out_char(o, '"');
    put_number(o, "exchanges", (int64_t)t->seen);
    put_number(o, "copies_left_out", (int64_t)t->copies);
    put_flag(o, "complete", t->complete);
    put_key(o, "spans", false);
    mt_out_char(o, '[');
    for (size_t i = 0; i < t->count; i++) {
        if (i > 0)
            mt_out_char(o, ',');
        put_span(o, t, &t->spans[i]);
    }
    mt_out_str(o, "]}");
}

static void put_trace(struct mt_out *o, const struct mt_trace *t)
{
    if (t->key == MT_TRACE_NO_KEY)
        return;
    put_key(o, "trace", false);
    mt_trace_json(o, t);
}

/* ---- its packets ---- */

static void put_step(struct mt_out *o, const struct mt_ladder *l,
                     const struct mt_ladder_step *s)
{
    mt_out_char(o, '{');
    put_key(o, "number", true);
    mt_put_decimal(mt_out_room(o, 24), s->number);
    put_number(o, "offset_ns",
               mt_elapsed_ns(l->steps[0].ts_ns, s->ts_ns) > 0
                   ? mt_elapsed_ns(l->steps[0].ts_ns, s->ts_ns)
                   : 0);
    put_number(o, "delta_ns", s->delta_ns);
    put_text(o, "from", s->from == MT_CLIENT ? "client" : "server");
    put_number(o, "payload_bytes", s->payload_bytes);
    if (s->tcp)
        put_number(o, "tcp_flags", s->flags);
    if (s->gap_bytes > 0 && (s->marks & MT_LADDER_GAP) != 0)
        put_number(o, "gap_bytes", s->gap_bytes);
    for (unsigned bit = 0; bit < MT_LADDER_BIT_COUNT; bit++)
        if ((s->marks & 1u << bit) != 0)
            put_flag(o, mt_ladder_mark_text(bit), true);
    mt_out_char(o, '}');
}

static void put_ladder(struct mt_out *o, const struct mt_ladder *l)
{
    put_key(o, "packets", false);
    mt_out_str(o, "{\"seen\":");
    mt_put_decimal(mt_out_room(o, 24), l->seen);
    put_number(o, "retransmissions", (int64_t)l->sent_again);
    put_number(o, "copies", (int64_t)l->copies);
    put_number(o, "gaps", (int64_t)l->gaps);
    put_text(o, "why_not_all", l->why);
    put_key(o, "list", false);
    mt_out_char(o, '[');
    for (size_t i = 0; i < l->count; i++) {
        if (i > 0)
            mt_out_char(o, ',');
        put_step(o, l, &l->steps[i]);
    }
    mt_out_str(o, "]}");
}

void mt_explained_members(struct mt_out *o, const struct mt_explained *e)
{
    put_exchange(o, e->x);
    put_why(o, e->x);
    put_attempts(o, &e->attempts);
    put_trace(o, &e->trace);
    if (e->ladder != NULL)
        put_ladder(o, e->ladder);
}

void mt_explained_json(struct mt_out *o, const struct mt_explained *e)
{
    mt_out_char(o, '{');
    mt_explained_members(o, e);
    mt_out_str(o, "}\n");
}
