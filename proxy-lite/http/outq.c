#include "proxy-lite/http/outq.h"

/* A block of our own, or bytes that are lent. */
struct mt_outq_piece {
    struct mt_outq_piece *next;
    const uint8_t *from; /* not yet sent */
    size_t bytes;
    size_t room; /* behind them, in a block; of what is lent 0 */
    bool lent;
};

enum { CAPACITY = MT_OUTQ_BLOCK_BYTES - sizeof(struct mt_outq_piece) };

static uint8_t *block_of(struct mt_outq_piece *p)
{
    return (uint8_t *)(p + 1);
}

void mt_outq_init(struct mt_outq *q, struct mt_pool *pool)
{
    *q = (struct mt_outq){.pool = pool};
}

static void free_piece(struct mt_outq *q, struct mt_outq_piece *p)
{
    mt_pool_free(q->pool, p, p->lent ? sizeof *p : MT_OUTQ_BLOCK_BYTES);
}

static void link_last(struct mt_outq *q, struct mt_outq_piece *p)
{
    p->next = NULL;
    if (q->last != NULL)
        q->last->next = p;
    else
        q->first = p;
    q->last = p;
}

static struct mt_outq_piece *unlink_first(struct mt_outq *q)
{
    struct mt_outq_piece *p = q->first;
    q->first = p->next;
    if (q->first == NULL)
        q->last = NULL;
    return p;
}

static void drop_first(struct mt_outq *q)
{
    free_piece(q, unlink_first(q));
}

void mt_outq_deinit(struct mt_outq *q)
{
    while (q->first != NULL)
        drop_first(q);
    mt_outq_init(q, q->pool);
}

static struct mt_outq_piece *append(struct mt_outq *q, size_t size)
{
    struct mt_outq_piece *p = mt_pool_alloc(q->pool, size);
    if (p == NULL) {
        q->failed = true;
        return NULL;
    }
    *p = (struct mt_outq_piece){.from = block_of(p)};
    link_last(q, p);
    return p;
}

static struct mt_outq_piece *append_block(struct mt_outq *q)
{
    struct mt_outq_piece *p = append(q, MT_OUTQ_BLOCK_BYTES);
    if (p != NULL)
        p->room = CAPACITY;
    return p;
}

uint8_t *mt_outq_room(struct mt_outq *q, size_t n)
{
    assert(n <= MT_OUTQ_ROOM_MAX);
    struct mt_outq_piece *p = q->last;
    if (p == NULL || p->room < n)
        p = append_block(q);
    return p != NULL ? block_of(p) + (CAPACITY - p->room) : NULL;
}

void mt_outq_used(struct mt_outq *q, size_t n)
{
    struct mt_outq_piece *p = q->last;
    assert(n <= p->room);
    p->bytes += n;
    p->room -= n;
    q->bytes += n;
}

bool mt_outq_put(struct mt_outq *q, struct mt_span bytes)
{
    while (bytes.len > 0) {
        struct mt_outq_piece *p = q->last;
        if (p == NULL || p->room == 0)
            p = append_block(q);
        if (p == NULL)
            return false;
        size_t n = bytes.len < p->room ? bytes.len : p->room;
        memcpy(block_of(p) + (CAPACITY - p->room), bytes.ptr, n);
        mt_outq_used(q, n);
        (void)mt_span_take(&bytes, n);
    }
    return true;
}

bool mt_outq_lend(struct mt_outq *q, struct mt_span bytes)
{
    if (bytes.len == 0)
        return true;
    struct mt_outq_piece *p = append(q, sizeof *p);
    if (p == NULL)
        return false;
    p->from = bytes.ptr;
    p->bytes = bytes.len;
    p->lent = true;
    q->bytes += bytes.len;
    q->lent = true;
    return true;
}

/* What was put between lent pieces is copied with them, in order. */
bool mt_outq_settle(struct mt_outq *q)
{
    if (!q->lent)
        return !q->failed;
    struct mt_outq old = *q;
    mt_outq_init(q, old.pool);
    q->failed = old.failed;
    while (old.first != NULL && !old.first->lent) { /* they stay */
        struct mt_outq_piece *p = unlink_first(&old);
        link_last(q, p);
        q->bytes += p->bytes;
    }
    for (; old.first != NULL; drop_first(&old))
        if (!q->failed)
            (void)mt_outq_put(
                q, (struct mt_span){old.first->from, old.first->bytes});
    return !q->failed;
}

/* Some of the first piece. */
static bool move_part(struct mt_outq *from, struct mt_outq *to, size_t n)
{
    const struct mt_outq_piece *p = from->first;
    struct mt_span bytes = {p->from, n};
    bool moved = p->lent ? mt_outq_lend(to, bytes) : mt_outq_put(to, bytes);
    mt_outq_sent(from, n);
    return moved;
}

bool mt_outq_move(struct mt_outq *from, struct mt_outq *to, size_t n)
{
    assert(n <= from->bytes && from->pool == to->pool);
    while (n > 0) {
        struct mt_outq_piece *p = from->first;
        if (p->bytes > n)
            return move_part(from, to, n);
        n -= p->bytes;
        from->bytes -= p->bytes;
        to->bytes += p->bytes;
        to->lent = to->lent || p->lent;
        link_last(to, unlink_first(from));
    }
    from->lent = from->lent && from->bytes > 0;
    return true;
}

int mt_outq_peek(const struct mt_outq *q, struct iovec *iov, int max)
{
    int n = 0;
    for (struct mt_outq_piece *p = q->first; p != NULL && n < max;
         p = p->next) {
        if (p->bytes == 0)
            continue;
        /* iovec is for reading and writing alike */
        union {
            const uint8_t *from;
            void *base;
        } bytes = {.from = p->from};
        iov[n++] = (struct iovec){.iov_base = bytes.base, .iov_len = p->bytes};
    }
    return n;
}

void mt_outq_sent(struct mt_outq *q, size_t n)
{
    assert(n <= q->bytes);
    q->bytes -= n;
    while (n > 0) {
        struct mt_outq_piece *p = q->first;
        size_t of_it = n < p->bytes ? n : p->bytes;
        p->from += of_it;
        p->bytes -= of_it;
        n -= of_it;
        if (p->bytes == 0)
            drop_first(q);
    }
    while (q->first != NULL && q->bytes == 0)
        drop_first(q); /* an idle connection holds nothing */
    q->lent = q->lent && q->bytes > 0;
}
