#include "cli/feeder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/record.h"
#include "cli/say.h"
#include "cli/signals.h"

/* What both processes see: each member has one writer. */
struct shared {
    atomic_llong wanted_ns; /* the dashboard */
    atomic_llong first_ns, fed_ns;
    atomic_bool through;
};

enum { CONTROL, READY, SAID, PIPES };

struct mt_feeder {
    pid_t pid; /* 0: it was waited for */
    int code;
    int control; /* its end is the feeder's */
    int said;    /* what it says; -1: it has ended */
    struct shared *shared;
    char text[MT_FEEDER_LINE_BYTES]; /* not yet a line */
    size_t len;
};

/* ---- the feeder ---- */

struct behind {
    struct shared *shared;
    int ready, said;
};

/* The one in front may take the screen; what is said from now on is its. */
static void begun(void *context)
{
    struct behind *b = context;
    (void)dup2(b->said, STDERR_FILENO);
    ssize_t n = write(b->ready, "", 1);
    (void)n;
    (void)close(b->ready);
    b->ready = -1;
}

static bool is_due(void *context, int64_t ts_ns, int64_t *now_ns)
{
    struct behind *b = context;
    if (atomic_load(&b->shared->first_ns) == 0)
        atomic_store(&b->shared->first_ns, ts_ns);
    *now_ns = atomic_load(&b->shared->wanted_ns);
    return ts_ns <= *now_ns;
}

static void committed(void *context, int64_t now_ns)
{
    struct behind *b = context;
    if (now_ns > atomic_load(&b->shared->fed_ns))
        atomic_store(&b->shared->fed_ns, now_ns);
}

static int work(const struct mt_feeder_config *config, struct behind *b)
{
    struct mt_options into = *config->options;
    into.write = config->path;
    into.web = config->ours > 0 ? NULL : into.web; /* the dashboard serves it */
    return config->work->run(config->work->arg, &into, begun, b);
}

static int record(const struct mt_feeder_config *config, struct behind *b)
{
    struct mt_feed *f;
    struct mt_feed_result result = {0};
    struct mt_options into = *config->options;
    into.write = config->path;
    into.quiet = true;
    const struct mt_record_watch watch = {.context = b,
                                          .begun = begun,
                                          .due = config->paced ? is_due : NULL,
                                          .committed = committed,
                                          .timely = !config->paced};
    int rc = mt_feed_open(&f, &into, NULL);
    if (rc != 0)
        return rc;
    if (config->paced && mt_feed_hosts(f) > 0) {
        mt_say(NULL, "a stream of exchanges has no packets to play; write it "
                     "into a database (record -w DB) and replay that");
        rc = MT_EXIT_USAGE;
    }
    if (rc == 0)
        rc = mt_record_into_database(f, &into, &watch, &result);
    if (rc == 0)
        rc = mt_feed_exit(&into, &result);
    if (rc == 0 && !result.interrupted) {
        committed(b, result.last_ns);
        atomic_store(&b->shared->through, true);
    }
    mt_feed_free(f);
    mt_feed_result_deinit(&result);
    return rc;
}

/* Ends with the dashboard: by the pipe, and where it waits for bytes of
 * another one, by a signal. The terminal's are the dashboard's. */
_Noreturn static void run(const struct mt_feeder_config *config,
                          struct behind *b, int control)
{
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    mt_signals_follow(control);
    int rc = config->work != NULL ? work(config, b) : record(config, b);
    (void)fflush(stderr);
    _exit(rc);
}

/* ---- the dashboard's side ---- */

static int failed(struct mt_feeder *f, const char *what)
{
    mt_say(NULL, "%s: %s", what, strerror(errno));
    if (f != NULL && f->shared != MAP_FAILED)
        (void)munmap(f->shared, sizeof *f->shared);
    free(f);
    return MT_EXIT_ERROR;
}

static void close_ends(int pipes[PIPES][2], const int ends[PIPES])
{
    for (int i = 0; i < PIPES; i++)
        if (pipes[i][ends[i]] >= 0)
            (void)close(pipes[i][ends[i]]);
}

static bool make_pipes(int pipes[PIPES][2])
{
    static const int read_ends[PIPES] = {0, 0, 0};
    static const int write_ends[PIPES] = {1, 1, 1};
    for (int i = 0; i < PIPES; i++)
        pipes[i][0] = pipes[i][1] = -1;
    for (int i = 0; i < PIPES; i++)
        if (pipe2(pipes[i], O_CLOEXEC) != 0) {
            int saved = errno;
            close_ends(pipes, read_ends);
            close_ends(pipes, write_ends);
            errno = saved;
            return false;
        }
    return true;
}

