/* Cells of edges alone: saturation, and bytes of what still runs. */
#include "store/writer_impl.h"

/* Room in the tally for one more cell beside those that rows may need. */
int mt_writer_room(struct mt_writer *w)
{
    if (w->tally.count + (w->rows_max - w->rows_count) + 1 < w->tally.max)
        return 0;
    return mt_writer_flush(w, w->now_ns);
}

static void raise_to(uint64_t *max, uint64_t value)
{
    if (value > *max)
        *max = value;
}

void mt_writer_note_open(struct mt_writer *w, uint32_t edge, int change,
                         int64_t ns)
{
    struct mt_edge_ref *e = &w->shapes.edge[edge];
    e->open += (uint32_t)change;
    if (change > 0)
        raise_to(&mt_tally_edge(&w->tally, edge, ns)->open_max, e->open);
}

/* The row's own cell of the edge has all its bytes, in the same place and
 * transaction: their sum, modulo 2^64, is the rest. */
void mt_writer_untell(struct mt_writer *w, uint32_t edge, int64_t ns,
                      const uint64_t told[2])
{
    if ((told[MT_CLIENT] | told[MT_SERVER]) == 0)
        return;
    struct mt_counts *n = mt_tally_edge(&w->tally, edge, ns);
    n->bytes_in -= told[MT_CLIENT];
    n->bytes_out -= told[MT_SERVER];
}

/* --- connections that last --- */

struct mt_conn_slot *mt_writer_conn_slot(struct mt_writer *w, uint64_t conn)
{
    struct mt_conn_slot *slot = mt_writer_conn_place(w, conn);
    return slot->used && slot->conn == conn ? slot : NULL;
}

void mt_writer_forget_conn(struct mt_writer *w, struct mt_conn_slot *slot)
{
    if (slot->counted)
        w->shapes.edge[slot->edge].conns--;
    slot->counted = false;
}

void mt_writer_set_edge(struct mt_writer *w, uint64_t conn, uint32_t edge)
{
    struct mt_conn_slot *slot = mt_writer_conn_slot(w, conn);
    if (slot == NULL || slot->edge == edge)
        return;
    if (slot->counted) {
        w->shapes.edge[slot->edge].conns--;
        w->shapes.edge[edge].conns++;
    }
    slot->edge = edge;
}

/* One that is reported once only, at its end, did not last. */
static void count_conn(struct mt_writer *w, struct mt_conn_slot *slot,
                       const struct mt_conn_report *r)
{
    if (!slot->counted && !r->closed) {
        slot->counted = true;
        w->shapes.edge[slot->edge].conns++;
    }
}

static void add_report(struct mt_counts *n, const struct mt_conn_report *r)
{
    if (r->handshake_ns > 0) {
        n->handshakes++;
        n->handshake_sum_ns += (uint64_t)r->handshake_ns;
        raise_to(&n->handshake_max_ns, (uint64_t)r->handshake_ns);
    }
    for (int role = 0; role < 2; role++) {
        n->retransmissions[role] += r->retransmissions[role];
        n->zero_windows[role] += r->zero_windows[role];
    }
}

int mt_writer_report_now(struct mt_writer *w,
                         const struct mt_conn_report *report)
{
    if (w->rc != 0)
        return w->rc;
    struct mt_conn_slot *slot = mt_writer_conn_slot(w, report->conn);
    if (slot == NULL)
        return 0;
    int rc = mt_writer_room(w);
    if (rc != 0)
        return rc;
    count_conn(w, slot, report);
    struct mt_counts *n = mt_tally_edge(&w->tally, slot->edge, report->ts_ns);
    add_report(n, report);
    raise_to(&n->conns_max, w->shapes.edge[slot->edge].conns);
    if (report->closed)
        mt_writer_forget_conn(w, slot);
    return 0;
}
