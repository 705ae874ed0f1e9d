/* Packets of one link type after another: [link type, 2 bytes] then
 * [length, 2 bytes][cut, 1 byte][bytes] each. No read past a packet, no
 * payload longer than it says, no memory lost, and each packet counted once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/layers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct mt_pool pool;
    struct mt_layers layers;
};

static volatile unsigned touched; /* so that every byte is read */

static void check(const struct mt_segment *s)
{
    unsigned sum = 0;
    if (s->payload.len > s->payload_bytes)
        abort();
    if (s->transport != MT_TRANSPORT_TCP && s->transport != MT_TRANSPORT_UDP)
        abort();
    for (size_t i = 0; i < s->payload.len; i++)
        sum += s->payload.ptr[i];
    touched = sum;
}

static void packet(struct run *r, uint16_t link, struct mt_span bytes,
                   uint32_t wire, int64_t ts_ns)
{
    uint8_t *copy = malloc(bytes.len > 0 ? bytes.len : 1); /* exact */
    struct mt_segment s;
    if (copy == NULL)
        abort();
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    struct mt_packet p = {.ts_ns = ts_ns,
                          .bytes = {copy, bytes.len},
                          .wire_bytes = wire,
                          .link_type = link};
    if (mt_layers_next(&r->layers, &p, &s) == MT_EVENT)
        check(&s);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run r;
    struct mt_cursor c = mt_cursor_of((struct mt_span){data, size});
    uint16_t link = mt_get_be16(&c);
    uint64_t packets = 0, counted = 0;
    mt_pool_init(&r.pool, 1u << 20);
    mt_layers_init(&r.layers, &r.pool);
    while (c.rest.len > 0) {
        size_t n = mt_get_be16(&c);
        uint8_t cut = mt_get_u8(&c);
        if (n > c.rest.len)
            n = c.rest.len;
        struct mt_span bytes = mt_get_span(&c, n);
        packet(&r, link, bytes, (uint32_t)n + cut,
               (int64_t)packets * 1000000000);
        packets++;
    }
    for (int i = 0; i < MT_LAYERS_ENDS_COUNT; i++)
        counted += r.layers.count[i];
    if (counted != packets)
        abort();
    mt_layers_deinit(&r.layers);
    mt_pool_deinit(&r.pool); /* asserts that all was given back */
    return 0;
}
