/* HPACK of one who hears everything: RFC 7541 appendix C, nghttp2's deflater,
 * the public vectors, broken blocks, and bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decode/hpack.h"
#include "decode/hpack_huffman.h"

static struct mt_pool pool;

static int setup(void **state)
{
    (void)state;
    mt_pool_init(&pool, 8u << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mt_pool_deinit(&pool); /* asserts that all went back */
    return 0;
}

static size_t from_hex(const char *hex, uint8_t *out, size_t max)
{
    size_t n = 0;
    for (; hex[0] != '\0'; hex += 2) {
        while (*hex == ' ')
            hex++;
        unsigned byte;
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        assert_true(n < max);
        out[n++] = (uint8_t)byte;
    }
    return n;
}

/* Decode an exact-size heap copy, so that ASan sees a read past its end.
 * The log is "name: value\n"; '?' where unknown. Returns the last code. */
static int decode(struct mt_hpack *h, const uint8_t *bytes, size_t len,
                  char *log, size_t max)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    struct mt_hpack_field f;
    size_t used = 0;
    int rc;
    log[0] = '\0';
    mt_hpack_begin(h, (struct mt_span){copy, len}, MT_HPACK_REQUEST);
    while ((rc = mt_hpack_next(h, &f)) == MT_EVENT) {
        bool name = f.known & MT_HPACK_KNOWN_NAME;
        bool value = f.known & MT_HPACK_KNOWN_VALUE;
        int n = snprintf(
            log + used, max - used, "%.*s: %.*s\n", name ? (int)f.name.len : 1,
            name ? (const char *)f.name.ptr : "?", value ? (int)f.value.len : 1,
            value ? (const char *)f.value.ptr : "?");
        assert_true(n > 0 && (size_t)n < max - used);
        used += (size_t)n;
    }
    free(copy);
    return rc;
}

struct step {
    const char *hex;
    const char *log;
    unsigned table_bytes; /* after it */
};

#define REQUEST(cut)                          \
    ":method: GET\n:scheme: http\n:path: /\n" \
    ":authority: www.example.com\n" cut
#define REQUEST_3                                        \
    ":method: GET\n:scheme: https\n:path: /index.html\n" \
    ":authority: www.example.com\ncustom-key: custom-value\n"
#define DATE "date: Mon, 21 Oct 2013 20:13:2"
#define LOCATION "location: https://www.example.com\n"
#define RESPONSE(status) \
    ":status: " status "\ncache-control: private\n" DATE "1 GMT\n" LOCATION
#define RESPONSE_3                                                          \
    ":status: 200\ncache-control: private\n" DATE "2 GMT\n" LOCATION        \
    "content-encoding: gzip\nset-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; " \
    "max-age=3600; version=1\n"

/* RFC 7541 appendix C.2: literals of each kind. */
static const struct step c2[] = {
    {"400a637573746f6d2d6b65790d637573746f6d2d686561646572",
     "custom-key: custom-header\n", 55},
    {"040c2f73616d706c652f70617468", ":path: /sample/path\n", 55},
    {"100870617373776f726406736563726574", "password: secret\n", 55},
    {"82", ":method: GET\n", 55},
    {"be", "custom-key: custom-header\n", 55},
};

static const struct step c3[] = {
    {"828684410f7777772e6578616d706c652e636f6d", REQUEST(""), 57},
    {"828684be58086e6f2d6361636865", REQUEST("cache-control: no-cache\n"), 110},
    {"828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565", REQUEST_3,
     164},
};

static const struct step c4[] = {
    {"828684418cf1e3c2e5f23a6ba0ab90f4ff", REQUEST(""), 57},
    {"828684be5886a8eb10649cbf", REQUEST("cache-control: no-cache\n"), 110},
    {"828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", REQUEST_3, 164},
};

