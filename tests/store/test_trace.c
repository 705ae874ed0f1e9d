/* Traces: trees of any ids and times, and where their spans are found. */
#include "store_fixture.h"

#include <errno.h>

#include "base/text_escape.h"
#include "store/trace.h"
#include "tests/refuse_memory.h"

/* ---- trees ---- */

/* Span `id` of a trace: names itself `span` and its parent `parent`, runs from
 * `from` to `to` ms at `server`, called by `client`. */
struct short_span {
    unsigned id, span, parent, from, to;
    const char *client, *server;
};

static struct mt_trace trace_of(const struct short_span *list, size_t count)
{
    struct mt_trace t = {.key = MT_TRACE_ID, .complete = true};
    t.spans = calloc(count, sizeof *t.spans);
    assert_non_null(t.spans);
    for (size_t i = 0; i < count; i++) {
        struct mt_exchange x = simple(T0 + list[i].to * MS);
        x.id = list[i].id;
        x.req.start_ns = T0 + list[i].from * MS;
        x.span_id[7] = (uint8_t)list[i].span;
        x.parent_id[7] = (uint8_t)list[i].parent;
        x.client.service = mt_span_str(list[i].client);
        x.server.service = mt_span_str(list[i].server);
        x.client.addr = v4(10, 1, 0, list[i].id % 250, 1000 + list[i].id);
        x.server.addr = v4(10, 2, 0, list[i].id % 250, 8080);
        mt_trace_span_of(&t.spans[i], &x);
    }
    t.count = t.seen = count;
    return t;
}

/* "1 2.~ 3..~": ids in order, a dot a level, then how each was placed. */
static const char *drawn(const struct mt_trace *t)
{
    static char text[8192];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < t->count; i++) {
        const struct mt_trace_span *s = &t->spans[i];
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%llu",
                              i > 0 ? " " : "", (unsigned long long)s->id);
        for (unsigned d = 0; d < s->depth; d++)
            text[n++] = '.';
        text[n] = '\0';
        const char *mark =
            s->early ? "!" : (const char *[]){"", "", "~", "?", "@"}[s->link];
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", mark);
    }
    return text;
}

static void check_tree(const struct short_span *list, size_t count,
                       unsigned here, const char *want)
{
    struct mt_trace t = trace_of(list, count);
    assert_int_equal(mt_trace_arrange(&t, here), 0);
    assert_string_equal(drawn(&t), want);
    mt_trace_free(&t);
}
#define CHECK(here, want, ...)                                    \
    check_tree((const struct short_span[]){__VA_ARGS__},          \
               sizeof((const struct short_span[]){__VA_ARGS__}) / \
                   sizeof(struct short_span),                     \
               here, want)

static void parents_are_those_that_span_ids_name(void **state)
{
    (void)state;
    CHECK(3, "1 2. 3.. 4.", /* whatever their names say */
          {4, 14, 11, 40, 50, "x", "d"}, {1, 11, 0, 0, 90, "", "a"},
          {3, 13, 12, 20, 30, "y", "c"}, {2, 12, 11, 10, 35, "z", "b"});
    CHECK(2, "1 2.!", {1, 11, 0, 10, 20, "", "a"},
          {2, 12, 11, 5, 15, "a", "b"}); /* the host's clock is behind */
    CHECK(2, "2? 1", {1, 11, 0, 10, 20, "", "a"},
          {2, 12, 99, 5, 9, "q", "b"}); /* nobody saw its caller */
}

static void without_parents_service_and_time_tell(void **state)
{
    (void)state;
    /* all pass on one header, as services do that know no tracing */
    CHECK(3, "1 2.~ 3..~ 4.~", {1, 7, 0, 0, 90, "", "front"},
          {2, 7, 0, 10, 50, "front", "cart"}, {3, 7, 0, 20, 30, "cart", "db"},
          {4, 7, 0, 15, 45, "front", "pay"});
    /* two of one caller at the same time are kin, not one below the other */
    CHECK(1, "1 2", {1, 7, 0, 0, 90, "front", "cart"},
          {2, 7, 0, 10, 20, "front", "pay"});
    /* a named parent that is missing: service and time still do */
    CHECK(2, "1 2.~", {1, 7, 0, 0, 90, "", "front"},
          {2, 8, 99, 10, 20, "front", "cart"});
    /* a call that goes on after its caller was answered */
    CHECK(2, "1 2.~", {1, 7, 0, 0, 20, "", "front"},
          {2, 7, 0, 10, 50, "front", "log"});
}

