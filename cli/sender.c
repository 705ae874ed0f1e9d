#include "cli/sender.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/clock.h"
#include "cli/peek.h"
#include "cli/say.h"
#include "cli/writing.h"

#define FLUSH_NS INT64_C(250000000)

struct mt_sender {
    struct mt_relay_writer *writer;
    const char *path;
    int fd;
    int64_t flush_ns; /* steady clock: the next flush is due */
    int64_t now_ns;   /* of the packets: the newest seen */
};

bool mt_sender_wanted(const char *path)
{
    static const char ending[] = ".relay";
    size_t n = strlen(path);
    return strcmp(path, "-") == 0 ||
           (n >= sizeof ending &&
            strcmp(path + n - strlen(ending), ending) == 0);
}

/* A sink of base/out.h. */
static int write_fd(void *arg, struct mt_span bytes)
{
    const struct mt_sender *s = arg;
    while (bytes.len > 0) {
        ssize_t n = write(s->fd, bytes.ptr, bytes.len);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            (void)mt_span_take(&bytes, (size_t)n);
    }
    return 0;
}

static int begin(struct mt_sender *s, const struct mt_options *o)
{
    char name[256] = "";
    (void)gethostname(name, sizeof name - 1);
    struct mt_writer_options own = mt_writing_options(o);
    struct mt_relay_host host = {.id = mt_span_str(own.host_id),
                                 .boot = mt_span_str(own.boot_id),
                                 .name = mt_span_str(name),
                                 .version = mt_span_str(MT_VERSION),
                                 .started_ns = mt_wall_ns(),
                                 .clock = o->interfaces_count > 0
                                              ? MT_RELAY_CLOCK_HOST
                                              : MT_RELAY_CLOCK_CAPTURE};
    return mt_relay_writer_new(&s->writer, (struct mt_sink){write_fd, s},
                               &host);
}

static bool is_read(const struct mt_options *o, const struct stat *output)
{
    struct stat st;
    for (size_t i = 0; i < o->read_count; i++) {
        int rc = strcmp(o->read[i], "-") == 0 ? fstat(STDIN_FILENO, &st)
                                              : stat(o->read[i], &st);
        if (rc == 0 && st.st_dev == output->st_dev &&
            st.st_ino == output->st_ino)
            return true;
    }
    return false;
}

static bool holds_stream(const char *path)
{
    struct mt_peek peek;
    if (mt_peek_open(&peek, path) != 0)
        return false;
    bool holds = mt_relay_detect(mt_peek_start(&peek));
    mt_peek_close(&peek);
    return holds;
}

/* A database is added to; a stream takes the place of one, and of nothing
 * else. 0, or an exit code. */
