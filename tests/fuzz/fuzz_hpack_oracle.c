/* Property: with nothing lost, we and nghttp2's inflater give the same fields,
 * or both reject. Two exceptions: strings above 64 KiB, which nghttp2 rejects
 * (the input is shorter), and fields beyond our 256, which are not given.
 *
 * Input: blocks, each a length in two bytes and its bytes. */
#include <nghttp2/nghttp2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decode/hpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 16384 };

static void check(int ok)
{
    if (!ok)
        abort();
}

/* Their next field: 1, none left: 0, rejected: -1. */
static int next_of(nghttp2_hd_inflater *theirs, struct mt_span *in,
                   nghttp2_nv *nv)
{
    for (;;) {
        int flags = 0;
        ssize_t n =
            nghttp2_hd_inflate_hd2(theirs, nv, &flags, in->ptr, in->len, 1);
        if (n < 0)
            return -1;
        (void)mt_span_take(in, (size_t)n);
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
            return 1;
        if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
            nghttp2_hd_inflate_end_headers(theirs);
            return 0;
        }
        if (n == 0 && in->len == 0)
            return -1;
    }
}

/* False once both have rejected. */
static int compare(struct mt_hpack *ours, nghttp2_hd_inflater *theirs,
                   struct mt_span block)
{
    struct mt_span in = block;
    struct mt_hpack_field f;
    nghttp2_nv nv;
    mt_hpack_begin(ours, block, MT_HPACK_REQUEST);
    for (;;) {
        int want = next_of(theirs, &in, &nv);
        int got = mt_hpack_next(ours, &f);
        if (got == MT_DONE && want == 1 && ours->fields > MT_HPACK_FIELDS_MAX) {
            while (want == 1)
                want = next_of(theirs, &in, &nv);
            check(want == 0);
        }
        if (got == MT_EPROTO && ours->fields >= MT_HPACK_FIELDS_MAX)
            while (want == 1)
                want = next_of(theirs, &in, &nv);
        check((got < 0) == (want < 0));
        if (got < 0)
            return 0;
        check((got == MT_DONE) == (want == 0));
        if (got == MT_DONE)
            return 1;
        check(f.known == MT_HPACK_KNOWN);
        check(mt_span_eq(f.name, (struct mt_span){nv.name, nv.namelen}));
        check(mt_span_eq(f.value, (struct mt_span){nv.value, nv.valuelen}));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_MAX)
        return 0;
    struct mt_cursor c = mt_cursor_of((struct mt_span){data, size});
    struct mt_pool pool;
    struct mt_hpack ours;
    nghttp2_hd_inflater *theirs;
    check(nghttp2_hd_inflate_new(&theirs) == 0);
    mt_pool_init(&pool, 4u << 20);
    mt_hpack_init(&ours, &pool, false);
    mt_hpack_limit(&ours, MT_HPACK_TABLE_DEFAULT);
    int fine = 1;
    while (fine && c.rest.len >= 2) {
        size_t len = mt_get_be16(&c);
        len = len < c.rest.len ? len : c.rest.len;
        uint8_t *copy = malloc(len > 0 ? len : 1);
        check(copy != NULL);
        struct mt_span block = mt_get_span(&c, len);
        if (len > 0)
            memcpy(copy, block.ptr, len);
        fine = compare(&ours, theirs, (struct mt_span){copy, len});
        check(!fine || mt_hpack_state(&ours) == MT_HPACK_FULL);
        free(copy);
    }
    mt_hpack_deinit(&ours);
    check(pool.used_bytes == 0);
    mt_pool_deinit(&pool);
    nghttp2_hd_inflate_del(theirs);
    return 0;
}
