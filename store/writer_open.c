/* What is not a row: exchanges that are still open, and sources. */
#include <stdlib.h>
#include <string.h>

#include "store/writer_impl.h"

enum { OPEN_TEXT_MAX = 256, OPEN_METHOD_MAX = 32 };

/* --- the set of exchanges that have an open row --- */

static uint32_t home_of(uint64_t conn, uint64_t stream)
{
    uint64_t mixed = (conn * UINT64_C(0x9e3779b97f4a7c15)) ^
                     (stream * UINT64_C(0xc2b2ae3d27d4eb4f));
    return (uint32_t)(mixed >> 40) % MT_OPEN_SLOTS;
}

static uint32_t find_slot(const struct mt_writer *w, uint64_t conn,
                          uint64_t stream)
{
    uint32_t at = home_of(conn, stream);
    while (w->open_slots[at].used && (w->open_slots[at].conn != conn ||
                                      w->open_slots[at].stream != stream))
        at = (at + 1) % MT_OPEN_SLOTS;
    return at;
}

/* Close the hole, so that searches never stop too early. */
static void remove_slot(struct mt_writer *w, uint32_t hole)
{
    w->open_slots[hole].used = false;
    w->open_count--;
    for (uint32_t at = (hole + 1) % MT_OPEN_SLOTS; w->open_slots[at].used;
         at = (at + 1) % MT_OPEN_SLOTS) {
        uint32_t home =
            home_of(w->open_slots[at].conn, w->open_slots[at].stream);
        uint32_t from_home = (at - home) % MT_OPEN_SLOTS;
        uint32_t from_hole = (at - hole) % MT_OPEN_SLOTS;
        if (from_home < from_hole)
            continue;
        w->open_slots[hole] = w->open_slots[at];
        w->open_slots[at].used = false;
        hole = at;
    }
}

/* --- open exchanges --- */

static struct mt_open_op *next_op(struct mt_writer *w)
{
    return w->opens_count < w->opens_max ? &w->opens[w->opens_count++] : NULL;
}

static struct mt_span clipped(struct mt_span s, size_t max)
{
    if (s.len > max)
        s.len = max;
    return s;
}

static uint32_t edge_of(struct mt_writer *w, const struct mt_exchange *x)
{
    const uint32_t parties[2] = {
        [MT_SERVER] = mt_services_server(w->services, x),
        [MT_CLIENT] = mt_services_client(w->services, x)};
    return mt_shapes_edge(&w->shapes, x, parties);
}

/* A connection that runs is no request that waits. */
static bool waits(const struct mt_exchange *x)
{
    return x->kind != MT_KIND_L4;
}

/* The slot of an open exchange, made if it is new; NULL where there are too
 * many. Its edge may change: a response shows that it is a stream. */
static struct mt_conn_stream *
open_slot(struct mt_writer *w, const struct mt_exchange *x, int64_t now_ns)
{
    struct mt_conn_stream *slot =
        &w->open_slots[find_slot(w, x->conn, x->stream)];
    if (!slot->used && w->open_count >= MT_OPEN_MAX)
        return NULL;
    uint32_t edge = edge_of(w, x);
    if (edge == MT_INTERN_NONE)
        return NULL;
    bool moved = slot->used && slot->edge != edge;
    if (moved && slot->waits)
        mt_writer_note_open(w, slot->edge, -1, now_ns);
    if (!slot->used) {
        *slot = (struct mt_conn_stream){.conn = x->conn,
                                        .stream = x->stream,
                                        .waits = waits(x),
                                        .used = true};
        w->open_count++;
        moved = true;
    }
    slot->edge = edge;
    if (moved && slot->waits)
        mt_writer_note_open(w, edge, 1, now_ns);
    return slot;
}

/* What came since it was last told. */
static void tell_bytes(struct mt_writer *w, struct mt_conn_stream *slot,
                       const struct mt_exchange *x, int64_t now_ns)
{
    const uint64_t bytes[2] = {
        [MT_CLIENT] = x->req.header_bytes + x->req.body_bytes,
        [MT_SERVER] = x->resp.header_bytes + x->resp.body_bytes};
    if (w->options.no_running)
        return;
    struct mt_counts *n = mt_tally_edge(&w->tally, slot->edge, now_ns);
    for (int role = 0; role < 2; role++) {
        if (bytes[role] <= slot->told[role])
            continue;
        uint64_t *sum = role == MT_CLIENT ? &n->bytes_in : &n->bytes_out;
        *sum += bytes[role] - slot->told[role];
        slot->told[role] = bytes[role];
    }
}

int mt_writer_open_now(struct mt_writer *w, const struct mt_exchange *x,
                       int64_t now_ns)
{
    if (w->rc != 0)
        return w->rc;
    struct mt_exchange shadow;
    bool full = w->opens_count == w->opens_max ||
                w->bytes_used > MT_PENDING_BYTES - MT_PENDING_ROW_MAX;
    int rc = full ? mt_writer_flush(w, w->now_ns) : mt_writer_room(w);
    if (rc == 0)
        rc = mt_writer_observe(w, &x, &shadow);
    if (rc != 0)
        return rc;
    struct mt_conn_stream *slot = open_slot(w, x, now_ns);
    struct mt_open_op *op = slot != NULL ? next_op(w) : NULL;
    if (op == NULL)
        return 0; /* enough to see that something hangs */
    tell_bytes(w, slot, x, now_ns);
    *op = (struct mt_open_op){
        .conn = x->conn,
        .stream = x->stream,
        .start_ns = x->req.start_ns != 0 ? x->req.start_ns : x->resp.start_ns,
        .seen_ns = now_ns,
        .told = {slot->told[0], slot->told[1]},
        .edge = slot->edge,
        .status = x->status,
        .method = mt_writer_keep(w, clipped(x->method, OPEN_METHOD_MAX)),
        .authority = mt_writer_keep(w, clipped(x->authority, OPEN_TEXT_MAX)),
        .path = mt_writer_keep(w, clipped(x->path, OPEN_TEXT_MAX))};
    (void)mt_writer_note_conn(w, x);
    mt_writer_set_edge(w, x->conn, slot->edge);
    return 0;
}

