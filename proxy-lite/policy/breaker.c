#include "proxy-lite/policy/breaker.h"

/* A word is `until ms` << 2 | state: one compare-and-swap changes both. */
enum { IN = 0, OUT = 1, PROBING = 2, STATE_MASK = 3, STATE_BITS = 2 };

enum { DOUBLINGS_MAX = 30 };

#define JITTER 0.5

static uint64_t get(const _Atomic uint64_t *at)
{
    return atomic_load_explicit(at, memory_order_relaxed);
}

static bool swap(_Atomic uint64_t *at, uint64_t from, uint64_t to)
{
    return atomic_compare_exchange_strong_explicit(
        at, &from, to, memory_order_relaxed, memory_order_relaxed);
}

static uint64_t ms_of(int64_t ns)
{
    return ns > 0 ? (uint64_t)ns / 1000000u : 0;
}

static uint64_t word_of(uint64_t until_ms, unsigned state)
{
    return until_ms << STATE_BITS | state;
}

enum mt_breaker_state mt_breaker_look(const struct mt_breaker *b,
                                      int64_t now_ns)
{
    uint64_t word = get(&b->word);
    if ((word & STATE_MASK) == IN)
        return MT_BREAKER_CLOSED;
    return ms_of(now_ns) >= word >> STATE_BITS ? MT_BREAKER_DUE
                                               : MT_BREAKER_OUT;
}

int64_t mt_breaker_until_ms(const struct mt_breaker *b)
{
    uint64_t word = get(&b->word);
    return (word & STATE_MASK) == IN ? 0 : (int64_t)(word >> STATE_BITS);
}

uint64_t mt_breaker_claim(struct mt_breaker *b, int64_t now_ns)
{
    uint64_t word = get(&b->word);
    if ((word & STATE_MASK) == IN || ms_of(now_ns) < word >> STATE_BITS)
        return MT_BREAKER_NO_PROBE;
    uint64_t mine =
        word_of(ms_of(now_ns) + (uint64_t)MT_BREAKER_PROBE_S * 1000, PROBING);
    return mine != word && swap(&b->word, word, mine) ? mine
                                                      : MT_BREAKER_NO_PROBE;
}

/* The time out, with up to a half more, so that not all come back at once. */
static uint64_t out_until_ms(const struct mt_policy_breaker *p, uint32_t level,
                             int64_t now_ns, struct mt_random *random)
{
    int64_t ns = p->out_min_ns;
    for (uint32_t i = 0; i < level && ns < p->out_max_ns; i++)
        ns = ns <= p->out_max_ns / 2 ? ns * 2 : p->out_max_ns;
    double jitter = 1 + JITTER * mt_random_unit(random);
    return ms_of(now_ns) + ms_of((int64_t)((double)ns * jitter));
}

static uint32_t next_level(struct mt_breaker *b)
{
    uint32_t level = atomic_load_explicit(&b->level, memory_order_relaxed);
    if (level < DOUBLINGS_MAX)
        atomic_store_explicit(&b->level, level + 1, memory_order_relaxed);
    return level;
}

/* One more out, if there may be. */
static bool take_place(struct mt_breaker_group *g, uint32_t max_percent)
{
    uint32_t max = (uint32_t)((uint64_t)g->endpoints * max_percent / 100);
    uint32_t out = atomic_load_explicit(&g->out, memory_order_relaxed);
    do {
        if (out >= max)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(
        &g->out, &out, out + 1, memory_order_relaxed, memory_order_relaxed));
    return true;
}

static void start_anew(struct mt_breaker *b)
{
    atomic_store_explicit(&b->consecutive, 0, memory_order_relaxed);
    mt_recent_reset(&b->recent);
}

static bool put_out(struct mt_breaker *b, struct mt_breaker_group *g,
                    const struct mt_policy_breaker *p, enum mt_breaker_why why,
                    int64_t now_ns, struct mt_random *random)
{
    if ((get(&b->word) & STATE_MASK) != IN ||
        !take_place(g, p->max_out_percent))
        return false;
    int64_t back_ns = atomic_load_explicit(&b->back_ns, memory_order_relaxed);
    if (back_ns == 0 || now_ns - back_ns > MT_POLICY_S(MT_BREAKER_SECONDS))
        atomic_store_explicit(&b->level, 0, memory_order_relaxed);
    uint64_t until = out_until_ms(p, next_level(b), now_ns, random);
    if (swap(&b->word, word_of(0, IN), word_of(until, OUT))) {
        atomic_store_explicit(&b->why, why, memory_order_relaxed);
        return true;
    }
    atomic_fetch_sub_explicit(&g->out, 1, memory_order_relaxed);
    return false; /* another thread did it */
}

