/* Property: whatever a client, a service, the clock and reloads do, each
 * request ends in one row, and everything is given back.
 *
 * The input's first byte says who speaks HTTP/2: 1 the client, 2 the service;
 * 4: neither speaks HTTP. A list of steps follows: an operation, a length, and
 * its bytes. What is fed to HTTP/2 is a frame whose header is made here: type,
 * flags, stream, payload. An operation with DEAF has no far end that reads what
 * comes of it, with MANY what it feeds comes many times. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy-lite/call/call.h"
#include "proxy-lite/call/h1_side.h"
#include "proxy-lite/call/h2_side.h"
#include "proxy-lite/call/tcp_side.h"
#include "proxy-lite/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    SERVICES = 4,
    POOL_BYTES = 16 << 20,
    SENT_MAX = 1 << 22,
    DEAF = 0x80,
    MANY = 0x40,
    TIMES = 400, /* of a few hundred bytes: more than a queue's bounds */
};

static const char yaml[] =
    "listeners: [{name: e, address: \"127.0.0.1:1\", tcp: s}]\n"
    "services: {s: {endpoints: [\"127.0.0.1:2\", \"127.0.0.1:3\"]}}\n"
    "routes:\n"
    "  - {match: {path: /r/*}, to: s, timeout: 50ms,\n"
    "     retry: {on: [5xx, reset, connect-failure, unavailable], attempts: "
    "2}}\n"
    "  - {match: {path: /x}, respond: {status: 200, body: well}}\n"
    "  - {match: {path: /y}, redirect: {path: /z}}\n"
    "  - {to: s}\n";

struct sides {
    struct mt_side *side;
    union {
        struct mt_h1_side h1;
        struct mt_h2_side h2;
        struct mt_tcp_side tcp;
    } is;
};

struct link {
    struct sides s;
    struct mt_call_wait *wait; /* for it */
    uint16_t port;             /* of its endpoint */
    bool used, connecting;
};

static struct {
    struct mt_call_host host;
    struct mt_pool pool;
    struct mt_mesh *mesh; /* in force */
    unsigned turn, meshes;
    struct sides client;
    uint64_t conns;
    bool client_h2, service_h2, tcp;
    struct link links[SERVICES];
    uint64_t rows, requests;
    size_t sent;
    bool full; /* of connections, for now */
    bool deaf;
} world;

static void require(bool truth)
{
    if (!truth)
        abort();
}

/* ---- the host ---- */

static void on_request(void *arg, struct mt_stream *s, struct mt_head *head,
                       bool end)
{
    (void)arg;
    world.requests++;
    mt_call_request(&world.host, s, head, end,
                    &(struct mt_call_listener){world.mesh, 0});
}

static void on_refused(void *arg, struct mt_stream *s, struct mt_head *head,
                       const struct mt_http1_refusal *why)
{
    (void)arg;
    world.requests++;
    mt_call_refused(&world.host, s, head, why,
                    &(struct mt_call_listener){world.mesh, 0});
}

static void on_free_again(void *arg, struct mt_side *side)
{
    (void)arg;
    require(side->takes); /* looked for when it is wanted */
}

static void on_touched(void *arg, struct mt_side *side)
{
    (void)arg, (void)side; /* all are flushed after each step */
}

static const struct mt_side_owner owner = {on_request, on_refused,
                                           on_free_again, on_touched};

static struct mt_side *take(void *arg, struct mt_mesh *mesh, struct mt_place to,
                            bool h2)
{
    uint16_t port = mesh->addresses[to.service][to.endpoint].port;
    (void)arg, (void)h2; /* the input says it of all */
    for (unsigned i = 0; i < SERVICES; i++) {
        struct link *l = &world.links[i];
        if (l->used && !l->connecting && l->s.side->takes && l->port == port &&
            !l->s.side->closing)
            return l->s.side;
    }
    return NULL;
}

static bool open_service(struct link *l)
{
    if (world.tcp) {
        l->s.side = &l->s.is.tcp.side;
        mt_tcp_client_init(&l->s.is.tcp, &world.pool, &owner, l);
        return true;
    }
    l->s.side = world.service_h2 ? &l->s.is.h2.side : &l->s.is.h1.side;
    if (!world.service_h2)
        mt_h1_client_init(&l->s.is.h1, &world.pool, &owner, l);
    else
        l->used = mt_h2_client_init(&l->s.is.h2, &world.pool, &owner, l);
    return l->used;
}

static bool connect_to(void *arg, struct mt_call_wait *wait,
                       struct mt_mesh *mesh, struct mt_place to, bool h2,
                       bool *full)
{
    uint16_t port = mesh->addresses[to.service][to.endpoint].port;
    (void)arg, (void)h2;
    *full = world.full;
    for (unsigned i = 0; i < SERVICES; i++) {
        struct link *l = &world.links[i];
        if (l->used || world.full)
            continue;
        *l = (struct link){
            .used = true, .connecting = true, .wait = wait, .port = port};
        wait->on = l;
        return open_service(l);
    }
    return false;
}

