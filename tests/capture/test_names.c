/* Which name an exchange gets, and what it takes to be believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/text_addr.h"
#include "capture/names.h"
#include "capture/names_host.h"

struct fixture {
    struct mt_pool pool;
    struct mt_names *names;
    struct mt_names_file *file;
};

static void fixture_open(struct fixture *f, const char *yaml,
                         uint32_t places_max)
{
    char why[MT_NAMES_WHY_BYTES];
    mt_pool_init(&f->pool, 64u << 20);
    f->file = NULL;
    if (yaml != NULL)
        assert_int_equal(
            mt_names_file_read(&f->file, mt_span_str(yaml), "n", &f->pool, why),
            0);
    f->names = mt_names_new(&(struct mt_names_config){
        .pool = &f->pool, .file = f->file, .places_max = places_max});
    assert_non_null(f->names);
}

static void fixture_close(struct fixture *f)
{
    mt_names_free(f->names);
    mt_names_file_free(f->file);
    assert_int_equal(f->pool.used_bytes, 0);
    mt_pool_deinit(&f->pool);
}

static struct mt_addr addr_of(const char *text)
{
    struct mt_addr a = {.port = 0};
    if (mt_parse_ip_port(mt_span_str(text), a.ip, &a.port) != 0)
        assert_int_equal(mt_parse_ip(mt_span_str(text), a.ip), 0);
    return a;
}

/* One exchange and the names it must get. */
struct step {
    const char *server;
    const char *authority;
    const char *sni;
    const char *want;
    enum mt_name_source source;
    const char *method; /* NULL: GET, http/1.1 */
    const char *scheme; /* of a target in absolute form */
    uint16_t status;    /* 0: 200 */
};

static struct mt_exchange exchange_of(const struct step *s, struct mt_tls *tls)
{
    *tls = (struct mt_tls){.sni = mt_span_str(s->sni)};
    return (struct mt_exchange){
        .client = {.addr = addr_of("10.9.9.9:40000")},
        .server = {.addr = addr_of(s->server)},
        .protocol = s->sni != NULL ? MT_PROTOCOL_TLS : MT_PROTOCOL_HTTP11,
        .tls = s->sni != NULL ? tls : NULL,
        .authority = mt_span_str(s->authority),
        .method = mt_span_str(s->method != NULL ? s->method : "GET"),
        .scheme = mt_span_str(s->scheme),
        .quality = s->scheme != NULL ? MT_QUALITY_FORWARD : 0,
        .status = s->status != 0 ? s->status : 200};
}

static void run(struct fixture *f, const struct step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct mt_tls tls;
        struct mt_exchange x = exchange_of(&steps[i], &tls);
        mt_names_apply(f->names, &x);
        if (!mt_span_eq(x.server.service, mt_span_str(steps[i].want)) ||
            x.server.name_source != steps[i].source)
            fail_msg("step %zu: \"%.*s\" by %s, want \"%s\" by %s", i,
                     (int)x.server.service.len,
                     (const char *)x.server.service.ptr,
                     mt_name_source_text(x.server.name_source), steps[i].want,
                     mt_name_source_text(steps[i].source));
        assert_int_equal(x.client.service.len, 0);
    }
}

#define SERVED(server_, authority_, sni_, want_, source_)              \
    {                                                                  \
        .server = (server_), .authority = (authority_), .sni = (sni_), \
        .want = (want_), .source = MT_NAME_##source_                   \
    }
#define ASKED(server_, authority_, want_, source_, method_, scheme_, status_)  \
    {                                                                          \
        .server = (server_), .authority = (authority_), .want = (want_),       \
        .source = MT_NAME_##source_, .method = (method_), .scheme = (scheme_), \
        .status = (status_)                                                    \
    }
#define RUN(f, ...)                              \
    run((f), (const struct step[]){__VA_ARGS__}, \
        sizeof(const struct step[]){__VA_ARGS__} / sizeof(struct step))

