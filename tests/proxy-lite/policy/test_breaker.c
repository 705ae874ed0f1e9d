/* When an endpoint is put out, for how long, and how it comes back; limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "proxy-lite/policy/state.h"

static const struct mt_policy_breaker usual = {.consecutive = 7,
                                               .success_percent = 80,
                                               .min_requests = 5,
                                               .max_out_percent = 50,
                                               .out_min_ns = MT_POLICY_S(1),
                                               .out_max_ns = MT_POLICY_S(60)};

struct setup {
    struct mt_breaker b;
    struct mt_breaker_group group;
    struct mt_policy_breaker policy;
    struct mt_random random;
};

static struct setup of(uint32_t endpoints)
{
    return (struct setup){
        .group = {.endpoints = endpoints}, .policy = usual, .random = {3}};
}

static bool tell(struct setup *s, int outcome, int64_t now_ns, uint64_t probe)
{
    struct mt_breaker_report r = {
        .probe = probe, .outcome = (uint8_t)outcome, .now_ns = now_ns};
    return mt_breaker_record(&s->b, &s->group, &s->policy, &r, &s->random);
}

static bool fails(struct setup *s, int64_t now_ns)
{
    return tell(s, MT_BREAKER_FAILED, now_ns, MT_BREAKER_NO_PROBE);
}

static bool succeeds(struct setup *s, int64_t now_ns)
{
    return tell(s, MT_BREAKER_OK, now_ns, MT_BREAKER_NO_PROBE);
}

static int64_t ms(int64_t n)
{
    return MT_POLICY_MS(n);
}

static void test_seven_in_a_row(void **state)
{
    (void)state;
    struct setup s = of(2);
    for (int i = 0; i < 100; i++) /* so that their share does not count */
        assert_false(succeeds(&s, ms(i)));
    for (int i = 0; i < 6; i++)
        assert_false(fails(&s, ms(200)));
    assert_false(succeeds(&s, ms(201)));
    for (int i = 0; i < 6; i++)
        assert_false(fails(&s, ms(202)));
    assert_int_equal(mt_breaker_look(&s.b, ms(202)), MT_BREAKER_CLOSED);
    assert_true(fails(&s, ms(203)));
    assert_int_equal(mt_breaker_look(&s.b, ms(203)), MT_BREAKER_OUT);
    assert_int_equal(s.group.out, 1);
    assert_false(fails(&s, ms(204))); /* begun before: it counts no more */
    assert_int_equal(s.group.out, 1);
}

/* Five requests at least; exactly 80 % is enough. */
static void test_success_below_80_percent(void **state)
{
    (void)state;
    struct setup s = of(2);
    assert_false(fails(&s, ms(0)));
    assert_false(succeeds(&s, ms(1)));
    assert_false(fails(&s, ms(2)));
    assert_false(succeeds(&s, ms(3)));
    assert_true(fails(&s, ms(4))); /* 2 of 5 */

    s = of(2);
    for (int i = 0; i < 8; i++)
        assert_false(succeeds(&s, ms(i)));
    assert_false(fails(&s, ms(10)));
    assert_false(fails(&s, ms(11))); /* 8 of 10 */
    assert_true(fails(&s, ms(12)));  /* 8 of 11 */

    s = of(2);
    for (int i = 0; i < 3; i++)
        assert_false(fails(&s, ms(i)));
    assert_false(succeeds(&s, ms(5)));  /* 1 of 4 */
    assert_false(fails(&s, ms(12000))); /* those before are forgotten */
}

static void test_may_be_switched_off(void **state)
{
    (void)state;
    struct setup s = of(2);
    s.policy.consecutive = 0;
    s.policy.success_percent = 0;
    for (int i = 0; i < 1000; i++)
        assert_false(fails(&s, ms(i)));
}

static void put_out(struct setup *s, int64_t now_ns)
{
    for (int i = 0; i < 4; i++)
        assert_false(fails(s, now_ns));
    assert_true(fails(s, now_ns)); /* 0 of 5 */
}

