/* meshtop report: the page and what it shows, as one file. */
#include "web/report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/clock.h"
#include "cli/options.h"
#include "cli/printer.h"
#include "cli/say.h"
#include "cli/view.h"

enum { LABEL_BYTES = 256, MARK_BYTES = 128 };

struct report {
    const struct mt_options *o;
    struct mt_view view;
    struct mt_store *store; /* the database once more, without a deadline */
    char *filter;           /* NULL: none */
    char label[LABEL_BYTES];
    int fd;    /* -1: nothing was written yet */
    int error; /* -errno of a write */
    uint64_t bytes;
};

/* ---- where it goes ---- */

static bool is_stdout(const struct mt_options *o)
{
    return strcmp(o->output, "-") == 0;
}

static bool is_same(const char *path, const struct stat *output)
{
    struct stat st;
    int rc =
        strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(path, &st);
    return rc == 0 && st.st_dev == output->st_dev &&
           st.st_ino == output->st_ino;
}

static bool is_read(const struct mt_options *o, const struct stat *output)
{
    for (size_t i = 0; i < o->read_count; i++)
        if (is_same(o->read[i], output))
            return true;
    return o->read_count == 0 && is_same(mt_view_path(o), output);
}

static bool holds_report(const char *path)
{
    char start[MARK_BYTES];
    struct mt_span mark = mt_web_report_mark();
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t n = pread(fd, start, sizeof start, 0);
    (void)close(fd);
    return n >= (ssize_t)mark.len && memcmp(start, mark.ptr, mark.len) == 0;
}

