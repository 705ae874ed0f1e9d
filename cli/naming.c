#include "cli/naming.h"

#include <netinet/in.h>
#include <string.h>
#include <xxhash.h>

#define EARLY_NS INT64_C(1000000000)
#define SERVED_AGAIN_NS INT64_C(30000000000)
#define MISSED_AGAIN_NS INT64_C(500000000) /* then twice as long each time */

enum {
    MISSES_MAX = 7, /* as often as it is doubled, below SERVED_AGAIN_NS */
    ALONE_MAX = 3,  /* misses of one that has no new flows */
    AGAIN_MAX = 16, /* at once */
};

void mt_naming_init(struct mt_naming *n, struct mt_helper *helper)
{
    *n = (struct mt_naming){.helper = helper};
}

static bool same(const struct mt_addr *a, const struct mt_addr *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static bool ask(struct mt_naming *n, const struct mt_addr *local,
                const struct mt_addr *remote, int64_t ts_ns, bool begins)
{
    bool serves = remote == NULL;
    struct mt_helper_question q = {.token = n->asked,
                                   .query = {.local = *local,
                                             .transport = IPPROTO_TCP,
                                             .begins = begins,
                                             .ts_ns = ts_ns}};
    if (remote != NULL)
        q.query.remote = *remote;
    if (n->helper == NULL || !mt_helper_ask(n->helper, &q))
        return false;
    size_t at = n->asked++ % MT_NAMING_PENDING;
    n->pending[at].addr = *local;
    n->pending[at].serves = serves;
    return true;
}

static struct mt_naming_place *place_of(struct mt_naming *n,
                                        const struct mt_addr *addr)
{
    uint64_t h = XXH3_64bits_withSeed(addr->ip, sizeof addr->ip, addr->port);
    return &n->served[h % MT_NAMING_PLACES];
}

static void count_miss(struct mt_naming_place *p)
{
    if (p->misses < MISSES_MAX)
        p->misses++;
}

static bool is_due(const struct mt_naming_place *p, int64_t now_ns)
{
    int64_t age_ns = now_ns - p->asked_ns, wait_ns = SERVED_AGAIN_NS;
    if (p->misses > 0 && p->misses < MISSES_MAX)
        wait_ns = MISSED_AGAIN_NS << (p->misses - 1);
    return age_ns < 0 || age_ns >= wait_ns;
}

/* Who listens there. That there was no room to ask is as if he was not found.
 */
static bool ask_place(struct mt_naming *n, struct mt_naming_place *p,
                      int64_t ts_ns)
{
    bool asked = ask(n, &p->addr, NULL, ts_ns, false);
    p->asked_ns = ts_ns;
    if (!asked)
        count_miss(p);
    return asked;
}

/* The same for all flows to it. */
static void ask_served(struct mt_naming *n, const struct mt_addr *addr,
                       int64_t ts_ns)
{
    struct mt_naming_place *p = place_of(n, addr);
    if (p->asked_ns == 0 || !same(&p->addr, addr))
        *p = (struct mt_naming_place){.addr = *addr};
    else if (!is_due(p, ts_ns))
        return;
    (void)ask_place(n, p, ts_ns);
}

void mt_naming_again(struct mt_naming *n, int64_t now_ns)
{
    unsigned asked = 0;
    for (size_t i = 0; i < MT_NAMING_PLACES && asked < AGAIN_MAX; i++) {
        struct mt_naming_place *p = &n->served[i];
        if (p->misses == 0 || p->misses > ALONE_MAX || !is_due(p, now_ns))
            continue;
        asked++;
        if (!ask_place(n, p, now_ns))
            return;
    }
}

static size_t early_place(const struct mt_addr *local,
                          const struct mt_addr *remote)
{
    const uint16_t ports[2] = {local->port, remote->port};
    uint64_t h = XXH3_64bits_withSeed(local->ip, sizeof local->ip,
                                      (uint64_t)ports[0] << 16 | ports[1]);
    return XXH3_64bits_withSeed(remote->ip, sizeof remote->ip, h) %
           MT_NAMING_EARLY;
}

void mt_naming_early(struct mt_naming *n, const struct mt_addr *local,
                     const struct mt_addr *remote, int64_t ts_ns)
{
    size_t at = early_place(local, remote);
    if (!ask(n, local, remote, ts_ns, true))
        return;
    n->early[at].local = *local;
    n->early[at].remote = *remote;
    n->early[at].asked_ns = ts_ns;
}

/* Once: the next connection of the same two ends is another one. */
static bool was_asked(struct mt_naming *n, const struct mt_addr *local,
                      const struct mt_addr *remote, int64_t ts_ns)
{
    size_t at = early_place(local, remote);
    int64_t age_ns = ts_ns - n->early[at].asked_ns;
    if (n->early[at].asked_ns == 0 || age_ns > EARLY_NS || age_ns < -EARLY_NS ||
        !same(&n->early[at].local, local) ||
        !same(&n->early[at].remote, remote))
        return false;
    n->early[at].asked_ns = 0;
    return true;
}

void mt_naming_seen(void *naming, const struct mt_conn_start *start)
{
    struct mt_naming *n = naming;
    const struct mt_addr *addr = start->addr;
    for (int side = 0; side < 2; side++)
        if (start->client == 1 - side)
            ask_served(n, &addr[side], start->ts_ns);
        else if (!was_asked(n, &addr[side], &addr[1 - side], start->ts_ns))
            (void)ask(n, &addr[side], &addr[1 - side], start->ts_ns, false);
}

/* A container's name that people gave says most; the part before '/' is the
 * pod's. */
static struct mt_naming_found name_of(const struct mt_owner *owner)
{
    struct mt_naming_found f = {.text = mt_span_str(owner->process),
                                .source = MT_NAME_PROCESS};
    if (owner->container_named) {
        f.text = mt_span_str(owner->container);
        f.text.len = mt_span_find(f.text, '/');
        f.source = MT_NAME_CONTAINER;
    }
    return f;
}

/* What the answer says of who serves there. */
static void note_answer(struct mt_naming *n, const struct mt_addr *addr,
                        bool known)
{
    struct mt_naming_place *p = place_of(n, addr);
    if (!same(&p->addr, addr))
        return;
    if (known)
        p->misses = 0;
    else
        count_miss(p);
}

void mt_naming_take(struct mt_naming *n,
                    void (*found)(void *context,
                                  const struct mt_naming_found *f),
                    void *context)
{
    struct mt_helper_answer a;
    int rc = MT_MORE;
    while (mt_naming_waits(n) &&
           (rc = mt_helper_next(n->helper, &a)) == MT_EVENT) {
        n->answered++;
        struct mt_naming_found f = name_of(&a.owner);
        size_t at = a.token % MT_NAMING_PENDING;
        f.addr = n->pending[at].addr;
        f.listens = a.owner.listens;
        if (!a.owner.known)
            f.text.len = 0;
        if (n->pending[at].serves)
            note_answer(n, &f.addr, f.text.len > 0);
        if (f.text.len > 0 || f.listens)
            found(context, &f);
    }
    if (rc == MT_DONE)
        n->helper = NULL; /* its owner frees it */
}
