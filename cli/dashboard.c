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
#include "cli/dashboard.h"
#include "cli/dashboard_json.h"
#include "cli/dashboard_packets.h"
#include "cli/dashboard_source.h"
#include "cli/printer.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "cli/view.h"
#include "cli/write.h"
#include "tui/terminal.h"

#define LIVE_WINDOW_NS INT64_C(60000000000)

struct dashboard {
    const struct mt_options *options;
    const struct mt_dashboard_made *made; /* NULL: nobody makes it for us */
    struct mt_dashboard_source source;
    struct mt_dashboard *core;
    struct mt_terminal *terminal;
    struct mt_canvas canvas;
    char *filter;
};

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
    int64_t since = moment(o->since);
    config->end_ns = moment(o->until);
    config->span_ns = o->last_ns;
    if (since > 0 && config->end_ns == 0)
        config->end_ns = d->source.now_ns;
    if (since > 0 && since < config->end_ns)
        config->span_ns = config->end_ns - since;
    if (d->source.ran_ns > 0 && config->span_ns == 0) {
        config->span_ns = d->source.ran_ns;
        config->end_ns = d->source.now_ns;
    }
    if (d->source.live && config->span_ns == 0)
        config->span_ns = LIVE_WINDOW_NS;
}

static void give_reader(struct dashboard *d)
{
    const struct mt_reader reader = mt_dashboard_reader(d->options);
    mt_worker_reads(d->source.worker, &reader);
}

static int make_core(struct dashboard *d, bool once)
{
    const struct mt_options *o = d->options;
    struct mt_dashboard_config config = {.source = d->source.name,
                                         .screen = o->screen,
                                         .ascii = !mt_utf8_locale(),
                                         .once = once,
                                         .growing =
                                             !once && d->source.feeder != NULL,
                                         .proxied = d->source.working,
                                         .replay = d->source.replay,
                                         .speed = 1,
                                         .offset_s = offset_s};
    if (o->operands_count > 0)
        d->filter = mt_options_filter_text(o);
    config.filter = d->filter;
    if (o->speed != NULL)
        (void)mt_pace_parse(o->speed, &config.speed);
    set_window(d, &config);
    if (mt_dashboard_new(&d->core, &config) != 0) {
        mt_say(NULL, "not enough memory");
        return MT_EXIT_ERROR;
    }
    if (d->source.serving.line[0] != '\0')
        mt_dashboard_say(d->core, false, d->source.serving.line);
    return 0;
}

/* ---- once ---- */

static void ask(struct dashboard *d)
{
    struct mt_request request;
    if (mt_dashboard_request(d->core, mt_steady_ns(), mt_wall_ns(), &request))
        mt_worker_ask(d->source.worker, &request);
}

static void say_end(struct dashboard *d, bool failed)
{
    if (d->source.working)
        mt_dashboard_say(d->core, true, "the proxy has ended");
    else if (failed)
        mt_dashboard_say(d->core, true,
                         "the capture broke off: what was read until then is "
                         "shown");
    else if (d->source.replay && mt_feeder_first_ns(d->source.feeder) == 0)
        mt_dashboard_say(d->core, true, "the capture holds no packets");
    else if (!d->source.replay)
        mt_dashboard_say(d->core, false,
                         "nothing more comes: what was read is all there is");
}

/* What fills the database says, and how far it is. */
static unsigned hear(struct dashboard *d)
{
    struct mt_feeder *f = d->source.feeder;
    char line[MT_FEEDER_LINE_BYTES] = "";
    unsigned what = 0;
    if (d->made != NULL)
        what |= d->made->note(d->made->maker.arg, d->core);
    if (f != NULL && !mt_feeder_ended(f)) {
        while (mt_feeder_said(f, line)) {
            mt_dashboard_say(d->core, true, line);
            what |= MT_DO_DRAW;
        }
        if (mt_feeder_ended(f)) {
            mt_dashboard_has_grown(d->core);
            if (line[0] == '\0')
                say_end(d, mt_feeder_failed(f));
        }
    }
    if (!d->source.replay)
        return what;
    struct mt_pace_read read = mt_dashboard_source_read(&d->source);
    what |= mt_dashboard_replayed(d->core, &read, mt_steady_ns());
    if (f != NULL)
        mt_feeder_want(f, mt_dashboard_wanted_ns(d->core, mt_steady_ns()));
    return what;
}

