/* Losses: totals, and when and where they grew. */
#include "store_fixture.h"

#include "store/retention.h"

static void lose(struct mt_writer *w, enum mt_loss loss, uint64_t total,
                 int64_t ns)
{
    assert_int_equal(mt_writer_loss(w, loss, total, ns), 0);
}

struct found {
    struct mt_lost list[64];
    size_t count, stop_at; /* 0: never */
};

static int find(void *arg, const struct mt_lost *lost)
{
    struct found *f = arg;
    assert_true(f->count < 64);
    f->list[f->count++] = *lost;
    return f->count == f->stop_at ? 7 : 0;
}

static struct found ask(const char *db, struct mt_lost_scan scan)
{
    struct found f = {.count = 0};
    struct mt_store *s = store_open(db);
    assert_int_equal(mt_query_lost(s, &scan, find, &f), 0);
    mt_store_free(s);
    return f;
}

static const struct mt_lost_scan all = {.to_ns = INT64_MAX,
                                        .order = MT_OLDEST_FIRST};

static void test_losses_of_all_writers_are_summed(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    for (int i = 0; i < 2; i++) {
        struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
        lose(w, MT_LOSS_RING, 5, T0);
        lose(w, MT_LOSS_RING, 14, T0);
        writer_close(w);
    }
    struct mt_store *s = store_open(d.db);
    uint64_t totals[MT_LOSS_COUNT];
    assert_int_equal(mt_query_losses(s, totals), 0);
    assert_int_equal(totals[MT_LOSS_RING], 28);
    assert_int_equal(totals[MT_LOSS_KERNEL], 0);
    mt_store_free(s);
    dir_remove(&d);
}

static void assert_lost(const struct mt_lost *lost, enum mt_loss loss,
                        uint64_t count, int64_t ns, uint64_t before_id)
{
    assert_int_equal(lost->loss, loss);
    assert_int_equal(lost->count, count);
    assert_int_equal(lost->ns, ns);
    assert_int_equal(lost->before_id, before_id);
}

/* Three exchanges, a loss, two more, and a loss after a commit. */
static void test_each_has_its_time_and_place(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(
        d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP, .now_ns = T0});
    struct mt_exchange x = simple(T0);
    for (int i = 0; i < 3; i++)
        writer_add(w, &x);
    lose(w, MT_LOSS_KERNEL, 10, T0);
    lose(w, MT_LOSS_RING, 4, T0 + 1);
    lose(w, MT_LOSS_KERNEL, 13, T0 + 2); /* the same second */
    lose(w, MT_LOSS_KERNEL, 13, T0 + S); /* nothing new */
    lose(w, MT_LOSS_UNDECODED, 99, T0);  /* no moment of its own */
    writer_add(w, &x);
    writer_add(w, &x);
    lose(w, MT_LOSS_KERNEL, 15, T0 + S + 3);
    struct mt_store *s = mt_writer_store(w);
    struct found none = {.count = 0};
    assert_int_equal(mt_query_lost(s, &all, find, &none), 0);
    assert_int_equal(none.count, 0); /* with the rows, not before */
    assert_int_equal(mt_writer_commit(w, T0 + S), 0);
    lose(w, MT_LOSS_GAP, 41, T0 + 2 * S);
    writer_add(w, &x);
    writer_close(w);

    struct found f = ask(d.db, all);
    assert_int_equal(f.count, 4);
    assert_lost(&f.list[0], MT_LOSS_KERNEL, 13, T0, 4);
    assert_lost(&f.list[1], MT_LOSS_RING, 4, T0 + 1, 4);
    assert_lost(&f.list[2], MT_LOSS_KERNEL, 2, T0 + S + 3, 6);
    assert_lost(&f.list[3], MT_LOSS_GAP, 41, T0 + 2 * S, 6);

    f = ask(d.db, (struct mt_lost_scan){.from_ns = T0 + 1,
                                        .to_ns = T0 + 2 * S,
                                        .order = MT_NEWEST_FIRST});
    assert_int_equal(f.count, 2);
    assert_int_equal(f.list[0].ns, T0 + S + 3);
    assert_int_equal(f.list[1].ns, T0 + 1);

    /* going on after one that was given */
    f = ask(d.db, (struct mt_lost_scan){.to_ns = INT64_MAX,
                                        .order = MT_OLDEST_FIRST,
                                        .after_id = f.list[0].id});
    assert_int_equal(f.count, 1);
    assert_int_equal(f.list[0].loss, MT_LOSS_GAP);
    dir_remove(&d);
}

