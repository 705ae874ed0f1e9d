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
        l->side->in_header = true; /* it has that long for the rest */
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

void mt_link_decide_at_end(struct mt_link *l)
{
    const struct mt_span heard = {(const uint8_t *)MT_H2_PREFACE, l->heard};
    bool some = l->undecided && heard.len > 0;
    l->undecided = false;
    if (some)
        l->side->ops->feed(l->side, heard, l->thread->host.now_ns);
}

/* ---- HTTP, or not ---- */

enum guess { GUESS_HTTP, GUESS_OTHER, GUESS_MORE };

/* The methods of RFC 9110, and those that are registered beside them and
 * used. A token of a listener's own would be no better than "EHLO ". */
static const char *const methods[] = {
    "GET",      "HEAD",  "POST",   "PUT",    "DELETE", "OPTIONS",  "PATCH",
    "CONNECT",  "TRACE", "MKCOL",  "COPY",   "MOVE",   "LOCK",     "UNLOCK",
    "PROPFIND", "QUERY", "REPORT", "SEARCH", "PRI",    "PROPPATCH"};

/* What follows the method: a target of one of its four forms (RFC 9112 section
 * 3.2). "GET key" is not HTTP. */
static enum guess guess_target(struct mt_span method, struct mt_span rest)
{
    static const char absolute[] = "http";
    if (mt_span_eq(method, MT_SPAN("CONNECT")))
        return GUESS_HTTP;
    if (rest.len == 0)
        return GUESS_MORE;
    if (rest.ptr[0] == '/' || rest.ptr[0] == '*')
        return GUESS_HTTP;
    size_t n = rest.len < strlen(absolute) ? rest.len : strlen(absolute);
    if (memcmp(rest.ptr, absolute, n) != 0)
        return GUESS_OTHER;
    return n == strlen(absolute) ? GUESS_HTTP : GUESS_MORE;
}

static enum guess guess(struct mt_span first)
{
    enum guess g = GUESS_OTHER;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        struct mt_span method = mt_span_str(methods[i]);
        size_t n = first.len < method.len ? first.len : method.len;
        if (memcmp(first.ptr, method.ptr, n) != 0)
            continue;
        if (first.len <= method.len)
            g = GUESS_MORE;
        else if (first.ptr[method.len] == ' ')
            return guess_target(method,
                                (struct mt_span){first.ptr + method.len + 1,
                                                 first.len - method.len - 1});
    }
    return g;
}

void mt_link_become_tcp(struct mt_link *l)
{
    struct mt_proxy_thread *w = l->thread;
    const struct mt_addr local = l->side->local, remote = l->side->remote;
    uint64_t conn = l->side->conn;
    const struct mt_span heard = {l->first, l->heard};
    l->undecided = l->may_be_tcp = false;
    mt_deadline_clear(&l->deadline);
    l->side->ops->deinit(l->side);
    mt_tcp_server_init(&l->sides.tcp, &w->pool, &mt_link_owner, l);
    l->side = &l->sides.tcp.side;
    l->side->local = local;
    l->side->remote = remote;
    l->side->conn = conn;
    mt_link_keep_alive(l);
    mt_call_tcp(&w->host, &l->sides.tcp.stream, &l->from->at);
    if (heard.len > 0)
        l->side->ops->feed(l->side, heard, w->host.now_ns);
}

bool mt_link_decide_tcp(struct mt_link *l, struct mt_span *bytes)
{
    size_t room = sizeof l->first - l->heard;
    struct mt_span taken =
        mt_span_take(bytes, bytes->len < room ? bytes->len : room);
    memcpy(l->first + l->heard, taken.ptr, taken.len);
    l->heard = (uint8_t)(l->heard + taken.len);
    const struct mt_span first = {l->first, l->heard};
    enum guess g = guess(first);
    if (g == GUESS_MORE)
        return true;
    if (g == GUESS_OTHER) {
        mt_link_become_tcp(l);
        return false;
    }
    l->may_be_tcp = false;
    l->heard = 0;
    mt_deadline_clear(&l->deadline);
    if (mt_link_decide(l, first))
        return l->closed || bytes->len == 0;
    l->side->ops->feed(l->side, first, l->thread->host.now_ns);
    return l->closed;
}

/* ---- from HTTP/1 to HTTP/2 ---- */

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

/* Its settings are none, or there is no memory: a server need not change (RFC
 * 9110 section 7.8), and answers by HTTP/1. */
static void stay_http1(struct mt_link *l, const struct mt_h1_side *was)
{
    l->side->ops->deinit(l->side);
    l->sides.h1 = *was;
    l->side = &l->sides.h1.side;
    mt_call_request(&l->thread->host, &l->sides.h1.stream,
                    &l->sides.h1.reader.head, true, &l->from->at);
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
    if (!made) {
        stay_http1(l, &was);
        return;
    }
    feed_held(l, &was.held);
    was.side.ops->deinit(&was.side);
}
