#include "cli/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rc.h"
#include "base/ring.h"
#include "cli/clock.h"
#include "cli/options.h"
#include "cli/say.h"
#include "decode/codec.h"
#include "store/export.h"

enum {
    RING_BYTES = 4 << 20,
    BUFFER_BYTES = 512 << 10,
    WRITE_BYTES = 64 << 10, /* written at once, or when nothing more comes */
    LOOK_MS = 100,
    PIECE_BYTES = 4096, /* PIPE_BUF: after POLLOUT they never block */
};

#define LOOK_AT_FILE_NS INT64_C(1000000000)
#define PATIENCE_NS INT64_C(2000000000) /* with a reader, at the end */

struct mt_access_log {
    const char *path; /* "-": standard output */
    unsigned lanes_count;
    struct mt_ring *lanes[MT_ACCESS_LOG_LANES_MAX];
    _Atomic uint64_t late[MT_ACCESS_LOG_LANES_MAX]; /* the ring was full */
    pthread_t thread;
    bool started;
    atomic_bool reopen, closing;

    /* the thread's own */
    int fd;
    bool regular, gone; /* its reader is */
    bool failing;       /* it was said */
    uint64_t lost;      /* lines that could not be written */
    int64_t looked_ns, closing_ns;
    struct mt_export *export;
    struct mt_codec_scratch scratch;
    size_t whole, used; /* bytes of whole lines, and of all, in the buffer */
    bool too_long;      /* the line at hand */
    uint8_t buffer[BUFFER_BYTES];
};

static const char *name_of(const struct mt_access_log *l)
{
    return strcmp(l->path, "-") == 0 ? "standard output" : l->path;
}

/* ---- the file ---- */

static int open_file(const char *path)
{
    if (strcmp(path, "-") == 0)
        return STDOUT_FILENO;
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY,
                0640);
}

static void use(struct mt_access_log *l, int fd)
{
    struct stat st;
    if (l->fd > STDOUT_FILENO && l->fd != fd)
        (void)close(l->fd);
    l->fd = fd;
    l->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    l->gone = false;
}

/* Is another file of that name, or none, there by now? */
static bool was_moved(const struct mt_access_log *l)
{
    struct stat now, ours;
    if (strcmp(l->path, "-") == 0 || !l->regular)
        return false;
    if (fstat(l->fd, &ours) != 0)
        return true;
    return stat(l->path, &now) != 0 || now.st_ino != ours.st_ino ||
           now.st_dev != ours.st_dev;
}

static void fail(struct mt_access_log *l, int why)
{
    l->gone = l->gone || why == EPIPE;
    if (!l->failing)
        mt_warn(name_of(l),
                "%s; requests are missing in this log until that is mended, "
                "and it goes on proxying",
                why == EPIPE ? "nobody reads it any more" : strerror(why));
    l->failing = true;
}

static void mend(struct mt_access_log *l)
{
    if (l->failing)
        mt_warn(name_of(l), "is written again; %llu requests are missing",
                (unsigned long long)l->lost);
    l->failing = false;
}

static void look_at_file(struct mt_access_log *l)
{
    int64_t now_ns = mt_steady_ns();
    bool asked = atomic_exchange(&l->reopen, false);
    if (!asked && now_ns - l->looked_ns < LOOK_AT_FILE_NS)
        return;
    l->looked_ns = now_ns;
    if ((!asked && !was_moved(l)) || strcmp(l->path, "-") == 0)
        return;
    int fd = open_file(l->path);
    if (fd >= 0)
        use(l, fd);
    else
        fail(l, errno); /* the old one is written still */
}

/* ---- writing ---- */

static uint64_t lines_in(const uint8_t *bytes, size_t n)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < n; i++)
        lines += bytes[i] == '\n';
    return lines;
}

