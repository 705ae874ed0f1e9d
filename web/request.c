/* One request, from its head to the question that it asks. */
#include <stdlib.h>
#include <string.h>

#include "web/guard.h"
#include "web/limits.h"
#include "web/server_impl.h"

static const char api[] = "/api/v1";

/* ---- its beginning ---- */

static void split(struct mt_web_request *r, size_t len)
{
    struct mt_span target = {r->bytes, len};
    r->path = mt_span_take(&target, mt_span_find(target, '?'));
    (void)mt_span_take(&target, target.len > 0);
    r->query = target;
    r->memory = r->bytes + len;
}

void *mt_web_request_begin(void *web, const char *target,
                           struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    size_t len = strlen(target);
    struct mt_web_request *r = calloc(1, sizeof *r + 2 * len + 1);
    if (r == NULL)
        return NULL;
    r->web = web;
    r->connection = connection;
    r->conn = info->socket_context;
    memcpy(r->bytes, target, len);
    split(r, len);
    return r;
}

static void set_state(struct mt_web_request *r, enum mt_web_conn_state state)
{
    if (r->conn != NULL)
        mt_web_conn_set(&r->web->conns, r->conn, state,
                        r->web->site.steady(NULL));
}

void mt_web_request_end(void *web, struct MHD_Connection *connection,
                        void **request, enum MHD_RequestTerminationCode why)
{
    struct mt_web_request *r = *request;
    (void)web;
    (void)connection;
    (void)why;
    *request = NULL;
    if (r == NULL)
        return;
    set_state(r, MT_CONN_IDLE);
    if (r->stream != NULL)
        mt_web_stream_remove(r->stream);
    free(r->job.reply.body.ptr);
    free(r);
}

struct mt_span mt_web_header(const struct mt_web_request *r, const char *name)
{
    const char *value =
        MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
    return mt_span_str(value != NULL ? value : "");
}

/* ---- questions ---- */

/* A thread of the pool: the answer is there. */
static void resume(struct mt_web_job *job)
{
    struct mt_web_request *r =
        (struct mt_web_request *)(void *)((uint8_t *)job -
                                          offsetof(struct mt_web_request, job));
    mt_web_resume(r->web, r->connection);
}

static enum MHD_Result ask(struct mt_web_request *r)
{
    struct mt_web_problem busy;
    r->state = REQUEST_ASKED;
    r->job.asked.params = &r->params;
    r->job.done = resume;
    MHD_suspend_connection(r->connection);
    if (mt_web_pool_add(r->web->pool, &r->job))
        return MHD_YES;
    (void)mt_web_problem(&busy, MT_WEB_BUSY, NULL,
                         "%d questions wait already; ask again",
                         MT_WEB_QUERIES_MAX);
    mt_web_reply_problem(&r->job.reply, &busy);
    mt_web_resume(r->web, r->connection);
    return MHD_YES;
}

static void stream_sleep(void *arg)
{
    const struct mt_web_request *r = arg;
    MHD_suspend_connection(r->connection);
}

static void stream_wake(void *arg)
{
    const struct mt_web_request *r = arg;
    mt_web_resume(r->web, r->connection);
}

static enum MHD_Result follow(struct mt_web_request *r)
{
    struct mt_web_problem why;
    const struct mt_web_stream_options o = {
        .params = &r->params,
        .last_event_id = mt_web_header(r, "Last-Event-ID"),
        .sleep = stream_sleep,
        .wake = stream_wake,
        .arg = r};
    r->stream = mt_web_stream_add(r->web->streams, &o, &why);
    if (r->stream == NULL)
        return mt_web_send_problem(r, &why);
    enum MHD_Result rc = mt_web_send_stream(r);
    set_state(r, MT_CONN_BUSY);
    return rc;
}

static enum MHD_Result dispatch_api(struct mt_web_request *r,
                                    struct mt_span path)
{
    struct mt_web_problem why;
    (void)mt_span_take(&path, path.len > 0); /* the slash */
    const struct mt_web_route *route =
        mt_web_route_find(path, &r->job.asked.id);
    if (route == NULL) {
        (void)mt_web_problem(&why, MT_WEB_NOT_FOUND, NULL,
                             "no such path; /api/v1/ lists them");
        return mt_web_send_problem(r, &why);
    }
    if (mt_web_params_parse(&r->params, r->query, route->params, r->memory,
                            &why) != 0)
        return mt_web_send_problem(r, &why);
    r->job.asked.route = route;
    return route->answer != NULL ? ask(r) : follow(r);
}

/* ---- who may ---- */

static bool has_body(const struct mt_web_request *r)
{
    struct mt_span length = mt_web_header(r, "Content-Length");
    return mt_web_header(r, "Transfer-Encoding").len > 0 ||
           (length.len > 0 && !mt_span_eq(length, MT_SPAN("0")));
}

