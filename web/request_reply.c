/* How requests are answered. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "web/limits.h"
#include "web/server_impl.h"

enum {
    COOKIE_BYTES = 512,
    STREAM_BLOCK_BYTES = 16 << 10,
    STREAM_SOCKET_BYTES = 64 << 10, /* the backlog is ours, not the kernel's */
};

/* Nothing is loaded from elsewhere, nothing is shown within another page, and
 * nothing of ours is told to others. */
static const char *const hardening[][2] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; "
     "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; "
     "worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
     "form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy",
     "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
};

static void add(struct MHD_Response *response, const char *name,
                const char *value)
{
    (void)MHD_add_response_header(response, name, value);
}

/* Takes the response; NULL: the connection is closed. */
static enum MHD_Result queue(struct mt_web_request *r, unsigned status,
                             struct MHD_Response *response)
{
    if (response == NULL)
        return MHD_NO;
    for (size_t i = 0; i < sizeof hardening / sizeof hardening[0]; i++)
        add(response, hardening[i][0], hardening[i][1]);
    if (r->conn != NULL)
        mt_web_conn_set(&r->web->conns, r->conn, MT_CONN_SENDING,
                        r->web->site.steady(NULL));
    enum MHD_Result rc = MHD_queue_response(r->connection, status, response);
    MHD_destroy_response(response);
    return rc;
}

enum MHD_Result mt_web_send_reply(struct mt_web_request *r,
                                  struct mt_web_reply *reply)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->body.len, reply->body.ptr, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        return MHD_NO; /* the body is freed with the request */
    reply->body.ptr = NULL;
    add(response, "Content-Type", reply->type);
    add(response, "Cache-Control", "no-store");
    if (reply->status == 401)
        add(response, "WWW-Authenticate", "Bearer realm=\"meshtop\"");
    if (reply->status == 405)
        add(response, "Allow", "GET, HEAD");
    if (reply->status == 503)
        add(response, "Retry-After", "1");
    if (reply->status == 413 || reply->status == 414)
        add(response, "Connection", "close");
    return queue(r, reply->status, response);
}

enum MHD_Result mt_web_send_problem(struct mt_web_request *r,
                                    const struct mt_web_problem *p)
{
    free(r->job.reply.body.ptr);
    mt_web_reply_problem(&r->job.reply, p);
    return mt_web_send_reply(r, &r->job.reply);
}

enum MHD_Result mt_web_send_text(struct mt_web_request *r, const char *text)
{
    struct mt_web_reply reply = {.status = 200,
                                 .type = "text/plain; charset=utf-8",
                                 .body.max = MT_WEB_ANSWER_BYTES};
    struct mt_sink sink = mt_web_body_sink(&reply.body);
    if (sink.write(sink.arg, mt_span_str(text)) != 0)
        return MHD_NO;
    enum MHD_Result rc = mt_web_send_reply(r, &reply);
    free(reply.body.ptr);
    return rc;
}

enum MHD_Result mt_web_send_cookie(struct mt_web_request *r,
                                   struct mt_span token)
{
    char cookie[COOKIE_BYTES];
    (void)snprintf(cookie, sizeof cookie,
                   "meshtop_token=%.*s; Path=/; HttpOnly; SameSite=Strict",
                   (int)token.len, (const char *)token.ptr);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    add(response, "Location", "/");
    add(response, "Set-Cookie", cookie);
    add(response, "Cache-Control", "no-store");
    return queue(r, MHD_HTTP_SEE_OTHER, response);
}

/* ---- files ---- */

static bool list_has(struct mt_span list, struct mt_span word)
{
    while (list.len > 0) {
        struct mt_span one = mt_span_take(&list, mt_span_find(list, ','));
        (void)mt_span_take(&list, list.len > 0);
        while (one.len > 0 && one.ptr[0] == ' ')
            (void)mt_span_take(&one, 1);
        struct mt_span name = mt_span_take(&one, mt_span_find(one, ';'));
        if (mt_span_caseeq(name, word))
            return true;
    }
    return false;
}

/* For who does not take it compressed. */
static struct MHD_Response *plain(const struct mt_web_asset *a)
{
    uint8_t *bytes;
    size_t len;
    if (!mt_web_asset_plain(a, &bytes, &len))
        return NULL;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        free(bytes);
    return response;
}

static struct MHD_Response *file(const struct mt_web_request *r,
                                 const struct mt_web_asset *a)
{
    struct mt_span gzip = {a->gzip, (size_t)(a->gzip_end - a->gzip)};
    if (!list_has(mt_web_header(r, "Accept-Encoding"), MT_SPAN("gzip")))
        return plain(a);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        gzip.len, (void *)(uintptr_t)gzip.ptr, MHD_RESPMEM_PERSISTENT);
    if (response != NULL)
        add(response, "Content-Encoding", "gzip");
    return response;
}

enum MHD_Result mt_web_send_asset(struct mt_web_request *r,
                                  const struct mt_web_asset *a)
{
    bool same =
        mt_span_eq(mt_web_header(r, "If-None-Match"), mt_span_str(a->etag));
    struct MHD_Response *response =
        same ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
             : file(r, a);
    if (response == NULL)
        return MHD_NO;
    add(response, "ETag", a->etag);
    add(response, "Vary", "Accept-Encoding");
    add(response, "Cache-Control",
        a->lasting ? "private, max-age=31536000, immutable"
                   : "private, no-cache");
    if (!same)
        add(response, "Content-Type", a->type);
    return queue(r, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response);
}

/* ---- streams ---- */

static ssize_t read_stream(void *arg, uint64_t pos, char *to, size_t max)
{
    struct mt_web_request *r = arg;
    (void)pos;
    int n = mt_web_stream_read(r->stream, to, max);
    return n >= 0 ? n : MHD_CONTENT_READER_END_OF_STREAM;
}

enum MHD_Result mt_web_send_stream(struct mt_web_request *r)
{
    int bytes = STREAM_SOCKET_BYTES;
    if (r->conn != NULL)
        (void)setsockopt(r->conn->fd, SOL_SOCKET, SO_SNDBUF, &bytes,
                         sizeof bytes);
    (void)MHD_set_connection_option(r->connection,
                                    MHD_CONNECTION_OPTION_TIMEOUT,
                                    (unsigned)(2 * MT_WEB_IDLE_S));
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, read_stream, r, NULL);
    if (response == NULL)
        return MHD_NO;
    add(response, "Content-Type", "text/event-stream; charset=utf-8");
    add(response, "Cache-Control", "no-store");
    return queue(r, MHD_HTTP_OK, response);
}
