#include "tests/store/store_fixture.h"

#include <poll.h>
#include <time.h>

#include "tui/worker.h"

static int64_t steady(void *arg)
{
    struct timespec now;
    (void)arg;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * S + now.tv_nsec;
}

struct scene {
    struct dir dir;
    struct mt_worker *w;
};

static void open_scene(struct scene *s)
{
    dir_make(&s->dir);
    struct mt_writer *w =
        writer_open(s->dir.db, (struct mt_writer_options){.now_ns = T0});
    for (int i = 0; i < 1000; i++) {
        struct mt_exchange x = simple(T0 + i * MS);
        x.req.start_ns -= (i * 7 % 1000) * MS; /* each its own latency */
        x.conn = (uint64_t)i + 1;
        writer_add(w, &x);
    }
    writer_close(w);
    assert_int_equal(mt_worker_start(&s->w, s->dir.db, steady), 0);
}

static void close_scene(struct scene *s)
{
    mt_worker_stop(s->w);
    dir_remove(&s->dir);
}

static struct mt_snapshot *wait_for(struct scene *s, uint64_t serial)
{
    struct pollfd fd = {.fd = mt_worker_fd(s->w), .events = POLLIN};
    struct mt_snapshot *a;
    for (;;) {
        assert_int_equal(poll(&fd, 1, 60000), 1);
        if (!mt_worker_take(s->w, &a))
            continue;
        assert_non_null(a);
        if (a->request.serial == serial)
            return a;
        mt_snapshot_free(a);
    }
}

static void answers_what_is_asked(void **state)
{
    struct scene s;
    struct mt_snapshot *a;
    (void)state;
    open_scene(&s);
    assert_false(mt_worker_take(s.w, &a));
    mt_worker_ask(s.w, &(struct mt_request){.serial = 1});
    a = wait_for(&s, 1);
    assert_int_equal(a->rc, 0);
    assert_int_equal(a->rows.count, 1);
    assert_int_equal(a->rows.total.counts.exchanges, 1000);
    assert_int_equal(a->entry.counts.exchanges, 1000);
    assert_true(a->took_ns > 0);
    mt_snapshot_free(a);
    close_scene(&s);
}

static void the_newest_question_is_the_one_answered(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s);
    for (uint64_t i = 1; i <= 100; i++)
        mt_worker_ask(
            s.w, &(struct mt_request){.serial = i, .topic = (uint8_t)(i % 5)});
    struct mt_snapshot *a = wait_for(&s, 100);
    assert_int_equal(a->rc, 0);
    mt_snapshot_free(a);
    mt_worker_ask(s.w, &(struct mt_request){.serial = 101});
    close_scene(&s); /* whatever it is doing */
}

static void the_slowest_are_the_slowest(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s);
    mt_worker_ask(s.w,
                  &(struct mt_request){.serial = 1, .topic = MT_TOPIC_SLOWEST});
    struct mt_snapshot *a = wait_for(&s, 1);
    assert_int_equal(a->exchanges_count, MT_SNAPSHOT_EXCHANGES);
    assert_int_equal(a->exchanges_seen, 1000);
    for (size_t i = 0; i < a->exchanges_count; i++)
        assert_int_equal(mt_exchange_latency_ns(&a->exchanges[i].x),
                         (1004 - (int64_t)i) * MS);
    mt_snapshot_free(a);
    mt_worker_ask(s.w,
                  &(struct mt_request){.serial = 2, .topic = MT_TOPIC_NEWEST});
    a = wait_for(&s, 2);
    assert_int_equal(a->exchanges_count, MT_SNAPSHOT_EXCHANGES);
    for (size_t i = 0; i < a->exchanges_count; i++)
        assert_int_equal(a->exchanges[i].x.id, 501 + i);
    mt_snapshot_free(a);
    close_scene(&s);
}

static bool stopped_at_once;

static void some_packet(void *arg, struct mt_store *s,
                        const struct mt_exchange *x,
                        const struct mt_patience *patience,
                        struct mt_ladder *out)
{
    (void)arg, (void)s;
    stopped_at_once = patience->stop(patience->arg);
    mt_ladder_add(out, (struct mt_ladder_step){.ts_ns = x->end_ns});
}