/* As of streams: it takes the place of one, and of nothing else. */
static int check_replaced(const struct mt_options *o)
{
    struct stat st;
    if (stat(o->output, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
        return 0;
    if (is_read(o, &st))
        mt_say(o->output, "is read by this command; write another file");
    else if (!holds_report(o->output))
        mt_say(o->output, "exists, and is no report that may be replaced; "
                          "remove it, or write another file");
    else
        return 0;
    return MT_EXIT_ERROR;
}

static int check(const struct mt_options *o)
{
    if (o->output == NULL) {
        mt_say(NULL, "report needs -o FILE: the page to write, or -");
        return MT_EXIT_USAGE;
    }
    if (is_stdout(o) && isatty(STDOUT_FILENO)) {
        mt_say(NULL, "a page is not for a terminal; name a FILE.html");
        return MT_EXIT_USAGE;
    }
    if (!mt_web_report_possible()) {
        mt_say(NULL, "this program was built without the page, which a report "
                     "is; build it with npm there (-DMT_WEB_UI=ON)");
        return MT_EXIT_ERROR;
    }
    return is_stdout(o) ? 0 : check_replaced(o);
}

/* The first bytes come when all answers are there: what went wrong until then
 * has replaced nothing. */
static int write_some(struct report *r, struct mt_span bytes)
{
    if (r->fd < 0)
        r->fd = is_stdout(r->o)
                    ? STDOUT_FILENO
                    : open(r->o->output,
                           O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (r->fd < 0)
        return -errno;
    r->bytes += bytes.len;
    while (bytes.len > 0) {
        ssize_t n = write(r->fd, bytes.ptr, bytes.len);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            (void)mt_span_take(&bytes, (size_t)n);
    }
    return 0;
}

static int write_bytes(void *arg, struct mt_span bytes)
{
    struct report *r = arg;
    r->error = write_some(r, bytes);
    return r->error;
}

static void close_output(struct report *r)
{
    if (r->fd > STDOUT_FILENO && close(r->fd) != 0 && r->error == 0)
        r->error = -errno;
    r->fd = -1;
}

/* ---- what it is of ---- */

static int64_t steady(void *arg)
{
    (void)arg;
    return mt_steady_ns();
}

/* A report is of what was: nothing is live in it. */
static int64_t later_than_all(void)
{
    return INT64_MAX;
}

static void set_label(struct report *r)
{
    const struct mt_options *o = r->o;
    const char *path = o->read_count > 0 ? o->read[0] : mt_view_path(o);
    const char *slash = strrchr(path, '/');
    (void)snprintf(r->label, sizeof r->label, "%s%s",
                   strcmp(path, "-") == 0 ? "standard input"
                   : slash != NULL        ? slash + 1
                                          : path,
                   o->read_count > 1 ? " and more" : "");
}

static int open_all(struct report *r)
{
    const struct mt_options *o = r->o;
    const struct mt_store_options unbounded = {.clock = NULL};
    int rc = mt_view_open(&r->view, o, MT_VIEW_ROWS);
    if (rc == 0 && o->operands_count > 0 &&
        (r->filter = mt_options_filter_text(o)) == NULL)
        rc = mt_view_failed(&r->view, MT_STORE_ENOMEM);
    set_label(r);
    if (rc != 0 || r->view.from_capture)
        return rc != 0 ? rc : mt_feed_exit(o, &r->view.feed);
    rc = mt_store_open(&r->store, r->view.name, &unbounded);
    return rc == 0 ? 0 : mt_view_failed(&r->view, rc);
}

/* ---- writing ---- */

static int say_failed(const struct report *r, const struct mt_web_report *page)
{
    if (r->error == 0)
        mt_say(r->label, "%s", page->problem.detail);
    else if (r->error == -EPIPE && is_stdout(r->o))
        return MT_EXIT_OK;
    else
        mt_say(is_stdout(r->o) ? "standard output" : r->o->output, "%s",
               strerror(-r->error));
    return MT_EXIT_ERROR;
}

static void say_what(const struct report *r, const struct mt_web_report *page)
{
    mt_say(is_stdout(r->o) ? NULL : r->o->output,
           "%" PRIu64 " of %" PRIu64 " exchanges are inside%s; %" PRIu64 " KiB",
           page->exchanges, page->found,
           page->exchanges < page->found
               ? ": the slowest, failures and the latest (-n takes more)"
               : "",
           (r->bytes + 1023) / 1024);
    if (page->kept_values)
        mt_warn(NULL, "header fields or values of queries are inside, "
                      "credentials perhaps among them: think before you pass "
                      "this file on");
}

static int write_report(struct report *r)
{
    const struct mt_options *o = r->o;
    bool windowed = o->since != NULL || o->until != NULL || o->last_ns > 0;
    const struct mt_web_site site = {.db_named = o->db,
                                     .read = o->read,
                                     .read_count = o->read_count,
                                     .settled = true,
                                     .version = MT_VERSION,
                                     .steady = steady,
                                     .wall_ns = later_than_all,
                                     .offset_s = mt_local_offset_s};
    struct mt_web_report page = {
        .site = &site,
        .store = r->store != NULL ? r->store : r->view.store,
        .label = r->label,
        .since_ns = windowed ? r->view.ask.from_ns : 0,
        .until_ns = windowed ? r->view.ask.to_ns : 0,
        .filter = mt_span_str(r->filter != NULL ? r->filter : ""),
        .exchanges_max =
            o->limit > 0 ? o->limit : MT_WEB_REPORT_EXCHANGES_DEFAULT};
    int rc = mt_web_report_write(&page, (struct mt_sink){write_bytes, r});
    close_output(r);
    if (rc != 0 || r->error != 0)
        return say_failed(r, &page);
    say_what(r, &page);
    return MT_EXIT_OK;
}

int mt_command_report(const struct mt_options *o)
{
    struct report r = {.o = o, .fd = -1};
    int rc = check(o);
    if (rc != 0)
        return rc;
    rc = open_all(&r);
    if (rc == 0)
        rc = write_report(&r);
    mt_store_free(r.store);
    mt_view_close(&r.view);
    free(r.filter);
    return rc;
}
