#include "demo/shop.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *name;
    uint8_t instances, speech;
} services[MT_DEMO_CALLER_COUNT] = {
#define X(NAME, name, instances, speech) {name, instances, speech},
    MT_DEMO_SERVICES(X)
#undef X
        {"shoppers", 0, MT_DEMO_HTTP1},
};

/* Medians are of a machine that has little else to do: small, so that what
 * goes wrong stands out. */
static const struct mt_demo_operation operations[MT_DEMO_OPERATION_COUNT] = {
    [MT_DEMO_OP_HOME] = {.service = MT_DEMO_WEB,
                         .method = "GET",
                         .path = "/",
                         .median_us = 900,
                         .body_bytes = 14000,
                         .share = 24,
                         .calls = {{MT_DEMO_OP_PRODUCTS, 1, false},
                                   {MT_DEMO_OP_SIMILAR, 1, true}}},
    [MT_DEMO_OP_PRODUCT_PAGE] = {.service = MT_DEMO_WEB,
                                 .method = "GET",
                                 .path = "/product/{id}",
                                 .median_us = 700,
                                 .body_bytes = 9000,
                                 .share = 36,
                                 .calls = {{MT_DEMO_OP_PRODUCT, 1, false},
                                           {MT_DEMO_OP_SIMILAR, 1, true}}},
    [MT_DEMO_OP_CART_PAGE] = {.service = MT_DEMO_WEB,
                              .method = "GET",
                              .path = "/cart/{id}",
                              .median_us = 600,
                              .body_bytes = 5000,
                              .share = 12,
                              .calls = {{MT_DEMO_OP_CART_OF, 1, false}}},
    [MT_DEMO_OP_ADD] = {.service = MT_DEMO_WEB,
                        .method = "POST",
                        .path = "/cart/{id}/items",
                        .median_us = 500,
                        .body_bytes = 300,
                        .share = 12,
                        .calls = {{MT_DEMO_OP_ADD_ITEM, 1, false}}},
    [MT_DEMO_OP_BUY] = {.service = MT_DEMO_WEB,
                        .method = "POST",
                        .path = "/checkout",
                        .median_us = 800,
                        .body_bytes = 900,
                        .share = 10,
                        .calls = {{MT_DEMO_OP_ORDER, 1, false}}},
    [MT_DEMO_OP_SCRIPT] = {.service = MT_DEMO_WEB,
                           .method = "GET",
                           .path = "/static/shop.js",
                           .median_us = 150,
                           .body_bytes = 30000,
                           .share = 6},
    [MT_DEMO_OP_PRODUCTS] = {.service = MT_DEMO_CATALOG,
                             .method = "GET",
                             .path = "/products",
                             .median_us = 2600,
                             .body_bytes = 12000},
    [MT_DEMO_OP_PRODUCT] = {.service = MT_DEMO_CATALOG,
                            .method = "GET",
                            .path = "/products/{id}",
                            .median_us = 1400,
                            .body_bytes = 1800,
                            .missing_percent = 3},
    [MT_DEMO_OP_SIMILAR] = {.service = MT_DEMO_RECOMMEND,
                            .method = "GET",
                            .path = "/similar/{id}",
                            .median_us = 5200,
                            .body_bytes = 2400},
    [MT_DEMO_OP_SIMILAR_V2] = {.service = MT_DEMO_RECOMMEND_V2,
                               .method = "GET",
                               .path = "/similar/{id}",
                               .median_us = 2900,
                               .body_bytes = 2400},
    [MT_DEMO_OP_CART_OF] = {.service = MT_DEMO_CART,
                            .method = "GET",
                            .path = "/carts/{id}",
                            .median_us = 700,
                            .body_bytes = 1200},
    [MT_DEMO_OP_ADD_ITEM] = {.service = MT_DEMO_CART,
                             .method = "POST",
                             .path = "/carts/{id}/items",
                             .median_us = 900,
                             .body_bytes = 200,
                             .calls = {{MT_DEMO_OP_STOCK, 1, false}}},
    [MT_DEMO_OP_ORDER] = {.service = MT_DEMO_CHECKOUT,
                          .method = "POST",
                          .path = "/orders",
                          .median_us = 1500,
                          .body_bytes = 600,
                          .calls = {{MT_DEMO_OP_CART_OF, 1, false},
                                    {MT_DEMO_OP_QUOTE, 1, true},
                                    {MT_DEMO_OP_RESERVE, 2, false},
                                    {MT_DEMO_OP_CHARGE, 3, false}}},
    [MT_DEMO_OP_CHARGE] = {.service = MT_DEMO_PAYMENT,
                           .method = "POST",
                           .path = "/shop.Payments/Charge",
                           .median_us = 11000,
                           .body_bytes = 120},
    [MT_DEMO_OP_STOCK] = {.service = MT_DEMO_INVENTORY,
                          .method = "GET",
                          .path = "/stock/{id}",
                          .median_us = 800,
                          .body_bytes = 90},
    [MT_DEMO_OP_RESERVE] = {.service = MT_DEMO_INVENTORY,
                            .method = "POST",
                            .path = "/reservations",
                            .median_us = 1900,
                            .body_bytes = 150},
    [MT_DEMO_OP_QUOTE] = {.service = MT_DEMO_SHIPPING,
                          .method = "POST",
                          .path = "/shop.Shipping/Quote",
                          .median_us = 3600,
                          .body_bytes = 80},
};

