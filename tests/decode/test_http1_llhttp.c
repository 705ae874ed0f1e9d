/* llhttp's own cases, read from its markdown where they are at hand. Where it
 * takes an input, both our policies must see the same messages in it; where it
 * refuses, so must the proxy's. Each deviation is a row with its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/http1.h"

#define FOLDER MT_SHARED_DATA "/http1-vectors/nodejs-llhttp/"

struct exception {
    const char *title;
    const char *reason;
};

/* Where we deviate, and why: most make the proxy's policy the stricter. */
static const struct exception exceptions[] = {
    {"request/connection: No restart when keep-alive is off (1.0)",
     "what follows a close is the caller's matter: keep_alive tells it"},
    {"request/content-length: Content-Length reset when no body is received",
     "a request cannot be told to have no body"},
    {"request/invalid: HTTP protocol and ANNOUNCE method",
     "any token is a method (RFC 9110, 9.1)"},
    {"request/invalid: Invalid method",
     "any token is a method (RFC 9110, 9.1)"},
    {"request/method: CONNECT with body",
     "Content-Length frames it like any other (RFC 9112, 6.3)"},
    {"request/method: M-SEARCH request",
     "* is for OPTIONS alone (RFC 9112, 3.2.4)"},
    {"request/method: SOURCE request with ICE", "ICE is not HTTP"},
    {"request/method: OPTIONS request with RTSP", "RTSP is not HTTP"},
    {"request/method: ANNOUNCE request with RTSP", "RTSP is not HTTP"},
    {"request/sample: No HTTP version", "HTTP/0.9 is not spoken (RFC 9112, 3)"},
    {"request/sample: 255 ASCII in header value",
     "the log has the byte as UTF-8"},
    {"request/transfer-encoding: POST with `chunked` as last transfer-encoding",
     "its target has a fragment (RFC 9112, 3.2)"},
    {"request/transfer-encoding: POST with `chunked` as last transfer-encoding "
     "(multiple headers)",
     "its target has a fragment (RFC 9112, 3.2)"},
    {"request/uri: Fragment in URI",
     "a target has no fragment (RFC 9112, 3.2)"},
    {"response/connection: HTTP 304 with Content-Length",
     "empty lines may come before requests only (RFC 9112, 2.2)"},
    {"response/connection: HTTP 100 first, then 400",
     "empty lines may come before requests only (RFC 9112, 2.2)"},
    {"response/pipelining: Should parse multiple events",
     "empty lines may come before requests only (RFC 9112, 2.2)"},
    {"response/sample: Response starting with CRLF",
     "empty lines may come before requests only (RFC 9112, 2.2)"},
    {"response/sample: RTSP response", "RTSP is not HTTP"},
    {"response/sample: ICE response", "ICE is not HTTP"},
    {"response/sample: No reason phrase",
     "the space before it is not optional (RFC 9112, 4)"},
    {"response/sample: HTTP version 0.9",
     "0.9 has no version on the wire (RFC 9112, 2.3)"},
    {"response/transfer-encoding: `chunked` before other transfer-encoding",
     "chunked must be last (RFC 9112, 6.1)"},
    {"response/transfer-encoding: multiple transfer-encoding where chunked is "
     "not the last one",
     "chunked must be last (RFC 9112, 6.1)"},
    {"response/transfer-encoding: `chunkedchunked` transfer-encoding does not "
     "enable chunked enconding",
     "a coding we do not know hides the framing"},
};

struct text {
    char bytes[16384];
    size_t len;
};

static void add(struct text *t, const char *bytes, size_t n)
{
    assert_true(t->len + n < sizeof t->bytes);
    memcpy(t->bytes + t->len, bytes, n);
    t->len += n;
    t->bytes[t->len] = 0;
}

static void add_text(struct text *t, const char *s)
{
    add(t, s, strlen(s));
}

/* Without blanks: what is left of a folded value is each parser's own. */
static void add_value(struct text *t, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strchr(" \t\r\n", bytes[i]) == NULL || bytes[i] == 0)
            add(t, bytes + i, 1);
}

