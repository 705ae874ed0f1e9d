#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "some_exchange.h"
#include "store/export.h"

enum { OUT_MAX = 1 << 22 };

/* MT_SPAN() as a constant initialiser. */
#define TEXT(literal)                                   \
    {                                                   \
        (const uint8_t *)(literal), sizeof(literal) - 1 \
    }

static char *got;
static size_t got_len;

static int keep(void *arg, struct mt_span bytes)
{
    (void)arg;
    assert_true(got_len + bytes.len < OUT_MAX);
    memcpy(got + got_len, bytes.ptr, bytes.len);
    got_len += bytes.len;
    got[got_len] = 0;
    return 0;
}

static int setup(void **state)
{
    (void)state;
    got = malloc(OUT_MAX);
    return got != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    free(got);
    return 0;
}

static struct mt_export *begin(const struct mt_export_options *options)
{
    got_len = 0;
    got[0] = 0;
    struct mt_export *e =
        mt_export_new(options, (struct mt_sink){.write = keep});
    assert_non_null(e);
    return e;
}

static void end(struct mt_export *e)
{
    assert_int_equal(mt_export_end(e), 0);
    mt_export_free(e);
}

static void export_one(struct mt_export_options options,
                       const struct mt_exchange *x)
{
    struct mt_export *e = begin(&options);
    assert_true(mt_export_add(e, x) >= 0);
    end(e);
}

static const struct mt_field header = {.name = {(const uint8_t *)"x-a", 3},
                                       .value = {(const uint8_t *)"b\"", 2}};
static const uint64_t packet_refs[] = {UINT64_C(1) << 48 | 24,
                                       UINT64_C(1) << 48 | 1500};

static struct mt_exchange known(void)
{
    struct mt_exchange x = {
        .end_ns = SOME_NOW,
        .protocol = MT_PROTOCOL_HTTP11,
        .outcome = MT_OUTCOME_FAILURE,
        .error = MT_ERROR_TIMEOUT,
        .quality = MT_QUALITY_MIDSTREAM | MT_QUALITY_CLIPPED,
        .status = 503,
        .grpc_status = MT_GRPC_STATUS_NONE,
        .method = MT_SPAN("GET"),
        .scheme = MT_SPAN("http"),
        .authority = MT_SPAN("cart:8080"),
        .path = MT_SPAN("/cart/88 12"),
        .query = MT_SPAN("a=1&b&c=\xff"),
        .conn = 3,
        .stream = 2,
        .trace_id = {0x4b, 0xf9},
        .req_fields = {&header, 1},
        .packets = packet_refs,
        .packets_count = 2,
    };
    x.req = (struct mt_message){.start_ns = SOME_NOW - 41400000,
                                .end_ns = SOME_NOW - 41300000,
                                .header_bytes = 120};
    x.resp = (struct mt_message){.start_ns = SOME_NOW - 100001,
                                 .end_ns = SOME_NOW,
                                 .header_bytes = 90,
                                 .body_bytes = 41,
                                 .content_type = MT_SPAN("text/plain")};
    x.client.service = MT_SPAN("=cmd()");
    x.client.name_source = MT_NAME_FILE;
    if (mt_parse_ip(MT_SPAN("10.0.0.6"), x.server.addr.ip) != 0)
        abort();
    x.server.addr.port = 8080;
    return x;
}

static void test_jsonl(void **state)
{
    (void)state;
    struct mt_exchange x = known();
    export_one((struct mt_export_options){.packets = true}, &x);
    assert_string_equal(
        got,
        "{\"end_time\":\"2026-11-22T12:04:31.500000000Z\","
        "\"start_time\":\"2026-11-22T12:04:31.458600000Z\","
        "\"latency_ns\":41400000,\"duration_ns\":41400000,"
        "\"ttfb_ns\":41299999,\"req_duration_ns\":100000,"
        "\"protocol\":\"http/1.1\",\"kind\":\"unary\",\"observer\":\"tap\","
        "\"outcome\":\"failure\",\"error_type\":\"timeout\","
        "\"method\":\"GET\",\"scheme\":\"http\",\"authority\":\"cart:8080\","
        "\"path\":\"/cart/88 12\",\"query\":\"a=1&b&c=\xef\xbf\xbd\","
        "\"status\":503,\"client_service\":\"=cmd()\","
        "\"client_name_source\":\"file\",\"server_ip\":\"10.0.0.6\","
        "\"server_port\":8080,\"conn\":3,\"stream\":2,"
        "\"req_header_bytes\":120,\"req_body_bytes\":0,"
        "\"resp_header_bytes\":90,\"resp_body_bytes\":41,"
        "\"resp_content_type\":\"text/plain\","
        "\"trace_id\":\"4bf90000000000000000000000000000\","
        "\"quality\":[\"midstream\",\"clipped\"],"
        "\"req_fields\":[{\"name\":\"x-a\",\"value\":\"b\\\"\"}],"
        "\"packets\":[{\"source\":1,\"offset_bytes\":24},"
        "{\"source\":1,\"offset_bytes\":1500}]}\n");
}

