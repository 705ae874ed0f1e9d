/**
 * names_hosts.h - names of addresses from /etc/hosts (hosts(5)).
 *
 *     rc = mt_names_hosts_load(names, "/etc/hosts", now_ns);
 *
 * Of each line the first name that names somebody is told, with source HOSTS;
 * of an address with several lines the first line's, as the resolver has it.
 * Loopback, multicast and 0.0.0.0 (lists of what to block) are no machine of
 * anybody. Read up to 1 MiB and MT_HOSTS_NAMES names.
 */
#ifndef MT_CAPTURE_NAMES_HOSTS_H
#define MT_CAPTURE_NAMES_HOSTS_H

#include "capture/names.h"

enum { MT_HOSTS_BYTES = 1 << 20, MT_HOSTS_NAMES = 1024 };

/* The text of a file. Returns how many names were told; lines that are none
 * are passed over. */
unsigned mt_names_hosts_read(struct mt_names *n, struct mt_span text,
                             int64_t ts_ns);

/* The same from a path. Returns -errno where it cannot be read. */
int mt_names_hosts_load(struct mt_names *n, const char *path, int64_t ts_ns);

#endif
