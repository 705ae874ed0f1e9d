/* Which version of HTTP a client speaks. */
#include <string.h>

#include "proxy-lite/loop/thread_impl.h"

/* A side in the place of the one that was. False: no memory; then it speaks
 * HTTP/1 still. */
static bool become_h2(struct mt_link *l, const struct mt_side *was)
{
    const struct mt_addr local = was->local, remote = was->remote;
    uint64_t conn = was->conn;
    struct mt_pool *pool = &l->thread->pool;
    bool made = mt_h2_server_init(&l->sides.h2, pool, &mt_link_owner, l);
    if (!made)
        mt_h1_server_init(&l->sides.h1, pool, &mt_link_owner, l);
    l->side = made ? &l->sides.h2.side : &l->sides.h1.side;
    l->side->local = local;
    l->side->remote = remote;
    l->side->conn = conn;
    return made;
}

bool mt_link_decide(struct mt_link *l, struct mt_span bytes)
{
    static const uint8_t preface[] = MT_H2_PREFACE;
    size_t rest = MT_H2_PREFACE_BYTES - l->heard;
    size_t n = bytes.len < rest ? bytes.len : rest;
    bool is_h2 = memcmp(bytes.ptr, preface + l->heard, n) == 0;
    if (is_h2 && n < rest) {
        l->heard = (uint8_t)(l->heard + n);
        return true;
    }
    const struct mt_span heard = {preface, l->heard};
    l->undecided = false;
    if (is_h2) {
        const struct mt_h1_side was = l->sides.h1;
        l->side->ops->deinit(l->side);
        if (!become_h2(l, &was.side)) {
            mt_link_close(l);
            return true;
        }
    }
    if (heard.len > 0)
        l->side->ops->feed(l->side, heard, l->thread->host.now_ns);
    return false;
}

static void feed_held(struct mt_link *l, const struct mt_outq *held)
{
    enum { PIECES = 32 };
    struct iovec iov[PIECES];
    int n = mt_outq_peek(held, iov, PIECES);
    for (int i = 0; i < n; i++)
        l->side->ops->feed(l->side,
                           (struct mt_span){iov[i].iov_base, iov[i].iov_len},
                           l->thread->host.now_ns);
}

void mt_link_upgrade(struct mt_link *l)
{
    static const char changing[] = "HTTP/1.1 101 Switching Protocols\r\n"
                                   "Connection: Upgrade\r\n"
                                   "Upgrade: h2c\r\n\r\n";
    struct mt_h1_side was = l->sides.h1; /* its texts stay where they are */
    struct mt_head *request = &was.reader.head;
    l->upgrading = false;
    bool made = become_h2(l, &was.side) &&
                mt_outq_put(&l->side->out, mt_span_str(changing)) &&
                mt_h2_server_upgrade(
                    &l->sides.h2,
                    mt_head_value(request, MT_HEAD_HTTP2_SETTINGS), request);
    if (made)
        feed_held(l, &was.held);
    was.side.ops->deinit(&was.side);
    if (!made)
        mt_link_close(l);
}