static const struct step c5[] = {
    {"4803333032580770726976617465611d4d6f6e2c203231204f63742032303133"
     "2032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d70"
     "6c652e636f6d",
     RESPONSE("302"), 222},
    {"4803333037c1c0bf", RESPONSE("307"), 222},
    {"88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d"
     "54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f5049"
     "5541585157454f49553b206d61782d6167653d333630303b2076657273696f6e"
     "3d31",
     RESPONSE_3, 215},
};

static const struct step c6[] = {
    {"488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a6"
     "2d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
     RESPONSE("302"), 222},
    {"4883640effc1c0bf", RESPONSE("307"), 222},
    {"88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab"
     "77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f"
     "9587316065c003ed4ee5b1063d5007",
     RESPONSE_3, 215},
};

static void run_steps(const struct step *steps, size_t n, size_t table_size)
{
    struct mt_hpack h;
    char log[1024];
    uint8_t bytes[512];
    mt_hpack_init(&h, &pool, false);
    mt_hpack_limit(&h, table_size);
    for (size_t i = 0; i < n; i++) {
        size_t len = from_hex(steps[i].hex, bytes, sizeof bytes);
        assert_int_equal(decode(&h, bytes, len, log, sizeof log), MT_DONE);
        assert_string_equal(log, steps[i].log);
        assert_int_equal(h.table.size_bytes, steps[i].table_bytes);
        assert_int_equal(mt_hpack_state(&h), MT_HPACK_FULL);
    }
    mt_hpack_deinit(&h);
}

#define RUN(steps, size) run_steps(steps, sizeof steps / sizeof steps[0], size)

static void test_appendix_c(void **state)
{
    (void)state;
    RUN(c2, 4096);
    RUN(c3, 4096);
    RUN(c4, 4096);
    RUN(c5, 256); /* evicts */
    RUN(c6, 256);
}

/* A block cut short is an error, or ends between two of its fields. */
static void test_every_cut(void **state)
{
    (void)state;
    uint8_t bytes[512];
    char whole[1024], log[1024];
    struct mt_hpack h;
    for (size_t i = 0; i < 3; i++) {
        size_t len = from_hex(c6[0].hex, bytes, sizeof bytes);
        for (size_t cut = 0; cut <= len; cut++) {
            mt_hpack_init(&h, &pool, false);
            int rc = decode(&h, bytes, cut, log, sizeof log);
            assert_true(rc == MT_DONE || rc == MT_EPROTO);
            strcpy(whole, c6[0].log);
            assert_memory_equal(log, whole, strlen(log));
            assert_true(rc == MT_EPROTO || cut == 0 ||
                        log[strlen(log) - 1] == '\n');
            mt_hpack_deinit(&h);
        }
    }
}

static const char *const broken[] = {
    "80",               /* index 0 */
    "be",               /* no entry 62 */
    "ff",               /* integer without its rest */
    "ff8080808001",     /* an integer of 2^28 and more: no such entry */
    "ffffffffffff01",   /* beyond 32 bits */
    "ff808080808000",   /* one that is too long */
    "40",               /* literal without name */
    "400161",           /* ... without value */
    "4001610262",       /* ... value cut */
    "7f000161",         /* name of an entry that is not there */
    "823f00",           /* size update after a field */
    "3fe21f",           /* size update above the limit: 4097 */
    "00016181ff",       /* Huffman: padding longer than 7 bits */
    "00016184ffffffff", /* Huffman: EOS */
    "0001618100",       /* Huffman: padding of zeros */
};

static void test_broken_blocks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct mt_hpack h;
        struct mt_hpack_field f;
        char log[256];
        uint8_t bytes[64];
        mt_hpack_init(&h, &pool, false);
        mt_hpack_limit(&h, 4096);
        size_t len = from_hex(broken[i], bytes, sizeof bytes);
        int rc = decode(&h, bytes, len, log, sizeof log);
        if (rc != MT_EPROTO)
            fail_msg("%s: got %d", broken[i], rc);
        assert_int_equal(mt_hpack_next(&h, &f), MT_EPROTO); /* sticky */
        /* and the next block is decoded again */
        assert_int_equal(decode(&h, (const uint8_t *)"\x82", 1, log, 256),
                         MT_DONE);
        assert_string_equal(log, ":method: GET\n");
        mt_hpack_deinit(&h);
    }
}