/* ---- CSV ---- */

/* One record of RFC 4180 off *at; each cell NUL-terminated in cells. */
static unsigned read_record(const char **at, char cells[80][512])
{
    unsigned n = 0;
    const char *p = *at;
    for (;; n++) {
        size_t len = 0;
        bool quoted = *p == '"';
        assert_true(n < 80);
        p += quoted;
        while (quoted ? *p != '"' || p[1] == '"' : *p != ',' && *p != '\r') {
            assert_true(*p != 0 && len < 511);
            p += quoted && *p == '"';
            cells[n][len++] = *p++;
        }
        p += quoted;
        cells[n][len] = 0;
        if (*p++ == '\r')
            break;
    }
    assert_int_equal(*p, '\n');
    *at = p + 1;
    return n + 1;
}

static char names[80][512], values[80][512];
static unsigned columns;

static const char *cell(const char *name)
{
    for (unsigned i = 0; i < columns; i++)
        if (strcmp(names[i], name) == 0)
            return values[i];
    fail_msg("no column %s", name);
    return NULL;
}

static void export_csv(const struct mt_exchange *x, bool raw)
{
    export_one(
        (struct mt_export_options){.format = MT_EXPORT_CSV, .csv_raw = raw}, x);
    const char *at = got;
    columns = read_record(&at, names);
    assert_int_equal(read_record(&at, values), columns);
    assert_int_equal(*at, 0);
}

static void test_csv(void **state)
{
    (void)state;
    struct mt_exchange x = known();
    x.user_agent = MT_SPAN("say \"hi\", now\nand then");
    x.path = MT_SPAN("@SUM(A1)");
    export_csv(&x, false);
    assert_string_equal(cell("id"), "");
    assert_string_equal(cell("status"), "503");
    assert_string_equal(cell("end_time"), "2026-11-22T12:04:31.500000000Z");
    assert_string_equal(cell("latency_ns"), "41400000");
    assert_string_equal(cell("user_agent"), "say \"hi\", now\nand then");
    assert_string_equal(cell("client_service"), "'=cmd()");
    assert_string_equal(cell("path"), "'@SUM(A1)");
    assert_string_equal(cell("query"), "a=1&b&c=\xef\xbf\xbd");
    assert_string_equal(cell("quality"), "midstream clipped");
    assert_string_equal(cell("grpc_status"), "");
    assert_string_equal(cell("tls_version"), "");
    export_csv(&x, true);
    assert_string_equal(cell("path"), "@SUM(A1)");
    x.path = MT_SPAN("\t=1");
    export_csv(&x, false);
    assert_string_equal(cell("path"), "'\t=1");
}

/* ---- properties over many exchanges ---- */

static json_t *parse(const char *text, size_t len)
{
    json_error_t error;
    json_t *j =
        json_loadb(text, len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (j == NULL)
        fail_msg("%s: %.*s", error.text, (int)len, text);
    return j;
}

static void hostile(uint64_t seed, uint8_t *bytes, size_t n,
                    struct mt_exchange *x)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(some_next(&seed) % 4 == 0 ? some_next(&seed)
                                                       : some_next(&seed) % 40);
    x->path = (struct mt_span){bytes, n};
    x->method = (struct mt_span){bytes, n / 2};
    x->query = (struct mt_span){bytes + n / 3, n / 2};
    x->authority = (struct mt_span){bytes + 1, n - 1};
    x->user_agent = (struct mt_span){bytes + 2, n - 2};
    x->server.service = (struct mt_span){bytes + n / 2, n / 4};
}

static void test_hostile_texts_are_valid(void **state)
{
    (void)state;
    uint8_t bytes[600];
    for (uint64_t seed = 1; seed < 300; seed++) {
        struct mt_exchange x;
        struct mt_tls tls;
        some_exchange(seed, &x, &tls);
        hostile(seed, bytes, 4 + seed * 2 % 590, &x);
        x.kind = MT_KIND_UNARY;
        export_one((struct mt_export_options){.format = MT_EXPORT_JSONL}, &x);
        assert_ptr_equal(memchr(got, '\n', got_len), got + got_len - 1);
        for (size_t i = 0; i + 1 < got_len; i++)
            assert_true((uint8_t)got[i] >= 0x20 && got[i] != 0x7f);
        json_decref(parse(got, got_len));
        export_one((struct mt_export_options){.format = MT_EXPORT_HAR}, &x);
        json_decref(parse(got, got_len));
        export_one((struct mt_export_options){.format = MT_EXPORT_CSV}, &x);
        assert_null(memchr(got, 0, got_len));
    }
}