static void ids_may_be_nonsense(void **state)
{
    (void)state;
    CHECK(1, "2@ 1.!", {1, 11, 12, 0, 10, "", "a"},
          {2, 12, 11, 5, 8, "", "b"});           /* each other's parent */
    CHECK(1, "1?", {1, 11, 11, 0, 10, "", "a"}); /* its own */
    CHECK(2, "1 2. 3..",                         /* one id, passed on */
          {1, 11, 0, 0, 90, "", "proxy"}, {2, 11, 11, 1, 80, "proxy", "a"},
          {3, 12, 11, 5, 8, "a", "b"});
    /* twice the same row, as a capture that was recorded twice: ids differ */
    struct mt_trace t =
        trace_of((const struct short_span[]){{1, 11, 0, 0, 90, "", "a"},
                                             {2, 11, 0, 0, 90, "", "a"}},
                 2);
    t.spans[1].client_addr = t.spans[0].client_addr;
    assert_int_equal(mt_trace_arrange(&t, 2), 0);
    assert_string_equal(drawn(&t), "2"); /* the one asked about */
    assert_int_equal(t.copies, 1);
    assert_int_equal(t.seen, 1);
    mt_trace_free(&t);
}

/* Whatever ids and times: each span kept stands once, one level below a
 * parent that stands before it, and the rest is counted. */
static void any_ids_make_a_tree(void **state)
{
    static const char *const names[] = {"", "a", "b", "c"};
    struct maker m = {.seed = 5};
    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct short_span list[80];
        size_t count = 1 + roll(&m, 80);
        for (size_t i = 0; i < count; i++) {
            unsigned from = roll(&m, 40);
            list[i] =
                (struct short_span){(unsigned)i + 1,     roll(&m, 12),
                                    roll(&m, 14),        from,
                                    from + roll(&m, 40), names[roll(&m, 4)],
                                    names[roll(&m, 4)]};
        }
        struct mt_trace t = trace_of(list, count);
        unsigned here = 1 + roll(&m, (uint32_t)count);
        uint64_t all = t.seen, stood = 0;
        bool found = false;
        assert_int_equal(mt_trace_arrange(&t, here), 0);
        assert_int_equal(t.seen + t.copies, all);
        size_t most = t.seen < MT_TRACE_SHOWN_MAX ? t.seen : MT_TRACE_SHOWN_MAX;
        assert_int_equal(t.count, most);
        for (size_t i = 0; i < t.count; i++) {
            const struct mt_trace_span *s = &t.spans[i];
            assert_false(stood >> (s->id % 64) & 1 && count <= 64);
            stood |= UINT64_C(1) << (s->id % 64);
            assert_true(s->depth <= (i > 0 ? t.spans[i - 1].depth + 1 : 0));
            assert_int_equal(s->here, s->id == here);
            found = found || s->here;
            assert_true(s->start_ns >= t.from_ns && s->end_ns <= t.to_ns);
        }
        assert_true(found);
        mt_trace_free(&t);
    }
}

