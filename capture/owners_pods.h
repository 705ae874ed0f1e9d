/**
 * owners_pods.h - what containers are called, from a node's log folders.
 * Private to the owners.
 */
#ifndef MT_CAPTURE_OWNERS_PODS_H
#define MT_CAPTURE_OWNERS_PODS_H

#include "capture/owners_cgroup.h"
#include "capture/owners_scan.h"

enum { MT_PODS_KEPT = 256, MT_SHORT_ID_BYTES = 12 };

struct mt_pods_name {
    char key[MT_CONTAINER_ID_BYTES + 1]; /* container id, or the pod's uid */
    char name[MT_OWNER_CONTAINER_BYTES];
};

struct mt_pods {
    int logs; /* directory, or -1: this is no node */
    struct mt_pods_name kept[MT_PODS_KEPT];
};

void mt_pods_init(struct mt_pods *p, const char *logs);
void mt_pods_deinit(struct mt_pods *p);

/* POD/CONTAINER; POD where the container is not told; else a short id, and
 * returns false. */
bool mt_pods_name(struct mt_pods *p, struct mt_scan *scan,
                  const struct mt_container *c,
                  char out[MT_OWNER_CONTAINER_BYTES]);

#endif