/* Texts longer than the buffer, and what the parser reads back. */
static void test_long_texts(void **state)
{
    (void)state;
    static uint8_t bytes[100000];
    memset(bytes, 'a', sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i += 97)
        bytes[i] = '"';
    struct mt_exchange x = known();
    x.path = (struct mt_span){bytes, sizeof bytes};
    export_one((struct mt_export_options){.format = MT_EXPORT_JSONL}, &x);
    json_t *j = parse(got, got_len);
    json_t *path = json_object_get(j, "path");
    assert_int_equal(json_string_length(path), sizeof bytes);
    assert_memory_equal(json_string_value(path), bytes, sizeof bytes);
    json_decref(j);
}

static void test_terminal_controls_are_escaped(void **state)
{
    (void)state;
    struct mt_exchange x = known();
    x.path = MT_SPAN("/\x1b[2J\xc2\x9b\xe2\x80\xae\xf3\xa0\x81\x81\x7f");
    export_one((struct mt_export_options){.format = MT_EXPORT_JSONL}, &x);
    assert_non_null(strstr(got, "\"path\":\"/\\u001b[2J\\u009b\\u202e"
                                "\\udb40\\udc41\\u007f\""));
}

/* ---- HAR ---- */

static double get_number(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_number(v))
        fail_msg("%s is no number", key);
    return json_number_value(v);
}

static const char *get_string(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_string(v))
        fail_msg("%s is no string", key);
    return json_string_value(v);
}

static const json_t *get_array(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_array(v))
        fail_msg("%s is no array", key);
    return v;
}

/* What HAR 1.2 asks of both messages. */
static void check_message(const json_t *m)
{
    assert_true(strncmp(get_string(m, "httpVersion"), "HTTP/", 5) == 0);
    (void)get_array(m, "cookies");
    const json_t *headers = get_array(m, "headers");
    for (size_t i = 0; i < json_array_size(headers); i++) {
        (void)get_string(json_array_get(headers, i), "name");
        (void)get_string(json_array_get(headers, i), "value");
    }
    assert_true(get_number(m, "headersSize") >= -1);
    assert_true(get_number(m, "bodySize") >= -1);
}

static void check_entry(const json_t *entry)
{
    assert_int_equal(strlen(get_string(entry, "startedDateTime")), 27);
    const json_t *req = json_object_get(entry, "request");
    check_message(req);
    assert_true(strncmp(get_string(req, "url"), "http", 4) == 0);
    assert_true(get_string(req, "method")[0] != 0);
    (void)get_array(req, "queryString");

    const json_t *resp = json_object_get(entry, "response");
    check_message(resp);
    assert_true(get_number(resp, "status") >= 0);
    (void)get_string(resp, "statusText");
    (void)get_string(resp, "redirectURL");
    const json_t *content = json_object_get(resp, "content");
    assert_true(get_number(content, "size") >= 0);
    assert_true(get_string(content, "mimeType")[0] != 0);

    assert_true(json_is_object(json_object_get(entry, "cache")));
    const json_t *t = json_object_get(entry, "timings");
    double sum = get_number(t, "send") + get_number(t, "wait") +
                 get_number(t, "receive");
    double off = get_number(entry, "time") - sum;
    assert_true(off < 1e-6 && off > -1e-6);
}

static void test_har(void **state)
{
    (void)state;
    struct mt_export_options options = {.format = MT_EXPORT_HAR,
                                        .version = "0.1"};
    struct mt_export *e = begin(&options);
    unsigned written = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct mt_exchange x;
        struct mt_tls tls;
        some_exchange(seed, &x, &tls);
        int rc = mt_export_add(e, &x);
        bool http = x.protocol != MT_PROTOCOL_UNKNOWN &&
                    x.protocol != MT_PROTOCOL_TLS &&
                    x.protocol != MT_PROTOCOL_TCP &&
                    x.protocol != MT_PROTOCOL_DNS && x.method.len > 0 &&
                    x.kind != MT_KIND_L4 && x.kind != MT_KIND_TURN;
        assert_int_equal(rc, http);
        written += http;
    }
    end(e);
    json_t *har = parse(got, got_len);
    const json_t *log = json_object_get(har, "log");
    assert_string_equal(get_string(log, "version"), "1.2");
    const json_t *creator = json_object_get(log, "creator");
    assert_string_equal(get_string(creator, "name"), "meshtop");
    assert_string_equal(get_string(creator, "version"), "0.1");
    const json_t *entries = get_array(log, "entries");
    assert_int_equal(json_array_size(entries), written);
    for (size_t i = 0; i < json_array_size(entries); i++)
        check_entry(json_array_get(entries, i));
    json_decref(har);
}

