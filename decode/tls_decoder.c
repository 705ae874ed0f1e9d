/**
 * The TLS decoder: one L4 row a connection, and its inferred turns.
 *
 * Keys will come in here: the record reader then lends its ciphertext, and a
 * decrypted record goes to mt_layer_feed() of the layer that
 * mt_layer_inside() opens, instead of to the turns.
 */
#include <assert.h>
#include <stdio.h>

#include "decode/conn.h"
#include "decode/tls.h"
#include "decode/tls_detect.h"
#include "decode/tls_shake.h"
#include "decode/tls_turns.h"

struct tls {
    struct mt_conn *conn;
    struct mt_tls_reader reader[2]; /* by role, as all that follows */
    struct mt_tls_shake shake;
    struct mt_tls_turns turns;
    int64_t first_ns[2], last_ns[2];
    uint64_t bytes[2], gap_bytes[2];
    bool fin[2];
    bool over;
};

static int tls_open(void *state, struct mt_layer *layer,
                    const struct mt_switch_request *sw)
{
    struct tls *t = state;
    (void)sw;
    t->conn = layer->conn;
    mt_tls_reader_init(&t->reader[MT_CLIENT], t->conn->decode->pool,
                       !layer->joined_late[MT_CLIENT]);
    mt_tls_reader_init(&t->reader[MT_SERVER], t->conn->decode->pool, false);
    t->shake.conn = t->conn;
    mt_tls_turns_init(&t->turns, t->conn);
    return 0;
}

static void tls_free(void *state)
{
    struct tls *t = state;
    assert(t->turns.turn == NULL);
    mt_tls_reader_deinit(&t->reader[MT_CLIENT]);
    mt_tls_reader_deinit(&t->reader[MT_SERVER]);
}

/* ---- bytes ---- */

static void on_event(struct tls *t, enum mt_role from,
                     const struct mt_tls_event *ev,
                     const struct mt_chunk *chunk)
{
    mt_tls_shake_event(&t->shake, from, ev, chunk->ts_ns, &t->turns);
    if (ev->type != MT_TLS_DATA || !t->shake.done)
        return;
    if (ev->what == MT_TLS_ON_RECORD)
        mt_tls_turns_record(
            &t->turns, from, ev->length,
            &(struct mt_chunk){.ts_ns = ev->start_ns, .packet = chunk->packet});
    else
        mt_tls_turns_more(&t->turns, from, chunk, true);
}

static void count_bytes(struct tls *t, enum mt_role from,
                        const struct mt_chunk *in)
{
    if (t->first_ns[from] == 0)
        t->first_ns[from] = in->ts_ns;
    if (in->ts_ns > t->last_ns[from])
        t->last_ns[from] = in->ts_ns;
    t->bytes[from] += in->bytes.len;
}

/* What the reader passed over is undecoded, and each search is a resync. */
static void count_search(struct tls *t, struct mt_tls_reader *r)
{
    struct mt_decode_stats *stats = &t->conn->decode->stats;
    stats->resyncs += r->resyncs;
    stats->undecoded_bytes += r->skipped_bytes;
    r->resyncs = 0;
    r->skipped_bytes = 0;
}

static int tls_feed(void *state, enum mt_role from, struct mt_chunk *in)
{
    struct tls *t = state;
    struct mt_tls_reader *r = &t->reader[from];
    struct mt_tls_event ev;

    count_bytes(t, from, in);
    mt_tls_turns_more(&t->turns, from, in, false);
    while (mt_tls_next(r, in, &ev) == MT_EVENT)
        on_event(t, from, &ev, in);
    count_search(t, r);
    return MT_MORE;
}

static void tls_gap(void *state, enum mt_role from, uint64_t n, int64_t ts_ns)
{
    struct tls *t = state;
    mt_tls_gap(&t->reader[from], n);
    count_search(t, &t->reader[from]);
    if (n != UINT64_MAX)
        t->gap_bytes[from] += n;
    if (!t->shake.done)
        t->shake.lost[from] = true;
    mt_tls_turns_gap(&t->turns, from, mt_tls_in_record(&t->reader[from]),
                     ts_ns);
}

/* ---- the end ---- */

static bool is_cut_off(const struct tls *t)
{
    return t->shake.hello[MT_CLIENT] && !t->shake.done;
}

/* Why the row of the connection is as it is. A reset after the handshake with
 * nothing left to answer is only how many clients hang up. */
