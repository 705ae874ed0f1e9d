/* Headers of HTTP/2 that are too large: their request is refused, the
 * connection and what else runs on it go on, and its table is in step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy-lite/call/h2_side.h"

enum { HEADERS = 1, CONTINUATION = 9, FRAME_MAX = 16384, BYTES = 1 << 20 };
enum { END_STREAM = 1, END_HEADERS = 4, PADDED = 8, PRIORITY = 32 };

static struct {
    struct mt_pool pool;
    struct mt_h2_side h2;
    uint8_t in[BYTES], block[BYTES];
    size_t in_bytes, block_bytes;
    unsigned requests, refusals, status;
    char method[16], path[32], field[64];
    size_t fields;
} w;

/* ---- who listens ---- */

static void text(char *out, size_t room, struct mt_span s)
{
    (void)snprintf(out, room, "%.*s", (int)s.len, (const char *)s.ptr);
}

static void note(struct mt_head *h)
{
    text(w.method, sizeof w.method, h->method);
    text(w.path, sizeof w.path, h->path);
    w.fields = h->count;
    w.field[0] = '\0';
    if (h->count > 0)
        (void)snprintf(
            w.field, sizeof w.field, "%.*s: %.*s", (int)h->fields[0].name.len,
            (const char *)h->fields[0].name.ptr, (int)h->fields[0].value.len,
            (const char *)h->fields[0].value.ptr);
}

static void say(struct mt_stream *s, unsigned status)
{
    struct mt_head h;
    mt_head_init(&h, &w.pool, 4096);
    h.status = (uint16_t)status;
    s->ops->head(s, &h, true);
    s->ops->leave(s);
    mt_head_deinit(&h);
}

static void on_request(void *arg, struct mt_stream *s, struct mt_head *h,
                       bool end)
{
    (void)arg, (void)end;
    w.requests++;
    note(h);
    say(s, 200);
}

static void on_refused(void *arg, struct mt_stream *s, struct mt_head *h,
                       const struct mt_http1_refusal *why)
{
    (void)arg;
    w.refusals++;
    w.status = why->status;
    note(h);
    if (why->status != 0)
        say(s, why->status);
    else
        s->ops->leave(s);
}

static void ignore(void *arg, struct mt_side *side)
{
    (void)arg, (void)side;
}

static const struct mt_side_owner owner = {on_request, on_refused, ignore,
                                           ignore};

/* ---- what is sent ---- */

static void put(const void *bytes, size_t n)
{
    assert_true(w.in_bytes + n <= sizeof w.in);
    memcpy(w.in + w.in_bytes, bytes, n);
    w.in_bytes += n;
}

static void put_frame(uint8_t type, uint8_t flags, uint32_t id,
                      const uint8_t *bytes, size_t n)
{
    const uint8_t head[] = {
        (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, type, flags, 0, 0,
        (uint8_t)(id >> 8), (uint8_t)id};
    put(head, sizeof head);
    put(bytes, n);
}

static void b_put(const void *bytes, size_t n)
{
    assert_true(w.block_bytes + n <= sizeof w.block);
    memcpy(w.block + w.block_bytes, bytes, n);
    w.block_bytes += n;
}

static void b_byte(unsigned c)
{
    uint8_t byte = (uint8_t)c;
    b_put(&byte, 1);
}

static void b_length(size_t n, bool huffman)
{
    unsigned h = huffman ? 0x80 : 0;
    if (n < 127) {
        b_byte(h | (unsigned)n);
        return;
    }
    b_byte(h | 127);
    for (n -= 127; n >= 128; n >>= 7)
        b_byte(128 | (n & 127));
    b_byte((unsigned)n);
}

static void b_text(size_t n, int c, bool huffman)
{
    b_length(n, huffman);
    assert_true(w.block_bytes + n <= sizeof w.block);
    memset(w.block + w.block_bytes, c, n);
    w.block_bytes += n;
}

enum how { AS_IS = 0x00, INDEXED = 0x40 };

static void b_field(enum how how, const char *name, size_t n)
{
    b_byte(how);
    b_length(strlen(name), false);
    b_put(name, strlen(name));
    b_text(n, 'v', false);
}

/* GET http /, authority a */
static void b_request(void)
{
    w.block_bytes = 0;
    b_put("\x82\x86\x84\x01\x01\x61", 6);
}

/* The block as one request, in frames of this size. */
static void put_block(uint32_t id, size_t size)
{
    for (size_t at = 0; at == 0 || at < w.block_bytes; at += size) {
        size_t n = w.block_bytes - at < size ? w.block_bytes - at : size;
        bool last = at + n == w.block_bytes;
        put_frame(
            at == 0 ? HEADERS : CONTINUATION,
            (uint8_t)((at == 0 ? END_STREAM : 0) | (last ? END_HEADERS : 0)),
            id, w.block + at, n);
    }
}

/* In pieces of so many bytes, each in a copy of its own size. */
static void feed(size_t step)
{
    struct mt_side *side = &w.h2.side;
    for (size_t at = 0; at < w.in_bytes; at += step) {
        size_t n = w.in_bytes - at < step ? w.in_bytes - at : step;
        uint8_t *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, w.in + at, n);
        side->ops->feed(side, (struct mt_span){copy, n}, 1);
        free(copy);
        side->ops->fill(side);
        mt_outq_sent(&side->out, side->out.bytes);
        assert_true(side->ops->settle(side));
    }
    w.in_bytes = 0;
}

