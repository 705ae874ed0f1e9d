/* Frames to events: whole, byte by byte and cut at every offset; gaps inside
 * frames; and where frames begin after a loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/exchange.h"
#include "decode/h2_frame.h"
#include "decode/h2_search.h"

struct vector {
    const char *name, *hex, *log;
};

static const struct vector vectors[] = {
    {"data", "000003 00 00 00000001 616263", "D1[abc]"},
    {"data, end", "000001 00 01 80000003 61", "D3[a]."},
    {"empty data, end", "000000 00 01 00000001", "D1[]."},
    {"padded data", "000005 00 09 00000001 02 6162 0000", "D1[ab]."},
    {"only padding", "000003 00 09 00000001 02 0000", "D1[]."},
    {"padding too long", "000003 00 09 00000001 07 6162", "D1[]."},
    {"headers", "000002 01 05 00000001 8286", "H1[8286]w11."},
    {"padded headers with priority",
     "00000a 01 2c 00000001 02 00000000 10 8286 0000", "H1[8286]w19"},
    {"continuations",
     "000001 01 01 00000001 82 000000 09 00 00000001 000001 09 04 00000001 86",
     "H1[8286]w29."},
    {"block broken off", "000001 01 00 00000001 82 000001 00 01 00000003 61",
     "H1lost D3[a]."},
    {"other stream's continuation",
     "000001 01 00 00000001 82 000001 09 04 00000003 86", "H1lost "},
    {"continuation alone", "000001 09 04 00000001 82", ""},
    {"promise", "000007 05 0c 00000001 01 00000002 8286 00",
     "P1>2[82]w16 "}, /* the pad takes the last two */
    {"reset", "000004 03 00 00000005 00000008", "R5=8 "},
    {"settings", "00000c 04 00 00000000 0001 00000000 0005 00010000",
     "S1=0 S5=65536 "},
    {"settings ack", "000000 04 01 00000000", "A "},
    {"goaway with text", "00000b 07 00 00000000 00000007 0000000b 616263",
     "G7=11 "},
    {"passed over",
     "000008 06 00 00000000 0000000000000000 000004 08 00 00000000 00000001"
     "000005 02 00 00000003 0000000010 000002 ee ff 00000001 6162",
     ""},
    {"stream 0", "000001 00 00 00000000 61", "!"},
    {"reset of 5 bytes", "000005 03 00 00000001 0000000800", "!"},
    {"settings of 5 bytes", "000005 04 00 00000000 0001000000", "!"},
    {"too long", "004001 00 00 00000001 61", "!"},
};

static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t n = 0;
    unsigned byte;
    for (; *hex != '\0'; hex += 2) {
        while (*hex == ' ')
            hex++;
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        out[n++] = (uint8_t)byte;
    }
    return n;
}

/* Runs of one frame's content are one text, however they were cut. */
struct log {
    char text[512];
    size_t len;
    bool in_data;
};

__attribute__((format(printf, 2, 3))) static void put(struct log *l,
                                                      const char *form, ...)
{
    va_list ap;
    va_start(ap, form);
    l->len +=
        (size_t)vsnprintf(l->text + l->len, sizeof l->text - l->len, form, ap);
    va_end(ap);
}

static void put_data(struct log *l, const struct mt_h2_event *ev, bool closes)
{
    if (!l->in_data)
        put(l, "D%u[", ev->stream);
    l->in_data = true;
    put(l, "%.*s", (int)ev->bytes.len, (const char *)ev->bytes.ptr);
    if (ev->lost_bytes > 0)
        put(l, "<%u>", ev->lost_bytes);
    if (!closes)
        return;
    put(l, "]%s", ev->end_stream ? "." : "");
    l->in_data = false;
}

static void put_block(struct log *l, const struct mt_h2_event *ev)
{
    put(l, "%c%u", ev->type == MT_H2_HEADERS ? 'H' : 'P', ev->stream);
    if (ev->promised != 0)
        put(l, ">%u", ev->promised);
    if (ev->block_lost) {
        put(l, "lost ");
        return;
    }
    put(l, "[");
    for (size_t i = 0; i < ev->bytes.len; i++)
        put(l, "%02x", ev->bytes.ptr[i]);
    put(l, "]w%u%s", ev->wire_bytes, ev->end_stream ? "." : "");
    if (ev->type == MT_H2_PUSH_PROMISE)
        put(l, " ");
}

