/* What becomes of requests and responses on their way: what arrives at the
 * service, what the client gets, and what the row says of it. */
#include "world.h"

#define MESH(routes)                                                   \
    "listeners: [{name: e, address: \"127.0.0.1:1\"}]\n"               \
    "services: {s: {endpoints: [\"127.0.0.1:2\", \"127.0.0.1:3\"]}}\n" \
    "routes:\n" routes

#define GET "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

static void got(const char *text)
{
    assert_string_equal(world.got.text, text);
    world.got.len = 0;
}

static void arrived(const char *text)
{
    assert_string_equal(world.last->got.text, text);
    world.last->got.len = 0;
}

static void service_answers(const char *text)
{
    if (world.last->connecting)
        service_connects(true);
    service_sends(text);
}

/* ---- what a route answers itself ---- */

/* The connection is in step afterwards: what follows is the next answer. */
static void statuses_without_content(void **state)
{
    (void)state;
    world_begin(MESH("- {match: {path: /no}, respond: 204}\n"
                     "- {match: {path: /same}, respond: {status: 304}}\n"
                     "- {match: {path: /ok}, respond: {status: 200, body: x}}\n"
                     "- {to: s}\n"));
    client_sends("GET /no HTTP/1.1\r\nHost: h\r\n\r\n");
    got("HTTP/1.1 204 No Content\r\n\r\n");
    client_sends("GET /same HTTP/1.1\r\nHost: h\r\n\r\n");
    got("HTTP/1.1 304 Not Modified\r\n\r\n");
    client_sends("GET /ok HTTP/1.1\r\nHost: h\r\n\r\n");
    got("HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n"
        "content-length: 1\r\n\r\nx");
    world_end();
}

/* ---- what a route rewrites ---- */

static const struct told *row_of(uint8_t observer, unsigned n)
{
    for (unsigned i = 0; i < world.rows_count; i++)
        if (world.rows[i].observer == observer && n-- == 0)
            return &world.rows[i];
    fail_msg("no such row");
    return NULL;
}

static void rows_of_a_rewriting_route(void **state)
{
    (void)state;
    world_begin(MESH("- match: {host: api.example, path: /old/*}\n"
                     "  rewrite: {host: inner.example, prefix: /new}\n"
                     "  retry: 503\n"
                     "  to: s\n"));
    client_sends("GET /old/1?q=2 HTTP/1.1\r\nHost: api.example\r\n\r\n");
    service_connects(true);
    assert_non_null(strstr(world.last->got.text, "GET /new/1?q=2 HTTP/1.1\r\n"
                                                 "Host: inner.example\r\n"));
    service_sends("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n");
    time_goes(100);
    service_connects(true);
    service_sends("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    /* as the client asked, so that it is the rule's */
    const struct told *row = row_of(MT_OBSERVER_PROXY_REQUEST, 0);
    assert_string_equal(row->authority, "api.example");
    assert_string_equal(row->path, "/old/1");
    /* as the service was asked */
    for (unsigned i = 0; i < 2; i++) {
        row = row_of(MT_OBSERVER_PROXY_ATTEMPT, i);
        assert_string_equal(row->authority, "inner.example");
        assert_string_equal(row->path, "/new/1");
    }
    world_end();
}

/* ---- hosts ---- */

/* RFC 9112 section 3.2: a service of HTTP/1.1 may refuse a request whose Host
 * is empty. The row says none, for the client said none. */
static void without_a_host(void **state)
{
    (void)state;
    world_begin(MESH("- {to: s}\n"));
    world.client.side.local = (struct mt_addr){
        .ip = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 7}, .port = 8080};
    client_sends("GET /a HTTP/1.0\r\n\r\n");
    service_connects(true);
    assert_non_null(
        strstr(world.last->got.text, "\r\nHost: 10.0.0.7:8080\r\n"));
    service_sends("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_string_equal(the_row().authority, "");
    world_end();
}

/* ---- lengths of nothing ---- */

static void responses_without_content(void **state)
{
    (void)state;
    world_begin(MESH("- {to: s}\n"));
    client_sends(GET);
    /* RFC 9110 section 8.6: none in 204 */
    service_answers("HTTP/1.1 204 X\r\nContent-Length: 5\r\nA: b\r\n\r\n");
    got("HTTP/1.1 204 No Content\r\nA: b\r\n\r\n");
    /* that of 304, and of HEAD, is that of what would be there */
    client_sends(GET);
    service_answers("HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n");
    got("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
    client_sends("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
    service_answers("HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\n");
    got("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    world_end();
}

/* HTTP/2 may end what has no content by a frame of its own: on HTTP/1 nothing
 * stands for that. */
static void ends_of_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *asks, *gets;
        uint16_t status;
    } rows[] = {
        {"HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", 200},
        {GET, "HTTP/1.1 204 No Content\r\n\r\n", 204},
        {GET, "HTTP/1.1 304 Not Modified\r\n\r\n", 304},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_head h;
        world_begin(MESH("- {to: s}\n"));
        client_sends(rows[i].asks);
        service_connects(true);
        mt_head_init(&h, &world.pool, 1024);
        h.status = rows[i].status;
        struct mt_stream *up = &world.last->h1.stream;
        up->events->head(up->arg, &h, false);
        up->events->end(up->arg, NULL);
        w_flush();
        got(rows[i].gets);
        assert_true(world.client.side.idle);
        mt_head_deinit(&h);
        world_end();
    }
}

/* ---- CONNECT ---- */

#define CONNECT "CONNECT far:443 HTTP/1.1\r\nHost: far:443\r\n\r\n"

/* What follows it is no request, whoever reads it, until there is a tunnel. */
static void tunnels(void **state)
{
    (void)state;
    world_begin(MESH("- {to: s}\n"));
    client_sends(CONNECT "GET /smuggled HTTP/1.1\r\n\r\n");
    service_connects(true);
    arrived("CONNECT far:443 HTTP/1.1\r\nHost: far:443\r\n"
            "x-forwarded-for: ::\r\nx-forwarded-proto: http\r\n"
            "via: 1.1 meshtop\r\n\r\n");
    /* RFC 9110 section 8.6: no length in a 2xx to CONNECT */
    service_sends("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
    got("HTTP/1.1 200 OK\r\n\r\nabc");
    arrived("GET /smuggled HTTP/1.1\r\n\r\n");
    client_sends("and more");
    arrived("and more");
    side_ends(&world.client.side, false);
    assert_true(world.last->h1.side.shut);
    side_ends(&world.last->h1.side, false);
    assert_int_equal(the_row().status, 200);
    world_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_without_content),
        cmocka_unit_test(rows_of_a_rewriting_route),
        cmocka_unit_test(without_a_host),
        cmocka_unit_test(responses_without_content),
        cmocka_unit_test(ends_of_nothing),
        cmocka_unit_test(tunnels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
