/* A WebSocket on a tap: after the switch, one exchange for all of it. */
#include <stdio.h>

#include "decode/conn.h"
#include "decode/websocket.h"

struct websocket_tap {
    struct mt_websocket side[2]; /* by role */
    struct mt_draft *draft;      /* NULL: not kept, or finished */
    struct mt_layer *layer;
    bool ended[2];
};

static int websocket_open(void *state, struct mt_layer *layer,
                          const struct mt_switch_request *sw)
{
    struct websocket_tap *t = state;
    t->layer = layer;
    t->draft = sw != NULL ? sw->draft : NULL;
    if (t->draft == NULL)
        return 0;
    t->draft->x.protocol = MT_PROTOCOL_WEBSOCKET;
    t->draft->x.kind = MT_KIND_STREAM;
    return 0;
}

static void note(struct mt_websocket *w, struct mt_draft *r,
                 struct mt_message *m)
{
    m->messages = w->messages;
    m->body_bytes = w->payload_bytes;
    if (w->bad)
        r->x.anomalies |= MT_ANOMALY_FRAME;
}

static void note_close_code(struct websocket_tap *t, struct mt_draft *r)
{
    char text[8];
    for (int role = 0; role < 2; role++) {
        const struct mt_websocket *w = &t->side[role];
        if (!w->closed || w->close_code == 0)
            continue;
        (void)snprintf(text, sizeof text, "%u", w->close_code);
        mt_draft_attr(r,
                      role == MT_CLIENT ? "websocket.client.close_code"
                                        : "websocket.server.close_code",
                      mt_span_str(text));
    }
}

static void finish(struct websocket_tap *t, enum mt_error error, int64_t ts_ns)
{
    struct mt_draft *r = t->draft;
    t->draft = NULL;
    if (r == NULL)
        return;
    note(&t->side[MT_CLIENT], r, &r->x.req);
    note(&t->side[MT_SERVER], r, &r->x.resp);
    note_close_code(t, r);
    mt_draft_finish(r, error, ts_ns);
}

static int websocket_feed(void *state, enum mt_role from, struct mt_chunk *in)
{
    struct websocket_tap *t = state;
    mt_websocket_feed(&t->side[from], in->bytes);
    if (t->draft != NULL) {
        struct mt_exchange *x = &t->draft->x;
        mt_draft_touch(t->draft, from, in);
        note(&t->side[from], t->draft, from == MT_CLIENT ? &x->req : &x->resp);
    }
    (void)mt_span_take(&in->bytes, in->bytes.len);
    if (t->side[MT_CLIENT].closed && t->side[MT_SERVER].closed)
        finish(t, MT_ERROR_NONE, 0);
    return MT_MORE;
}

static void websocket_gap(void *state, enum mt_role from, uint64_t n,
                          int64_t ts_ns)
{
    struct websocket_tap *t = state;
    (void)ts_ns;
    mt_websocket_gap(&t->side[from], n);
    if (t->draft == NULL)
        return;
    struct mt_message *m =
        from == MT_CLIENT ? &t->draft->x.req : &t->draft->x.resp;
    m->gap_bytes += n == UINT64_MAX ? 1 : n;
}

/* An end after a close frame, or between messages, is a good end. */
static enum mt_error error_at(const struct websocket_tap *t, enum mt_role from,
                              enum mt_end end)
{
    if (t->side[MT_CLIENT].closed || t->side[MT_SERVER].closed)
        return MT_ERROR_NONE;
    switch (end) {
    case MT_END_RST:
        return from == MT_CLIENT ? MT_ERROR_RESET_BY_CLIENT
                                 : MT_ERROR_RESET_BY_SERVER;
    case MT_END_FIN:
        return mt_websocket_open(&t->side[MT_CLIENT]) ||
                       mt_websocket_open(&t->side[MT_SERVER])
                   ? MT_ERROR_TRUNCATED
                   : MT_ERROR_NONE;
    case MT_END_CAPTURE:
        return MT_ERROR_CAPTURE_END;
    case MT_END_REUSED:
        return MT_ERROR_CAPTURE_GAP;
    case MT_END_IDLE:
    case MT_END_EVICTED:
        break;
    }
    return MT_ERROR_EVICTED;
}

static void websocket_close(void *state, enum mt_role from, enum mt_end end,
                            int64_t ts_ns)
{
    struct websocket_tap *t = state;
    t->ended[from] = true;
    bool both =
        t->layer->conn->closed || (t->ended[MT_CLIENT] && t->ended[MT_SERVER]);
    bool said = t->side[MT_CLIENT].closed || t->side[MT_SERVER].closed;
    if (end == MT_END_FIN && !both && !said)
        return;
    finish(t, error_at(t, from, end), ts_ns);
}

static void websocket_free(void *state)
{
    struct websocket_tap *t = state;
    assert(t->draft == NULL);
}

const struct mt_decoder mt_websocket_decoder = {
    .name = "websocket",
    .state_bytes = sizeof(struct websocket_tap),
    .open = websocket_open,
    .feed = websocket_feed,
    .gap = websocket_gap,
    .close = websocket_close,
    .free = websocket_free,
};
