/* Whoever ends a request, in whichever step: what its client got, the row that
 * says so, and what was counted (ARCHITECTURE.md, "Ends of a request"). */
#include "world.h"

static const char mesh[] =
    "listeners: [{name: e, address: \"127.0.0.1:1\"}]\n"
    "services: {s: {endpoints: [\"127.0.0.1:2\", \"127.0.0.1:3\"]}}\n"
    "routes:\n"
    "  - {match: {path: /again}, to: s, timeout: 2s,\n"
    "     retry: {on: [503, reset, connect-failure, timeout], attempts: 1,\n"
    "             backoff: 50ms..50ms, per_try_timeout: 500ms}}\n"
    "  - {to: s, timeout: 2s, stream_idle_timeout: 5s}\n";

#define GET "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define GET_AGAIN "GET /again HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"

/* How far a request has come. */
#define STEPS(X)        \
    X(IN_HEAD)          \
    X(CONNECTING)       \
    X(QUEUED)           \
    X(SENDING)          \
    X(STALLED)          \
    X(WAITING)          \
    X(REUSED)           \
    X(RESPONDING)       \
    X(UNREAD)           \
    X(AGAIN_CONNECTING) \
    X(AGAIN_WAITING)    \
    X(BACKING_OFF)      \
    X(SECOND_TRY)       \
    X(TUNNEL)

enum at {
#define X(name) name,
    STEPS(X)
#undef X
};

static const char *const at_names[] = {
#define X(name) #name,
    STEPS(X)
#undef X
};