/* 1, 2, 4 ... 60 s, and up to a half more; one probe each time. */
static void test_probes_and_backoff(void **state)
{
    (void)state;
    static const int64_t out_s[] = {1, 2, 4, 8, 16, 32, 60, 60};
    struct setup s = of(2);
    int64_t now = ms(500);
    put_out(&s, now);
    for (size_t i = 0; i < sizeof out_s / sizeof out_s[0]; i++) {
        int64_t out = MT_POLICY_MS(mt_breaker_until_ms(&s.b)) - now;
        assert_in_range(out, MT_POLICY_S(out_s[i]),
                        MT_POLICY_S(out_s[i]) * 3 / 2);
        assert_int_equal(mt_breaker_look(&s.b, now + out - ms(1)),
                         MT_BREAKER_OUT);
        assert_int_equal(mt_breaker_claim(&s.b, now + out - ms(1)),
                         MT_BREAKER_NO_PROBE);
        now += out;
        assert_int_equal(mt_breaker_look(&s.b, now), MT_BREAKER_DUE);
        uint64_t probe = mt_breaker_claim(&s.b, now);
        assert_true(probe != MT_BREAKER_NO_PROBE);
        assert_int_equal(mt_breaker_claim(&s.b, now), MT_BREAKER_NO_PROBE);
        assert_int_equal(mt_breaker_look(&s.b, now), MT_BREAKER_OUT);
        now += ms(10);
        assert_true(tell(&s, MT_BREAKER_FAILED, now, probe));
        assert_int_equal(s.group.out, 1);
    }
}

static uint64_t claim_when_due(struct setup *s, int64_t *now)
{
    *now = MT_POLICY_MS(mt_breaker_until_ms(&s->b));
    return mt_breaker_claim(&s->b, *now);
}

static void test_recovers(void **state)
{
    (void)state;
    struct setup s = of(2);
    int64_t now;
    put_out(&s, ms(1));
    uint64_t probe = claim_when_due(&s, &now);
    assert_false(tell(&s, MT_BREAKER_OK, now, probe));
    assert_int_equal(mt_breaker_look(&s.b, now), MT_BREAKER_CLOSED);
    assert_int_equal(s.group.out, 0);
    assert_int_equal(s.b.generation, 1);
    for (int i = 0; i < 4; i++) /* it begins anew */
        assert_false(fails(&s, now));
    assert_true(fails(&s, now)); /* within 10 s: longer than the last time */
    int64_t out = MT_POLICY_MS(mt_breaker_until_ms(&s.b)) - now;
    assert_in_range(out, MT_POLICY_S(2), MT_POLICY_S(3));
    probe = claim_when_due(&s, &now);
    assert_false(tell(&s, MT_BREAKER_OK, now, probe));
    now += MT_POLICY_S(11);
    put_out(&s, now); /* after that: from the beginning */
    out = MT_POLICY_MS(mt_breaker_until_ms(&s.b)) - now;
    assert_in_range(out, MT_POLICY_S(1), MT_POLICY_S(3) / 2);
}

/* A probe whose client left says nothing; one that never ends is replaced, and
 * changes nothing when it ends after all. */
static void test_lost_probes(void **state)
{
    (void)state;
    struct setup s = of(2);
    int64_t now;
    put_out(&s, ms(1));
    uint64_t first = claim_when_due(&s, &now);
    assert_false(tell(&s, MT_BREAKER_NOTHING, now, first));
    assert_int_equal(mt_breaker_look(&s.b, now), MT_BREAKER_DUE);
    uint64_t second = mt_breaker_claim(&s.b, now);
    now += MT_POLICY_S(MT_BREAKER_PROBE_S);
    uint64_t third = mt_breaker_claim(&s.b, now);
    assert_true(second != MT_BREAKER_NO_PROBE && third != MT_BREAKER_NO_PROBE);
    assert_false(tell(&s, MT_BREAKER_OK, now, second));
    assert_int_equal(s.group.out, 1);
    assert_int_equal(mt_breaker_look(&s.b, now), MT_BREAKER_OUT);
    assert_false(tell(&s, MT_BREAKER_OK, now, third));
    assert_int_equal(s.group.out, 0);
}

