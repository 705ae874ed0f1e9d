#include "capture/owners_tables.h"

#include <assert.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LINE_ROOM = 16384,
    OPEN_STEPS = 10, /* a file is dearer than a link */
    ABSENT_TIMES = 6,
};

#define SECOND_NS INT64_C(1000000000)

static_assert(MT_TABLES_NAMESPACES == 64, "a set of them is 64 bits");

bool mt_tables_init(struct mt_tables *t, uint32_t max)
{
    *t = (struct mt_tables){.max = max};
    t->rows = malloc(max * sizeof *t->rows);
    return t->rows != NULL;
}

void mt_tables_deinit(struct mt_tables *t)
{
    free(t->rows);
}

/* ---- reading ---- */

struct reading {
    struct mt_tables *tables;
    struct mt_scan *scan;
    uint8_t transport;
    uint8_t space;
};

static bool add_line(struct reading *r, struct mt_span line)
{
    struct mt_tables *t = r->tables;
    struct mt_socket s = {.transport = r->transport};
    if (!mt_socket_line(line, &s))
        return true; /* the head of the table */
    if (t->count == t->max || !mt_scan_pay(r->scan, 1))
        return false;
    t->rows[t->count++] = (struct mt_tables_row){s, r->space};
    return true;
}

/* Whole lines of the text; returns how many bytes they were. */
static size_t add_lines(struct reading *r, struct mt_span text, bool *go_on)
{
    struct mt_span rest = text;
    for (;;) {
        size_t n = mt_span_find(rest, '\n');
        if (n == rest.len || !*go_on)
            return text.len - rest.len;
        *go_on = add_line(r, mt_span_take(&rest, n));
        (void)mt_span_take(&rest, 1);
    }
}

/* False: there is no such table. */
static bool read_table(struct reading *r, uint32_t pid, const char *name)
{
    char path[64];
    uint8_t text[LINE_ROOM];
    size_t held = 0;
    bool go_on = mt_scan_pay(r->scan, OPEN_STEPS);
    (void)snprintf(path, sizeof path, "%u/net/%s", pid, name);
    int fd = go_on ? openat(r->scan->proc, path, O_RDONLY | O_CLOEXEC) : -1;
    while (fd >= 0 && go_on && held < sizeof text) {
        ssize_t n = read(fd, text + held, sizeof text - held);
        if (n <= 0)
            break;
        held += (size_t)n;
        size_t used = add_lines(r, (struct mt_span){text, held}, &go_on);
        memmove(text, text + used, held - used);
        held -= used;
    }
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

/* False: the process has ended, and another has to tell. */
static bool read_space(struct mt_tables *t, struct mt_scan *scan, uint32_t pid)
{
    static const struct {
        const char *name;
        uint8_t transport;
    } tables[] = {{"tcp", IPPROTO_TCP},
                  {"tcp6", IPPROTO_TCP},
                  {"udp", IPPROTO_UDP},
                  {"udp6", IPPROTO_UDP}};
    bool any = false;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct reading r = {t, scan, tables[i].transport,
                            (uint8_t)t->spaces_count};
        any |= read_table(&r, pid, tables[i].name);
    }
    return any;
}

static bool is_new_space(const struct mt_tables *t, uint64_t space)
{
    if (space == 0 || (t->without_own && space == t->own))
        return false;
    for (unsigned i = 0; i < t->spaces_count; i++)
        if (t->spaces[i] == space)
            return false;
    return true;
}

static uint64_t space_of(const struct mt_scan *scan, const char *process)
{
    char path[32], link[64];
    (void)snprintf(path, sizeof path, "%s/ns/net", process);
    return mt_netns_inode(mt_scan_link(scan->proc, path, link, sizeof link));
}

static void read_all(struct mt_tables *t, struct mt_scan *scan)
{
    t->count = t->spaces_count = 0;
    t->own = space_of(scan, "self");
    mt_scan_list(scan);
    for (uint32_t i = 0; i < scan->pids_count && mt_scan_pay(scan, 1) &&
                         t->spaces_count < MT_TABLES_NAMESPACES;
         i++) {
        char process[16];
        (void)snprintf(process, sizeof process, "%u", scan->pids[i]);
        uint64_t space = space_of(scan, process);
        if (is_new_space(t, space) && read_space(t, scan, scan->pids[i]))
            t->spaces[t->spaces_count++] = space;
    }
}

