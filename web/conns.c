#include "web/conns.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "web/limits.h"

static void unlink_conn(struct mt_web_conn *conn)
{
    conn->before->next = conn->next;
    conn->next->before = conn->before;
}

/* As the youngest of its state. */
static void append(struct mt_web_conns *c, struct mt_web_conn *conn)
{
    struct mt_web_conn *head = &c->lists[conn->state];
    conn->next = head;
    conn->before = head->before;
    head->before->next = conn;
    head->before = conn;
}

void mt_web_conns_init(struct mt_web_conns *c, size_t most, int64_t head_ns)
{
    *c = (struct mt_web_conns){.most = most, .head_ns = head_ns};
    for (unsigned i = 0; i < MT_CONN_STATES; i++)
        c->lists[i].next = c->lists[i].before = &c->lists[i];
}

/* Both ends see the end; who reads it closes the descriptor. */
static void shut(struct mt_web_conn *conn)
{
    if (!conn->shut)
        (void)shutdown(conn->fd, SHUT_RDWR);
    conn->shut = true;
}

static void make_room(struct mt_web_conns *c)
{
    struct mt_web_conn *head = &c->lists[MT_CONN_IDLE], *conn;
    if (c->count < c->most)
        return;
    for (conn = head->next; conn != head && conn->shut; conn = conn->next)
        continue;
    if (conn == head)
        return;
    shut(conn);
    c->evicted++;
}

struct mt_web_conn *mt_web_conn_add(struct mt_web_conns *c, int fd,
                                    int64_t now_ns)
{
    struct mt_web_conn *conn = malloc(sizeof *conn);
    if (conn == NULL)
        return NULL;
    make_room(c);
    *conn = (struct mt_web_conn){.fd = fd, .since_ns = now_ns};
    append(c, conn);
    c->count++;
    return conn;
}

void mt_web_conn_remove(struct mt_web_conns *c, struct mt_web_conn *conn)
{
    unlink_conn(conn);
    free(conn);
    c->count--;
}

void mt_web_conn_set(struct mt_web_conns *c, struct mt_web_conn *conn,
                     enum mt_web_conn_state state, int64_t now_ns)
{
    unlink_conn(conn);
    conn->state = state;
    conn->since_ns = now_ns;
    append(c, conn);
}

static void shut_older(struct mt_web_conn *head, int64_t than_ns)
{
    struct mt_web_conn *conn = head->next;
    for (; conn != head && conn->since_ns <= than_ns; conn = conn->next)
        shut(conn);
}

void mt_web_conns_tick(struct mt_web_conns *c, int64_t now_ns)
{
    shut_older(&c->lists[MT_CONN_IDLE], now_ns - c->head_ns);
    shut_older(&c->lists[MT_CONN_SENDING], now_ns - MT_WEB_SEND_NS);
}
