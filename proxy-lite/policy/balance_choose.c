#include "proxy-lite/policy/balance_choose.h"

enum { DRAWS = 8 };

static bool usable(const struct mt_choosing *c, uint32_t i, uint32_t but)
{
    return i != c->avoid && i != but &&
           mt_breaker_look(&c->balancer->shared->breakers[i], c->now_ns) ==
               MT_BREAKER_CLOSED;
}

static uint32_t scan(const struct mt_choosing *c, uint32_t from, uint32_t but)
{
    uint32_t n = c->balancer->count;
    for (uint32_t k = 0; k < n; k++)
        if (usable(c, (from + k) % n, but))
            return (from + k) % n;
    return MT_PICK_NONE;
}

/* One at random, each as likely unless most of them are out. */
static uint32_t draw(const struct mt_choosing *c, uint32_t but)
{
    uint32_t i = 0;
    for (unsigned k = 0; k < DRAWS; k++) {
        i = mt_random_below(c->random, c->balancer->count);
        if (usable(c, i, but))
            return i;
    }
    return scan(c, i, but);
}

/* ---- the ways ---- */

static uint32_t choose_random(const struct mt_choosing *c)
{
    return draw(c, MT_PICK_NONE);
}

static uint32_t choose_round_robin(const struct mt_choosing *c)
{
    uint32_t i = scan(c, c->balancer->next, MT_PICK_NONE);
    if (i != MT_PICK_NONE)
        c->balancer->next = (i + 1) % c->balancer->count;
    return i;
}

static uint32_t choose_least_request(const struct mt_choosing *c)
{
    const struct mt_endpoint_load *loads = c->balancer->loads;
    uint32_t a = draw(c, MT_PICK_NONE);
    uint32_t b = a != MT_PICK_NONE ? draw(c, a) : MT_PICK_NONE;
    return b != MT_PICK_NONE && loads[b].running < loads[a].running ? b : a;
}

static uint32_t choose_p2c_ewma(const struct mt_choosing *c)
{
    uint32_t a = draw(c, MT_PICK_NONE);
    uint32_t b = a != MT_PICK_NONE ? draw(c, a) : MT_PICK_NONE;
    return b != MT_PICK_NONE && mt_balancer_load(c->balancer, b, c->now_ns) <
                                    mt_balancer_load(c->balancer, a, c->now_ns)
               ? b
               : a;
}

static const struct {
    const char *word;
    uint32_t (*choose)(const struct mt_choosing *c);
} ways[] = {
#define X(name, function, word, help) {word, choose_##function},
    MT_BALANCES(X)
#undef X
};

const char *mt_balance_text(unsigned balance)
{
    return balance < MT_BALANCE_COUNT ? ways[balance].word : NULL;
}

uint32_t mt_balance_choose(const struct mt_choosing *c)
{
    return ways[c->balancer->service->balance].choose(c);
}
