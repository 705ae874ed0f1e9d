#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rc.h"
#include "some_exchange.h"
#include "store/filter.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct mt_time_ref ref = {.now_ns = SOME_NOW};

/* From an exact-size copy, which is gone when the filter is used. */
static int compile(const char *text, struct mt_filter **f,
                   struct mt_filter_error *e)
{
    size_t n = strlen(text);
    uint8_t *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    int rc = mt_filter_new(f, (struct mt_span){.ptr = copy, .len = n}, &ref, e);
    free(copy);
    return rc;
}

/* One exchange that has nearly everything. */
static const struct mt_tls tls = {.version = 0x0304,
                                  .sni = {(const uint8_t *)"shop.test", 9}};

static struct mt_exchange whole(void)
{
    struct mt_exchange x = {
        .end_ns = SOME_NOW - INT64_C(60000000000),
        .tls = &tls,
        .protocol = MT_PROTOCOL_H2,
        .outcome = MT_OUTCOME_FAILURE,
        .error = MT_ERROR_TIMEOUT,
        .quality = MT_QUALITY_MIDSTREAM,
        .status = 503,
        .grpc_status = MT_GRPC_STATUS_NONE,
        .method = MT_SPAN("POST"),
        .authority = MT_SPAN("Cart.shop:8080"),
        .path = MT_SPAN("/cart/8812/items"),
        .route = MT_SPAN("/cart/{id}/items"),
        .client = {.service = MT_SPAN("frontend")},
        .server = {.service = MT_SPAN("cart")},
        .trace_id = {0x4b, 0xf9, 0x2f, 0x01},
        .conn = 7,
    };
    x.req.start_ns = x.end_ns - 301000000;
    x.resp.start_ns = x.end_ns - 1000000;
    x.resp.end_ns = x.end_ns;
    x.resp.body_bytes = 4096;
    if (mt_parse_ip(MT_SPAN("10.1.2.3"), x.client.addr.ip) != 0 ||
        mt_parse_ip(MT_SPAN("2001:db8::5"), x.server.addr.ip) != 0)
        abort();
    x.client.addr.port = 42312;
    x.server.addr.port = 8080;
    return x;
}

static const struct {
    const char *filter;
    bool want;
} matches[] = {
    {"", true},
    {"  \t ", true},
    /* status */
    {"status=503", true},
    {"status=5xx", true},
    {"status=5XX", true},
    {"status = 500..502", false},
    {"status=500..503", true},
    {"status!=5xx", false},
    {"status>5xx", false},
    {"status>=5xx", true},
    {"status<5xx", false},
    {"status<=5xx", true},
    {"status>502 and status<504", true},
    {"status in (404, 5xx)", true},
    {"status not in (404,5xx)", false},
    {"status=404,503", true},
    {"status=404 , 200", false},
    {"status=*", true},
    {"http.response.status_code=503", true},
    {"STATUS==503", true},
    /* what is not there */
    {"grpc=OK", false},
    {"grpc!=OK", true},
    {"grpc>=0", false},
    {"not grpc>=0", true},
    {"grpc=*", false},
    {"grpc!=*", true},
    {"query=x", false},
    {"query=\"\"", true},
    {"query!=\"\"", false},
    {"query~.*", false},
    {"query!~x", true},
    {"query=*", false},
    /* durations, sizes */
    {"lat>250ms", true},
    {"lat>301ms", false},
    {"lat=0.301s", true},
    {"lat=300ms..0.4s", true},
    {"ttfb<0.3s", false},
    {"ttfb<=300ms", true},
    {"size=4KiB", true},
    {"size>=4kB and size<4.1kB", true},
    /* texts */
    {"method=post", true},
    {"method in (PUT, POST)", true},
    {"path=/cart/8812/items", true},
    {"path=/CART/8812/items", false},
    {"path=/cart/*", true},
    {"path=*items", true},
    {"path=/cart/*/item", false},
    {"path=/cart/*/*/x", false},
    {"path=*", true},
    {"path~\"^/cart/[0-9]+\"", true},
    {"path~^/api", false},
    {"path!~^/api", true},
    {"path~'(items|orders)$'", true},
    {"route=\"/cart/{id}/items\"", true},
    {"route=/cart/{id}/items", true},
    {"host=cart.shop", true},
    {"host=CART.shop:8080", true},
    {"host=cart.shop:80", false},
    {"host=*.shop", true},
    {"host~shop$", true},
    {"sni=Shop.Test", true},
    /* words */
    {"8812", true},
    {"SHOP", true},
    {"\"/items\"", true},
    {"nothing", false},
    {"not nothing", true},
    {"!nothing", true},
    {"cart items", true},
    {"cart nothing", false},
    {"last", false},
    {"/cart/8812?x=1", false},
    /* enumerations */
    {"outcome=failure", true},
    {"outcome=FAILURE", true},
    {"outcome!=ok", true},
    {"error=timeout", true},
    {"error!=\"\"", true},
    {"error=*", true},
    {"error~^reset", false},
    {"proto=h2", true},
    {"proto=http/*", false},
    {"quality=midstream", true},
    {"quality=inferred,midstream", true},
    {"quality!=inferred", true},
    {"anomaly=bare_lf", false},
    /* who */
    {"src=10.0.0.0/8", true},
    {"src=10.1.2.3", true},
    {"src=11.0.0.0/8", false},
    {"src!=11.0.0.0/8", true},
    {"src=::/0", false},
    {"src=frontend", true},
    {"dst=cart", true},
    {"dst=2001:db8::/32", true},
    {"dst=0.0.0.0/0", false},
    {"svc=cart", true},
    {"svc=c*", true},
    {"port=8080", true},
    {"tls=1.3", true},
    {"tls<1.3", false},
    /* ids */
    {"trace=4bf92f", true},
    {"trace=4bf92f01000000000000000000000000", true},
    {"trace=4bf92", true},
    {"trace=4bf93", false},
    {"trace=*", true},
    {"span=*", false},
    {"conn=7", true},
    {"conn=1,7", true},
    /* time */
    {"last 5m", true},
    {"last 59s", false},
    {"time>-5m", true},
    {"time>=12:03", true},
    {"time<12:03", false},
    {"time=12:03..12:04", true},
    {"time=\"2m ago\"..now", false},
    /* structure */
    {"status=5xx and lat>250ms and path~\"^/cart\"", true},
    {"status=5xx lat>250ms cart", true},
    {"status=200 or lat>250ms", true},
    {"status=200 or lat>250ms and path~^/api", false},
    {"(status=200 or lat>250ms) and path~^/cart", true},
    {"not (status=200 or path~^/api)", true},
    {"not not status=503", true},
    {"not status=503 or cart", true},
    {"status=200 || !(cart && nothing)", true},
};