static void begin_stalled(void)
{
    static char body[200000];
    memset(body, 'x', sizeof body - 1);
    client_sends(
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n");
    world.last->got.deaf = true;
    service_connects(true);
    client_sends(body);
}

static void begin_unread(void)
{
    static char body[100000];
    memset(body, 'x', sizeof body - 1);
    client_sends(GET);
    service_connects(true);
    world.got.deaf = true;
    service_sends("HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n");
    service_sends(body);
}

static void begin_reused(void)
{
    client_sends(GET);
    service_connects(true);
    service_sends(OK);
    assert_true(world.last->h1.side.takes);
    world.rows_count = 0;
    world.got.len = 0;
    client_sends(GET);
    assert_int_equal(world.connects, 1);
}

static void begin_again(bool connected)
{
    client_sends(GET_AGAIN);
    if (connected)
        service_connects(true);
}

static void begin_request(enum at at)
{
    switch (at) {
    case IN_HEAD:
        client_sends("GET /a HTTP/1.1\r\nHos");
        break;
    case CONNECTING:
        client_sends(GET);
        break;
    case QUEUED:
        world.full = true;
        client_sends(GET);
        break;
    case SENDING:
        client_sends("POST /a HTTP/1.1\r\nHost: h\r\n" CHUNKED "4\r\nhalf\r\n");
        service_connects(true);
        break;
    case STALLED:
        begin_stalled();
        break;
    case WAITING:
        client_sends(GET);
        service_connects(true);
        break;
    case REUSED:
        begin_reused();
        break;
    case RESPONDING:
        client_sends(GET);
        service_connects(true);
        service_sends("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        break;
    case UNREAD:
        begin_unread();
        break;
    case AGAIN_CONNECTING:
        begin_again(false);
        break;
    case AGAIN_WAITING:
        begin_again(true);
        break;
    case BACKING_OFF:
        begin_again(true);
        service_sends("HTTP/1.1 503 X\r\nContent-Length: 2\r\n\r\nno");
        break;
    case SECOND_TRY:
        begin_again(true);
        service_sends("HTTP/1.1 503 X\r\nContent-Length: 2\r\n\r\nno");
        time_goes(60);
        service_connects(true);
        break;
    case TUNNEL:
        client_sends("GET /a HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n"
                     "Upgrade: x\r\n\r\n");
        service_connects(true);
        service_sends("HTTP/1.1 101 X\r\nConnection: upgrade\r\n"
                      "Upgrade: x\r\n\r\nhello");
        break;
    }
}

/* Who ends it, and how. */
#define ENDERS(X)       \
    X(SERVICE_REFUSES)  \
    X(SERVICE_CLOSES)   \
    X(SERVICE_RESETS)   \
    X(SERVICE_NONSENSE) \
    X(SERVICE_EARLY)    \
    X(CLIENT_CLOSES)    \
    X(CLIENT_RESETS)    \
    X(CLIENT_NONSENSE)  \
    X(TOO_LATE)         \
    X(NOBODY)

enum by {
#define X(name) name,
    ENDERS(X)
#undef X
};

static const char *const by_names[] = {
#define X(name) #name,
    ENDERS(X)
#undef X
};

static void end_it(enum by by)
{
    switch (by) {
    case SERVICE_REFUSES:
        service_connects(false);
        break;
    case SERVICE_CLOSES:
        side_ends(&world.last->h1.side, false);
        break;
    case SERVICE_RESETS:
        side_ends(&world.last->h1.side, true);
        break;
    case SERVICE_NONSENSE:
        service_sends("SSH-2.0-x\r\n\r\n");
        break;
    case SERVICE_EARLY:
        service_sends("HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n");
        break;
    case CLIENT_CLOSES:
        side_ends(&world.client.side, false);
        break;
    case CLIENT_RESETS:
        side_ends(&world.client.side, true);
        break;
    case CLIENT_NONSENSE:
        client_sends("zz\r\n\r\n");
        break;
    case TOO_LATE:
        time_goes(12000);
        break;
    case NOBODY:
        world.full = false;
        time_goes(60);
        if (world.last->connecting)
            service_connects(true);
        service_sends(OK);
        break;
    }
}

enum got { STAYS, CLOSED, RESET };

static const struct {
    enum at at;
    enum by by;
    unsigned status; /* that the client got; 0: none */
    enum got got;
    unsigned row; /* its status */
    enum mt_error error;
    const char *reason, *why_not;
    unsigned tries;             /* rows of them */
    unsigned counted, failures; /* by breakers */
    unsigned retries;           /* of the budget */
} ends[] = {
    {IN_HEAD, CLIENT_CLOSES, 400, CLOSED, 400, MT_ERROR_PROTOCOL, "cut_short",
     "", 0, 0, 0, 0},
    {IN_HEAD, CLIENT_RESETS, 0, CLOSED, 0, MT_ERROR_RESET_BY_CLIENT,
     "cut_short", "", 0, 0, 0, 0},
    {IN_HEAD, CLIENT_NONSENSE, 400, CLOSED, 400, MT_ERROR_PROTOCOL, "bad_name",
     "", 0, 0, 0, 0},

    {CONNECTING, SERVICE_REFUSES, 503, STAYS, 503, MT_ERROR_REFUSED,
     "connect_failure", "", 0, 1, 1, 0},
    {CONNECTING, CLIENT_RESETS, 0, CLOSED, 0, MT_ERROR_RESET_BY_CLIENT, "", "",
     0, 0, 0, 0},
    {CONNECTING, TOO_LATE, 503, STAYS, 503, MT_ERROR_UNANSWERED,
     "connect_failure", "", 0, 1, 1, 0},
    {CONNECTING, NOBODY, 200, STAYS, 200, MT_ERROR_NONE, "", "", 0, 1, 0, 0},

    {QUEUED, CLIENT_RESETS, 0, CLOSED, 0, MT_ERROR_RESET_BY_CLIENT, "", "", 0,
     0, 0, 0},
    {QUEUED, TOO_LATE, 504, STAYS, 504, MT_ERROR_TIMEOUT, "timeout", "", 0, 0,
     0, 0},
    {QUEUED, NOBODY, 200, STAYS, 200, MT_ERROR_NONE, "", "", 0, 1, 0, 0},

    {SENDING, SERVICE_CLOSES, 502, CLOSED, 502, MT_ERROR_RESET_BY_SERVER,
     "reset", "", 0, 1, 1, 0},
    {SENDING, SERVICE_RESETS, 502, CLOSED, 502, MT_ERROR_RESET_BY_SERVER,
     "reset", "", 0, 1, 1, 0},
    {SENDING, SERVICE_NONSENSE, 502, CLOSED, 502, MT_ERROR_PROTOCOL,
     "bad_response", "", 0, 1, 1, 0},
    {SENDING, SERVICE_EARLY, 413, CLOSED, 413, MT_ERROR_NONE, "", "", 0, 1, 0,
     0},
    {SENDING, CLIENT_CLOSES, 0, CLOSED, 0, MT_ERROR_RESET_BY_CLIENT, "", "", 0,
     0, 0, 0},
    {SENDING, CLIENT_RESETS, 0, CLOSED, 0, MT_ERROR_RESET_BY_CLIENT, "", "", 0,
     0, 0, 0},
    {SENDING, CLIENT_NONSENSE, 400, CLOSED, 400, MT_ERROR_PROTOCOL, "bad_chunk",
     "", 0, 0, 0, 0},
    {SENDING, TOO_LATE, 408, CLOSED, 408, MT_ERROR_TIMEOUT, "request_idle", "",
     0, 0, 0, 0},

    {STALLED, SERVICE_RESETS, 502, CLOSED, 502, MT_ERROR_RESET_BY_SERVER,
     "reset", "", 0, 1, 1, 0},
    {STALLED, CLIENT_RESETS, 0, CLOSED, 0, MT_ERROR_RESET_BY_CLIENT, "", "", 0,
     0, 0, 0},
    {STALLED, TOO_LATE, 504, CLOSED, 504, MT_ERROR_TIMEOUT, "timeout", "", 0, 1,
     1, 0},

    {WAITING, SERVICE_CLOSES, 502, STAYS, 502, MT_ERROR_RESET_BY_SERVER,
     "reset", "", 0, 1, 1, 0},
    {WAITING, SERVICE_RESETS, 502, STAYS, 502, MT_ERROR_RESET_BY_SERVER,
     "reset", "", 0, 1, 1, 0},
    {WAITING, SERVICE_NONSENSE, 502, STAYS, 502, MT_ERROR_PROTOCOL,
     "bad_response", "", 0, 1, 1, 0},
    {WAITING, CLIENT_RESETS, 0, CLOSED, 0, MT_ERROR_RESET_BY_CLIENT, "", "", 0,
     0, 0, 0},
    {WAITING, TOO_LATE, 504, STAYS, 504, MT_ERROR_TIMEOUT, "timeout", "", 0, 1,
     1, 0},
    {WAITING, NOBODY, 200, STAYS, 200, MT_ERROR_NONE, "", "", 0, 1, 0, 0},

    /* the service closed before it saw it: another connection, uncounted, and
     * no failure of the endpoint */
    {REUSED, SERVICE_CLOSES, 0, STAYS, 0, 0, NULL, "", 0, 1, 0, 0},
    {REUSED, SERVICE_NONSENSE, 502, STAYS, 502, MT_ERROR_PROTOCOL,
     "bad_response", "", 0, 2, 1, 0},

    {RESPONDING, SERVICE_CLOSES, 200, RESET, 200, MT_ERROR_TRUNCATED, "", "", 0,
     1, 1, 0},
    {RESPONDING, SERVICE_RESETS, 200, RESET, 200, MT_ERROR_RESET_BY_SERVER, "",
     "", 0, 1, 1, 0},
    {RESPONDING, CLIENT_RESETS, 200, CLOSED, 200, MT_ERROR_RESET_BY_CLIENT, "",
     "", 0, 0, 0, 0},
    {RESPONDING, TOO_LATE, 200, RESET, 200, MT_ERROR_TIMEOUT, "response_idle",
     "", 0, 0, 0, 0},
    {UNREAD, TOO_LATE, 0, RESET, 200, MT_ERROR_TIMEOUT, "client_idle", "", 0, 0,
     0, 0},
    {UNREAD, CLIENT_RESETS, 0, CLOSED, 200, MT_ERROR_RESET_BY_CLIENT, "", "", 0,
     0, 0, 0},

    {AGAIN_CONNECTING, SERVICE_REFUSES, 0, STAYS, 0, 0, NULL, "", 0, 1, 1, 1},
    {AGAIN_CONNECTING, TOO_LATE, 503, STAYS, 503, MT_ERROR_UNANSWERED,
     "connect_failure", "limit", 2, 2, 2, 1},
    {AGAIN_WAITING, SERVICE_CLOSES, 0, STAYS, 0, 0, NULL, "", 0, 1, 1, 1},
    {AGAIN_WAITING, SERVICE_RESETS, 0, STAYS, 0, 0, NULL, "", 0, 1, 1, 1},
    {AGAIN_WAITING, CLIENT_RESETS, 0, CLOSED, 0, MT_ERROR_RESET_BY_CLIENT, "",
     "", 0, 0, 0, 0},
    {BACKING_OFF, CLIENT_RESETS, 0, CLOSED, 0, MT_ERROR_RESET_BY_CLIENT, "", "",
     0, 1, 1, 1},
    {BACKING_OFF, TOO_LATE, 503, STAYS, 503, MT_ERROR_UNANSWERED,
     "connect_failure", "limit", 2, 2, 2, 1},
    {BACKING_OFF, NOBODY, 200, STAYS, 200, MT_ERROR_NONE, "", "", 2, 2, 1, 1},
    {SECOND_TRY, SERVICE_RESETS, 502, STAYS, 502, MT_ERROR_RESET_BY_SERVER,
     "reset", "limit", 2, 2, 2, 1},
    {SECOND_TRY, CLIENT_RESETS, 0, CLOSED, 0, MT_ERROR_RESET_BY_CLIENT, "", "",
     2, 1, 1, 1},
    {SECOND_TRY, TOO_LATE, 504, STAYS, 504, MT_ERROR_TIMEOUT, "timeout",
     "limit", 2, 2, 2, 1},

    {TUNNEL, SERVICE_RESETS, 101, RESET, 101, MT_ERROR_RESET_BY_SERVER, "", "",
     0, 1, 1, 0},
    {TUNNEL, CLIENT_RESETS, 101, CLOSED, 101, MT_ERROR_RESET_BY_CLIENT, "", "",
     0, 0, 0, 0},
    {TUNNEL, TOO_LATE, 101, RESET, 101, MT_ERROR_TIMEOUT, "", "", 0, 0, 0, 0},
};

/* The status of what the client got. */
static unsigned status_got(void)
{
    return world.got.len > 12 ? (unsigned)strtoul(world.got.text + 9, NULL, 10)
                              : 0;
}

/* All that differ are shown in one run. */
static unsigned differences;

static void same_number(size_t i, const char *what, uint64_t got, uint64_t want)
{
    if (got == want)
        return;
    differences++;
    print_error("%s, %s: %s is %llu, not %llu\n", at_names[ends[i].at],
                by_names[ends[i].by], what, (unsigned long long)got,
                (unsigned long long)want);
}

static void same_text(size_t i, const char *what, const char *got,
                      const char *want)
{
    if (strcmp(got, want) == 0)
        return;
    differences++;
    print_error("%s, %s: %s is '%s', not '%s'\n", at_names[ends[i].at],
                by_names[ends[i].by], what, got, want);
}

static void check_counts(size_t i)
{
    struct mt_recent_sum sum = {0, 0};
    struct mt_recent_sum budget =
        mt_recent_sum(&world.state->budgets[0].recent, world.host.now_ns, 16);
    for (unsigned e = 0; e < ENDPOINTS; e++) {
        struct mt_recent_sum one =
            mt_recent_sum(&world.state->services[0].breakers[e].recent,
                          world.host.now_ns, 16);
        sum.a += one.a;
        sum.b += one.b;
    }
    same_number(i, "what breakers counted", sum.a, ends[i].counted);
    same_number(i, "failures", sum.b, ends[i].failures);
    same_number(i, "retries", budget.b, ends[i].retries);
}

static void check_row(size_t i)
{
    const struct told row = the_row();
    same_number(i, "the row's status", row.status, ends[i].row);
    same_text(i, "its error", mt_error_text(row.error),
              mt_error_text(ends[i].error));
    same_text(i, "its reason", row.reason, ends[i].reason);
    same_text(i, "why not again", row.why_not, ends[i].why_not);
    same_number(i, "rows of tries", world.rows_count - 1, ends[i].tries);
    for (unsigned n = 0; n < MT_LIMIT_COUNT; n++)
        same_number(i, mt_limit_text(n), world.state->services[0].use->used[n],
                    0);
}

static void check_end(size_t i)
{
    same_number(i, "the client's status", status_got(), ends[i].status);
    same_number(i, "closed", world.got.closed, ends[i].got == CLOSED);
    same_number(i, "reset", world.got.reset, ends[i].got == RESET);
    check_counts(i);
    same_number(i, "rows", rows_of_requests(), ends[i].reason != NULL);
    if (ends[i].reason != NULL && rows_of_requests() == 1)
        check_row(i);
}

static void ends_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        world_begin(mesh);
        begin_request(ends[i].at);
        end_it(ends[i].by);
        check_end(i);
        world_end();
    }
    assert_int_equal(differences, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_as_the_table_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
