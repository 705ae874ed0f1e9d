/* Property: whatever a client, a service and the clock do, each request ends
 * in one row, and everything is given back.
 *
 * The input is a list of steps: an operation, a length, and its bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy-lite/call/call.h"
#include "proxy-lite/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SERVICES = 4, POOL_BYTES = 16 << 20, SENT_MAX = 1 << 22 };

static const char mesh[] =
    "listeners: [{name: e, address: \"127.0.0.1:1\"}]\n"
    "services: {s: {endpoints: [\"127.0.0.1:2\", \"127.0.0.1:3\"]}}\n"
    "routes:\n"
    "  - {match: {path: /r/*}, to: s, timeout: 50ms,\n"
    "     retry: {on: [5xx, reset, connect-failure], attempts: 2}}\n"
    "  - {match: {path: /x}, respond: {status: 200, body: well}}\n"
    "  - {match: {path: /y}, redirect: {path: /z}}\n"
    "  - {to: s}\n";

struct link {
    struct mt_h1_side h1;
    struct mt_call *call; /* that waits for it */
    uint32_t endpoint;
    bool used, connecting, idle;
};

static struct {
    struct mt_call_host host;
    struct mt_pool pool;
    struct mt_h1_side client;
    struct link links[SERVICES];
    uint64_t rows, requests;
    size_t sent;
    bool full; /* of connections, for now */
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
    mt_call_request(&world.host, s, head, end, 0);
}

static void on_refused(void *arg, struct mt_stream *s,
                       const struct mt_http1_refusal *why)
{
    (void)arg;
    world.requests++;
    mt_call_refused(&world.host, s, why, 0);
}

static void on_free_again(void *arg, struct mt_side *side)
{
    (void)side;
    ((struct link *)arg)->idle = true;
}

static void on_touched(void *arg, struct mt_side *side)
{
    (void)arg, (void)side; /* all are flushed after each step */
}

static const struct mt_side_owner owner = {on_request, on_refused,
                                           on_free_again, on_touched};

static struct mt_side *take_idle(void *arg, uint32_t service, uint32_t endpoint)
{
    (void)arg, (void)service;
    for (unsigned i = 0; i < SERVICES; i++) {
        struct link *l = &world.links[i];
        if (l->used && l->idle && l->endpoint == endpoint &&
            !l->h1.side.closing) {
            l->idle = false;
            return &l->h1.side;
        }
    }
    return NULL;
}

static void *connect_to(void *arg, struct mt_call *c, uint32_t service,
                        uint32_t endpoint, bool *full)
{
    (void)arg, (void)service;
    *full = world.full;
    for (unsigned i = 0; i < SERVICES; i++) {
        struct link *l = &world.links[i];
        if (l->used || world.full)
            continue;
        *l = (struct link){
            .used = true, .connecting = true, .call = c, .endpoint = endpoint};
        mt_h1_client_init(&l->h1, &world.pool, &owner, l);
        return l;
    }
    return NULL;
}

static void close_link(struct link *l)
{
    l->h1.side.ops->deinit(&l->h1.side);
    l->used = false;
}

static void cancel(void *arg, void *connecting)
{
    (void)arg;
    close_link(connecting);
}

static struct mt_stream *begin(void *arg, struct mt_side *side)
{
    (void)arg;
    return mt_h1_client_begin((struct mt_h1_side *)side);
}

static void row(void *arg, const struct mt_exchange *x)
{
    (void)arg;
    require(x->end_ns >= x->req.start_ns && x->outcome < MT_OUTCOME_COUNT);
    world.rows += x->observer == MT_OBSERVER_PROXY_REQUEST;
}

/* ---- flushing ---- */

static void send_some(struct mt_side *side, struct mt_stream *s, size_t most)
{
    struct iovec iov;
    while (most > 0 && mt_outq_peek(&side->out, &iov, 1) > 0) {
        size_t n = iov.iov_len < most ? iov.iov_len : most;
        uint8_t sum = 0; /* the bytes are there */
        for (size_t i = 0; i < n; i++)
            sum ^= ((const uint8_t *)iov.iov_base)[i];
        world.sent += n + (sum & 0);
        mt_outq_sent(&side->out, n);
        most -= n;
    }
    require(mt_outq_settle(&side->out));
    mt_side_sent(side, s);
}

static void new_client(void)
{
    mt_h1_server_init(&world.client, &world.pool, &owner, NULL);
    world.client.side.conn++;
}

static struct mt_stream *stream_of(struct mt_h1_side *h)
{
    return h->open || h->tunnel ? &h->stream : NULL;
}

