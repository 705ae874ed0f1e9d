/* Our own traffic is left out, whatever else is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "capture/own_filter.h"

#define OWN "not tcp port 7070"
#define SSH_4                                                  \
    " and not (tcp and host 10.0.0.9 and port 51022 and host " \
    "10.0.0.1 and port 22)"
#define SSH_6                                                                  \
    " and not (tcp and host fe80::9 and port 51022 and host fe80::1 and port " \
    "22)"

static const struct {
    const char *given, *ssh, *filter;
    uint16_t page_port;
} vectors[] = {
    {NULL, NULL, OWN, 0},
    {"", NULL, OWN, 0},
    {" \t", NULL, OWN, 0},
    {"tcp port 80", NULL, "(tcp port 80) and " OWN, 0},
    {"port 80 or port 81", NULL, "(port 80 or port 81) and " OWN, 0},
    {NULL, "10.0.0.9 51022 10.0.0.1 22", OWN SSH_4, 0},
    {"udp", "10.0.0.9 51022 10.0.0.1 22", "(udp) and " OWN SSH_4, 0},
    {NULL, "fe80::9 51022 fe80::1 22", OWN SSH_6, 0},
    /* the page is served elsewhere */
    {NULL, NULL, OWN, 7070},
    {NULL, NULL, OWN " and not tcp port 8000", 8000},
    {"udp", "fe80::9 51022 fe80::1 22",
     "(udp) and " OWN " and not tcp port 65535" SSH_6, 65535},
    /* no session */
    {NULL, "", OWN, 0},
    {NULL, "10.0.0.9", OWN, 0},
    {NULL, "10.0.0.9 51022 10.0.0.1", OWN, 0},
    {NULL, "10.0.0.9 51022 10.0.0.1 22 7", OWN, 0},
    {NULL, "10.0.0.9 510220 10.0.0.1 22", OWN, 0},
    {NULL, "10.0.0.9 51022 10.0.0.1 99999", OWN, 0},
    {NULL, "example.org 51022 10.0.0.1 22", OWN, 0},
    {NULL, "1)or(2 51022 10.0.0.1 22", OWN, 0},
};

static void assert_compiles(const char *filter)
{
    pcap_t *dead = pcap_open_dead(DLT_EN10MB, 65535);
    struct bpf_program program;
    assert_non_null(dead);
    if (pcap_compile(dead, &program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
        fail_msg("%s: %s", filter, pcap_geterr(dead));
    pcap_freecode(&program);
    pcap_close(dead);
}

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char text[MT_OWN_FILTER_BYTES];
        assert_int_equal(mt_own_filter(text, vectors[i].given, vectors[i].ssh,
                                       vectors[i].page_port),
                         0);
        assert_string_equal(text, vectors[i].filter);
        assert_compiles(text);
        assert_int_equal(mt_own_session(vectors[i].ssh),
                         strstr(text, "host") != NULL);
    }
}

/* One that is too long is refused, never cut: cut, it would mean another. */
static void test_too_long(void **state)
{
    (void)state;
    static char given[MT_OWN_FILTER_BYTES];
    char text[MT_OWN_FILTER_BYTES];
    memset(given, ' ', sizeof given - 1);
    memcpy(given, "tcp", 3);
    assert_int_equal(mt_own_filter(text, given, NULL, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests_name("capture/own_filter", tests, NULL, NULL);
}
