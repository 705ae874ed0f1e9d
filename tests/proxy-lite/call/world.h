/* A client, a service of two endpoints, and a clock, all scripted: what
 * loop/ is to calls, without a socket. */
#ifndef MT_TESTS_PROXY_LITE_CALL_WORLD_H
#define MT_TESTS_PROXY_LITE_CALL_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "proxy-lite/call/call.h"
#include "proxy-lite/call/h1_side.h"
#include "proxy-lite/config/config.h"

enum {
    LINKS = 8,
    ROWS = 16,
    TEXT_BYTES = 1 << 18,
    ENDPOINTS = 2,
    POOL_BYTES = 16 << 20,
};

#define START_NS INT64_C(1000000000000)

/* What a side sent, and how it ended. */
struct far_end {
    char text[TEXT_BYTES];
    size_t len;
    bool closed, reset, deaf; /* deaf: it reads nothing */
};

struct link {
    struct mt_h1_side h1;
    struct mt_call_wait *wait; /* for it */
    struct far_end got;        /* by the service */
    uint32_t endpoint;
    bool used, connecting;
};

/* Of a row, what there is to be checked. */
struct told {
    uint8_t observer, protocol, error, outcome;
    uint16_t status;
    int16_t grpc_status;
    char reason[64], why_not[32], authority[64], path[64], endpoint[32];
};

struct world {
    struct mt_generation *generation;
    struct mt_mesh mesh;
    const struct mt_policy *policy; /* of it */
    struct mt_policy_state *state;
    struct mt_regex_scratch *scratch;
    struct mt_call_host host;
    struct mt_pool pool;
    struct mt_h1_side client;
    struct far_end got; /* by the client */
    struct link links[LINKS];
    struct link *last; /* the newest connection to the service */
    unsigned connects;
    bool full; /* the service has as many connections as it may */
    struct told rows[ROWS];
    unsigned rows_count;
};

static struct world world;

/* ---- the host ---- */

static inline void w_request(void *arg, struct mt_stream *s,
                             struct mt_head *head, bool end)
{
    (void)arg;
    mt_call_request(&world.host, s, head, end,
                    &(struct mt_call_listener){&world.mesh, 0});
}

static inline void w_refused(void *arg, struct mt_stream *s,
                             struct mt_head *head,
                             const struct mt_http1_refusal *why)
{
    (void)arg;
    mt_call_refused(&world.host, s, head, why,
                    &(struct mt_call_listener){&world.mesh, 0});
}

static inline void w_free_again(void *arg, struct mt_side *side)
{
    (void)arg;
    assert_true(side->takes); /* looked for when it is wanted */
}

static inline void w_touched(void *arg, struct mt_side *side)
{
    (void)arg, (void)side; /* all are flushed after each step */
}

static const struct mt_side_owner w_owner = {w_request, w_refused, w_free_again,
                                             w_touched};

static inline struct mt_side *w_take(void *arg, struct mt_mesh *mesh,
                                     struct mt_place to, bool h2)
{
    (void)arg, (void)mesh, (void)h2;
    for (unsigned i = 0; i < LINKS; i++) {
        struct link *l = &world.links[i];
        if (l->used && !l->connecting && l->h1.side.takes &&
            l->endpoint == to.endpoint && !l->h1.side.closing) {
            world.last = l;
            return &l->h1.side;
        }
    }
    return NULL;
}

static inline bool w_connect(void *arg, struct mt_call_wait *wait,
                             struct mt_mesh *mesh, struct mt_place to, bool h2,
                             bool *full)
{
    (void)arg, (void)mesh, (void)h2;
    *full = world.full;
    if (*full)
        return false;
    struct link *l = world.links;
    while (l->used)
        l++;
    assert_true(l < world.links + LINKS);
    l->used = l->connecting = true;
    l->wait = wait;
    wait->on = l;
    l->endpoint = to.endpoint;
    l->got.len = 0;
    l->got.closed = l->got.reset = l->got.deaf = false;
    mt_h1_client_init(&l->h1, &world.pool, &w_owner, l);
    world.last = l;
    world.connects++;
    return true;
}

