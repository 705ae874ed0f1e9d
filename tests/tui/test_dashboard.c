/* The core: what keys do to the question, and what answers do to the screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/dashboard.h"
#include "tui/known.h"

#define S INT64_C(1000000000)
#define T0 (INT64_C(1795000000) * S)

struct scene {
    struct mt_dashboard *d;
    struct mt_canvas c;
    int64_t now; /* steady */
    struct mt_request asked;
    bool live;
};

static void open_scene(struct scene *s, const char *filter)
{
    const struct mt_dashboard_config config = {.source = "mesh.db",
                                               .filter = filter};
    *s = (struct scene){.now = S};
    assert_int_equal(mt_dashboard_new(&s->d, &config), 0);
    assert_int_equal(mt_canvas_init(&s->c, 80, 24), 0);
}

static void close_scene(struct scene *s)
{
    mt_dashboard_free(s->d);
    mt_canvas_deinit(&s->c);
}

static unsigned press(struct scene *s, const char *keys)
{
    struct mt_span script = mt_span_str(keys);
    unsigned what = 0;
    while (script.len > 0)
        what = mt_dashboard_key(s->d, mt_key_take(&script));
    return what;
}

static bool is_asked(struct scene *s)
{
    return mt_dashboard_request(s->d, s->now, T0, &s->asked);
}

/* Answer with these services, the first the busiest. */
static struct mt_snapshot *some(const struct scene *s, const char *const *names,
                                size_t count)
{
    struct mt_snapshot *a = calloc(1, sizeof *a);
    assert_non_null(a);
    a->request = s->asked;
    a->now_ns = T0;
    a->to_ns = s->asked.end_ns != 0 ? s->asked.end_ns : T0;
    a->from_ns = a->to_ns - 60 * S;
    a->live = s->live;
    a->complete = true;
    a->info.first_ns = T0 - 600 * S;
    a->info.last_ns = T0;
    a->info.rows = 1;
    a->rows.rows = calloc(count, sizeof *a->rows.rows);
    assert_non_null(a->rows.rows);
    for (size_t i = 0; i < count; i++)
        a->rows.rows[i] = (struct mt_row){.server = names[i],
                                          .client = "",
                                          .method = "",
                                          .route = "",
                                          .endpoint = "",
                                          .success = 1,
                                          .rps = (double)(count - i),
                                          .load = -1};
    a->rows.count = count;
    return a;
}

static void answer(struct scene *s, const char *const *names, size_t count)
{
    (void)mt_dashboard_answer(s->d, some(s, names, count), s->now);
    mt_dashboard_draw(s->d, &s->c, s->now);
}

static const char *line(const struct scene *s, size_t row)
{
    static char text[512];
    size_t n = 0;
    for (size_t i = 0; i < s->c.columns; i++) {
        const struct mt_cell *cell = &s->c.cells[row * s->c.columns + i];
        if (cell->len == 0)
            text[n++] = ' ';
        memcpy(text + n, cell->text, cell->len);
        n += cell->len;
    }
    while (n > 0 && text[n - 1] == ' ')
        n--;
    text[n] = '\0';
    return text;
}

/* The name on the selected row. */
static const char *selected(const struct scene *s)
{
    static char name[64];
    for (size_t r = 0; r < s->c.rows; r++)
        if (s->c.cells[r * s->c.columns].selected) {
            if (sscanf(line(s, r), "▸%63s", name) != 1)
                (void)sscanf(line(s, r), "*%63s", name); /* marked */
            return name;
        }
    return "";
}

static const char *const abc[] = {"alpha", "beta", "gamma"};
static const char *const cab[] = {"gamma", "alpha", "beta"};

static void the_selection_stays_with_its_row(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, NULL);
    assert_true(is_asked(&s));
    answer(&s, abc, 3);
    assert_string_equal(selected(&s), "alpha");
    (void)press(&s, "jj");
    answer(&s, abc, 3);
    assert_string_equal(selected(&s), "gamma");
    answer(&s, cab, 3); /* another order */
    assert_string_equal(selected(&s), "gamma");
    answer(&s, abc, 2); /* it is gone: what came to its place */
    assert_string_equal(selected(&s), "alpha");
    close_scene(&s);
}

