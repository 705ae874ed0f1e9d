/* Compression must not be seen: the same bytes, whatever the cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "build.h"
#include "capture/stream.h"
#include "memory_input.h"

enum { PLAIN_BYTES = 700001 };

static struct bytes plain_text(void)
{
    struct bytes b = {.big = false};
    uint32_t x = 1;
    while (b.len < PLAIN_BYTES) {
        x = x * 1103515245 + 12345;
        put8(&b, (x >> 16) % 23 + 'a');
    }
    return b;
}

static void gzip(struct bytes *out, struct mt_span in)
{
    z_stream z = {.next_in = in.ptr, .avail_in = (uInt)in.len};
    uint8_t *to = malloc(in.len + 1000);
    assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, 0), Z_OK);
    z.next_out = to;
    z.avail_out = (uInt)in.len + 1000;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    put(out, to, z.total_out);
    (void)deflateEnd(&z);
    free(to);
}

static void zstd(struct bytes *out, struct mt_span in)
{
    size_t cap = ZSTD_compressBound(in.len);
    uint8_t *to = malloc(cap);
    size_t n = ZSTD_compress(to, cap, in.ptr, in.len, 1);
    assert_false(ZSTD_isError(n));
    put(out, to, n);
    free(to);
}

static void copy(struct bytes *out, struct mt_span in)
{
    put(out, in.ptr, in.len);
}

typedef void squeeze(struct bytes *out, struct mt_span in);
static squeeze *const codecs[] = {copy, gzip, zstd};

/* In three members or frames, one of them empty. */
static struct bytes in_parts(squeeze *codec, struct mt_span in)
{
    struct bytes b = {.big = false};
    struct mt_span rest = in;
    codec(&b, mt_span_take(&rest, 1000));
    codec(&b, mt_span_take(&rest, 0));
    codec(&b, rest);
    return b;
}

struct result {
    size_t bytes; /* that were as they should be */
    int rc;
    const char *why;
};

static struct result drain(struct mt_stream *s, struct mt_span want, size_t ask)
{
    struct result r = {.bytes = 0};
    while ((r.rc = mt_stream_fill(s, ask)) == MT_EVENT) {
        struct mt_span w = mt_stream_window(s);
        assert_true(w.len >= ask && r.bytes + w.len <= want.len);
        assert_int_equal(mt_stream_offset(s), r.bytes);
        assert_memory_equal(w.ptr, want.ptr + r.bytes, w.len);
        r.bytes += ask;
        mt_stream_take(s, ask);
    }
    r.bytes += mt_stream_window(s).len;
    r.why = mt_stream_why(s);
    return r;
}

static struct result read_through(struct mt_span file, struct mt_span want,
                                  size_t step, size_t ask)
{
    struct memory_input m = {file, 0, step, SIZE_MAX};
    struct mt_stream *s;
    assert_int_equal(mt_stream_new(&s, memory_input(&m), false, 8192), 0);
    struct result r = drain(s, want, ask);
    mt_stream_free(s);
    return r;
}

static void test_codecs(void **state)
{
    (void)state;
    const struct {
        size_t step, ask;
    } ways[] = {{SIZE_MAX, 1000},
                {1, 16},
                {70000, 4000},
                {13, 20000},
                {SIZE_MAX, 300000}};
    struct bytes plain = plain_text();
    for (size_t c = 0; c < 3; c++) {
        struct bytes f = in_parts(codecs[c], span_of(&plain));
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
            struct result r = read_through(span_of(&f), span_of(&plain),
                                           ways[i].step, ways[i].ask);
            assert_int_equal(r.rc, MT_DONE);
            assert_int_equal(r.bytes, plain.len);
        }
        free(f.ptr);
    }
    free(plain.ptr);
}

/* All that is whole is given, then it is said that the data is cut. */
static void test_cut_compressed(void **state)
{
    (void)state;
    struct bytes plain = plain_text();
    for (size_t c = 1; c < 3; c++) {
        struct bytes f = in_parts(codecs[c], span_of(&plain));
        size_t before = 0;
        for (size_t cut = f.len / 2; cut < f.len; cut += f.len / 5) {
            struct mt_span part = {f.ptr, cut};
            struct result r = read_through(part, span_of(&plain), 5000, 100);
            assert_int_equal(r.rc, MT_EPROTO);
            assert_string_equal(r.why, "the compressed data ends early, "
                                       "cut off");
            assert_true(r.bytes > before && r.bytes <= plain.len);
            before = r.bytes;
        }
        free(f.ptr);
    }
    free(plain.ptr);
}