static inline void w_close(struct link *l, bool reset)
{
    l->got.closed = !reset;
    l->got.reset = reset;
    l->h1.side.ops->deinit(&l->h1.side);
    l->used = l->connecting = false;
}

static inline void w_cancel(void *arg, struct mt_call_wait *wait)
{
    (void)arg;
    w_close(wait->on, false);
}

static inline void w_copy(char *out, size_t room, struct mt_span s)
{
    size_t n = s.len < room - 1 ? s.len : room - 1;
    if (n > 0)
        memcpy(out, s.ptr, n);
    out[n] = '\0';
}

static inline void w_row(void *arg, const struct mt_exchange *x)
{
    (void)arg;
    assert_true(world.rows_count < ROWS);
    assert_true(x->end_ns >= x->req.start_ns);
    struct told *t = &world.rows[world.rows_count++];
    *t = (struct told){.observer = x->observer,
                       .protocol = x->protocol,
                       .error = x->error,
                       .outcome = x->outcome,
                       .status = x->status,
                       .grpc_status = x->grpc_status};
    w_copy(t->reason, sizeof t->reason, x->error_message);
    w_copy(t->why_not, sizeof t->why_not, x->why_not_retried);
    w_copy(t->authority, sizeof t->authority, x->authority);
    w_copy(t->path, sizeof t->path, x->path);
    w_copy(t->endpoint, sizeof t->endpoint, x->endpoint);
}

/* ---- life ---- */

static inline void w_unused(struct mt_mesh *m)
{
    mt_mesh_deinit(m);
}

static inline void w_begin_mesh(const char *text)
{
    struct mt_config_problems problems;
    struct mt_addresses a;
    struct mt_policy *policy = mt_config_read(mt_span_str(text), &problems);
    assert_non_null(policy);
    assert_true(mt_addresses_init(&a, 1));
    a.list[0] = calloc(ENDPOINTS, sizeof *a.list[0]);
    assert_non_null(a.list[0]);
    a.counts[0] = ENDPOINTS;
    for (unsigned i = 0; i < ENDPOINTS; i++)
        a.list[0][i] = (struct mt_addr){
            .ip = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1},
            .port = (uint16_t)(2 + i)};
    world.generation = mt_generation_new(policy, &a, NULL);
    assert_non_null(world.generation);
    assert_true(mt_mesh_init(&world.mesh, world.generation, w_unused));
    mt_mesh_begin(mt_mesh_take(&world.mesh), NULL, world.host.now_ns,
                  &world.host.random);
    world.policy = world.generation->policy;
    world.state = world.generation->state;
}

static inline void world_begin(const char *mesh)
{
    memset(&world, 0, sizeof world);
    world.scratch = mt_regex_scratch_new();
    mt_pool_init(&world.pool, POOL_BYTES);
    world.host = (struct mt_call_host){.scratch = world.scratch,
                                       .pool = &world.pool,
                                       .now_ns = START_NS,
                                       .wall_ns = START_NS,
                                       .take = w_take,
                                       .connect = w_connect,
                                       .cancel = w_cancel,
                                       .row = w_row};
    mt_wheel_init(&world.host.wheel, world.host.now_ns);
    w_begin_mesh(mesh);
    mt_h1_server_init(&world.client, &world.pool, &w_owner, NULL);
    world.client.side.conn = 1;
}

/* ---- bytes out ---- */

static inline void w_send(struct mt_side *side, struct far_end *to)
{
    struct iovec iov;
    side->ops->fill(side);
    while (!to->deaf && mt_outq_peek(&side->out, &iov, 1) > 0) {
        assert_true(to->len + iov.iov_len < sizeof to->text);
        memcpy(to->text + to->len, iov.iov_base, iov.iov_len);
        to->len += iov.iov_len;
        mt_outq_sent(&side->out, iov.iov_len);
    }
    to->text[to->len] = '\0';
    assert_true(side->ops->settle(side));
    if (!side->closing)
        side->ops->sent(side, world.host.now_ns);
}

static inline bool w_ends(const struct mt_side *side)
{
    return side->closing && (side->out.bytes == 0 || side->abort);
}

