#include "capture/tcp_queue.h"

#include <assert.h>

void mt_tcp_piece_skip(struct mt_tcp_piece *p, uint32_t n)
{
    assert(n <= mt_tcp_piece_len(p));
    uint32_t held = n < p->bytes.len ? n : (uint32_t)p->bytes.len;
    (void)mt_span_take(&p->bytes, held);
    p->cut -= n - held;
    p->seq += n;
}

static uint32_t piece_end(const struct mt_tcp_piece *p)
{
    return p->seq + mt_tcp_piece_len(p);
}

/* Put a copy of the first n bytes of p in front of *at. */
static bool put(struct mt_tcp_side *s, struct mt_pool *pool,
                struct mt_tcp_node **at, const struct mt_tcp_piece *p,
                uint32_t n)
{
    size_t held = n < p->bytes.len ? n : p->bytes.len;
    size_t size = sizeof(struct mt_tcp_node) + held;
    struct mt_tcp_node *node = mt_pool_alloc(pool, size);
    if (node == NULL)
        return false;

    uint8_t *copy = (uint8_t *)(node + 1);
    if (held > 0)
        memcpy(copy, p->bytes.ptr, held);
    *node = (struct mt_tcp_node){.next = *at, .piece = *p, .size = size};
    node->piece.bytes = (struct mt_span){.ptr = copy, .len = held};
    node->piece.cut = n - (uint32_t)held;
    *at = node;
    s->queued++;
    s->queued_bytes += n;
    return true;
}

/* Both start at the same number; bytes cut off cannot differ. */
static bool same_bytes(struct mt_span a, struct mt_span b, uint32_t n)
{
    size_t k = n;
    k = k < a.len ? k : a.len;
    k = k < b.len ? k : b.len;
    return k == 0 || memcmp(a.ptr, b.ptr, k) == 0;
}

/* Drop from p what node n has of it: p starts inside n. */
static void drop_common(struct mt_tcp_piece *p, const struct mt_tcp_node *n,
                        enum mt_tcp_overlap *overlap)
{
    uint32_t common = piece_end(&n->piece) - p->seq;
    if (common > mt_tcp_piece_len(p))
        common = mt_tcp_piece_len(p);
    struct mt_tcp_piece old = n->piece;
    mt_tcp_piece_skip(&old, p->seq - old.seq);
    bool same = same_bytes(old.bytes, p->bytes, common);
    if (!same)
        *overlap = MT_TCP_DIFFERENT;
    else if (*overlap == MT_TCP_FRESH)
        *overlap = MT_TCP_SAME;
    mt_tcp_piece_skip(p, common);
}

bool mt_tcp_queue_insert(struct mt_tcp_side *s, struct mt_pool *pool,
                         struct mt_tcp_piece *p, enum mt_tcp_overlap *overlap)
{
    struct mt_tcp_node **at = &s->queue;

    while (mt_tcp_piece_len(p) > 0) {
        struct mt_tcp_node *n = *at;
        if (n != NULL && mt_tcp_diff(piece_end(&n->piece), p->seq) <= 0) {
            at = &n->next;
            continue;
        }
        uint32_t fresh = mt_tcp_piece_len(p);
        if (n != NULL) {
            int32_t before = mt_tcp_diff(n->piece.seq, p->seq);
            if (before <= 0) {
                drop_common(p, n, overlap);
                continue;
            }
            fresh = (uint32_t)before < fresh ? (uint32_t)before : fresh;
        }
        if (!put(s, pool, at, p, fresh))
            return false;
        mt_tcp_piece_skip(p, fresh);
        at = &(*at)->next;
    }
    return true;
}

struct mt_tcp_node *mt_tcp_queue_pop(struct mt_tcp_side *s)
{
    struct mt_tcp_node *n = s->queue;
    assert(n != NULL && s->queued > 0);
    s->queue = n->next;
    s->queued--;
    s->queued_bytes -= mt_tcp_piece_len(&n->piece);
    return n;
}

void mt_tcp_node_free(struct mt_tcp_node *n, struct mt_pool *pool)
{
    mt_pool_free(pool, n, n->size);
}