static void test_matches(void **state)
{
    (void)state;
    struct mt_exchange x = whole();
    for (size_t i = 0; i < COUNT(matches); i++) {
        struct mt_filter *f;
        struct mt_filter_error e;
        if (compile(matches[i].filter, &f, &e) != 0)
            fail_msg("%s: column %zu: %s", matches[i].filter, e.column, e.text);
        if (mt_filter_match(f, &x) != matches[i].want)
            fail_msg("%s: not %d", matches[i].filter, matches[i].want);
        mt_filter_free(f);
    }
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        size_t column, length;
        const char *text; /* its beginning */
    } rows[] = {
        {"status>=5x", 9, 2,
         "'5x' is not a status; write 500, 5xx or 500..599"},
        {"caf\xc3\xa9 status=99", 13, 2, "'99' is not a status"},
        {"status=1000", 8, 4, "'1000' is not a status"},
        {"statsu=200", 1, 6, "no field 'statsu'; did you mean 'status'?"},
        {"cart and ltaency>1s", 10, 7,
         "no field 'ltaency'; did you mean 'latency'?"},
        {"xyzzy=1", 1, 5, "no field 'xyzzy'; meshtop explain filter lists"},
        {"lat>250", 5, 3, "'250' is not a duration; write a number with"},
        {"lat>250 ms", 5, 3, "'250' is not a duration"},
        {"size>1mb", 6, 3, "'1mb' is not a size"},
        {"time>soon", 6, 4, "'soon' is not a time"},
        {"conn=a", 6, 1, "'a' is not a number"},
        {"grpc=UNAVAILBLE", 6, 10, "'UNAVAILBLE' is not a gRPC status"},
        {"tls=2", 5, 1, "'2' is not a TLS version"},
        {"src=10.0.0.0/33,10.0.0.1", 17, 8, "a list has services or"},
        {"client_ip=10.0.0.0/33", 11, 11, "'10.0.0.0/33' is not an address"},
        {"trace=xyz", 7, 3, "'xyz' is not an id; write up to 32"},
        {"outcome=fial", 9, 4,
         "'fial' is not an outcome; write unknown, ok, client_error, "
         "failure"},
        {"quality=bad", 9, 3, "'bad' is not a quality; write midstream"},
        {"status", 1, 1, NULL}, /* a word */
        {"status=", 8, 1, "a value is missing here"},
        {"status= and", 9, 3, "'and' is not a status"},
        {"status=404,", 12, 1, "a value is missing here"},
        {"status in (404", 15, 1, "')' is missing here"},
        {"status in ()", 12, 1, "a value is missing here"},
        {"status>404,500", 1, 14, "a list goes with = or !="},
        {"status>400..500", 8, 8, "a range goes with = or !="},
        {"status=500..400", 8, 8, "the range ends before it begins"},
        {"status>*", 8, 1, "* goes with = or !="},
        {"status~5", 8, 1, "~ is for texts; use = here"},
        {"path>a", 6, 1, "< and > are for numbers and times"},
        {"src>10.0.0.1", 5, 8, "< and > are for numbers"},
        {"(cart", 1, 1, "this '(' is not closed"},
        {"cart)", 5, 1, "this ')' has no '(' before it"},
        {"()", 2, 1, "')' has no place here"},
        {"cart and", 9, 1, "a condition is missing here"},
        {"and cart", 1, 3, "a condition is missing here; quote the word"},
        {"cart or or x", 9, 2, "a condition is missing here; quote the word"},
        {"not", 4, 1, "a condition is missing here"},
        {"cart, x", 5, 1, "',' has no place here"},
        {"path=\"abc", 6, 1, "a quote is not closed"},
        {"\"\"", 1, 2, "an empty word finds everything"},
        {"path~\"(a\"", 6, 4,
         "'(a' is no regular expression: missing closing parenthesis"},
        {"path~a{99999}", 6, 8,
         "'a{99999}' is no regular expression: number too big in {}"},
        {"path~\"((a{99}){99}){99}\"", 6, 19,
         "'((a{99}){99}){99}' is no regular expression: regular expression "
         "is too large"},
        {"last 5x", 6, 2, "'5x' is not a duration; write last 5m"},
        {"=5", 1, 1, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mt_filter *f;
        struct mt_filter_error e;
        int rc = compile(rows[i].filter, &f, &e);
        mt_filter_free(f);
        if (rows[i].text == NULL) {
            assert_int_equal(rc, 0);
            continue;
        }
        if (rc != MT_EPROTO || e.column != rows[i].column ||
            e.length != rows[i].length ||
            strncmp(e.text, rows[i].text, strlen(rows[i].text)) != 0)
            fail_msg("%s: %d, column %zu (%zu): %s", rows[i].filter, rc,
                     e.column, e.length, e.text);
    }
}