static const char ip[] = "10.0.0.5:8080", ip2[] = "10.0.0.6:8080";

static void test_host_names_its_server(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, NULL, 0);
    RUN(&f, SERVED(ip, NULL, NULL, "10.0.0.5:8080", ADDRESS),
        SERVED(ip, "10.0.0.5:8080", NULL, "10.0.0.5:8080", ADDRESS),
        SERVED(ip, "Cart.Example.:8080", NULL, "cart.example", HOST),
        SERVED(ip, "10.0.0.5", NULL, "cart.example", HOST),
        SERVED(ip, NULL, NULL, "cart.example", HOST),
        SERVED(ip, "cart", NULL, "cart", HOST),
        SERVED(ip, NULL, NULL, "cart.example", HOST),
        SERVED(ip2, NULL, NULL, "10.0.0.6:8080", ADDRESS),
        SERVED("[fd00::1]:80", NULL, NULL, "[fd00::1]:80", ADDRESS));
    fixture_close(&f);
}

static void test_sni_is_stronger_than_host(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, NULL, 0);
    RUN(&f, SERVED(ip, "old.example", NULL, "old.example", HOST),
        SERVED(ip, "old.example", "api.example", "api.example", SNI),
        SERVED(ip, NULL, NULL, "api.example", SNI),
        SERVED(ip, NULL, "10.0.0.5", "api.example", SNI),
        SERVED(ip, "old.example", "bad name", "old.example", HOST));
    assert_int_equal(mt_names_counters(f.names).refused, 2);
    fixture_close(&f);
}

static void test_file_is_strongest(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, "services: {users-db: 10.0.0.5}\nclients: {ops: 10.9.9.9}",
                 0);
    struct mt_addr a = addr_of("10.0.0.5");
    assert_true(mt_names_add(f.names, &a, MT_SPAN("told"), MT_NAME_NRB, 1));
    struct mt_tls tls;
    struct mt_exchange x = exchange_of(
        &(struct step){.server = ip, .authority = "h", .sni = "s.example"},
        &tls);
    mt_names_apply(f.names, &x);
    assert_true(mt_span_eq(x.server.service, MT_SPAN("users-db")));
    assert_int_equal(x.server.name_source, MT_NAME_FILE);
    assert_true(mt_span_eq(x.client.service, MT_SPAN("ops")));
    assert_int_equal(x.client.name_source, MT_NAME_FILE);

    /* the proxy knows its own route better */
    x.server.service = MT_SPAN("route");
    x.server.name_source = MT_NAME_ROUTE;
    mt_names_apply(f.names, &x);
    assert_true(mt_span_eq(x.server.service, MT_SPAN("route")));
    fixture_close(&f);
}

/* An answer as the decoder shows it. */
static void told_by_dns(struct fixture *f, const char *name, const char *ips,
                        int64_t ts_ns)
{
    struct mt_field attr = {MT_SPAN("dns.answers"), mt_span_str(ips)};
    struct mt_exchange x = {.protocol = MT_PROTOCOL_DNS,
                            .client = {.addr = addr_of("10.9.9.9:40000")},
                            .server = {.addr = addr_of("10.0.0.53:53")},
                            .path = mt_span_str(name),
                            .resp = {.end_ns = ts_ns},
                            .attrs = {&attr, 1}};
    mt_names_apply(f->names, &x);
}

/* The newest answer names the address, on every port; what a server says of
 * itself is stronger. */