static void test_har_entry(void **state)
{
    (void)state;
    struct mt_exchange x = known();
    export_one((struct mt_export_options){.format = MT_EXPORT_HAR}, &x);
    assert_string_equal(
        got,
        "{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"meshtop\","
        "\"version\":\"\"},\"entries\":[\n"
        "{\"startedDateTime\":\"2026-11-22T12:04:31.458600Z\",\"time\":41."
        "400000,"
        "\"request\":{\"method\":\"GET\","
        "\"url\":\"http://cart:8080/cart/88%2012?a=1&b&c=%ff\","
        "\"httpVersion\":\"HTTP/1.1\",\"cookies\":[],"
        "\"headers\":[{\"name\":\"x-a\",\"value\":\"b\\\"\"}],"
        "\"queryString\":[{\"name\":\"a\",\"value\":\"1\"},"
        "{\"name\":\"b\",\"value\":\"\"},"
        "{\"name\":\"c\",\"value\":\"\xef\xbf\xbd\"}],"
        "\"headersSize\":120,\"bodySize\":0},"
        "\"response\":{\"status\":503,\"statusText\":\"\","
        "\"httpVersion\":\"HTTP/1.1\",\"cookies\":[],\"headers\":[],"
        "\"content\":{\"size\":41,\"mimeType\":\"text/plain\"},"
        "\"redirectURL\":\"\",\"headersSize\":90,\"bodySize\":41},"
        "\"cache\":{},\"timings\":{\"blocked\":-1,\"dns\":-1,\"connect\":-1,"
        "\"ssl\":-1,\"send\":0.100000,\"wait\":41.199999,"
        "\"receive\":0.100001},\"serverIPAddress\":\"10.0.0.6\","
        "\"connection\":\"3\",\"_outcome\":\"failure\",\"_error\":\"timeout\","
        "\"_client\":\"=cmd()\"}\n]}}\n");
}

static void test_nothing_is_a_document_too(void **state)
{
    (void)state;
    end(begin(&(struct mt_export_options){.format = MT_EXPORT_HAR}));
    json_decref(parse(got, got_len));
    end(begin(&(struct mt_export_options){.format = MT_EXPORT_JSONL}));
    assert_int_equal(got_len, 0);
    end(begin(&(struct mt_export_options){.format = MT_EXPORT_CSV}));
    assert_true(strncmp(got, "id,end_time,", 12) == 0);
}

/* The manual has a row for every column, in their order. */
static void test_the_manual_has_every_column(void **state)
{
    (void)state;
    static char manual[1 << 16];
    FILE *f = fopen(MT_TEST_DATA "/../../docs/export.md", "r");
    assert_non_null(f);
    manual[fread(manual, 1, sizeof manual - 1, f)] = 0;
    (void)fclose(f);
    struct mt_exchange x = known();
    export_csv(&x, false);
    const char *at = manual;
    for (unsigned i = 0; i < columns; i++) {
        char row[600];
        (void)snprintf(row, sizeof row, "\n| `%s` |", names[i]);
        at = strstr(at, row);
        if (at == NULL)
            fail_msg("docs/export.md lacks %s here", names[i]);
    }
}

/* What a shell makes of the command: one argument a line. */
static const char *arguments_of(const char *command)
{
    static char text[8192];
    char script[8192];
    (void)snprintf(
        script, sizeof script,
        "bash -c 'curl() { printf \"%%s\\n\" \"$@\"; }; eval \"$1\"' "
        "x \"$CURL_LINE\"");
    assert_int_equal(setenv("CURL_LINE", command, 1), 0);
    FILE *f = popen(script, "r"); /* NOLINT(cert-env33-c): it is the test */
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    assert_int_equal(pclose(f), 0);
    text[n] = '\0';
    return text;
}

