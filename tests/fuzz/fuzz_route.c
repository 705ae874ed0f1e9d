/* Properties: a template is its own template; a route is given again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mt_pool pool;
    struct mt_route_options options = {.routes_max = 6, .branch_max = 2};
    mt_pool_init(&pool, 1 << 20);
    struct mt_routes *r = mt_routes_new(&options, &pool);
    struct mt_span in = {.ptr = data, .len = size}, last = {.len = 0};
    if (r == NULL)
        abort();
    while (in.len > 0) { /* paths, one a line */
        uint8_t out[MT_ROUTE_LEN_MAX], again[MT_ROUTE_LEN_MAX];
        struct mt_span path = mt_span_take(&in, mt_span_find(in, '\n'));
        size_t n = mt_route_template(path, out);
        struct mt_span template = {.ptr = out, .len = n};
        if (n > sizeof out || mt_route_template(template, again) != n ||
            memcmp(out, again, n) != 0)
            abort();
        struct mt_span route = mt_routes_of(r, 1, path);
        if (mt_routes_of(r, 1, path).ptr != route.ptr)
            abort();
        (void)mt_route_matches(last, path);
        last = path;
        if (in.len > 0)
            (void)mt_span_take(&in, 1);
    }
    mt_routes_free(r);
    mt_pool_deinit(&pool);
    return 0;
}
