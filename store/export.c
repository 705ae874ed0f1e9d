#include "store/export.h"

#include <stdlib.h>

#include "store/export_impl.h"

struct mt_export *mt_export_new(const struct mt_export_options *options,
                                struct mt_sink sink)
{
    struct mt_export *e = malloc(sizeof *e);
    if (e == NULL)
        return NULL;
    e->options = *options;
    e->skipped = 0;
    e->begun = false;
    e->first = true;
    e->names = false;
    e->sample_one_of = 0;
    mt_out_init(&e->out, sink);
    return e;
}

void mt_export_free(struct mt_export *e)
{
    free(e);
}

void mt_export_sample(struct mt_export *e, uint32_t one_of)
{
    e->sample_one_of = one_of;
}

static void begin(struct mt_export *e)
{
    if (e->begun)
        return;
    e->begun = true;
    if (e->options.format == MT_EXPORT_CSV)
        export_csv_header(e);
    if (e->options.format == MT_EXPORT_HAR)
        export_har_header(e);
}

int mt_export_add(struct mt_export *e, const struct mt_exchange *x)
{
    bool written = true;
    begin(e);
    switch (e->options.format) {
    case MT_EXPORT_JSONL:
        export_jsonl(e, x);
        break;
    case MT_EXPORT_CSV:
        export_csv(e, x);
        break;
    case MT_EXPORT_HAR:
        written = export_har(e, x);
        break;
    case MT_EXPORT_CURL:
        written = export_curl(e, x);
        break;
    }
    e->skipped += !written;
    return e->out.rc != 0 ? e->out.rc : written;
}

uint64_t mt_export_skipped(const struct mt_export *e)
{
    return e->skipped;
}

int mt_export_flush(struct mt_export *e)
{
    return mt_out_flush(&e->out);
}

int mt_export_end(struct mt_export *e)
{
    begin(e);
    if (e->options.format == MT_EXPORT_HAR)
        export_har_end(e);
    return mt_out_flush(&e->out);
}

const char *export_quality_text(unsigned bit)
{
    static const char *const texts[] = {
        "midstream", "truncated", "clock_step",     "decrypted",
        "inferred",  "clipped",   "packets_clipped"};
    return bit < sizeof texts / sizeof texts[0] ? texts[bit] : NULL;
}