static void sorting_moves_rows_and_not_the_selection(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, NULL);
    (void)is_asked(&s);
    answer(&s, cab, 3);
    (void)press(&s, ">"); /* by name */
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_non_null(strstr(line(&s, 4), "alpha"));
    assert_string_equal(selected(&s), "gamma");
    (void)press(&s, "I");
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_non_null(strstr(line(&s, 4), "gamma"));
    (void)press(&s, "<");
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_non_null(strstr(line(&s, 2), "trouble first"));
    close_scene(&s);
}

static void what_is_not_known_is_last_either_way(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, NULL);
    (void)is_asked(&s);
    struct mt_snapshot *a = some(&s, abc, 3);
    a->rows.rows[0].success = -1; /* alpha */
    a->rows.rows[1].success = 0.5;
    (void)mt_dashboard_answer(s.d, a, s.now);
    mt_dashboard_draw(s.d, &s.c, s.now);
    (void)press(&s, ">>>"); /* NAME, PROTO, OK % */
    for (int i = 0; i < 2; i++) {
        mt_dashboard_draw(s.d, &s.c, s.now);
        assert_non_null(strstr(line(&s, 2), "by OK %"));
        assert_non_null(strstr(line(&s, 6), "alpha"));
        assert_non_null(strstr(line(&s, 4), i == 0 ? "gamma" : "beta"));
        (void)press(&s, "I");
    }
    close_scene(&s);
}

/* request_id=5 is not id=5. */
static void a_term_is_said_once(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, "request_id=5");
    (void)press(&s, "4");
    for (int i = 0; i < 2; i++) {
        assert_true(is_asked(&s));
        struct mt_snapshot *a = some(&s, abc, 1);
        a->rows.count = 0;
        a->exchanges = calloc(1, sizeof *a->exchanges);
        assert_non_null(a->exchanges);
        a->exchanges_count = 1;
        a->exchanges[0].x.id = 5;
        (void)mt_dashboard_answer(s.d, a, s.now);
        (void)press(&s, "+");
    }
    assert_true(is_asked(&s));
    assert_string_equal(s.asked.filter, "request_id=5 id=5");
    close_scene(&s);
}

static void answers_to_old_questions_are_dropped(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, NULL);
    (void)is_asked(&s);
    struct mt_snapshot *late = some(&s, abc, 3);
    (void)press(&s, "2");
    assert_int_equal(mt_dashboard_answer(s.d, late, s.now), 0);
    assert_null(mt_dashboard_snapshot(s.d));
    assert_true(is_asked(&s));
    assert_int_equal(s.asked.topic, MT_TOPIC_ROUTES);
    assert_false(is_asked(&s)); /* once */
    close_scene(&s);
}

static void asks_again_as_time_goes_by(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, NULL);
    s.live = true;
    (void)is_asked(&s);
    assert_int_equal(mt_dashboard_next_ns(s.d), INT64_MAX); /* waits */
    answer(&s, abc, 3);
    assert_false(is_asked(&s));
    s.now += S;
    assert_true(is_asked(&s));
    answer(&s, abc, 3);
    (void)press(&s, "p"); /* a paused screen asks for the pinned time once */
    assert_true(is_asked(&s));
    assert_int_equal(s.asked.end_ns, T0);
    answer(&s, abc, 3);
    assert_non_null(strstr(line(&s, 0), "PAUSED"));
    s.now += 1000 * S;
    assert_false(is_asked(&s));
    (void)press(&s, "p");
    assert_true(is_asked(&s));
    assert_int_equal(s.asked.end_ns, 0);
    close_scene(&s);
}

