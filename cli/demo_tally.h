/**
 * demo_tally.h - what the rows of one run of the demo add up to: what each
 * fault did, what was tried again, and whether both observers saw the same.
 *
 *     struct mt_demo_tally t;
 *     rc = mt_demo_tally_rows(&t, store, run);    // a code of mt_store_rc
 *     mt_demo_tally_deinit(&t);
 */
#ifndef MT_CLI_DEMO_TALLY_H
#define MT_CLI_DEMO_TALLY_H

#include "base/hist.h"
#include "cli/demo_mesh.h"
#include "cli/demo_watch.h"
#include "store/query.h"

/* A run, as its front knows it. */
struct mt_demo_run {
    const struct mt_demo_mesh *mesh;
    int64_t asked_ns, ran_ns;
    int64_t begin_wall_ns;
    struct mt_demo_watch watch;
    int tap_rc; /* 0: a tap was beside it; else -errno: why not */
    bool interrupted;
    bool broken; /* the mesh ended by itself */
};

/* Requests to the service that a fault is of. */
struct mt_demo_sum {
    uint64_t requests, failed;
    uint64_t again; /* tried more than once */
    uint64_t saved; /* ... and well in the end */
    uint64_t timeouts;
    struct mt_hist latency;
};

struct mt_demo_tally {
    struct mt_pool pool;
    struct mt_demo_sum during[MT_DEMO_EVENTS]; /* each time it happened */
    struct mt_demo_sum calm[MT_DEMO_EVENTS];   /* of the same service */
    struct mt_demo_sum all;
    uint64_t shoppers; /* requests of theirs */
    uint64_t tries;    /* beyond the first ones */
    uint64_t harmful;  /* failed, and not tried again: not idempotent */
    uint64_t tapped, tapped_failed; /* the tap's copies */
};

int mt_demo_tally_rows(struct mt_demo_tally *t, struct mt_store *store,
                       const struct mt_demo_run *run);
void mt_demo_tally_deinit(struct mt_demo_tally *t);

#endif