void mt_writer_end_open(struct mt_writer *w, uint64_t conn, uint64_t stream,
                        uint64_t told[2])
{
    told[0] = told[1] = 0;
    if (w->open_count == 0)
        return;
    uint32_t at = find_slot(w, conn, stream);
    struct mt_conn_stream *slot = &w->open_slots[at];
    if (!slot->used)
        return;
    told[0] = slot->told[0];
    told[1] = slot->told[1];
    if (slot->waits)
        mt_writer_note_open(w, slot->edge, -1, 0);
    remove_slot(w, at);
    struct mt_open_op *op = next_op(w);
    if (op != NULL)
        *op =
            (struct mt_open_op){.conn = conn, .stream = stream, .ended = true};
}

int mt_writer_dropped_now(struct mt_writer *w, uint64_t conn, uint64_t stream)
{
    uint64_t told[2];
    if (w->rc == 0 && w->opens_count == w->opens_max)
        (void)mt_writer_flush(w, w->now_ns);
    if (w->rc == 0)
        mt_writer_end_open(w, conn, stream, told);
    return w->rc;
}

static int put_open(struct mt_writer *w, const struct mt_open_op *op)
{
    sqlite3_stmt *st = op->ended ? w->drop_open : w->put_open;
    (void)sqlite3_bind_int64(st, 1, w->id);
    (void)sqlite3_bind_int64(st, 2, mt_writer_conn_id(w, op->conn));
    (void)sqlite3_bind_int64(st, 3, (int64_t)op->stream);
    if (!op->ended) {
        (void)sqlite3_bind_int64(st, 4, w->shapes.edge[op->edge].id);
        (void)sqlite3_bind_int64(st, 5, op->start_ns);
        (void)sqlite3_bind_int64(st, 6, op->seen_ns);
        (void)sqlite3_bind_int(st, 7, op->status);
        (void)mt_bind_span(st, 8, mt_writer_piece(w, op->method), false);
        (void)mt_bind_span(st, 9, mt_writer_piece(w, op->authority), false);
        (void)mt_bind_span(st, 10, mt_writer_piece(w, op->path), false);
        (void)sqlite3_bind_int64(st, 11, (int64_t)op->told[MT_CLIENT]);
        (void)sqlite3_bind_int64(st, 12, (int64_t)op->told[MT_SERVER]);
    }
    return mt_store_run(st);
}

int mt_writer_put_opens(struct mt_writer *w)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < w->opens_count; i++)
        rc = put_open(w, &w->opens[i]);
    return rc;
}

/* --- sources --- */

/* Sources are few, and numbered from 0: the list grows as they come. */
static bool room_for_source(struct mt_writer *w, uint32_t number)
{
    if (number < w->sources_count)
        return true;
    if (number >= MT_SOURCES_MAX)
        return false;
    size_t count = (size_t)number + 1;
    struct mt_source_slot *list = realloc(w->sources, count * sizeof *list);
    if (list == NULL)
        return false;
    memset(list + w->sources_count, 0,
           (count - w->sources_count) * sizeof *list);
    w->sources = list;
    w->sources_count = (uint32_t)count;
    return true;
}

int mt_writer_source(struct mt_writer *w, uint32_t number,
                     const struct mt_source_info *info)
{
    if (w->rc != 0)
        return w->rc;
    if (!room_for_source(w, number))
        return MT_STORE_ENOMEM;
    struct mt_source_slot *s = &w->sources[number];
    if (s->path == NULL || strcmp(s->path, info->path) != 0) {
        char *path = strdup(info->path);
        if (path == NULL)
            return MT_STORE_ENOMEM;
        free(s->path);
        s->path = path;
    }
    s->info = *info;
    s->info.path = NULL;
    s->known = s->dirty = true;
    w->sources_dirty = true;
    return 0;
}

int mt_writer_put_sources(struct mt_writer *w)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && w->sources_dirty && i < w->sources_count;
         i++) {
        const struct mt_source_slot *s = &w->sources[i];
        if (!s->dirty)
            continue;
        sqlite3_stmt *st = w->put_source;
        (void)sqlite3_bind_int64(st, 1, w->id);
        (void)sqlite3_bind_int64(st, 2, i);
        (void)sqlite3_bind_text(st, 3, s->path, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int64(st, 4, (int64_t)s->info.size_bytes);
        (void)sqlite3_bind_int64(st, 5, (int64_t)s->info.inode);
        (void)sqlite3_bind_int64(st, 6, (int64_t)s->info.packets);
        (void)sqlite3_bind_int64(st, 7, s->info.first_ns);
        (void)sqlite3_bind_int64(st, 8, s->info.last_ns);
        rc = mt_store_run(st);
    }
    return rc;
}