/* What an empty screen says: the state, and what helps. */
static const char *words_of_nothing(const struct mt_dashboard_config *config,
                                    void (*change)(struct mt_snapshot *a))
{
    static char words[1024];
    struct scene s = {.now = S};
    assert_int_equal(mt_dashboard_new(&s.d, config), 0);
    assert_int_equal(mt_canvas_init(&s.c, 80, 24), 0);
    (void)mt_dashboard_replayed(
        s.d, &(struct mt_pace_read){true, T0, T0, false}, s.now);
    assert_true(is_asked(&s));
    struct mt_snapshot *a = some(&s, NULL, 0);
    a->info = (struct mt_store_info){0};
    if (change != NULL)
        change(a);
    (void)mt_dashboard_answer(s.d, a, s.now);
    mt_dashboard_draw(s.d, &s.c, s.now);
    words[0] = '\0';
    for (size_t row = 3; row < 12; row++) {
        strncat(words, line(&s, row), sizeof words - strlen(words) - 1);
        strncat(words, "\n", sizeof words - strlen(words) - 1);
    }
    close_scene(&s);
    return words;
}

static void is_live(struct mt_snapshot *a)
{
    a->live = true;
}

static void has_packets(struct mt_snapshot *a)
{
    a->live = true;
    a->info.first_ns = a->info.last_ns = T0;
}

static void is_live_and_unknown(struct mt_snapshot *a)
{
    a->live = true;
    a->losses[MT_LOSS_UNDECODED] = 4096;
}

static void has_older_rows(struct mt_snapshot *a)
{
    a->info.rows = 5;
    a->info.last_ns = a->to_ns - 90 * S;
}

static void is_busy(struct mt_snapshot *a)
{
    a->rc = MT_STORE_EBUSY;
}

static void an_empty_screen_says_why_and_what_helps(void **state)
{
    static const struct {
        struct mt_dashboard_config config;
        void (*change)(struct mt_snapshot *a);
        const char *words, *cure;
    } rows[] = {
        {{.source = "x"}, NULL, "no exchanges in here", "meshtop record -r"},
        {{.source = "x"},
         is_live,
         "No exchange yet. They are shown as they end.",
         "meshtop interfaces"},
        {{.source = "x"}, has_packets, "packets come", "6 counts them"},
        {{.source = "x", .growing = true}, NULL, "has come through yet", ""},
        {{.source = "x"}, is_live_and_unknown, "no protocol", "6 shows"},
        {{.source = "x", .growing = true, .replay = true, .speed = 1},
         NULL,
         "this moment of the capture",
         "] and } seek forward"},
        {{.source = "x", .span_ns = 60 * S},
         has_older_rows,
         "the newest ended 90 s before",
         "w widens it"},
        {{.source = "x"}, is_busy, "keeps it locked", "try again"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *words = words_of_nothing(&rows[i].config, rows[i].change);
        if (strstr(words, rows[i].words) == NULL ||
            strstr(words, rows[i].cure) == NULL)
            fail_msg("%zu says:\n%s", i, words);
    }
}

/* Space, [ and ] are the capture's clock, as is the window's end. */
static void a_replay_has_a_clock_of_its_own(void **state)
{
    const struct mt_dashboard_config config = {.source = "x",
                                               .growing = true,
                                               .replay = true,
                                               .speed = 10,
                                               .span_ns = 60 * S};
    struct mt_pace_read read = {0};
    struct scene s = {.now = S};
    (void)state;
    assert_int_equal(mt_dashboard_new(&s.d, &config), 0);
    assert_int_equal(mt_canvas_init(&s.c, 80, 24), 0);
    (void)mt_dashboard_replayed(s.d, &read, s.now);
    assert_false(is_asked(&s)); /* nothing was read */
    read = (struct mt_pace_read){true, T0, T0, false};
    (void)mt_dashboard_replayed(s.d, &read, s.now);
    s.now += 2 * S;
    assert_int_equal(mt_dashboard_wanted_ns(s.d, s.now), T0 + 20 * S);
    read.fed_ns = T0 + 20 * S;
    (void)mt_dashboard_replayed(s.d, &read, s.now);
    assert_true(is_asked(&s));
    assert_int_equal(s.asked.end_ns, T0 + 20 * S + 1);
    answer(&s, (const char *const[]){"a"}, 1);
    assert_non_null(strstr(line(&s, 0), "x replay 10x"));
    (void)press(&s, "<Space>");
    assert_true(is_asked(&s));
    s.now += 100 * S;
    (void)mt_dashboard_replayed(s.d, &read, s.now);
    assert_int_equal(mt_dashboard_wanted_ns(s.d, s.now), T0 + 20 * S);
    answer(&s, (const char *const[]){"a"}, 1);
    assert_non_null(strstr(line(&s, 0), "PAUSED"));
    assert_false(is_asked(&s)); /* its clock stands still */
    assert_int_equal(mt_dashboard_next_ns(s.d), INT64_MAX);
    assert_false(mt_dashboard_is_playing(s.d, s.now));
    (void)press(&s, "[["); /* a tenth of the window each */
    assert_true(is_asked(&s));
    assert_int_equal(s.asked.end_ns, T0 + 8 * S + 1);
    (void)press(&s, ".");
    assert_int_equal(mt_dashboard_wanted_ns(s.d, s.now), T0 + 20 * S);
    (void)press(&s, ":speed max<Enter>");
    assert_int_equal(mt_dashboard_wanted_ns(s.d, s.now + 1), INT64_MAX);
    read.fed_ns = T0 + 77 * S;
    read.through = true;
    s.now += S;
    assert_true(mt_dashboard_replayed(s.d, &read, s.now) & MT_DO_ASK);
    assert_true(is_asked(&s));
    assert_int_equal(s.asked.end_ns, T0 + 77 * S + 1);
    answer(&s, (const char *const[]){"a"}, 1);
    assert_non_null(strstr(line(&s, 0), "THE END"));
    assert_non_null(strstr(line(&s, 0), "replay max"));
    assert_non_null(strstr(line(&s, 23), "the end of the capture"));
    close_scene(&s);
}

static void a_slow_answer_is_seen_to_be_slow(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, NULL);
    (void)is_asked(&s);
    mt_dashboard_draw(s.d, &s.c, s.now + 2 * S);
    assert_non_null(strstr(line(&s, 0), "asking, 2.0 s"));
    close_scene(&s);
}