static inline void w_flush(void)
{
    for (unsigned round = 0; round < 4; round++) {
        struct mt_h1_side *c = &world.client;
        w_send(&c->side, &world.got);
        if (w_ends(&c->side)) {
            world.got.reset = world.got.reset || c->side.abort;
            world.got.closed = !world.got.reset;
        }
        for (unsigned i = 0; i < LINKS; i++) {
            struct link *l = &world.links[i];
            if (!l->used || l->connecting)
                continue;
            w_send(&l->h1.side, &l->got);
            if (w_ends(&l->h1.side))
                w_close(l, l->h1.side.abort);
        }
    }
}

/* In a copy of its own size, gone afterwards. */
static inline void w_feed(struct mt_side *side, const char *bytes, size_t n)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    assert_true(side->closing || !side->paused); /* they would wait */
    if (!side->closing)
        side->ops->feed(side, (struct mt_span){copy, n}, world.host.now_ns);
    w_flush();
    memset(copy, 0xee, n);
    free(copy);
}

/* ---- what happens ---- */

static inline void client_sends(const char *text)
{
    w_feed(&world.client.side, text, strlen(text));
}

static inline void service_sends(const char *text)
{
    assert_true(world.last != NULL && world.last->used);
    w_feed(&world.last->h1.side, text, strlen(text));
}

static inline void service_connects(bool made)
{
    struct link *l = world.last;
    struct mt_call *call = l->wait->call;
    assert_true(l->used && l->connecting);
    l->connecting = false;
    if (made) {
        mt_call_connected(call, &l->h1.side);
    } else {
        w_close(l, false);
        mt_call_not_connected(call, false);
    }
    w_flush();
}

static inline void side_ends(struct mt_side *side, bool reset)
{
    if (reset)
        side->ops->broken(side);
    else if (!side->closing)
        side->ops->eof(side);
    w_flush();
}

static inline void time_goes(int64_t ms)
{
    int64_t until = world.host.now_ns + ms * 1000000;
    struct mt_deadline *d;
    while (world.host.now_ns < until) {
        world.host.now_ns += 1000000;
        while ((d = mt_wheel_due(&world.host.wheel, world.host.now_ns)) != NULL)
            d->met(d->arg);
        w_flush();
    }
}

/* Everything ends; everything was given back. */
static inline void world_end(void)
{
    if (!world.client.side.closing)
        world.client.side.ops->broken(&world.client.side);
    w_flush();
    for (unsigned i = 0; i < LINKS; i++) {
        struct link *l = &world.links[i];
        if (!l->used)
            continue;
        assert_false(l->connecting);
        l->h1.side.ops->broken(&l->h1.side);
        w_close(l, true);
    }
    world.client.side.ops->deinit(&world.client.side);
    for (unsigned i = 0; i < MT_LIMIT_COUNT; i++)
        assert_int_equal(world.state->services[0].use->used[i], 0);
    for (unsigned i = 0; i < ENDPOINTS; i++)
        assert_int_equal(world.mesh.balancers[0].loads[i].running, 0);
    assert_int_equal(world.pool.used_bytes, 0);
    assert_null(world.host.first_queued);
    assert_null(mt_wheel_due(&world.host.wheel, INT64_MAX / 2));
    mt_pool_deinit(&world.pool);
    assert_int_equal(world.mesh.holders, 1); /* no call has it any more */
    mt_mesh_give(&world.mesh);
    mt_generation_give(world.generation);
    mt_regex_scratch_free(world.scratch);
}

static inline unsigned rows_of_requests(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < world.rows_count; i++)
        n += world.rows[i].observer == MT_OBSERVER_PROXY_REQUEST;
    return n;
}

/* The row of the request; there is one of that kind. */
static inline struct told the_row(void)
{
    struct told found = {0};
    assert_int_equal(rows_of_requests(), 1);
    for (unsigned i = 0; i < world.rows_count; i++)
        if (world.rows[i].observer == MT_OBSERVER_PROXY_REQUEST)
            found = world.rows[i];
    return found;
}

#endif
