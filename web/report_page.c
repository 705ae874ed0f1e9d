/* The page as one file. */
#include "web/report_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "store/store.h"
#include "web/assets.h"
#include "web/report.h"

enum { NONCE_BYTES = 40 };

static const char mark[] = "<!doctype html>\n<!-- a report of meshtop -->\n";

/* How index.html names its files: esbuild's names stand between. */
static const char style_before[] = "<link rel=\"stylesheet\" href=\"";
static const char style_after[] = "\">";
static const char script_before[] = "<script type=\"module\" src=\"";
static const char script_after[] = "\"></script>";
static const char worker_prefix[] = "/layout-";

struct mt_span mt_web_report_mark(void)
{
    return mt_span_str(mark);
}

/* ---- texts that stand within a script ---- */

static int put(const struct mt_web_escape *e, struct mt_span bytes)
{
    return bytes.len > 0 ? e->to.write(e->to.arg, bytes) : 0;
}

static const uint8_t separator[] = {0xe2, 0x80, 0xa8};

/* The bytes that looked like the beginning of one are none. */
static int give_back(struct mt_web_escape *e)
{
    struct mt_span held = {separator, e->seen};
    e->seen = 0;
    return put(e, held);
}

static int escape_byte(struct mt_web_escape *e, uint8_t c)
{
    bool last = e->seen == 2 && (c == 0xa8 || c == 0xa9);
    if (last) {
        e->seen = 0;
        return put(e, mt_span_str(c == 0xa8 ? "\\u2028" : "\\u2029"));
    }
    if (e->seen < 2 && c == separator[e->seen]) {
        e->seen++;
        return 0;
    }
    int rc = give_back(e);
    if (rc != 0)
        return rc;
    if (c == separator[0]) {
        e->seen = 1;
        return 0;
    }
    return c == '<' ? put(e, mt_span_str("\\u003c"))
                    : put(e, (struct mt_span){&c, 1});
}

static bool is_plain(uint8_t c)
{
    return c != '<' && c != separator[0];
}

static int escape(void *arg, struct mt_span bytes)
{
    struct mt_web_escape *e = arg;
    int rc = 0;
    while (rc == 0 && bytes.len > 0) {
        size_t n = 0;
        while (e->seen == 0 && n < bytes.len && is_plain(bytes.ptr[n]))
            n++;
        if (n > 0)
            rc = put(e, mt_span_take(&bytes, n));
        else
            rc = escape_byte(e, mt_span_take(&bytes, 1).ptr[0]);
    }
    return rc;
}

struct mt_sink mt_web_escape_sink(struct mt_web_escape *e)
{
    return (struct mt_sink){escape, e};
}

int mt_web_escape_end(struct mt_web_escape *e)
{
    return give_back(e);
}

/* ---- the files ---- */

struct page {
    struct mt_out out;
    struct mt_span answers;
    char nonce[NONCE_BYTES];
};

static const struct mt_web_asset *with_prefix(const char *prefix)
{
    for (size_t i = 0; i < mt_web_assets_count; i++)
        if (mt_span_starts(mt_span_str(mt_web_assets[i].path),
                           mt_span_str(prefix)))
            return &mt_web_assets[i];
    return NULL;
}

static int put_file(struct page *p, const struct mt_web_asset *a)
{
    uint8_t *bytes;
    size_t len;
    if (a == NULL || !mt_web_asset_plain(a, &bytes, &len))
        return MT_STORE_ENOMEM;
    mt_out_span(&p->out, (struct mt_span){bytes, len});
    free(bytes);
    return 0;
}

/* Only what stands in the file with this word runs; nothing is fetched. */
static void put_policy(struct page *p)
{
    mt_out_str(&p->out, "<meta http-equiv=\"Content-Security-Policy\" "
                        "content=\"default-src 'none'; script-src 'nonce-");
    mt_out_str(&p->out, p->nonce);
    mt_out_str(&p->out, "'; style-src 'nonce-");
    mt_out_str(&p->out, p->nonce);
    mt_out_str(&p->out, "'; img-src data: blob:; worker-src blob:; "
                        "connect-src 'none'; base-uri 'none'; "
                        "form-action 'none'\">\n");
}