/* A pipe's reader may take its time, but not ours for ever. */
static bool wait_for_room(struct mt_access_log *l)
{
    struct pollfd out = {.fd = l->fd, .events = POLLOUT};
    for (;;) {
        if (poll(&out, 1, LOOK_MS) > 0)
            return true;
        if (!atomic_load(&l->closing))
            continue;
        if (l->closing_ns == 0)
            l->closing_ns = mt_steady_ns();
        if (mt_steady_ns() - l->closing_ns > PATIENCE_NS)
            return false;
    }
}

/* Bytes written; fewer than n: *why says why. */
static size_t write_all(struct mt_access_log *l, size_t n, int *why)
{
    size_t done = 0;
    while (done < n) {
        size_t piece = n - done;
        if (!l->regular && piece > PIECE_BYTES)
            piece = PIECE_BYTES;
        if (!l->regular && !wait_for_room(l)) {
            *why = EAGAIN;
            break;
        }
        ssize_t got = write(l->fd, l->buffer + done, piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            *why = got < 0 ? errno : EIO;
            break;
        }
        done += (size_t)got;
    }
    return done;
}

/* Half a line at the end of a file would spoil the next one, too. */
static void cut_half_line(struct mt_access_log *l, size_t done)
{
    size_t whole = done;
    while (whole > 0 && l->buffer[whole - 1] != '\n')
        whole--;
    struct stat st;
    if (whole < done && l->regular && fstat(l->fd, &st) == 0 &&
        st.st_size >= (off_t)(done - whole) &&
        ftruncate(l->fd, st.st_size - (off_t)(done - whole)) != 0)
        fail(l, errno);
    l->lost += lines_in(l->buffer + whole, l->whole - whole);
}

/* All whole lines of the buffer. */
static void write_out(struct mt_access_log *l)
{
    int why = EPIPE;
    size_t done = 0;
    if (l->whole == 0)
        return;
    if (!l->gone)
        done = write_all(l, l->whole, &why);
    if (done < l->whole) {
        cut_half_line(l, done);
        fail(l, why);
    } else {
        mend(l);
    }
    memmove(l->buffer, l->buffer + l->whole, l->used - l->whole);
    l->used -= l->whole;
    l->whole = 0;
}

/* The sink of the exporter: it never fails, or it would take no more. */
static int take(void *arg, struct mt_span bytes)
{
    struct mt_access_log *l = arg;
    l->too_long = l->too_long || bytes.len > BUFFER_BYTES - l->used;
    if (l->too_long)
        return 0;
    memcpy(l->buffer + l->used, bytes.ptr, bytes.len);
    l->used += bytes.len;
    return 0;
}

static void add(struct mt_access_log *l, struct mt_span record)
{
    struct mt_exchange x;
    if (mt_exchange_decode(record, &x, &l->scratch) != 0) {
        l->lost++;
        return;
    }
    l->too_long = false;
    (void)mt_export_add(l->export, &x);
    (void)mt_export_flush(l->export);
    if (l->too_long) {
        l->used = l->whole;
        l->lost++;
    }
    l->whole = l->used;
    if (l->whole >= WRITE_BYTES)
        write_out(l);
}

/* Of all lanes the record that ended first: lines are nearly in the order of
 * their time. NULL: there is none now. *done: nor will there be. */
static struct mt_ring *oldest(struct mt_access_log *l, struct mt_span *record,
                              bool *done)
{
    struct mt_ring *found = NULL;
    int64_t found_ns = 0;
    *done = true;
    for (unsigned i = 0; i < l->lanes_count; i++) {
        struct mt_span one;
        int64_t end_ns;
        int rc = mt_ring_peek(l->lanes[i], &one);
        *done = *done && rc == MT_DONE;
        if (rc != MT_EVENT)
            continue;
        memcpy(&end_ns, mt_span_take(&one, sizeof end_ns).ptr, sizeof end_ns);
        if (found != NULL && end_ns >= found_ns)
            continue;
        found = l->lanes[i];
        found_ns = end_ns;
        *record = one;
    }
    return found;
}