static void test_names_from_dns(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, NULL, 0);
    told_by_dns(&f, "shop.example", "10.0.0.5,fd00::5", 10);
    RUN(&f, SERVED("10.0.0.5:9", NULL, NULL, "shop.example", DNS),
        SERVED("[fd00::5]:9", NULL, NULL, "shop.example", DNS),
        SERVED("10.0.0.6:9", NULL, NULL, "10.0.0.6:9", ADDRESS),
        SERVED(ip, "cart", NULL, "cart", HOST));
    told_by_dns(&f, "new.example", "10.0.0.5", 30);
    told_by_dns(&f, "old.example", "10.0.0.5", 20);
    told_by_dns(&f, "no\\032name.example", "10.0.0.5", 40);
    told_by_dns(&f, "shop.example", "not,an,,address", 50);
    RUN(&f, SERVED("10.0.0.5:9", NULL, NULL, "new.example", DNS));
    assert_int_equal(mt_names_counters(f.names).refused, 1);

    /* four names an address: the oldest gives way */
    told_by_dns(&f, "fifth.example", "10.0.0.5", 60);
    assert_int_equal(mt_names_counters(f.names).overflow, 0);
    RUN(&f, SERVED("10.0.0.5:9", NULL, NULL, "fifth.example", DNS));
    fixture_close(&f);
}

static void test_told_names(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, NULL, 0);
    struct mt_addr whole = addr_of("10.0.0.5"), client = addr_of("10.9.9.9");
    assert_true(
        mt_names_add(f.names, &whole, MT_SPAN("db-2."), MT_NAME_NRB, 1));
    assert_false(
        mt_names_add(f.names, &whole, MT_SPAN("not a name"), MT_NAME_NRB, 1));
    RUN(&f, SERVED(ip, NULL, NULL, "db-2", NRB),
        SERVED(ip, "cart", NULL, "cart", HOST), /* Host is stronger */
        SERVED(ip, NULL, NULL, "cart", HOST));
    assert_true(
        mt_names_add(f.names, &whole, MT_SPAN("pod-7"), MT_NAME_CONTAINER, 1));
    RUN(&f, SERVED(ip, "cart", NULL, "pod-7", CONTAINER),
        SERVED(ip, "cart", "cart.example", "pod-7", CONTAINER));

    assert_true(mt_names_add(f.names, &client, MT_SPAN("a"), MT_NAME_DNS, 5));
    assert_true(mt_names_add(f.names, &client, MT_SPAN("b"), MT_NAME_DNS, 9));
    assert_true(mt_names_add(f.names, &client, MT_SPAN("c"), MT_NAME_DNS, 9));
    assert_true(mt_names_add(f.names, &client, MT_SPAN("d"), MT_NAME_DNS, 1));
    assert_false(mt_names_add(f.names, &client, MT_SPAN("e"), MT_NAME_DNS, 1));
    assert_true(mt_names_add(f.names, &client, MT_SPAN("f"), MT_NAME_DNS, 2));
    struct mt_tls tls;
    struct mt_exchange x =
        exchange_of(&(struct step){.server = ip, .authority = "cart"}, &tls);
    mt_names_apply(f.names, &x);
    assert_true(mt_span_eq(x.client.service, MT_SPAN("b")));
    assert_int_equal(x.client.name_source, MT_NAME_DNS);
    fixture_close(&f);
}

/* A forward proxy has the names of all the world in its requests. */
static void test_forward_proxy_keeps_its_address(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, NULL, 0);
    const char *addr = "10.0.0.5:8080";
    RUN(&f, ASKED(ip, "a.example:443", addr, ADDRESS, "CONNECT", NULL, 0),
        SERVED(ip, NULL, "a.example", addr, ADDRESS), /* in its tunnel */
        ASKED(ip, "b.example", addr, ADDRESS, "GET", "http", 0),
        SERVED(ip, NULL, "b.example", addr, ADDRESS),
        SERVED(ip, NULL, NULL, addr, ADDRESS));
    fixture_close(&f);
}

/* Those who look for open proxies do not take a server's name away. */
static void test_a_server_asked_to_forward_keeps_its_name(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, NULL, 0);
    RUN(&f, SERVED(ip, "cart", NULL, "cart", HOST),
        ASKED(ip, "evil.example", "cart", HOST, "GET", "http", 0),
        SERVED(ip, "cart", NULL, "cart", HOST),
        ASKED(ip, "evil.example:443", "cart", HOST, "CONNECT", NULL, 405),
        SERVED(ip, NULL, NULL, "cart", HOST));
    fixture_close(&f);
}

