/* An interface as a source, with a libpcap that plays a script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include "capture/live.h"

/* ---- the script ---- */

/* One answer of pcap_next_ex(); at its end there is nothing for ever. */
struct step {
    int rc;
    long s, fraction; /* its time */
    u_int drops;      /* of pcap_stats() from then on */
    bool down;        /* from then on */
};

static struct {
    const struct step *steps;
    size_t count, at;
    int activated;
    bool micro;
    struct step now;
    struct pcap_pkthdr header;
} script;

pcap_t *__wrap_pcap_create(const char *interface, const char *why);
int __wrap_pcap_activate(pcap_t *p);
int __wrap_pcap_setfilter(pcap_t *p, struct bpf_program *program);
int __wrap_pcap_setnonblock(pcap_t *p, int on, const char *why);
int __wrap_pcap_stats(pcap_t *p, struct pcap_stat *out);
int __wrap_pcap_next_ex(pcap_t *p, struct pcap_pkthdr **header,
                        const u_char **bytes);
int __wrap_pcap_get_selectable_fd(pcap_t *p);
int __wrap_pcap_get_tstamp_precision(pcap_t *p);
const struct timeval *__wrap_pcap_get_required_select_timeout(pcap_t *p);

pcap_t *__wrap_pcap_create(const char *interface, const char *why)
{
    (void)interface, (void)why;
    return pcap_open_dead(DLT_EN10MB, 65535);
}

int __wrap_pcap_activate(pcap_t *p)
{
    (void)p;
    return script.activated;
}

int __wrap_pcap_setfilter(pcap_t *p, struct bpf_program *program)
{
    (void)p, (void)program;
    return 0;
}

int __wrap_pcap_setnonblock(pcap_t *p, int on, const char *why)
{
    (void)p, (void)why;
    assert_int_equal(on, 1);
    return 0;
}

int __wrap_pcap_stats(pcap_t *p, struct pcap_stat *out)
{
    (void)p;
    *out = (struct pcap_stat){.ps_drop = script.now.drops};
    return 0;
}

int __wrap_pcap_next_ex(pcap_t *p, struct pcap_pkthdr **header,
                        const u_char **bytes)
{
    static const u_char data[] = "abcd";
    (void)p;
    if (script.at == script.count)
        return 0;
    script.now = script.steps[script.at++];
    script.header = (struct pcap_pkthdr){
        .ts = {script.now.s, script.now.fraction}, .caplen = 4, .len = 60};
    *header = &script.header;
    *bytes = data;
    return script.now.rc;
}

int __wrap_pcap_get_selectable_fd(pcap_t *p)
{
    (void)p;
    return 1000; /* nobody's */
}

int __wrap_pcap_get_tstamp_precision(pcap_t *p)
{
    (void)p;
    return script.micro ? PCAP_TSTAMP_PRECISION_MICRO
                        : PCAP_TSTAMP_PRECISION_NANO;
}

const struct timeval *__wrap_pcap_get_required_select_timeout(pcap_t *p)
{
    static const struct timeval soon = {0, 1000};
    (void)p;
    return script.now.down ? &soon : NULL;
}

/* ---- reading ---- */

static struct mt_source *open_script(const struct step *steps, size_t count)
{
    struct mt_live_options options = {.number = 3};
    struct mt_problem why;
    struct mt_source *s;
    script.steps = steps;
    script.count = count;
    script.at = 0;
    script.now = (struct step){.rc = 0};
    assert_int_equal(mt_source_open_live(&s, "eth0", &options, &why), 0);
    return s;
}

/* What comes until there is nothing, as text: "i d0 p1.5 m" for the interface,
 * no drops, a packet at 1.5 s, and MT_MORE. */
static void read_all(struct mt_source *s, char *log, size_t size)
{
    struct mt_item item;
    size_t n = 0;
    int rc = MT_EVENT;
    while (rc == MT_EVENT) {
        rc = mt_source_next(s, &item);
        char word[64] = "";
        if (rc != MT_EVENT)
            (void)snprintf(word, sizeof word, "%s",
                           rc == MT_MORE   ? "more"
                           : rc == MT_DONE ? "done"
                                           : "broken");
        else if (item.kind == MT_ITEM_PACKET)
            (void)snprintf(word, sizeof word, "p%lld ",
                           (long long)(item.packet.ts_ns / 1000000));
        else if (item.kind == MT_ITEM_DROPS)
            (void)snprintf(word, sizeof word, "d%llu ",
                           (unsigned long long)item.kernel_drops);
        else
            (void)snprintf(word, sizeof word, "%s ",
                           item.kind == MT_ITEM_COMMENT ? "down" : "i");
        n += (size_t)snprintf(log + n, size - n, "%s", word);
    }
}

#define MS 1000000
#define READ(s, want)                     \
    do {                                  \
        char log[256];                    \
        read_all((s), log, sizeof log);   \
        assert_string_equal(log, (want)); \
    } while (0)
#define OPEN(steps) open_script((steps), sizeof(steps) / sizeof(steps)[0])