static enum mt_error row_error(const struct tls *t, enum mt_role from,
                               enum mt_end end, bool waiting)
{
    if (t->shake.broken)
        return MT_ERROR_PROTOCOL;
    switch (end) {
    case MT_END_RST:
        if (!is_cut_off(t) && !waiting)
            return MT_ERROR_NONE;
        return from == MT_CLIENT ? MT_ERROR_RESET_BY_CLIENT
                                 : MT_ERROR_RESET_BY_SERVER;
    case MT_END_CAPTURE:
        return MT_ERROR_CAPTURE_END;
    case MT_END_EVICTED:
        return MT_ERROR_EVICTED;
    default:
        return is_cut_off(t) && t->first_ns[MT_SERVER] == 0
                   ? MT_ERROR_NO_RESPONSE
                   : MT_ERROR_NONE;
    }
}

static void say_why(const struct tls *t, struct mt_draft *r, enum mt_end end)
{
    char text[80];
    unsigned number = t->conn->tls.alert;
    if (t->shake.alerted) {
        (void)snprintf(text, sizeof text, "TLS alert: %s (%u) from %s",
                       mt_tls_alert_text(number), number,
                       t->shake.alert_from == MT_CLIENT ? "client" : "server");
        mt_draft_text(r, &r->x.error_message, mt_span_str(text));
    } else if (is_cut_off(t) && end != MT_END_CAPTURE &&
               end != MT_END_EVICTED && !t->shake.lost[MT_CLIENT] &&
               !t->shake.lost[MT_SERVER]) {
        mt_draft_text(r, &r->x.error_message,
                      MT_SPAN("ended before the TLS handshake was done"));
    }
}

static void fill_message(const struct tls *t, enum mt_role role,
                         struct mt_message *m)
{
    m->start_ns = t->first_ns[role];
    m->end_ns = t->last_ns[role];
    m->body_bytes = t->bytes[role] + t->gap_bytes[role];
    m->gap_bytes = t->gap_bytes[role];
}

/* The row of the whole connection. A capture of one direction says so; where
 * the other one was seen to be silent it does not. */
static void write_row(struct tls *t, enum mt_role from, enum mt_end end,
                      int64_t ts_ns, bool waiting)
{
    const struct mt_conn *c = t->conn;
    struct mt_draft *r = mt_draft_new(t->conn, 0, c->start_ns);
    if (r == NULL)
        return;
    struct mt_exchange *x = &r->x;
    x->protocol = MT_PROTOCOL_TLS;
    x->kind = MT_KIND_L4;
    fill_message(t, MT_CLIENT, &x->req);
    fill_message(t, MT_SERVER, &x->resp);
    enum mt_error error = row_error(t, from, end, waiting);
    for (int role = 0; role < 2; role++) {
        int side = mt_conn_side(c, (enum mt_role)role);
        if (c->seen[side] || c->stats.packets[side] > 0)
            continue;
        x->half = role == MT_CLIENT ? MT_HALF_RESPONSE : MT_HALF_REQUEST;
        if (error == MT_ERROR_NO_RESPONSE || error == MT_ERROR_NONE)
            error = MT_ERROR_ONE_SIDED;
    }
    say_why(t, r, end);
    mt_draft_finish(r, error, ts_ns);
}

static enum mt_error turn_error(enum mt_role from, enum mt_end end)
{
    switch (end) {
    case MT_END_RST:
        return from == MT_CLIENT ? MT_ERROR_RESET_BY_CLIENT
                                 : MT_ERROR_RESET_BY_SERVER;
    case MT_END_CAPTURE:
        return MT_ERROR_CAPTURE_END;
    case MT_END_EVICTED:
        return MT_ERROR_EVICTED;
    default:
        return MT_ERROR_NO_RESPONSE;
    }
}

static void tls_close(void *state, enum mt_role from, enum mt_end end,
                      int64_t ts_ns)
{
    struct tls *t = state;
    if (t->over)
        return;
    bool waiting = mt_tls_turns_waiting(&t->turns);
    if (end == MT_END_FIN) {
        t->fin[from] = true;
        if (from == MT_SERVER) /* no answer can come any more */
            mt_tls_turns_end(&t->turns, turn_error(from, end), ts_ns);
        if (!t->fin[MT_CLIENT] || !t->fin[MT_SERVER])
            return;
    }
    t->over = true;
    mt_tls_turns_end(&t->turns, turn_error(from, end), ts_ns);
    write_row(t, from, end, ts_ns, waiting);
}

const struct mt_decoder mt_tls_decoder = {
    .name = "tls",
    .state_bytes = sizeof(struct tls),
    .detect = mt_tls_detect,
    .open = tls_open,
    .feed = tls_feed,
    .gap = tls_gap,
    .close = tls_close,
    .free = tls_free,
};
