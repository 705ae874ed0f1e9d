/* Losses: their totals, and when and where they grew; the sample. */
#include "store/writer_impl.h"

#define SECOND_NS INT64_C(1000000000)

#define LOSS_TEXT(name, text, unit, why, help) text,
#define LOSS_UNIT(name, text, unit, why, help) unit,
#define LOSS_WHY(name, text, unit, why, help) why,
#define LOSS_HELP(name, text, unit, why, help) help,

const char *mt_loss_text(unsigned loss)
{
    static const char *const texts[] = {MT_LOSSES(LOSS_TEXT)};
    return loss < MT_LOSS_COUNT ? texts[loss] : "?";
}

const char *mt_loss_unit(unsigned loss)
{
    static const char *const texts[] = {MT_LOSSES(LOSS_UNIT)};
    return loss < MT_LOSS_COUNT ? texts[loss] : "?";
}

const char *mt_loss_why(unsigned loss)
{
    static const char *const texts[] = {MT_LOSSES(LOSS_WHY)};
    return loss < MT_LOSS_COUNT ? texts[loss] : "?";
}

const char *mt_loss_help(unsigned loss)
{
    static const char *const texts[] = {MT_LOSSES(LOSS_HELP)};
    return loss < MT_LOSS_COUNT ? texts[loss] : "?";
}

/* --- when and where --- */

/* The one of this kind and second; NULL: there is none yet. */
static struct mt_loss_op *find_op(struct mt_writer *w, enum mt_loss loss,
                                  int64_t ns)
{
    for (uint32_t i = w->loss_ops_count; i-- > 0;)
        if (w->loss_ops[i].loss == loss)
            return w->loss_ops[i].ns / SECOND_NS == ns / SECOND_NS
                       ? &w->loss_ops[i]
                       : NULL;
    return NULL;
}

static int note_time(struct mt_writer *w, enum mt_loss loss, uint64_t n,
                     int64_t ns)
{
    if (ns == 0)
        ns = w->options.kind == MT_WRITER_OFFLINE ? w->newest_ns : w->now_ns;
    struct mt_loss_op *op = find_op(w, loss, ns);
    if (op != NULL) {
        op->n += n;
        return 0;
    }
    int rc = w->loss_ops_count == MT_LOSS_OPS_MAX
                 ? mt_writer_flush(w, w->now_ns)
                 : 0;
    if (rc == 0)
        w->loss_ops[w->loss_ops_count++] = (struct mt_loss_op){
            .ns = ns, .n = n, .row = w->rows_count, .loss = (uint8_t)loss};
    return rc;
}

static int put_time(struct mt_writer *w, const struct mt_loss_op *op)
{
    int64_t row = w->options.no_rows ? 0 : op->row;
    const int64_t values[] = {w->id, op->loss, op->ns, (int64_t)op->n,
                              w->first_id + row};
    for (int i = 0; i < (int)(sizeof values / sizeof values[0]); i++)
        (void)sqlite3_bind_int64(w->put_loss_time, i + 1, values[i]);
    return mt_store_run(w->put_loss_time);
}

/* --- totals --- */

static int set_total(struct mt_writer *w, enum mt_loss loss, uint64_t total,
                     int64_t now_ns)
{
    uint64_t before = w->losses[loss];
    if (w->rc != 0 || before == total)
        return w->rc;
    w->losses[loss] = total;
    w->losses_dirty |= 1u << loss;
    if (total < before || mt_loss_why(loss)[0] == '\0')
        return 0;
    return note_time(w, loss, total - before, now_ns);
}

int mt_writer_loss(struct mt_writer *w, enum mt_loss loss, uint64_t total,
                   int64_t now_ns)
{
    return set_total(w, loss, total + w->own_losses[loss], now_ns);
}

int mt_writer_lose(struct mt_writer *w, enum mt_loss loss, uint64_t n,
                   int64_t now_ns)
{
    w->own_losses[loss] += n;
    return set_total(w, loss, w->losses[loss] + n, now_ns);
}

void mt_writer_sampled(struct mt_writer *w, uint32_t one_of)
{
    if (one_of > w->sampled)
        w->sampled = one_of;
}

static int put_sampled(struct mt_writer *w)
{
    sqlite3_stmt *st = NULL;
    if (w->sampled == w->sampled_written)
        return 0;
    int rc = mt_store_prepare(w->store.db, &st,
                              "INSERT INTO meta VALUES('sample_one_of',?) ON "
                              "CONFLICT(key) DO UPDATE SET "
                              "value=max(value,excluded.value)");
    if (rc == 0) {
        (void)sqlite3_bind_int64(st, 1, w->sampled);
        rc = mt_store_run(st);
    }
    (void)sqlite3_finalize(st);
    return rc;
}

int mt_writer_put_losses(struct mt_writer *w)
{
    int rc = put_sampled(w);
    for (unsigned i = 0; rc == 0 && i < MT_LOSS_COUNT; i++) {
        if ((w->losses_dirty & 1u << i) == 0)
            continue;
        (void)sqlite3_bind_int64(w->put_loss, 1, w->id);
        (void)sqlite3_bind_int(w->put_loss, 2, (int)i);
        (void)sqlite3_bind_int64(w->put_loss, 3, (int64_t)w->losses[i]);
        rc = mt_store_run(w->put_loss);
    }
    for (uint32_t i = 0; rc == 0 && i < w->loss_ops_count; i++)
        rc = put_time(w, &w->loss_ops[i]);
    return rc;
}
