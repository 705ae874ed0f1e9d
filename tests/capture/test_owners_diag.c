/* The kernel's messages, as struct inet_diag_msg has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/rc.h"
#include "base/text_addr.h"
#include "capture/owners_diag.h"

static struct mt_addr addr_of(const char *text)
{
    struct mt_addr a = {.port = 0};
    assert_int_equal(mt_parse_ip_port(mt_span_str(text), a.ip, &a.port), 0);
    return a;
}

struct request {
    struct nlmsghdr head;
    struct inet_diag_req_v2 body;
};

static struct request request_for(const char *local, const char *remote,
                                  uint8_t transport)
{
    uint8_t bytes[MT_DIAG_REQUEST_BYTES];
    struct request r;
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    struct mt_owner_query q = {.local = addr_of(local),
                               .remote = addr_of(remote),
                               .transport = transport};
    mt_diag_request(&b, &q, 9);
    assert_false(b.full);
    assert_int_equal(b.len, sizeof r);
    memcpy(&r, bytes, sizeof r);
    assert_int_equal(r.head.nlmsg_len, sizeof r);
    assert_int_equal(r.head.nlmsg_type, SOCK_DIAG_BY_FAMILY);
    assert_int_equal(r.head.nlmsg_flags, NLM_F_REQUEST);
    assert_int_equal(r.head.nlmsg_seq, 9);
    assert_int_equal(r.body.sdiag_protocol, transport);
    return r;
}

static void test_requests(void **state)
{
    (void)state;
    struct request r = request_for("10.0.0.1:80", "10.0.0.2:40000", 6);
    assert_int_equal(r.body.sdiag_family, AF_INET);
    assert_int_equal(ntohl(r.body.id.idiag_src[0]), 0x0a000001);
    assert_int_equal(ntohl(r.body.id.idiag_dst[0]), 0x0a000002);
    assert_int_equal(ntohs(r.body.id.idiag_sport), 80);
    assert_int_equal(ntohs(r.body.id.idiag_dport), 40000);
    r = request_for("[2001:db8::1]:80", "[2001:db8::2]:40000", 6);
    assert_int_equal(r.body.sdiag_family, AF_INET6);
    assert_int_equal(ntohl(r.body.id.idiag_src[0]), 0x20010db8);
    assert_int_equal(ntohl(r.body.id.idiag_src[3]), 1);
    assert_int_equal(ntohl(r.body.id.idiag_dst[3]), 2);
    /* a UDP socket's local address is asked for as the destination */
    r = request_for("10.0.0.1:53", "10.0.0.2:40000", 17);
    assert_int_equal(ntohl(r.body.id.idiag_dst[0]), 0x0a000001);
    assert_int_equal(ntohs(r.body.id.idiag_dport), 53);
    assert_int_equal(ntohs(r.body.id.idiag_sport), 40000);
}

struct answer {
    struct nlmsghdr head;
    struct inet_diag_msg body;
};

static struct answer some_answer(uint16_t type, uint8_t family)
{
    struct answer a = {
        .head = {.nlmsg_len = sizeof a, .nlmsg_type = type, .nlmsg_seq = 9},
        .body = {.idiag_family = family,
                 .idiag_state = MT_SOCKET_ESTABLISHED,
                 .idiag_uid = 1000,
                 .idiag_inode = 4711,
                 .id = {.idiag_sport = htons(80),
                        .idiag_dport = htons(40000),
                        .idiag_src = {htonl(0x0a000001)},
                        .idiag_dst = {htonl(0x0a000002)}}}};
    return a;
}

static int read_answer(const struct answer *a, size_t n, uint32_t sequence,
                       struct mt_socket *s)
{
    uint8_t *copy = malloc(n + 1);
    memcpy(copy, a, n);
    int rc = mt_diag_answer((struct mt_span){copy, n}, sequence, s);
    free(copy);
    return rc;
}

static void test_answers(void **state)
{
    (void)state;
    struct mt_socket s = {.state = 0};
    struct answer a = some_answer(SOCK_DIAG_BY_FAMILY, AF_INET);
    assert_int_equal(read_answer(&a, sizeof a, 9, &s), MT_EVENT);
    struct mt_addr local = addr_of("10.0.0.1:80");
    assert_memory_equal(s.local.ip, local.ip, 16);
    assert_int_equal(s.local.port, 80);
    assert_int_equal(s.remote.port, 40000);
    assert_int_equal(s.uid, 1000);
    assert_int_equal(s.inode, 4711);
    assert_int_equal(s.state, MT_SOCKET_ESTABLISHED);
    /* to another question, cut anywhere, of another family or kind */
    assert_int_equal(read_answer(&a, sizeof a, 8, &s), MT_MORE);
    for (size_t n = 0; n < sizeof a; n++)
        assert_int_equal(read_answer(&a, n, 9, &s), MT_EPROTO);
    a = some_answer(SOCK_DIAG_BY_FAMILY, AF_UNIX);
    assert_int_equal(read_answer(&a, sizeof a, 9, &s), MT_EPROTO);
    a = some_answer(NLMSG_ERROR, AF_INET);
    assert_int_equal(read_answer(&a, sizeof a, 9, &s), MT_DONE);
    a = some_answer(99, AF_INET);
    assert_int_equal(read_answer(&a, sizeof a, 9, &s), MT_EPROTO);
    /* a length that lies */
    a = some_answer(SOCK_DIAG_BY_FAMILY, AF_INET);
    a.head.nlmsg_len = sizeof a.head + 4;
    assert_int_equal(read_answer(&a, sizeof a, 9, &s), MT_EPROTO);
    a.head.nlmsg_len = 3;
    assert_int_equal(read_answer(&a, sizeof a, 9, &s), MT_EPROTO);
    a.head.nlmsg_len = UINT32_MAX;
    assert_int_equal(read_answer(&a, sizeof a, 9, &s), MT_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
