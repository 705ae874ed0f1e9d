/* Generations of a mesh: what stays is known again, by name and address, and
 * each goes with the last who holds it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy-lite/call/mesh.h"

#define S INT64_C(1000000000)

/* A policy of services "a", "b" ..., one for each letter. */
static struct mt_policy *policy_of(const char *names)
{
    struct mt_policy *p = mt_policy_new();
    assert_non_null(p);
    for (const char *n = names; *n != '\0'; n++) {
        struct mt_policy_service *s = mt_policy_add_service(p);
        assert_non_null(s);
        assert_true(mt_policy_copy(p, (struct mt_span){(const uint8_t *)n, 1},
                                   &s->name));
    }
    return p;
}

/* Ports of each service: "1 2,3" are two services. */
static struct mt_addresses addresses_of(const char *ports)
{
    struct mt_addresses a;
    uint32_t services = 1, i = 0;
    for (const char *c = ports; *c != '\0'; c++)
        services += *c == ',';
    assert_true(mt_addresses_init(&a, services));
    for (i = 0; i < services; i++) {
        a.list[i] = calloc(9, sizeof *a.list[i]);
        assert_non_null(a.list[i]);
    }
    i = 0;
    for (const char *c = ports; *c != '\0'; c++)
        if (*c == ',')
            i++;
        else if (*c != ' ')
            a.list[i][a.counts[i]++].port = (uint16_t)(*c - '0');
    return a;
}

static struct mt_generation *after(const struct mt_generation *before,
                                   const char *names, const char *ports)
{
    struct mt_addresses a = addresses_of(ports);
    struct mt_generation *g = mt_generation_new(policy_of(names), &a, before);
    assert_non_null(g);
    assert_int_equal(a.services, 0); /* taken */
    return g;
}

static void is_at(const struct mt_generation *g,
                  const struct mt_generation *old, uint32_t service,
                  uint32_t endpoint, uint32_t to_service, uint32_t to_endpoint)
{
    struct mt_place to = {99, 99};
    assert_true(
        mt_generation_find(g, old, (struct mt_place){service, endpoint}, &to));
    assert_int_equal(to.service, to_service);
    assert_int_equal(to.endpoint, to_endpoint);
}

static void is_gone(const struct mt_generation *g,
                    const struct mt_generation *old, uint32_t service,
                    uint32_t endpoint)
{
    struct mt_place to = {99, 98};
    assert_false(
        mt_generation_find(g, old, (struct mt_place){service, endpoint}, &to));
    assert_int_equal(to.service, 99); /* left as it was */
    assert_int_equal(to.endpoint, 98);
}

static void test_places(void **state)
{
    (void)state;
    struct mt_generation *one = after(NULL, "abc", "1 2,3,4");
    struct mt_generation *two = after(one, "xca", "9,4 5,2 1 7");
    struct mt_generation *three = after(two, "a", "7 1");
    is_at(two, one, 0, 0, 2, 1); /* another order of both */
    is_at(two, one, 0, 1, 2, 0);
    is_gone(two, one, 1, 0); /* its service */
    is_at(two, one, 2, 0, 1, 0);
    is_at(three, one, 0, 0, 0, 1); /* two generations later */
    is_gone(three, one, 0, 1);     /* its address */
    is_gone(three, one, 2, 0);
    is_gone(three, two, 0, 0);
    is_at(three, two, 2, 2, 0, 0);
    /* of the same address in another service nothing is known */
    struct mt_generation *four = after(three, "b", "7 1");
    is_gone(four, three, 0, 0);
    mt_generation_give(one);
    mt_generation_give(three);
    mt_generation_give(two);
    mt_generation_give(four);
    mt_generation_give(NULL);
}

/* Until nobody takes them for failures any more. */
static void put_out(struct mt_generation *g, uint32_t service,
                    uint32_t endpoint)
{
    struct mt_service_state *s = &g->state->services[service];
    struct mt_random random = {1};
    for (int n = 0; n < 7; n++)
        (void)mt_breaker_record(
            &s->breakers[endpoint], &s->group,
            &g->policy->services[service]->breaker,
            &(struct mt_breaker_report){.probe = MT_BREAKER_NO_PROBE,
                                        .outcome = MT_BREAKER_FAILED,
                                        .now_ns = S},
            &random);
}

static enum mt_breaker_state look(const struct mt_generation *g,
                                  uint32_t service, uint32_t endpoint)
{
    return mt_breaker_look(&g->state->services[service].breakers[endpoint], S);
}