static void put_element(struct page *p, const char *name, const char *rest)
{
    mt_out_char(&p->out, '<');
    mt_out_str(&p->out, name);
    mt_out_str(&p->out, rest);
    mt_out_str(&p->out, " nonce=\"");
    mt_out_str(&p->out, p->nonce);
    mt_out_str(&p->out, "\">");
}

static int put_style(struct page *p, struct mt_span path)
{
    put_policy(p);
    put_element(p, "style", "");
    int rc = put_file(p, mt_web_asset_find(path));
    mt_out_str(&p->out, "</style>");
    return rc;
}

static int put_script(struct page *p, struct mt_span path)
{
    put_element(p, "script", " type=\"application/json\" id=\"report\"");
    mt_out_span(&p->out, p->answers);
    mt_out_str(&p->out, "</script>\n");
    put_element(p, "script", " type=\"text/plain\" id=\"layout\"");
    int rc = put_file(p, with_prefix(worker_prefix));
    mt_out_str(&p->out, "</script>\n");
    put_element(p, "script", " type=\"module\"");
    if (rc == 0)
        rc = put_file(p, mt_web_asset_find(path));
    mt_out_str(&p->out, "</script>");
    return rc;
}

/* ---- the page ---- */

/* Up to `before`, which is written, then what is between it and `after`, which
 * both are passed over. False: they are not there. */
static bool find(struct mt_span *html, const char *before, const char *after,
                 struct mt_span *text, struct mt_span *path)
{
    const uint8_t *at = memmem(html->ptr, html->len, before, strlen(before));
    if (at == NULL)
        return false;
    *text = mt_span_take(html, (size_t)(at - html->ptr));
    (void)mt_span_take(html, strlen(before));
    const uint8_t *end = memmem(html->ptr, html->len, after, strlen(after));
    if (end == NULL)
        return false;
    *path = mt_span_take(html, (size_t)(end - html->ptr));
    (void)mt_span_take(html, strlen(after));
    return true;
}

struct parts {
    struct mt_span head, style, middle, script, rest;
};

static bool take_apart(struct mt_span html, struct parts *p)
{
    bool whole =
        find(&html, style_before, style_after, &p->head, &p->style) &&
        find(&html, script_before, script_after, &p->middle, &p->script);
    p->rest = html;
    return whole && mt_span_find(p->head, '\n') < p->head.len;
}

static int put_page(struct page *p, struct mt_span html)
{
    struct parts parts;
    if (!take_apart(html, &parts))
        return MT_STORE_EIO;
    (void)mt_span_take(&parts.head, mt_span_find(parts.head, '\n') + 1);
    mt_out_str(&p->out, mark);
    mt_out_span(&p->out, parts.head);
    int rc = put_style(p, parts.style);
    mt_out_span(&p->out, parts.middle);
    if (rc == 0)
        rc = put_script(p, parts.script);
    mt_out_span(&p->out, parts.rest);
    return rc;
}

static bool read_index(uint8_t **bytes, size_t *len)
{
    const struct mt_web_asset *a = mt_web_asset_find(MT_SPAN("/index.html"));
    return a != NULL && mt_web_asset_plain(a, bytes, len);
}

bool mt_web_report_possible(void)
{
    uint8_t *bytes;
    size_t len;
    struct parts parts;
    if (!read_index(&bytes, &len))
        return false;
    bool possible = take_apart((struct mt_span){bytes, len}, &parts) &&
                    mt_web_asset_find(parts.style) != NULL &&
                    mt_web_asset_find(parts.script) != NULL &&
                    with_prefix(worker_prefix) != NULL;
    free(bytes);
    return possible;
}

int mt_web_report_page(struct mt_span answers, struct mt_sink sink)
{
    uint8_t *bytes;
    size_t len;
    struct page *p = calloc(1, sizeof *p);
    if (p == NULL || !read_index(&bytes, &len)) {
        free(p);
        return MT_STORE_ENOMEM;
    }
    XXH128_hash_t hash = XXH3_128bits(answers.ptr, answers.len);
    (void)snprintf(p->nonce, sizeof p->nonce, "%016" PRIx64 "%016" PRIx64,
                   hash.high64, hash.low64);
    p->answers = answers;
    mt_out_init(&p->out, sink);
    int rc = put_page(p, (struct mt_span){bytes, len});
    int flushed = mt_out_flush(&p->out);
    free(bytes);
    free(p);
    return rc != 0 ? rc : flushed;
}
