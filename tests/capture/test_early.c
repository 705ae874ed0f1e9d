/* The SYN of who connects here, and of nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/early.h"

#define SECOND INT64_C(1000000000)

static const uint8_t ip4[] = {0x46, 0,    0,    44,   0,  1, 0x40, 0,
                              64,   6,    0,    0, /* 24 bytes: an option */
                              10,   0,    0,    1,    10, 0, 0,    2,
                              1,    1,    1,    0, /* addresses, option */
                              0x9c, 0x40, 0,    80,   0,  0, 0,    1,
                              0,    0,    0,    0, /* 40000 to 80 */
                              0x50, 0x02, 0xff, 0xff, 0,  0, 0,    0};

static struct mt_span part(uint8_t *copy, size_t n)
{
    memcpy(copy, ip4, n);
    return (struct mt_span){copy, n};
}

static void test_reading(void **state)
{
    (void)state;
    struct mt_addr local, remote;
    uint8_t bytes[80];
    assert_true(
        mt_early_read((struct mt_span){ip4, sizeof ip4}, &local, &remote));
    assert_int_equal(local.port, 40000);
    assert_int_equal(remote.port, 80);
    assert_memory_equal(local.ip + 10, "\xff\xff\x0a\0\0\x01", 6);
    assert_memory_equal(remote.ip + 10, "\xff\xff\x0a\0\0\x02", 6);

    struct mt_span whole = part(bytes, sizeof ip4);
    bytes[24 + 13] = 0x12; /* with ACK: an answer */
    assert_false(mt_early_read(whole, &local, &remote));
    bytes[24 + 13] = 0x10;
    assert_false(mt_early_read(whole, &local, &remote));
    bytes[24 + 13] = 0xc2; /* with ECN */
    assert_true(mt_early_read(whole, &local, &remote));
    for (size_t n = 0; n < 24 + 14; n++)
        assert_false(mt_early_read(part(bytes, n), &local, &remote));
    bytes[0] = 0x41; /* a header of 4 bytes */
    assert_false(
        mt_early_read((struct mt_span){bytes, sizeof ip4}, &local, &remote));

    uint8_t six[60] = {0x60, 0, 0, 0, 0, 20, 6, 64};
    six[8] = six[24] = 0xfd;
    six[39] = 2;
    memcpy(six + 40, ip4 + 24, 20);
    assert_true(
        mt_early_read((struct mt_span){six, sizeof six}, &local, &remote));
    assert_int_equal(local.ip[0], 0xfd);
    assert_int_equal(remote.ip[15], 2);
    assert_int_equal(remote.port, 80);
}

/* A socket on loopback that listens on a port of its own; *at is where. */
static int listener(struct sockaddr_in *at)
{
    socklen_t n = sizeof *at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *at = (struct sockaddr_in){.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
    assert_int_equal(listen(fd, 512), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)at, &n), 0);
    return fd;
}

/* The port that it was opened from. */
static uint16_t connect_to(const struct sockaddr_in *at)
{
    struct sockaddr_in from;
    socklen_t n = sizeof from;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)at, sizeof *at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&from, &n), 0);
    assert_int_equal(close(fd), 0);
    return ntohs(from.sin_port);
}

/* A loopback of its own, where that may be: whoever connects there beside it,
 * often enough, would leave nothing of the rate. */
static int alone(void **state)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    (void)state;
    if (unshare(CLONE_NEWNET) != 0)
        return 0;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int rc = fd >= 0 ? ioctl(fd, SIOCSIFFLAGS, &lo) : -1;
    (void)close(fd);
    return rc;
}

static void open_or_skip(struct mt_early *e)
{
    int rc = mt_early_open(e, "lo");
    if (rc == -EPERM) {
        print_message("skipped: no right to capture\n");
        skip();
    }
    assert_int_equal(rc, 0);
}

/* Others may connect on this machine's loopback, too: what is ours is told
 * once, and nothing but what begins. */
static size_t told(struct mt_early *e, int64_t now_ns, uint16_t from,
                   uint16_t to)
{
    struct mt_addr local, remote;
    size_t ours = 0;
    while (mt_early_next(e, now_ns, &local, &remote))
        ours += remote.port == to && (from == 0 || local.port == from);
    return ours;
}

static void test_who_connects(void **state)
{
    (void)state;
    struct mt_early e;
    struct sockaddr_in at;
    open_or_skip(&e);
    int server = listener(&at);
    struct pollfd p = {.fd = mt_early_fd(&e, SECOND), .events = POLLIN};
    uint16_t from = connect_to(&at);
    assert_int_equal(poll(&p, 1, 10000), 1);
    assert_int_equal(told(&e, SECOND, from, ntohs(at.sin_port)), 1);
    assert_int_equal(told(&e, SECOND, from, ntohs(at.sin_port)), 0);
    assert_int_equal(close(server), 0);
    mt_early_close(&e);
}

/* Above its rate it is no longer looked at, and what waits by then is
 * forgotten when it is again. */
static void test_its_rate(void **state)
{
    (void)state;
    struct mt_early e;
    struct sockaddr_in at;
    int64_t now = SECOND;
    size_t all = 0;
    open_or_skip(&e);
    int server = listener(&at);
    assert_true(mt_early_fd(&e, now) >= 0);
    for (int i = 0; i < 2 * MT_EARLY_BURST; i++) {
        (void)connect_to(&at);
        all += told(&e, now, 0, ntohs(at.sin_port));
    }
    assert_in_range(all, 1, MT_EARLY_BURST);
    assert_int_equal(mt_early_fd(&e, now), -1);
    assert_int_equal(mt_early_fd(&e, now + SECOND / MT_EARLY_PER_S), -1);
    (void)connect_to(&at);
    now += SECOND;
    assert_true(mt_early_fd(&e, now) >= 0);
    assert_int_equal(told(&e, now, 0, ntohs(at.sin_port)), 0);
    uint16_t from = connect_to(&at);
    assert_int_equal(told(&e, now, from, ntohs(at.sin_port)), 1);
    assert_int_equal(close(server), 0);
    mt_early_close(&e);
}

static void test_none(void **state)
{
    (void)state;
    struct mt_early e;
    struct mt_addr local, remote;
    mt_early_none(&e);
    assert_int_equal(mt_early_fd(&e, SECOND), -1);
    assert_false(mt_early_next(&e, SECOND, &local, &remote));
    mt_early_close(&e);
    assert_true(mt_early_open(&e, "nosuch0") < 0);
    assert_int_equal(mt_early_fd(&e, SECOND), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_who_connects),
        cmocka_unit_test(test_its_rate),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests_name("capture/early", tests, alone, NULL);
}
