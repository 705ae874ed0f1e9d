/* Property: the same exchanges give the same names, and a server's name is a
 * clean host name or its address, whatever Host, SNI and capture files say.
 * The input is a list of steps: what, an address byte, a text's length, text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HASH_PRIME = 16777619 };

static void check(bool good)
{
    if (!good)
        abort();
}

static uint32_t mix(uint32_t h, struct mt_span s)
{
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ s.ptr[i]) * HASH_PRIME;
    return h;
}

static void check_clean(struct mt_span s)
{
    check(s.len <= MT_NAME_MAX_BYTES);
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        check((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              strchr("-_.:[]", c) != NULL);
    }
}

static struct mt_addr addr_of(uint8_t last)
{
    return (struct mt_addr){
        .ip = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = last & 15},
        .port = (uint16_t)(80 + (last >> 6))};
}

static uint32_t apply(struct mt_names *n, uint8_t what, uint8_t last,
                      struct mt_span text)
{
    struct mt_tls tls = {.sni = text};
    struct mt_exchange x = {.server = {.addr = addr_of(last)},
                            .client = {.addr = addr_of(what)},
                            .protocol = MT_PROTOCOL_HTTP11,
                            .status = what & 16 ? 404 : 200};
    if (what & 2)
        x.tls = &tls;
    else
        x.authority = text;
    if (what & 4)
        x.method = MT_SPAN("CONNECT");
    if (what & 8)
        x.quality = MT_QUALITY_FORWARD;
    mt_names_apply(n, &x);
    check(x.server.service.len > 0);
    check_clean(x.server.service);
    check_clean(x.client.service);
    uint32_t h = mix(x.server.name_source, x.server.service);
    return mix(h * HASH_PRIME ^ x.client.name_source, x.client.service);
}

static uint32_t run(struct mt_span input)
{
    struct mt_pool pool;
    mt_pool_init(&pool, 1u << 20);
    struct mt_names *n = mt_names_new(&(struct mt_names_config){
        .pool = &pool, .texts_max = 16, .places_max = 8});
    check(n != NULL);
    struct mt_cursor c = mt_cursor_of(input);
    uint32_t h = 0;
    while (c.rest.len > 0) {
        uint8_t what = mt_get_u8(&c), last = mt_get_u8(&c), len = mt_get_u8(&c);
        struct mt_span text =
            mt_get_span(&c, len < c.rest.len ? len : c.rest.len);
        struct mt_addr addr = addr_of(last);
        if (what & 1)
            (void)mt_names_add(n, &addr, text, what >> 1 & 7, what >> 4);
        else
            h = h * HASH_PRIME ^ apply(n, what, last, text);
    }
    mt_names_free(n);
    check(pool.used_bytes == 0);
    mt_pool_deinit(&pool);
    return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mt_span input = {.ptr = data, .len = size};
    check(run(input) == run(input));
    return 0;
}
