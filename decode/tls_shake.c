#include "decode/tls_shake.h"

#include <assert.h>

#include "decode/conn.h"

enum { ALERT_NONE = 255, ALERT_FATAL = 2, SNI_MAX_BYTES = 255 };

/* ---- the end of the handshake ---- */

static bool is_h2(struct mt_span alpn)
{
    return mt_span_eq(alpn, MT_SPAN("h2"));
}

static void begin_turns(struct mt_tls_shake *s, struct mt_tls_turns *turns)
{
    const struct mt_tls *tls = &s->conn->tls;
    struct mt_tls_shape shape = {
        .version = tls->version,
        .overhead_bytes =
            (uint16_t)mt_tls_overhead_bytes(tls->version, tls->cipher_suite),
        .h2 = is_h2(tls->alpn)};
    s->done = true;
    mt_tls_turns_begin(turns, &shape);
}

static void end_handshake(struct mt_tls_shake *s, int64_t ts_ns)
{
    struct mt_tls *tls = &s->conn->tls;
    if (s->hello_ns != 0 && tls->handshake_ns == 0 && ts_ns > s->hello_ns)
        tls->handshake_ns = ts_ns - s->hello_ns;
}

/* The client's first record was its Finished, what followed are requests. */
static void settle_flight(struct mt_tls_shake *s, struct mt_tls_turns *turns)
{
    end_handshake(s, s->flight[0].end_ns);
    begin_turns(s, turns);
    for (unsigned i = 1; i < s->flight_len; i++) {
        const struct mt_tls_flight_record *f = &s->flight[i];
        mt_tls_turns_record(turns, MT_CLIENT, f->length,
                            &(struct mt_chunk){.ts_ns = f->start_ns});
        mt_tls_turns_more(turns, MT_CLIENT,
                          &(struct mt_chunk){.ts_ns = f->end_ns}, true);
    }
    s->flight_len = 0;
}

/* An alert instead of Finished: the client refuses the server. */
static bool is_alert_13(const struct mt_tls *tls, uint32_t length)
{
    return length == mt_tls_overhead_bytes(tls->version, tls->cipher_suite) + 2;
}

static void client_record_13(struct mt_tls_shake *s,
                             const struct mt_tls_event *ev,
                             struct mt_tls_turns *turns)
{
    const struct mt_tls *tls = &s->conn->tls;
    if (ev->length == mt_tls_finished_bytes(tls->cipher_suite)) {
        s->ends_here = true;
        s->flight_len = 0;
        return;
    }
    if (s->early_data || is_alert_13(tls, ev->length))
        return;
    if (s->flight_len == MT_TLS_FLIGHT_MAX) {
        settle_flight(s, turns);
        return;
    }
    s->flight[s->flight_len++] = (struct mt_tls_flight_record){
        .length = ev->length, .start_ns = ev->start_ns, .end_ns = ev->start_ns};
}

/* The ServerHello was lost: both a Finished and a request are possible. */
static void client_record_unknown(struct mt_tls_shake *s,
                                  const struct mt_tls_event *ev,
                                  struct mt_tls_turns *turns)
{
    if (s->early_data)
        return;
    if (ev->length == mt_tls_finished_bytes(0x1301) ||
        ev->length == mt_tls_finished_bytes(0x1302))
        s->ends_here = true;
    else
        begin_turns(s, turns);
}

static void data_record(struct mt_tls_shake *s, enum mt_role from,
                        const struct mt_tls_event *ev,
                        struct mt_tls_turns *turns)
{
    bool is_13 = mt_tls_is_13(s->conn->tls.version);
    if (!s->hello[MT_CLIENT] && !s->hello[MT_SERVER])
        begin_turns(s, turns); /* joined late */
    else if (s->hello[MT_SERVER] && !is_13)
        begin_turns(s, turns);
    else if (from == MT_CLIENT && is_13)
        client_record_13(s, ev, turns);
    else if (from == MT_CLIENT)
        client_record_unknown(s, ev, turns);
    else if (s->flight_len > 0)
        settle_flight(s, turns);
}

/* A record ended whose length was judged as it began. */
static void data_end(struct mt_tls_shake *s, enum mt_role from, int64_t ts_ns,
                     struct mt_tls_turns *turns)
{
    if (from != MT_CLIENT)
        return;
    if (s->ends_here) {
        s->ends_here = false;
        if (s->hello[MT_SERVER])
            end_handshake(s, ts_ns);
        begin_turns(s, turns);
    } else if (s->flight_len > 0) {
        s->flight[s->flight_len - 1].end_ns = ts_ns;
    }
}

/* ---- hellos ---- */

static void keep_text(struct mt_conn *c, struct mt_span text,
                      struct mt_span *slot)
{
    if (text.len > SNI_MAX_BYTES)
        text.len = SNI_MAX_BYTES;
    (void)mt_arena_copy(&c->text, text, slot); /* at its bound: left empty */
}

