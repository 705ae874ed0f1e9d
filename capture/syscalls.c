#include "capture/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TAP = MT_SYSCALLS_TAP,
    NAMES = MT_SYSCALLS_NAMES,
    BOTH = TAP | NAMES,
/* A sanitizer's runtime reads its own maps and reports; under it the list is
 * longer by what that takes. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    CHECKED = BOTH,
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    CHECKED = BOTH,
#else
    CHECKED = 0,
#endif
#else
    CHECKED = 0,
#endif
};

#define CALL(name, sets)       \
    {                          \
        SCMP_SYS(name), (sets) \
    }

static const struct call {
    int number;
    unsigned sets;
} calls[] = {
    /* files that are open: the database, its WAL, standard error */
    CALL(read, BOTH),
    CALL(readv, TAP),
    CALL(pread64, BOTH),
    CALL(write, TAP | CHECKED),
    CALL(writev, TAP),
    CALL(pwrite64, TAP),
    CALL(lseek, BOTH),
    CALL(_llseek, BOTH),
    CALL(close, BOTH),
    CALL(fsync, TAP),
    CALL(fdatasync, TAP),
    CALL(ftruncate, TAP),
    CALL(ftruncate64, TAP),
    CALL(fallocate, TAP),
    /* is the file still where it was, is the disk full */
    CALL(fstat, BOTH),
    CALL(fstat64, BOTH),
    CALL(stat, BOTH),
    CALL(stat64, BOTH),
    CALL(lstat, BOTH),
    CALL(lstat64, BOTH),
    CALL(newfstatat, BOTH),
    CALL(fstatat64, BOTH),
    CALL(statx, BOTH),
    CALL(access, TAP),
    CALL(faccessat, TAP),
    CALL(faccessat2, TAP),
    CALL(statfs, TAP),
    CALL(statfs64, TAP),
    CALL(fstatfs, TAP),
    CALL(fstatfs64, TAP),
    /* below /proc */
    CALL(getdents64, NAMES),
    CALL(readlink, NAMES | CHECKED),
    CALL(readlinkat, NAMES | CHECKED),
    /* memory; executable: see forms */
    CALL(munmap, BOTH),
    CALL(mremap, BOTH),
    CALL(madvise, BOTH),
    CALL(brk, BOTH),
    /* packets, and the helper's answers */
    CALL(recvfrom, BOTH),
    CALL(recvmsg, BOTH),
    CALL(getsockopt, TAP),
    CALL(getsockname, TAP),
    CALL(poll, BOTH),
    CALL(ppoll, BOTH),
    CALL(ppoll_time64, BOTH),
    CALL(select, TAP),
    CALL(_newselect, TAP),
    CALL(pselect6, TAP),
    CALL(pselect6_time64, TAP),
    CALL(epoll_ctl, TAP),
    CALL(epoll_wait, TAP),
    CALL(epoll_pwait, TAP),
    CALL(epoll_pwait2, TAP),
    /* threads and time */
    CALL(futex, BOTH),
    CALL(futex_time64, BOTH),
    CALL(set_robust_list, BOTH),
    CALL(rseq, BOTH),
    CALL(membarrier, BOTH),
    CALL(sched_yield, BOTH),
    CALL(sched_getaffinity, BOTH),
    CALL(sched_getparam, TAP),
    CALL(sched_getscheduler, TAP),
    CALL(nanosleep, TAP | CHECKED),
    CALL(clock_nanosleep, TAP | CHECKED),
    CALL(clock_nanosleep_time64, TAP | CHECKED),
    CALL(clock_gettime, BOTH),
    CALL(clock_gettime64, BOTH),
    CALL(clock_getres, BOTH),
    CALL(gettimeofday, BOTH),
    CALL(time, BOTH),
    CALL(getrandom, BOTH),
    /* who am I */
    CALL(getpid, BOTH),
    CALL(getppid, BOTH),
    CALL(gettid, BOTH),
    CALL(getuid, BOTH),
    CALL(geteuid, BOTH),
    CALL(getgid, BOTH),
    CALL(getegid, BOTH),
    CALL(getresuid, BOTH),
    CALL(getresgid, BOTH),
    CALL(getgroups, BOTH),
    CALL(capget, BOTH),
    CALL(uname, BOTH),
    CALL(sysinfo, BOTH),
    CALL(getrusage, BOTH),
    CALL(getrlimit, BOTH),
    /* signals and the end */
    CALL(rt_sigaction, BOTH),
    CALL(rt_sigprocmask, BOTH),
    CALL(rt_sigreturn, BOTH),
    CALL(sigreturn, BOTH),
    CALL(sigaltstack, BOTH),
    CALL(restart_syscall, BOTH),
    CALL(wait4, TAP), /* the helper's end */
    CALL(exit, BOTH),
    CALL(exit_group, BOTH),
};

