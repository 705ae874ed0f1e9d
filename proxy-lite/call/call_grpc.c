/* What is different where the answer is at the end. */
#include "proxy-lite/call/call_impl.h"

bool mt_call_hold(struct mt_call *c, const struct mt_head *h, bool end)
{
    struct mt_pool *pool = c->host->pool;
    if (!c->grpc || end || !c->ended || c->route->retry == NULL ||
        c->route->retry->grpc_codes == 0 || mt_head_has(h, MT_HEAD_GRPC_STATUS))
        return false;
    c->held = mt_pool_alloc(pool, sizeof *c->held);
    if (c->held == NULL)
        return false;
    mt_head_init(c->held, pool, MT_HEAD_MAX_BYTES);
    if (!mt_head_copy(c->held, h)) {
        mt_call_drop_held(c);
        return false;
    }
    mt_call_arm(c);
    return true;
}

void mt_call_drop_held(struct mt_call *c)
{
    if (c->held == NULL)
        return;
    mt_head_deinit(c->held);
    mt_pool_free(c->host->pool, c->held, sizeof *c->held);
    c->held = NULL;
}

void mt_call_count_messages(struct mt_call_messages *m, struct mt_span bytes)
{
    while (bytes.len > 0) {
        if (m->left > 0) {
            size_t n = bytes.len < m->left ? bytes.len : m->left;
            (void)mt_span_take(&bytes, n);
            m->left -= (uint32_t)n;
            m->count += m->left == 0;
            continue;
        }
        m->prefix[m->have++] = *mt_span_take(&bytes, 1).ptr;
        if (m->have < sizeof m->prefix)
            continue;
        m->have = 0;
        m->left = mt_be32(m->prefix + 1);
        m->count += m->left == 0;
    }
}
