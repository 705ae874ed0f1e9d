/* What proxies are at: the newest state alone, and whether it may be believed;
 * and what their tries became. */
#include "some_attempts.h"

#include "store/column.h"
#include "store/filter.h"
#include "store/proxy_state.h"

static struct mt_endpoint_state endpoint(const char *service, const char *place,
                                         uint8_t state)
{
    struct mt_endpoint_state e = {.state = state, .running = 2, .conns = 3};
    (void)snprintf(e.service, sizeof e.service, "%s", service);
    (void)snprintf(e.endpoint, sizeof e.endpoint, "%s", place);
    if (state == MT_ENDPOINT_OPEN) {
        e.until_ns = T0 + 9 * S;
        (void)snprintf(e.reason, sizeof e.reason, "7 failures in a row");
    }
    return e;
}

static struct mt_budget_state budget(const char *service, const char *rule,
                                     uint32_t spent, uint32_t allowed)
{
    struct mt_budget_state b = {
        .percent = 20, .min_per_s = 10, .spent = spent, .allowed = allowed};
    (void)snprintf(b.service, sizeof b.service, "%s", service);
    (void)snprintf(b.rule, sizeof b.rule, "%s", rule);
    return b;
}

static struct mt_writer *open_proxy(const char *db, int64_t now_ns)
{
    return writer_open(db, (struct mt_writer_options){.kind = MT_WRITER_PROXY,
                                                      .now_ns = now_ns});
}

static struct mt_proxies ask_proxies(const char *db, int64_t wall_ns)
{
    struct mt_proxies p;
    struct mt_store *s = store_open(db);
    assert_int_equal(mt_query_proxies(s, wall_ns, &p), 0);
    mt_store_free(s);
    return p;
}

static void tell(struct mt_writer *w, const struct mt_endpoint_state *e)
{
    assert_int_equal(mt_writer_endpoint(w, e), 0);
}

static void test_newest_state_alone(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = open_proxy(d.db, T0);
    struct mt_endpoint_state a = endpoint("cart", "10.0.0.5:80", 0);
    struct mt_endpoint_state b = endpoint("cart", "10.0.0.6:80", 0);
    struct mt_budget_state all = budget("cart", "", 3, 100);
    tell(w, &b);
    tell(w, &a);
    assert_int_equal(mt_writer_budget(w, &all), 0);
    assert_int_equal(mt_writer_commit(w, T0 + S), 0);

    a = endpoint("cart", "10.0.0.5:80", MT_ENDPOINT_OPEN);
    all.spent = 100;
    tell(w, &a);
    assert_int_equal(mt_writer_budget(w, &all), 0);
    assert_int_equal(mt_writer_commit(w, T0 + 2 * S), 0);
    struct mt_proxies p = ask_proxies(d.db, T0 + 3 * S);
    assert_int_equal(p.endpoints_count, 2);
    assert_string_equal(p.endpoints[0].is.endpoint, "10.0.0.5:80");
    assert_int_equal(p.endpoints[0].is.state, MT_ENDPOINT_OPEN);
    assert_int_equal(p.endpoints[0].is.until_ns, T0 + 9 * S);
    assert_string_equal(p.endpoints[0].is.reason, "7 failures in a row");
    assert_int_equal(p.endpoints[0].is.running, 2);
    assert_int_equal(p.endpoints[0].is.conns, 3);
    assert_int_equal(p.endpoints[1].is.state, MT_ENDPOINT_CLOSED);
    assert_int_equal(p.budgets_count, 1);
    assert_int_equal(p.budgets[0].is.spent, 100);
    assert_int_equal(p.budgets[0].life, MT_PROXY_LIVE);
    mt_proxies_free(&p);

    b.gone = all.gone = true; /* another policy has neither */
    tell(w, &b);
    assert_int_equal(mt_writer_budget(w, &all), 0);
    assert_int_equal(mt_writer_commit(w, T0 + 4 * S), 0);
    p = ask_proxies(d.db, T0 + 4 * S);
    assert_int_equal(p.endpoints_count, 1);
    assert_int_equal(p.budgets_count, 0);
    mt_proxies_free(&p);
    writer_close(w);
    dir_remove(&d);
}

/* More than one batch of changes, in one second: nothing is lost. */
static void test_many(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = open_proxy(d.db, T0);
    for (unsigned i = 0; i < MT_PROXY_STATE_MAX; i++) {
        char place[32];
        (void)snprintf(place, sizeof place, "10.0.%u.%u:80", i / 256, i % 256);
        struct mt_endpoint_state e = endpoint("cart", place, 0);
        tell(w, &e);
    }
    writer_close(w);
    struct mt_proxies p = ask_proxies(d.db, T0);
    assert_int_equal(p.endpoints_count, MT_PROXY_STATE_MAX);
    assert_false(p.more);
    mt_proxies_free(&p);
    dir_remove(&d);
}

