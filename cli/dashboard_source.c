#include "cli/dashboard_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/live.h"
#include "cli/clock.h"
#include "cli/dashboard_page.h"
#include "cli/record.h"
#include "cli/say.h"
#include "cli/sender.h"
#include "cli/signals.h"
#include "cli/view.h"

static int64_t steady(void *arg)
{
    (void)arg;
    return mt_steady_ns();
}

/* ---- a database of our own ---- */

static int make_path(struct mt_dashboard_source *s)
{
    const char *tmp = getenv("TMPDIR");
    bool lowered = mt_rights_lower(&s->rights);
    int n = snprintf(s->directory, sizeof s->directory, "%s/meshtop-XXXXXX",
                     tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
    if (n < 0 || (size_t)n >= sizeof s->directory)
        (void)snprintf(s->directory, sizeof s->directory,
                       "/tmp/meshtop-XXXXXX");
    bool made = mkdtemp(s->directory) != NULL;
    int why = errno;
    mt_rights_raise(lowered);
    if (!made) {
        mt_say(s->directory, "%s", strerror(why));
        s->directory[0] = '\0';
        return MT_EXIT_ERROR;
    }
    (void)snprintf(s->path, sizeof s->path, "%s/capture.db", s->directory);
    return 0;
}

/* Who has it open needs its names no more. */
static void remove_path(struct mt_dashboard_source *s)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    if (s->directory[0] == '\0')
        return;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char path[sizeof s->path + 8];
        (void)snprintf(path, sizeof path, "%s%s", s->path, ends[i]);
        (void)unlink(path);
    }
    (void)rmdir(s->directory);
    s->directory[0] = '\0';
}

/* ---- who asks ---- */

static int failed(const struct mt_dashboard_source *s, int rc)
{
    mt_say(s->path, "%s", mt_store_strerror(rc));
    return MT_EXIT_ERROR;
}

/* Opened with the rights that there are, and run with those that remain. */
static int start_worker(struct mt_dashboard_source *s, bool gives_up_rights)
{
    int rc = mt_worker_open(&s->worker, s->path, steady);
    if (rc != 0)
        return failed(s, rc);
    if (mt_dashboard_page_open(s) != 0 ||
        (gives_up_rights && mt_rights_look_on(&s->rights) != 0))
        return MT_EXIT_ERROR; /* it was said */
    rc = mt_worker_begin(s->worker);
    return rc == 0 ? mt_dashboard_page_start(s) : failed(s, rc);
}

/* ---- captures that are read first ---- */

/* As meshtop record does; its summary is screen 6. */
static int record(struct mt_dashboard_source *s)
{
    struct mt_feed *f;
    struct mt_feed_result result = {0};
    struct mt_options into = *s->options;
    into.write = s->path;
    into.quiet = true;
    int rc = mt_feed_open(&f, s->options, NULL);
    if (rc != 0)
        return rc;
    rc = mt_record_into_database(f, &into, NULL, &result);
    if (rc == 0)
        rc = mt_feed_exit(s->options, &result);
    mt_feed_free(f);
    mt_feed_result_deinit(&result);
    return rc;
}

static int read_first(struct mt_dashboard_source *s)
{
    int rc = make_path(s);
    if (rc == 0)
        rc = record(s);
    if (rc == 0)
        rc = start_worker(s, false);
    remove_path(s);
    return rc;
}

/* ---- what a feeder fills ---- */

static int check_database(const char *path)
{
    if (strcmp(path, "none") != 0 && !mt_sender_wanted(path))
        return 0;
    mt_say("-w", "the dashboard needs a database to write; streams are "
                 "written by meshtop record");
    return MT_EXIT_USAGE;
}

/* Nobody looks on: it ends by --for or ^C, and its end is shown. */
static void wait_for_all(struct mt_dashboard_source *s)
{
    int64_t began_ns = mt_wall_ns();
    mt_signals_catch();
    mt_feeder_wait(s->feeder);
    s->now_ns = mt_wall_ns();
    int64_t seconds = (s->now_ns - began_ns) / 1000000000 + 1;
    s->ran_ns = seconds * 1000000000;
}

/* The database that is to be kept, or one that goes with the dashboard. */
static int choose_path(struct mt_dashboard_source *s)
{
    const char *kept = s->options->write;
    if (kept == NULL)
        return make_path(s);
    int rc = check_database(kept);
    (void)snprintf(s->path, sizeof s->path, "%s", kept);
    return rc;
}

static int feed(struct mt_dashboard_source *s,
                const struct mt_feeder_work *work, bool once)
{
    const struct mt_options *o = s->options;
    bool live = o->interfaces_count > 0;
    int rc = live ? mt_rights_decide(&s->rights.plan, o) : 0;
    const struct mt_feeder_config config = {.options = o,
                                            .path = s->path,
                                            .work = work,
                                            .paced = s->replay,
                                            .ours = mt_serving_fd(&s->serving)};
    if (rc == 0)
        rc = choose_path(s);
    if (rc == 0)
        rc = mt_feeder_start(&s->feeder, &config);
    if (rc == 0 && once)
        wait_for_all(s);
    if (rc == 0)
        rc = start_worker(s, live);
    remove_path(s);
    s->live = !once;
    return rc;
}

