/* Calls that go on are told once a second, as far as they have come. */
#include "world.h"

static const char mesh[] =
    "listeners: [{name: e, address: \"127.0.0.1:1\"}]\n"
    "services:\n"
    "  s:\n"
    "    endpoints: [\"127.0.0.1:2\", \"127.0.0.1:3\"]\n"
    "    connect_timeout: 9s\n"
    "routes: [{to: s, timeout: none, stream_idle_timeout: none}]\n";

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\nUser-Agent: u\r\n\r\n"
#define SECOND_NS INT64_C(1000000000)

/* What was told since it was last asked, and the newest of it. */
static struct {
    unsigned count;
    int64_t start_ns, response_ns, end_ns;
    uint64_t conn, stream, bytes;
    uint16_t status;
    uint8_t observer, half, error;
    size_t path_len, agent_len;
    char path[512], service[8];
} told;

static void w_open(void *arg, const struct mt_exchange *x)
{
    (void)arg;
    told.count++;
    told.start_ns = x->req.start_ns;
    told.response_ns = x->resp.start_ns;
    told.end_ns = x->end_ns;
    told.conn = x->conn;
    told.stream = x->stream;
    told.bytes = x->resp.body_bytes;
    told.status = x->status;
    told.observer = x->observer;
    told.half = x->half;
    told.error = x->error;
    told.path_len = x->path.len;
    told.agent_len = x->user_agent.len;
    w_copy(told.path, sizeof told.path, x->path);
    w_copy(told.service, sizeof told.service, x->server.service);
}

/* How many are told now. */
static unsigned tell(void)
{
    memset(&told, 0, sizeof told);
    mt_call_tell_open(&world.host);
    return told.count;
}

static void begin(void)
{
    world_begin(mesh);
    world.host.open = w_open;
}

static void one_that_ends_in_time_is_not_told(void **state)
{
    (void)state;
    begin();
    client_sends(GET("/a"));
    service_connects(true);
    assert_int_equal(tell(), 0);
    time_goes(999);
    assert_int_equal(tell(), 0);
    service_sends("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    time_goes(2000);
    assert_int_equal(tell(), 0);
    assert_null(world.host.first_open);
    assert_null(world.host.last_open);
    world_end();
}

static void it_is_told_as_far_as_it_has_come(void **state)
{
    (void)state;
    begin();
    client_sends(GET("/a?secret=1"));
    time_goes(1000);
    assert_int_equal(tell(), 1);
    assert_string_equal(told.path, "/a");
    assert_string_equal(told.service, "s");
    assert_int_equal(told.observer, MT_OBSERVER_PROXY_REQUEST);
    assert_int_equal(told.start_ns, 2 * START_NS);
    assert_int_equal(told.end_ns, 0);
    assert_int_equal(told.conn, 1);
    assert_int_equal(told.stream, 1);
    assert_int_equal(told.half, MT_HALF_REQUEST);
    assert_int_equal(told.status, 0);
    assert_int_equal(told.agent_len, 0);
    assert_int_equal(tell(), 0); /* once a second */
    service_connects(true);
    service_sends("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    time_goes(999);
    assert_int_equal(tell(), 0);
    time_goes(1);
    assert_int_equal(tell(), 1);
    assert_int_equal(told.half, MT_HALF_BOTH);
    assert_int_equal(told.status, 200);
    assert_int_equal(told.bytes, 4);
    assert_int_equal(told.response_ns, 2 * START_NS + SECOND_NS);
    assert_int_equal(world.rows_count, 0); /* it has not ended */
    service_sends("whole.");
    assert_int_equal(rows_of_requests(), 1);
    time_goes(1000);
    assert_int_equal(tell(), 0);
    world_end();
}

static void long_texts_are_clipped(void **state)
{
    (void)state;
    static char text[3000];
    begin();
    (void)snprintf(text, sizeof text,
                   "GET /%02000d HTTP/1.1\r\nHost: h\r\n\r\n", 1);
    client_sends(text);
    time_goes(1000);
    assert_int_equal(tell(), 1);
    assert_int_equal(told.path_len, MT_CALL_TOLD_TEXT_MAX);
    service_connects(false);
    world_end();
}

/* ---- many ---- */

enum { CLIENTS = MT_CALL_TOLD_MAX + 100 };

static struct mt_h1_side *clients;
static unsigned times_told[CLIENTS + 1];

static void count_told(void *arg, const struct mt_exchange *x)
{
    (void)arg;
    assert_in_range(x->conn, 1, CLIENTS);
    times_told[x->conn]++;
}

/* Each waits for a connection. */
static void begin_clients(void)
{
    static const char get[] = GET("/a");
    world.full = true;
    clients = calloc(CLIENTS, sizeof *clients);
    assert_non_null(clients);
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct mt_side *side = &clients[i].side;
        mt_h1_server_init(&clients[i], &world.pool, &w_owner, NULL);
        side->conn = i + 1;
        side->ops->feed(side, mt_span_str(get), world.host.now_ns);
    }
}

static void end_clients(unsigned from, unsigned step)
{
    for (unsigned i = from; i < CLIENTS; i += step) {
        struct mt_side *side = &clients[i].side;
        side->ops->broken(side);
        side->ops->deinit(side);
        world.rows_count = 0;
    }
}

static unsigned sum_told(void)
{
    unsigned sum = 0;
    for (unsigned i = 1; i <= CLIENTS; i++)
        sum += times_told[i];
    return sum;
}

static void of_too_many_each_has_its_turn(void **state)
{
    (void)state;
    static const char roomy[] =
        "listeners: [{name: e, address: \"127.0.0.1:1\"}]\n"
        "services:\n"
        "  s:\n"
        "    endpoints: [\"127.0.0.1:2\", \"127.0.0.1:3\"]\n"
        "    limits: {pending: 100000, requests: 100000}\n"
        "routes: [{to: s, timeout: none}]\n";
    memset(times_told, 0, sizeof times_told);
    world_begin(roomy);
    world.host.open = count_told;
    begin_clients();
    time_goes(1000);
    mt_call_tell_open(&world.host);
    assert_int_equal(sum_told(), MT_CALL_TOLD_MAX);
    time_goes(1000);
    mt_call_tell_open(&world.host);
    assert_int_equal(sum_told(), 2 * MT_CALL_TOLD_MAX);
    for (unsigned i = 1; i <= CLIENTS; i++)
        assert_in_range(times_told[i], 1, 2);
    end_clients(0, 2); /* from within the list, and its ends */
    time_goes(1000);
    memset(times_told, 0, sizeof times_told);
    mt_call_tell_open(&world.host);
    assert_int_equal(sum_told(), CLIENTS / 2);
    for (unsigned i = 1; i <= CLIENTS; i++)
        assert_int_equal(times_told[i], i % 2 == 0);
    end_clients(1, 2);
    assert_null(world.host.first_open);
    free(clients);
    world_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_ends_in_time_is_not_told),
        cmocka_unit_test(it_is_told_as_far_as_it_has_come),
        cmocka_unit_test(long_texts_are_clipped),
        cmocka_unit_test(of_too_many_each_has_its_turn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