/* --- against nghttp2's deflater --- */

static void test_every_byte_in_huffman(void **state)
{
    (void)state;
    nghttp2_hd_deflater *d;
    struct mt_hpack h;
    assert_int_equal(nghttp2_hd_deflate_new(&d, 4096), 0);
    mt_hpack_init(&h, &pool, false);
    /* the many a's make Huffman pay, whatever the byte between them */
    for (unsigned c = 0; c < 65536; c += c < 256 ? 1 : 257) {
        uint8_t name[] = "x", value[66], block[256];
        memset(value, 'a', sizeof value);
        value[30] = (uint8_t)c;
        value[31] = (uint8_t)(c >> 8);
        nghttp2_nv nv = {name, value, 1, sizeof value,
                         NGHTTP2_NV_FLAG_NO_INDEX};
        ssize_t n = nghttp2_hd_deflate_hd(d, block, sizeof block, &nv, 1);
        assert_true(n > 0 && n < 66);
        struct mt_hpack_field f;
        mt_hpack_begin(&h, (struct mt_span){block, (size_t)n},
                       MT_HPACK_REQUEST);
        assert_int_equal(mt_hpack_next(&h, &f), MT_EVENT);
        assert_int_equal(f.value.len, sizeof value);
        assert_memory_equal(f.value.ptr, value, sizeof value);
        assert_int_equal(mt_hpack_next(&h, &f), MT_DONE);
    }
    mt_hpack_deinit(&h);
    nghttp2_hd_deflate_del(d);
}

struct nv {
    const char *name, *value;
};

static size_t deflate(nghttp2_hd_deflater *d, const struct nv *list, size_t n,
                      uint8_t *out, size_t max)
{
    nghttp2_nv nva[16];
    for (size_t i = 0; i < n; i++)
        nva[i] = (nghttp2_nv){(uint8_t *)(uintptr_t)list[i].name,
                              (uint8_t *)(uintptr_t)list[i].value,
                              strlen(list[i].name), strlen(list[i].value),
                              NGHTTP2_NV_FLAG_NONE};
    ssize_t len = nghttp2_hd_deflate_hd(d, out, max, nva, n);
    assert_true(len > 0);
    return (size_t)len;
}

static void log_nv(const struct nv *list, size_t n, char *log, size_t max)
{
    size_t used = 0;
    log[0] = '\0';
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(log + used, max - used, "%s: %s\n",
                                 list[i].name, list[i].value);
}

/* Sizes go down, to 0 and up again, also twice before one block. */
static void test_table_size_changes(void **state)
{
    (void)state;
    static const size_t sizes[] = {4096, 100, 0, 300, 60, 4096, 0, 4096};
    nghttp2_hd_deflater *d;
    struct mt_hpack h;
    char want[1024], log[1024], number[16];
    uint8_t block[512];
    assert_int_equal(nghttp2_hd_deflate_new(&d, 4096), 0);
    mt_hpack_init(&h, &pool, false);
    for (unsigned i = 0; i < 200; i++) {
        if (i % 10 == 9)
            assert_int_equal(
                nghttp2_hd_deflate_change_table_size(d, sizes[i / 10 % 8]), 0);
        if (i % 30 == 19)
            assert_int_equal(
                nghttp2_hd_deflate_change_table_size(d, sizes[i / 30 % 8]), 0);
        (void)snprintf(number, sizeof number, "%u", i % 7);
        const struct nv list[] = {{":method", "GET"},
                                  {":path", "/a"},
                                  {"x-number", number},
                                  {"user-agent", "test"}};
        size_t len = deflate(d, list, 4, block, sizeof block);
        log_nv(list, 4, want, sizeof want);
        assert_int_equal(decode(&h, block, len, log, sizeof log), MT_DONE);
        assert_string_equal(log, want);
        assert_int_equal(mt_hpack_state(&h), MT_HPACK_FULL);
    }
    mt_hpack_deinit(&h);
    nghttp2_hd_deflate_del(d);
}

