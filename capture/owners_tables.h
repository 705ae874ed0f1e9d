/**
 * owners_tables.h - the sockets of all network namespaces, as /proc/PID/net of
 * one process each tells. Private to the owners.
 */
#ifndef MT_CAPTURE_OWNERS_TABLES_H
#define MT_CAPTURE_OWNERS_TABLES_H

#include "capture/owners_scan.h"

enum { MT_TABLES_NAMESPACES = 64, MT_TABLES_ABSENT = 1024 };

struct mt_tables_row {
    struct mt_socket socket;
    uint8_t space; /* index of its namespace */
};

/* An address that no socket had: not looked for again before a time. */
struct mt_tables_absent {
    uint8_t ip[16];
    uint8_t times;
    int64_t until_ns;
};

struct mt_tables {
    struct mt_tables_row *rows;
    uint32_t count, max;
    uint64_t spaces[MT_TABLES_NAMESPACES]; /* inodes of namespaces */
    unsigned spaces_count;
    uint64_t own;     /* the tap's namespace; 0 not known */
    bool without_own; /* that one is asked by other means */
    struct mt_tables_absent absent[MT_TABLES_ABSENT];
};

/* False: no memory. */
bool mt_tables_init(struct mt_tables *t, uint32_t max);
void mt_tables_deinit(struct mt_tables *t);

/**
 * The socket between the query's addresses, and the one that listens at local.
 * Read anew where it is not there. Each is zeroed where there is none.
 */
void mt_tables_find(struct mt_tables *t, struct mt_scan *scan,
                    const struct mt_owner_query *query,
                    struct mt_socket *connection, struct mt_socket *listener);

#endif
