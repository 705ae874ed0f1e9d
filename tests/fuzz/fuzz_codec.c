/* Property: bytes that decode are exactly the bytes that encode, but for what
 * a later version put behind them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decode/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mt_codec_scratch scratch = {.fields = NULL};
    struct mt_exchange x;
    struct mt_span in = {.ptr = data, .len = size};
    if (mt_exchange_decode(in, &x, &scratch) == 0) {
        size_t max = mt_exchange_encoded_max(&x);
        uint8_t *out = malloc(max);
        size_t n = out != NULL ? mt_exchange_encode(&x, out, max) : 0;
        if (n == 0 || n > size || memcmp(out, data, n) != 0)
            abort();
        free(out);
    }
    mt_codec_scratch_deinit(&scratch);
    return 0;
}