static void test_what_is_dead_is_not_live(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = open_proxy(d.db, T0);
    struct mt_endpoint_state a = endpoint("cart", "10.0.0.5:80", 0);
    tell(w, &a);
    assert_int_equal(mt_writer_commit(w, T0), 0);
    struct mt_proxies p = ask_proxies(d.db, T0 + 5 * S);
    assert_int_equal(p.endpoints[0].life, MT_PROXY_LIVE);
    mt_proxies_free(&p);
    p = ask_proxies(d.db, T0 + 6 * S);
    assert_int_equal(p.endpoints[0].life, MT_PROXY_SILENT);
    mt_proxies_free(&p);
    mt_writer_abort(w); /* as a crash would */

    w = open_proxy(d.db, T0 + 8 * S); /* the dead one may yet speak */
    p = ask_proxies(d.db, T0 + 8 * S);
    assert_int_equal(p.endpoints_count, 1);
    assert_int_equal(p.endpoints[0].life, MT_PROXY_SILENT);
    mt_proxies_free(&p);
    tell(w, &a);
    assert_int_equal(mt_writer_close(w, T0 + 9 * S), 0);
    p = ask_proxies(d.db, T0 + 9 * S);
    assert_int_equal(p.endpoints_count, 2);
    assert_int_equal(p.endpoints[1].life, MT_PROXY_ENDED);
    mt_proxies_free(&p);

    w = open_proxy(d.db, T0 + 100 * S); /* takes the place of both */
    p = ask_proxies(d.db, T0 + 100 * S);
    assert_int_equal(p.endpoints_count, 0);
    mt_proxies_free(&p);
    mt_writer_abort(w);
    dir_remove(&d);
}

/* A tap leaves the words of proxies where they are. */
static void test_a_tap_drops_nothing(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = open_proxy(d.db, T0);
    struct mt_endpoint_state a = endpoint("cart", "10.0.0.5:80", 0);
    tell(w, &a);
    writer_close(w);
    w = writer_open(d.db, (struct mt_writer_options){.kind = MT_WRITER_TAP,
                                                     .now_ns = T0 + 99 * S});
    writer_close(w);
    struct mt_proxies p = ask_proxies(d.db, T0 + 99 * S);
    assert_int_equal(p.endpoints_count, 1);
    mt_proxies_free(&p);
    dir_remove(&d);
}

/* --- policy --- */

static void name_it(struct mt_exchange *x)
{
    x->server.service = MT_SPAN("cart");
    x->server.name_source = MT_NAME_ROUTE;
}

/* Tried once, and answered well. */
static void add_plain(struct mt_writer *w, uint64_t n)
{
    struct mt_exchange x = proxied(n, T0 + 50 * MS);
    x.retry_of = 0;
    x.endpoint = MT_SPAN("10.0.0.5:8080");
    name_it(&x);
    proxy_add(w, &x);
}

/* Request n: one failure, then what its client gets. */
static void add_retried(struct mt_writer *w, uint64_t n)
{
    struct mt_exchange x = tried(n, 1, T0 + 12 * MS, 12 * MS);
    x.status = 503;
    x.outcome = MT_OUTCOME_FAILURE;
    name_it(&x);
    proxy_add(w, &x);
    x = tried(n, 2, T0 + 41 * MS, 28 * MS);
    name_it(&x);
    proxy_add(w, &x);
    x = proxied(n, T0 + 41 * MS);
    x.endpoint = MT_SPAN("10.0.0.6:8080");
    name_it(&x);
    proxy_add(w, &x);
}

/* Every endpoint was out: there was no try. */
static void add_refused(struct mt_writer *w, uint64_t n)
{
    struct mt_exchange x = proxied(n, T0 + 60 * MS);
    x.retry_of = 0;
    x.status = 503;
    x.outcome = MT_OUTCOME_FAILURE;
    x.why_not_retried = MT_SPAN("breaker_open");
    name_it(&x);
    proxy_add(w, &x);
}

static void tell_both(struct mt_writer *w)
{
    struct mt_endpoint_state a = endpoint("cart", "10.0.0.5:8080", 0);
    struct mt_endpoint_state b =
        endpoint("cart", "10.0.0.6:8080", MT_ENDPOINT_OPEN);
    struct mt_budget_state all = budget("cart", "", 3, 100);
    struct mt_budget_state own = budget("cart", "canary", 9, 10);
    tell(w, &a);
    tell(w, &b);
    assert_int_equal(mt_writer_budget(w, &all), 0);
    assert_int_equal(mt_writer_budget(w, &own), 0);
}

