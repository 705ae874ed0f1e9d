/* What cuts messages short: bad bytes, lost bytes, and the end. */
#include "decode/conn.h"
#include "decode/http1_tap.h"

static bool has(const struct mt_draft *r, uint64_t bits)
{
    return (r->decoder_word & bits) == bits;
}

/* ---- what goes wrong ---- */

/* The rest of the request at hand cannot be told from what follows it. A
 * header that is not whole is no request (it is dropped, unless its answer has
 * begun); of one that is, only the end is lost. */
static void lose_request(struct mt_http1_tap *h)
{
    struct mt_draft *r = h->request;
    h->request = NULL;
    if (r == NULL)
        return;
    if (has(r, MT_HTTP1_W_HEADER) || r == h->response) {
        r->decoder_word |= MT_HTTP1_W_REQUEST;
        (void)mt_http1_pair_settle(&h->pair, r);
        return;
    }
    mt_http1_pair_remove(&h->pair, r);
    mt_draft_drop(r);
}

void mt_http1_drop_broken(struct mt_http1_tap *h)
{
    if (h->broken != NULL)
        mt_draft_drop(h->broken);
    h->broken = NULL;
}

/* Its version is not known: that of most. */
static struct mt_draft *without_start_line(struct mt_http1_tap *h)
{
    struct mt_draft *r = mt_http1_new_draft(h, MT_CLIENT);
    if (r != NULL)
        r->x.protocol = MT_PROTOCOL_HTTP11;
    return r;
}

void mt_http1_begin_broken(struct mt_http1_tap *h)
{
    const struct mt_layer *l = h->layer;
    int side = mt_conn_side(l->conn, MT_CLIENT);
    h->begin[MT_CLIENT] = h->at[MT_CLIENT] = (struct mt_chunk){
        .ts_ns = l->first[side].ts_ns, .packet = l->first[side].packet};
    h->broken = without_start_line(h);
    if (h->broken != NULL)
        h->broken->decoder_word |= MT_HTTP1_W_HEADER | MT_HTTP1_W_REQUEST;
}

/* It broke the grammar, and no byte of it is missing: what the server says
 * where nothing else was asked is its answer. A line in the place of a start
 * line is one, too; behind a loss it may be the rest of something. */
static void break_request(struct mt_http1_tap *h, bool broken)
{
    struct mt_draft *r = h->request;
    bool sure =
        broken && !h->pair.hole && !h->pair.server_lost && h->broken == NULL;
    if (r == NULL && sure)
        r = without_start_line(h);
    mt_http1_note_anomalies(h, r, h->parser[MT_CLIENT].anomalies);
    if (r == NULL || !sure || has(r, MT_HTTP1_W_HEADER) || r == h->response) {
        lose_request(h);
        return;
    }
    mt_http1_pair_remove(&h->pair, r);
    h->request = NULL;
    h->broken = r;
    r->decoder_word |= MT_HTTP1_W_HEADER | MT_HTTP1_W_REQUEST;
}

/* An interim response answers nothing: its final one is still to come. */
static void lose_response(struct mt_http1_tap *h)
{
    struct mt_draft *r = h->response;
    if (!h->in_response)
        return;
    if (!h->interim) {
        h->tail_lost = true;
        return;
    }
    h->response = NULL;
    h->in_response = h->interim = false;
    if (r == NULL)
        return;
    r->x.resp.start_ns = r->x.resp.end_ns = 0;
    if (has(r, MT_HTTP1_W_ORPHAN))
        mt_draft_drop(r);
    else
        mt_http1_pair_again(&h->pair, r);
}

void mt_http1_on_error(struct mt_http1_tap *h, enum mt_role from, bool broken)
{
    if (from == MT_CLIENT) {
        break_request(h, broken);
    } else {
        mt_http1_note_anomalies(h, h->response, h->parser[from].anomalies);
        if (h->in_response && !h->interim)
            mt_http1_end_response(h, MT_ERROR_PROTOCOL, 0);
        else
            lose_response(h);
    }
    h->garbled = h->garbled || from == MT_SERVER;
    mt_http1_pair_lost(&h->pair, from);
}

static void count_gap(struct mt_http1_tap *h, enum mt_role from, uint64_t n,
                      uint64_t body, bool inside)
{
    struct mt_draft *r = from == MT_CLIENT ? h->request : h->response;
    if (r == NULL)
        return;
    struct mt_message *m = from == MT_CLIENT ? &r->x.req : &r->x.resp;
    uint64_t lost = inside ? body : n;
    if (n == UINT64_MAX && lost != body)
        lost = body;
    if (n == UINT64_MAX && lost == 0)
        lost = 1; /* a number that is not known is at least one */
    m->body_bytes += body;
    m->gap_bytes += lost;
    if (r->x.protocol == MT_PROTOCOL_GRPC_WEB)
        mt_grpc_gap(&h->grpc[from], r, from, n);
}