/* The log's own escapes of blanks. */
static void add_logged(struct text *t, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] == '\\' && i + 1 < n && strchr("trn", bytes[i + 1]))
            i++;
        else
            add_value(t, bytes + i, 1);
}

static void add_span(struct text *t, struct mt_span s)
{
    add_value(t, (const char *)s.ptr, s.len);
}

/* ---- what llhttp's log says ---- */

struct expected {
    struct text messages;
    bool refused;  /* it stopped at an error */
    bool switched; /* it stopped as the protocol changes */
    int finish;    /* -1: not asked */
    bool in_body;
};

static void end_body(struct expected *e)
{
    if (e->in_body)
        add_text(&e->messages, "} ");
    e->in_body = false;
}

static void on_body(struct expected *e, const char *value, size_t n)
{
    if (!e->in_body)
        add_text(&e->messages, "{");
    e->in_body = true;
    add_logged(&e->messages, value, n);
}

static void on_span(struct expected *e, const char *name, const char *value,
                    size_t n)
{
    if (strncmp(name, "body]", 5) == 0) {
        on_body(e, value, n);
        return;
    }
    if (strncmp(name, "chunk_", 6) == 0)
        return;
    end_body(e);
    if (strncmp(name, "header_value]", 13) == 0 ||
        strncmp(name, "header_field]", 13) == 0 ||
        strncmp(name, "method]", 7) == 0 || strncmp(name, "url]", 4) == 0 ||
        strncmp(name, "status]", 7) == 0)
        add_logged(&e->messages, value, n);
}