static void check_tries(const struct mt_row *r)
{
    assert_string_equal(r->server, "cart");
    assert_int_equal(r->counts.exchanges, 7); /* 4 + 2 + 1 */
    assert_int_equal(r->counts.retries, 2);
    assert_int_equal(r->tries, 8); /* 4 + 2 x 2 */
    assert_true(r->success > 6.0 / 7 - 1e-9 && r->success < 6.0 / 7 + 1e-9);
    assert_true(r->tries_success > 0.75 - 1e-9 &&
                r->tries_success < 0.75 + 1e-9);
    assert_false(r->tries_inferred);
}

static void ask_policy(const char *db, int64_t wall_ns, const char *breaker,
                       const char *left)
{
    struct mt_store *s = store_open(db);
    struct mt_ask ask = {.from_ns = T0 - S, .to_ns = T0 + S};
    struct mt_answer a;
    struct mt_proxies p;
    assert_int_equal(mt_query_policy(s, &ask, wall_ns, &a, &p), 0);
    assert_int_equal(a.count, 1);
    assert_int_equal(a.total.counts.exchanges, 7);
    check_tries(&a.rows[0]);
    assert_string_equal(a.rows[0].breaker, breaker);
    assert_string_equal(a.rows[0].budget, left);
    mt_answer_free(&a);
    mt_proxies_free(&p);
    mt_store_free(s);
}

static void test_policy(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = open_proxy(d.db, T0);
    for (uint64_t n = 1; n <= 4; n++)
        add_plain(w, n);
    add_retried(w, 5);
    add_retried(w, 6);
    add_refused(w, 7);
    struct mt_exchange tapped = simple(T0 + 10 * MS);
    tapped.conn = 99;
    writer_add(w, &tapped); /* no part of a policy */
    tell_both(w);
    assert_int_equal(mt_writer_commit(w, T0 + S), 0);
    ask_policy(d.db, T0 + S, "1 of 2 open", "1 of 10 left");
    /* the window ended long before now: what is so now says nothing of it */
    struct mt_budget_state own = budget("cart", "canary", 10, 10);
    assert_int_equal(mt_writer_budget(w, &own), 0);
    assert_int_equal(mt_writer_commit(w, T0 + 20 * S), 0);
    ask_policy(d.db, T0 + 20 * S, "", "");
    assert_int_equal(mt_writer_close(w, T0 + S), 0);
    ask_policy(d.db, T0 + S, "proxy ended", "");
    dir_remove(&d);
}

/* A filter that needs rows finds the same. */
static void test_policy_from_rows(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = open_proxy(d.db, T0);
    for (uint64_t n = 1; n <= 4; n++)
        add_plain(w, n);
    add_retried(w, 5);
    add_retried(w, 6);
    add_refused(w, 7);
    writer_close(w);
    struct mt_store *s = store_open(d.db);
    struct mt_filter *filter;
    struct mt_filter_error why;
    const struct mt_time_ref ref = {.now_ns = T0};
    assert_int_equal(mt_filter_new(&filter, MT_SPAN("host=cart"), &ref, &why),
                     0);
    struct mt_ask ask = {.from_ns = T0 - S, .to_ns = T0 + S, .filter = filter};
    struct mt_answer a;
    struct mt_proxies p;
    assert_int_equal(mt_query_policy(s, &ask, T0, &a, &p), 0);
    assert_true(a.coverage.rows);
    assert_int_equal(a.count, 1);
    check_tries(&a.rows[0]);
    mt_answer_free(&a);
    mt_proxies_free(&p);
    mt_filter_free(filter);
    mt_store_free(s);
    dir_remove(&d);
}

static void test_columns_do_not_tell_what_is_over(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct mt_endpoint_row r = {.is = endpoint("cart", "10.0.0.6:80", 1),
                                .now_ns = T0 + 60 * S,
                                .heard_ns = T0};
    for (unsigned life = 0; life < MT_PROXY_LIFE_COUNT; life++) {
        r.life = (uint8_t)life;
        for (size_t i = 0; i < mt_screen_endpoints.count; i++) {
            const struct mt_column *c = &mt_screen_endpoints.columns[i];
            struct mt_buf scratch = mt_buf_of(bytes, sizeof bytes);
            struct mt_value v = c->get(&r, &scratch);
            bool state_of_it = strcmp(c->key, "breaker") == 0 ||
                               strcmp(c->key, "running") == 0 ||
                               strcmp(c->key, "connections") == 0 ||
                               strcmp(c->key, "reason") == 0;
            if (state_of_it)
                assert_int_equal(v.known, life == MT_PROXY_LIVE);
            if (strcmp(c->key, "proxy") == 0 && life == MT_PROXY_ENDED)
                assert_true(mt_span_eq(v.text, MT_SPAN("ended 60 s ago")));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest_state_alone),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_what_is_dead_is_not_live),
        cmocka_unit_test(test_a_tap_drops_nothing),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_policy_from_rows),
        cmocka_unit_test(test_columns_do_not_tell_what_is_over),
    };
    return cmocka_run_group_tests_name("store/proxies", tests, NULL, NULL);
}
