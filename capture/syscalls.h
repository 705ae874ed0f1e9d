/**
 * syscalls.h - which system calls are left, once everything is open.
 *
 * An allow-list for all threads of the process, those to come included, and
 * for ever. What is not on it fails with EPERM, because libraries try things
 * and get on without: a newer libc, SQLite, libpcap. The calls that only a
 * process taken over by somebody makes (exec, ptrace and its like) end it.
 * Of a call that can do harm only the harmless form is left: no executable
 * memory, no process but only threads, no address to send to.
 *
 *     struct mt_syscalls s = {.set = MT_SYSCALLS_TAP, .send_fds = {fd, -1}};
 *     rc = mt_syscalls_filter(&s);
 *
 * Linux, tried on x86-64. seccomp(2).
 */
#ifndef MT_CAPTURE_SYSCALLS_H
#define MT_CAPTURE_SYSCALLS_H

#include <stdbool.h>

enum mt_syscalls_set {
    MT_SYSCALLS_TAP = 1,   /* read packets, decode, write the database */
    MT_SYSCALLS_NAMES = 2, /* the helper: read below /proc and answer */
};

enum { MT_SYSCALLS_SENDS = 2 };

struct mt_syscalls {
    enum mt_syscalls_set set;
    /* Files may be opened for reading. The tap's SQLite does not need it once
     * it has written a batch; libpcap does, to count what the interface lost
     * in promiscuous mode (/sys/class/net/IF/statistics), and so does a names
     * file that is read again. The helper always may. */
    bool open_read;
    /* Above 0: a directory in which files are made, written and removed, by
     * names relative to it; for the packet ring. It takes Landlock to keep
     * other names out (privileges.h). */
    int files_fd;
    int send_fds[MT_SYSCALLS_SENDS]; /* what may be sent to; -1: none */
    /* Above 0: a listening socket whose connections are accepted and answered:
     * the page beside a tap. Sending is then free of the list above, but has
     * no address; sendmsg's cannot be looked at. No socket that leads anywhere
     * else can be made. */
    int accept_fd;
};

/* Returns 0, or -errno: nothing is filtered then. -EINVAL and -ENOSYS: this
 * kernel, or the container around us, has no filters. */
int mt_syscalls_filter(const struct mt_syscalls *s);

#endif
