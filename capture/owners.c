#include "capture/owners.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "base/rc.h"
#include "capture/own_addresses.h"
#include "capture/owners_diag.h"
#include "capture/owners_pods.h"
#include "capture/owners_tables.h"

enum { SOCKETS_MAX = 32768, TEXT_BYTES = 4096 };

struct mt_owners {
    struct mt_scan scan;
    struct mt_tables tables;
    struct mt_pods pods;
    struct mt_own_addresses own;
    int diag; /* netlink socket, or -1 */
    uint32_t sequence;
    struct mt_owners_stats stats;
};

struct mt_owners *mt_owners_new(const struct mt_owners_config *config)
{
    struct mt_owners *o = malloc(sizeof *o);
    if (o == NULL)
        return NULL;
    o->sequence = 0;
    o->stats = (struct mt_owners_stats){0};
    if (!mt_tables_init(&o->tables, config->sockets_max > 0
                                        ? config->sockets_max
                                        : (uint32_t)SOCKETS_MAX)) {
        free(o);
        return NULL;
    }
    /* without /proc the socket, its user and listening are still known */
    (void)mt_scan_init(&o->scan, config->proc != NULL ? config->proc : "/proc");
    mt_pods_init(&o->pods, config->logs != NULL ? config->logs : "/var/log");
    o->diag = config->no_diag ? -1
                              : socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
                                       NETLINK_SOCK_DIAG);
    mt_own_addresses_read(&o->own);
    o->tables.without_own = o->diag >= 0;
    return o;
}

void mt_owners_free(struct mt_owners *o)
{
    if (o == NULL)
        return;
    if (o->diag >= 0)
        (void)close(o->diag);
    mt_pods_deinit(&o->pods);
    mt_scan_deinit(&o->scan);
    mt_tables_deinit(&o->tables);
    free(o);
}

int mt_owners_fd(const struct mt_owners *o)
{
    return o->diag;
}

/* ---- the socket ---- */

/* The kernel answers within the call that asks: nothing is waited for. */
static bool ask_kernel(struct mt_owners *o, const struct mt_owner_query *q,
                       struct mt_socket *out)
{
    uint8_t bytes[MT_DIAG_ANSWER_BYTES];
    struct mt_buf b = mt_buf_of(bytes, MT_DIAG_REQUEST_BYTES);
    uint32_t sequence = ++o->sequence;
    mt_diag_request(&b, q, sequence);
    if (b.full || send(o->diag, b.ptr, b.len, MSG_DONTWAIT) < 0)
        return false;
    int rc = MT_MORE;
    while (rc == MT_MORE) {
        ssize_t n = recv(o->diag, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n < 0)
            return false;
        rc = mt_diag_answer((struct mt_span){bytes, (size_t)n}, sequence, out);
    }
    out->transport = q->transport;
    return rc == MT_EVENT;
}

static bool same_ip(const struct mt_addr *a, const struct mt_addr *b)
{
    return memcmp(a->ip, b->ip, 16) == 0;
}

/* The kernel names whoever listens on the port for any address, without
 * asking whether the address is ours: another machine's port 80 would be our
 * web server's. It is believed with a proof that the address is here: it is
 * one of this machine's, a connection from it, a socket bound to it. */
static void find_here(struct mt_owners *o, const struct mt_owner_query *q,
                      struct mt_socket *connection, struct mt_socket *listener)
{
    struct mt_owner_query any = *q;
    memset(&any.remote, 0, sizeof any.remote);
    struct mt_socket s;
    bool here = mt_is_loopback(q->local.ip) ||
                mt_own_addresses_have(&o->own, q->local.ip);
    *connection = *listener = (struct mt_socket){.state = 0};
    if (ask_kernel(o, q, &s) && !mt_socket_listens(&s, &q->local)) {
        *connection = s;
        here = true;
    }
    if (ask_kernel(o, &any, &s) && mt_socket_listens(&s, &q->local) &&
        (here || same_ip(&s.local, &q->local)))
        *listener = s;
}

/* ---- its process ---- */

static void describe(struct mt_owners *o, uint32_t pid, struct mt_owner *owner)
{
    char comm[64], text[TEXT_BYTES];
    struct mt_container c;
    mt_process_name(mt_scan_read(&o->scan, pid, "comm", comm, sizeof comm),
                    mt_scan_read(&o->scan, pid, "cmdline", text, sizeof text),
                    owner->process);
    if (mt_cgroup_read(mt_scan_read(&o->scan, pid, "cgroup", text, sizeof text),
                       &c))
        owner->container_named =
            mt_pods_name(&o->pods, &o->scan, &c, owner->container);
    owner->pid = pid;
    /* it may have ended since: then its name is not known either */
    owner->known = owner->process[0] != '\0';
}

/* First of all where its process may be gone soon. Found nowhere, it is looked
 * for as others are, if the socket is still there. */
static uint32_t find_beginning(struct mt_owners *o,
                               const struct mt_owner_query *q,
                               struct mt_socket *connection)
{
    if (!ask_kernel(o, q, connection) ||
        mt_socket_listens(connection, &q->local)) {
        *connection = (struct mt_socket){.state = 0};
        return 0;
    }
    return connection->inode != 0 ? mt_scan_newest(&o->scan, connection->inode)
                                  : 0;
}

void mt_owners_find(struct mt_owners *o, const struct mt_owner_query *q,
                    struct mt_owner *owner)
{
    struct mt_socket connection = {.state = 0}, listener = {.state = 0};
    *owner = (struct mt_owner){.known = false};
    o->stats.asked++;
    mt_scan_refill(&o->scan, q->ts_ns);
    uint32_t pid =
        q->begins && o->diag >= 0 ? find_beginning(o, q, &connection) : 0;
    if (o->diag >= 0 && pid == 0)
        find_here(o, q, &connection, &listener);
    if (connection.state == 0 && listener.state == 0 && o->scan.proc >= 0)
        mt_tables_find(&o->tables, &o->scan, q, &connection, &listener);

    owner->listens = listener.state != 0;
    owner->found = owner->listens || connection.state != 0;
    if (owner->found) {
        o->stats.found++;
        owner->uid = connection.inode != 0 ? connection.uid : listener.uid;
        const uint64_t inodes[2] = {connection.inode, listener.inode};
        if (pid == 0)
            pid = mt_scan_holder(&o->scan, inodes);
        if (pid != 0)
            describe(o, pid, owner);
    }
    o->stats.known += owner->known;
    o->stats.overrun += o->scan.broke;
}

struct mt_owners_stats mt_owners_counters(const struct mt_owners *o)
{
    return o->stats;
}