static int compile_repeated(const char *unit, unsigned times, const char *tail,
                            struct mt_filter **f)
{
    static char text[16384];
    struct mt_filter_error e;
    text[0] = 0;
    for (unsigned i = 0; i < times; i++)
        strcat(text, unit);
    strcat(text, tail);
    return compile(text, f, &e);
}

static void test_bounds(void **state)
{
    (void)state;
    struct mt_filter *f;
    struct mt_exchange x = whole();
    assert_int_equal(compile_repeated("c ", 256, "", &f), 0);
    assert_true(mt_filter_match(f, &x));
    mt_filter_free(f);
    assert_int_equal(compile_repeated("c ", 257, "", &f), MT_EPROTO);
    assert_int_equal(compile_repeated("status=1xx,", 1, "200", &f), 0);
    mt_filter_free(f);
    assert_int_equal(compile_repeated("(", 33, "c", &f), MT_EPROTO);
    assert_int_equal(compile_repeated("not ", 1000, "c", &f), 0);
    assert_true(mt_filter_match(f, &x));
    mt_filter_free(f);
    assert_int_equal(compile_repeated("!", 4000, "c", &f), 0);
    mt_filter_free(f);
    assert_int_equal(compile_repeated(" ", 4095, "c", &f), 0);
    mt_filter_free(f);
    assert_int_equal(compile_repeated(" ", 4096, "c", &f), MT_EPROTO);
    char deep[256] = "";
    for (unsigned i = 0; i < 32; i++)
        strcat(deep, "(");
    strcat(deep, "c");
    for (unsigned i = 0; i < 32; i++)
        strcat(deep, ")");
    struct mt_filter_error e;
    assert_int_equal(compile(deep, &f, &e), 0);
    mt_filter_free(f);
}

static void test_what_it_asks_for(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        uint64_t fields;
        int64_t from, to;
    } rows[] = {
        {"", 0, INT64_MIN, INT64_MAX},
        {"last 5m", 0, SOME_NOW - INT64_C(300000000000), INT64_MAX},
        {"svc=cart last 1s", MT_FILTER_BIT(SERVER_SERVICE),
         SOME_NOW - 1000000000, INT64_MAX},
        {"time>=1795349000 and time<1795349001", 0,
         INT64_C(1795349000000000000), INT64_C(1795349001000000000)},
        {"time>=1795349000 and (time<=1795349001 and cart)",
         MT_FILTER_BIT(HOST) | MT_FILTER_BIT(PATH),
         INT64_C(1795349000000000000), INT64_C(1795349001000000001)},
        {"last 5m or cart",
         MT_FILTER_BIT(END) | MT_FILTER_BIT(HOST) | MT_FILTER_BIT(PATH),
         INT64_MIN, INT64_MAX},
        {"not last 5m", MT_FILTER_BIT(END), INT64_MIN, INT64_MAX},
        {"src=cart dst=10.0.0.1",
         MT_FILTER_BIT(CLIENT_SERVICE) | MT_FILTER_BIT(SERVER_IP), INT64_MIN,
         INT64_MAX},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mt_filter *f;
        struct mt_filter_error e;
        int64_t from, to;
        assert_int_equal(compile(rows[i].filter, &f, &e), 0);
        assert_true(mt_filter_fields(f) == rows[i].fields);
        bool bound = mt_filter_window(f, &from, &to);
        if (from != rows[i].from || to != rows[i].to)
            fail_msg("%s: %lld %lld", rows[i].filter, (long long)from,
                     (long long)to);
        assert_int_equal(bound, from != INT64_MIN || to != INT64_MAX);
        mt_filter_free(f);
    }
}

