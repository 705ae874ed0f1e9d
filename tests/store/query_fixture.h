/* What the tests of questions share: filters, and a database of rows. */
#ifndef MT_TESTS_STORE_QUERY_FIXTURE_H
#define MT_TESTS_STORE_QUERY_FIXTURE_H

#include "store/filter.h"
#include "store_fixture.h"

static inline struct mt_filter *filter_of(const char *text)
{
    struct mt_filter *f;
    struct mt_filter_error e;
    const struct mt_time_ref ref = {.now_ns = T0};
    if (mt_filter_new(&f, mt_span_str(text), &ref, &e) != 0)
        fail_msg("filter %s: %s", text, e.text);
    return f;
}

/* Rows of every kind, `step_ns` apart. */
static inline void fill(const char *db, enum mt_writer_kind kind, int rows,
                        int64_t step_ns)
{
    struct maker m = {.seed = 23};
    struct mt_writer *w = writer_open(
        db, (struct mt_writer_options){.kind = kind, .batch_rows = 256});
    for (int i = 0; i < rows; i++) {
        writer_add(w, make(&m, T0 + i * step_ns));
        if (kind != MT_WRITER_OFFLINE && i % 100 == 99)
            assert_int_equal(mt_writer_commit(w, T0 + i * step_ns), 0);
    }
    writer_close(w);
}

typedef int question(struct mt_store *s, const struct mt_ask *ask,
                     struct mt_answer *a);

#endif
