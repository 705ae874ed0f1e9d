#include "decode/tls_turns.h"

#include <assert.h>

#include "decode/conn.h"
#include "decode/tls.h"

enum {
    ALERT_TEXT_BYTES = 2,
    ALERT_13_RECORD_BYTES = 19, /* with the usual tag of 16 bytes */
    TICKETS_MAX = 4,            /* OpenSSL, BoringSSL, NSS: 2; Go, Java: 1 */
    TICKET_MIN_BYTES = 60,
    TICKET_MAX_BYTES = 2048,
    PREFACE_BYTES = 24,
    SETTINGS_MAX = 8, /* settings in the first frame of usual peers */
};

void mt_tls_turns_init(struct mt_tls_turns *t, struct mt_conn *conn)
{
    *t = (struct mt_tls_turns){.conn = conn};
}

void mt_tls_turns_begin(struct mt_tls_turns *t,
                        const struct mt_tls_shape *shape)
{
    t->shape = *shape;
    t->begun = true;
    /* TLS 1.2 sends its ticket in clear, inside the handshake. */
    if (!mt_tls_is_13(shape->version) && !shape->h2)
        t->server_settled = true;
}

/* ---- what a length tells ---- */

/* HTTP/2 frames that are no request: SETTINGS acknowledgement (9),
 * WINDOW_UPDATE and RST_STREAM (13), PING (17), and pairs of them. */
static bool is_h2_control(uint32_t text)
{
    return text == 9 || text == 13 || text == 17 || text == 22 || text == 26;
}

/* SETTINGS of n entries, alone or with one or two of the frames above. */
static bool is_h2_settings(uint32_t text)
{
    static const uint8_t after[] = {0, 9, 13, 22};
    for (size_t i = 0; i < sizeof after; i++) {
        uint32_t own = 9u + after[i];
        if (text >= own && (text - own) % 6 == 0 &&
            (text - own) / 6 <= SETTINGS_MAX)
            return true;
    }
    return false;
}

/* Joined late, neither the version nor HTTP/2 is known: TLS 1.3, or 1.2 with
 * GCM, are taken for granted, and only single frames. */
static bool is_control_unknown(uint32_t length)
{
    static const uint8_t overheads[] = {17, 24};
    for (size_t i = 0; i < sizeof overheads; i++) {
        uint32_t text = length - overheads[i];
        if (length > overheads[i] && (text == 9 || text == 13 || text == 17))
            return true;
    }
    return length == ALERT_13_RECORD_BYTES;
}

/* No part of a request or an answer, whoever sends it. */
static bool is_control(const struct mt_tls_turns *t, uint32_t length)
{
    const struct mt_tls_shape *s = &t->shape;
    if (s->version == 0)
        return is_control_unknown(length);
    if (s->overhead_bytes == 0)
        return false;
    if (length <= s->overhead_bytes)
        return true; /* an empty record */
    uint32_t text = length - s->overhead_bytes;
    if (mt_tls_is_13(s->version) && text == ALERT_TEXT_BYTES)
        return true;
    return s->h2 && is_h2_control(text);
}

static bool is_preface(const struct mt_tls_turns *t, uint32_t length)
{
    uint32_t before = t->shape.overhead_bytes + PREFACE_BYTES;
    return t->shape.h2 && t->shape.overhead_bytes > 0 && length > before &&
           is_h2_settings(length - before);
}

static bool is_first_settings(const struct mt_tls_turns *t, uint32_t length)
{
    uint32_t before = t->shape.overhead_bytes;
    return t->shape.h2 && before > 0 && length > before &&
           is_h2_settings(length - before);
}

static bool could_be_ticket(const struct mt_tls_turns *t, uint32_t length)
{
    return mt_tls_is_13(t->shape.version) && t->tickets < TICKETS_MAX &&
           (t->tickets == 0
                ? length >= TICKET_MIN_BYTES && length <= TICKET_MAX_BYTES
                : length == t->ticket_bytes);
}

/* ---- the turn ---- */

bool mt_tls_turns_waiting(const struct mt_tls_turns *t)
{
    return t->turn != NULL && !t->answered && !t->provisional;
}

static void finish(struct mt_tls_turns *t, enum mt_error error, int64_t ts_ns)
{
    struct mt_draft *r = t->turn;
    bool waiting = mt_tls_turns_waiting(t);
    t->turn = NULL;
    t->answered = t->provisional = false;
    t->counts[MT_CLIENT] = t->counts[MT_SERVER] = false;
    mt_draft_finish(r, waiting ? error : MT_ERROR_NONE, waiting ? ts_ns : 0);
}