static void put_event(struct log *l, const struct mt_h2_frames *f,
                      const struct mt_h2_event *ev)
{
    switch (ev->type) {
    case MT_H2_DATA:
        put_data(l, ev,
                 f->head.type != MT_H2_DATA || f->left == 0 || f->state != 2);
        break;
    case MT_H2_HEADERS:
    case MT_H2_PUSH_PROMISE:
        put_block(l, ev);
        break;
    case MT_H2_RST_STREAM:
        put(l, "R%u=%u ", ev->stream, ev->code);
        break;
    case MT_H2_GOAWAY:
        put(l, "G%u=%u ", ev->last_stream, ev->code);
        break;
    default:
        if (ev->ack)
            put(l, "A ");
        else
            put(l, "S%u=%u ", ev->setting, ev->value);
    }
}

static int feed(struct mt_h2_frames *f, const uint8_t *bytes, size_t len,
                struct log *l)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    struct mt_span in = {copy, len};
    struct mt_h2_event ev;
    int rc;
    while ((rc = mt_h2_next(f, &in, &ev)) == MT_EVENT)
        put_event(l, f, &ev);
    if (rc == MT_MORE)
        assert_int_equal(in.len, 0);
    else
        put(l, "!");
    free(copy);
    return rc;
}

static void run(const struct vector *v, size_t first, size_t step)
{
    struct mt_pool pool;
    struct mt_h2_frames f;
    struct log l = {.len = 0};
    uint8_t bytes[512];
    size_t len = from_hex(v->hex, bytes), n = first;
    mt_pool_init(&pool, 1u << 20);
    mt_h2_frames_init(&f, &pool);
    mt_h2_frames_limit(&f, MT_H2_FRAME_MAX_DEFAULT);
    for (size_t at = 0; at < len; at += n, n = step) {
        n = n < len - at ? n : len - at;
        if (feed(&f, bytes + at, n, &l) < 0)
            break;
    }
    if (strcmp(l.text, v->log) != 0)
        fail_msg("%s: got \"%s\", want \"%s\"", v->name, l.text, v->log);
    mt_h2_frames_deinit(&f);
    mt_pool_deinit(&pool);
}

static void test_frames(void **state)
{
    (void)state;
    uint8_t bytes[512];
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        run(&vectors[i], SIZE_MAX, SIZE_MAX);
        run(&vectors[i], 1, 1);
        size_t len = from_hex(vectors[i].hex, bytes);
        for (size_t cut = 1; cut < len; cut++)
            run(&vectors[i], cut, SIZE_MAX);
    }
}

/* What is lost of the first frame is known where its header was seen; the
 * frame behind it is found without a search, or not at all. */
static const struct {
    const char *name, *seen;
    uint64_t lost;
    const char *then;
    bool goes_on;
    const char *log;
} gaps[] = {
    {"in data", "00000a 00 01 00000001 6162", 3,
     "6768696a6b 000000 04 01 00000000", true, "D1[ab<3>ghijk].A "},
    {"to the end of data", "00000a 00 01 00000001 6162", 8,
     "000000 04 01 00000000", true, "D1[ab<8>].A "},
    {"into padding", "00000a 00 09 00000001 03 6162", 5,
     "0000 000000 04 01 00000000", true, "D1[ab<4>].A "},
    {"beyond data", "00000a 00 01 00000001 6162", 9, "", false, "D1[ab<8>]."},
    {"in a block", "00000a 01 05 00000001 8286", 3,
     "8282828282 000000 04 01 00000000", true, "H1lost A "},
    {"in a block that goes on", "000004 01 00 00000001 8286", 2,
     "000001 09 04 00000001 82 000000 04 01 00000000", true, "H1lost A "},
    {"beyond a block", "00000a 01 04 00000001 8286", 90, "", false, "H1lost "},
    {"before a continuation", "000001 01 00 00000001 82", 2, "", false,
     "H1lost "},
    {"in a ping", "000008 06 00 00000000 00", 7, "000000 04 01 00000000", true,
     "A "},
    {"in settings", "00000c 04 00 00000000 0001", 4,
     "000500010000 000000 04 01 00000000", true, "A "},
    {"between frames", "000000 04 01 00000000", 1, "", false, "A "},
    {"in a header", "0000", 1, "", false, ""},
    {"nobody knows how many", "00000a 00 01 00000001 6162", UINT64_MAX, "",
     false, "D1[ab<8>]."},
};