/* ---- what somebody makes ---- */

/* The same, to ask by oneself: its end is seen without a wait for it. */
static int open_store(struct mt_dashboard_source *s, struct mt_store **store)
{
    const struct mt_store_options unbounded = {.clock = NULL};
    int rc = mt_store_open(store, s->path, &unbounded);
    if (rc != 0)
        return failed(s, rc);
    if (mt_dashboard_page_open(s) != 0 || mt_rights_look_on(&s->rights) != 0)
        return MT_EXIT_ERROR;
    return mt_dashboard_page_start(s);
}

int mt_dashboard_source_make(struct mt_dashboard_source *s,
                             const struct mt_options *o,
                             const struct mt_dashboard_maker *maker,
                             struct mt_store **store)
{
    *s = (struct mt_dashboard_source){
        .options = o, .now_ns = mt_wall_ns(), .live = true};
    (void)snprintf(s->name, sizeof s->name, "%s", maker->name);
    int rc = mt_rights_decide(&s->rights.plan, o);
    if (rc == 0)
        rc = mt_dashboard_page_listen(s);
    if (rc == 0)
        rc = choose_path(s);
    if (rc == 0)
        rc = maker->start(maker->arg, s);
    if (rc == 0)
        rc = store != NULL ? open_store(s, store) : start_worker(s, true);
    remove_path(s);
    return rc;
}

/* ---- a database ---- */

static bool is_database(const char *path)
{
    static const char magic[] = "SQLite format 3";
    char start[sizeof magic];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t n = pread(fd, start, sizeof start, 0);
    (void)close(fd);
    return n == (ssize_t)sizeof start &&
           memcmp(start, magic, sizeof magic) == 0;
}

/* Its clock runs from its first moment to its last. */
static int replay_database(struct mt_dashboard_source *s, const char *path)
{
    const struct mt_store_options unbounded = {.clock = NULL};
    struct mt_store *store;
    struct mt_store_info info;
    (void)snprintf(s->path, sizeof s->path, "%s", path);
    int rc = mt_store_open(&store, path, &unbounded);
    if (rc == 0) {
        rc = mt_query_info(store, &info);
        mt_store_free(store);
    }
    if (rc != 0) {
        mt_say(path, "%s", mt_store_strerror(rc));
        return MT_EXIT_ERROR;
    }
    s->read = (struct mt_pace_read){.begun = true,
                                    .first_ns = info.first_ns,
                                    .fed_ns = info.last_ns,
                                    .through = true};
    if (!mt_info_is_known(&info)) {
        mt_say(path, "holds no exchanges: there is nothing to replay");
        return MT_EXIT_ERROR;
    }
    s->live = s->replay;
    return start_worker(s, false);
}

static int look_at(struct mt_dashboard_source *s)
{
    const struct mt_store_options unbounded = {.clock = NULL};
    struct mt_store *store;
    (void)snprintf(s->path, sizeof s->path, "%s", mt_view_path(s->options));
    if (mt_store_open(&store, s->path, &unbounded) == 0) {
        (void)mt_query_now(store, mt_wall_ns(), &s->now_ns, &s->live);
        mt_store_free(store);
    }
    return start_worker(s, false);
}

/* ---- nothing was named ---- */

/* Ways to begin, where there is nothing to show. */
static int say_how_to_begin(const char *recorded, int why)
{
    char line[4096 + 64];
    mt_say(NULL, "nothing captures here%s. To begin:",
           why == -EPERM ? ", and this user may not" : "");
    mt_say_line("  sudo meshtop                               "
                "capture what this machine sees, and look at it");
    mt_say_line("  sudo meshtop record -i any -w mesh.db      "
                "capture it without looking");
    (void)snprintf(line, sizeof line, "  meshtop -d %-32s%s",
                   recorded != NULL ? recorded : "mesh.db",
                   recorded != NULL ? " look into what was recorded before"
                                    : "look into that, also while it grows");
    mt_say_line(line);
    mt_say_line("  meshtop -r trace.pcapng                    "
                "look into a capture");
    mt_say_line("  meshtop --help                             the commands");
    return MT_EXIT_ERROR;
}

static int try_interfaces(void)
{
    struct mt_source *source = NULL;
    struct mt_problem why;
    int rc =
        mt_source_open_live(&source, "any", &(struct mt_live_options){0}, &why);
    mt_source_free(source);
    return rc;
}

/* What writes the default database, else what may be captured. Where nobody
 * looks on, what was recorded before is as good. */