void mt_http1_on_gap(struct mt_http1_tap *h, enum mt_role from, uint64_t n,
                     uint64_t body, enum mt_http1_gap verdict)
{
    count_gap(h, from, n, body, verdict != MT_HTTP1_GAP_LOST);
    if (verdict != MT_HTTP1_GAP_LOST)
        return;
    mt_http1_drop_broken(h);
    if (from == MT_CLIENT)
        lose_request(h);
    else
        lose_response(h);
}

/* ---- the end ---- */

static bool seen(const struct mt_http1_tap *h, enum mt_role role)
{
    const struct mt_conn *c = h->layer->conn;
    int side = mt_conn_side(c, role);
    return c->seen[side] || c->ended[side] || c->stats.packets[side] > 0;
}

static enum mt_error reset_by(enum mt_role from)
{
    return from == MT_CLIENT ? MT_ERROR_RESET_BY_CLIENT
                             : MT_ERROR_RESET_BY_SERVER;
}

/* Why a request has no answer (DECISIONS 6). */
static enum mt_error why_unanswered(const struct mt_http1_tap *h,
                                    enum mt_role from, enum mt_end end)
{
    if (end != MT_END_EVICTED && !seen(h, MT_SERVER))
        return MT_ERROR_ONE_SIDED;
    switch (end) {
    case MT_END_RST:
        return reset_by(from);
    case MT_END_CAPTURE:
        return MT_ERROR_CAPTURE_END;
    case MT_END_IDLE:
    case MT_END_EVICTED:
        return MT_ERROR_EVICTED;
    case MT_END_FIN:
    case MT_END_REUSED:
        break;
    }
    if (h->garbled)
        return MT_ERROR_PROTOCOL;
    return h->pair.server_lost ? MT_ERROR_CAPTURE_GAP : MT_ERROR_NO_RESPONSE;
}

/* Why a response has no end. */
static enum mt_error why_cut(const struct mt_http1_tap *h, enum mt_role from,
                             enum mt_end end)
{
    if (h->tail_lost)
        return MT_ERROR_CAPTURE_GAP;
    switch (end) {
    case MT_END_RST:
        return reset_by(from);
    case MT_END_FIN:
        return MT_ERROR_TRUNCATED;
    case MT_END_REUSED:
        return MT_ERROR_CAPTURE_GAP;
    case MT_END_CAPTURE:
        return MT_ERROR_CAPTURE_END;
    case MT_END_IDLE:
    case MT_END_EVICTED:
        break;
    }
    return MT_ERROR_EVICTED;
}

/* The request at hand, when nothing answers it any more. */
static void end_current(struct mt_http1_tap *h, int64_t ts_ns)
{
    struct mt_draft *r = h->request;
    h->request = NULL;
    if (has(r, MT_HTTP1_W_RESPONSE)) {
        mt_http1_finish(r, MT_ERROR_NONE, 0); /* answered before its end */
    } else if (!has(r, MT_HTTP1_W_HEADER)) {
        mt_http1_pair_remove(&h->pair, r);
        mt_draft_drop(r);
    } else if (has(r, MT_HTTP1_W_LOOSE)) {
        mt_http1_finish_half(r, MT_ERROR_CAPTURE_GAP, ts_ns);
    }
}

/* The server has said nothing of it. */
static void end_broken(struct mt_http1_tap *h, enum mt_role from,
                       enum mt_end end, int64_t ts_ns)
{
    struct mt_draft *r = h->broken;
    enum mt_error error = why_unanswered(h, from, end);
    h->broken = NULL;
    if (r != NULL)
        mt_http1_finish_half(
            r, error == MT_ERROR_NO_RESPONSE ? MT_ERROR_PROTOCOL : error,
            ts_ns);
}

void mt_http1_end_all(struct mt_http1_tap *h, enum mt_role from,
                      enum mt_end end, int64_t ts_ns)
{
    const struct mt_conn *c = h->layer->conn;
    bool client_ended = c->ended[mt_conn_side(c, MT_CLIENT)];
    bool server_fin = end == MT_END_FIN && from == MT_SERVER;
    struct mt_draft *r = h->request;
    struct mt_draft *cut = server_fin && client_ended ? r : NULL;

    if (h->in_response && h->interim)
        lose_response(h);
    if (h->in_response)
        mt_http1_end_response(h, why_cut(h, from, end), ts_ns);
    /* what the client still sends is told apart when it is done with it */
    bool goes_on = server_fin && !client_ended && h->request != NULL &&
                   !has(h->request, MT_HTTP1_W_RESPONSE);
    if (!goes_on && h->request != NULL)
        end_current(h, ts_ns);
    while ((r = h->pair.first) != NULL && r != h->request) {
        mt_http1_pair_remove(&h->pair, r);
        mt_http1_finish_half(
            r, r == cut ? MT_ERROR_TRUNCATED : why_unanswered(h, from, end),
            ts_ns);
    }
    end_broken(h, from, end, ts_ns);
}
