#include "proxy-lite/policy/recent.h"

enum { COUNTER_BITS = 22, ROUND_BITS = 20 };

#define ROUND_MASK ((1u << ROUND_BITS) - 1)
#define COUNTER_MASK ((uint64_t)MT_RECENT_MAX)

/* Of a word: round | a | b, highest first. The round is how often the slots
 * were gone through, and one, so that zero bytes are of no second. */
struct slot {
    uint32_t round;
    uint32_t a, b;
};

static struct slot unpack(uint64_t word)
{
    return (struct slot){.round = (uint32_t)(word >> (2 * COUNTER_BITS)) &
                                  ROUND_MASK,
                         .a = (uint32_t)(word >> COUNTER_BITS & COUNTER_MASK),
                         .b = (uint32_t)(word & COUNTER_MASK)};
}

static uint64_t pack(struct slot s)
{
    return (uint64_t)s.round << (2 * COUNTER_BITS) |
           (uint64_t)s.a << COUNTER_BITS | s.b;
}

static uint64_t second_of(int64_t now_ns)
{
    return now_ns > 0 ? (uint64_t)now_ns / 1000000000u : 0;
}

static uint32_t round_of(uint64_t second)
{
    return (uint32_t)(second / MT_RECENT_SLOTS + 1) & ROUND_MASK;
}

/* Rounds wrap after 194 days: compare their distance. */
static bool is_later(uint32_t round, uint32_t than)
{
    uint32_t distance = (round - than) & ROUND_MASK;
    return distance != 0 && distance <= ROUND_MASK / 2;
}

bool mt_recent_add(struct mt_recent *t, int64_t now_ns, uint32_t a, uint32_t b)
{
    uint64_t second = second_of(now_ns);
    uint32_t round = round_of(second);
    _Atomic uint64_t *at = &t->slots[second % MT_RECENT_SLOTS];
    uint64_t word = atomic_load_explicit(at, memory_order_relaxed), wanted;
    do {
        struct slot s = unpack(word);
        if (s.round != round) {
            if (word != 0 && is_later(s.round, round))
                return false;
            s = (struct slot){.round = round};
        }
        if (a > MT_RECENT_MAX - s.a || b > MT_RECENT_MAX - s.b)
            return false;
        s.a += a;
        s.b += b;
        wanted = pack(s);
    } while (!atomic_compare_exchange_weak_explicit(
        at, &word, wanted, memory_order_relaxed, memory_order_relaxed));
    return true;
}

void mt_recent_take_back(struct mt_recent *t, int64_t now_ns, uint32_t a,
                         uint32_t b)
{
    uint64_t second = second_of(now_ns);
    _Atomic uint64_t *at = &t->slots[second % MT_RECENT_SLOTS];
    uint64_t word = atomic_load_explicit(at, memory_order_relaxed), wanted;
    do {
        struct slot s = unpack(word);
        if (s.round != round_of(second) || s.a < a || s.b < b)
            return;
        s.a -= a;
        s.b -= b;
        wanted = pack(s);
    } while (!atomic_compare_exchange_weak_explicit(
        at, &word, wanted, memory_order_relaxed, memory_order_relaxed));
}

struct mt_recent_sum mt_recent_sum(const struct mt_recent *t, int64_t now_ns,
                                   unsigned seconds)
{
    uint64_t second = second_of(now_ns);
    struct mt_recent_sum sum = {0, 0};
    for (unsigned i = 0; i < seconds && i < MT_RECENT_SLOTS && i <= second;
         i++) {
        uint64_t past = second - i;
        struct slot s = unpack(atomic_load_explicit(
            &t->slots[past % MT_RECENT_SLOTS], memory_order_relaxed));
        if (s.round == round_of(past)) {
            sum.a += s.a;
            sum.b += s.b;
        }
    }
    return sum;
}

void mt_recent_reset(struct mt_recent *t)
{
    for (unsigned i = 0; i < MT_RECENT_SLOTS; i++)
        atomic_store_explicit(&t->slots[i], 0, memory_order_relaxed);
}

void mt_recent_copy(struct mt_recent *t, const struct mt_recent *from)
{
    for (unsigned i = 0; i < MT_RECENT_SLOTS; i++)
        atomic_store_explicit(
            &t->slots[i],
            atomic_load_explicit(&from->slots[i], memory_order_relaxed),
            memory_order_relaxed);
}