/* What only somebody else's code would call here. */
static const int fatal[] = {SCMP_SYS(execve), SCMP_SYS(execveat),
                            SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
                            SCMP_SYS(process_vm_writev)};

/* libc then takes the older call, whose arguments can be looked at. */
static const int unknown[] = {SCMP_SYS(clone3), SCMP_SYS(openat2)};

#define IS(name, sets, at, value)                                   \
    {                                                               \
        SCMP_SYS(name), (sets), (at), UINT64_MAX, (uint64_t)(value) \
    }
#define BITS(name, sets, at, mask, value)             \
    {                                                 \
        SCMP_SYS(name), (sets), (at), (mask), (value) \
    }

enum { COMMAND = 1, PROTECTION = 2 }; /* places of arguments */

/* Calls that are allowed where the bits `mask` of one argument are `value`. */
static const struct form {
    int number;
    unsigned sets;
    unsigned at;
    uint64_t mask, value;
} forms[] = {
    BITS(mmap, BOTH, PROTECTION, PROT_EXEC, 0),
    BITS(mmap2, BOTH, PROTECTION, PROT_EXEC, 0),
    BITS(mprotect, BOTH, PROTECTION, PROT_EXEC, 0),
    BITS(clone, TAP, 0, CLONE_THREAD, CLONE_THREAD),
    IS(prctl, BOTH, 0, PR_SET_NAME),
    IS(prlimit64, BOTH, 0, 0), /* of itself */
    /* locks of SQLite; descriptors' flags */
    IS(fcntl, BOTH, COMMAND, F_GETFD),
    IS(fcntl, BOTH, COMMAND, F_SETFD),
    IS(fcntl, BOTH, COMMAND, F_GETFL),
    IS(fcntl, TAP, COMMAND, F_SETFL),
    IS(fcntl, TAP, COMMAND, F_GETLK),
    IS(fcntl, TAP, COMMAND, F_SETLK),
    IS(fcntl, TAP, COMMAND, F_SETLKW),
    IS(fcntl64, BOTH, COMMAND, F_GETFD),
    IS(fcntl64, BOTH, COMMAND, F_SETFD),
    IS(fcntl64, BOTH, COMMAND, F_GETFL),
    IS(fcntl64, TAP, COMMAND, F_SETFL),
    IS(fcntl64, TAP, COMMAND, F_GETLK),
    IS(fcntl64, TAP, COMMAND, F_SETLK),
    IS(fcntl64, TAP, COMMAND, F_SETLKW),
    /* is it a terminal, and how wide; is the interface up */
    IS(ioctl, TAP, COMMAND, TCGETS),
    IS(ioctl, TAP, COMMAND, TIOCGWINSZ),
    IS(ioctl, TAP, COMMAND, FIONREAD),
    IS(ioctl, TAP, COMMAND, SIOCGIFFLAGS),
};

static int allow_if(scmp_filter_ctx f, int number, unsigned at, uint64_t mask,
                    uint64_t value)
{
    struct scmp_arg_cmp a = {
        .arg = at, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
    return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, number, 1, &a);
}