static unsigned take(struct dashboard *d)
{
    struct mt_snapshot *a;
    char text[MT_WORKER_SAID_BYTES];
    bool trouble;
    unsigned what = 0;
    if (mt_worker_take(d->source.worker, &a))
        what |= mt_dashboard_answer(d->core, a, mt_steady_ns());
    if (mt_worker_said(d->source.worker, text, &trouble)) {
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

static int print_once(struct dashboard *d)
{
    struct pollfd answered = {.fd = mt_worker_fd(d->source.worker),
                              .events = POLLIN};
    ask(d);
    while (mt_dashboard_snapshot(d->core) == NULL) {
        (void)poll(&answered, 1, -1);
        (void)take(d);
    }
    const struct mt_snapshot *a = mt_dashboard_snapshot(d->core);
    if (a->rc != 0) {
        mt_say(d->source.path, "%s", mt_store_strerror(a->rc));
        return MT_EXIT_ERROR;
    }
    return d->options->json ? mt_dashboard_print_json(a) : print_text(d);
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
    mt_worker_export(d->source.worker, &request, path);
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
    int64_t most = mt_dashboard_is_playing(d->core, mt_steady_ns()) ? 50 : 1000;
    return ms < 1 ? 1 : ms > most ? (int)most : (int)ms;
}

static int loop(struct dashboard *d)
{
    unsigned what = MT_DO_DRAW;
    const struct mt_feeder *f = d->source.feeder;
    struct pollfd fds[] = {
        {.fd = mt_terminal_fd(d->terminal), .events = POLLIN},
        {.fd = mt_worker_fd(d->source.worker), .events = POLLIN},
        {.fd = mt_signals_descriptor(), .events = POLLIN},
        {.fd = -1, .events = POLLIN}};
    if (fit_canvas(d) != 0)
        return MT_EXIT_ERROR;
    while (!(what & MT_DO_QUIT) && !mt_interrupted()) {
        what = hear(d);
        ask(d);
        mt_dashboard_draw(d->core, &d->canvas, mt_steady_ns());
        mt_terminal_show(d->terminal, &d->canvas);
        fds[3].fd = f != NULL ? mt_feeder_fd(f) : -1;
        (void)poll(fds, 4, patience_ms(d));
        if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
            break; /* the terminal is gone */
        what |= read_keys(d) | take(d);
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
    if (d->source.feeder != NULL || d->source.serving.line[0] != '\0')
        mt_signals_catch(); /* who is asked to end has somebody to end first */
    int rc = loop(d);
    mt_terminal_close(d->terminal);
    return rc;
}

/* Is it a filter? Known before anything is read. */
static int check_filter(const struct mt_options *o)
{
    struct mt_filter *filter;
    int rc = mt_view_filter(o, &filter);
    if (rc == 0)
        mt_filter_free(filter);
    return rc;
}

/* Its source is open, if rc is 0. */
static int run(struct dashboard *d, int rc, bool once)
{
    if (rc == 0)
        give_reader(d);
    if (rc == 0)
        rc = make_core(d, once);
    if (rc == 0)
        rc = once ? print_once(d) : show(d);
    if (rc == 0 && d->source.working && !mt_feeder_ended(d->source.feeder))
        mt_say(NULL, "the proxy finishes what runs, for 30 s at most; ^C twice "
                     "ends it at once");
    int fed = mt_dashboard_source_close(&d->source);
    mt_dashboard_free(d->core);
    mt_canvas_deinit(&d->canvas);
    free(d->filter);
    return rc != 0 ? rc : fed;
}

int mt_command_dashboard(const struct mt_options *o)
{
    struct dashboard d = {.options = o};
    bool once = o->once || o->json || !isatty(STDOUT_FILENO);
    int rc = check_filter(o);
    if (rc == 0)
        rc = mt_dashboard_source_open(&d.source, o, once);
    return run(&d, rc, once);
}

int mt_dashboard_over(const struct mt_options *o,
                      const struct mt_feeder_work *work, const char *name)
{
    struct dashboard d = {.options = o};
    return run(&d, mt_dashboard_source_work(&d.source, o, work, name), false);
}

int mt_dashboard_on(const struct mt_options *o,
                    const struct mt_dashboard_made *made)
{
    struct dashboard d = {.options = o, .made = made};
    int rc = mt_dashboard_source_make(&d.source, o, &made->maker, NULL);
    return run(&d, rc, false);
}

/* Its words are files. */
int mt_command_replay(const struct mt_options *o)
{
    struct mt_options files = *o;
    size_t n = (size_t)o->operands_count;
    if (n == 0) {
        mt_say(NULL, "replay needs a FILE: a capture, or a database");
        return MT_EXIT_USAGE;
    }
    files.read = calloc(n, sizeof *files.read);
    if (files.read == NULL) {
        mt_say(NULL, "not enough memory");
        return MT_EXIT_ERROR;
    }
    for (size_t i = 0; i < n; i++)
        files.read[i] = o->operands[i];
    files.read_count = n;
    files.operands_count = 0;
    int rc = mt_command_dashboard(&files);
    free(files.read);
    return rc;
}