static void test_hostile_hosts_are_bounded(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, NULL, 0);
    RUN(&f, SERVED(ip, "cart", NULL, "cart", HOST));
    for (int i = 0; i < 1000; i++) {
        char host[32];
        (void)snprintf(host, sizeof host, "h%d.example", i);
        bool kept = i < MT_NAMES_PER_ENDPOINT - 1;
        RUN(&f, SERVED(ip, host, NULL, kept ? host : "cart", HOST));
    }
    assert_int_equal(mt_names_counters(f.names).overflow,
                     1000 - (MT_NAMES_PER_ENDPOINT - 1));
    /* refused requests teach nothing, but a service may have no others */
    RUN(&f, ASKED(ip2, "x.example", "x.example", HOST, NULL, NULL, 404),
        SERVED(ip2, "y.example", NULL, "y.example", HOST),
        ASKED(ip2, "x.example", "y.example", HOST, NULL, NULL, 400),
        ASKED(ip2, "h1.example", "h1.example", HOST, NULL, NULL, 404));
    fixture_close(&f);
}

static void test_places_are_bounded(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, NULL, 4);
    static const char *const ips[] = {"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1",
                                      "10.0.0.4:1", "10.0.0.5:1"};
    for (int i = 0; i < 4; i++)
        RUN(&f, SERVED(ips[i], "cart", NULL, "cart", HOST));
    RUN(&f, SERVED(ips[0], NULL, NULL, "cart", HOST), /* used: kept */
        SERVED(ips[4], "cart", NULL, "cart", HOST),
        SERVED(ips[0], NULL, NULL, "cart", HOST),
        SERVED(ips[1], NULL, NULL, "10.0.0.2:1", ADDRESS));
    assert_int_equal(mt_names_counters(f.names).evicted, 1);
    /* many more, and nothing breaks */
    for (int i = 0; i < 1000; i++) {
        char server[32];
        (void)snprintf(server, sizeof server, "10.1.%d.%d:80", i / 256,
                       i % 256);
        RUN(&f, SERVED(server, "cart", NULL, "cart", HOST),
            SERVED(server, NULL, NULL, "cart", HOST));
    }
    fixture_close(&f);
}

static void test_memory_ceiling(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 4u << 20; limit += 64 << 10) {
        struct mt_pool pool;
        mt_pool_init(&pool, limit);
        struct mt_names *n =
            mt_names_new(&(struct mt_names_config){.pool = &pool});
        struct mt_addr a = addr_of("10.0.0.5:80");
        if (n != NULL)
            (void)mt_names_add(n, &a, MT_SPAN("cart"), MT_NAME_NRB, 0);
        mt_names_free(n);
        assert_int_equal(pool.used_bytes, 0);
        mt_pool_deinit(&pool);
    }
}

static const struct {
    const char *authority, *host;
} hosts[] = {
    {"cart", "cart"},
    {"cart:8080", "cart"},
    {"CART.Default.svc.cluster.local.:80", "cart.default.svc.cluster.local"},
    {"xn--bcher-kva.example", "xn--bcher-kva.example"},
    {"_grpc._tcp.cart", "_grpc._tcp.cart"},
    {"3com.example", "3com.example"},
    {"cart:", "cart"},
    {"", ""},
    {".", ""},
    {":80", ""},
    {"10.0.0.5", ""},
    {"10.0.0.5:80", ""},
    {"1.2", ""},
    {"8080", ""},
    {"[::1]", ""},
    {"[fd00::1]:80", ""},
    {"fd00::1", ""},
    {"localhost", ""},
    {"localhost:8080", ""},
    {"a.localhost", ""},
    {"localhost.localdomain", ""},
    {"cart..example", ""},
    {".cart", ""},
    {"-cart", ""},
    {"cart-", ""},
    {"ca rt", ""},
    {"cart/../etc", ""},
    {"<script>", ""},
    {"cart\x1b[31m", ""},
    {"b\xc3\xbc"
     "cher.example",
     ""},
    {"user@cart", ""},
    {"cart:80:80", ""},
    {"cart:http", ""},
    {"cart:123456", ""},
};