static int find_something(struct mt_dashboard_source *s, bool once)
{
    static const char *all[] = {"any"};
    const struct mt_store_options unbounded = {.clock = NULL};
    struct mt_store *store;
    int64_t now;
    bool live = false;
    const char *path = mt_view_path(s->options);
    bool there = mt_store_open(&store, path, &unbounded) == 0;
    if (there) {
        (void)mt_query_now(store, mt_wall_ns(), &now, &live);
        mt_store_free(store);
    }
    if (live || (there && once))
        return look_at(s);
    int rc = once ? -ENOENT : try_interfaces();
    if (rc != 0)
        return say_how_to_begin(there ? path : NULL, rc);
    s->tapping = *s->options;
    s->tapping.interfaces = all;
    s->tapping.interfaces_count = 1;
    s->options = &s->tapping;
    (void)snprintf(s->name, sizeof s->name, "any");
    return feed(s, NULL, once);
}

/* ---- all ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

/* "eth0,lo", "trace.pcap ...", "mesh.db" */
static void set_name(struct mt_dashboard_source *s)
{
    const struct mt_options *o = s->options;
    size_t n = 0;
    for (size_t i = 0; i < o->interfaces_count && n < sizeof s->name; i++)
        n += (size_t)snprintf(s->name + n, sizeof s->name - n, "%s%s",
                              i > 0 ? "," : "", o->interfaces[i]);
    if (o->interfaces_count > 0)
        return;
    const char *path = o->read_count > 0 ? o->read[0] : mt_view_path(o);
    bool piped = strcmp(path, "-") == 0;
    (void)snprintf(s->name, sizeof s->name, "%s%s",
                   piped ? "stdin" : base_name(path),
                   o->read_count > 1 ? " ..." : "");
}

/* What comes through a pipe may go on for long. */
static bool is_pipe(const char *path)
{
    struct stat st;
    int rc =
        strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(path, &st);
    return rc == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

static bool has_pipe(const struct mt_options *o)
{
    for (size_t i = 0; i < o->read_count; i++)
        if (is_pipe(o->read[i]))
            return true;
    return false;
}

static int check_replay(const struct mt_options *o)
{
    double speed;
    if (o->speed != NULL && !mt_pace_parse(o->speed, &speed))
        mt_say("--speed", "'%s' is no speed; write 1x, 10x, 0.5x or max",
               o->speed);
    else if (has_pipe(o))
        mt_say("replay", "a pipe cannot be played at a pace; look at it as it "
                         "comes: meshtop -r -");
    else
        return 0;
    return MT_EXIT_USAGE;
}

static int open_replay(struct mt_dashboard_source *s, bool once)
{
    const struct mt_options *o = s->options;
    int rc = check_replay(o);
    if (rc != 0)
        return rc;
    if (o->read_count == 1 && is_database(o->read[0]))
        return replay_database(s, o->read[0]);
    s->replay = !once;
    return once ? read_first(s) : feed(s, NULL, false);
}

int mt_dashboard_source_open(struct mt_dashboard_source *s,
                             const struct mt_options *o, bool once)
{
    *s = (struct mt_dashboard_source){.options = o, .now_ns = mt_wall_ns()};
    if (o->write != NULL && o->interfaces_count == 0 && !has_pipe(o)) {
        mt_say("-w", "goes with -i IF, or with -r of a pipe");
        return MT_EXIT_USAGE;
    }
    if (once && o->web != NULL) {
        mt_say("--web", "goes with the dashboard on a terminal; without one: "
                        "meshtop serve, or record --web");
        return MT_EXIT_USAGE;
    }
    int rc = mt_dashboard_page_listen(s);
    if (rc != 0)
        return rc;
    o = s->options;
    set_name(s);
    if (o->speed != NULL || o->command->run == mt_command_replay) {
        s->replay = !once;
        return open_replay(s, once);
    }
    if (o->interfaces_count > 0 || (has_pipe(o) && !once))
        return feed(s, NULL, once);
    if (o->read_count > 0)
        return read_first(s);
    return o->db != NULL ? look_at(s) : find_something(s, once);
}

int mt_dashboard_source_work(struct mt_dashboard_source *s,
                             const struct mt_options *o,
                             const struct mt_feeder_work *work,
                             const char *name)
{
    *s = (struct mt_dashboard_source){
        .options = o, .working = true, .now_ns = mt_wall_ns()};
    (void)snprintf(s->name, sizeof s->name, "%s", name);
    return feed(s, work, false);
}

int mt_dashboard_source_close(struct mt_dashboard_source *s)
{
    mt_serving_end(&s->serving);
    mt_worker_stop(s->worker);
    int rc = s->working ? mt_feeder_stop_aloud(s->feeder)
                        : mt_feeder_stop(s->feeder);
    remove_path(s);
    return rc;
}

struct mt_pace_read
mt_dashboard_source_read(const struct mt_dashboard_source *s)
{
    if (s->feeder == NULL)
        return s->read;
    int64_t first_ns = mt_feeder_first_ns(s->feeder);
    return (struct mt_pace_read){.begun = first_ns != 0,
                                 .first_ns = first_ns,
                                 .fed_ns = mt_feeder_fed_ns(s->feeder),
                                 .through = mt_feeder_is_through(s->feeder)};
}