static int check_replaced(const struct mt_options *o)
{
    struct stat st;
    if (stat(o->write, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
        return 0;
    if (is_read(o, &st))
        mt_say(o->write, "is read by this command; write another file");
    else if (!holds_stream(o->write))
        mt_say(o->write, "exists, and is no stream that may be replaced; "
                         "remove it, or write another file");
    else
        return 0;
    return MT_EXIT_ERROR;
}

/* 0, or an exit code. */
static int open_output(const struct mt_options *o, int *fd)
{
    const char *path = o->write;
    bool is_stdout = strcmp(path, "-") == 0;
    if (is_stdout && isatty(STDOUT_FILENO)) {
        mt_say(NULL, "a stream of exchanges is not for a terminal; pipe it "
                     "into meshtop tail -r -, or name a FILE.relay");
        return MT_EXIT_USAGE;
    }
    if (!is_stdout && check_replaced(o) != 0)
        return MT_EXIT_ERROR;
    *fd = is_stdout
              ? STDOUT_FILENO
              : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (*fd >= 0)
        return 0;
    mt_say(path, "%s", strerror(errno));
    return MT_EXIT_ERROR;
}

static void free_sender(struct mt_sender *s)
{
    mt_relay_writer_free(s->writer);
    if (s->fd > STDOUT_FILENO)
        (void)close(s->fd);
    free(s);
}

int mt_sender_open(struct mt_sender **out, const struct mt_options *o)
{
    struct mt_sender *s = calloc(1, sizeof *s);
    *out = NULL;
    if (s == NULL) {
        mt_say(NULL, "not enough memory");
        return MT_EXIT_ERROR;
    }
    s->path = o->write;
    s->fd = -1;
    int rc = open_output(o, &s->fd);
    if (rc == 0 && begin(s, o) != 0) {
        mt_say(NULL, "not enough memory");
        rc = MT_EXIT_ERROR;
    }
    /* A reader that goes away is an error of write(), and no end of ours. The
     * reader learns at once who is there. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (rc == 0)
        (void)mt_relay_flush(s->writer);
    if (rc != 0)
        free_sender(s);
    else
        *out = s;
    return rc;
}

static bool flush(struct mt_sender *s, int64_t now_ns)
{
    s->flush_ns = now_ns + FLUSH_NS;
    return mt_relay_put_mark(s->writer, s->now_ns, mt_wall_ns()) == 0 &&
           mt_relay_flush(s->writer) == 0;
}

static bool sent(struct mt_sender *s, int rc, int64_t seen_ns)
{
    int64_t now_ns = mt_steady_ns();
    if (seen_ns > s->now_ns)
        s->now_ns = seen_ns;
    return rc == 0 && (now_ns < s->flush_ns || flush(s, now_ns));
}

bool mt_sender_exchange(struct mt_sender *s, const struct mt_exchange *x)
{
    struct mt_exchange sent_x = *x;
    sent_x.packets = NULL;
    sent_x.packets_count = 0;
    return sent(s, mt_relay_put_exchange(s->writer, &sent_x), x->end_ns);
}

bool mt_sender_open_exchange(struct mt_sender *s, const struct mt_exchange *x,
                             int64_t now_ns)
{
    struct mt_exchange sent_x = *x;
    sent_x.packets = NULL;
    sent_x.packets_count = 0;
    return sent(s, mt_relay_put_open(s->writer, &sent_x, now_ns), now_ns);
}

bool mt_sender_report(struct mt_sender *s, const struct mt_conn_report *report)
{
    return sent(s, mt_relay_put_report(s->writer, report), report->ts_ns);
}

bool mt_sender_name(struct mt_sender *s, const struct mt_relay_name *name)
{
    return sent(s, mt_relay_put_name(s->writer, name), name->ts_ns);
}

bool mt_sender_idle(struct mt_sender *s, int64_t now_ns)
{
    if (now_ns > s->now_ns)
        s->now_ns = now_ns;
    return flush(s, mt_steady_ns());
}

static int put_losses(struct mt_sender *s, const struct mt_feed_result *result)
{
    uint64_t losses[MT_LOSS_COUNT];
    int rc = 0;
    mt_feed_losses(result, losses);
    losses[MT_LOSS_STORE] += mt_relay_written(s->writer).refused;
    for (int i = 0; rc == 0 && i < MT_LOSS_COUNT; i++)
        if (losses[i] > 0)
            rc = mt_relay_put_loss(s->writer, (enum mt_loss)i, losses[i]);
    if (rc == 0 && result->sample_one_of > 1)
        rc = mt_relay_put_sample(s->writer, result->sample_one_of);
    return rc;
}

bool mt_sender_second(struct mt_sender *s, const struct mt_feed_result *so_far)
{
    return put_losses(s, so_far) == 0 && flush(s, mt_steady_ns());
}

/* What only the end knows. */
static int put_end(struct mt_sender *s, const struct mt_feed_result *result)
{
    int rc = put_losses(s, result);
    for (size_t i = 0; rc == 0 && i < result->sources_count; i++)
        rc = mt_relay_put_source(s->writer, (uint32_t)i,
                                 &result->sources[i].info);
    if (rc == 0)
        rc = mt_relay_put_mark(s->writer, s->now_ns, mt_wall_ns());
    return rc == 0 ? mt_relay_end(s->writer) : rc;
}

int mt_sender_close(struct mt_sender *s, const struct mt_feed_result *result)
{
    int rc = put_end(s, result);
    if (rc == 0 && s->fd > STDOUT_FILENO && close(s->fd) != 0)
        rc = -errno;
    else if (rc == 0 && s->fd > STDOUT_FILENO)
        s->fd = -1;
    if (rc != 0 && rc != -EPIPE)
        mt_say(strcmp(s->path, "-") == 0 ? "standard output" : s->path, "%s",
               strerror(-rc));
    free_sender(s);
    return rc == 0 || rc == -EPIPE ? MT_EXIT_OK : MT_EXIT_ERROR;
}