static void of_ten_thousand_the_nearest_are_kept(void **state)
{
    enum { SPANS = 10000, HERE = 5003 };
    struct mt_trace t = {.key = MT_TRACE_ID, .complete = true};
    (void)state;
    t.spans = calloc(SPANS, sizeof *t.spans);
    assert_non_null(t.spans);
    for (uint32_t i = 0; i < SPANS; i++) { /* ten calls each */
        struct mt_exchange x = simple(T0 + (SPANS * 2 - (int64_t)i) * MS);
        uint32_t parent = i > 0 ? (i - 1) / 10 + 1 : 0, span = i + 1;
        x.id = i + 1;
        x.conn = i;
        x.req.start_ns = T0 + i * MS;
        memcpy(x.span_id, &span, sizeof span);
        memcpy(x.parent_id, &parent, sizeof parent);
        x.outcome = i % 10 == 7 ? MT_OUTCOME_FAILURE : MT_OUTCOME_OK;
        mt_trace_span_of(&t.spans[i], &x);
    }
    t.count = t.seen = SPANS;
    assert_int_equal(mt_trace_arrange(&t, HERE), 0);
    assert_int_equal(t.count, MT_TRACE_SHOWN_MAX);
    unsigned ancestors = 0, here = 0;
    uint64_t up = HERE;
    for (size_t i = t.count; i-- > 0;)
        if (t.spans[i].id == up) {
            here += t.spans[i].here;
            ancestors++;
            up = up > 1 ? (up - 2) / 10 + 1 : 0;
        }
    assert_int_equal(ancestors, 5); /* the way up is whole */
    assert_int_equal(here, 1);
    char bytes[1024];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes - 1);
    mt_trace_put_notes(&b, &t);
    bytes[b.len] = '\0';
    assert_string_equal(bytes, "9 952 more exchanges of it are not shown\n");
    mt_trace_free(&t);
}

static void without_memory_there_is_no_tree(void **state)
{
    static const struct short_span list[] = {{1, 11, 0, 0, 9, "", "a"},
                                             {2, 12, 11, 1, 8, "a", "b"}};
    int rc = -1;
    (void)state;
    for (unsigned i = 0; rc != 0; i++) {
        struct mt_trace t = trace_of(list, 2);
        refuse_memory(i, REFUSE_ALL_AFTER);
        rc = mt_trace_arrange(&t, 1);
        give_memory();
        assert_true(rc == 0 ? i > 0 : rc == -ENOMEM && t.count == 0);
        assert_true(i < 100);
        mt_trace_free(&t);
    }
}

/* ---- lines ---- */

static size_t columns_of(struct mt_span text)
{
    size_t columns = 0;
    while (text.len > 0) {
        int w = mt_char_columns(mt_utf8_take(&text));
        assert_true(w >= 0); /* nothing that a terminal would obey */
        columns += (size_t)w;
    }
    return columns;
}

static void lines_fit(void **state)
{
    static const struct short_span list[] = {
        {1, 11, 0, 0, 90, "", "\x1b[2J\xe4\xbc\x9a\xe8\xad\xb0\xff"},
        {2, 12, 11, 10, 10, "x", "a-name-that-goes-on-and-on-and-on-and-on"},
        {3, 13, 12, 89, 90, "x", ""}};
    char bytes[4096];
    (void)state;
    for (size_t columns = 24; columns < 300; columns++) {
        struct mt_trace t = trace_of(list, 3);
        t.spans[1].status = 0;
        t.spans[1].error = MT_ERROR_RESET_BY_SERVER;
        t.spans[2].grpc_status = 14;
        assert_int_equal(mt_trace_arrange(&t, 2), 0);
        for (size_t i = 0; i < t.count; i++) {
            struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
            mt_trace_put_line(&b, &t, i, columns);
            assert_false(b.full);
            assert_true(columns_of(mt_buf_span(&b)) <= columns);
        }
        mt_trace_free(&t);
    }
}

/* ---- out of a database ---- */

static struct mt_exchange traced(int64_t end_ns, unsigned span, unsigned parent)
{
    struct mt_exchange x = simple(end_ns);
    memset(x.trace_id, 7, sizeof x.trace_id);
    x.span_id[7] = (uint8_t)span;
    x.parent_id[7] = (uint8_t)parent;
    return x;
}

struct scene {
    struct dir dir;
    struct mt_store *s;
    struct mt_rows *rows;
    const struct mt_exchange *x;
};

