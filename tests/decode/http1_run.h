/* A run of the HTTP/1 parser over input that is fed in pieces, and its log. */
#ifndef MT_TESTS_DECODE_HTTP1_RUN_H
#define MT_TESTS_DECODE_HTTP1_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/http1.h"

/* The log of a run, one word an event:
 *   <METHOD target  <CODE reason  name=value  {framing,length,keep,upgrade}
 *   (size ext)  "body"  +trailer=value  .anomaly,anomaly  and what was left:
 *   ~more  !EPROTO  !ELIMIT  ~done:rest */
struct vector {
    const char *name;
    enum mt_http1_side side;
    enum mt_http1_answers answers;
    const char *input;
    size_t len; /* 0: strlen */
    const char *lenient;
    const char *strict; /* NULL: the same */
};

#define Q MT_HTTP1_REQUESTS, MT_HTTP1_TO_ANY
#define R MT_HTTP1_RESPONSES, MT_HTTP1_TO_ANY
#define TEXT(s) s, sizeof(s) - 1
#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define GOT "<GET / Host=a "
#define OK "HTTP/1.1 200 OK\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

/* Of a test that is no row of vectors. */
static const struct vector by_hand = {.name = "fed by hand",
                                      .side = MT_HTTP1_REQUESTS,
                                      .answers = MT_HTTP1_TO_ANY};

struct run {
    struct mt_http1 p;
    struct mt_pool pool;
    char log[1024];
    size_t used;
    bool in_body;
    int rc;
};

static inline void say(struct run *r, struct mt_span text)
{
    assert_true(r->used + text.len < sizeof r->log);
    for (size_t i = 0; i < text.len; i++) /* a NUL would end the log */
        r->log[r->used++] = text.ptr[i] == 0 ? '@' : (char)text.ptr[i];
    r->log[r->used] = 0;
}

static inline void say_text(struct run *r, const char *text)
{
    say(r, mt_span_str(text));
}

static inline void say_pair(struct run *r, struct mt_span name,
                            struct mt_span value)
{
    say(r, name);
    say_text(r, "=");
    say(r, value);
    say_text(r, " ");
}

static inline void say_number(struct run *r, const char *before, uint64_t n)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%s%llu", before, (unsigned long long)n);
    say_text(r, text);
}

static inline void say_headers(struct run *r, const struct mt_http1_event *ev)
{
    static const char *const framings[] = {"{none", "{length ", "{chunked",
                                           "{close", "{tunnel"};
    say_text(r, framings[ev->headers.framing]);
    if (ev->headers.framing == MT_HTTP1_LENGTH)
        say_number(r, "", ev->headers.length);
    if (ev->headers.keep_alive)
        say_text(r, " keep");
    if (ev->headers.upgrade)
        say_text(r, " upgrade");
    say_text(r, "} ");
}

static inline void say_end(struct run *r, uint32_t anomalies)
{
    const char *before = ".";
    for (unsigned bit = 0; bit < 32; bit++)
        if ((anomalies & 1u << bit) != 0) {
            say_text(r, before);
            say_text(r, mt_anomaly_text(bit));
            before = ",";
        }
    say_text(r, anomalies == 0 ? ". " : " ");
}

static inline void say_event(struct run *r, const struct mt_http1_event *ev)
{
    if (r->in_body && ev->kind != MT_HTTP1_BODY) {
        say_text(r, "\" ");
        r->in_body = false;
    }
    switch (ev->kind) {
    case MT_HTTP1_REQUEST:
        say_text(r, "<");
        say(r, ev->request.method);
        say_text(r, " ");
        say(r, ev->request.target);
        say_text(r, " ");
        break;
    case MT_HTTP1_STATUS:
        say_number(r, "<", ev->status.code);
        say_text(r, " ");
        say(r, ev->status.reason);
        say_text(r, " ");
        break;
    case MT_HTTP1_TRAILER:
        say_text(r, "+");
        say_pair(r, ev->field.name, ev->field.value);
        break;
    case MT_HTTP1_FIELD:
        say_pair(r, ev->field.name, ev->field.value);
        break;
    case MT_HTTP1_HEADERS:
        say_headers(r, ev);
        break;
    case MT_HTTP1_BODY:
        assert_true(ev->body.len > 0);
        if (!r->in_body)
            say_text(r, "\"");
        r->in_body = true;
        say(r, ev->body);
        break;
    case MT_HTTP1_CHUNK:
        say_number(r, "(", ev->chunk.bytes);
        say_text(r, ev->chunk.extension.len > 0 ? " " : "");
        say(r, ev->chunk.extension);
        say_text(r, ") ");
        break;
    case MT_HTTP1_END:
        say_end(r, ev->end.anomalies);
        break;
    }
}

static inline void feed(struct run *r, const char *bytes, size_t len)
{
    /* an exact-size copy lets ASan see a read past the end */
    uint8_t *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);

    struct mt_span in = {.ptr = copy, .len = len};
    struct mt_http1_event ev;
    while ((r->rc = mt_http1_next(&r->p, &in, &ev)) == MT_EVENT)
        say_event(r, &ev);
    if (r->rc == MT_MORE)
        assert_int_equal(in.len, 0);
    if (r->rc == MT_DONE) {
        say_text(r, "~done:");
        say(r, in);
    }
    free(copy);
}

static inline void start(struct run *r, const struct vector *v,
                         const struct mt_http1_config *config)
{
    r->used = 0;
    r->log[0] = 0;
    r->in_body = false;
    r->rc = MT_MORE;
    mt_pool_init(&r->pool, 1 << 20);
    mt_http1_init(&r->p, v->side, config, &r->pool);
    mt_http1_answers(&r->p, v->answers);
}

static inline void finish(struct run *r, const struct vector *v,
                          const char *want, struct mt_span rest)
{
    if (r->in_body)
        say_text(r, "\" ");
    if (r->rc == MT_DONE)
        say(r, rest);
    else
        say_text(r, r->rc == MT_MORE     ? "~more"
                    : r->rc == MT_EPROTO ? "!EPROTO"
                                         : "!ELIMIT");
    if (strcmp(r->log, want) != 0)
        fail_msg("%s: got\n%s\nwant\n%s\n(state %s)", v->name, r->log, want,
                 mt_http1_state_name(&r->p));
    mt_http1_deinit(&r->p);
    mt_pool_deinit(&r->pool); /* asserts that all was given back */
}

#endif