static void *write_lines(void *arg)
{
    struct mt_access_log *l = arg;
    bool done = false;
    (void)pthread_setname_np(pthread_self(), "access log");
    while (!done) {
        (void)mt_ring_wait(l->lanes[0], LOOK_MS);
        look_at_file(l);
        struct mt_span record;
        struct mt_ring *lane;
        while ((lane = oldest(l, &record, &done)) != NULL) {
            add(l, record);
            mt_ring_release(lane);
        }
        write_out(l);
    }
    return NULL;
}

/* ---- the proxy's side ---- */

void mt_access_log_row(struct mt_access_log *l, unsigned lane,
                       const struct mt_exchange *x)
{
    if (l == NULL || x->observer != MT_OBSERVER_PROXY_REQUEST)
        return;
    size_t room = mt_exchange_encoded_max(x);
    uint8_t *p = mt_ring_reserve(l->lanes[lane], sizeof x->end_ns + room);
    if (p == NULL) {
        atomic_fetch_add_explicit(&l->late[lane], 1, memory_order_relaxed);
        return;
    }
    memcpy(p, &x->end_ns, sizeof x->end_ns);
    size_t n = mt_exchange_encode(x, p + sizeof x->end_ns, room);
    mt_ring_commit(l->lanes[lane], sizeof x->end_ns + n);
}

void mt_access_log_reopen(struct mt_access_log *l)
{
    if (l != NULL)
        atomic_store(&l->reopen, true);
}

static void free_all(struct mt_access_log *l)
{
    for (unsigned i = 0; i < l->lanes_count; i++)
        mt_ring_free(l->lanes[i]);
    if (l->fd > STDOUT_FILENO)
        (void)close(l->fd);
    mt_export_free(l->export);
    mt_codec_scratch_deinit(&l->scratch);
    free(l);
}

static bool make_parts(struct mt_access_log *l)
{
    l->export =
        mt_export_new(&(struct mt_export_options){.format = MT_EXPORT_JSONL},
                      (struct mt_sink){take, l});
    bool ok = l->export != NULL;
    for (unsigned i = 0; i < l->lanes_count; i++) {
        l->lanes[i] = mt_ring_new(RING_BYTES);
        ok = ok && l->lanes[i] != NULL;
    }
    return ok;
}

int mt_access_log_open(struct mt_access_log **out, const char *path,
                       unsigned lanes)
{
    int fd = open_file(path);
    *out = NULL;
    if (fd < 0) {
        mt_say(path,
               "%s; the access log needs a file that can be written, or -",
               strerror(errno));
        return MT_EXIT_ERROR;
    }
    struct mt_access_log *l = calloc(1, sizeof *l);
    if (l != NULL) {
        l->path = path;
        l->lanes_count = lanes;
        use(l, fd);
        /* neither a reader that goes away nor a limit is a reason to end */
        (void)signal(SIGPIPE, SIG_IGN);
        (void)signal(SIGXFSZ, SIG_IGN);
        l->started = make_parts(l) &&
                     pthread_create(&l->thread, NULL, write_lines, l) == 0;
    }
    if (l != NULL && l->started) {
        *out = l;
        return 0;
    }
    mt_say(path, "no memory for an access log");
    if (l != NULL)
        free_all(l);
    else if (fd > STDOUT_FILENO)
        (void)close(fd);
    return MT_EXIT_ERROR;
}

void mt_access_log_close(struct mt_access_log *l)
{
    if (l == NULL)
        return;
    atomic_store(&l->closing, true);
    for (unsigned i = 0; i < l->lanes_count; i++)
        mt_ring_close_writer(l->lanes[i]);
    (void)pthread_join(l->thread, NULL);
    uint64_t missing = l->lost;
    for (unsigned i = 0; i < l->lanes_count; i++)
        missing += atomic_load(&l->late[i]);
    if (missing > 0)
        mt_warn(name_of(l), "%llu requests are missing in this log",
                (unsigned long long)missing);
    free_all(l);
}
