/**
 * names.h - which service is behind an address: docs/names.md.
 *
 * It learns names from what is seen and told, and gives each exchange the
 * names of both its parties before it goes to the store. The strongest source
 * wins (enum mt_name_source); a server without any is its address:port, a
 * client without any is its address where that is this machine's, and is left
 * empty elsewhere, for the store to group.
 *
 *     struct mt_names *n = mt_names_new(&config);
 *     mt_names_add(n, &addr, MT_SPAN("users-db"), MT_NAME_NRB, ts);
 *     struct mt_exchange named = *x;
 *     mt_names_apply(n, &named);     // spans borrowed until the next call
 *     mt_names_free(n);
 *
 * What comes from the wire is believed only where it is a host name, and is
 * bounded; the same exchanges in the same order give the same names. One
 * thread.
 */
#ifndef MT_CAPTURE_NAMES_H
#define MT_CAPTURE_NAMES_H

#include "base/pool.h"
#include "capture/names_file.h"
#include "capture/own_addresses.h"
#include "decode/exchange.h"

enum {
    MT_NAMES_PER_PLACE = 4,     /* told of one address, such as by DNS */
    MT_NAMES_PER_ENDPOINT = 64, /* learned from what one endpoint serves */
};

struct mt_names_config {
    struct mt_pool *pool;             /* outlives the names */
    const struct mt_names_file *file; /* borrowed; NULL none */
    /* Of a live tap, borrowed: who calls from there without a name is one of
     * this machine's processes, and not who serves there. NULL none. */
    const struct mt_own_addresses *own;
    uint32_t texts_max;  /* different names, 0: 4096 */
    uint32_t places_max; /* addresses and endpoints, 0: 8192 */
};

struct mt_names_stats {
    uint64_t refused;  /* texts that are no host name */
    uint64_t overflow; /* names not kept for a bound */
    uint64_t evicted;  /* places forgotten, the longest unused first */
};

struct mt_names;

/* NULL at the memory ceiling. */
struct mt_names *mt_names_new(const struct mt_names_config *config);

void mt_names_free(struct mt_names *n);

/**
 * Someone told a name: addr->port 0 names the whole address. Of one source
 * the latest ts_ns wins, then the first told.
 * Returns false where the text is no host name, or a bound is reached.
 */
bool mt_names_add(struct mt_names *n, const struct mt_addr *addr,
                  struct mt_span text, enum mt_name_source source,
                  int64_t ts_ns);

/**
 * Fill x->client and x->server, service and name_source; what is there with
 * source ROUTE stays. Learns from Host, :authority and SNI, and from the
 * answers of a DNS exchange.
 */
void mt_names_apply(struct mt_names *n, struct mt_exchange *x);

struct mt_names_stats mt_names_counters(const struct mt_names *n);

#endif