static void begin(void)
{
    memset(&w, 0, sizeof w);
    mt_pool_init(&w.pool, 8 << 20);
    assert_true(mt_h2_server_init(&w.h2, &w.pool, &owner, NULL));
    put(MT_H2_PREFACE, MT_H2_PREFACE_BYTES);
    put_frame(4, 0, 0, w.block, 0);
}

static void end(void)
{
    w.h2.side.ops->deinit(&w.h2.side);
    assert_int_equal(w.pool.used_bytes, 0);
    mt_pool_deinit(&w.pool);
}

static void taken(const char *field)
{
    assert_int_equal(w.refusals, 0);
    assert_int_equal(w.requests, 1);
    assert_string_equal(w.field, field);
    w.requests = 0;
}

static void refused(unsigned status)
{
    assert_false(w.h2.side.closing);
    assert_int_equal(w.requests, 0);
    assert_int_equal(w.refusals, 1);
    assert_int_equal(w.status, status);
    w.refusals = 0;
}

/* ---- cases ---- */

static const size_t steps[] = {1, 7, 9, 1000, 16393, BYTES};

enum { STEPS = sizeof steps / sizeof steps[0] };

/* What is as large as it may be passes, in frames of any size. */
static void test_large(void **state)
{
    (void)state;
    for (size_t i = 0; i < STEPS; i++) {
        begin();
        b_request();
        b_field(INDEXED, "x", 1);
        b_field(AS_IS, "y", 64 << 10);
        put_block(1, FRAME_MAX);
        feed(steps[i]);
        taken("x: v");
        assert_int_equal(w.fields, 2);
        b_request();
        b_byte(0x80 | 62); /* x, of the table */
        put_block(3, 5);
        feed(steps[i]);
        taken("x: v");
        end();
    }
}

/* One field above that: 431, and nothing else. */
static void test_too_large(void **state)
{
    (void)state;
    static const size_t sizes[] = {(64 << 10) + 1, 66000, 82037, 500000};
    for (size_t i = 0; i < STEPS * 4; i++) {
        begin();
        b_request();
        b_field(INDEXED, "x", 1);
        b_field(AS_IS, "y", sizes[i / STEPS]);
        b_field(INDEXED, "z", 2);
        put_block(1, FRAME_MAX);
        feed(steps[i % STEPS]);
        refused(431);
        assert_string_equal(w.method, "GET"); /* its row has what there was */
        assert_string_equal(w.field, "x: v");
        b_request();
        b_byte(0x80 | 62), b_byte(0x80 | 63);
        put_block(3, FRAME_MAX);
        feed(steps[i % STEPS]);
        taken("z: vv");
        end();
    }
}

