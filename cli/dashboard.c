/* meshtop without a command: the dashboard. What it is lives in tui/; here
 * are its database, its clocks and its loop. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text_time.h"
#include "cli/clock.h"
#include "cli/dashboard_packets.h"
#include "cli/printer.h"
#include "cli/record.h"
#include "cli/say.h"
#include "cli/view.h"
#include "cli/write.h"
#include "tui/dashboard.h"
#include "tui/terminal.h"
#include "tui/worker.h"

#define LIVE_WINDOW_NS INT64_C(60000000000)

struct dashboard {
    const struct mt_options *options;
    struct mt_worker *worker;
    struct mt_dashboard *core;
    struct mt_terminal *terminal;
    struct mt_canvas canvas;
    char directory[64]; /* of the database that a capture was read into */
    char path[96];
    char *filter;
    char source[256];
};

static int64_t steady(void *arg)
{
    (void)arg;
    return mt_steady_ns();
}

/* ---- what is looked at ---- */

static int make_path(struct dashboard *d)
{
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(d->directory, sizeof d->directory, "%s/meshtop-XXXXXX",
                     tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
    if (n < 0 || (size_t)n >= sizeof d->directory)
        (void)snprintf(d->directory, sizeof d->directory,
                       "/tmp/meshtop-XXXXXX");
    if (mkdtemp(d->directory) == NULL) {
        mt_say(d->directory, "%s", strerror(errno));
        d->directory[0] = '\0';
        return MT_EXIT_ERROR;
    }
    (void)snprintf(d->path, sizeof d->path, "%s/capture.db", d->directory);
    return 0;
}

/* The worker has it open: nobody needs its names any more. */
static void remove_path(struct dashboard *d)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    if (d->directory[0] == '\0')
        return;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char path[sizeof d->path + 8];
        (void)snprintf(path, sizeof path, "%s%s", d->path, ends[i]);
        (void)unlink(path);
    }
    (void)rmdir(d->directory);
    d->directory[0] = '\0';
}

/* As meshtop record does; its summary is screen 6. */
static int record(struct dashboard *d)
{
    struct mt_feed *f;
    struct mt_feed_result result = {0};
    struct mt_options into = *d->options;
    into.write = d->path;
    into.quiet = true;
    int rc = mt_feed_open(&f, d->options, NULL);
    if (rc != 0)
        return rc;
    rc = mt_record_into_database(f, &into, &result);
    if (rc == 0)
        rc = mt_feed_exit(d->options, &result);
    mt_feed_free(f);
    mt_feed_result_deinit(&result);
    return rc;
}

