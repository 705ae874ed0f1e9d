/**
 * export.h - exchanges as JSON lines, CSV, HAR or curl commands.
 *
 *     struct mt_export *e = mt_export_new(&options, sink);
 *     while ((x = next()) != NULL)
 *         rc = mt_export_add(e, x);
 *     rc = mt_export_end(e);              // what is waiting, and the end
 *     mt_export_free(e);
 *
 * Streaming: memory does not grow with the number of exchanges. Bytes depend
 * on the options and the exchanges alone. docs/export.md lists every key.
 * Texts from the wire may be anything: the result is valid all the same.
 */
#ifndef MT_STORE_EXPORT_H
#define MT_STORE_EXPORT_H

#include "base/out.h"
#include "decode/exchange.h"

enum mt_export_format {
    MT_EXPORT_JSONL, /* one object a line; what is not there is left out */
    MT_EXPORT_CSV,   /* RFC 4180, with a header line */
    MT_EXPORT_HAR,   /* HAR 1.2; exchanges that are no HTTP are skipped */
    MT_EXPORT_CURL,  /* a command a line, without bodies; skips likewise */
};

struct mt_export_options {
    enum mt_export_format format;
    bool csv_raw;        /* do not put ' before texts that look like formulas */
    bool packets;        /* JSONL: list references to packets */
    const char *version; /* HAR's creator; NULL "" */
};

struct mt_export;

/* NULL: no memory. */
struct mt_export *mt_export_new(const struct mt_export_options *options,
                                struct mt_sink sink);
void mt_export_free(struct mt_export *e);

/* At times only one of so many connections was decoded: what is written from
 * now on says so. */
void mt_export_sample(struct mt_export *e, uint32_t one_of);

/* Returns 1 when it was written, 0 when it was skipped (HAR, curl), or the
 * sink's first error. */
int mt_export_add(struct mt_export *e, const struct mt_exchange *x);

/* Write what closes the document and flush. Returns 0 or the sink's error. */
int mt_export_end(struct mt_export *e);

/* Exchanges that the format has no place for, so far. */
uint64_t mt_export_skipped(const struct mt_export *e);

enum { MT_CURL_BYTES = 12288 };

/* A curl command that asks the same again, quoted for a shell: without the
 * body, which is never kept. False: it is no HTTP, or is longer than b or
 * MT_CURL_BYTES allow; then nothing was written. */
bool mt_put_curl(struct mt_buf *b, const struct mt_exchange *x);

/* Flush what is waiting: for a tail that somebody watches. */
int mt_export_flush(struct mt_export *e);

#endif
