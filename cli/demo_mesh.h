/**
 * demo_mesh.h - the process of `meshtop demo` in which the shop and the proxy
 * between its services run.
 *
 *     struct mt_demo_shared *s = mt_demo_shared_new();
 *     rc = mt_feeder_start(&f, &(struct mt_feeder_config){
 *         .options = o, .path = db,
 *         .work = &(struct mt_feeder_work){mt_demo_mesh_work, &mesh}});
 *     s->begin_ns = mt_steady_ns();          // shoppers come
 *     rc = mt_feeder_stop(f);                // what runs is finished first
 *     look at s->stats
 *
 * The dashboard, or who prints the report, is another process: neither slows
 * the other down, and what is left of a demo whose front was killed is
 * nothing.
 */
#ifndef MT_CLI_DEMO_MESH_H
#define MT_CLI_DEMO_MESH_H

#include <stdatomic.h>

#include "cli/rights.h"
#include "demo/demo.h"

/* What both processes see. */
struct mt_demo_shared {
    _Atomic int64_t begin_ns; /* the front: shoppers come from then on */
    /* the mesh: ports before it has begun, the rest once it has ended */
    struct mt_demo_ports ports;
    struct mt_demo_stats stats;
};

/* NULL: no memory. */
struct mt_demo_shared *mt_demo_shared_new(void);
void mt_demo_shared_free(struct mt_demo_shared *s);

struct mt_demo_mesh {
    const struct mt_rights *rights; /* borrowed, as all of these */
    struct mt_demo_shared *shared;
    uint64_t seed;
    double per_second;
    int64_t run_ns; /* 0: until it is ended */
};

/* mt_feeder_work.run; arg is a struct mt_demo_mesh. */
int mt_demo_mesh_work(void *arg, const struct mt_options *o,
                      void (*begun)(void *context), void *context);

#endif
