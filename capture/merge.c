#include "capture/merge.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum head_state { HEAD_WANTED, HEAD_HERE, HEAD_LATE, HEAD_ENDED };

struct head {
    struct mt_source *source;
    struct mt_item item;
    enum head_state state;
};

struct mt_merge {
    struct head *heads;
    size_t count, cap;
    size_t last;
    /* While the last source's packets come before this one it is the next
     * again, and no other need be looked at. */
    bool runner_up_known;
    int64_t runner_up_ns;
    size_t runner_up;
    int64_t asked_ns; /* settled_ns when the late ones were last asked */
    bool ask_again;
    int64_t waiting_ns;
};

struct mt_merge *mt_merge_new(void)
{
    struct mt_merge *m = calloc(1, sizeof *m);
    if (m != NULL)
        m->ask_again = true;
    return m;
}

void mt_merge_free(struct mt_merge *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->count; i++)
        mt_source_free(m->heads[i].source);
    free(m->heads);
    free(m);
}

int mt_merge_add(struct mt_merge *m, struct mt_source *s)
{
    if (m->count == m->cap) {
        size_t cap = m->cap > 0 ? m->cap * 2 : 4;
        struct head *heads = realloc(m->heads, cap * sizeof *heads);
        if (heads == NULL) {
            mt_source_free(s);
            return -ENOMEM;
        }
        m->heads = heads;
        m->cap = cap;
    }
    m->heads[m->count++] = (struct head){.source = s, .state = HEAD_WANTED};
    m->runner_up_known = false;
    return 0;
}

size_t mt_merge_count(const struct mt_merge *m)
{
    return m->count;
}

struct mt_source *mt_merge_source(const struct mt_merge *m, size_t i)
{
    assert(i < m->count);
    return m->heads[i].source;
}

size_t mt_merge_last(const struct mt_merge *m)
{
    return m->last;
}

static void refill(struct head *h)
{
    int rc = mt_source_next(h->source, &h->item);
    h->state = rc == MT_EVENT  ? HEAD_HERE
               : rc == MT_MORE ? HEAD_LATE
                               : HEAD_ENDED;
}

static int give(struct mt_merge *m, size_t i, struct mt_item *item)
{
    m->last = i;
    m->heads[i].state = HEAD_WANTED;
    *item = m->heads[i].item;
    return MT_EVENT;
}

static bool before(int64_t a_ns, size_t a, int64_t b_ns, size_t b)
{
    return a_ns < b_ns || (a_ns == b_ns && a < b);
}

/* Refill what is wanted; returns a source whose item is no packet and so has
 * no place in time, or the count. Sets *late where one has nothing now. */
static size_t look(struct mt_merge *m, int64_t settled_ns, bool *late)
{
    bool ask = m->ask_again || settled_ns != m->asked_ns;
    *late = false;
    for (size_t i = 0; i < m->count; i++) {
        struct head *h = &m->heads[i];
        if (h->state == HEAD_WANTED || (ask && h->state == HEAD_LATE))
            refill(h);
        if (h->state == HEAD_HERE && h->item.kind != MT_ITEM_PACKET)
            return i;
        *late = *late || h->state == HEAD_LATE;
    }
    m->ask_again = false;
    m->asked_ns = settled_ns;
    return m->count;
}

/* The earliest packet, or the count; the one after it is the runner-up. */
static size_t choose(struct mt_merge *m)
{
    size_t best = m->count;
    m->runner_up = m->count;
    for (size_t i = 0; i < m->count; i++) {
        const struct head *h = &m->heads[i];
        if (h->state != HEAD_HERE)
            continue;
        int64_t ns = h->item.packet.ts_ns;
        if (best == m->count ||
            before(ns, i, m->heads[best].item.packet.ts_ns, best)) {
            m->runner_up = best;
            best = i;
        } else if (m->runner_up == m->count ||
                   before(ns, i, m->heads[m->runner_up].item.packet.ts_ns,
                          m->runner_up)) {
            m->runner_up = i;
        }
    }
    m->runner_up_ns = m->runner_up < m->count
                          ? m->heads[m->runner_up].item.packet.ts_ns
                          : INT64_MAX;
    return best;
}

/* The last source again, while its packets come before all others. */
static bool goes_on(struct mt_merge *m)
{
    if (!m->runner_up_known)
        return false;
    struct head *h = &m->heads[m->last];
    refill(h);
    m->runner_up_known =
        h->state == HEAD_HERE && h->item.kind == MT_ITEM_PACKET &&
        before(h->item.packet.ts_ns, m->last, m->runner_up_ns, m->runner_up);
    return m->runner_up_known;
}

static int give_none(struct mt_merge *m, int64_t waiting_ns)
{
    m->ask_again = true;
    m->waiting_ns = waiting_ns;
    return MT_MORE;
}

int mt_merge_next(struct mt_merge *m, int64_t settled_ns, struct mt_item *item)
{
    if (goes_on(m))
        return give(m, m->last, item);
    bool late;
    size_t i = look(m, settled_ns, &late);
    if (i < m->count)
        return give(m, i, item);
    i = choose(m);
    m->runner_up_known = i < m->count && !late;
    if (i == m->count)
        return late ? give_none(m, INT64_MAX) : MT_DONE;
    int64_t ns = m->heads[i].item.packet.ts_ns;
    if (late && ns > settled_ns)
        return give_none(m, ns);
    return give(m, i, item);
}

int64_t mt_merge_waiting_ns(const struct mt_merge *m)
{
    return m->waiting_ns;
}

bool mt_merge_is_late(const struct mt_merge *m, size_t i)
{
    assert(i < m->count);
    return m->heads[i].state == HEAD_LATE;
}