/* What takes long comes in a second answer; asked again, in the first. */
static void an_exchange_is_shown_before_its_packets(void **state)
{
    static const struct mt_reader reader = {.ladder = some_packet};
    struct scene s;
    (void)state;
    open_scene(&s);
    mt_worker_reads(s.w, &reader);
    for (uint64_t serial = 1; serial <= 2; serial++) {
        const struct mt_request r = {
            .serial = serial, .topic = MT_TOPIC_EXCHANGE, .id = 7};
        mt_worker_ask(s.w, &r);
        struct mt_snapshot *a = wait_for(&s, serial);
        if (a->request.brief) { /* else the second took its place already */
            assert_int_equal(serial, 1);
            assert_int_equal(a->exchanges_count, 1);
            assert_null(a->ladder);
            mt_snapshot_free(a);
            a = wait_for(&s, serial);
        }
        assert_false(a->request.brief);
        assert_int_equal(a->exchanges[0].x.id, 7);
        assert_int_equal(a->ladder->count, 1);
        assert_false(stopped_at_once);
        mt_snapshot_free(a);
    }
    close_scene(&s);
}

static void trouble_is_part_of_the_answer(void **state)
{
    struct scene s;
    struct mt_request r = {.serial = 1};
    (void)state;
    open_scene(&s);
    (void)snprintf(r.filter, sizeof r.filter, "status>=5x");
    mt_worker_ask(s.w, &r);
    struct mt_snapshot *a = wait_for(&s, 1);
    assert_int_equal(a->rc, MT_STORE_EFILTER);
    mt_snapshot_free(a);
    r = (struct mt_request){
        .serial = 2, .topic = MT_TOPIC_EXCHANGE, .id = 5000};
    mt_worker_ask(s.w, &r);
    a = wait_for(&s, 2);
    assert_int_equal(a->rc, MT_STORE_ENOTFOUND);
    mt_snapshot_free(a);
    r = (struct mt_request){.serial = 3};
    (void)snprintf(r.filter, sizeof r.filter, "svc=nobody");
    mt_worker_ask(s.w, &r);
    a = wait_for(&s, 3);
    assert_int_equal(a->unfiltered, 1000);
    mt_snapshot_free(a);
    close_scene(&s);
    assert_int_equal(mt_worker_start(&s.w, s.dir.db, steady), MT_STORE_ENOENT);
    assert_null(s.w);
}

static void export_to(struct scene *s, const char *path, bool want_trouble,
                      const char *want)
{
    struct pollfd fd = {.fd = mt_worker_fd(s->w), .events = POLLIN};
    struct mt_request r = {.serial = 1};
    char said[MT_WORKER_SAID_BYTES];
    struct mt_snapshot *a;
    bool trouble;
    (void)snprintf(r.filter, sizeof r.filter, "id<=10");
    mt_worker_export(s->w, &r, path);
    while (!mt_worker_said(s->w, said, &trouble)) {
        assert_int_equal(poll(&fd, 1, 60000), 1);
        if (mt_worker_take(s->w, &a))
            mt_snapshot_free(a);
    }
    if (trouble != want_trouble || strstr(said, want) == NULL)
        fail_msg("%s: %s", path, said);
}

static void exports_into_a_new_file(void **state)
{
    struct scene s;
    char path[128], text[1 << 16];
    (void)state;
    open_scene(&s);
    (void)snprintf(path, sizeof path, "%s/out.csv", s.dir.path);
    export_to(&s, path, false, "10 exchanges into ");
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text, f), lines = 0;
    (void)fclose(f);
    for (size_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    assert_int_equal(lines, 11); /* a title */
    export_to(&s, path, true, "is there already");
    (void)snprintf(path, sizeof path, "%s/out.txt", s.dir.path);
    export_to(&s, path, true, ".jsonl, .csv, .har, .pcapng or .curl");
    (void)snprintf(path, sizeof path, "%s/out.pcapng", s.dir.path);
    export_to(&s, path, true, "cannot be read again here");
    assert_int_equal(access(path, F_OK), -1);
    (void)snprintf(path, sizeof path, "%s/out.curl", s.dir.path);
    export_to(&s, path, false, "was not written: none of 10 is HTTP");
    assert_int_equal(access(path, F_OK), -1);
    (void)snprintf(path, sizeof path, "%s/no/out.har", s.dir.path);
    export_to(&s, path, true, "No such file");
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_what_is_asked),
        cmocka_unit_test(the_newest_question_is_the_one_answered),
        cmocka_unit_test(the_slowest_are_the_slowest),
        cmocka_unit_test(an_exchange_is_shown_before_its_packets),
        cmocka_unit_test(trouble_is_part_of_the_answer),
        cmocka_unit_test(exports_into_a_new_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