/* Ways to begin, where there is nothing to show. */
static int say_how_to_begin(void)
{
    mt_say(NULL, "nothing was recorded yet. To begin:");
    mt_say_line("  meshtop -r trace.pcapng                    "
                "look into a capture");
    mt_say_line("  sudo meshtop record -i any -w mesh.db      "
                "capture what this machine sees");
    mt_say_line("  meshtop -d mesh.db                         "
                "look into that, also while it grows");
    mt_say_line("  meshtop --help                             the commands");
    return MT_EXIT_ERROR;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

/* A database, or captures. Interfaces belong here, too, once the dashboard
 * is to capture by itself: a recorder beside it, and -d of what it writes. */
static int open_source(struct dashboard *d)
{
    const struct mt_options *o = d->options;
    const char *path = mt_view_path(o);
    if (o->read_count == 0) {
        (void)snprintf(d->source, sizeof d->source, "%s", base_name(path));
        int rc = mt_worker_start(&d->worker, path, steady);
        if (rc == MT_STORE_ENOENT && o->db == NULL)
            return say_how_to_begin();
        if (rc != 0)
            mt_say(path, "%s", mt_store_strerror(rc));
        return rc == 0 ? 0 : MT_EXIT_ERROR;
    }
    (void)snprintf(d->source, sizeof d->source, "%s%s", base_name(o->read[0]),
                   o->read_count > 1 ? " ..." : "");
    int rc = make_path(d);
    if (rc == 0)
        rc = record(d);
    if (rc == 0) {
        int opened = mt_worker_start(&d->worker, d->path, steady);
        remove_path(d); /* nothing is left behind, whatever comes */
        if (opened != 0) {
            mt_say(d->path, "%s", mt_store_strerror(opened));
            rc = MT_EXIT_ERROR;
        }
    }
    return rc;
}

/* ---- the core ---- */

static int32_t offset_s(int64_t ns)
{
    return mt_local_offset_s(ns);
}

static int64_t moment(const char *text)
{
    struct mt_time_ref ref = {.now_ns = mt_wall_ns()};
    int64_t ns = 0;
    ref.offset_s = mt_local_offset_s(ref.now_ns);
    if (text != NULL)
        (void)mt_parse_time(mt_span_str(text), &ref, &ns);
    return ns;
}

/* The window to begin with. A database that is being written is shown as it
 * was in the last minute, another one whole. */
static void set_window(const struct dashboard *d,
                       struct mt_dashboard_config *config)
{
    const struct mt_options *o = d->options;
    const struct mt_store_options unbounded = {.clock = NULL};
    struct mt_store *s;
    int64_t now = mt_wall_ns(), since = moment(o->since);
    bool live = false;
    config->end_ns = moment(o->until);
    config->span_ns = o->last_ns;
    if (o->read_count == 0 &&
        mt_store_open(&s, mt_view_path(o), &unbounded) == 0) {
        (void)mt_query_now(s, mt_wall_ns(), &now, &live);
        mt_store_free(s);
    }
    if (since > 0 && config->end_ns == 0)
        config->end_ns = now;
    if (since > 0 && since < config->end_ns)
        config->span_ns = config->end_ns - since;
    if (live && config->span_ns == 0)
        config->span_ns = LIVE_WINDOW_NS;
}

static void give_reader(struct dashboard *d)
{
    const struct mt_reader reader = mt_dashboard_reader(d->options);
    mt_worker_reads(d->worker, &reader);
}

static int make_core(struct dashboard *d, bool once)
{
    const struct mt_options *o = d->options;
    struct mt_dashboard_config config = {.source = d->source,
                                         .screen = o->screen,
                                         .ascii = !mt_utf8_locale(),
                                         .once = once,
                                         .offset_s = offset_s};
    struct mt_filter *filter;
    int rc = mt_view_filter(o, &filter);
    if (rc != 0)
        return rc;
    mt_filter_free(filter); /* it is one: that was all to be known */
    if (o->operands_count > 0)
        d->filter = mt_options_filter_text(o);
    config.filter = d->filter;
    set_window(d, &config);
    if (mt_dashboard_new(&d->core, &config) == 0)
        return 0;
    mt_say(NULL, "not enough memory");
    return MT_EXIT_ERROR;
}

/* ---- once ---- */

static void ask(struct dashboard *d)
{
    struct mt_request request;
    if (mt_dashboard_request(d->core, mt_steady_ns(), mt_wall_ns(), &request))
        mt_worker_ask(d->worker, &request);
}

static unsigned take(struct dashboard *d)
{
    struct mt_snapshot *a;
    char text[MT_WORKER_SAID_BYTES];
    bool trouble;
    unsigned what = 0;
    if (mt_worker_take(d->worker, &a))
        what |= mt_dashboard_answer(d->core, a, mt_steady_ns());
    if (mt_worker_said(d->worker, text, &trouble)) {
        mt_dashboard_say(d->core, trouble, text);
        what |= MT_DO_DRAW;
    }
    return what;
}

static size_t width_of_output(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    long n = columns != NULL ? strtol(columns, NULL, 10) : 0;
    return n >= 40 && n <= MT_CANVAS_COLUMNS_MAX ? (size_t)n : 80;
}

static int print_text(struct dashboard *d)
{
    struct mt_out out;
    if (mt_canvas_init(&d->canvas, width_of_output(), MT_CANVAS_ROWS_MAX) != 0)
        return MT_EXIT_ERROR;
    mt_dashboard_draw(d->core, &d->canvas, mt_steady_ns());
    mt_out_init(&out, (struct mt_sink){mt_write_file, stdout});
    mt_canvas_text(&d->canvas, mt_canvas_used(&d->canvas), false, &out);
    return mt_out_flush(&out) == 0 ? MT_EXIT_OK : MT_EXIT_ERROR;
}

static int print_json(const struct mt_snapshot *a)
{
    struct mt_printer out;
    mt_printer_open(&out, stdout, &mt_screen_services, MT_FORMAT_JSON);
    mt_printer_head(&out, &a->rows.coverage);
    for (size_t i = 0; i < a->rows.count; i++)
        mt_printer_row(&out, &a->rows.rows[i]);
    return mt_printer_close(&out) == 0 ? MT_EXIT_OK : MT_EXIT_ERROR;
}

static int print_once(struct dashboard *d)
{
    struct pollfd answered = {.fd = mt_worker_fd(d->worker), .events = POLLIN};
    ask(d);
    while (mt_dashboard_snapshot(d->core) == NULL) {
        (void)poll(&answered, 1, -1);
        (void)take(d);
    }
    const struct mt_snapshot *a = mt_dashboard_snapshot(d->core);
    if (a->rc != 0) {
        mt_say(d->source, "%s", mt_store_strerror(a->rc));
        return MT_EXIT_ERROR;
    }
    return d->options->json ? print_json(a) : print_text(d);
}

/* ---- on a terminal ---- */

static int fit_canvas(struct dashboard *d)
{
    size_t columns, rows;
    mt_terminal_size(d->terminal, &columns, &rows);
    mt_canvas_deinit(&d->canvas);
    return mt_canvas_init(&d->canvas, columns, rows);
}

static void start_export(struct dashboard *d)
{
    struct mt_request request;
    const char *path;
    mt_dashboard_export(d->core, &request, &path);
    request.wall_ns = mt_wall_ns();
    request.offset_s = mt_local_offset_s(request.wall_ns);
    mt_worker_export(d->worker, &request, path);
}

static void act(struct dashboard *d, unsigned what)
{
    if (what & MT_DO_SUSPEND)
        mt_terminal_suspend(d->terminal);
    if (what & MT_DO_REPAINT)
        mt_terminal_repaint(d->terminal);
    if (what & MT_DO_COPY)
        mt_terminal_copy(d->terminal, mt_span_str(mt_dashboard_clip(d->core)));
    if (what & MT_DO_EXPORT)
        start_export(d);
}

/* Everything that waits on the keyboard. Returns bits of enum mt_do. */
static unsigned read_keys(struct dashboard *d)
{
    struct mt_input in;
    unsigned all = 0;
    while (!(all & MT_DO_QUIT) && mt_terminal_next(d->terminal, &in)) {
        unsigned what = MT_DO_DRAW;
        if (in.kind == MT_INPUT_KEY)
            what = mt_dashboard_key(d->core, in.key);
        else if (in.kind == MT_INPUT_CLICK)
            what = mt_dashboard_click(d->core, in.column, in.row);
        else if (fit_canvas(d) != 0)
            what = MT_DO_QUIT;
        act(d, what);
        all |= what;
    }
    return all;
}

/* Until the next question is due; while one is asked, a few times a second,
 * so that its age is seen. */
static int patience_ms(const struct dashboard *d)
{
    int64_t next = mt_dashboard_next_ns(d->core);
    int64_t ms = next == INT64_MAX ? 500 : (next - mt_steady_ns()) / 1000000;
    return ms < 1 ? 1 : ms > 1000 ? 1000 : (int)ms;
}

static int loop(struct dashboard *d)
{
    unsigned what = MT_DO_DRAW;
    struct pollfd fds[] = {
        {.fd = mt_terminal_fd(d->terminal), .events = POLLIN},
        {.fd = mt_worker_fd(d->worker), .events = POLLIN}};
    if (fit_canvas(d) != 0)
        return MT_EXIT_ERROR;
    while (!(what & MT_DO_QUIT)) {
        ask(d);
        mt_dashboard_draw(d->core, &d->canvas, mt_steady_ns());
        mt_terminal_show(d->terminal, &d->canvas);
        (void)poll(fds, 2, patience_ms(d));
        if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
            break; /* the terminal is gone */
        what = read_keys(d) | take(d);
    }
    return MT_EXIT_OK;
}

static int show(struct dashboard *d)
{
    const char *why;
    if (mt_terminal_open(&d->terminal, &why) != 0) {
        mt_say(NULL, "%s", why);
        return MT_EXIT_ERROR;
    }
    int rc = loop(d);
    mt_terminal_close(d->terminal);
    return rc;
}

int mt_command_dashboard(const struct mt_options *o)
{
    struct dashboard d = {.options = o};
    bool once = o->once || o->json || !isatty(STDOUT_FILENO);
    int rc = open_source(&d);
    if (rc == 0)
        give_reader(&d);
    if (rc == 0)
        rc = make_core(&d, once);
    if (rc == 0)
        rc = once ? print_once(&d) : show(&d);
    mt_worker_stop(d.worker);
    remove_path(&d);
    mt_dashboard_free(d.core);
    mt_canvas_deinit(&d.canvas);
    free(d.filter);
    return rc;
}
