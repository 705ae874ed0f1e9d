#include "demo/mesh_text.h"

#include <assert.h>

static const char head[] =
    "# The mesh of `meshtop demo`: a shop of nine services behind one proxy.\n"
    "# It is an ordinary file of `meshtop proxy -c FILE`; docs/proxy.md tells\n"
    "# what there is beside it, docs/examples/mesh.yaml has every key.\n"
    "\n"
    "# Shoppers come in by the edge. Services ask each other at the other\n"
    "# port, by name: `curl -H 'Host: cart' http://127.0.0.1:";

static const char routes[] =
    "\n"
    "# Of all requests in 10 s so many may be tried again, and no more: what\n"
    "# fails altogether must not get twice its load.\n"
    "retry_budget: {percent: 20, min_per_second: 10}\n"
    "\n"
    "routes:\n"
    "  - name: shop\n"
    "    listeners: edge\n"
    "    to: web\n"
    "    timeout: 3s\n"
    "\n"
    "  # One of three instances is slow at times: a try is given up early, "
    "and\n"
    "  # another instance asked.\n"
    "  - name: catalog\n"
    "    match: {host: catalog}\n"
    "    to: catalog\n"
    "    timeout: 1s\n"
    "    retry: {on: [gateway-error, reset, connect-failure, timeout], "
    "per_try_timeout: 150ms}\n"
    "\n"
    "  # A canary: a tenth of the requests go to the new version.\n"
    "  - name: canary\n"
    "    match: {host: recommendation}\n"
    "    to: {recommendation: 90, recommendation-v2: 10}\n"
    "    timeout: 500ms\n"
    "\n"
    "  # An instance is killed at times: what it never saw may go elsewhere,\n"
    "  # whatever the method.\n"
    "  - name: cart\n"
    "    match: {host: cart}\n"
    "    to: cart\n"
    "    timeout: 1s\n"
    "    retry: [reset, connect-failure]\n"
    "\n"
    "  # Asking twice does no harm, reserving twice does: only GET, HEAD, PUT\n"
    "  # and their like are tried again, and of those a tenth, within a "
    "budget\n"
    "  # of its own.\n"
    "  - name: inventory\n"
    "    match: {host: inventory}\n"
    "    to: inventory\n"
    "    timeout: 1s\n"
    "    retry: {on: 5xx, attempts: 2, budget: {percent: 10, min_per_second: "
    "1}}\n"
    "\n"
    "  - {name: checkout, match: {host: checkout}, to: checkout, timeout: 2s}\n"
    "\n"
    "  # Services of gRPC, by their names. UNAVAILABLE may be called again.\n"
    "  - {name: payment, match: {grpc: shop.Payments}, to: payment, timeout: "
    "1s, retry: [unavailable]}\n"
    "\n"
    "  # It hangs at times; its caller does without.\n"
    "  - {name: shipping, match: {grpc: shop.Shipping}, to: shipping, timeout: "
    "300ms}\n";

struct mt_demo_ports mt_demo_ports_usual(void)
{
    struct mt_demo_ports p = {.edge = MT_DEMO_PORT_EDGE,
                              .inside = MT_DEMO_PORT_INSIDE};
    assert(mt_demo_instances_count() == MT_DEMO_INSTANCES);
    for (unsigned i = 0; i < MT_DEMO_INSTANCES; i++)
        p.instances[i] = (uint16_t)(MT_DEMO_PORT_FIRST + i);
    return p;
}

static void put_address(struct mt_buf *b, uint16_t port)
{
    mt_put_str(b, "\"127.0.0.1:");
    mt_put_decimal(b, port);
    mt_put_char(b, '"');
}

static void put_listener(struct mt_buf *b, const char *name, uint16_t port)
{
    mt_put_str(b, "  - {name: ");
    mt_put_str(b, name);
    mt_put_str(b, ", address: ");
    put_address(b, port);
    mt_put_str(b, "}\n");
}

/* web: {endpoints: ["127.0.0.1:7482", "127.0.0.1:7483"], protocol: h2} */
static void put_service(struct mt_buf *b, unsigned service,
                        const struct mt_demo_ports *ports)
{
    bool h2 = mt_demo_speech(service) != MT_DEMO_HTTP1;
    bool in_turn = service == MT_DEMO_CART;
    mt_put_str(b, "  ");
    mt_put_str(b, mt_demo_name(service));
    mt_put_str(b, h2 || in_turn ? ": {endpoints: [" : ": [");
    for (unsigned i = 0; i < mt_demo_instances(service); i++) {
        mt_put_str(b, i > 0 ? ", " : "");
        put_address(b, ports->instances[mt_demo_instance_index(service, i)]);
    }
    mt_put_char(b, ']');
    mt_put_str(b, h2 ? ", protocol: h2" : "");
    mt_put_str(b, in_turn ? ", balance: round-robin" : "");
    mt_put_str(b, h2 || in_turn ? "}\n" : "\n");
}

void mt_demo_put_mesh(struct mt_buf *b, const struct mt_demo_ports *ports)
{
    mt_put_str(b, head);
    mt_put_decimal(b, ports->inside);
    mt_put_str(b, "/carts/7`.\nlisteners:\n");
    put_listener(b, "edge", ports->edge);
    put_listener(b, "inside", ports->inside);
    mt_put_str(b, "\n# Of two instances the one with less to do and the better "
                  "latency is asked, but\n# for cart, whose are asked in turn: "
                  "there a breaker has to find out.\nservices:\n");
    for (unsigned i = 0; i < MT_DEMO_SERVICE_COUNT; i++)
        put_service(b, i, ports);
    mt_put_str(b, routes);
}
