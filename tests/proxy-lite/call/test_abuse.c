/* Services that lie and clients that push, at the limits. */
#include "world.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static const char mesh[] =
    "listeners: [{name: e, address: \"127.0.0.1:1\"}]\n"
    "services: {s: {endpoints: [\"127.0.0.1:2\", \"127.0.0.1:3\"],\n"
    "  limits: {connections: 1, pending: 1, requests: 2}}}\n"
    "routes:\n"
    "  - {match: {path: /again}, to: s, retry: {on: [503], attempts: 1}}\n"
    "  - {match: {grpc: shop.Cart}, to: s, timeout: 10s}\n"
    "  - {to: s, timeout: 2s}\n";

static const struct mt_policy_limits *limits(void)
{
    return &world.policy->services[0]->limits;
}

static struct mt_service_state *shared(void)
{
    return &world.state->services[0];
}

static void got(const char *text)
{
    if (strstr(world.got.text, text) == NULL)
        fail_msg("the client got: %s", world.got.text);
}

/* ---- services ---- */

/* What follows an answer would answer the next request: RFC 9112 section 9.2
 * has such a connection closed. */
static void an_answer_to_nobody_is_no_answer(void **state)
{
    static const char *const extras[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",  /* half of one */
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", /* a whole one */
        "H", "\r\n", "x"};
    (void)state;
    for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++) {
        char both[256];
        world_begin(mesh);
        client_sends(GET("/a"));
        service_connects(true);
        (void)snprintf(both, sizeof both, "%s%s", OK, extras[i]);
        service_sends(both);
        got("hi");
        assert_false(world.last->used); /* its connection is closed */
        client_sends(GET("/b"));
        assert_int_equal(world.connects, 2);
        service_connects(true);
        world.got.len = 0;
        service_sends("HTTP/1.1 201 X\r\nContent-Length: 3\r\n\r\nnew");
        got("HTTP/1.1 201");
        got("new");
        world_end();
    }
}

static void bytes_on_an_idle_connection_end_it(void **state)
{
    (void)state;
    world_begin(mesh);
    client_sends(GET("/a"));
    service_connects(true);
    service_sends(OK);
    assert_true(world.last->h1.side.takes);
    service_sends("HTTP/1.1 408 X\r\nContent-Length: 0\r\n\r\n");
    assert_false(world.last->used);
    client_sends(GET("/b"));
    assert_int_equal(world.connects, 2);
    service_connects(true);
    service_sends(OK);
    world_end();
}

