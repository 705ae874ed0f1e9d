/**
 * demo_watch.h - how often the breakers of a demo's proxy open while it runs:
 * its database has only what they are at.
 *
 *     struct mt_demo_watch w = {0};
 *     a few times a second: mt_demo_watch_look(&w, store, mt_wall_ns());
 *
 * An opening is one moment until which an endpoint is out; the proxy tells it
 * once a second, and it lasts for a second at least.
 */
#ifndef MT_CLI_DEMO_WATCH_H
#define MT_CLI_DEMO_WATCH_H

#include "demo/demo.h"
#include "store/query.h"

struct mt_demo_watch {
    struct {
        int64_t until_ns;  /* of the newest */
        uint32_t openings; /* so far */
    } instances[MT_DEMO_INSTANCES];
    uint64_t denied; /* retries, by budgets */
};

/* Of an endpoint that is on no port of these nothing is kept. A question that
 * fails is asked again with the next look. */
void mt_demo_watch_look(struct mt_demo_watch *w, struct mt_store *store,
                        const struct mt_demo_ports *ports, int64_t wall_ns);

/* Of all instances. */
uint64_t mt_demo_watch_openings(const struct mt_demo_watch *w);

#endif
