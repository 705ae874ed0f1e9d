#include "cli/view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text_time.h"
#include "cli/clock.h"
#include "cli/printer.h"
#include "cli/say.h"
#include "cli/writing.h"

enum { PATH_BYTES = 4096 };

static int64_t steady(void *arg)
{
    (void)arg;
    return mt_steady_ns();
}

const char *mt_view_path(const struct mt_options *o)
{
    static char path[PATH_BYTES];
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (o->db != NULL)
        return o->db;
    if (state != NULL && state[0] == '/')
        (void)snprintf(path, sizeof path, "%s/meshtop/live.db", state);
    else
        (void)snprintf(path, sizeof path, "%s/.local/state/meshtop/live.db",
                       home != NULL ? home : "");
    return path;
}

/* ---- the filter ---- */

static void point_at(const char *text, const struct mt_filter_error *why)
{
    char caret[256];
    size_t column = why->column > 0 ? why->column - 1 : 0;
    mt_say(NULL, "filter: column %zu: %s", why->column, why->text);
    if (column + 8 >= sizeof caret)
        return;
    (void)snprintf(caret, sizeof caret, "  %s", text);
    mt_say_line(caret);
    (void)snprintf(caret, sizeof caret, "  %*s^", (int)column, "");
    mt_say_line(caret);
}

static int filter_at(const struct mt_options *o, int64_t now_ns,
                     struct mt_filter **filter)
{
    *filter = NULL;
    if (o->operands_count == 0)
        return 0;
    char *text = mt_options_filter_text(o);
    if (text == NULL)
        return MT_EXIT_ERROR;
    struct mt_filter_error why;
    struct mt_time_ref ref = {.now_ns = now_ns};
    ref.offset_s = mt_local_offset_s(ref.now_ns);
    int rc = mt_filter_new(filter, mt_span_str(text), &ref, &why);
    if (rc != 0)
        point_at(text, &why);
    free(text);
    return rc == 0 ? 0 : MT_EXIT_USAGE;
}

int mt_view_filter(const struct mt_options *o, struct mt_filter **filter)
{
    return filter_at(o, mt_wall_ns(), filter);
}

static bool counts_from_now(const struct mt_view *v)
{
    return v->filter != NULL && mt_filter_counts_from_now(v->filter);
}

void mt_view_filter_free(struct mt_filter *filter)
{
    uint64_t hard = filter != NULL ? mt_filter_given_up(filter) : 0;
    if (hard > 0)
        mt_warn("filter",
                "%" PRIu64 " texts were given up and did not pass ~: the "
                "regular expression takes too many steps; simplify it",
                hard);
    mt_filter_free(filter);
}

/* ---- captures ---- */

static bool give(void *context, const struct mt_exchange *x)
{
    return mt_recorder_exchange(context, x);
}

static bool give_losses(void *context, const struct mt_feed_result *so_far)
{
    return mt_writing_losses(context, so_far);
}

static bool give_report(void *context, const struct mt_conn_report *report)
{
    return mt_recorder_report(context, report);
}

static bool give_open(void *context, const struct mt_exchange *x,
                      int64_t now_ns)
{
    return mt_recorder_open_exchange(context, x, now_ns);
}

static bool give_name(void *context, const struct mt_relay_name *name)
{
    return mt_recorder_name(context, name);
}

/* Rows are filtered when they are asked for, cells as they are filled. */
static int read_captures(struct mt_view *v, const struct mt_options *o,
                         enum mt_view_need need)
{
    struct mt_feed *f;
    struct mt_recorder *r;
    struct mt_writer_options options = mt_writing_options(o);
    options.no_rows = need == MT_VIEW_CELLS;
    options.no_running = options.no_rows && v->filter != NULL;
    options.clock = steady;
    int rc = mt_feed_open(&f, o, options.no_rows ? v->filter : NULL);
    if (rc != 0)
        return rc;
    rc = mt_recorder_open(&r, ":memory:", &options);
    if (rc != 0) {
        mt_say(NULL, "%s", mt_store_strerror(rc));
        mt_feed_free(f);
        return MT_EXIT_ERROR;
    }
    struct mt_feed_sink sink = {.context = r,
                                .exchange = give,
                                .open = give_open,
                                .second = give_losses,
                                .report = give_report,
                                .name = give_name,
                                .progress = true};
    mt_feed_run(f, &sink, &v->feed);
    mt_feed_free(f);
    v->memory = mt_writing_settle(r, NULL, &v->feed);
    if (v->memory == NULL)
        return MT_EXIT_ERROR;
    v->store = mt_writer_store(v->memory);
    v->filtered = options.no_rows;
    return 0;
}

