/* Properties: where the frames are cut changes nothing; every byte is a
 * header's or counted; what is known to be missing inside a payload changes
 * nothing but the close code. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decode/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(struct mt_websocket *w, const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    mt_websocket_feed(w, (struct mt_span){copy, size});
    free(copy);
}

static void expect_equal(const struct mt_websocket *a,
                         const struct mt_websocket *b)
{
    if (a->payload_bytes != b->payload_bytes || a->left != b->left ||
        a->messages != b->messages || a->closed != b->closed ||
        a->lost != b->lost || a->bad != b->bad ||
        mt_websocket_open(a) != mt_websocket_open(b))
        abort();
}

/* A byte at a time, those inside a payload told as gaps. */
static void feed_with_gaps(struct mt_websocket *w, const uint8_t *data,
                           size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (w->in_frame && (i & 1) != 0)
            mt_websocket_gap(w, 1);
        else
            feed(w, data + i, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mt_websocket whole = {0}, cut = {0}, gaps = {0};
    if (size < 2)
        return 0;
    size_t step = (size_t)data[0] + 1;
    data++, size--;
    feed(&whole, data, size);
    for (size_t at = 0; at < size; at += step)
        feed(&cut, data + at, size - at < step ? size - at : step);
    feed_with_gaps(&gaps, data, size);
    expect_equal(&whole, &cut);
    expect_equal(&whole, &gaps);
    if (whole.close_code != cut.close_code || whole.payload_bytes > size)
        abort();
    return 0;
}
