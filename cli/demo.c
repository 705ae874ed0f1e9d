/* meshtop demo: a mesh of its own, and the dashboard or a report on it. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "capture/live.h"
#include "cli/clock.h"
#include "cli/dashboard.h"
#include "cli/demo_mesh.h"
#include "cli/demo_report.h"
#include "cli/say.h"
#include "cli/signals.h"

#define SECOND INT64_C(1000000000)

enum {
    RATE = 60,
    RATE_MOST = 1000,
    SECONDS = 15,
    SECONDS_MOST = 86400,
    FILTER_BYTES = 64,
    NOTE_BYTES = 400,
};

struct demo {
    const struct mt_options *options;
    struct mt_demo_mesh mesh;
    struct mt_demo_timetable timetable;
    bool looks;            /* the dashboard is on it: one observer is enough */
    struct mt_feeder *tap; /* NULL: there is none */
    int page_fd;           /* the page's, which no feeder is to have; 0 none */
    struct mt_options tapping;
    char filter[FILTER_BYTES];
    char database[4096];
    struct mt_rights rights;
    struct mt_demo_run run; /* for the report */
};

/* ---- the tap beside the proxy ---- */

static const char *lo[] = {"lo"};

/* 0, or -errno: why loopback cannot be captured. */
static int may_tap(void)
{
    struct mt_source *source = NULL;
    struct mt_problem why;
    int rc =
        mt_source_open_live(&source, lo[0], &(struct mt_live_options){0}, &why);
    mt_source_free(source);
    return rc;
}

static int is_to_be_captured(struct mt_buf *b, const struct mt_demo_ports *p)
{
    mt_put_str(b, "tcp and (port ");
    mt_put_decimal(b, p->edge);
    mt_put_str(b, " or port ");
    mt_put_decimal(b, p->inside);
    mt_put_char(b, ')');
    mt_put_char(b, '\0');
    return b->full ? -ENOSPC : 0;
}

/* It sees what the proxy's clients see: the same requests once more. */
static void start_tap(struct demo *d)
{
    struct mt_buf b = mt_buf_of(d->filter, sizeof d->filter);
    d->run.tap_rc = may_tap();
    if (d->run.tap_rc == 0)
        d->run.tap_rc = is_to_be_captured(&b, &d->mesh.shared->ports);
    if (d->run.tap_rc != 0)
        return;
    d->tapping = *d->options;
    d->tapping.interfaces = lo;
    d->tapping.interfaces_count = 1;
    d->tapping.capture_filter = d->filter;
    d->tapping.all = true;
    if (mt_feeder_start(&d->tap,
                        &(struct mt_feeder_config){.options = &d->tapping,
                                                   .path = d->database,
                                                   .ours = d->page_fd}) != 0)
        d->run.tap_rc = -EIO; /* it was said why */
}

/* ---- start and end ---- */

static int start(void *arg, struct mt_dashboard_source *s)
{
    struct demo *d = arg;
    (void)snprintf(d->database, sizeof d->database, "%s", s->path);
    d->rights = s->rights;
    d->page_fd = mt_serving_fd(&s->serving);
    const struct mt_feeder_work work = {mt_demo_mesh_work, &d->mesh};
    int rc = mt_feeder_start(&s->feeder,
                             &(struct mt_feeder_config){.options = d->options,
                                                        .path = d->database,
                                                        .work = &work,
                                                        .ours = d->page_fd});
    if (rc != 0)
        return rc;
    if (!d->looks)
        start_tap(d);
    d->run.begin_wall_ns = mt_wall_ns();
    atomic_store(&d->mesh.shared->begin_ns, mt_steady_ns());
    return 0;
}

static int64_t elapsed_ns(const struct demo *d)
{
    return mt_steady_ns() - atomic_load(&d->mesh.shared->begin_ns);
}

/* What the tap says is no news: it is beside the point. Read it is, or it
 * would wait for that. */
static void hear_tap(struct demo *d)
{
    char line[MT_FEEDER_LINE_BYTES];
    while (d->tap != NULL && !mt_feeder_ended(d->tap) &&
           mt_feeder_said(d->tap, line))
        continue;
}

static unsigned note(void *arg, struct mt_dashboard *core)
{
    struct demo *d = arg;
    char text[2][NOTE_BYTES];
    int64_t now = elapsed_ns(d);
    for (int brief = 0; brief < 2; brief++) {
        struct mt_buf b = mt_buf_of(text[brief], NOTE_BYTES - 1);
        mt_demo_put_note(&b, &d->timetable, now, brief == 1);
        text[brief][b.len] = '\0';
    }
    mt_dashboard_note(core, mt_demo_moment_at(&d->timetable, now).now != NULL,
                      text[0], text[1]);
    return MT_DO_DRAW;
}

static int show(struct demo *d, const struct mt_dashboard_maker *maker)
{
    const struct mt_dashboard_made made = {.maker = *maker, .note = note};
    int rc = mt_dashboard_on(d->options, &made);
    if (rc != 0)
        return rc;
    if (d->options->write != NULL)
        mt_say(NULL, "kept: meshtop -d %s", d->options->write);
    mt_say_line(
        "its mesh file: meshtop demo --print-config; what this machine's "
        "services do: sudo meshtop");
    return rc;
}

