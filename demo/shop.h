/**
 * shop.h - who is in the demo's mesh, what they do, and whom they ask for it.
 *
 * Tables alone. A shopper's request is an operation of `web`; an operation
 * takes a while, asks other services in stages (those of one stage at once),
 * and answers. One number goes with a request through all of it: a product, a
 * cart or a customer.
 *
 *     const struct mt_demo_operation *o =
 *         mt_demo_operation_of(MT_DEMO_CART, method, path, &number);
 *     if (o == NULL)
 *         404
 */
#ifndef MT_DEMO_SHOP_H
#define MT_DEMO_SHOP_H

#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/* How a service is spoken to. */
enum mt_demo_speech { MT_DEMO_HTTP1, MT_DEMO_H2, MT_DEMO_GRPC };

/* X(NAME, "name", instances, speech): the name is the Host of its routes, but
 * for the canary's, which is a share of another's. */
#define MT_DEMO_SERVICES(X)                             \
    X(WEB, "web", 2, MT_DEMO_HTTP1)                     \
    X(CATALOG, "catalog", 3, MT_DEMO_H2)                \
    X(RECOMMEND, "recommendation", 2, MT_DEMO_H2)       \
    X(RECOMMEND_V2, "recommendation-v2", 1, MT_DEMO_H2) \
    X(CART, "cart", 2, MT_DEMO_HTTP1)                   \
    X(CHECKOUT, "checkout", 2, MT_DEMO_HTTP1)           \
    X(PAYMENT, "payment", 2, MT_DEMO_GRPC)              \
    X(INVENTORY, "inventory", 2, MT_DEMO_HTTP1)         \
    X(SHIPPING, "shipping", 1, MT_DEMO_GRPC)

enum mt_demo_service {
#define X(NAME, name, instances, speech) MT_DEMO_##NAME,
    MT_DEMO_SERVICES(X)
#undef X
        MT_DEMO_SERVICE_COUNT,
    MT_DEMO_SHOPPERS = MT_DEMO_SERVICE_COUNT, /* who asks web */
    MT_DEMO_CALLER_COUNT,
};

enum {
    MT_DEMO_INSTANCES_MAX = 3, /* of one service */
    MT_DEMO_CALLS_MAX = 4,     /* of one operation */
    MT_DEMO_PATH_BYTES = 64,
};

/* Of callers: of shoppers, too. */
const char *mt_demo_name(unsigned caller);

/* 0 of shoppers. */
unsigned mt_demo_instances(unsigned service);
enum mt_demo_speech mt_demo_speech(unsigned service);

/* Instances of all services, numbered through; that of the n-th one. */
unsigned mt_demo_instances_count(void);
unsigned mt_demo_instance_index(unsigned service, unsigned number);

/* X(NAME): one each. */
#define MT_DEMO_OPERATIONS(X) \
    X(HOME)                   \
    X(PRODUCT_PAGE)           \
    X(CART_PAGE)              \
    X(ADD)                    \
    X(BUY)                    \
    X(SCRIPT)                 \
    X(PRODUCTS)               \
    X(PRODUCT)                \
    X(SIMILAR)                \
    X(SIMILAR_V2)             \
    X(CART_OF)                \
    X(ADD_ITEM)               \
    X(ORDER)                  \
    X(CHARGE)                 \
    X(STOCK)                  \
    X(RESERVE)                \
    X(QUOTE)

enum mt_demo_operation_id {
#define X(NAME) MT_DEMO_OP_##NAME,
    MT_DEMO_OPERATIONS(X)
#undef X
        MT_DEMO_OPERATION_COUNT
};

struct mt_demo_call {
    uint8_t operation; /* enum mt_demo_operation_id */
    uint8_t stage;     /* from 1; 0: no more calls */
    bool optional;     /* it is answered without, where this fails */
};

struct mt_demo_operation {
    uint8_t service;
    const char *method;
    const char *path;        /* one segment may be {id} */
    uint32_t median_us;      /* of its own work */
    uint32_t body_bytes;     /* of its answer */
    uint8_t missing_percent; /* of numbers that there are none of: 404 */
    uint8_t share;           /* of what shoppers ask, in percent */
    struct mt_demo_call calls[MT_DEMO_CALLS_MAX];
};

const struct mt_demo_operation *mt_demo_operation(unsigned id);

/* The one that a request is for, and the number in its path (0: none). NULL:
 * there is none. */
const struct mt_demo_operation *mt_demo_operation_of(unsigned service,
                                                     struct mt_span method,
                                                     struct mt_span path,
                                                     uint32_t *number);

/* The path, with the number in its place. */
void mt_demo_put_path(struct mt_buf *b, const struct mt_demo_operation *o,
                      uint32_t number);

#endif