static void enter_adds_to_the_filter_and_esc_takes_away(void **state)
{
    static const char *const odd[] = {"a \"b\" or c"};
    struct scene s;
    (void)state;
    open_scene(&s, "status=5xx or lat>1s");
    (void)is_asked(&s);
    assert_string_equal(s.asked.filter, "status=5xx or lat>1s");
    answer(&s, odd, 1);
    (void)press(&s, "<Enter>");
    assert_true(is_asked(&s));
    assert_int_equal(s.asked.topic, MT_TOPIC_ROUTES);
    assert_string_equal(s.asked.filter, "(status=5xx or lat>1s) "
                                        "svc=\"a \\\"b\\\" or c\"");
    (void)press(&s, "<Esc>");
    assert_true(is_asked(&s));
    assert_int_equal(s.asked.topic, MT_TOPIC_SERVICES);
    assert_string_equal(s.asked.filter, "status=5xx or lat>1s");
    (void)press(&s, "!");
    assert_true(is_asked(&s));
    assert_string_equal(s.asked.filter, "");
    close_scene(&s);
}

static void a_wrong_filter_is_not_applied(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, NULL);
    (void)is_asked(&s);
    answer(&s, abc, 3);
    assert_int_equal(press(&s, "fstatus=<Enter>") & MT_DO_ASK, 0);
    assert_false(is_asked(&s));
    assert_int_equal(press(&s, "503<Enter>") & MT_DO_ASK, MT_DO_ASK);
    assert_true(is_asked(&s));
    assert_string_equal(s.asked.filter, "status=503");
    (void)press(&s, "f<^U>x<Esc>"); /* as if it never was */
    assert_false(is_asked(&s));
    close_scene(&s);
}

/* Tab asks for names that no screen has shown, once; what is typed meanwhile
 * is left alone. */
