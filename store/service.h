/**
 * service.h - private to store/: who talks to whom, as stable ids.
 *
 * The serving side is an endpoint (address and port); several names served by
 * one endpoint (virtual hosts) are services of their own, up to 8, and what
 * comes beyond counts for the first. The calling side is an address, or, where
 * it is known, the process or container that calls from there (of the tap's own
 * machine one that was missed is nobody who serves there, either); public
 * ones without a name are `internet`, private ones beyond 64 their /24 (IPv6:
 * /64). Above 1 000 services everything new is `{other}`.
 *
 * A name from a stronger source replaces a weaker one and the old one goes
 * into the history. Services of equal names, and a client whose address
 * serves as exactly one service, are made one by an alias; rows keep the ids
 * that they were written with.
 */
#ifndef MT_STORE_SERVICE_H
#define MT_STORE_SERVICE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/intern.h"
#include "decode/exchange.h"

enum {
    MT_SERVICES_MAX = 1000,
    MT_ENDPOINT_NAMES_MAX = 8,
    MT_CLIENTS_MAX = 64, /* private ones without a name */
    MT_SERVICE_NAME_MAX = 255,
};

/* Stored numbers: append only. */
enum mt_service_kind {
    MT_SERVICE_OTHER,
    MT_SERVICE_ENDPOINT,
    MT_SERVICE_HOST, /* a further name of an endpoint */
    MT_SERVICE_CLIENT,
    MT_SERVICE_GROUP,
    MT_SERVICE_CALLER, /* a process or container, known or missed: one of
                          several at its address */
};

struct mt_service {
    int64_t id;         /* in the database; 0 not yet */
    struct mt_span key; /* texts live as long as the table */
    struct mt_span name;
    struct mt_addr addr; /* port 0: a client */
    uint8_t kind;
    uint8_t name_source;
    bool dirty;      /* new or renamed since the last commit */
    int64_t from_ns; /* when it got its name */
};

struct mt_endpoint {
    uint32_t names[MT_ENDPOINT_NAMES_MAX];
    uint32_t count;
};

struct mt_services {
    struct mt_intern keys;                       /* number = index of list */
    struct mt_intern endpoints, clients, served; /* by address */
    struct mt_arena text;
    struct mt_service list[MT_SERVICES_MAX + 1];
    struct mt_endpoint endpoint[MT_SERVICES_MAX + 1];
    uint32_t client[MT_SERVICES_MAX + 1];
    uint32_t own_clients; /* private ones without a name */
    uint32_t other;
    bool dirty;
};

/* Takes what the database has. Returns 0 or a code. */
int mt_services_init(struct mt_services *s, struct mt_pool *pool, sqlite3 *db);
void mt_services_deinit(struct mt_services *s);

/* Index in list of the side of x. Never fails: `other` at the bounds. */
uint32_t mt_services_server(struct mt_services *s, const struct mt_exchange *x);
uint32_t mt_services_client(struct mt_services *s, const struct mt_exchange *x);

/* A name that was told of an endpoint (port 0: of all at the address, and of
 * its client) after its exchanges: it takes the place of a weaker one. What was
 * never seen stays unknown; later exchanges bring the name themselves. */
void mt_services_name(struct mt_services *s, const struct mt_addr *a,
                      struct mt_span text, uint8_t source, int64_t ns);

/* Inside a transaction: write what is new, give ids, set aliases. */
int mt_services_sync(struct mt_services *s, sqlite3 *db);

/* After the transaction was committed. */
void mt_services_committed(struct mt_services *s);

/* An address as the columns hold it: an integer for IPv4, else a blob.
 * Borrowed until the statement is reset. */
int mt_bind_addr(sqlite3_stmt *st, int at, const struct mt_addr *addr);
struct mt_addr mt_column_addr(sqlite3_stmt *st, int addr, int port);

/* Forget the aliases of the database and set them anew. */
int mt_services_alias(sqlite3 *db, struct mt_pool *pool);

#endif