static void on_event(struct expected *e, const char *what)
{
    static const struct {
        const char *starts, *says;
    } rows[] = {
        {"method complete", " "},       {"url complete", " "},
        {"status complete", " "},       {"header_field complete", "="},
        {"header_value complete", " "}, {"message complete", ". "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strncmp(what, rows[i].starts, strlen(rows[i].starts)) == 0) {
            end_body(e);
            add_text(&e->messages, rows[i].says);
        }
    if (strncmp(what, "error", 5) == 0) {
        e->switched = strstr(what, "CONNECT/Upgrade") != NULL;
        e->refused = !e->switched;
    }
    if (strncmp(what, "finish=", 7) == 0)
        e->finish = what[7] - '0';
}

static void read_log(struct expected *e, const char *log)
{
    *e = (struct expected){.finish = -1};
    for (const char *line = log; *line != 0;) {
        const char *end = strchr(line, '\n');
        const char *stop = end != NULL ? end : line + strlen(line);
        const char *span = strstr(line, "span[");
        const char *space = strchr(line, ' ');
        if (span != NULL && span < stop) {
            const char *value = strchr(span, '=') + 1;
            if (*value == '"')
                on_span(e, span + 5, value + 1, (size_t)(stop - value) - 2);
            else /* cr, lf: blank */
                on_span(e, span + 5, value, 0);
        } else if (space != NULL && space < stop) {
            on_event(e, space + 1);
        }
        line = end != NULL ? end + 1 : stop;
    }
    end_body(e);
}

/* ---- what our parser sees ---- */

struct seen {
    struct text messages;
    bool in_body;
    int rc;
    int finish;
};

static void see_event(struct seen *s, const struct mt_http1_event *ev)
{
    if (s->in_body && ev->kind != MT_HTTP1_BODY && ev->kind != MT_HTTP1_CHUNK) {
        add_text(&s->messages, "} ");
        s->in_body = false;
    }
    switch (ev->kind) {
    case MT_HTTP1_REQUEST:
        add_span(&s->messages, ev->request.method);
        add_text(&s->messages, " ");
        add_span(&s->messages, ev->request.target);
        add_text(&s->messages, " ");
        break;
    case MT_HTTP1_STATUS:
        add_span(&s->messages, ev->status.reason);
        add_text(&s->messages, " ");
        break;
    case MT_HTTP1_FIELD:
    case MT_HTTP1_TRAILER:
        add_span(&s->messages, ev->field.name);
        add_text(&s->messages, "=");
        add_span(&s->messages, ev->field.value);
        add_text(&s->messages, " ");
        break;
    case MT_HTTP1_BODY:
        add_text(&s->messages, s->in_body ? "" : "{");
        s->in_body = true;
        add_span(&s->messages, ev->body);
        break;
    case MT_HTTP1_END:
        add_text(&s->messages, ". ");
        break;
    case MT_HTTP1_HEADERS:
    case MT_HTTP1_CHUNK:
        break;
    }
}

struct kase {
    char title[200];
    char file[32];
    char meta[200];
    struct text input;
    char log[32768];
};

/* Few of the cases have a Host: that is another matter. */
static void see(struct seen *s, const struct kase *k, bool strict, bool once)
{
    struct mt_http1_config config = strict ? mt_http1_strict : mt_http1_lenient;
    struct mt_pool pool;
    struct mt_http1 p;
    struct mt_http1_event ev;
    struct mt_span in = {(const uint8_t *)k->input.bytes, k->input.len};
    bool response = strstr(k->meta, "\"response") != NULL;

    config.fatal &= ~(uint32_t)MT_ANOMALY_NO_HOST;
    *s = (struct seen){.finish = -1};
    mt_pool_init(&pool, 1 << 20);
    mt_http1_init(&p, response ? MT_HTTP1_RESPONSES : MT_HTTP1_REQUESTS,
                  &config, &pool);
    while ((s->rc = mt_http1_next(&p, &in, &ev)) == MT_EVENT) {
        see_event(s, &ev);
        if (ev.kind == MT_HTTP1_STATUS && strstr(k->meta, "skipBody") != NULL)
            mt_http1_answers(&p, MT_HTTP1_TO_HEAD);
        if (once && ev.kind == MT_HTTP1_END)
            break;
    }
    if (s->in_body)
        add_text(&s->messages, "} ");
    if (s->rc == MT_MORE) {
        int rc = mt_http1_eof(&p, &ev);
        s->finish = rc == MT_DONE ? 0 : rc == MT_EVENT ? 1 : 2;
    }
    mt_http1_deinit(&p);
    mt_pool_deinit(&pool);
}

/* ---- the cases ---- */

static unsigned cases, excused, complaints;
static bool used[sizeof exceptions / sizeof exceptions[0]];

static bool is_exception(const struct kase *k)
{
    char name[256];
    (void)snprintf(name, sizeof name, "%s: %s", k->file, k->title);
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++)
        if (strcmp(exceptions[i].title, name) == 0) {
            used[i] = true;
            return true;
        }
    return false;
}

static void complain(const struct kase *k, const char *what, const char *got,
                     const char *want)
{
    if (is_exception(k)) {
        excused++;
        return;
    }
    complaints++;
    print_error("%s: %s: %s\n  got  %s\n  want %s\n", k->file, k->title, what,
                got, want);
}

/* How many messages ended. */
static unsigned whole(const char *messages)
{
    unsigned n = 0;
    while ((messages = strstr(messages, ". ")) != NULL) {
        messages += 2;
        n++;
    }
    return n;
}

/* llhttp tells of a line before it ends: that much more may it say. */
static bool same_messages(const char *got, const char *want)
{
    size_t n = strlen(got);
    return strncmp(got, want, n) == 0 && whole(want + n) == 0;
}

static void run_case(const struct kase *k)
{
    static struct expected e;
    static struct seen lenient, strict;
    if (strstr(k->meta, "-lenient") != NULL)
        return; /* leniencies of its own */
    cases++;
    read_log(&e, k->log);
    see(&lenient, k, false, e.switched);
    see(&strict, k, true, e.switched);
    const char *want = e.messages.bytes;
    if (e.refused) {
        /* where we need more of a line to judge it, nothing was taken */
        if (strict.rc >= 0 && whole(strict.messages.bytes) > whole(want))
            complain(k, "refused by llhttp", strict.messages.bytes, want);
        return;
    }
    if (strict.rc < 0)
        complain(k, "taken by llhttp", strict.messages.bytes, want);
    if (!same_messages(lenient.messages.bytes, want))
        complain(k, "messages", lenient.messages.bytes, want);
    if (e.finish >= 0 && strict.finish != e.finish)
        complain(k, "finish", "", k->log);
}