static void tab_asks_the_database(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, NULL);
    (void)is_asked(&s);
    answer(&s, abc, 3);
    for (int typed_on = 0; typed_on < 2; typed_on++) {
        const unsigned what = press(&s, "fsvc=al,pa<Tab>");
        assert_true(what & MT_DO_ASK);
        assert_true(is_asked(&s) && s.asked.names);
        assert_string_equal(s.asked.filter, "");
        mt_dashboard_draw(s.d, &s.c, s.now);
        assert_non_null(strstr(line(&s, 22), "looking ..."));
        if (typed_on)
            (void)press(&s, "x");
        struct mt_snapshot *a = some(&s, abc, 3);
        a->names = calloc(1, sizeof *a->names);
        assert_non_null(a->names);
        mt_known_add(a->names, MT_FILTER_SERVER_SERVICE, MT_SPAN("payments"));
        (void)mt_dashboard_answer(s.d, a, s.now);
        mt_dashboard_draw(s.d, &s.c, s.now);
        assert_non_null(strstr(line(&s, 23), typed_on ? "filter: svc=al,pax"
                                                      : "svc=al,payments"));
        assert_false(is_asked(&s));
        assert_int_equal(press(&s, "<Tab>") & MT_DO_ASK, 0);
        (void)press(&s, "<Esc>");
    }
    close_scene(&s);
}

static void only_failures_is_a_question_where_rows_are(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, "svc=cart");
    (void)press(&s, "e");
    (void)is_asked(&s);
    assert_string_equal(s.asked.filter, "svc=cart"); /* rates stay rates */
    answer(&s, abc, 3);                              /* none of which fails */
    assert_non_null(strstr(line(&s, 4), "Nothing fails here"));
    (void)press(&s, "4");
    assert_true(is_asked(&s));
    assert_string_equal(s.asked.filter, "svc=cart outcome=failure");
    close_scene(&s);
}

static void time_is_walked_within_what_is_there(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, NULL);
    (void)is_asked(&s);
    answer(&s, abc, 3);
    (void)press(&s, "["); /* everything has no before */
    assert_false(is_asked(&s));
    (void)press(&s, "ww"); /* 10 s, 1 m */
    assert_true(is_asked(&s));
    assert_int_equal(s.asked.span_ns, 60 * S);
    answer(&s, abc, 3);
    (void)press(&s, "{");
    assert_true(is_asked(&s));
    assert_int_equal(s.asked.end_ns, T0 - 60 * S);
    answer(&s, abc, 3);
    (void)press(&s, "]"); /* a tenth */
    assert_true(is_asked(&s));
    assert_int_equal(s.asked.end_ns, T0 - 54 * S);
    answer(&s, abc, 3);
    (void)press(&s, "}");
    assert_true(is_asked(&s));
    assert_int_equal(s.asked.end_ns, 0); /* now again */
    answer(&s, abc, 3);
    for (int i = 0; i < 30; i++)
        (void)press(&s, "{");
    assert_true(is_asked(&s));
    assert_true(s.asked.end_ns > T0 - 601 * S);
    close_scene(&s);
}

/* A capture of 25 s is walked as far as it goes, and the end is told. */
static void time_is_walked_where_there_is_little(void **state)
{
    static const struct {
        const char *keys;
        int64_t end_ns; /* before T0 */
        bool told;
    } rows[] = {
        {"w[", 1, false},   /* 10 s: a step of one */
        {"w{", 15, true},   /* a minute is more than there is */
        {"w{{", 15, true},  /* it is the oldest already */
        {"w{]", 14, false}, /* and forth */
        {"ww[", 6, false},  /* a window of more than all */
        {"ww{", 19, true},  /* a step of it is left */
        {"www{", 0, true},  /* not even that */
        {"w[]", 0, false},  /* now again */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene s;
        struct mt_span keys = mt_span_str(rows[i].keys);
        open_scene(&s, NULL);
        for (;;) {
            assert_true(is_asked(&s));
            struct mt_snapshot *a = some(&s, abc, 3);
            a->info.first_ns = T0 - 25 * S;
            (void)mt_dashboard_answer(s.d, a, s.now);
            mt_dashboard_draw(s.d, &s.c, s.now);
            if (keys.len == 0)
                break;
            (void)mt_dashboard_key(s.d, mt_key_take(&keys));
        }
        assert_int_equal(s.asked.end_ns,
                         rows[i].end_ns > 0 ? T0 - rows[i].end_ns * S : 0);
        assert_int_equal(strstr(line(&s, 23), "nothing is before") != NULL,
                         rows[i].told);
        close_scene(&s);
    }
}

