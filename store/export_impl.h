/**
 * export_impl.h - shared by export*.c.
 */
#ifndef MT_STORE_EXPORT_IMPL_H
#define MT_STORE_EXPORT_IMPL_H

#include "store/export.h"

struct mt_export {
    struct mt_export_options options;
    uint64_t skipped;
    bool begun;             /* the header was written */
    bool first;             /* no column, or no entry, was written yet */
    bool names;             /* CSV: names are written, not values */
    uint32_t sample_one_of; /* 0 or 1: everything was decoded */
    struct mt_out out;
};

void export_jsonl(struct mt_export *e, const struct mt_exchange *x);
void export_csv_header(struct mt_export *e);
void export_csv(struct mt_export *e, const struct mt_exchange *x);
void export_har_header(struct mt_export *e);
bool export_har(struct mt_export *e, const struct mt_exchange *x);
void export_har_end(struct mt_export *e);
bool export_curl(struct mt_export *e, const struct mt_exchange *x);

/* Names of bits of mt_exchange.quality; NULL after the last. */
const char *export_quality_text(unsigned bit);

#endif