static void test_state_stays(void **state)
{
    (void)state;
    struct mt_generation *one = after(NULL, "ab", "1 2,1 2");
    const struct mt_policy_limits limits = {1, 1, 1};
    put_out(one, 0, 1);
    assert_int_equal(look(one, 0, 1), MT_BREAKER_OUT);
    assert_true(
        mt_limit_take(&one->state->services[0], MT_LIMIT_REQUESTS, &limits));
    mt_budget_request(&one->state->budgets[0], S);
    struct mt_generation *two = after(one, "ba", "1 2,2 1");
    assert_int_equal(look(two, 1, 0), MT_BREAKER_OUT);
    assert_int_equal(look(two, 1, 1), MT_BREAKER_CLOSED);
    assert_int_equal(look(two, 0, 1), MT_BREAKER_CLOSED); /* b's */
    assert_int_equal(two->state->services[1].group.out, 1);
    assert_int_equal(mt_recent_sum(&two->state->budgets[0].recent, S, 10).a, 1);
    /* the request of the old one counts for the new one, until it ends */
    assert_false(
        mt_limit_take(&two->state->services[1], MT_LIMIT_REQUESTS, &limits));
    assert_true(
        mt_limit_take(&two->state->services[0], MT_LIMIT_REQUESTS, &limits));
    mt_limit_give(&one->state->services[0], MT_LIMIT_REQUESTS);
    mt_generation_give(one);
    assert_true(
        mt_limit_take(&two->state->services[1], MT_LIMIT_REQUESTS, &limits));
    mt_generation_give(two);
}

static void test_other_addresses(void **state)
{
    (void)state;
    struct mt_generation *one = after(NULL, "a", "1 2");
    const struct mt_policy *policy = one->policy;
    struct mt_addresses same = addresses_of("1 2"), other = addresses_of("2 3");
    assert_true(mt_addresses_equal(&same, &one->addresses));
    assert_false(mt_addresses_equal(&other, &one->addresses));
    mt_addresses_deinit(&same);
    put_out(one, 0, 1);
    struct mt_generation *two = mt_generation_readdressed(one, &other);
    mt_generation_give(one); /* its policy is still in use */
    assert_non_null(two);
    assert_ptr_equal(two->policy, policy);
    assert_int_equal(look(two, 0, 0), MT_BREAKER_OUT);
    struct mt_addresses third = addresses_of("4");
    struct mt_generation *three = mt_generation_readdressed(two, &third);
    assert_non_null(three);
    mt_generation_give(two);
    assert_int_equal(three->policy->services_count, 1);
    mt_generation_give(three);
}

static unsigned ended;

static void unused(struct mt_mesh *m)
{
    mt_mesh_deinit(m);
    ended++;
}

/* One thread's view: it is told when the last call has ended, and what it has
 * measured stays. */
static void test_meshes(void **state)
{
    (void)state;
    struct mt_random random = {1};
    struct mt_generation *one = after(NULL, "a", "1 2");
    struct mt_generation *two = after(one, "a", "2 3");
    struct mt_mesh a, b;
    ended = 0;
    assert_true(mt_mesh_init(&a, one, unused));
    assert_true(mt_mesh_init(&b, two, unused));
    mt_generation_give(one);
    mt_generation_give(two);
    mt_mesh_begin(mt_mesh_take(&a), NULL, S, &random);
    struct mt_mesh *call = mt_mesh_take(&a);
    struct mt_pick pick = {1, MT_BREAKER_NO_PROBE};
    a.balancers[0].loads[1].running++;
    (void)mt_balancer_done(&a.balancers[0], &pick,
                           &(struct mt_pick_end){.outcome = MT_BREAKER_OK,
                                                 .now_ns = S,
                                                 .latency_ns = S},
                           &random);
    mt_mesh_begin(mt_mesh_take(&b), &a, S, &random);
    mt_mesh_give(&a);
    assert_int_equal(ended, 0); /* a call runs under it */
    assert_true(mt_balancer_load(&b.balancers[0], 0, S) > (double)S - 1);
    assert_true(mt_balancer_load(&b.balancers[0], 1, S) < MT_EWMA_START_NS + 1);
    mt_mesh_give(call);
    assert_int_equal(ended, 1);
    mt_mesh_give(&b);
    assert_int_equal(ended, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_state_stays),
        cmocka_unit_test(test_other_addresses),
        cmocka_unit_test(test_meshes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
