/**
 * owners_proc.h - texts below /proc. Private to the owners.
 *
 * Names and command lines are chosen by whoever runs the process; the rest is
 * the kernel's, or a made-up tree's.
 */
#ifndef MT_CAPTURE_OWNERS_PROC_H
#define MT_CAPTURE_OWNERS_PROC_H

#include "capture/owners.h"

/* As TCP_* of <netinet/tcp.h>; UDP has ESTABLISHED and CLOSE. */
enum { MT_SOCKET_ESTABLISHED = 1, MT_SOCKET_CLOSE = 7, MT_SOCKET_LISTEN = 10 };

struct mt_socket {
    struct mt_addr local, remote;
    uint8_t state;
    uint8_t transport;
    uint32_t uid;
    uint64_t inode; /* 0: it belongs to nobody any more */
};

/* A line of /proc/net/tcp, tcp6, udp or udp6. False: it is none. The
 * transport is left as it was. */
bool mt_socket_line(struct mt_span line, struct mt_socket *out);

/* Does it take what is sent to local? */
bool mt_socket_listens(const struct mt_socket *s, const struct mt_addr *local);

/* 127.0.0.0/8 and ::1: every network namespace has its own. */
bool mt_is_loopback(const uint8_t ip[16]);

/* "socket:[123]", what a link below /proc/PID/fd says. 0: it is none. */
uint64_t mt_socket_inode(struct mt_span link);

/* "net:[123]", what /proc/PID/ns/net says. 0: it is none. */
uint64_t mt_netns_inode(struct mt_span link);

/**
 * What people call a process, from /proc/PID/comm and cmdline (its arguments,
 * each with a NUL): comm; of an interpreter the script's file name or the
 * module, of java the jar or the class. Versions after the last dot go
 * ("python3.11"). "" where there is nothing to tell.
 */
void mt_process_name(struct mt_span comm, struct mt_span cmdline,
                     char out[MT_OWNER_PROCESS_BYTES]);

#endif
