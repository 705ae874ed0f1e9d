/* HTTP/1 on a tap: bytes of two directions in, exchanges out. */
#include "decode/http1_tap.h"

#include "decode/conn.h"
#include "decode/http1_detect.h"

/* How long the server's bytes wait for their request (DECISIONS 12), and how
 * many the client's may be while an Upgrade is not answered. */
static const int64_t wait_max_ns = 1000000000;
enum { BACKLOG_MAX_BYTES = 65536 };

static int tap_open(void *state, struct mt_layer *layer,
                    const struct mt_switch_request *sw)
{
    struct mt_http1_tap *h = state;
    struct mt_pool *pool = layer->conn->decode->pool;
    assert(sw == NULL);
    h->layer = layer;
    for (int role = 0; role < 2; role++) {
        mt_http1_init(&h->parser[role],
                      role == MT_CLIENT ? MT_HTTP1_REQUESTS
                                        : MT_HTTP1_RESPONSES,
                      &mt_http1_lenient, pool);
        if (layer->joined_late[role]) {
            mt_http1_resync(&h->parser[role], true);
            mt_http1_pair_lost(&h->pair, (enum mt_role)role);
        }
    }
    /* what was sent before we came may still be answered */
    if (layer->joined_late[MT_SERVER])
        mt_http1_pair_lost(&h->pair, MT_CLIENT);
    else if (layer->strayed[MT_CLIENT])
        mt_http1_begin_broken(h);
    return 0;
}

/* ---- bytes that wait ---- */

static bool backlog_add(struct mt_http1_tap *h, enum mt_role from,
                        struct mt_chunk *in)
{
    struct mt_http1_backlog *b = &h->backlog[from];
    size_t n = in->bytes.len;
    struct mt_held *held = NULL;
    if (b->bytes < BACKLOG_MAX_BYTES &&
        n + sizeof *held <= BACKLOG_MAX_BYTES - b->bytes)
        held = mt_pool_alloc(h->layer->conn->decode->pool, sizeof *held + n);
    if (held == NULL)
        return false;
    memcpy(held + 1, in->bytes.ptr, n);
    held->next = NULL;
    held->size = n;
    held->chunk = *in;
    held->chunk.bytes = (struct mt_span){(const uint8_t *)(held + 1), n};
    if (b->last != NULL)
        b->last->next = held;
    else
        b->first = held;
    b->last = held;
    b->bytes += n + sizeof *held;
    (void)mt_span_take(&in->bytes, n);
    return true;
}

static void backlog_pop(struct mt_http1_tap *h, enum mt_role from)
{
    struct mt_http1_backlog *b = &h->backlog[from];
    struct mt_held *held = b->first;
    b->first = held->next;
    if (b->first == NULL)
        b->last = NULL;
    b->bytes -= held->size + sizeof *held;
    mt_pool_free(h->layer->conn->decode->pool, held, sizeof *held + held->size);
}

static void backlog_free(struct mt_http1_tap *h, enum mt_role from)
{
    while (h->backlog[from].first != NULL)
        backlog_pop(h, from);
}

/* A response is framed only once its request is known. */
static bool server_waits(const struct mt_http1_tap *h)
{
    const struct mt_draft *r = h->pair.first;
    if (h->in_response || h->pair.hole || h->forced ||
        !mt_http1_idle(&h->parser[MT_SERVER]))
        return false;
    return r == NULL || (r->decoder_word & MT_HTTP1_W_HEADER) == 0;
}

static bool waits(const struct mt_http1_tap *h, enum mt_role from)
{
    if (from == MT_SERVER)
        return server_waits(h);
    return h->paused && (h->pair.first != NULL || h->in_response);
}

/* ---- bytes that move ---- */

/* A bad line has been taken, and another begins; where there was no memory
 * for it, the rest of it is still there. */
static void recover(struct mt_http1_tap *h, enum mt_role from, int rc)
{
    mt_http1_on_error(h, from, rc == MT_EPROTO);
    h->layer->conn->decode->stats.resyncs++;
    mt_http1_resync(&h->parser[from], rc == MT_EPROTO);
}

/* This chunk has bytes of the message at hand, if there is one. */
static void touch(struct mt_http1_tap *h, enum mt_role from)
{
    struct mt_draft *r = from == MT_CLIENT ? h->request : h->response;
    if (r != NULL)
        mt_draft_touch(r, from, &h->at[from]);
}

