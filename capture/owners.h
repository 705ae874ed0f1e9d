/**
 * owners.h - which process, in which container, has a socket.
 *
 *     struct mt_owners *o = mt_owners_new(&(struct mt_owners_config){0});
 *     struct mt_owner owner;
 *     mt_owners_find(o, &query, &owner);
 *     if (owner.known)
 *         use(owner.process, owner.container);
 *     mt_owners_free(o);
 *
 * Asked when a flow is first seen, so that short-lived processes are caught.
 * The kernel is asked for the socket (sock_diag), which covers this network
 * namespace; others are seen through /proc/PID/net of one process each. The
 * inode then leads to a process through /proc/PID/fd: of other users' only
 * with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH. Containers are known by their
 * cgroup, pods by the log folders of their node: no API is asked.
 *
 * Of a command line only the name of a script or jar is told, never further
 * arguments, which may hold secrets. Everything is bounded, also the work: an
 * asked second pays for MT_OWNERS_STEPS_PER_S looks into /proc; what is above
 * stays unknown. What a query costs otherwise is two calls and three small
 * files. One thread.
 */
#ifndef MT_CAPTURE_OWNERS_H
#define MT_CAPTURE_OWNERS_H

#include "decode/exchange.h"

enum {
    MT_OWNER_PROCESS_BYTES = 64,
    MT_OWNER_CONTAINER_BYTES = 320, /* a pod's name, '/', a container's, 0 */
    MT_OWNERS_STEPS_PER_S = 200000, /* a quarter of a core, at most */
};

struct mt_owners_config {
    /* Other roots are for tests, and for a host's that is mounted elsewhere. */
    const char *proc;     /* NULL: /proc; borrowed, as logs */
    const char *logs;     /* NULL: /var/log */
    bool no_diag;         /* read /proc/net alone */
    uint32_t sockets_max; /* seen of other namespaces; 0: 32768 */
};

struct mt_owner_query {
    struct mt_addr local, remote; /* remote of zeros: who listens there */
    uint8_t transport;            /* IPPROTO_TCP or IPPROTO_UDP */
    uint8_t begins;               /* not 0: its process has just opened it,
                                     and may have ended soon */
    int64_t ts_ns;                /* now; the packets' clock will do */
};

struct mt_owner {
    bool known;   /* pid, process and container are filled */
    bool found;   /* a socket is there: uid is filled */
    bool listens; /* a socket listens at the local address */
    uint32_t uid;
    uint32_t pid;
    /* Letters, digits, '.', '-' and '_'; "" where there is none. */
    char process[MT_OWNER_PROCESS_BYTES];
    /* POD/CONTAINER or POD, which people gave; else the first 12 digits of a
     * container's id, which say less than the process. */
    bool container_named;
    char container[MT_OWNER_CONTAINER_BYTES];
};

struct mt_owners_stats {
    uint64_t asked;
    uint64_t found;   /* sockets */
    uint64_t known;   /* processes */
    uint64_t overrun; /* searches broken off for their cost */
};

struct mt_owners;

/* NULL: no memory. */
struct mt_owners *mt_owners_new(const struct mt_owners_config *config);

void mt_owners_free(struct mt_owners *o);

/* The kernel's socket that is asked, or -1; for a filter of system calls. */
int mt_owners_fd(const struct mt_owners *o);

/* Never fails: what is not found is not known. */
void mt_owners_find(struct mt_owners *o, const struct mt_owner_query *query,
                    struct mt_owner *owner);

struct mt_owners_stats mt_owners_counters(const struct mt_owners *o);

#endif