/* What of it was shown already is no bound. */
static void a_replay_goes_to_any_time(void **state)
{
    const struct mt_dashboard_config config = {
        .source = "x", .replay = true, .speed = 1, .span_ns = 10 * S};
    struct mt_pace_read read = {true, T0, T0 + 100 * S, true};
    struct scene s = {.now = S};
    (void)state;
    assert_int_equal(mt_dashboard_new(&s.d, &config), 0);
    assert_int_equal(mt_canvas_init(&s.c, 80, 24), 0);
    (void)mt_dashboard_replayed(s.d, &read, s.now);
    s.now += 2 * S;
    (void)mt_dashboard_replayed(s.d, &read, s.now);
    assert_true(is_asked(&s));
    struct mt_snapshot *a = some(&s, abc, 3);
    a->now_ns = T0 + 2 * S; /* the database has been filled so far */
    (void)mt_dashboard_answer(s.d, a, s.now);
    (void)press(&s, ":at -1s<Enter>");
    assert_int_equal(mt_dashboard_wanted_ns(s.d, s.now), T0 + S);
    (void)press(&s, ":at 11:07:30<Enter>"); /* T0 is 11:06:40 */
    assert_int_equal(mt_dashboard_wanted_ns(s.d, s.now), T0 + 50 * S);
    (void)press(&s, ":at 11:08:30<Enter><Esc>"); /* it ends before */
    assert_int_equal(mt_dashboard_wanted_ns(s.d, s.now), T0 + 50 * S);
    (void)press(&s, "{");
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_int_equal(mt_dashboard_wanted_ns(s.d, s.now), T0);
    assert_non_null(strstr(line(&s, 23), "the beginning of the capture"));
    close_scene(&s);
}

/* Zero is a time as others are. */
static void a_database_may_begin_with_the_epoch(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, NULL);
    assert_true(is_asked(&s));
    struct mt_snapshot *a = some(&s, abc, 3);
    a->info.first_ns = a->from_ns = 0;
    a->info.last_ns = a->now_ns = 90 * S;
    a->to_ns = 90 * S + 1;
    (void)mt_dashboard_answer(s.d, a, s.now);
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_non_null(strstr(line(&s, 0), "everything, 90 s"));
    (void)press(&s, ":at 1970-01-01T00:00:30Z<Enter>");
    assert_true(is_asked(&s));
    assert_int_equal(s.asked.end_ns, 30 * S);
    close_scene(&s);
}

/* So many exchanges, of a tail or of the slowest. */
static const char *order_of(struct scene *s, uint64_t seen, uint64_t rows)
{
    static const char *const none[1];
    assert_true(is_asked(s));
    struct mt_snapshot *a = some(s, none, 0);
    a->exchanges = calloc(2, sizeof *a->exchanges);
    assert_non_null(a->exchanges);
    a->exchanges_count = 2;
    a->exchanges_seen = seen;
    a->info.rows = rows;
    a->exchanges[0].x.id = 1;
    a->exchanges[1].x.id = 2;
    (void)mt_dashboard_answer(s->d, a, s->now);
    mt_dashboard_draw(s->d, &s->c, s->now);
    return line(s, 2);
}

static void a_list_that_is_cut_says_so(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, NULL);
    (void)press(&s, "4");
    assert_non_null(strstr(order_of(&s, 2, 2), " 2 exchanges, newest last"));
    (void)press(&s, "4");
    assert_non_null(strstr(order_of(&s, 3, 1207),
                           " newest 2 of 1 207 exchanges, newest last"));
    (void)press(&s, "fsvc=cart<Enter>");
    assert_non_null(strstr(order_of(&s, 3, 1207), "newest 2 of more exchange"));
    (void)press(&s, "2");
    assert_true(is_asked(&s));
    answer(&s, abc, 3);
    (void)press(&s, "<Enter>");
    assert_non_null(
        strstr(order_of(&s, 9, 1207), " 2 of 9 exchanges, slowest first"));
    close_scene(&s);
}

