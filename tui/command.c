/* The command line: one table, of which the help is made, too. */
#include "tui/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/text_time.h"

#define SECOND INT64_C(1000000000)
#define DAY (86400 * SECOND)

#define COMMAND(name)                                               \
    static bool run_##name(struct mt_dashboard *d, const char *arg, \
                           unsigned *what)

__attribute__((format(printf, 2, 3))) static bool
complain(struct mt_dashboard *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(d->complaint, sizeof d->complaint, format, args);
    va_end(args);
    return false;
}

/* ---- screens ---- */

static bool open_named(struct mt_dashboard *d, const char *arg, uint8_t screen,
                       unsigned *what)
{
    if (arg[0] != '\0')
        return complain(d, "a screen takes no '%s'; :filter sets one", arg);
    *what = mt_open_screen(d, screen);
    return true;
}

#define SCREEN_COMMAND(name, number)                         \
    COMMAND(name)                                            \
    {                                                        \
        return open_named(d, arg, MT_SCREEN_##number, what); \
    }

SCREEN_COMMAND(services, SERVICES)
SCREEN_COMMAND(routes, ROUTES)
SCREEN_COMMAND(topology, TOPOLOGY)
SCREEN_COMMAND(tail, TAIL)
SCREEN_COMMAND(policy, POLICY)
SCREEN_COMMAND(capture, CAPTURE)

/* ---- what is shown ---- */

COMMAND(filter)
{
    struct mt_level *l = mt_level(d);
    if (l->screen == MT_SCREEN_DETAIL)
        return complain(d, "Detail shows one exchange: Esc comes back first");
    if (strlen(arg) >= sizeof l->filter)
        return complain(d, "the filter is too long");
    if (!mt_check_filter(d, arg))
        return complain(d, "column %zu of the filter: %s", d->error.column,
                        d->error.text);
    (void)snprintf(l->filter, sizeof l->filter, "%s", arg);
    l->filter_off = false;
    *what = mt_ask_anew(d);
    return true;
}

/* Titles without their unit, in any case, and keys. */
static bool is_column(const struct mt_column *c, const char *name)
{
    size_t n = strlen(c->title);
    if (n > 2 && strcmp(c->title + n - 2, " %") == 0)
        n -= 2;
    return (strlen(name) == n && strncasecmp(c->title, name, n) == 0) ||
           strcasecmp(c->title, name) == 0 || strcmp(c->key, name) == 0;
}

COMMAND(sort)
{
    const struct mt_screen_class *screen = mt_class(d);
    struct mt_level *l = mt_level(d);
    struct mt_sorting *s = &d->sorting[l->screen];
    if (screen->columns == NULL || screen->lead != NULL)
        return complain(d, "this screen has an order of its own");
    int column = arg[0] == '\0' ? -1 : (int)screen->columns->count;
    for (size_t i = 0; column >= 0 && i < screen->columns->count; i++)
        if (is_column(&screen->columns->columns[i], arg)) {
            column = (int)i;
            break;
        }
    if (column == (int)screen->columns->count)
        return complain(d, "no column '%s' here; Tab lists them", arg);
    s->column = column;
    s->inverted = false;
    l->follow = false;
    mt_level_arrange(d, l);
    *what = MT_DO_DRAW;
    return true;
}

static void sort_words(const struct mt_dashboard *d, struct mt_words *words)
{
    const struct mt_screen *screen = mt_class(d)->columns;
    for (size_t i = 0; screen != NULL && i < screen->count; i++)
        if (screen->columns[i].title[0] != '\0' &&
            screen->columns[i].priority <= 7)
            mt_words_add(words, screen->columns[i].title);
}

/* ---- time ---- */

COMMAND(window)
{
    int64_t ns = 0;
    if (strcmp(arg, "all") != 0 && strcmp(arg, "everything") != 0 &&
        (mt_parse_duration(mt_span_str(arg), &ns) != 0 || ns <= 0))
        return complain(d, "'%s' is no window; write 30s, 5m, 1h or all", arg);
    d->span_ns = ns;
    *what = mt_ask_anew(d);
    return true;
}

static void window_words(const struct mt_dashboard *d, struct mt_words *words)
{
    static const char *const usual[] = {"10s", "1m",  "5m", "15m",
                                        "1h",  "24h", "all"};
    (void)d;
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        mt_words_add(words, usual[i]);
}

/* "2026-11-23 08:43:49", or without the day that was told before */
static void put_moment(struct mt_buf *b, const struct mt_dashboard *d,
                       int64_t ns, bool with_day)
{
    char text[40];
    struct mt_buf t = mt_buf_of(text, sizeof text);
    mt_put_rfc3339(&t, ns, mt_offset(d, ns), 0);
    if (t.len < 19)
        return;
    text[10] = ' ';
    size_t from = with_day ? 0 : 11;
    mt_put_span(b, (struct mt_span){(const uint8_t *)text + from, 19 - from});
}

static bool outside(struct mt_dashboard *d, int64_t first_ns, int64_t last_ns)
{
    char text[80];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    put_moment(&b, d, first_ns, true);
    mt_put_str(&b, last_ns < INT64_MAX ? " to " : " on");
    if (last_ns < INT64_MAX)
        put_moment(&b, d, last_ns,
                   mt_moments_ns(first_ns, last_ns) > 43200 * SECOND);
    text[b.len] = '\0';
    return complain(d, "nothing is there of then, only %s%s",
                    last_ns < INT64_MAX ? "" : "from ", text);
}

/* What may be gone to: a replay that is still being read has no end yet. */
struct extent {
    int64_t first_ns, last_ns, now_ns;
};

static bool find_extent(const struct mt_dashboard *d, struct extent *e)
{
    const struct mt_snapshot *a = mt_dashboard_snapshot(d);
    const struct mt_pace *p = &d->pace;
    if (d->config.replay) {
        *e = (struct extent){p->first_ns, p->through ? p->fed_ns : INT64_MAX,
                             mt_pace_now_ns(p, d->steady_ns)};
        return p->begun;
    }
    if (a == NULL || a->rc != 0 || !mt_info_is_known(&a->info))
        return false;
    *e = (struct extent){a->info.first_ns, a->now_ns, a->now_ns};
    return true;
}

static bool is_in(const struct extent *e, int64_t ns)
{
    return mt_moments_ns(ns, e->first_ns) <= SECOND &&
           mt_moments_ns(e->last_ns, ns) <= SECOND;
}

/* A time of the day is the last one that was; where nothing is there of then,
 * as in a replay that has not come so far, the next. False: no time. */
static bool find_moment(const struct mt_dashboard *d, const struct extent *e,
                        const char *arg, int64_t *ns)
{
    struct mt_time_ref ref = {.now_ns = e->now_ns};
    int64_t next;
    ref.offset_s = mt_offset(d, ref.now_ns);
    if (mt_parse_time(mt_span_str(arg), &ref, ns) != 0)
        return false;
    bool of_a_day = strcspn(arg, ":") <= 2 && strlen(arg) > 3;
    if (is_in(e, *ns) || !of_a_day || ref.now_ns > INT64_MAX - DAY)
        return true;
    ref.now_ns += DAY;
    if (mt_parse_time(mt_span_str(arg), &ref, &next) == 0 && is_in(e, next))
        *ns = next;
    return true;
}

/* The window ends then, and stands still; a replay goes on from there. */
COMMAND(at)
{
    struct extent e;
    int64_t ns;
    if (!find_extent(d, &e))
        return complain(d, "nothing is there yet");
    if (!find_moment(d, &e, arg, &ns))
        return complain(d,
                        "'%s' is no time; write 12:04:31, "
                        "2026-11-22T12:04:31 or -5m",
                        arg);
    if (!is_in(&e, ns))
        return outside(d, e.first_ns, e.last_ns);
    if (d->config.replay)
        mt_pace_seek(&d->pace, ns, d->steady_ns);
    else
        d->end_ns = ns;
    *what = mt_ask_anew(d);
    return true;
}

COMMAND(now)
{
    (void)arg;
    *what = mt_go_live(d);
    return true;
}

COMMAND(speed)
{
    double speed;
    if (!d->config.replay)
        return complain(d, "only a replay has a speed: meshtop replay FILE");
    if (!mt_pace_parse(arg, &speed))
        return complain(d, "'%s' is no speed; write 1x, 10x, 0.5x or max", arg);
    mt_pace_speed(&d->pace, speed, d->steady_ns);
    *what = mt_ask_anew(d);
    return true;
}

static void speed_words(const struct mt_dashboard *d, struct mt_words *words)
{
    static const char *const usual[] = {"0.5x", "1x",   "2x", "5x",
                                        "10x",  "100x", "max"};
    (void)d;
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        mt_words_add(words, usual[i]);
}

/* ---- the rest ---- */

COMMAND(marked)
{
    (void)arg;
    *what = mt_show_marked(d);
    return true;
}

COMMAND(export)
{
    if (arg[0] == '\0')
        return complain(d, "a name is needed: rows.jsonl, .csv or .har");
    if (strlen(arg) >= sizeof d->export_path)
        return complain(d, "the name is too long");
    (void)mt_begin_export(d, false);
    if (d->typing != MT_TYPING_EXPORT)
        return complain(d, "nothing is there yet");
    d->typing = MT_TYPING_COMMAND; /* its name is known */
    (void)snprintf(d->export_path, sizeof d->export_path, "%s", arg);
    mt_dashboard_say(d, false, "writing ...");
    *what = MT_DO_DRAW | MT_DO_EXPORT;
    return true;
}

COMMAND(help)
{
    (void)arg;
    d->help = true;
    d->help_top = 0;
    *what = MT_DO_DRAW;
    return true;
}

COMMAND(quit)
{
    (void)d, (void)arg;
    *what = MT_DO_QUIT;
    return true;
}

const struct mt_typed_command mt_typed_commands[] = {
    {"services", NULL, NULL, NULL, run_services},
    {"routes", NULL, NULL, NULL, run_routes},
    {"topology", NULL, NULL, NULL, run_topology},
    {"tail", ":tail", "a screen, by its name", NULL, run_tail},
    {"policy", NULL, NULL, NULL, run_policy},
    {"capture", NULL, NULL, NULL, run_capture},
    {"filter", ":filter", "set this filter; none without", NULL, run_filter},
    {"sort", ":sort p99", "sort by this column", sort_words, run_sort},
    {"window", ":window 5m", "this window, or all", window_words, run_window},
    {"at", ":at 12:04", "go to this time", NULL, run_at},
    {"now", NULL, NULL, NULL, run_now},
    {"speed", ":speed 10x", "of a replay", speed_words, run_speed},
    {"marked", NULL, NULL, NULL, run_marked},
    {"export", ":export F", "write the filter's exchanges into a file", NULL,
     run_export},
    {"help", NULL, NULL, NULL, run_help},
    {"quit", NULL, NULL, NULL, run_quit},
};

const size_t mt_typed_commands_count =
    sizeof mt_typed_commands / sizeof mt_typed_commands[0];

/* The command that a word begins, where it begins one alone, or is its name. */
static const struct mt_typed_command *find(struct mt_span word)
{
    const struct mt_typed_command *found = NULL;
    for (size_t i = 0; i < mt_typed_commands_count; i++) {
        const struct mt_typed_command *c = &mt_typed_commands[i];
        if (mt_span_eq(mt_span_str(c->name), word))
            return c;
        if (!mt_span_starts(mt_span_str(c->name), word))
            continue;
        if (found != NULL)
            return NULL;
        found = c;
    }
    return found;
}

static struct mt_span first_word(const char *text, const char **rest)
{
    text += strspn(text, " ");
    struct mt_span word = {(const uint8_t *)text, strcspn(text, " ")};
    text += word.len;
    *rest = text + strspn(text, " ");
    return word;
}

bool mt_command_run(struct mt_dashboard *d, const char *text, unsigned *what)
{
    const char *rest;
    char arg[MT_EDIT_BYTES + 1];
    struct mt_span word = first_word(text, &rest);
    *what = MT_DO_DRAW;
    if (word.len == 0)
        return true;
    const struct mt_typed_command *c = find(word);
    if (c == NULL)
        return complain(d, "no command '%.*s'; Tab lists them",
                        (int)(word.len < 40 ? word.len : 40),
                        (const char *)word.ptr);
    (void)snprintf(arg, sizeof arg, "%s", rest);
    for (size_t n = strlen(arg); n > 0 && arg[n - 1] == ' ';)
        arg[--n] = '\0';
    return c->run(d, arg, what);
}

/* Where the filter of :filter begins; 0: it is another command. */
static size_t filter_begins(const struct mt_edit *e)
{
    const char *rest;
    struct mt_span word = first_word(e->text, &rest);
    const struct mt_typed_command *c = find(word);
    size_t at = (size_t)(rest - e->text);
    return c != NULL && c->run == run_filter && e->cursor >= at ? at : 0;
}

bool mt_command_is_valued(const struct mt_edit *e)
{
    size_t at = filter_begins(e);
    return at > 0 && mt_filter_is_valued(e, at);
}

bool mt_command_complete(struct mt_dashboard *d, struct mt_buf *others)
{
    struct mt_words words = {.quoted = false};
    struct mt_edit *e = &d->edit;
    const char *rest;
    struct mt_span word = first_word(e->text, &rest);
    size_t from = (size_t)((const char *)word.ptr - e->text);
    if (e->cursor <= from + word.len) {
        for (size_t i = 0; i < mt_typed_commands_count; i++)
            mt_words_add(&words, mt_typed_commands[i].name);
        return mt_complete(e, from, &words, " ", others) > 0;
    }
    const struct mt_typed_command *c = find(word);
    if (filter_begins(e) > 0)
        return mt_complete_filter(e, filter_begins(e), &d->known, others);
    if (c != NULL && c->words != NULL &&
        e->cursor >= (size_t)(rest - e->text)) {
        c->words(d, &words);
        return mt_complete(e, (size_t)(rest - e->text), &words, "", others) > 0;
    }
    return true;
}