static int add_calls(scmp_filter_ctx f, unsigned set)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof calls / sizeof calls[0]; i++)
        if ((calls[i].sets & set) != 0)
            rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i].number, 0);
    for (size_t i = 0; rc == 0 && i < sizeof forms / sizeof forms[0]; i++)
        if ((forms[i].sets & set) != 0)
            rc = allow_if(f, forms[i].number, forms[i].at, forms[i].mask,
                          forms[i].value);
    for (size_t i = 0; rc == 0 && i < sizeof fatal / sizeof fatal[0]; i++)
        rc = seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, fatal[i], 0);
    for (size_t i = 0; rc == 0 && i < sizeof unknown / sizeof unknown[0]; i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), unknown[i], 0);
    /* abort() and raise(): no signal to another process */
    return rc == 0 ? allow_if(f, SCMP_SYS(tgkill), 0, UINT32_MAX,
                              (uint32_t)getpid())
                   : rc;
}

/* Neither made, nor emptied, nor written: what remains is to read. */
static int add_open(scmp_filter_ctx f)
{
    const uint64_t mask = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
    int rc = allow_if(f, SCMP_SYS(openat), 2, mask, O_RDONLY);
    return rc == 0 ? allow_if(f, SCMP_SYS(open), 1, mask, O_RDONLY) : rc;
}

static int add_folder(scmp_filter_ctx f, int fd)
{
    int rc = allow_if(f, SCMP_SYS(openat), 0, UINT32_MAX, (uint32_t)fd);
    return rc == 0
               ? allow_if(f, SCMP_SYS(unlinkat), 0, UINT32_MAX, (uint32_t)fd)
               : rc;
}

/* To one socket, and where that leads: an address would be a way out. */
static int add_send(scmp_filter_ctx f, int fd)
{
    const struct scmp_arg_cmp to[] = {{.arg = 0,
                                       .op = SCMP_CMP_MASKED_EQ,
                                       .datum_a = UINT32_MAX,
                                       .datum_b = (uint32_t)fd},
                                      {.arg = 4, .op = SCMP_CMP_EQ}};
    int rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 2, to);
    return rc == 0 ? seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(send),
                                            1, to)
                   : rc;
}

#define EQUAL(at, value)                                              \
    {                                                                 \
        .arg = (at), .op = SCMP_CMP_MASKED_EQ, .datum_a = UINT32_MAX, \
        .datum_b = (uint32_t)(value)                                  \
    }

/* What a server of connections calls besides, once it listens. */
static int add_accept(scmp_filter_ctx f, int fd)
{
    const struct scmp_arg_cmp nowhere = {.arg = 4, .op = SCMP_CMP_EQ};
    const struct scmp_arg_cmp buffer[] = {EQUAL(1, SOL_SOCKET),
                                          EQUAL(2, SO_SNDBUF)};
    const struct scmp_arg_cmp tcp[] = {EQUAL(1, IPPROTO_TCP)};
    int rc = allow_if(f, SCMP_SYS(accept4), 0, UINT32_MAX, (uint32_t)fd);
    if (rc == 0)
        rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1,
                                    &nowhere);
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 0);
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(shutdown), 0);
    if (rc == 0) /* when a packet goes out, and what of a stream waits */
        rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 1,
                                    tcp);
    return rc == 0 ? seccomp_rule_add_array(f, SCMP_ACT_ALLOW,
                                            SCMP_SYS(setsockopt), 2, buffer)
                   : rc;
}

static int fill(scmp_filter_ctx f, const struct mt_syscalls *s)
{
    int rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc =
            seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (rc == 0)
        rc = add_calls(f, (unsigned)s->set);
    if (rc == 0 &&
        (s->open_read || s->set == MT_SYSCALLS_NAMES || CHECKED != 0))
        rc = add_open(f);
    if (rc == 0 && s->files_fd > 0)
        rc = add_folder(f, s->files_fd);
    if (rc == 0 && s->accept_fd > 0)
        rc = add_accept(f, s->accept_fd);
    for (size_t i = 0; rc == 0 && i < MT_SYSCALLS_SENDS; i++)
        if (s->send_fds[i] >= 0)
            rc = add_send(f, s->send_fds[i]);
    return rc;
}

int mt_syscalls_filter(const struct mt_syscalls *s)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (f == NULL)
        return -ENOMEM;
    int rc = fill(f, s);
    if (rc == 0)
        rc = seccomp_load(f);
    seccomp_release(f);
    return rc;
}