static void test_what_is_a_host(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        uint8_t out[MT_NAME_MAX_BYTES];
        size_t n = strlen(hosts[i].authority);
        uint8_t *copy = malloc(n > 0 ? n : 1);
        assert_non_null(copy);
        memcpy(copy, hosts[i].authority, n);
        struct mt_span got = mt_names_host((struct mt_span){copy, n}, out);
        free(copy);
        if (!mt_span_eq(got, mt_span_str(hosts[i].host)))
            fail_msg("\"%s\" is \"%.*s\", want \"%s\"", hosts[i].authority,
                     (int)got.len, (const char *)got.ptr, hosts[i].host);
    }
}

static void test_length_of_a_host(void **state)
{
    (void)state;
    uint8_t out[MT_NAME_MAX_BYTES];
    char text[300];
    memset(text, 'a', sizeof text);
    for (size_t i = 63; i < sizeof text; i += 64)
        text[i] = '.';
    assert_int_equal(
        mt_names_host((struct mt_span){(uint8_t *)text, 253}, out).len, 253);
    assert_int_equal(
        mt_names_host((struct mt_span){(uint8_t *)text, 254}, out).len, 0);
    text[63] = 'a';
    assert_int_equal(
        mt_names_host((struct mt_span){(uint8_t *)text, 100}, out).len, 0);
}

/* Of a tap's own machine a caller whose process was missed is its address; it
 * is nobody where others may know better. */
static void test_missed_callers(void **state)
{
    (void)state;
    struct fixture f;
    struct mt_tls tls;
    struct mt_own_addresses own = {.count = 1};
    const struct step step = {.server = ip};
    struct mt_exchange x = exchange_of(&step, &tls);
    mt_pool_init(&f.pool, 64u << 20);
    memcpy(own.ip[0], addr_of("10.9.9.9").ip, sizeof own.ip[0]);
    f.file = NULL;
    f.names =
        mt_names_new(&(struct mt_names_config){.pool = &f.pool, .own = &own});
    mt_names_apply(f.names, &x);
    assert_true(mt_span_eq(x.client.service, MT_SPAN("10.9.9.9")));
    assert_int_equal(x.client.name_source, MT_NAME_ADDRESS);
    assert_true(mt_names_add(f.names, &x.client.addr, MT_SPAN("curl"),
                             MT_NAME_PROCESS, 1));
    mt_names_apply(f.names, &x);
    assert_true(mt_span_eq(x.client.service, MT_SPAN("curl")));
    x.client.addr = addr_of("10.9.9.8:40000");
    mt_names_apply(f.names, &x);
    assert_int_equal(x.client.service.len, 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_names_its_server),
        cmocka_unit_test(test_sni_is_stronger_than_host),
        cmocka_unit_test(test_file_is_strongest),
        cmocka_unit_test(test_names_from_dns),
        cmocka_unit_test(test_told_names),
        cmocka_unit_test(test_forward_proxy_keeps_its_address),
        cmocka_unit_test(test_a_server_asked_to_forward_keeps_its_name),
        cmocka_unit_test(test_hostile_hosts_are_bounded),
        cmocka_unit_test(test_places_are_bounded),
        cmocka_unit_test(test_memory_ceiling),
        cmocka_unit_test(test_missed_callers),
        cmocka_unit_test(test_what_is_a_host),
        cmocka_unit_test(test_length_of_a_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
