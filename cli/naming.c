#include "cli/naming.h"

#include <netinet/in.h>
#include <string.h>
#include <xxhash.h>

#define EARLY_NS INT64_C(1000000000)
#define SERVED_AGAIN_NS INT64_C(30000000000)

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
    struct mt_helper_question q = {.token = n->asked,
                                   .query = {.local = *local,
                                             .transport = IPPROTO_TCP,
                                             .begins = begins,
                                             .ts_ns = ts_ns}};
    if (remote != NULL)
        q.query.remote = *remote;
    if (n->helper == NULL || !mt_helper_ask(n->helper, &q))
        return false;
    n->pending[n->asked++ % MT_NAMING_PENDING] = *local;
    return true;
}

/* Who listens there: the same for all flows to it. */
static void ask_served(struct mt_naming *n, const struct mt_addr *addr,
                       int64_t ts_ns)
{
    uint64_t at = XXH3_64bits_withSeed(addr->ip, sizeof addr->ip, addr->port) %
                  MT_NAMING_PLACES;
    int64_t age_ns = ts_ns - n->served[at].asked_ns;
    if (n->served[at].asked_ns != 0 && same(&n->served[at].addr, addr) &&
        age_ns >= 0 && age_ns < SERVED_AGAIN_NS)
        return;
    if (!ask(n, addr, NULL, ts_ns, false))
        return;
    n->served[at].addr = *addr;
    n->served[at].asked_ns = ts_ns;
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
        f.addr = n->pending[a.token % MT_NAMING_PENDING];
        f.listens = a.owner.listens;
        if (!a.owner.known)
            f.text.len = 0;
        if (f.text.len > 0 || f.listens)
            found(context, &f);
    }
    if (rc == MT_DONE)
        n->helper = NULL; /* its owner frees it */
}
