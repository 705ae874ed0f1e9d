/**
 * assets.h - the files of the page, in the program: nothing is read from disk.
 *
 *     const struct mt_web_asset *a = mt_web_asset_find(path);   // NULL: none
 *
 * The table is made by cmake/Assets.cmake from web/ui (MT_WEB_UI), each file
 * compressed; without the page there is a plain one that says so.
 */
#ifndef MT_WEB_ASSETS_H
#define MT_WEB_ASSETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct mt_web_asset {
    const char *path; /* "/index.html" */
    const char *type; /* Content-Type */
    const char *etag; /* quoted */
    bool lasting;     /* its name changes with its bytes */
    const unsigned char *gzip, *gzip_end;
};

extern const struct mt_web_asset mt_web_assets[];
extern const size_t mt_web_assets_count;

/* "/" and the page's own paths (no dot in the last segment) are the page. */
const struct mt_web_asset *mt_web_asset_find(struct mt_span path);

/* Its bytes, not compressed, in memory of the caller's; false: none. */
bool mt_web_asset_plain(const struct mt_web_asset *a, uint8_t **bytes,
                        size_t *len);

/* docs/openapi.json. */
struct mt_span mt_web_openapi_text(void);

#endif
