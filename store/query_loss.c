/* What is missing: losses, by kind and by time, and the sample. */
#include "base/text.h"
#include "store/query_impl.h"

int mt_query_losses(struct mt_store *s, uint64_t totals[MT_LOSS_COUNT])
{
    sqlite3_stmt *st = NULL;
    memset(totals, 0, MT_LOSS_COUNT * sizeof totals[0]);
    mt_store_begin(s);
    int step = SQLITE_DONE;
    int rc = mt_store_prepare(s->db, &st, "SELECT kind,total FROM loss");
    while (rc == 0 && (step = sqlite3_step(st)) == SQLITE_ROW) {
        int64_t kind = sqlite3_column_int64(st, 0);
        int64_t total = sqlite3_column_int64(st, 1);
        if (kind >= 0 && kind < MT_LOSS_COUNT && total > 0)
            totals[kind] += (uint64_t)total;
    }
    if (rc == 0)
        rc = mt_store_rc_of(s->db, step);
    (void)sqlite3_finalize(st);
    return rc;
}

/* Ids are in the order of places: a transaction gives both. */
static int prepare_lost(struct mt_store *s, const struct mt_lost_scan *scan,
                        sqlite3_stmt **st)
{
    bool newest = scan->order == MT_NEWEST_FIRST;
    int rc = mt_store_prepare(
        s->db, st,
        newest ? "SELECT id,kind,ns,n,before FROM loss_time WHERE id<?1 AND "
                 "ns>=?2 AND ns<?3 ORDER BY id DESC"
               : "SELECT id,kind,ns,n,before FROM loss_time WHERE id>?1 AND "
                 "ns>=?2 AND ns<?3 ORDER BY id");
    if (rc != 0)
        return rc;
    int64_t after =
        newest && scan->after_id == 0 ? INT64_MAX : (int64_t)scan->after_id;
    (void)sqlite3_bind_int64(*st, 1, after);
    (void)sqlite3_bind_int64(*st, 2, scan->from_ns);
    (void)sqlite3_bind_int64(*st, 3, scan->to_ns);
    return 0;
}

int mt_query_lost(struct mt_store *s, const struct mt_lost_scan *scan,
                  int (*each)(void *arg, const struct mt_lost *lost), void *arg)
{
    sqlite3_stmt *st = NULL;
    mt_store_begin(s);
    int step, rc = prepare_lost(s, scan, &st);
    while (rc == 0 && (step = sqlite3_step(st)) != SQLITE_DONE) {
        rc = mt_store_rc_of(s->db, step);
        if (rc != 0)
            break;
        int64_t kind = sqlite3_column_int64(st, 1);
        int64_t n = sqlite3_column_int64(st, 3);
        if (kind < 0 || kind >= MT_LOSS_COUNT || n <= 0)
            continue; /* of a newer meshtop, or damaged */
        const struct mt_lost lost = {
            .id = (uint64_t)sqlite3_column_int64(st, 0),
            .loss = (uint8_t)kind,
            .ns = sqlite3_column_int64(st, 2),
            .count = (uint64_t)n,
            .before_id = (uint64_t)sqlite3_column_int64(st, 4)};
        rc = each(arg, &lost);
    }
    (void)sqlite3_finalize(st);
    return rc;
}

void mt_put_lost(struct mt_buf *b, unsigned loss, uint64_t count)
{
    const char *unit = mt_loss_unit(loss);
    if (unit[0] == '\0') {
        mt_put_bytes(b, count);
    } else {
        mt_put_count(b, count);
        mt_put_char(b, ' ');
        mt_put_str(b, unit);
        mt_put_str(b, count == 1 ? "" : "s");
    }
}

void mt_put_lost_here(struct mt_buf *b, const struct mt_lost *lost, bool ascii)
{
    const char *rule = ascii ? "--" : "\xe2\x94\x80\xe2\x94\x80";
    mt_put_str(b, rule);
    mt_put_char(b, ' ');
    mt_put_lost(b, lost->loss, lost->count);
    mt_put_str(b, " lost here: ");
    mt_put_str(b, mt_loss_why(lost->loss));
    mt_put_char(b, ' ');
    mt_put_str(b, rule);
}

int mt_query_sample(struct mt_store *s, uint32_t *one_of)
{
    int64_t value;
    int rc = mt_store_number(
        s->db, "SELECT value FROM meta WHERE key='sample_one_of'", 0, &value);
    *one_of = value > 0 && value <= UINT32_MAX ? (uint32_t)value : 0;
    return rc;
}
