/* Property: bytes that are a histogram are the bytes it encodes to, and its
 * quantiles rise from its minimum to its maximum. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct mt_hist *h, const uint8_t *data, size_t size)
{
    static uint8_t bytes[MT_HIST_BLOB_MAX];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_hist_encode(h, &b);
    if (b.full || b.len != size || memcmp(bytes, data, size) != 0)
        abort();
    int64_t last = h->min_ns;
    for (unsigned i = 0; i <= 10; i++) {
        int64_t q = mt_hist_quantile(h, i / 10.0);
        if (q < last || q > h->max_ns)
            abort();
        last = q;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mt_pool pool;
    struct mt_hist h;
    mt_pool_init(&pool, 1 << 20);
    mt_hist_init(&h, &pool);
    struct mt_span in = {.ptr = data, .len = size};
    if (mt_hist_decode(&h, in) == 0 && size > 0) {
        check(&h, data, size);
        uint64_t count = h.count;
        if (mt_hist_decode(&h, in) == 0 && h.count != 2 * count)
            abort();
    }
    mt_hist_deinit(&h);
    mt_pool_deinit(&pool);
    return 0;
}