/* One event. Bytes of a search are nobody's, or the lost end of a message; a
 * start line is its own message's, not yet there. */
static int step(struct mt_http1_tap *h, enum mt_role from, struct mt_span *in,
                bool *touched)
{
    struct mt_http1 *p = &h->parser[from];
    struct mt_http1_event ev;
    uint64_t skipped = p->skipped_bytes;
    size_t before = in->len;
    int rc = mt_http1_next(p, in, &ev);

    bool start = rc == MT_EVENT &&
                 (ev.kind == MT_HTTP1_REQUEST || ev.kind == MT_HTTP1_STATUS);
    bool used = in->len < before && !start;
    if (p->skipped_bytes > skipped) {
        h->layer->conn->decode->stats.undecoded_bytes +=
            p->skipped_bytes - skipped;
        used = used && h->tail_lost && from == MT_SERVER;
    }
    if (used && !*touched)
        touch(h, from);
    *touched = used || (*touched && !start);
    if (rc == MT_EVENT)
        mt_http1_on_event(h, from, &ev);
    return rc == MT_EVENT && ev.kind == MT_HTTP1_END ? MT_DONE : rc;
}

/* Parse until the bytes are used up, or have to wait, or HTTP/1 is over. */
static void pump(struct mt_http1_tap *h, enum mt_role from, struct mt_chunk *in)
{
    struct mt_http1 *p = &h->parser[from];
    bool touched = false;

    h->at[from] = *in;
    if (mt_http1_lost(p) && !p->holding)
        h->begin[from] = *in;
    if (from == MT_SERVER && in->ts_ns > h->pair.response_ns)
        h->pair.response_ns = in->ts_ns;
    while (in->bytes.len > 0 && h->sw.to == MT_SWITCH_NONE && !waits(h, from)) {
        if (mt_http1_idle(p))
            h->begin[from] = *in;
        int rc;
        do {
            rc = step(h, from, &in->bytes, &touched);
        } while (rc == MT_EVENT);
        if (rc < 0)
            recover(h, from, rc);
    }
}

/* Move what waits and need not any more. True: something moved. */
static bool drain(struct mt_http1_tap *h, enum mt_role from)
{
    bool moved = false;
    while (h->backlog[from].first != NULL && !waits(h, from) &&
           h->sw.to == MT_SWITCH_NONE) {
        struct mt_held *held = h->backlog[from].first;
        size_t before = held->chunk.bytes.len;
        pump(h, from, &held->chunk);
        moved = moved || held->chunk.bytes.len < before;
        if (held->chunk.bytes.len > 0)
            break;
        backlog_pop(h, from);
    }
    return moved;
}

/* Each direction may set the other one free. */
static void drain_both(struct mt_http1_tap *h)
{
    bool server, client;
    do {
        server = drain(h, MT_SERVER);
        client = drain(h, MT_CLIENT);
    } while (server || client);
}

/* The request does not come: go on without. */
static void stop_waiting(struct mt_http1_tap *h)
{
    while (h->backlog[MT_SERVER].first != NULL && h->sw.to == MT_SWITCH_NONE) {
        h->forced = true;
        drain_both(h);
    }
    h->forced = false;
}

static void check_wait(struct mt_http1_tap *h, int64_t now_ns)
{
    const struct mt_held *held = h->backlog[MT_SERVER].first;
    if (held != NULL && now_ns - held->chunk.ts_ns > wait_max_ns)
        stop_waiting(h);
}

/* Keep the rest of a chunk for later, or do without it. */
static void keep(struct mt_http1_tap *h, enum mt_role from, struct mt_chunk *in)
{
    if (in->bytes.len == 0 || backlog_add(h, from, in))
        return;
    if (from == MT_CLIENT) {
        h->layer->conn->decode->stats.undecoded_bytes += in->bytes.len;
        (void)mt_span_take(&in->bytes, in->bytes.len);
        mt_http1_resync(&h->parser[MT_CLIENT], true);
        mt_http1_pair_lost(&h->pair, MT_CLIENT);
        return;
    }
    stop_waiting(h);
    while (in->bytes.len > 0 && h->sw.to == MT_SWITCH_NONE) {
        h->forced = true;
        pump(h, from, in);
    }
    h->forced = false;
}