static void test_never_all(void **state)
{
    (void)state;
    static const struct {
        uint32_t endpoints, most;
    } rows[] = {{1, 0}, {2, 1}, {3, 1}, {4, 2}, {7, 3}};
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        struct mt_breaker list[7] = {0};
        struct mt_breaker_group g = {.endpoints = rows[k].endpoints};
        struct mt_random random = {1};
        struct mt_breaker_report r = {.probe = MT_BREAKER_NO_PROBE,
                                      .outcome = MT_BREAKER_FAILED};
        for (int times = 0; times < 20; times++)
            for (uint32_t i = 0; i < rows[k].endpoints; i++)
                (void)mt_breaker_record(&list[i], &g, &usual, &r, &random);
        uint32_t out = 0;
        for (uint32_t i = 0; i < rows[k].endpoints; i++)
            out += mt_breaker_look(&list[i], 0) != MT_BREAKER_CLOSED;
        assert_int_equal(out, rows[k].most);
        assert_int_equal(g.out, rows[k].most);
    }
}

/* A reload forgets neither who is out, nor what was counted. */
static void test_inherits(void **state)
{
    (void)state;
    struct setup old = of(2), new = of(2);
    int64_t now;
    put_out(&old, ms(1));
    mt_breaker_inherit(&new.b, &new.group, &new.policy, &old.b);
    assert_int_equal(new.group.out, 1);
    assert_int_equal(mt_breaker_until_ms(&new.b), mt_breaker_until_ms(&old.b));
    uint64_t probe = claim_when_due(&new, &now);
    assert_true(tell(&new, MT_BREAKER_FAILED, now, probe));
    int64_t out = MT_POLICY_MS(mt_breaker_until_ms(&new.b)) - now;
    assert_in_range(out, MT_POLICY_S(2), MT_POLICY_S(3)); /* the second time */

    struct mt_breaker sibling = {0}; /* half of them are out already */
    mt_breaker_inherit(&sibling, &new.group, &new.policy, &old.b);
    assert_int_equal(new.group.out, 1);
    assert_int_equal(mt_breaker_look(&sibling, now), MT_BREAKER_CLOSED);

    probe = claim_when_due(&old, &now); /* not to be waited for */
    new = of(2);
    mt_breaker_inherit(&new.b, &new.group, &new.policy, &old.b);
    assert_int_equal(mt_breaker_look(&new.b, now), MT_BREAKER_OUT);
    now += MT_POLICY_S(MT_BREAKER_PROBE_S);
    assert_int_equal(mt_breaker_look(&new.b, now), MT_BREAKER_DUE);
    assert_false(tell(&old, MT_BREAKER_OK, now, probe));
    assert_int_equal(new.group.out, 1);

    old = of(2);
    new = of(2);
    for (int i = 0; i < 4; i++)
        assert_false(fails(&old, ms(1)));
    mt_breaker_inherit(&new.b, &new.group, &new.policy, &old.b);
    assert_true(fails(&new, ms(2))); /* the fifth */
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 20000, ENDPOINTS = 4 };

struct shared {
    struct mt_breaker list[ENDPOINTS];
    struct mt_breaker_group group;
    _Atomic uint32_t probes_running[ENDPOINTS];
    _Atomic uint32_t faults;
};

static void probe_once(struct shared *s, uint32_t i,
                       struct mt_breaker_report *r, struct mt_random *random)
{
    r->probe = mt_breaker_claim(&s->list[i], r->now_ns);
    if (r->probe == MT_BREAKER_NO_PROBE)
        return;
    if (atomic_fetch_add(&s->probes_running[i], 1) != 0)
        atomic_fetch_add(&s->faults, 1);
    r->outcome = mt_random_below(random, 2) ? MT_BREAKER_OK : MT_BREAKER_FAILED;
    atomic_fetch_sub(&s->probes_running[i], 1);
    (void)mt_breaker_record(&s->list[i], &s->group, &usual, r, random);
}

