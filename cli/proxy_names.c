#include "cli/proxy_names.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/text_addr.h"
#include "cli/say.h"
#include "proxy-lite/loop/sockaddr.h"

enum { ADDRESSES_MAX = 64 /* of a name */, NAME_MAX_BYTES = 256 };

struct mt_proxy_name {
    struct mt_proxy_name *next;
    char text[NAME_MAX_BYTES];
    uint8_t ips[ADDRESSES_MAX][16]; /* IPv4 first, each sorted */
    uint32_t count;
    uint8_t one[16]; /* of them, for who wants one */
    uint64_t round;  /* in which it was wanted last */
    bool failed;     /* the last time */
};

/* ---- one name ---- */

static int by_family(const void *a, const void *b)
{
    bool a4 = mt_ip_is_v4(a), b4 = mt_ip_is_v4(b);
    return a4 != b4 ? (a4 ? -1 : 1) : memcmp(a, b, 16);
}

static bool has(const struct mt_proxy_name *n, const uint8_t ip[16])
{
    for (uint32_t i = 0; i < n->count; i++)
        if (memcmp(n->ips[i], ip, 16) == 0)
            return true;
    return false;
}

static void take(struct mt_proxy_name *n, const struct addrinfo *found)
{
    uint8_t first[16] = {0};
    n->count = 0;
    for (const struct addrinfo *a = found; a != NULL; a = a->ai_next) {
        struct mt_addr addr = mt_addr_of(a->ai_addr);
        if (n->count == ADDRESSES_MAX || has(n, addr.ip))
            continue;
        /* as the resolver has it, but IPv4: most services listen there */
        if (n->count == 0 || (mt_ip_is_v4(addr.ip) && !mt_ip_is_v4(first)))
            memcpy(first, addr.ip, sizeof first);
        memcpy(n->ips[n->count++], addr.ip, sizeof addr.ip);
    }
    if (!has(n, n->one))
        memcpy(n->one, first, sizeof first);
    qsort(n->ips, n->count, sizeof n->ips[0], by_family);
}

static void ask(struct mt_proxy_name *n)
{
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM};
    int rc = getaddrinfo(n->text, NULL, &hints, &found);
    if (rc == 0) {
        take(n, found);
        freeaddrinfo(found);
        if (n->failed)
            mt_say(n->text, "it has an address again");
    } else if (!n->failed) {
        mt_warn(n->text, "%s; %s", gai_strerror(rc),
                n->count > 0 ? "the addresses it had are kept"
                             : "requests to it fail until it has an address");
    }
    n->failed = rc != 0;
}

static struct mt_proxy_name *find(struct mt_proxy_names *all,
                                  struct mt_span host)
{
    for (struct mt_proxy_name *n = all->first; n != NULL; n = n->next)
        if (mt_span_eq(mt_span_str(n->text), host))
            return n;
    struct mt_proxy_name *n = calloc(1, sizeof *n);
    if (n == NULL || host.len >= sizeof n->text) {
        free(n);
        return NULL;
    }
    memcpy(n->text, host.ptr, host.len);
    n->next = all->first;
    all->first = n;
    return n;
}

/* ---- all names ---- */

/* Of one endpoint; returns how many, at least one. */
static uint32_t addresses_of(const struct mt_policy_endpoint *e, bool every,
                             const struct mt_proxy_name *n, struct mt_addr *out)
{
    uint32_t count = n != NULL && every && n->count > 0 ? n->count : 1;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *ip = n == NULL ? e->ip : every ? n->ips[i] : n->one;
        out[i] = (struct mt_addr){.port = e->port};
        memcpy(out[i].ip, ip, sizeof out[i].ip);
    }
    return count;
}

static bool resolve_one(struct mt_proxy_names *all,
                        const struct mt_policy_endpoint *e, bool every,
                        enum mt_names_wanted wanted, struct mt_addr *out,
                        uint32_t *count)
{
    struct mt_proxy_name *n = NULL;
    if (mt_ip_is_none(e->ip)) {
        n = find(all, e->host);
        if (n == NULL || (all->stopped != NULL && all->stopped(all->arg)))
            return false;
        if (n->round != all->round && (wanted == MT_NAMES_ALL || n->count == 0))
            ask(n);
        n->round = all->round;
    }
    *count += addresses_of(e, every, n, out + *count);
    return true;
}

bool mt_proxy_names_resolve(struct mt_proxy_names *n, const struct mt_policy *p,
                            enum mt_names_wanted wanted,
                            struct mt_addresses *out)
{
    n->round++;
    if (!mt_addresses_init(out, p->services_count))
        return false;
    bool ok = true;
    for (uint32_t i = 0; ok && i < p->services_count; i++) {
        const struct mt_policy_service *s = p->services[i];
        size_t room = s->every_address ? ADDRESSES_MAX : s->endpoints_count;
        out->list[i] = calloc(room + 1, sizeof *out->list[i]);
        ok = out->list[i] != NULL;
        for (uint32_t k = 0; ok && k < s->endpoints_count; k++)
            ok = resolve_one(n, &s->endpoints[k], s->every_address, wanted,
                             out->list[i], &out->counts[i]);
    }
    if (!ok)
        mt_addresses_deinit(out);
    return ok;
}

void mt_proxy_names_sweep(struct mt_proxy_names *n)
{
    struct mt_proxy_name **at = &n->first;
    while (*at != NULL) {
        struct mt_proxy_name *one = *at;
        if (one->round == n->round) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        free(one);
    }
}

void mt_proxy_names_deinit(struct mt_proxy_names *n)
{
    n->round++;
    mt_proxy_names_sweep(n);
}