/* The markdown's own escapes, as llhttp's test runner undoes them. */
static void unescape(struct text *out, const char *in, size_t n)
{
    out->len = 0;
    for (size_t i = 0; i < n; i++) {
        char next = i + 1 < n ? in[i + 1] : 0;
        if (in[i] == '\n') {
            add_text(out, "\r\n");
        } else if (in[i] != '\\') {
            add(out, in + i, 1);
        } else if (next == 'x') {
            char hex[3] = {in[i + 2], in[i + 3], 0};
            char c = (char)strtol(hex, NULL, 16);
            add(out, &c, 1);
            i += 3;
        } else {
            const char *at = next != 0 ? strchr("rntf", next) : NULL;
            if (at != NULL)
                add(out, &"\r\n\t\f"[at - "rntf"], 1);
            else if (next != '\n')
                add(out, in + i, 1);
            i += at != NULL || next == '\n';
        }
    }
}

/* The block between ``` lines, without its last line end. */
static const char *block(const char *from, const char *fence, size_t *n)
{
    const char *start = strstr(from, fence);
    if (start == NULL)
        return NULL;
    start = strchr(start, '\n') + 1;
    const char *end = strstr(start, "\n```");
    *n = end != NULL ? (size_t)(end - start) : 0;
    return start;
}

static void copy_line(char *out, size_t room, const char *line)
{
    size_t n = strcspn(line, "\n");
    (void)snprintf(out, room, "%.*s", (int)n, line);
}

static void run_file(const char *folder, const char *name)
{
    static char text[1 << 17];
    static struct kase k;
    char path[512];
    (void)snprintf(path, sizeof path, FOLDER "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    (void)fclose(f);

    (void)snprintf(k.file, sizeof k.file, "%s/%.*s", folder,
                   (int)strcspn(name, "."), name);
    for (const char *at = strstr(text, "<!-- meta"); at != NULL;) {
        const char *next = strstr(at + 1, "<!-- meta");
        const char *title = at;
        while (title > text && strncmp(title, "\n##", 3) != 0)
            title--;
        copy_line(k.title, sizeof k.title, title + 1 + strspn(title + 1, "# "));
        copy_line(k.meta, sizeof k.meta, at);
        size_t n = 0, log_n = 0;
        const char *input = block(at, "```http\n", &n);
        const char *log = block(at, "```log\n", &log_n);
        assert_non_null(input);
        assert_non_null(log);
        unescape(&k.input, input, n);
        assert_true(log_n < sizeof k.log);
        memcpy(k.log, log, log_n);
        k.log[log_n] = 0;
        run_case(&k);
        at = next;
    }
}

static int markdown(const struct dirent *e)
{
    const char *dot = strrchr(e->d_name, '.');
    return dot != NULL && strcmp(dot, ".md") == 0;
}

static bool run_folder(const char *folder)
{
    struct dirent **list;
    char path[512];
    (void)snprintf(path, sizeof path, FOLDER "%s", folder);
    int n = scandir(path, &list, markdown, alphasort);
    for (int i = 0; i < n; i++) {
        run_file(folder, list[i]->d_name);
        free(list[i]);
    }
    if (n >= 0)
        free(list);
    return n > 0;
}

static void test_cases(void **state)
{
    (void)state;
    if (!run_folder("request") || !run_folder("response")) {
        print_message("skipped: no llhttp cases in " FOLDER "\n");
        skip();
    }
    print_message("%u cases, %u by the table of exceptions\n", cases, excused);
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++)
        if (!used[i])
            fail_msg("exception not needed: %s", exceptions[i].title);
    assert_int_equal(complaints, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests_name("decode/http1_llhttp", tests, NULL,
                                       NULL);
}
