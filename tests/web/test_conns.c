/* Whose time is up is shut, and above the limit who waited longest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "web/conns.h"
#include "web/limits.h"

enum { MOST = 4 };

#define HEAD_NS INT64_C(10000000000)

struct pair {
    int ends[2];
    struct mt_web_conn *conn;
};

static void open_pair(struct pair *p, struct mt_web_conns *c, int64_t now_ns)
{
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->ends), 0);
    p->conn = mt_web_conn_add(c, p->ends[0], now_ns);
    assert_non_null(p->conn);
}

static void close_pair(struct pair *p, struct mt_web_conns *c)
{
    mt_web_conn_remove(c, p->conn);
    (void)close(p->ends[0]);
    (void)close(p->ends[1]);
}

/* What the far end sees. */
static bool is_shut(const struct pair *p)
{
    char byte;
    return read(p->ends[1], &byte, 1) == 0;
}

static void test_deadlines(void **state)
{
    (void)state;
    struct mt_web_conns c;
    struct pair idle, busy, sending, late;
    mt_web_conns_init(&c, MOST, HEAD_NS);
    open_pair(&idle, &c, 0);
    open_pair(&busy, &c, 0);
    open_pair(&sending, &c, 0);
    open_pair(&late, &c, HEAD_NS);
    mt_web_conn_set(&c, busy.conn, MT_CONN_BUSY, 0);
    mt_web_conn_set(&c, sending.conn, MT_CONN_SENDING, 0);
    mt_web_conns_tick(&c, HEAD_NS - 1);
    assert_false(is_shut(&idle));
    mt_web_conns_tick(&c, HEAD_NS);
    assert_true(is_shut(&idle));
    assert_false(is_shut(&busy));
    assert_false(is_shut(&sending));
    assert_false(is_shut(&late));
    mt_web_conns_tick(&c, MT_WEB_SEND_NS);
    assert_true(is_shut(&sending));
    assert_true(is_shut(&late));
    assert_false(is_shut(&busy)); /* what runs has bounds of its own */
    close_pair(&idle, &c);
    close_pair(&busy, &c);
    close_pair(&sending, &c);
    close_pair(&late, &c);
    assert_int_equal(c.count, 0);
}

static void test_room(void **state)
{
    (void)state;
    struct mt_web_conns c;
    struct pair p[MOST + 2];
    mt_web_conns_init(&c, MOST, HEAD_NS);
    for (int i = 0; i < MOST; i++)
        open_pair(&p[i], &c, i);
    mt_web_conn_set(&c, p[0].conn, MT_CONN_BUSY, 5);
    mt_web_conn_set(&c, p[1].conn, MT_CONN_BUSY, 5);
    mt_web_conn_set(&c, p[1].conn, MT_CONN_IDLE, 6); /* now the youngest */
    open_pair(&p[MOST], &c, 7);
    open_pair(&p[MOST + 1], &c, 8);
    assert_false(is_shut(&p[0]));
    assert_false(is_shut(&p[1]));
    assert_true(is_shut(&p[2]));
    assert_true(is_shut(&p[3]));
    assert_false(is_shut(&p[MOST]));
    assert_int_equal(c.evicted, 2);
    for (int i = 0; i < MOST + 2; i++)
        close_pair(&p[i], &c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