static void test_gaps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        struct mt_pool pool;
        struct mt_h2_frames f;
        struct mt_h2_event ev;
        struct log l = {.len = 0};
        uint8_t bytes[256];
        bool has_event;
        mt_pool_init(&pool, 1u << 20);
        mt_h2_frames_init(&f, &pool);
        (void)feed(&f, bytes, from_hex(gaps[i].seen, bytes), &l);
        bool on = mt_h2_gap(&f, gaps[i].lost, &ev, &has_event);
        if (has_event)
            put_event(&l, &f, &ev);
        if (on != gaps[i].goes_on)
            fail_msg("%s: goes on: %d", gaps[i].name, on);
        if (!on)
            mt_h2_frames_restart(&f);
        (void)feed(&f, bytes, from_hex(gaps[i].then, bytes), &l);
        if (strcmp(l.text, gaps[i].log) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", gaps[i].name, l.text,
                     gaps[i].log);
        mt_h2_frames_deinit(&f);
        mt_pool_deinit(&pool);
    }
}

/* Three frames behind garbage, in segments cut at every offset; the first of
 * them, or one of the later two, is where reading begins. */
static const char chain[] =
    "deadbeef00000000000000000000ff0102030405060708090a0b0c0d0e0f"
    "000004 08 00 00000000 00000001 000003 00 00 00000007 616263"
    "000004 03 00 00000007 00000008 000001 00 01 00000009 64";

static void test_search(void **state)
{
    (void)state;
    uint8_t bytes[256];
    size_t len = from_hex(chain, bytes);
    for (size_t cut = 0; cut < len; cut++) {
        struct mt_pool pool;
        struct mt_h2_search s;
        struct mt_h2_frames f;
        struct log l = {.len = 0};
        mt_pool_init(&pool, 1u << 20);
        mt_h2_frames_init(&f, &pool);
        mt_h2_search_init(&s, MT_H2_STREAM_MAX);
        bool found = false;
        for (int part = 0; part < 2; part++) {
            struct mt_span in = {bytes + (part > 0 ? cut : 0),
                                 part > 0 ? len - cut : cut};
            struct mt_span head = {NULL, 0};
            if (!found && !mt_h2_search_feed(&s, &in, &head))
                continue;
            found = true;
            if (head.len > 0)
                (void)feed(&f, head.ptr, head.len, &l);
            (void)feed(&f, in.ptr, in.len, &l);
        }
        assert_true(found);
        assert_true(l.len >= 6);
        if (strcmp(l.text + l.len - 6, "D9[d].") != 0)
            fail_msg("cut at %zu: \"%s\"", cut, l.text);
        mt_h2_frames_deinit(&f);
        mt_pool_deinit(&pool);
    }
}

static void test_no_chain(void **state)
{
    (void)state;
    uint8_t zeros[4096] = {0}, text[4096];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)("GET / HTTP/1.1\r\nHost: a\r\n\r\n"[i % 28]);
    const struct mt_span none[] = {{zeros, sizeof zeros}, {text, sizeof text}};
    for (size_t i = 0; i < 2; i++) {
        struct mt_h2_search s;
        struct mt_span head, in = none[i];
        mt_h2_search_init(&s, MT_H2_STREAM_MAX);
        assert_false(mt_h2_search_feed(&s, &in, &head));
        assert_int_equal(mt_h2_find_chain(none[i]).frames, 0);
    }
}

/* Who sends a chain is told by what its header blocks say. */
static void test_sender(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int sender;
    } rows[] = {
        {"000003 01 05 00000001 8286be", MT_CLIENT},
        {"000002 01 04 00000001 88be", MT_SERVER},
        {"000004 01 04 00000001 4803333032", -1}, /* cut: see below */
        {"000005 01 04 00000001 4803333032", MT_SERVER},
        {"000002 01 04 00000001 bebf", -1},
        {"000001 00 01 00000001 61", -1},
    };
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = from_hex(rows[i].hex, bytes);
        struct mt_h2_chain c = mt_h2_find_chain((struct mt_span){bytes, len});
        if (i != 2)
            assert_true(c.to_end);
        assert_int_equal(c.sender, rows[i].sender);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames), cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_search), cmocka_unit_test(test_no_chain),
        cmocka_unit_test(test_sender),
    };
    return cmocka_run_group_tests_name("decode/h2_frame", tests, NULL, NULL);
}