static void close_link(struct link *l)
{
    l->s.side->ops->deinit(l->s.side);
    l->used = false;
}

static void cancel(void *arg, struct mt_call_wait *wait)
{
    (void)arg;
    close_link(wait->on);
}

static void row(void *arg, const struct mt_exchange *x)
{
    (void)arg;
    require(x->end_ns >= x->req.start_ns && x->outcome < MT_OUTCOME_COUNT);
    world.rows += x->observer == MT_OBSERVER_PROXY_REQUEST;
}

/* ---- flushing ---- */

static void send_some(struct mt_side *side, size_t most)
{
    struct iovec iov;
    side->ops->fill(side);
    while (most > 0 && mt_outq_peek(&side->out, &iov, 1) > 0) {
        size_t n = iov.iov_len < most ? iov.iov_len : most;
        uint8_t sum = 0; /* the bytes are there */
        for (size_t i = 0; i < n; i++)
            sum ^= ((const uint8_t *)iov.iov_base)[i];
        world.sent += n + (sum & 0);
        mt_outq_sent(&side->out, n);
        most -= n;
        side->ops->fill(side);
    }
    require(side->ops->settle(side));
    side->ops->sent(side, world.host.now_ns);
}

static void new_client(void)
{
    struct sides *c = &world.client;
    if (world.tcp) {
        c->side = &c->is.tcp.side;
        mt_tcp_server_init(&c->is.tcp, &world.pool, &owner, NULL);
        c->side->conn = ++world.conns;
        world.requests++;
        mt_call_tcp(&world.host, &c->is.tcp.stream,
                    &(struct mt_call_listener){world.mesh, 0});
        return;
    }
    c->side = world.client_h2 ? &c->is.h2.side : &c->is.h1.side;
    if (!world.client_h2) {
        mt_h1_server_init(&c->is.h1, &world.pool, &owner, NULL);
    } else {
        require(mt_h2_server_init(&c->is.h2, &world.pool, &owner, NULL));
        c->side->ops->feed(c->side, mt_span_str(MT_H2_PREFACE),
                           world.host.now_ns);
    }
    c->side->conn = ++world.conns;
}

static void flush(size_t most)
{
    most = world.deaf ? 0 : most;
    for (unsigned round = 0; round < 4; round++) {
        struct mt_side *c = world.client.side;
        send_some(c, most);
        if (c->closing && c->out.bytes == 0) {
            c->ops->broken(c);
            c->ops->deinit(c);
            new_client();
        }
        for (unsigned i = 0; i < SERVICES; i++) {
            struct link *l = &world.links[i];
            if (!l->used || l->connecting)
                continue;
            send_some(l->s.side, most);
            if (l->s.side->closing && l->s.side->out.bytes == 0) {
                l->s.side->ops->broken(l->s.side);
                close_link(l);
            }
        }
    }
}

/* ---- steps ---- */

enum { FRAME_HEADER = 9 };

/* What the input says, or a frame of HTTP/2 made of it, in memory of its own.
 */
static struct mt_span copy_of(struct mt_span bytes, bool frame)
{
    uint8_t *copy = malloc(bytes.len + FRAME_HEADER);
    require(copy != NULL);
    if (!frame || bytes.len < 3) {
        memcpy(copy, bytes.ptr, bytes.len);
        return (struct mt_span){copy, bytes.len};
    }
    size_t n = bytes.len - 3;
    const uint8_t header[FRAME_HEADER] = {
        0, 0, (uint8_t)n, bytes.ptr[0], bytes.ptr[1], 0, 0, 0, bytes.ptr[2]};
    memcpy(copy, header, sizeof header);
    memcpy(copy + FRAME_HEADER, bytes.ptr + 3, n);
    return (struct mt_span){copy, FRAME_HEADER + n};
}

static void feed(struct mt_side *side, struct mt_span bytes, bool frame)
{
    struct mt_span copy = copy_of(bytes, frame);
    union {
        const uint8_t *from;
        uint8_t *to;
    } own = {.from = copy.ptr};
    if (!side->paused && !side->closing)
        side->ops->feed(side, copy, world.host.now_ns);
    flush(SENT_MAX); /* what was lent is sent or copied */
    memset(own.to, 0xee, copy.len);
    free(own.to);
}

static void advance(int64_t ns)
{
    struct mt_deadline *d;
    world.host.now_ns += ns;
    while ((d = mt_wheel_due(&world.host.wheel, world.host.now_ns)) != NULL)
        d->met(d->arg);
}

static void free_mesh(struct mt_mesh *m)
{
    for (unsigned i = 0; i < 2; i++)
        require(m->balancers[0].loads[i].running == 0);
    mt_mesh_deinit(m);
    free(m);
    world.meshes--;
}

/* The same policy with other addresses: one endpoint stays, at another place,
 * one goes and one comes. */