/* --- the public vectors --- */

static void run_case(struct mt_hpack *h, const json_t *one, const char *file)
{
    uint8_t bytes[16384];
    static char log[65536], want[65536];
    const json_t *size = json_object_get(one, "header_table_size");
    if (size != NULL)
        mt_hpack_limit(h, (size_t)json_integer_value(size));
    const char *hex = json_string_value(json_object_get(one, "wire"));
    size_t len = from_hex(hex, bytes, sizeof bytes);
    if (decode(h, bytes, len, log, sizeof log) != MT_DONE)
        fail_msg("%s: not decoded: %s", file, hex);

    size_t i, used = 0;
    json_t *field, *value;
    const char *name;
    want[0] = '\0';
    json_array_foreach(json_object_get(one, "headers"), i, field)
        json_object_foreach(field, name, value) used +=
        (size_t)snprintf(want + used, sizeof want - used, "%s: %s\n", name,
                         json_string_value(value));
    assert_string_equal(log, want);
    assert_int_equal(mt_hpack_state(h), MT_HPACK_FULL);
}

static unsigned run_file(const char *path)
{
    json_error_t error;
    json_t *story = json_load_file(path, 0, &error);
    if (story == NULL)
        return 0;
    struct mt_hpack h;
    size_t i;
    json_t *one;
    unsigned cases = 0;
    mt_hpack_init(&h, &pool, false);
    mt_hpack_limit(&h, 4096);
    json_array_foreach(json_object_get(story, "cases"), i, one)
    {
        run_case(&h, one, path);
        cases++;
    }
    mt_hpack_deinit(&h);
    json_decref(story);
    return cases;
}

static void test_public_vectors(void **state)
{
    (void)state;
    static const char *const encoders[] = {"nghttp2",
                                           "nghttp2-change-table-size",
                                           "go-hpack", "haskell-http2-linear"};
    unsigned cases = 0;
    if (access(MT_SHARED_DATA "/hpack-vectors", R_OK) != 0) {
        printf("SKIPPED: no %s/hpack-vectors\n", MT_SHARED_DATA);
        skip();
    }
    for (size_t e = 0; e < 4; e++)
        for (unsigned n = 0; n < 32; n++) {
            char path[512];
            (void)snprintf(path, sizeof path,
                           "%s/hpack-vectors/%s/story_%02u.json",
                           MT_SHARED_DATA, encoders[e], n);
            cases += run_file(path);
        }
    printf("%u public blocks\n", cases);
    assert_true(cases > 500);
}

/* --- bounds and memory --- */

/* More fields than the bound: the rest is not given out, but what it inserts
 * is known afterwards. */
static void test_many_fields(void **state)
{
    (void)state;
    uint8_t block[400];
    struct mt_hpack h;
    struct mt_hpack_field f;
    unsigned given = 0;
    memset(block, 0x82, sizeof block);
    memcpy(block + 394,
           "\x40\x01"
           "a"
           "\x01"
           "b",
           5);
    mt_hpack_init(&h, &pool, false);
    mt_hpack_begin(&h, (struct mt_span){block, 399}, MT_HPACK_REQUEST);
    while (mt_hpack_next(&h, &f) == MT_EVENT)
        given++;
    assert_int_equal(given, MT_HPACK_FIELDS_MAX);
    assert_int_equal(h.fields, 395);
    mt_hpack_begin(&h, MT_SPAN("\xbe"), MT_HPACK_REQUEST);
    assert_int_equal(mt_hpack_next(&h, &f), MT_EVENT);
    assert_true(mt_span_eq(f.value, MT_SPAN("b")));
    mt_hpack_deinit(&h);
}

