/**
 * mesh_text.h - the demo's mesh file: what `meshtop proxy -c` takes.
 */
#ifndef MT_DEMO_MESH_TEXT_H
#define MT_DEMO_MESH_TEXT_H

#include "demo/shop.h"

enum {
    MT_DEMO_PORT_EDGE = 7480,   /* the shop; the first of the range */
    MT_DEMO_PORT_INSIDE = 7481, /* services among themselves */
    MT_DEMO_PORT_FIRST = 7482,  /* instances, in their order */
    MT_DEMO_INSTANCES = 17,     /* of all services */
    MT_DEMO_PORT_LAST = MT_DEMO_PORT_FIRST + MT_DEMO_INSTANCES - 1,
    MT_DEMO_MESH_BYTES = 8192,
};

struct mt_demo_ports {
    uint16_t edge, inside;
    uint16_t instances[MT_DEMO_INSTANCES];
};

/* The documented ones. */
struct mt_demo_ports mt_demo_ports_usual(void);

/* Fits into MT_DEMO_MESH_BYTES. */
void mt_demo_put_mesh(struct mt_buf *b, const struct mt_demo_ports *ports);

#endif