static void begin(struct mt_tls_turns *t, const struct mt_chunk *chunk)
{
    t->turn = mt_draft_new(t->conn, ++t->conn->exchanges, chunk->ts_ns);
    if (t->turn == NULL)
        return;
    struct mt_exchange *x = &t->turn->x;
    x->protocol = MT_PROTOCOL_TLS;
    x->kind = MT_KIND_TURN;
    x->quality |= MT_QUALITY_INFERRED;
}

static void add(struct mt_tls_turns *t, enum mt_role from, uint32_t length,
                const struct mt_chunk *chunk)
{
    struct mt_exchange *x = &t->turn->x;
    struct mt_message *m = from == MT_CLIENT ? &x->req : &x->resp;
    m->header_bytes += MT_TLS_HEADER_BYTES;
    m->body_bytes += length;
    t->counts[from] = true;
    mt_draft_touch(t->turn, from, chunk);
}

static void client_record(struct mt_tls_turns *t, uint32_t length,
                          const struct mt_chunk *chunk)
{
    bool first = !t->client_spoke;
    t->client_spoke = true;
    if (is_control(t, length) || (first && is_preface(t, length)))
        return;
    if (t->turn != NULL && !mt_tls_turns_waiting(t)) {
        finish(t, MT_ERROR_NONE, 0);
        t->server_settled = true;
    }
    if (t->turn == NULL)
        begin(t, chunk);
    if (t->turn != NULL)
        add(t, MT_CLIENT, length, chunk);
}

/* What seemed to be the answer was a ticket. */
static void withdraw_answer(struct mt_tls_turns *t)
{
    if (!t->provisional)
        return;
    t->provisional = false;
    t->turn->x.resp = (struct mt_message){.start_ns = 0};
}

/* Until the server's first true answer: its tickets and SETTINGS, which the
 * first request may have overtaken. Returns false for a true answer. */
static bool is_preamble(struct mt_tls_turns *t, uint32_t length,
                        const struct mt_chunk *chunk)
{
    if (t->server_settled)
        return false;
    if (is_first_settings(t, length))
        return true;
    if (!could_be_ticket(t, length))
        return false;
    t->tickets++;
    t->ticket_bytes = length;
    withdraw_answer(t); /* two of one length: tickets both */
    if (t->tickets == 1 && t->turn != NULL) {
        t->provisional = true;
        add(t, MT_SERVER, length, chunk);
    }
    return true;
}

static void server_record(struct mt_tls_turns *t, uint32_t length,
                          const struct mt_chunk *chunk)
{
    if (is_control(t, length) || is_preamble(t, length, chunk) ||
        t->turn == NULL)
        return;
    withdraw_answer(t);
    t->server_settled = true;
    t->answered = true;
    add(t, MT_SERVER, length, chunk);
}

void mt_tls_turns_record(struct mt_tls_turns *t, enum mt_role from,
                         uint32_t length, const struct mt_chunk *chunk)
{
    if (!t->begun)
        return;
    t->counts[from] = false;
    if (from == MT_CLIENT)
        client_record(t, length, chunk);
    else
        server_record(t, length, chunk);
}

void mt_tls_turns_more(struct mt_tls_turns *t, enum mt_role from,
                       const struct mt_chunk *chunk, bool last)
{
    if (t->counts[from] && t->turn != NULL)
        mt_draft_touch(t->turn, from, chunk);
    if (last)
        t->counts[from] = false;
}

void mt_tls_turns_gap(struct mt_tls_turns *t, enum mt_role from, bool in_record,
                      int64_t ts_ns)
{
    /* The client's preface or the server's tickets may be in the hole. */
    t->client_spoke = true;
    t->server_settled = true;
    if (!in_record)
        t->counts[from] = false;
    if (from == MT_SERVER && mt_tls_turns_waiting(t))
        finish(t, MT_ERROR_CAPTURE_GAP, ts_ns);
}

void mt_tls_turns_end(struct mt_tls_turns *t, enum mt_error error,
                      int64_t ts_ns)
{
    t->begun = false;
    if (t->turn == NULL)
        return;
    bool one_sided = !t->conn->seen[mt_conn_side(t->conn, MT_SERVER)];
    if (one_sided && mt_tls_turns_waiting(t)) {
        mt_draft_drop(t->turn); /* one direction alone has no turns */
        t->turn = NULL;
        return;
    }
    finish(t, error, ts_ns);
}
