#include "web/assets.h"

#include <stdlib.h>
#include <zlib.h>

enum { PLAIN_BYTES_MAX = 8 << 20 };

extern const unsigned char mt_web_openapi_begin[], mt_web_openapi_end[];

struct mt_span mt_web_openapi_text(void)
{
    uintptr_t size =
        (uintptr_t)mt_web_openapi_end - (uintptr_t)mt_web_openapi_begin;
    return (struct mt_span){mt_web_openapi_begin, size};
}

static const struct mt_web_asset *find(struct mt_span path)
{
    for (size_t i = 0; i < mt_web_assets_count; i++)
        if (mt_span_eq(path, mt_span_str(mt_web_assets[i].path)))
            return &mt_web_assets[i];
    return NULL;
}

/* A path of the page's own, such as /topology or /exchange/48211. */
static bool is_view(struct mt_span path)
{
    struct mt_span api = MT_SPAN("/api");
    return !mt_span_starts(path, api) && mt_span_find(path, '.') == path.len &&
           mt_span_find(path, '%') == path.len;
}

const struct mt_web_asset *mt_web_asset_find(struct mt_span path)
{
    const struct mt_web_asset *a = find(path);
    if (a == NULL && is_view(path))
        a = find(MT_SPAN("/index.html"));
    return a;
}

bool mt_web_asset_plain(const struct mt_web_asset *a, uint8_t **bytes,
                        size_t *len)
{
    struct mt_span gzip = {a->gzip, (size_t)(a->gzip_end - a->gzip)};
    z_stream z = {.next_in = (Bytef *)(uintptr_t)gzip.ptr,
                  .avail_in = (uInt)gzip.len};
    uint32_t size = 0; /* the last four bytes say it */
    for (unsigned i = 0; i < 4 && gzip.len >= 4; i++)
        size |= (uint32_t)gzip.ptr[gzip.len - 4 + i] << (8 * i);
    if (size > PLAIN_BYTES_MAX || inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
        return false;
    *bytes = malloc(size + 1);
    *len = size;
    z.next_out = *bytes;
    z.avail_out = size;
    int rc = *bytes != NULL ? inflate(&z, Z_FINISH) : Z_MEM_ERROR;
    (void)inflateEnd(&z);
    if (rc == Z_STREAM_END)
        return true;
    free(*bytes);
    return false;
}