static void reload(struct mt_generation *before)
{
    struct mt_addresses a;
    struct mt_mesh *mesh = calloc(1, sizeof *mesh);
    world.turn++;
    require(mesh != NULL && mt_addresses_init(&a, 1));
    a.list[0] = calloc(2, sizeof *a.list[0]);
    require(a.list[0] != NULL);
    a.counts[0] = 2;
    a.list[0][0].port = (uint16_t)(world.turn + 1);
    a.list[0][1].port = (uint16_t)world.turn;
    struct mt_generation *g = mt_generation_readdressed(before, &a);
    require(g != NULL && mt_mesh_init(mesh, g, free_mesh));
    mt_generation_give(g);
    world.meshes++;
    mt_mesh_begin(mt_mesh_take(mesh), world.mesh, world.host.now_ns,
                  &world.host.random);
    if (world.mesh != NULL)
        mt_mesh_give(world.mesh);
    world.mesh = mesh;
}

static void finish_connect(struct link *l, bool made)
{
    struct mt_call *call = l->wait->call;
    l->connecting = false;
    if (made) {
        mt_call_connected(call, l->s.side);
        return;
    }
    close_link(l);
    mt_call_not_connected(call, false);
}

static void one_step(uint8_t op, struct mt_span bytes)
{
    struct link *l = &world.links[op >> 4 & (SERVICES - 1)];
    bool up = l->used && !l->connecting;
    unsigned times = (op & MANY) != 0 ? TIMES : 1;
    world.deaf = (op & DEAF) != 0;
    switch (op & 7) {
    case 0:
        while (times-- > 0)
            feed(world.client.side, bytes,
                 world.client_h2 && !world.tcp && (op & 8) == 0);
        break;
    case 1:
        for (; up && times > 0; times--, up = l->used && !l->connecting)
            feed(l->s.side, bytes,
                 world.service_h2 && !world.tcp && (op & 8) == 0);
        break;
    case 2:
        if (up && !l->s.side->closing)
            l->s.side->ops->eof(l->s.side);
        break;
    case 3:
        if (up)
            l->s.side->ops->broken(l->s.side);
        break;
    case 4:
        if (!world.client.side->closing) {
            if ((op & 8) != 0)
                world.client.side->ops->eof(world.client.side);
            else
                world.client.side->ops->broken(world.client.side);
        }
        break;
    case 5:
        if ((op & 8) != 0)
            reload(world.mesh->generation);
        advance((int64_t)(bytes.len * bytes.len) * 1000000);
        break;
    case 6:
        if (l->used && l->connecting)
            finish_connect(l, (op & 8) == 0);
        break;
    default:
        world.full = (op & 8) != 0;
        flush(bytes.len);
        return;
    }
    flush(SENT_MAX);
}

static void end_all(void)
{
    world.client.side->ops->broken(world.client.side);
    for (unsigned i = 0; i < SERVICES; i++) {
        struct link *l = &world.links[i];
        if (!l->used)
            continue;
        if (!l->connecting)
            l->s.side->ops->broken(l->s.side);
        close_link(l);
    }
    world.client.side->ops->deinit(world.client.side);
}

static struct mt_generation *first_generation(void)
{
    struct mt_config_problems problems;
    struct mt_addresses a;
    struct mt_policy *policy = mt_config_read(mt_span_str(yaml), &problems);
    require(policy != NULL && mt_addresses_init(&a, 1));
    return mt_generation_new(policy, &a, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mt_generation *first;
    static struct mt_regex_scratch *scratch;
    if (first == NULL) {
        first = first_generation();
        scratch = mt_regex_scratch_new();
    }
    require(first != NULL && scratch != NULL);
    memset(&world, 0, sizeof world);
    mt_pool_init(&world.pool, POOL_BYTES);
    world.host = (struct mt_call_host){.scratch = scratch,
                                       .pool = &world.pool,
                                       .now_ns = 1000000000,
                                       .wall_ns = 1000000000,
                                       .take = take,
                                       .connect = connect_to,
                                       .cancel = cancel,
                                       .row = row};
    mt_wheel_init(&world.host.wheel, world.host.now_ns);
    reload(first);
    if (size > 0) {
        world.client_h2 = (data[0] & 1) != 0;
        world.service_h2 = (data[0] & 2) != 0;
        world.tcp = (data[0] & 4) != 0;
        data++, size--;
    }
    new_client();
    while (size >= 2) {
        size_t n = data[1] < size - 2 ? data[1] : size - 2;
        one_step(data[0], (struct mt_span){data + 2, n});
        data += 2 + n;
        size -= 2 + n;
    }
    end_all();
    require(world.rows == world.requests);
    require(mt_wheel_next_ns(&world.host.wheel) == INT64_MAX ||
            mt_wheel_due(&world.host.wheel, INT64_MAX / 2) == NULL);
    for (unsigned i = 0; i < MT_LIMIT_COUNT; i++)
        require(first->state->services[0].use->used[i] == 0);
    require(world.meshes == 1); /* older ones went with their last call */
    mt_mesh_give(world.mesh);
    require(world.meshes == 0 && first->holders == 1);
    require(world.pool.used_bytes == 0);
    mt_pool_deinit(&world.pool);
    return 0;
}
