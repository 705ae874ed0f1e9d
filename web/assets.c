#include "web/assets.h"

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