/* The first line is whole at any width. */
static void the_moment_is_told_where_there_is_room(void **state)
{
    static const struct {
        size_t columns;
        const char *ends;
    } rows[] = {{40, "mesh.db \xc2\xb7 everything, 60 s"},
                {50, "everything, 60 s \xc2\xb7 11:06:40"},
                {54, "everything, 60 s \xc2\xb7 11:06:40 UTC"},
                {62, "everything, 60 s \xc2\xb7 2026-11-18 11:06:40"},
                {80, "everything, 60 s \xc2\xb7 2026-11-18 11:06:40 UTC"}};
    struct scene s;
    (void)state;
    open_scene(&s, NULL);
    (void)is_asked(&s);
    answer(&s, abc, 3);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mt_canvas_deinit(&s.c);
        assert_int_equal(mt_canvas_init(&s.c, rows[i].columns, 24), 0);
        mt_dashboard_draw(s.d, &s.c, s.now);
        const char *first = line(&s, 0);
        assert_true(strlen(first) > strlen(rows[i].ends));
        assert_string_equal(first + strlen(first) - strlen(rows[i].ends),
                            rows[i].ends);
    }
    close_scene(&s);
}

static void clicks_select_open_and_sort(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, NULL);
    (void)is_asked(&s);
    answer(&s, cab, 3);
    (void)mt_dashboard_click(s.d, 5, 5);
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_string_equal(selected(&s), "alpha");
    (void)mt_dashboard_click(s.d, 2, 3); /* NAME */
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_non_null(strstr(line(&s, 2), "by NAME"));
    assert_int_equal(mt_dashboard_click(s.d, 5, 20), 0);    /* nothing there */
    assert_true(mt_dashboard_click(s.d, 5, 4) & MT_DO_ASK); /* again: in */
    close_scene(&s);
}

/* A click chooses a cell, too; + adds it. */
static void a_cell_is_added_to_the_filter(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, "status=5xx");
    (void)is_asked(&s);
    answer(&s, abc, 3);
    (void)press(&s, "<Right><Right><Right><Right>+"); /* a rate is no field */
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_non_null(strstr(line(&s, 23), "nothing here that a filter"));
    (void)press(&s, "<Left><Left><Left><Left><Left>"); /* the row, at last */
    (void)press(&s, "+");
    assert_true(is_asked(&s));
    assert_string_equal(s.asked.filter, "status=5xx svc=alpha");
    answer(&s, abc, 3);
    (void)press(&s, "!");
    (void)mt_dashboard_click(s.d, 2, 6); /* NAME of the third */
    (void)press(&s, "+");
    assert_true(is_asked(&s));
    assert_string_equal(s.asked.filter, "svc=gamma");
    (void)press(&s, "<Right><Esc>"); /* leaves the cell, not the screen */
    answer(&s, abc, 3);
    close_scene(&s);
}

static void marks_are_walked_and_filtered(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, NULL);
    (void)is_asked(&s);
    answer(&s, abc, 3);
    (void)press(&s, "m<Down>");
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_string_equal(selected(&s), "gamma");
    (void)press(&s, "m<Home>");
    (void)press(&s, "n"); /* a, c: the next is c */
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_string_equal(selected(&s), "gamma");
    (void)press(&s, "n");
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_string_equal(selected(&s), "alpha");
    (void)press(&s, "N");
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_string_equal(selected(&s), "gamma");
    (void)press(&s, "M");
    assert_true(is_asked(&s));
    assert_string_equal(s.asked.filter, "svc in (alpha, gamma)");
    answer(&s, abc, 3);
    (void)press(&s, "0");
    assert_true(is_asked(&s));
    assert_string_equal(s.asked.filter, "");
    answer(&s, abc, 3);
    (void)press(&s, "M"); /* they are gone */
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_non_null(strstr(line(&s, 23), "nothing is marked here"));
    close_scene(&s);
}