/* ---- without the dashboard ---- */

/* What happens is told as it does, to who looks on. */
static void tell(const struct demo *d, const struct mt_demo_event **told)
{
    char line[NOTE_BYTES];
    struct mt_buf b = mt_buf_of(line, sizeof line - 1);
    int64_t now = elapsed_ns(d);
    const struct mt_demo_event *event =
        mt_demo_moment_at(&d->timetable, now).now;
    if (event == *told || !isatty(STDERR_FILENO))
        return;
    *told = event;
    mt_demo_put_clock(&b, now);
    mt_put_char(&b, ' ');
    mt_put_str(&b, event != NULL ? event->what : "all is well");
    line[b.len] = '\0';
    mt_say_line(line);
}

static void wait_for_end(struct demo *d, struct mt_feeder *mesh,
                         struct mt_store *store)
{
    char line[MT_FEEDER_LINE_BYTES];
    const struct mt_demo_event *told = NULL;
    mt_signals_catch();
    struct pollfd fds[] = {{.fd = mt_feeder_fd(mesh), .events = POLLIN},
                           {.fd = mt_signals_descriptor(), .events = POLLIN}};
    while (!mt_interrupted() && !mt_feeder_ended(mesh) &&
           elapsed_ns(d) < d->run.asked_ns) {
        (void)poll(fds, 2, 100);
        while (mt_feeder_said(mesh, line))
            mt_say(NULL, "%s", line);
        hear_tap(d);
        mt_demo_watch_look(&d->run.watch, store, &d->mesh.shared->ports,
                           mt_wall_ns());
        tell(d, &told);
    }
    d->run.ran_ns = elapsed_ns(d);
    d->run.interrupted = mt_interrupted();
    d->run.broken = mt_feeder_ended(mesh);
}

static int report(struct demo *d, const struct mt_dashboard_maker *maker)
{
    struct mt_dashboard_source s;
    struct mt_store *store = NULL;
    int rc = mt_dashboard_source_make(&s, d->options, maker, &store);
    if (rc == 0)
        wait_for_end(d, s.feeder, store);
    int ended = mt_feeder_stop_aloud(s.feeder);
    int tapped = mt_feeder_stop(d->tap);
    s.feeder = NULL;
    (void)mt_dashboard_source_close(&s);
    if (rc == 0)
        rc = ended != 0 ? ended : tapped;
    if (rc == 0)
        rc = mt_demo_report(d->options, store, &d->run);
    mt_store_free(store);
    return rc;
}

/* ---- the command ---- */

static int print_mesh(void)
{
    uint8_t text[MT_DEMO_MESH_BYTES];
    struct mt_buf b = mt_buf_of(text, sizeof text);
    struct mt_demo_ports ports = mt_demo_ports_usual();
    mt_demo_put_mesh(&b, &ports);
    return fwrite(text, 1, b.len, stdout) == b.len ? MT_EXIT_OK : MT_EXIT_ERROR;
}

static int check(const struct mt_options *o)
{
    if (o->rate > RATE_MOST)
        mt_say("--rate", "at most %d requests a second", RATE_MOST);
    else if (o->seconds > SECONDS_MOST)
        mt_say("--seconds", "at most %d, which is a day", SECONDS_MOST);
    else if (o->format_given && o->format != MT_FORMAT_TABLE &&
             o->format != MT_FORMAT_JSON)
        mt_say("-o", "the report is a table or json; keep the exchanges with "
                     "-w DB, and ask meshtop stat, routes or export of them");
    else
        return 0;
    return MT_EXIT_USAGE;
}

int mt_command_demo(const struct mt_options *o)
{
    int rc = check(o);
    if (rc != 0 || o->print_config)
        return rc != 0 ? rc : print_mesh();
    uint64_t seconds = o->seconds > 0 ? o->seconds : SECONDS;
    struct demo d = {.options = o};
    d.looks = o->seconds == 0 && !o->format_given && isatty(STDOUT_FILENO);
    d.run.asked_ns = d.looks ? 0 : (int64_t)seconds * SECOND;
    d.timetable = mt_demo_timetable_of(d.run.asked_ns);
    d.mesh = (struct mt_demo_mesh){.rights = &d.rights,
                                   .shared = mt_demo_shared_new(),
                                   .seed = o->seed > 0 ? o->seed : 1,
                                   .per_second =
                                       (double)(o->rate > 0 ? o->rate : RATE),
                                   .run_ns = d.run.asked_ns};
    if (d.mesh.shared == NULL) {
        mt_say(NULL, "not enough memory");
        return MT_EXIT_ERROR;
    }
    d.run.mesh = &d.mesh;
    const struct mt_dashboard_maker maker = {
        .name = "demo", .start = start, .arg = &d};
    rc = d.looks ? show(&d, &maker) : report(&d, &maker);
    mt_demo_shared_free(d.mesh.shared);
    return rc;
}