static void test_now_moves(void **state)
{
    (void)state;
    struct mt_filter *f;
    struct mt_filter_error e;
    struct mt_exchange x = whole(); /* a minute ago */
    assert_int_equal(compile("last 2m", &f, &e), 0);
    assert_true(mt_filter_match(f, &x));
    mt_filter_set_now(f, SOME_NOW + INT64_C(61000000000));
    assert_false(mt_filter_match(f, &x));
    mt_filter_free(f);
}

/* Who asks of what is over must know first when it ended. */
static void test_what_counts_from_now(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool does;
    } cases[] = {
        {"", false},
        {"lat>5s", false},
        {"last 5s", true},
        {"last", false}, /* a bare word */
        {"time>-3s", true},
        {"status=5xx or not (svc=cart and end<\"5m ago\")", true},
        {"time>12:04", true},
        {"time<now", true},
        {"time>2026-11-22", false},
        {"time in (2026-11-22T12:04:31Z, 1795349071.5)", false},
        {"time in (2026-11-22T12:04:31Z, -5m)", true},
        {"time=2001-01-01..-5m", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mt_filter *f;
        struct mt_filter_error e;
        if (compile(cases[i].text, &f, &e) != 0)
            fail_msg("%s: %s", cases[i].text, e.text);
        if (mt_filter_counts_from_now(f) != cases[i].does)
            fail_msg("%s", cases[i].text);
        mt_filter_free(f);
    }
}

/* Every field has a row of help, and names that find it again. */
static void test_every_field_is_known_by_its_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MT_FILTER_FIELD_COUNT; i++) {
        const struct mt_filter_field_info *info = mt_filter_field_info(i);
        char alias[64], filter[128];
        assert_true(strlen(info->help) >= 8);
        assert_int_equal(sscanf(info->aliases, "%63s", alias), 1);
        for (unsigned k = 0; k < 2; k++) {
            (void)snprintf(
                filter, sizeof filter, "%s!=%s", k == 0 ? alias : info->name,
                mt_filter_field_value(i, 1) != NULL
                    ? mt_filter_field_value(i, 1)
                : i == MT_FILTER_CLIENT_IP || i == MT_FILTER_SERVER_IP ? "::1"
                                                                       : "*");
            struct mt_filter *f;
            struct mt_filter_error e;
            if (compile(filter, &f, &e) != 0)
                fail_msg("%s: %s", filter, e.text);
            uint64_t want = UINT64_C(1) << i;
            assert_true(mt_filter_fields(f) == want);
            mt_filter_free(f);
        }
    }
}

/* The manual lists every name that the language has. */
static void test_the_manual_has_every_field(void **state)
{
    (void)state;
    static char manual[1 << 16];
    FILE *f = fopen(MT_TEST_DATA "/../../docs/filter.md", "r");
    assert_non_null(f);
    manual[fread(manual, 1, sizeof manual - 1, f)] = 0;
    (void)fclose(f);
    for (unsigned i = 0; i < MT_FILTER_FIELD_COUNT; i++) {
        const struct mt_filter_field_info *info = mt_filter_field_info(i);
        char row[512] = "|", list[128], *save = NULL;
        (void)snprintf(list, sizeof list, "%s", info->aliases);
        for (char *a = strtok_r(list, " ", &save); a != NULL;
             a = strtok_r(NULL, " ", &save)) {
            strcat(row, " `");
            strcat(row, a);
            strcat(row, "`");
        }
        strcat(row, " | `");
        strcat(row, info->name);
        strcat(row, "` | ");
        strcat(row, info->help);
        if (strstr(manual, row) == NULL)
            fail_msg("docs/filter.md lacks %s", row);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_what_it_asks_for),
        cmocka_unit_test(test_now_moves),
        cmocka_unit_test(test_what_counts_from_now),
        cmocka_unit_test(test_every_field_is_known_by_its_names),
        cmocka_unit_test(test_the_manual_has_every_field),
    };
    return cmocka_run_group_tests_name("store/filter", tests, NULL, NULL);
}