static int check_shape(const struct mt_web_request *r, const char *method,
                       struct mt_web_problem *why)
{
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return mt_web_problem(why, MT_WEB_METHOD, NULL,
                              "nothing can be changed here");
    if (has_body(r))
        return mt_web_problem(why, MT_WEB_BODY, NULL,
                              "leave out Content-Length, Transfer-Encoding and "
                              "what they announce");
    if (r->path.len + r->query.len > MT_WEB_TARGET_BYTES)
        return mt_web_problem(why, MT_WEB_TARGET, NULL,
                              "more than %d bytes; shorten the filter",
                              MT_WEB_TARGET_BYTES);
    struct mt_span host = mt_web_header(r, "Host");
    if (!mt_web_host_is_ours(&r->web->site, host))
        return mt_web_problem(why, MT_WEB_HOST, NULL,
                              "'%.*s' is no address and no name of this "
                              "server; serve it with --host-name",
                              (int)(host.len < 80 ? host.len : 80),
                              (const char *)host.ptr);
    return 0;
}

static bool is_trusted(const struct mt_web_request *r)
{
    return mt_web_token_fits(&r->web->site, mt_web_header(r, "Authorization"),
                             mt_web_header(r, "Cookie"));
}

static enum MHD_Result refuse(struct mt_web_request *r)
{
    struct mt_web_problem why;
    (void)mt_web_problem(&why, MT_WEB_TOKEN, NULL,
                         "open the address that meshtop serve printed, or send "
                         "Authorization: Bearer TOKEN");
    return mt_web_send_problem(r, &why);
}

/* A browser that comes with the token keeps it as a cookie. */
static bool brings_token(const struct mt_web_request *r, struct mt_span *token)
{
    if (r->web->site.token == NULL || !mt_span_eq(r->path, MT_SPAN("/")))
        return false;
    *token = mt_web_query_token(r->query, r->memory);
    return token->len > 0 && mt_web_token_is(&r->web->site, *token);
}

/* ---- the whole ---- */

static enum MHD_Result dispatch_rest(struct mt_web_request *r)
{
    struct mt_web_problem why;
    if (mt_span_eq(r->path, MT_SPAN("/metrics"))) {
        struct mt_span accept = mt_web_header(r, "Accept");
        r->job.asked.openmetrics =
            memmem(accept.ptr, accept.len, "application/openmetrics-text",
                   strlen("application/openmetrics-text")) != NULL;
        r->job.asked.route = &mt_web_metrics;
        return ask(r);
    }
    const struct mt_web_asset *a = mt_web_asset_find(r->path);
    if (a != NULL)
        return mt_web_send_asset(r, a);
    (void)mt_web_problem(&why, MT_WEB_NOT_FOUND, NULL,
                         "no such path; the API is /api/v1/");
    return mt_web_send_problem(r, &why);
}

static enum MHD_Result dispatch(struct mt_web_request *r, const char *method)
{
    struct mt_web_problem why;
    struct mt_span token, path = r->path;
    if (check_shape(r, method, &why) != 0)
        return mt_web_send_problem(r, &why);
    if (mt_span_eq(path, MT_SPAN("/healthz")))
        return mt_web_send_text(r, "ok\n");
    if (mt_span_eq(path, MT_SPAN("/readyz"))) {
        r->job.asked.route = &mt_web_readyz;
        return ask(r);
    }
    if (brings_token(r, &token))
        return mt_web_send_cookie(r, token);
    if (!is_trusted(r))
        return refuse(r);
    struct mt_span prefix = mt_span_take(
        &path, sizeof api - 1 < path.len ? sizeof api - 1 : path.len);
    if (mt_span_eq(prefix, mt_span_str(api)) &&
        (path.len == 0 || path.ptr[0] == '/'))
        return dispatch_api(r, path);
    return dispatch_rest(r);
}

/* Called once with the head, then, as there is no body, to be answered, and
 * again when a question that was asked is. */
/* NOLINTBEGIN(readability-function-size,readability-non-const-parameter): the
 * daemon's shape, not ours */
enum MHD_Result mt_web_request_handle(void *web,
                                      struct MHD_Connection *connection,
                                      const char *url, const char *method,
                                      const char *version, const char *upload,
                                      size_t *upload_size, void **request)
{
    struct mt_web_request *r = *request;
    struct mt_web_problem why;
    (void)connection;
    (void)url;
    (void)version;
    (void)upload;
    if (r == NULL || *upload_size > 0)
        return MHD_NO;
    switch (r->state) {
    case REQUEST_NEW:
        r->state = REQUEST_READ;
        set_state(r, MT_CONN_BUSY);
        if (has_body(r) && check_shape(r, method, &why) != 0)
            return mt_web_send_problem(r, &why);
        return MHD_YES;
    case REQUEST_READ:
        if (!atomic_load(&((struct mt_web *)web)->stopping))
            return dispatch(r, method);
        (void)mt_web_problem(&why, MT_WEB_BUSY, NULL, "the server ends");
        return mt_web_send_problem(r, &why);
    default:
        return mt_web_send_reply(r, &r->job.reply);
    }
}
/* NOLINTEND(readability-function-size,readability-non-const-parameter) */
