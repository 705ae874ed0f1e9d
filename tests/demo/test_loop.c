/* The demo's thread by itself: it begins, keeps its timetable, and ends, also
 * where no proxy is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "demo/impl.h"

struct run {
    struct mt_demo *demo;
    unsigned ticks;
    unsigned killed, there; /* ticks at which cart-2 was so */
    uint16_t port;          /* its */
};

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static bool listens(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    bool is = connect(fd, (void *)&to, sizeof to) == 0;
    (void)close(fd);
    return is;
}

/* Until cart-2 was killed, and came back. */
static void tick(void *arg, int64_t now)
{
    struct run *r = arg;
    (void)now;
    r->ticks++;
    if (listens(r->port))
        r->there++;
    else
        r->killed++;
    if ((r->killed > 0 && listens(r->port)) || r->ticks > 400)
        mt_demo_end(r->demo);
}

static void test_without_a_proxy(void **state)
{
    (void)state;
    struct run r = {.ticks = 0};
    const struct mt_demo_options options = {.seed = 1,
                                            .per_second = 200,
                                            .run_ns = INT64_C(2000000000),
                                            .any_ports = true,
                                            .tick = tick,
                                            .arg = &r};
    r.demo = mt_demo_new(&options);
    assert_non_null(r.demo);
    const struct mt_demo_ports *p = mt_demo_ports(r.demo);
    r.port = p->instances[mt_demo_instance_index(MT_DEMO_CART, 1)];
    for (unsigned i = 0; i < MT_DEMO_INSTANCES; i++)
        assert_true(listens(p->instances[i]));
    assert_false(listens(p->edge)); /* the proxy's, to come */
    mt_demo_begin(r.demo, now_ns());
    assert_true(mt_demo_run(r.demo));
    struct mt_demo_stats s = mt_demo_stats(r.demo);
    assert_true(r.killed > 0 && r.there > 0);
    assert_int_equal(s.killed, 1);
    assert_true(s.asked > 20);
    assert_int_equal(s.unanswered, s.asked);
    assert_int_equal(s.well + s.failed + s.wrong + s.served, 0);
    mt_demo_free(r.demo);
    assert_false(listens(r.port));
}

static void test_ended_before_it_began(void **state)
{
    (void)state;
    const struct mt_demo_options options = {.per_second = 1, .any_ports = true};
    struct mt_demo *d = mt_demo_new(&options);
    assert_non_null(d);
    mt_demo_end(d);
    assert_true(mt_demo_run(d));
    assert_int_equal(mt_demo_stats(d).asked, 0);
    assert_null(mt_demo_caller(d, 1, mt_demo_ports(d)->edge));
    mt_demo_free(d);
    mt_demo_free(NULL);
}

/* The system may give a shopper and a service one port at a time, and gives it
 * to another once it is free. */
static void test_one_port_of_two_callers(void **state)
{
    (void)state;
    enum { PORT = 40000 };
    const struct mt_demo_options options = {.per_second = 1, .any_ports = true};
    struct mt_demo *d = mt_demo_new(&options);
    assert_non_null(d);
    const uint16_t edge = d->ports.edge, inside = d->ports.inside;
    mt_demo_note_caller(d, MT_DEMO_CHECKOUT, PORT, inside);
    assert_null(mt_demo_caller(d, PORT, edge));
    mt_demo_note_caller(d, MT_DEMO_SHOPPERS, PORT, edge);
    assert_string_equal(mt_demo_caller(d, PORT, edge), "shoppers");
    assert_string_equal(mt_demo_caller(d, PORT, inside), "checkout");
    mt_demo_note_caller(d, MT_DEMO_CART, PORT, inside);
    assert_string_equal(mt_demo_caller(d, PORT, edge), "shoppers");
    assert_string_equal(mt_demo_caller(d, PORT, inside), "cart");
    mt_demo_free(d);
}

static void test_two_have_other_ports(void **state)
{
    (void)state;
    const struct mt_demo_options options = {.per_second = 1};
    struct mt_demo *a = mt_demo_new(&options), *b = mt_demo_new(&options);
    assert_true(a != NULL && b != NULL);
    for (unsigned i = 0; i < MT_DEMO_INSTANCES; i++)
        for (unsigned k = 0; k < MT_DEMO_INSTANCES; k++)
            assert_int_not_equal(mt_demo_ports(a)->instances[i],
                                 mt_demo_ports(b)->instances[k]);
    assert_int_not_equal(mt_demo_ports(a)->edge, mt_demo_ports(b)->edge);
    mt_demo_free(a);
    mt_demo_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_proxy),
        cmocka_unit_test(test_ended_before_it_began),
        cmocka_unit_test(test_one_port_of_two_callers),
        cmocka_unit_test(test_two_have_other_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