static enum mt_breaker_why too_many(const struct mt_breaker *b,
                                    const struct mt_policy_breaker *p,
                                    uint32_t consecutive, int64_t now_ns)
{
    if (p->consecutive != 0 && consecutive >= p->consecutive)
        return MT_BREAKER_WHY_CONSECUTIVE;
    struct mt_recent_sum s =
        mt_recent_sum(&b->recent, now_ns, MT_BREAKER_SECONDS);
    bool few = s.a >= p->min_requests && s.a >= s.b &&
               (s.a - s.b) * 100 < s.a * p->success_percent;
    return few ? MT_BREAKER_WHY_SUCCESS : MT_BREAKER_WHY_NONE;
}

static bool record_probe(struct mt_breaker *b, struct mt_breaker_group *g,
                         const struct mt_policy_breaker *p,
                         const struct mt_breaker_report *r,
                         struct mt_random *random)
{
    if (r->outcome == MT_BREAKER_OK) {
        start_anew(b); /* before others may count again */
        atomic_store_explicit(&b->back_ns, r->now_ns, memory_order_relaxed);
        if (swap(&b->word, r->probe, word_of(0, IN))) {
            atomic_fetch_add_explicit(&b->generation, 1, memory_order_relaxed);
            atomic_fetch_sub_explicit(&g->out, 1, memory_order_relaxed);
        }
        return false;
    }
    uint64_t until = ms_of(r->now_ns);
    if (r->outcome == MT_BREAKER_FAILED)
        until = out_until_ms(p, next_level(b), r->now_ns, random);
    bool again = swap(&b->word, r->probe, word_of(until, OUT)) &&
                 r->outcome == MT_BREAKER_FAILED;
    if (again)
        atomic_store_explicit(&b->why, MT_BREAKER_WHY_PROBE,
                              memory_order_relaxed);
    return again;
}

bool mt_breaker_record(struct mt_breaker *b, struct mt_breaker_group *g,
                       const struct mt_policy_breaker *p,
                       const struct mt_breaker_report *r,
                       struct mt_random *random)
{
    if (r->probe != MT_BREAKER_NO_PROBE)
        return record_probe(b, g, p, r, random);
    if (r->outcome == MT_BREAKER_NOTHING || (get(&b->word) & STATE_MASK) != IN)
        return false; /* begun before it was put out */
    bool failed = r->outcome == MT_BREAKER_FAILED;
    (void)mt_recent_add(&b->recent, r->now_ns, 1, failed ? 1 : 0);
    if (failed) {
        uint32_t row = atomic_fetch_add_explicit(&b->consecutive, 1,
                                                 memory_order_relaxed) +
                       1;
        enum mt_breaker_why why = too_many(b, p, row, r->now_ns);
        return why != MT_BREAKER_WHY_NONE &&
               put_out(b, g, p, why, r->now_ns, random);
    }
    if (atomic_load_explicit(&b->consecutive, memory_order_relaxed) != 0)
        atomic_store_explicit(&b->consecutive, 0, memory_order_relaxed);
    return false;
}

static uint32_t get32(const _Atomic uint32_t *at)
{
    return atomic_load_explicit(at, memory_order_relaxed);
}

struct mt_breaker_told mt_breaker_tell(const struct mt_breaker *b,
                                       const struct mt_policy_breaker *p,
                                       int64_t now_ns)
{
    uint64_t word = get(&b->word);
    struct mt_recent_sum s =
        mt_recent_sum(&b->recent, now_ns, MT_BREAKER_SECONDS);
    struct mt_breaker_told t = {.state = (uint8_t)mt_breaker_look(b, now_ns),
                                .probing = (word & STATE_MASK) == PROBING,
                                .why = (uint8_t)get32(&b->why),
                                .consecutive = get32(&b->consecutive),
                                .requests = s.a,
                                .failures = s.b,
                                .until_ms = mt_breaker_until_ms(b)};
    if (t.state == MT_BREAKER_CLOSED)
        t.why = (uint8_t)too_many(b, p, t.consecutive, now_ns);
    return t;
}

void mt_breaker_inherit(struct mt_breaker *b, struct mt_breaker_group *g,
                        const struct mt_policy_breaker *p,
                        const struct mt_breaker *from)
{
    uint64_t word = get(&from->word);
    mt_recent_copy(&b->recent, &from->recent);
    atomic_store_explicit(&b->consecutive, get32(&from->consecutive),
                          memory_order_relaxed);
    atomic_store_explicit(&b->level, get32(&from->level), memory_order_relaxed);
    atomic_store_explicit(&b->why, get32(&from->why), memory_order_relaxed);
    atomic_store_explicit(
        &b->back_ns, atomic_load_explicit(&from->back_ns, memory_order_relaxed),
        memory_order_relaxed);
    if ((word & STATE_MASK) != IN && take_place(g, p->max_out_percent))
        atomic_store_explicit(&b->word, word_of(word >> STATE_BITS, OUT),
                              memory_order_relaxed);
}