static void *work(void *arg)
{
    struct shared *s = arg;
    struct mt_random random = {(uintptr_t)&random};
    for (int n = 0; n < ROUNDS; n++) {
        uint32_t i = mt_random_below(&random, ENDPOINTS);
        struct mt_breaker_report r = {.probe = MT_BREAKER_NO_PROBE,
                                      .now_ns = ms(n)};
        if (mt_breaker_look(&s->list[i], r.now_ns) == MT_BREAKER_DUE)
            probe_once(s, i, &r, &random);
        r = (struct mt_breaker_report){.probe = MT_BREAKER_NO_PROBE,
                                       .now_ns = ms(n)};
        r.outcome =
            mt_random_below(&random, 3) ? MT_BREAKER_FAILED : MT_BREAKER_OK;
        (void)mt_breaker_record(&s->list[i], &s->group, &usual, &r, &random);
        if (atomic_load(&s->group.out) > ENDPOINTS / 2)
            atomic_fetch_add(&s->faults, 1);
    }
    return NULL;
}

/* Whatever the threads do at once: half at most are out, one probe an endpoint,
 * and the count is the states'. */
static void test_threads(void **state)
{
    (void)state;
    static struct shared s;
    pthread_t threads[THREADS];
    s.group.endpoints = ENDPOINTS;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &s), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(s.faults, 0);
    uint32_t out = 0, back = 0;
    for (int i = 0; i < ENDPOINTS; i++) {
        out += mt_breaker_look(&s.list[i], 0) != MT_BREAKER_CLOSED;
        back += s.list[i].generation;
    }
    assert_int_equal(s.group.out, out);
    assert_true(back > 0);
}

static void *take_and_give(void *arg)
{
    struct mt_service_state *s = arg;
    const struct mt_policy_limits limits = {
        .connections = 3, .pending = 0, .requests = 1};
    for (int n = 0; n < ROUNDS; n++) {
        if (mt_limit_take(s, MT_LIMIT_CONNECTIONS, &limits)) {
            if (atomic_load(&s->use->used[MT_LIMIT_CONNECTIONS]) > 3)
                return s;
            mt_limit_give(s, MT_LIMIT_CONNECTIONS);
        }
        if (mt_limit_take(s, MT_LIMIT_PENDING, &limits))
            return s;
    }
    return NULL;
}

static void test_limits(void **state)
{
    (void)state;
    static struct mt_service_use use;
    static struct mt_service_state s = {.use = &use};
    const struct mt_policy_limits limits = {
        .connections = 3, .pending = 0, .requests = 1};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &s),
                         0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    assert_int_equal(s.use->used[MT_LIMIT_CONNECTIONS], 0);
    assert_int_equal(s.use->refused[MT_LIMIT_PENDING], THREADS * ROUNDS);
    assert_true(mt_limit_take(&s, MT_LIMIT_REQUESTS, &limits));
    assert_false(mt_limit_take(&s, MT_LIMIT_REQUESTS, &limits));
    assert_int_equal(s.use->refused[MT_LIMIT_REQUESTS], 1);
    mt_limit_give(&s, MT_LIMIT_REQUESTS);
    assert_true(mt_limit_take(&s, MT_LIMIT_REQUESTS, &limits));
    assert_string_equal(mt_limit_text(MT_LIMIT_PENDING), "pending");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seven_in_a_row),
        cmocka_unit_test(test_success_below_80_percent),
        cmocka_unit_test(test_may_be_switched_off),
        cmocka_unit_test(test_probes_and_backoff),
        cmocka_unit_test(test_recovers),
        cmocka_unit_test(test_lost_probes),
        cmocka_unit_test(test_never_all),
        cmocka_unit_test(test_inherits),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
