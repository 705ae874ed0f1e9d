/**
 * owners_cgroup.h - which container a process is in, from the text of
 * /proc/PID/cgroup, and what it is called, from the names of a node's log
 * folders. Private to the owners.
 */
#ifndef MT_CAPTURE_OWNERS_CGROUP_H
#define MT_CAPTURE_OWNERS_CGROUP_H

#include "capture/owners.h"

enum { MT_CONTAINER_ID_BYTES = 64, MT_POD_UID_BYTES = 36 };

struct mt_container {
    char id[MT_CONTAINER_ID_BYTES + 1]; /* 64 hexadecimal digits; "": none */
    char pod_uid[MT_POD_UID_BYTES + 1]; /* with hyphens; "": no pod */
};

/**
 * Of docker, containerd, podman and cri-o, with cgroup v1 or v2, by cgroupfs
 * or systemd, below kubepods or not. Nested: the innermost. Returns false, and
 * both texts are empty, for a process of the host.
 */
bool mt_cgroup_read(struct mt_span text, struct mt_container *out);

/* Names in the way of a log: spans of what was read. */
struct mt_pod_name {
    struct mt_span pod, container;
    struct mt_span id; /* container id, or the pod's uid */
};

/* POD_NAMESPACE_CONTAINER-ID.log, of /var/log/containers. */
bool mt_container_log(struct mt_span name, struct mt_pod_name *out);

/* NAMESPACE_POD_UID, of /var/log/pods; container is empty. */
bool mt_pod_log(struct mt_span name, struct mt_pod_name *out);

/* Lower-case letters, digits, '.' and '-', as Kubernetes' names are. */
bool mt_is_dns_name(struct mt_span name);

#endif