static void a_note_stays_above_the_footer(void **state)
{
    (void)state;
    static const char *const names[] = {"cart"};
    static const char wide[] =
        "cart-2 is killed: refused tries go to cart-1, its breaker opens, and "
        "hardly a shopper sees it";
    struct scene s;
    open_scene(&s, NULL);
    assert_true(is_asked(&s));
    answer(&s, names, 1);
    assert_string_equal(line(&s, 22), "");
    mt_dashboard_note(s.d, true, wide, "cart-2 is killed");
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_string_equal(line(&s, 22), " cart-2 is killed");
    (void)press(&s, "j");
    mt_dashboard_say(s.d, false, "a message");
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_string_equal(line(&s, 22), " cart-2 is killed");
    assert_string_equal(line(&s, 23), " a message");
    mt_canvas_deinit(&s.c);
    assert_int_equal(mt_canvas_init(&s.c, 110, 24), 0);
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_string_equal(line(&s, 22) + 1, wide);
    mt_canvas_deinit(&s.c);
    assert_int_equal(mt_canvas_init(&s.c, 110, 12), 0); /* no room */
    mt_dashboard_draw(s.d, &s.c, s.now);
    for (size_t row = 0; row < 12; row++)
        assert_null(strstr(line(&s, row), "killed"));
    mt_canvas_deinit(&s.c);
    assert_int_equal(mt_canvas_init(&s.c, 80, 24), 0);
    mt_dashboard_note(s.d, false, "", "");
    mt_dashboard_draw(s.d, &s.c, s.now);
    assert_string_equal(line(&s, 22), "");
    close_scene(&s);
}

static void what_must_happen_is_said_in_bits(void **state)
{
    struct scene s;
    const char *path;
    (void)state;
    open_scene(&s, NULL);
    (void)is_asked(&s);
    answer(&s, abc, 3);
    assert_int_equal(press(&s, "q"), MT_DO_QUIT);
    assert_int_equal(press(&s, "<^C>"), MT_DO_QUIT);
    assert_int_equal(press(&s, "<^Z>"), MT_DO_SUSPEND);
    assert_int_equal(press(&s, "<^L>"), MT_DO_DRAW | MT_DO_REPAINT);
    assert_int_equal(press(&s, "c"), MT_DO_DRAW | MT_DO_COPY);
    assert_string_equal(mt_dashboard_clip(s.d), "svc=alpha");
    assert_int_equal(press(&s, "x<^U>a.csv<Enter>"), MT_DO_DRAW | MT_DO_EXPORT);
    mt_dashboard_export(s.d, &s.asked, &path);
    assert_string_equal(path, "a.csv");
    assert_int_equal(press(&s, "?q"), MT_DO_DRAW); /* q closes the help */
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_selection_stays_with_its_row),
        cmocka_unit_test(sorting_moves_rows_and_not_the_selection),
        cmocka_unit_test(what_is_not_known_is_last_either_way),
        cmocka_unit_test(a_term_is_said_once),
        cmocka_unit_test(answers_to_old_questions_are_dropped),
        cmocka_unit_test(asks_again_as_time_goes_by),
        cmocka_unit_test(an_empty_screen_says_why_and_what_helps),
        cmocka_unit_test(a_replay_has_a_clock_of_its_own),
        cmocka_unit_test(a_slow_answer_is_seen_to_be_slow),
        cmocka_unit_test(enter_adds_to_the_filter_and_esc_takes_away),
        cmocka_unit_test(a_wrong_filter_is_not_applied),
        cmocka_unit_test(only_failures_is_a_question_where_rows_are),
        cmocka_unit_test(tab_asks_the_database),
        cmocka_unit_test(time_is_walked_within_what_is_there),
        cmocka_unit_test(time_is_walked_where_there_is_little),
        cmocka_unit_test(a_replay_goes_to_any_time),
        cmocka_unit_test(a_database_may_begin_with_the_epoch),
        cmocka_unit_test(a_list_that_is_cut_says_so),
        cmocka_unit_test(the_moment_is_told_where_there_is_room),
        cmocka_unit_test(clicks_select_open_and_sort),
        cmocka_unit_test(a_cell_is_added_to_the_filter),
        cmocka_unit_test(marks_are_walked_and_filtered),
        cmocka_unit_test(a_note_stays_above_the_footer),
        cmocka_unit_test(what_must_happen_is_said_in_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