static void client_hello(struct mt_tls_shake *s, const struct mt_tls_event *ev)
{
    struct mt_tls_hello h;
    (void)mt_tls_hello_read(ev->body, MT_TLS_CLIENT_HELLO, &h);
    if (s->hello[MT_CLIENT])
        return; /* the same again after HelloRetryRequest */
    s->hello[MT_CLIENT] = true;
    s->hello_ns = ev->start_ns;
    s->early_data = h.early_data;
    keep_text(s->conn, h.sni, &s->conn->tls.sni);
    keep_text(s->conn, h.alpn, &s->conn->tls.alpn);
}

static void server_hello(struct mt_tls_shake *s, const struct mt_tls_event *ev)
{
    struct mt_tls *tls = &s->conn->tls;
    struct mt_tls_hello h;
    if (s->hello[MT_SERVER])
        return;
    if (!mt_tls_hello_read(ev->body, MT_TLS_SERVER_HELLO, &h) &&
        h.cipher_suite == 0)
        return; /* lost or malformed: its record tells no version */
    if (h.retry)
        return; /* another hello of each follows */
    s->hello[MT_SERVER] = true;
    tls->version = h.version;
    tls->cipher_suite = h.cipher_suite;
    if (mt_tls_is_13(h.version))
        tls->resumed = h.psk;
    if (h.alpn.len > 0)
        keep_text(s->conn, h.alpn, &tls->alpn);
}

/* ---- the rest of the handshake ---- */

static void alert(struct mt_tls_shake *s, enum mt_role from,
                  const struct mt_tls_event *ev)
{
    struct mt_tls *tls = &s->conn->tls;
    /* close_notify and user_canceled close; in 1.3 all others are fatal. */
    bool closes = ev->description == 0 || ev->description == 90;
    bool fatal = ev->level == ALERT_FATAL || mt_tls_is_13(tls->version);
    if (closes || !fatal || s->alerted || ev->description == ALERT_NONE)
        return;
    s->alerted = true;
    s->alert_from = (uint8_t)from;
    s->broken = !s->done;
    tls->alert = ev->description;
}

/* An abbreviated handshake has no certificate and no ServerHelloDone. */
static void change_cipher_spec(struct mt_tls_shake *s, enum mt_role from)
{
    struct mt_tls *tls = &s->conn->tls;
    bool known = s->hello[MT_SERVER] && !mt_tls_is_13(tls->version);
    if (from == MT_SERVER && known && !s->ccs[from] && !s->lost[from])
        tls->resumed = !s->certificate;
    s->ccs[from] = true;
}

static void encrypted_handshake(struct mt_tls_shake *s, enum mt_role from,
                                int64_t ts_ns, struct mt_tls_turns *turns)
{
    if (!s->ccs[from] || s->finished[from])
        return;
    s->finished[from] = true;
    if (!s->finished[MT_CLIENT] || !s->finished[MT_SERVER])
        return;
    end_handshake(s, ts_ns);
    if (!s->done)
        begin_turns(s, turns);
}

static void record_end(struct mt_tls_shake *s, enum mt_role from,
                       const struct mt_tls_event *ev, int64_t ts_ns,
                       struct mt_tls_turns *turns)
{
    if (ev->type == MT_TLS_CHANGE_CIPHER_SPEC)
        change_cipher_spec(s, from);
    else if (ev->type == MT_TLS_HANDSHAKE && !ev->in_clear)
        encrypted_handshake(s, from, ts_ns, turns);
    else if (ev->type == MT_TLS_DATA && !s->done)
        data_end(s, from, ts_ns, turns);
}

void mt_tls_shake_event(struct mt_tls_shake *s, enum mt_role from,
                        const struct mt_tls_event *ev, int64_t ts_ns,
                        struct mt_tls_turns *turns)
{
    switch (ev->what) {
    case MT_TLS_ON_RECORD:
        if (ev->type == MT_TLS_DATA && !s->done)
            data_record(s, from, ev, turns);
        break;
    case MT_TLS_ON_HELLO:
        if (from == MT_CLIENT && ev->type == MT_TLS_CLIENT_HELLO)
            client_hello(s, ev);
        else if (from == MT_SERVER && ev->type == MT_TLS_SERVER_HELLO)
            server_hello(s, ev);
        break;
    case MT_TLS_ON_MESSAGE:
        if (from == MT_SERVER)
            s->certificate |= ev->type == MT_TLS_CERTIFICATE ||
                              ev->type == MT_TLS_SERVER_HELLO_DONE;
        break;
    case MT_TLS_ON_ALERT:
        alert(s, from, ev);
        break;
    case MT_TLS_ON_END:
        record_end(s, from, ev, ts_ns, turns);
        break;
    }
}