static void fill(const char *db, int more)
{
    struct mt_writer *w = writer_open(
        db, (struct mt_writer_options){.batch_rows = more > 0 ? 7 : 2});
    struct mt_exchange x = traced(T0 + S, 1, 0);
    writer_add(w, &x);
    x = traced(T0 + S, 2, 1);
    x.conn = 2;
    writer_add(w, &x);
    x = traced(T0 + 2 * S, 2, 1);
    x.conn = 3;
    x.observer = MT_OBSERVER_TAP_SHADOW;
    writer_add(w, &x);
    x = simple(T0 + 3 * S);
    x.request_id = MT_SPAN("one \"request\"");
    writer_add(w, &x);
    x = simple(T0 + 4 * S);
    x.conn = 4;
    x.request_id = MT_SPAN("one \"request\"");
    writer_add(w, &x);
    x = simple(T0 + 5 * S);
    writer_add(w, &x);
    x = traced(T0 + 7200 * S, 3, 1); /* two hours later */
    writer_add(w, &x);
    for (int i = 0; i < more; i++) { /* of other traces */
        x = traced(T0 + 7300 * S + i, 4, 0);
        memcpy(x.trace_id, &i, sizeof i);
        writer_add(w, &x);
    }
    writer_close(w);
}

static void open_scene(struct scene *s, uint64_t id, int more,
                       const struct mt_store_options *options)
{
    dir_make(&s->dir);
    fill(s->dir.db, more);
    assert_int_equal(mt_store_open(&s->s, s->dir.db, options), 0);
    assert_int_equal(mt_query_exchange(s->s, id, &s->rows, &s->x), 0);
}

static void close_scene(struct scene *s)
{
    mt_rows_free(s->rows);
    mt_store_free(s->s);
    dir_remove(&s->dir);
}

static void a_trace_is_found(void **state)
{
    static const struct {
        uint64_t id;
        const char *want;
        unsigned key;
    } cases[] = {{1, "1 2. 7.", MT_TRACE_ID},
                 {7, "1 2. 7.", MT_TRACE_ID},
                 {3, "1 2. 3. 7.", MT_TRACE_ID}, /* itself a copy */
                 {4, "4 5", MT_TRACE_REQUEST_ID},
                 {6, "", MT_TRACE_NO_KEY}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const struct mt_store_options unbounded;
        struct scene s;
        struct mt_trace t;
        open_scene(&s, cases[i].id, 0, &unbounded);
        assert_int_equal(mt_query_trace(s.s, s.x, &t), 0);
        assert_int_equal(t.key, cases[i].key);
        assert_string_equal(drawn(&t), cases[i].want);
        assert_true(t.complete);
        assert_int_equal(t.copies, cases[i].id == 1 || cases[i].id == 7);
        mt_trace_free(&t);
        close_scene(&s);
    }
}

static int64_t looks_left;

/* Time is up after so many looks at the clock. */
static int64_t leaping(void *arg)
{
    (void)arg;
    return looks_left-- > 0 ? 1 : 100 * S;
}

static void what_takes_too_long_says_so(void **state)
{
    static const struct mt_store_options bounded = {.clock = leaping};
    struct scene s;
    struct mt_trace t;
    char bytes[1024];
    (void)state;
    looks_left = INT64_MAX;
    open_scene(&s, 1, 20000, &bounded);
    bool complete = false, part = false;
    for (int looks = 1; !complete; looks++) {
        looks_left = looks; /* the first is the start of the question */
        assert_int_equal(mt_query_trace(s.s, s.x, &t), 0);
        complete = t.complete;
        part = part || (!complete && strcmp(drawn(&t), "1 2.") == 0);
        assert_int_equal(t.spans[0].id, 1); /* whatever was found */
        struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
        mt_trace_put_notes(&b, &t);
        assert_int_equal(
            memmem(bytes, b.len, "not all was searched", 20) == NULL, complete);
        mt_trace_free(&t);
        assert_true(looks < 1000);
    }
    assert_true(part); /* the time around it, and not all */
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parents_are_those_that_span_ids_name),
        cmocka_unit_test(without_parents_service_and_time_tell),
        cmocka_unit_test(ids_may_be_nonsense),
        cmocka_unit_test(any_ids_make_a_tree),
        cmocka_unit_test(of_ten_thousand_the_nearest_are_kept),
        cmocka_unit_test(without_memory_there_is_no_tree),
        cmocka_unit_test(lines_fit),
        cmocka_unit_test(a_trace_is_found),
        cmocka_unit_test(what_takes_too_long_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