static void flush(size_t most)
{
    for (unsigned round = 0; round < 4; round++) {
        struct mt_h1_side *c = &world.client;
        send_some(&c->side, stream_of(c), most);
        if (c->side.closing && c->side.out.bytes == 0) {
            c->side.ops->broken(&c->side);
            c->side.ops->deinit(&c->side);
            new_client();
        } else if (mt_h1_side_wants_feed(c)) {
            c->side.ops->feed(&c->side, (struct mt_span){.ptr = NULL},
                              world.host.now_ns);
        }
        for (unsigned i = 0; i < SERVICES; i++) {
            struct link *l = &world.links[i];
            if (!l->used || l->connecting)
                continue;
            send_some(&l->h1.side, stream_of(&l->h1), most);
            if (l->h1.side.closing && l->h1.side.out.bytes == 0) {
                l->h1.side.ops->broken(&l->h1.side);
                close_link(l);
            }
        }
    }
}

/* ---- steps ---- */

static void feed(struct mt_side *side, struct mt_span bytes)
{
    uint8_t *copy = malloc(bytes.len + 1);
    require(copy != NULL);
    memcpy(copy, bytes.ptr, bytes.len);
    if (!side->paused && !side->closing)
        side->ops->feed(side, (struct mt_span){copy, bytes.len},
                        world.host.now_ns);
    flush(SENT_MAX); /* what was lent is sent or copied */
    memset(copy, 0xee, bytes.len);
    free(copy);
}

static void advance(int64_t ns)
{
    struct mt_deadline *d;
    world.host.now_ns += ns;
    while ((d = mt_wheel_due(&world.host.wheel, world.host.now_ns)) != NULL)
        d->met(d->arg);
}

static void finish_connect(struct link *l, bool made)
{
    struct mt_call *call = l->call;
    l->connecting = false;
    if (made) {
        mt_call_connected(call, &l->h1.side);
        return;
    }
    close_link(l);
    mt_call_not_connected(call, false);
}

static void one_step(uint8_t op, struct mt_span bytes)
{
    struct link *l = &world.links[op >> 4 & (SERVICES - 1)];
    bool up = l->used && !l->connecting;
    switch (op & 7) {
    case 0:
        feed(&world.client.side, bytes);
        break;
    case 1:
        if (up)
            feed(&l->h1.side, bytes);
        break;
    case 2:
        if (up && !l->h1.side.closing)
            l->h1.side.ops->eof(&l->h1.side);
        break;
    case 3:
        if (up)
            l->h1.side.ops->broken(&l->h1.side);
        break;
    case 4:
        if (!world.client.side.closing) {
            if ((op & 8) != 0)
                world.client.side.ops->eof(&world.client.side);
            else
                world.client.side.ops->broken(&world.client.side);
        }
        break;
    case 5:
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
    world.client.side.ops->broken(&world.client.side);
    for (unsigned i = 0; i < SERVICES; i++) {
        struct link *l = &world.links[i];
        if (!l->used)
            continue;
        if (!l->connecting)
            l->h1.side.ops->broken(&l->h1.side);
        close_link(l);
    }
    world.client.side.ops->deinit(&world.client.side);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mt_addr addresses[2] = {{.port = 2}, {.port = 3}};
    static const struct mt_addr *const endpoints[1] = {addresses};
    static struct mt_policy *policy;
    static struct mt_regex_scratch *scratch;
    struct mt_config_problems problems;
    if (policy == NULL) {
        policy = mt_config_read(mt_span_str(mesh), &problems);
        scratch = mt_regex_scratch_new();
    }
    require(policy != NULL && scratch != NULL);
    struct mt_policy_state *state = mt_policy_state_new(policy, NULL);
    struct mt_endpoint_load loads[2];
    struct mt_balancer balancer;
    require(state != NULL);
    memset(&world, 0, sizeof world);
    mt_pool_init(&world.pool, POOL_BYTES);
    world.host = (struct mt_call_host){.policy = policy,
                                       .state = state,
                                       .balancers = &balancer,
                                       .scratch = scratch,
                                       .endpoints = endpoints,
                                       .pool = &world.pool,
                                       .now_ns = 1000000000,
                                       .wall_ns = 1000000000,
                                       .take_idle = take_idle,
                                       .connect = connect_to,
                                       .cancel = cancel,
                                       .begin = begin,
                                       .row = row};
    mt_wheel_init(&world.host.wheel, world.host.now_ns);
    mt_balancer_init(&balancer, policy->services[0], &state->services[0], loads,
                     world.host.now_ns, &world.host.random);
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
        require(state->services[0].used[i] == 0);
    for (unsigned i = 0; i < 2; i++)
        require(loads[i].running == 0);
    require(world.pool.used_bytes == 0);
    mt_pool_deinit(&world.pool);
    mt_policy_state_free(state);
    return 0;
}