static void test_damaged(void **state)
{
    (void)state;
    struct bytes plain = plain_text();
    for (size_t c = 1; c < 3; c++) {
        struct bytes f = {.big = false};
        codecs[c](&f, (struct mt_span){plain.ptr, 3000});
        size_t whole = f.len;
        codecs[c](&f, (struct mt_span){plain.ptr + 3000, 3000});
        f.ptr[whole + 3] ^= 0xff; /* gzip: flags; zstd: end of the magic */
        struct result r = read_through(span_of(&f), span_of(&plain), 99, 100);
        assert_int_equal(r.rc < 0, 1);
        assert_true(r.bytes >= 3000);
        free(f.ptr);
    }
    free(plain.ptr);
}

/* Zeros after a gzip file are padding, as gzip(1) has it. */
static void test_gzip_padding(void **state)
{
    (void)state;
    struct bytes f = {.big = false};
    gzip(&f, MT_SPAN("0123456789"));
    put(&f, "\0\0\0\0\0\0", 6);
    struct result r = read_through(span_of(&f), MT_SPAN("0123456789"), 3, 4);
    assert_int_equal(r.rc, MT_DONE);
    assert_int_equal(r.bytes, 10);
    free(f.ptr);
}

static void test_seek(void **state)
{
    (void)state;
    const uint64_t places[] = {500000, 20, 0, 699999, 699000, 8191, 700001};
    struct bytes plain = plain_text();
    for (size_t c = 0; c < 3; c++) {
        struct bytes f = in_parts(codecs[c], span_of(&plain));
        struct memory_input m = {span_of(&f), 0, 9999, SIZE_MAX};
        struct mt_stream *s;
        assert_int_equal(mt_stream_new(&s, memory_input(&m), false, 0), 0);
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            assert_int_equal(mt_stream_seek(s, places[i]), MT_EVENT);
            assert_true(mt_stream_offset(s) == places[i]);
            int rc = mt_stream_fill(s, 1);
            assert_int_equal(rc, places[i] < plain.len ? MT_EVENT : MT_DONE);
            if (rc == MT_EVENT)
                assert_int_equal(mt_stream_window(s).ptr[0],
                                 plain.ptr[places[i]]);
        }
        mt_stream_free(s);
        free(f.ptr);
    }
    free(plain.ptr);
}

static void test_pipe_cannot_go_back(void **state)
{
    (void)state;
    struct memory_input m = {MT_SPAN("0123456789"), 0, 3, SIZE_MAX};
    struct mt_input pipe = memory_input(&m);
    struct mt_stream *s;
    pipe.seek = NULL;
    assert_int_equal(mt_stream_new(&s, pipe, false, 0), 0);
    assert_int_equal(mt_stream_seek(s, 7), MT_EVENT);
    assert_int_equal(mt_stream_seek(s, 6), -ESPIPE);
    assert_int_equal(mt_stream_fill(s, 3), MT_EVENT);
    assert_memory_equal(mt_stream_window(s).ptr, "789", 3);
    mt_stream_free(s);
}

static ptrdiff_t fail_to_read(void *self, uint8_t *to, size_t n)
{
    (void)n;
    to[0] = 0; /* a failing read may have written */
    return *(int *)self;
}

static void test_read_errors(void **state)
{
    (void)state;
    int code = -EIO;
    struct mt_stream *s;
    struct mt_input in = {.self = &code, .read = fail_to_read};
    assert_int_equal(mt_stream_new(&s, in, false, 0), 0);
    code = -EAGAIN;
    assert_int_equal(mt_stream_fill(s, 1), MT_MORE);
    code = -EINTR;
    assert_int_equal(mt_stream_fill(s, 1), MT_MORE);
    code = -EIO;
    assert_int_equal(mt_stream_fill(s, 1), -EIO);
    assert_string_equal(mt_stream_why(s), "Input/output error");
    mt_stream_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codecs),
        cmocka_unit_test(test_cut_compressed),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_gzip_padding),
        cmocka_unit_test(test_seek),
        cmocka_unit_test(test_pipe_cannot_go_back),
        cmocka_unit_test(test_read_errors),
    };
    return cmocka_run_group_tests_name("capture/stream", tests, NULL, NULL);
}