static void test_curl(void **state)
{
    static const struct mt_field fields[] = {
        {TEXT("Host"), TEXT("shop")},
        {TEXT("accept"), TEXT("it's; $(id) `id` \x1b[2J")},
        {TEXT("authorization"), TEXT("\xe2\x80\xb9redacted\xe2\x80\xba")},
        {TEXT("@/etc/passwd"), TEXT("x")},
        {TEXT("x-n"), TEXT("1")}};
    struct mt_exchange x = {.protocol = MT_PROTOCOL_H2,
                            .method = MT_SPAN("-o/tmp/'x"),
                            .scheme = MT_SPAN("file"),
                            .authority = MT_SPAN("shop:80"),
                            .path = MT_SPAN("/a'b/[1]"),
                            .query = MT_SPAN("q=*&x=$HOME"),
                            .req_fields = {fields, 5}};
    (void)state;
    export_one((struct mt_export_options){.format = MT_EXPORT_CURL}, &x);
    assert_int_equal(got[got_len - 1], '\n');
    assert_string_equal(arguments_of(got),
                        "-g\n--http2-prior-knowledge\n-X\n-o/tmp/'x\n"
                        "-H\naccept: it's; $(id) `id` [2J\n"
                        "-H\nx-n: 1\n"
                        "http://shop:80/a'b/[1]?q=*&x=$HOME\n");
    x.scheme = MT_SPAN("HTTPS");
    x.method = MT_SPAN("HEAD");
    x.req_fields.count = 0;
    export_one((struct mt_export_options){.format = MT_EXPORT_CURL}, &x);
    assert_string_equal(got, "curl -g -I 'https://shop:80/a'\\''b/[1]?q=*&x="
                             "$HOME'\n");
    x.authority.len = 0; /* no HTTP that could be asked again */
    struct mt_export *e =
        begin(&(struct mt_export_options){.format = MT_EXPORT_CURL});
    assert_int_equal(mt_export_add(e, &x), 0);
    assert_int_equal(mt_export_skipped(e), 1);
    end(e);
    assert_string_equal(got, "");
    static uint8_t endless[MT_CURL_BYTES];
    memset(endless, '\'', sizeof endless);
    x.authority = MT_SPAN("shop");
    x.path = (struct mt_span){endless, sizeof endless};
    export_one((struct mt_export_options){.format = MT_EXPORT_CURL}, &x);
    assert_string_equal(got, "");
}

static int refuse(void *arg, struct mt_span bytes)
{
    (void)bytes;
    ++*(int *)arg;
    return -28;
}

static void test_sink_error_is_sticky(void **state)
{
    (void)state;
    int calls = 0, rc = 0;
    struct mt_exchange x = known();
    struct mt_export *e =
        mt_export_new(&(struct mt_export_options){.format = MT_EXPORT_JSONL},
                      (struct mt_sink){.write = refuse, .arg = &calls});
    assert_non_null(e);
    for (unsigned i = 0; i < 200 && rc >= 0; i++)
        rc = mt_export_add(e, &x);
    assert_int_equal(rc, -28);
    assert_int_equal(mt_export_add(e, &x), -28);
    assert_int_equal(mt_export_end(e), -28);
    assert_int_equal(calls, 1);
    mt_export_free(e);
}

/* Once it is known, in all formats; the bytes are as before where it is none.
 */
static void test_a_sample_says_so(void **state)
{
    (void)state;
    static const char *const told[] = {
        [MT_EXPORT_JSONL] = ",\"sample_one_of\":8",
        [MT_EXPORT_CSV] = ",8\r\n",
        [MT_EXPORT_HAR] = ("\n],\"comment\":\"a sample: at times only 1 of 8 "
                           "connections was decoded\"}}\n")};
    const struct mt_exchange x = known();
    for (int f = 0; f < 3; f++) {
        struct mt_export_options o = {.format = (enum mt_export_format)f};
        struct mt_export *e = begin(&o);
        mt_export_sample(e, 1);
        assert_int_equal(mt_export_add(e, &x), 1);
        size_t plain = got_len;
        if (f != MT_EXPORT_HAR) {
            assert_int_equal(mt_export_flush(e), 0);
            plain = got_len;
            assert_null(strstr(got, told[f]));
        }
        mt_export_sample(e, 8);
        assert_int_equal(mt_export_add(e, &x), 1);
        end(e);
        assert_non_null(strstr(got + plain, told[f]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jsonl),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_hostile_texts_are_valid),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_terminal_controls_are_escaped),
        cmocka_unit_test(test_har),
        cmocka_unit_test(test_har_entry),
        cmocka_unit_test(test_curl),
        cmocka_unit_test(test_nothing_is_a_document_too),
        cmocka_unit_test(test_the_manual_has_every_column),
        cmocka_unit_test(test_sink_error_is_sticky),
        cmocka_unit_test(test_a_sample_says_so),
    };
    return cmocka_run_group_tests_name("store/export", tests, setup, teardown);
}