static void interim_storms_end(void **state)
{
    (void)state;
    world_begin(mesh);
    client_sends(GET("/a"));
    service_connects(true);
    for (unsigned i = 0; i < 256; i++)
        service_sends("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    assert_int_equal(world.rows_count, 0);
    service_sends("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    got("HTTP/1.1 502");
    got("x-meshtop-reason: bad_response");
    assert_int_equal(the_row().error, MT_ERROR_PROTOCOL);
    assert_false(world.last->used);
    world_end();
}

static void protocols_change_only_where_asked(void **state)
{
    (void)state;
    world_begin(mesh);
    client_sends("GET /a HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n"
                 "Upgrade: h2c\r\nHTTP2-Settings: AAAA\r\n\r\n");
    service_connects(true);
    assert_null(strstr(world.last->got.text, "h2c"));
    service_sends("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
                  "\r\nHTTP/1.1 200 OK\r\n\r\n");
    got("HTTP/1.1 502");
    assert_null(strstr(world.got.text, "101"));
    assert_int_equal(the_row().error, MT_ERROR_PROTOCOL);
    assert_string_equal(the_row().reason, "bad_response");
    world_end();
}

/* The row tells what the client saw, not what the first try did. */
static void a_second_try_forgets_the_first(void **state)
{
    (void)state;
    world_begin(mesh);
    client_sends(GET("/again"));
    service_connects(true);
    service_sends("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n");
    time_goes(300);
    side_ends(&world.client.side, true);
    assert_int_equal(the_row().status, 0);
    assert_int_equal(world.rows[0].status, 503); /* that of its try */
    world_end();
}

/* Nothing of a request that is cut goes on waiting for a service that does
 * not read: its connection is given back at once. */
static void half_a_request_is_not_kept(void **state)
{
    static char body[100000];
    (void)state;
    memset(body, 'x', sizeof body - 1);
    world_begin(mesh);
    client_sends(
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n");
    world.last->got.deaf = true;
    service_connects(true);
    client_sends(body);
    assert_true(world.last->h1.side.out.bytes > 0);
    side_ends(&world.client.side, true);
    assert_false(world.last->used);
    world_end();
}

/* What came before there was a connection is kept for that; afterwards only as
 * much as may be sent again. */
static void too_much_for_a_second_try_is_not_kept(void **state)
{
    static const size_t sizes[] = {64 << 10, (64 << 10) + 1, 100000};
    static char body[100001];
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        bool fits = sizes[i] <= 64 << 10;
        char head[128];
        memset(body, 'x', sizes[i]);
        body[sizes[i]] = '\0';
        (void)snprintf(head, sizeof head,
                       "PUT /again HTTP/1.1\r\nHost: h\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       sizes[i]);
        world_begin(mesh);
        client_sends(head);
        client_sends(body);
        service_connects(true);
        assert_true(world.last->got.len > sizes[i]); /* it is sent whole */
        assert_int_equal(world.pool.used_bytes >= 64 << 10, fits);
        service_sends("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n");
        time_goes(600);
        assert_int_equal(world.connects, 1 + fits);
        if (fits) {
            service_connects(true);
            assert_true(world.last->got.len > sizes[i]);
            service_sends(OK);
        }
        assert_int_equal(the_row().status, fits ? 200 : 503);
        assert_string_equal(the_row().why_not, fits ? "" : "body_too_large");
        world_end();
    }
}

/* ---- limits ---- */

static void requests_wait_for_a_connection(void **state)
{
    (void)state;
    world_begin(mesh);
    world.full = true;
    client_sends(GET("/a"));
    assert_int_equal(shared()->use->used[MT_LIMIT_PENDING], 1);
    assert_int_equal(world.connects, 0);
    time_goes(100);
    assert_int_equal(world.rows_count, 0);
    world.full = false;
    time_goes(20);
    assert_int_equal(world.connects, 1);
    assert_int_equal(shared()->use->used[MT_LIMIT_PENDING],
                     1); /* until it is made */
    service_connects(true);
    assert_int_equal(shared()->use->used[MT_LIMIT_PENDING], 0);
    service_sends(OK);
    got("HTTP/1.1 200");
    assert_int_equal(the_row().status, 200);
    world_end();
}

static void too_many_do_not_wait(void **state)
{
    (void)state;
    world_begin(mesh);
    assert_true(mt_limit_take(shared(), MT_LIMIT_PENDING, limits()));
    client_sends(GET("/a"));
    got("HTTP/1.1 503");
    got("x-meshtop-reason: pending");
    assert_string_equal(the_row().reason, "pending");
    assert_int_equal(world.connects, 0);
    assert_int_equal(shared()->use->refused[MT_LIMIT_PENDING], 1);
    mt_limit_give(shared(), MT_LIMIT_PENDING);
    world_end();
}

static void too_many_do_not_run(void **state)
{
    (void)state;
    world_begin(mesh);
    for (unsigned i = 0; i < 2; i++)
        assert_true(mt_limit_take(shared(), MT_LIMIT_REQUESTS, limits()));
    client_sends(GET("/a"));
    got("HTTP/1.1 503");
    got("x-meshtop-reason: requests");
    assert_string_equal(the_row().reason, "requests");
    for (unsigned i = 0; i < 2; i++)
        mt_limit_give(shared(), MT_LIMIT_REQUESTS);
    world_end();
}

/* ---- what a gRPC client says ---- */

static void grpc_clients_say_how_long_they_wait(void **state)
{
    (void)state;
    world_begin(mesh);
    client_sends("POST /shop.Cart/Add HTTP/1.1\r\nHost: h\r\nContent-Type: "
                 "application/grpc\r\ngrpc-timeout: 300m\r\n"
                 "Content-Length: 0\r\n\r\n");
    service_connects(true);
    time_goes(250);
    assert_int_equal(world.rows_count, 0);
    time_goes(100);
    got("grpc-status: 4");
    assert_int_equal(the_row().grpc_status, 4);
    assert_int_equal(the_row().error, MT_ERROR_TIMEOUT);
    world_end();
}

/* Also while it still sends: a stream without an end has a deadline, too. */
static void grpc_streams_have_a_deadline(void **state)
{
    (void)state;
    world_begin(mesh);
    client_sends("POST /shop.Cart/Add HTTP/1.1\r\nHost: h\r\nContent-Type: "
                 "application/grpc\r\ngrpc-timeout: 300m\r\n"
                 "Content-Length: 9\r\n\r\nhalf");
    service_connects(true);
    time_goes(350);
    got("grpc-status: 4");
    assert_int_equal(the_row().error, MT_ERROR_TIMEOUT);
    world_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_to_nobody_is_no_answer),
        cmocka_unit_test(bytes_on_an_idle_connection_end_it),
        cmocka_unit_test(interim_storms_end),
        cmocka_unit_test(protocols_change_only_where_asked),
        cmocka_unit_test(a_second_try_forgets_the_first),
        cmocka_unit_test(half_a_request_is_not_kept),
        cmocka_unit_test(too_much_for_a_second_try_is_not_kept),
        cmocka_unit_test(requests_wait_for_a_connection),
        cmocka_unit_test(too_many_do_not_wait),
        cmocka_unit_test(too_many_do_not_run),
        cmocka_unit_test(grpc_clients_say_how_long_they_wait),
        cmocka_unit_test(grpc_streams_have_a_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