/* A field that has no room in the table empties it (RFC 7541 section 4.4). */
static void test_table(void **state)
{
    (void)state;
    begin();
    b_request();
    b_field(INDEXED, "x", 1);
    b_field(INDEXED, "y", 66000);
    b_field(INDEXED, "z", 2);
    put_block(1, FRAME_MAX);
    feed(BYTES);
    refused(431);
    b_request();
    b_byte(0x80 | 62);
    put_block(3, FRAME_MAX);
    feed(BYTES);
    taken("z: vv");
    b_request();
    b_byte(0x80 | 63); /* there is nothing */
    put_block(5, FRAME_MAX);
    feed(BYTES);
    assert_int_equal(w.requests, 0);
    assert_true(w.h2.side.closing);
    end();
}

/* In the code, as a name, as the path, beside padding and a priority. */
static void test_forms(void **state)
{
    (void)state;
    begin();
    b_request();
    b_byte(AS_IS), b_text(1, 'y', false), b_text(70000, 0xfc, true);
    put_block(1, FRAME_MAX);
    feed(1000);
    refused(431);
    b_request();
    b_byte(INDEXED), b_text(70000, 'n', false), b_text(70000, 'v', false);
    put_block(3, FRAME_MAX);
    feed(1000);
    refused(431);
    w.block_bytes = 0;
    b_put("\x82\x86\x01\x01\x61\x04", 6), b_text(70000, '/', false);
    put_block(5, FRAME_MAX);
    feed(1000);
    refused(431);
    b_request();
    b_field(AS_IS, "y", 70000);
    uint8_t first[1 + 5 + 6 + 100 + 3] = {3, 0, 0, 0, 0, 7};
    memcpy(first + 6, w.block, 106);
    put_frame(HEADERS, END_STREAM | PADDED | PRIORITY, 7, first, sizeof first);
    for (size_t at = 106; at < w.block_bytes; at += 9999) {
        size_t n = w.block_bytes - at < 9999 ? w.block_bytes - at : 9999;
        put_frame(CONTINUATION, at + n == w.block_bytes ? END_HEADERS : 0, 7,
                  w.block + at, n);
    }
    feed(1000);
    refused(431);
    b_request();
    put_block(9, FRAME_MAX);
    feed(1000);
    taken("");
    end();
}

/* Many that are large together. */
static void test_all_too_large(void **state)
{
    (void)state;
    begin();
    b_request();
    for (unsigned i = 0; i < 10; i++)
        b_field(AS_IS, "y", 20000);
    put_block(1, FRAME_MAX);
    feed(BYTES);
    refused(431);
    assert_int_equal(w.fields, 4);
    b_request();
    for (unsigned i = 0; i < 257; i++)
        b_field(AS_IS, "y", 1);
    put_block(3, FRAME_MAX);
    feed(BYTES);
    refused(431);
    b_request();
    put_block(5, FRAME_MAX);
    feed(BYTES);
    taken("");
    end();
}

/* What nobody can be meant to read ends the connection, within bounds. */
static void test_nonsense(void **state)
{
    (void)state;
    static const char *const tails[] = {"\x7f\xff\xff\xff\xff\xff\xff\xff\x0f",
                                        "\x00\x7f\xff\xff\xff\xff\x0f",
                                        "\x00\x01y\x7f\xff\xff\xff\x7f"};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        begin();
        b_request();
        b_put(tails[i], strlen(tails[i] + 1) + 1);
        b_text(100000, 'v', false);
        put_block(1, FRAME_MAX);
        feed(1000);
        assert_true(w.h2.side.closing);
        assert_int_equal(w.requests, 0);
        end();
    }
    begin(); /* never whole */
    b_request();
    b_field(AS_IS, "y", 66000);
    for (unsigned i = 0; i < 1000 && !w.h2.side.closing; i++) {
        put_frame(i == 0 ? HEADERS : CONTINUATION, 0, 1, w.block, FRAME_MAX);
        feed(BYTES);
    }
    assert_true(w.h2.side.closing);
    assert_true(w.pool.peak_bytes < 1 << 20);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large),         cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_table),         cmocka_unit_test(test_forms),
        cmocka_unit_test(test_all_too_large), cmocka_unit_test(test_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