/* Drops once a second of the packets' time, before the packet at hand. */
static void test_drops(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {1, 1, 0, 0, false},        {1, 1, 500 * MS, 5, false},
        {1, 2, 0, 7, false},        {0, 0, 0, 7, false},
        {1, 2, 900 * MS, 7, false}, {1, 3, 100 * MS, UINT32_MAX, false},
        {1, 9, 0, 4, false}, /* the counter went round */
        {1, 8, 0, 6, false}, /* the clock was set back */
    };
    struct mt_source *s = OPEN(steps);
    READ(s, "i d0 p1000 p1500 d7 p2000 more");
    READ(s, "p2900 d4294967295 p3100 d4294967300 p9000 d4294967302 p8000 more");
    assert_int_equal(mt_source_progress(s).packets, 7);
    mt_source_free(s);
}

static void test_packet(void **state)
{
    (void)state;
    static const struct step steps[] = {{1, 7, 123456, 0, false},
                                        {1, 7, 123457, 0, false}};
    for (int micro = 0; micro < 2; micro++) {
        script.micro = micro != 0;
        struct mt_source *s = OPEN(steps);
        struct mt_item item;
        for (int i = 0; i < 3; i++)
            assert_int_equal(mt_source_next(s, &item), MT_EVENT);
        assert_int_equal(item.kind, MT_ITEM_PACKET);
        assert_int_equal(item.packet.ts_ns,
                         INT64_C(7000000000) + 123456 * (micro ? 1000 : 1));
        assert_int_equal(item.packet.bytes.len, 4);
        assert_int_equal(item.packet.wire_bytes, 60);
        assert_int_equal(item.packet.link_type, 1);
        assert_int_equal(item.packet.ref >> 48, 3);
        assert_int_equal(mt_source_descriptor(s), 1000);
        assert_true(mt_source_read_at(s, 0, &item) < 0);
        mt_source_free(s);
    }
    script.micro = false;
}

/* What came until the end is given, then the drops, then nothing. */
static void test_finish(void **state)
{
    (void)state;
    static const struct step steps[] = {{1, 1, 0, 0, false},
                                        {0, 0, 0, 0, false},
                                        {1, 2, 0, 0, false},
                                        {1, 2, 1, 9, false}};
    struct mt_source *s = OPEN(steps);
    READ(s, "i d0 p1000 more");
    mt_source_finish(s, INT64_C(2000000000));
    READ(s, "d0 p2000 d9 done");
    READ(s, "done");
    mt_source_free(s);
    s = OPEN(steps);
    mt_source_finish(s, INT64_C(1000000000));
    READ(s, "i d0 p1000 d0 done"); /* nothing more now: nothing more at all */
    mt_source_free(s);
}

static void test_vanishes(void **state)
{
    (void)state;
    static const struct step steps[] = {{1, 1, 0, 0, false},
                                        {PCAP_ERROR, 0, 0, 3, false}};
    struct mt_source *s = OPEN(steps);
    assert_string_equal(mt_source_problem(s), "");
    READ(s, "i d0 p1000 d3 broken");
    READ(s, "broken");
    assert_non_null(strstr(mt_source_problem(s), "eth0: "));
    mt_source_free(s);
}

/* Said once each time; meanwhile it is waited for. */
static void test_goes_down(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, 0, 0, 0, true},  {0, 0, 0, 0, true}, {1, 5, 0, 0, false},
        {0, 0, 0, 0, false}, {0, 0, 0, 0, true},
    };
    struct mt_source *s = OPEN(steps);
    READ(s, "i down more");
    READ(s, "d0 p5000 more");
    READ(s, "down more");
    READ(s, "more");
    mt_source_free(s);
}

/* ---- opening ---- */

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        int activated;
        const char *filter;
        int rc;
        const char *text;
    } vectors[] = {
        {PCAP_ERROR_NO_SUCH_DEVICE, NULL, -ENODEV, "eth0: no such interface"},
        {PCAP_ERROR_PERM_DENIED, NULL, -EPERM, "eth0: no permission"},
        {PCAP_ERROR_IFACE_NOT_UP, NULL, -ENETDOWN, "eth0: the interface is"},
        {PCAP_ERROR_RFMON_NOTSUP, NULL, -EIO, "eth0: "},
        {0, "tcp prt 80", -EINVAL, "eth0: capture filter: "},
        {PCAP_WARNING, "tcp port 80", 0, ""},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct mt_live_options options = {.filter = vectors[i].filter};
        struct mt_problem why = {""};
        struct mt_source *s;
        script.activated = vectors[i].activated;
        assert_int_equal(mt_source_open_live(&s, "eth0", &options, &why),
                         vectors[i].rc);
        assert_int_equal(
            strncmp(why.text, vectors[i].text, strlen(vectors[i].text)), 0);
        assert_true((s != NULL) == (vectors[i].rc == 0));
        mt_source_free(s);
    }
    script.activated = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drops),     cmocka_unit_test(test_packet),
        cmocka_unit_test(test_finish),    cmocka_unit_test(test_vanishes),
        cmocka_unit_test(test_goes_down), cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests_name("capture/live", tests, NULL, NULL);
}
