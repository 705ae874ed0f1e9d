/* The system has no memory at the i-th call: an answer is whole, a 503 or a
 * closed connection; the server goes on, and nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/refuse_memory.h"
#include "tests/web/some_site.h"
#include "web/listen.h"
#include "web/report.h"
#include "web/server.h"

static bool has_databases(void)
{
    return access(MT_DATABASES "/mesh.db", R_OK) == 0;
}

/* ---- answers ---- */

static const struct mt_web_route *route;

/* A store of its own: what it has cached must not hide a refusal. */
static struct mt_store *open_store(void)
{
    static const struct mt_store_options unbounded;
    struct mt_store *s;
    pause_refusals(true); /* opening it is the store's own test */
    assert_int_equal(mt_store_open(&s, some_site.db, &unbounded), 0);
    pause_refusals(false);
    return s;
}

static void answer(void)
{
    const struct mt_web_params params = {
        .given = route->params & MT_WEB_BIT(FILTER),
        .filter = MT_SPAN("status=200 or path~\"^/c\"")};
    const struct mt_web_asked asked = {
        .route = route, .params = &params, .id = MT_SPAN("200")};
    struct mt_web_reply reply;
    struct mt_store *s = open_store();
    mt_web_answer(&some_site, s, &asked, &reply, NULL);
    const struct mt_web_body *b = &reply.body;
    assert_true(b->len == 0 || b->ptr[b->len - 1] == '\n');
    if (!memory_was_refused())
        assert_int_equal(reply.status, 200);
    if (reply.status != 200) /* without memory even for the problem: empty */
        assert_int_equal(reply.status, 503);
    else
        assert_true(b->len > 2 && b->ptr[0] == '{' &&
                    b->ptr[b->len - 2] == '}');
    free(reply.body.ptr);
    mt_store_free(s);
}

static void answers_are_whole_or_refused(void **state)
{
    (void)state;
    if (!has_databases())
        skip();
    for (size_t i = 0; i < mt_web_routes_count; i++) {
        route = &mt_web_routes[i];
        if (route->answer != NULL)
            (void)refuse_each(answer, REFUSE_ONE, 100, 7);
    }
}

/* ---- a report ---- */

static size_t written;

static int count(void *arg, struct mt_span bytes)
{
    (void)arg;
    written += bytes.len;
    return 0;
}

static void report(void)
{
    struct mt_store *s = open_store();
    struct mt_web_report r = {
        .site = &some_site, .store = s, .label = "mesh", .exchanges_max = 3};
    written = 0;
    int rc = mt_web_report_write(&r, (struct mt_sink){count, NULL});
    if (rc == 0)
        assert_true(written > 10000);
    else
        assert_true(r.problem.kind != MT_WEB_FINE && r.problem.detail[0] != 0);
    if (!memory_was_refused())
        assert_int_equal(rc, 0);
    mt_store_free(s);
}

static void a_report_is_whole_or_refused(void **state)
{
    (void)state;
    if (!has_databases() || !mt_web_report_possible())
        skip();
    (void)refuse_each(report, REFUSE_ONE, 100, 97);
}

/* ---- a server ---- */

static struct mt_web_address address;
static const char *target;

static int listen_here(void)
{
    assert_int_equal(mt_web_address_parse(MT_SPAN("0"), &address), 0);
    int fd = mt_web_listen(&address);
    assert_true(fd > 0);
    return fd;
}

/* The status of the answer, 0 where the connection ends without one. A stream
 * is left after its first bytes. */
static int ask(void)
{
    static const char head[] = "HTTP/1.1 ";
    char text[1024];
    ssize_t n, got = 0;
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(address.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd > 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    int len = snprintf(text, sizeof text,
                       "GET %s HTTP/1.1\r\nHost: localhost\r\n"
                       "Connection: close\r\n\r\n",
                       target);
    assert_int_equal(send(fd, text, (size_t)len, MSG_NOSIGNAL), len);
    bool stream = strstr(target, "stream") != NULL;
    while ((n = recv(fd, text + got, sizeof text - 1 - (size_t)got, 0)) > 0) {
        got += got < (ssize_t)sizeof head + 8 ? n : 0;
        if (stream && memmem(text, (size_t)got, "\r\n\r\n", 4) != NULL)
            break;
    }
    (void)close(fd);
    text[got] = '\0';
    return got > 0 && strncmp(text, head, sizeof head - 1) == 0
               ? atoi(text + sizeof head - 1)
               : 0;
}

static void ask_once(void)
{
    int status = ask();
    bool hit = memory_was_refused();
    assert_true(status == 200 || (hit && (status == 503 || status == 0)));
}

static void a_server_answers_or_hangs_up(void **state)
{
    static const char *const targets[] = {"/",
                                          "/healthz",
                                          "/readyz",
                                          "/metrics",
                                          "/api/v1/services",
                                          "/api/v1/exchange/200",
                                          "/api/v1/exchanges?limit=5",
                                          "/api/v1/edges",
                                          "/api/v1/stream?filter=status%3D200"};
    struct mt_web *w;
    (void)state;
    if (!has_databases())
        skip();
    assert_int_equal(mt_web_open(&w, &some_site, listen_here()), 0);
    assert_int_equal(mt_web_start(w), 0);
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        target = targets[i];
        (void)refuse_each(ask_once, REFUSE_ONE, 100, 31);
        assert_int_equal(ask(), 200); /* it has memory again, and goes on */
    }
    mt_web_stop(w);
}

static void open_and_stop(void)
{
    struct mt_web *w;
    int rc = mt_web_open(&w, &some_site, listen_here());
    if (rc == 0)
        rc = mt_web_start(w);
    assert_true(rc == 0 || memory_was_refused());
    mt_web_stop(w);
}

static void a_server_that_cannot_begin_says_so(void **state)
{
    (void)state;
    if (!has_databases())
        skip();
    (void)refuse_each(open_and_stop, REFUSE_ONE, 100, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_whole_or_refused),
        cmocka_unit_test(a_report_is_whole_or_refused),
        cmocka_unit_test(a_server_answers_or_hangs_up),
        cmocka_unit_test(a_server_that_cannot_begin_says_so),
    };
    return cmocka_run_group_tests_name("web/memory", tests, NULL, NULL);
}