/* ---- finding ---- */

static bool same(const struct mt_addr *a, const struct mt_addr *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, 16) == 0;
}

/* Every namespace has a loopback of its own: the tap sees that of its own. */
static bool may_be_there(const struct mt_tables *t, unsigned space,
                         const struct mt_owner_query *q)
{
    return !mt_is_loopback(q->local.ip) || t->spaces[space] == t->own ||
           t->own == 0;
}

/* Namespaces that have the address: one of their sockets does. A listener for
 * any address of another namespace says nothing about it. */
static uint64_t spaces_with(const struct mt_tables *t,
                            const struct mt_owner_query *q)
{
    uint64_t set = 0;
    for (uint32_t i = 0; i < t->count; i++)
        if (memcmp(t->rows[i].socket.local.ip, q->local.ip, 16) == 0 &&
            may_be_there(t, t->rows[i].space, q))
            set |= UINT64_C(1) << t->rows[i].space;
    if (mt_is_loopback(q->local.ip))
        for (unsigned i = 0; i < t->spaces_count; i++)
            if (may_be_there(t, i, q))
                set |= UINT64_C(1) << i;
    return set;
}

static bool search(const struct mt_tables *t, const struct mt_owner_query *q,
                   struct mt_socket *connection, struct mt_socket *listener)
{
    uint64_t set = spaces_with(t, q);
    bool found = false;
    for (uint32_t i = 0; set != 0 && i < t->count; i++) {
        const struct mt_socket *s = &t->rows[i].socket;
        if ((set >> t->rows[i].space & 1) == 0 || s->transport != q->transport)
            continue;
        bool listens = mt_socket_listens(s, &q->local);
        if (listens)
            *listener = *s;
        else if (same(&s->local, &q->local) && same(&s->remote, &q->remote))
            *connection = *s;
        else
            continue;
        found = true;
    }
    return found;
}

static struct mt_tables_absent *absent_slot(struct mt_tables *t,
                                            const uint8_t ip[16])
{
    uint32_t h = 2166136261u;
    for (int i = 0; i < 16; i++)
        h = (h ^ ip[i]) * 16777619u;
    return &t->absent[h % MT_TABLES_ABSENT];
}

/* Most addresses are other machines': each is looked for after 1 s, 2 s, and
 * so on up to a minute. */
static void note_absent(struct mt_tables_absent *a,
                        const struct mt_owner_query *q)
{
    if (memcmp(a->ip, q->local.ip, 16) != 0)
        *a = (struct mt_tables_absent){.times = 0};
    memcpy(a->ip, q->local.ip, 16);
    if (__builtin_add_overflow(q->ts_ns, SECOND_NS << a->times, &a->until_ns))
        a->until_ns = q->ts_ns;
    if (a->times < ABSENT_TIMES)
        a->times++;
}

/* A time that is too far ahead: the clock was set back. */
static bool is_absent(const struct mt_tables_absent *a,
                      const struct mt_owner_query *q)
{
    int64_t wait;
    return a->times > 0 && memcmp(a->ip, q->local.ip, 16) == 0 &&
           !__builtin_sub_overflow(a->until_ns, q->ts_ns, &wait) && wait > 0 &&
           wait <= SECOND_NS << ABSENT_TIMES;
}

void mt_tables_find(struct mt_tables *t, struct mt_scan *scan,
                    const struct mt_owner_query *q,
                    struct mt_socket *connection, struct mt_socket *listener)
{
    *connection = *listener = (struct mt_socket){.state = 0};
    struct mt_tables_absent *a = absent_slot(t, q->local.ip);
    if (is_absent(a, q))
        return;
    /* a listener that is known is enough for a connection that is not */
    if (search(t, q, connection, listener) && listener->inode != 0)
        return;
    if (connection->inode != 0)
        return;
    read_all(t, scan);
    if (search(t, q, connection, listener))
        a->times = 0;
    else if (!scan->broke)
        note_absent(a, q);
}