static int tap_feed(void *state, enum mt_role from, struct mt_chunk *in)
{
    struct mt_http1_tap *h = state;
    check_wait(h, in->ts_ns);
    if (h->sw.to == MT_SWITCH_NONE) {
        if (h->backlog[from].first == NULL)
            pump(h, from, in);
        if (h->sw.to == MT_SWITCH_NONE)
            keep(h, from, in);
        drain_both(h);
    }
    return h->sw.to == MT_SWITCH_NONE ? MT_MORE : MT_DONE;
}

/* The protocol after the switch will not be read: nobody asked for it before
 * the connection ended, or bytes of it are lost already. */
static void forgo_switch(struct mt_http1_tap *h, enum mt_error error)
{
    if (h->sw.draft != NULL)
        mt_draft_finish(h->sw.draft, error, 0);
    h->sw.draft = NULL;
    h->sw.to = MT_SWITCH_OPAQUE;
}

static void tap_gap(void *state, enum mt_role from, uint64_t n, int64_t ts_ns)
{
    struct mt_http1_tap *h = state;
    struct mt_http1 *p = &h->parser[from];
    struct mt_span none = {.ptr = NULL, .len = 0};
    struct mt_http1_event ev;
    uint64_t body;

    check_wait(h, ts_ns);
    if (from == MT_SERVER)
        stop_waiting(h);
    else
        backlog_free(h, MT_CLIENT); /* they could not be put in order again */
    if (h->sw.to != MT_SWITCH_NONE) {
        forgo_switch(h, MT_ERROR_CAPTURE_GAP);
        return;
    }
    h->at[from] = (struct mt_chunk){.ts_ns = ts_ns};
    enum mt_http1_gap verdict = mt_http1_gap(p, n, &body);
    mt_http1_on_gap(h, from, n, body, verdict);
    while (mt_http1_next(p, &none, &ev) == MT_EVENT)
        mt_http1_on_event(h, from, &ev);
    if (verdict != MT_HTTP1_GAP_INSIDE)
        mt_http1_pair_lost(&h->pair, from);
    drain_both(h);
}

/* The server says no more: what waits for a request gets none, and a clean
 * end may be what a body ends by. */
static void end_server(struct mt_http1_tap *h, bool clean)
{
    struct mt_http1_event ev;
    stop_waiting(h);
    if (clean && mt_http1_eof(&h->parser[MT_SERVER], &ev) == MT_EVENT)
        mt_http1_on_event(h, MT_SERVER, &ev);
}

static void tap_close(void *state, enum mt_role from, enum mt_end end,
                      int64_t ts_ns)
{
    struct mt_http1_tap *h = state;
    const struct mt_conn *c = h->layer->conn;
    if (end == MT_END_FIN && from == MT_CLIENT && !h->server_ended &&
        !c->ended[mt_conn_side(c, MT_SERVER)])
        return; /* what it asked may still be answered */
    if (!h->server_ended)
        end_server(h, end == MT_END_FIN);
    h->server_ended = true;
    mt_http1_end_all(h, from, end, ts_ns);
    if (h->sw.to != MT_SWITCH_NONE)
        forgo_switch(h, MT_ERROR_NONE);
}

static struct mt_switch_request tap_request(void *state)
{
    struct mt_http1_tap *h = state;
    h->sw.held[MT_CLIENT] = h->backlog[MT_CLIENT].first;
    h->sw.held[MT_SERVER] = h->backlog[MT_SERVER].first;
    mt_http1_end_all(h, MT_CLIENT, MT_END_FIN, 0);
    return h->sw;
}

static void tap_free(void *state)
{
    struct mt_http1_tap *h = state;
    assert(h->pair.first == NULL && h->request == NULL && h->response == NULL &&
           h->broken == NULL);
    for (int role = 0; role < 2; role++) {
        backlog_free(h, (enum mt_role)role);
        mt_http1_deinit(&h->parser[role]);
    }
}

const struct mt_decoder mt_http1_decoder = {
    .name = "http/1",
    .state_bytes = sizeof(struct mt_http1_tap),
    .detect = mt_http1_detect,
    .open = tap_open,
    .feed = tap_feed,
    .gap = tap_gap,
    .close = tap_close,
    .request = tap_request,
    .free = tap_free,
};