/* ---- databases ---- */

static int open_database(struct mt_view *v, const struct mt_options *o)
{
    v->name = mt_view_path(o);
    int rc = mt_store_open(&v->store, v->name,
                           &(struct mt_store_options){.clock = steady});
    if (rc == 0)
        return 0;
    if (rc == MT_STORE_ENOENT && o->db == NULL)
        mt_say(NULL,
               "nothing was recorded yet: read a capture with -r FILE, or "
               "name a database with -d DB");
    else
        mt_say(v->name, "%s", mt_store_strerror(rc));
    return MT_EXIT_ERROR;
}

/* ---- the window ---- */

static int64_t moment(const char *text, const struct mt_time_ref *ref)
{
    int64_t ns = 0;
    if (text != NULL)
        (void)mt_parse_time(mt_span_str(text), ref, &ns);
    return ns;
}

/* What counts from now does so from the now of what was opened. */
static int set_filter(struct mt_view *v, const struct mt_options *o,
                      int64_t now_ns)
{
    int rc = 0;
    if (counts_from_now(v)) {
        mt_filter_free(v->filter);
        rc = filter_at(o, now_ns, &v->filter);
    }
    v->ask.filter = v->filtered ? NULL : v->filter;
    return rc;
}

static int set_window(struct mt_view *v, const struct mt_options *o)
{
    struct mt_window_spec spec = {.last_ns = o->last_ns,
                                  .wall_ns = mt_wall_ns()};
    struct mt_time_ref ref = {0};
    bool live;
    int rc = mt_query_now(v->store, spec.wall_ns, &ref.now_ns, &live);
    if (rc != 0)
        return mt_view_failed(v, rc);
    rc = set_filter(v, o, ref.now_ns);
    if (rc != 0)
        return rc;
    ref.offset_s = mt_local_offset_s(ref.now_ns);
    spec.since_ns = moment(o->since, &ref);
    spec.until_ns = moment(o->until, &ref);
    if (spec.since_ns > 0 && spec.until_ns > 0 &&
        spec.since_ns >= spec.until_ns) {
        mt_say(NULL, "--since is not before --until: nothing lies between");
        return MT_EXIT_USAGE;
    }
    if (o->interfaces_count > 0 && spec.last_ns == 0) { /* all that it ran */
        spec.since_ns = spec.since_ns > 0 ? spec.since_ns : v->feed.started_ns;
        spec.until_ns = spec.until_ns > 0 ? spec.until_ns : v->feed.ended_ns;
    }
    rc = mt_query_window(v->store, &spec, &v->ask.from_ns, &v->ask.to_ns);
    /* also where the filter was applied as captures were read */
    mt_ask_narrow(&v->ask, v->filter);
    return rc == 0 ? 0 : mt_view_failed(v, rc);
}

int mt_view_failed(const struct mt_view *v, int rc)
{
    mt_say(v->name, "%s", mt_store_strerror(rc));
    return MT_EXIT_ERROR;
}

int mt_view_open(struct mt_view *v, const struct mt_options *o,
                 enum mt_view_need need)
{
    *v = (struct mt_view){.from_capture = mt_options_sources(o) > 0};
    int rc = mt_view_filter(o, &v->filter);
    if (counts_from_now(v)) /* a capture's now is known at its end */
        need = MT_VIEW_ROWS;
    if (rc == 0)
        rc = v->from_capture ? read_captures(v, o, need) : open_database(v, o);
    return rc == 0 ? set_window(v, o) : rc;
}

void mt_view_close(struct mt_view *v)
{
    if (v->memory != NULL)
        mt_writer_abort(v->memory);
    else
        mt_store_free(v->store);
    mt_view_filter_free(v->filter);
    mt_feed_result_deinit(&v->feed);
}