const char *mt_demo_name(unsigned caller)
{
    assert(caller < MT_DEMO_CALLER_COUNT);
    return services[caller].name;
}

unsigned mt_demo_instances(unsigned service)
{
    assert(service < MT_DEMO_CALLER_COUNT);
    return services[service].instances;
}

enum mt_demo_speech mt_demo_speech(unsigned service)
{
    assert(service < MT_DEMO_CALLER_COUNT);
    return (enum mt_demo_speech)services[service].speech;
}

unsigned mt_demo_instance_index(unsigned service, unsigned number)
{
    unsigned n = number;
    for (unsigned i = 0; i < service; i++)
        n += services[i].instances;
    return n;
}

unsigned mt_demo_instances_count(void)
{
    return mt_demo_instance_index(MT_DEMO_SERVICE_COUNT, 0);
}

const struct mt_demo_operation *mt_demo_operation(unsigned id)
{
    assert(id < MT_DEMO_OPERATION_COUNT);
    return &operations[id];
}

/* ---- paths ---- */

static const char id_word[] = "{id}";

/* A number of at most nine digits off the front of the path. */
static bool take_number(struct mt_span *path, uint32_t *number)
{
    uint32_t n = 0;
    size_t digits = 0;
    while (digits < path->len && digits < 10 && path->ptr[digits] >= '0' &&
           path->ptr[digits] <= '9')
        n = n * 10 + (uint32_t)(path->ptr[digits++] - '0');
    if (digits == 0 || digits > 9)
        return false;
    (void)mt_span_take(path, digits);
    *number = n;
    return true;
}

static bool fits(const char *wanted, struct mt_span path, uint32_t *number)
{
    const char *id = strstr(wanted, id_word);
    size_t before = id != NULL ? (size_t)(id - wanted) : strlen(wanted);
    *number = 0;
    if (path.len < before ||
        (before > 0 && memcmp(path.ptr, wanted, before) != 0))
        return false;
    (void)mt_span_take(&path, before);
    if (id == NULL)
        return path.len == 0;
    return take_number(&path, number) &&
           mt_span_eq(path, mt_span_str(id + sizeof id_word - 1));
}

const struct mt_demo_operation *mt_demo_operation_of(unsigned service,
                                                     struct mt_span method,
                                                     struct mt_span path,
                                                     uint32_t *number)
{
    path.len = mt_span_find(path, '?');
    for (size_t i = 0; i < MT_DEMO_OPERATION_COUNT; i++) {
        const struct mt_demo_operation *o = &operations[i];
        if (o->service == service &&
            mt_span_eq(method, mt_span_str(o->method)) &&
            fits(o->path, path, number))
            return o;
    }
    return NULL;
}

void mt_demo_put_path(struct mt_buf *b, const struct mt_demo_operation *o,
                      uint32_t number)
{
    const char *id = strstr(o->path, id_word);
    if (id == NULL) {
        mt_put_str(b, o->path);
        return;
    }
    mt_put_span(
        b, (struct mt_span){(const uint8_t *)o->path, (size_t)(id - o->path)});
    mt_put_decimal(b, number);
    mt_put_str(b, id + sizeof id_word - 1);
}