/* A table above our bound: the newest 64 KiB are known, deeper is unknown. */
static void test_large_table(void **state)
{
    (void)state;
    char name[32], log[256];
    uint8_t block[64];
    struct mt_hpack h;
    mt_hpack_init(&h, &pool, false);
    (void)decode(&h, (const uint8_t *)"\x3f\xe1\xff\x3f", 4, log,
                 256); /* 1 MiB */
    for (unsigned i = 0; i < 3000; i++) {
        int n = snprintf(name, sizeof name, "@%cn%06u%cv", 8, i, 1);
        name[1] = 7;
        memcpy(block, name, (size_t)n);
        assert_int_equal(decode(&h, block, (size_t)n, log, 256), MT_DONE);
    }
    assert_true(h.table.size_bytes <= MT_HPACK_TABLE_MAX);
    assert_int_equal(mt_hpack_state(&h), MT_HPACK_LEARNING);
    assert_int_equal(decode(&h, (const uint8_t *)"\xbe", 1, log, 256), MT_DONE);
    assert_string_equal(log, "n002999: v\n");
    /* index 62 + 1800 = 127 + 1735 */
    assert_int_equal(decode(&h, (const uint8_t *)"\xff\xc7\x0d", 3, log, 256),
                     MT_DONE);
    assert_string_equal(log, "?: ?\n");
    /* index 62 + 2900 = 127 + 2835 */
    assert_int_equal(decode(&h, (const uint8_t *)"\xff\x93\x16", 3, log, 256),
                     MT_EPROTO);
    assert_true(pool.peak_bytes < 512 * 1024);
    mt_hpack_deinit(&h);
}

static void test_block_too_long(void **state)
{
    (void)state;
    struct mt_hpack h;
    struct mt_hpack_field f;
    uint8_t *block = calloc(1, MT_HPACK_BLOCK_MAX + 1);
    mt_hpack_init(&h, &pool, false);
    mt_hpack_begin(&h, (struct mt_span){block, MT_HPACK_BLOCK_MAX + 1},
                   MT_HPACK_REQUEST);
    assert_int_equal(mt_hpack_next(&h, &f), MT_ELIMIT);
    assert_int_equal(h.resets, 1);
    mt_hpack_deinit(&h);
    free(block);
}

/* Whatever the ceiling is, fields are right or unknown, never wrong, and
 * nothing leaks. */
static void test_no_memory(void **state)
{
    (void)state;
    char want[1024], log[1024], number[16];
    uint8_t block[512];
    for (size_t limit = 0; limit < 8192; limit += 128) {
        struct mt_pool tiny;
        struct mt_hpack h;
        nghttp2_hd_deflater *d;
        mt_pool_init(&tiny, limit);
        mt_hpack_init(&h, &tiny, false);
        assert_int_equal(nghttp2_hd_deflate_new(&d, 4096), 0);
        for (unsigned i = 0; i < 40; i++) {
            (void)snprintf(number, sizeof number, "%u", i % 17);
            const struct nv list[] = {{":method", "GET"},
                                      {"x-number", number},
                                      {"user-agent", "test"}};
            size_t len = deflate(d, list, 3, block, sizeof block);
            log_nv(list, 3, want, sizeof want);
            assert_int_equal(decode(&h, block, len, log, sizeof log), MT_DONE);
            if (strchr(log, '?') == NULL)
                assert_string_equal(log, want);
            if (i == 20)
                mt_hpack_lost(&h);
        }
        nghttp2_hd_deflate_del(d);
        mt_hpack_deinit(&h);
        mt_pool_deinit(&tiny);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appendix_c),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_broken_blocks),
        cmocka_unit_test(test_every_byte_in_huffman),
        cmocka_unit_test(test_table_size_changes),
        cmocka_unit_test(test_public_vectors),
        cmocka_unit_test(test_many_fields),
        cmocka_unit_test(test_large_table),
        cmocka_unit_test(test_block_too_long),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests_name("decode/hpack", tests, setup, teardown);
}
