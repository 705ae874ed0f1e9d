#include "cli/each_open.h"

#define LOOK_EVERY_NS INT64_C(1000000000)

static void give(struct mt_each *each, const struct mt_exchange *x,
                 int64_t now_ns)
{
    each->opened++;
    each->open(each->context, x, now_ns);
}

static bool is_first(struct mt_each_open *o, uint64_t conn, uint64_t stream)
{
    for (uint32_t i = 0; i < o->count; i++)
        if (o->told[i].conn == conn && o->told[i].stream == stream)
            return false;
    o->told[o->next].conn = conn;
    o->told[o->next].stream = stream;
    o->next = (o->next + 1) % MT_EACH_OPEN_MAX;
    if (o->count < MT_EACH_OPEN_MAX)
        o->count++;
    return true;
}

void mt_each_open_tell(struct mt_each_open *o, struct mt_each *each,
                       const struct mt_exchange *x, int64_t now_ns)
{
    if (x->kind != MT_KIND_L4 && /* it waits for none */
        is_first(o, x->conn, x->stream))
        give(each, x, now_ns);
}

/* ---- databases ---- */

struct look {
    struct mt_each_open *o;
    struct mt_each *each;
    int64_t now_ns;
    uint64_t lines, more;
};

static int each_row(void *arg, const struct mt_open_row *row)
{
    struct look *l = arg;
    if (row->kind == MT_KIND_L4 || !is_first(l->o, row->conn, row->stream))
        return 0;
    if (l->lines < MT_EACH_OPEN_LINES) {
        const struct mt_exchange x = mt_open_so_far(row, l->now_ns);
        l->lines++;
        give(l->each, &x, l->now_ns);
    } else {
        l->more++;
    }
    return 0;
}

int mt_each_open_look(struct mt_each_open *o, struct mt_each *each,
                      const struct mt_view *v, int64_t now_ns)
{
    struct look l = {.o = o, .each = each};
    const struct mt_ask ask = {
        .from_ns = INT64_MIN, .to_ns = INT64_MAX, .filter = v->filter};
    if (each->open == NULL || now_ns - o->looked_ns < LOOK_EVERY_NS)
        return 0;
    o->looked_ns = now_ns;
    bool live;
    int rc = mt_query_now(v->store, now_ns, &l.now_ns, &live);
    if (rc == 0)
        rc = mt_query_running(v->store, &ask, each_row, &l);
    if (rc == 0 && l.more > 0)
        each->more_open(each->context, l.more);
    return rc;
}