static void test_a_callback_stops_it(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    for (int i = 1; i <= 5; i++)
        lose(w, MT_LOSS_RING, (uint64_t)i, T0 + i * S);
    writer_close(w);
    struct found f = {.stop_at = 2};
    struct mt_store *s = store_open(d.db);
    assert_int_equal(mt_query_lost(s, &all, find, &f), 7);
    assert_int_equal(f.count, 2);
    mt_store_free(s);
    dir_remove(&d);
}

/* More seconds than fit between two commits: none is forgotten. */
static void test_many_between_commits(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    for (int i = 1; i <= 1000; i++)
        lose(w, MT_LOSS_RING, (uint64_t)i * 3, T0 + i * S);
    writer_close(w);
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM loss_time"), 1000);
    assert_int_equal(ask_number(d.db, "SELECT sum(n) FROM loss_time"), 3000);
    assert_int_equal(ask_number(d.db, "SELECT total FROM loss"), 3000);
    dir_remove(&d);
}

/* Losses before the oldest row go with the rows. */
static void test_they_are_kept_as_long_as_rows(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(
        d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP,
                                         .now_ns = T0,
                                         .rows_max_age_ns = 100 * S});
    struct mt_exchange x = simple(T0);
    for (int i = 1; i <= 400; i++) {
        x.end_ns = T0 + i * S;
        writer_add(w, &x);
        lose(w, MT_LOSS_RING, (uint64_t)i, x.end_ns);
        assert_int_equal(mt_writer_commit(w, x.end_ns), 0);
    }
    writer_close(w);
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM exchange"), 101);
    assert_in_range(ask_number(d.db, "SELECT count(*) FROM loss_time"), 100,
                    102);
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM loss_time WHERE "
                                      "before<=(SELECT min(first) FROM batch)"),
                     0);
    assert_int_equal(ask_number(d.db, "SELECT total FROM loss"), 400);
    dir_remove(&d);
}

/* A tap that sees no exchange and loses packets for days. */
static void test_they_are_bounded_without_rows(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    const struct mt_writer_options o = {.kind = MT_WRITER_TAP, .now_ns = T0};
    writer_close(writer_open(d.db, o));
    change(d.db,
           "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE "
           "i<150000) INSERT INTO loss_time SELECT i,1,0,i,1,1 FROM c");
    struct mt_writer *w = writer_open(d.db, o);
    lose(w, MT_LOSS_RING, 1, T0);
    assert_int_equal(mt_writer_commit(w, T0), 0);
    writer_close(w);
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM loss_time"),
                     MT_LOST_MAX);
    assert_int_equal(ask_number(d.db, "SELECT max(id) FROM loss_time"), 150001);
    dir_remove(&d);
}

static void test_its_words(void **state)
{
    (void)state;
    char text[128];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    struct mt_lost lost = {.loss = MT_LOSS_RING, .count = 14};
    mt_put_lost_here(&b, &lost, true);
    text[b.len] = '\0';
    assert_string_equal(text, "-- 14 exchanges lost here: ring full --");
    b.len = 0;
    lost.count = 1;
    mt_put_lost_here(&b, &lost, false);
    text[b.len] = '\0';
    assert_string_equal(text, "\xe2\x94\x80\xe2\x94\x80 1 exchange lost here: "
                              "ring full \xe2\x94\x80\xe2\x94\x80");
    b.len = 0;
    mt_put_lost(&b, MT_LOSS_GAP, 1234);
    text[b.len] = '\0';
    assert_string_equal(text, "1.2 kB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_losses_of_all_writers_are_summed),
        cmocka_unit_test(test_each_has_its_time_and_place),
        cmocka_unit_test(test_a_callback_stops_it),
        cmocka_unit_test(test_many_between_commits),
        cmocka_unit_test(test_they_are_kept_as_long_as_rows),
        cmocka_unit_test(test_they_are_bounded_without_rows),
        cmocka_unit_test(test_its_words),
    };
    return cmocka_run_group_tests_name("store/loss", tests, NULL, NULL);
}