static void wait_for_end(struct mt_feeder *f)
{
    int status = 0;
    if (f->pid == 0)
        return;
    while (waitpid(f->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    f->pid = 0;
    f->code = WIFEXITED(status) ? WEXITSTATUS(status) : MT_EXIT_ERROR;
}

/* A byte: all is open. An end: it has said why not. */
static bool is_ready(int fd)
{
    char byte;
    ssize_t n;
    do
        n = read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    (void)close(fd);
    return n == 1;
}

int mt_feeder_start(struct mt_feeder **out,
                    const struct mt_feeder_config *config)
{
    static const int theirs[PIPES] = {0, 1, 1}, ours[PIPES] = {1, 0, 0};
    int pipes[PIPES][2];
    struct mt_feeder *f = calloc(1, sizeof *f);
    *out = NULL;
    if (f == NULL)
        return failed(NULL, "not enough memory");
    f->shared = mmap(NULL, sizeof *f->shared, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (f->shared == MAP_FAILED || !make_pipes(pipes))
        return failed(f, "no process to capture with");
    (void)fflush(NULL); /* or it would be written twice */
    f->pid = fork();
    if (f->pid == 0) {
        struct behind b = {.shared = f->shared,
                           .ready = pipes[READY][1],
                           .said = pipes[SAID][1]};
        close_ends(pipes, ours);
        if (config->ours > 0)
            (void)close(config->ours);
        run(config, &b, pipes[CONTROL][0]);
    }
    close_ends(pipes, theirs);
    if (f->pid < 0) {
        close_ends(pipes, ours);
        return failed(f, "no process to capture with");
    }
    f->control = pipes[CONTROL][1];
    f->said = pipes[SAID][0];
    (void)fcntl(f->said, F_SETFL, O_NONBLOCK);
    if (is_ready(pipes[READY][0])) {
        *out = f;
        return 0;
    }
    wait_for_end(f);
    int code = f->code != 0 ? f->code : MT_EXIT_ERROR;
    (void)mt_feeder_stop(f);
    return code;
}

/* The signal ends a wait for bytes; one that has other rights by now waits
 * for packets alone, and looks at the pipe. */
int mt_feeder_stop(struct mt_feeder *f)
{
    if (f == NULL)
        return 0;
    (void)close(f->control);
    if (f->pid > 0)
        (void)kill(f->pid, SIGTERM);
    wait_for_end(f);
    int code = f->code;
    if (f->said >= 0)
        (void)close(f->said);
    (void)munmap(f->shared, sizeof *f->shared);
    free(f);
    return code;
}

int mt_feeder_stop_aloud(struct mt_feeder *f)
{
    char line[MT_FEEDER_LINE_BYTES];
    if (f == NULL)
        return 0;
    if (f->pid > 0)
        (void)kill(f->pid, SIGTERM);
    if (f->said >= 0)
        (void)fcntl(f->said, F_SETFL, 0);
    while (f->said >= 0)
        if (mt_feeder_said(f, line))
            mt_say(NULL, "%s", line);
    while (mt_feeder_said(f, line))
        mt_say(NULL, "%s", line);
    return mt_feeder_stop(f);
}

void mt_feeder_wait(struct mt_feeder *f)
{
    wait_for_end(f);
}

int mt_feeder_fd(const struct mt_feeder *f)
{
    return f->said;
}

/* By itself, and not because it should. */
bool mt_feeder_failed(const struct mt_feeder *f)
{
    return f->said < 0 && f->code != 0;
}

bool mt_feeder_ended(const struct mt_feeder *f)
{
    return f->said < 0;
}

/* A line off the front of what came; at the end, what is left of one. */
static bool take_line(struct mt_feeder *f, bool last,
                      char line[MT_FEEDER_LINE_BYTES])
{
    static const char voice[] = "meshtop: ";
    const char *end = memchr(f->text, '\n', f->len);
    size_t n = end != NULL ? (size_t)(end - f->text) : f->len;
    bool full = f->len == sizeof f->text - 1;
    if (end == NULL && ((!last && !full) || f->len == 0))
        return false;
    size_t skip =
        n >= sizeof voice - 1 && memcmp(f->text, voice, sizeof voice - 1) == 0
            ? sizeof voice - 1
            : 0;
    memcpy(line, f->text + skip, n - skip);
    line[n - skip] = '\0';
    n += end != NULL;
    memmove(f->text, f->text + n, f->len - n);
    f->len -= n;
    return true;
}

bool mt_feeder_said(struct mt_feeder *f, char line[MT_FEEDER_LINE_BYTES])
{
    while (!take_line(f, f->said < 0, line)) {
        if (f->said < 0)
            return false;
        size_t room = sizeof f->text - 1 - f->len;
        ssize_t n = read(f->said, f->text + f->len, room);
        if (n > 0) {
            f->len += (size_t)n;
        } else if (n == 0) {
            (void)close(f->said);
            f->said = -1;
            wait_for_end(f);
        } else {
            return false;
        }
    }
    return true;
}

/* ---- paced ---- */

void mt_feeder_want(struct mt_feeder *f, int64_t until_ns)
{
    atomic_store(&f->shared->wanted_ns, until_ns);
}

int64_t mt_feeder_fed_ns(const struct mt_feeder *f)
{
    return atomic_load(&f->shared->fed_ns);
}

int64_t mt_feeder_first_ns(const struct mt_feeder *f)
{
    return atomic_load(&f->shared->first_ns);
}

bool mt_feeder_is_through(const struct mt_feeder *f)
{
    return atomic_load(&f->shared->through);
}
