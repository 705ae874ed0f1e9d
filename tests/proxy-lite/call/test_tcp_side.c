/* Bytes both ways by themselves: ends, back pressure, resets, and who tells
 * whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proxy-lite/call/tcp_side.h"

enum { POOL_BYTES = 1 << 20 };

/* What a side told, and whom. */
static struct {
    char body[64];
    size_t bodies, ends, rooms, gones, touched;
    enum mt_gone why;
} told;

static void on_head(void *arg, struct mt_head *head, bool end)
{
    (void)arg, (void)head, (void)end;
    fail_msg("bytes have no head");
}

static void on_body(void *arg, struct mt_span bytes)
{
    (void)arg;
    if (bytes.len < sizeof told.body)
        memcpy(told.body, bytes.ptr, bytes.len);
    told.bodies++;
}

static void on_end(void *arg, struct mt_head *trailers)
{
    (void)arg;
    assert_null(trailers);
    told.ends++;
}

static void on_gone(void *arg, enum mt_gone why)
{
    (void)arg;
    told.gones++;
    told.why = why;
}

static void on_room(void *arg)
{
    (void)arg;
    told.rooms++;
}

static const struct mt_stream_events events = {on_head, on_body, on_end,
                                               on_gone, on_room};

static void on_touched(void *arg, struct mt_side *side)
{
    (void)arg, (void)side;
    told.touched++;
}

static const struct mt_side_owner owner = {.touched = on_touched};

struct world {
    struct mt_pool pool;
    struct mt_tcp_side s;
    struct mt_side *side;
    struct mt_stream *stream;
};

static struct world *client(void)
{
    static struct world w;
    memset(&told, 0, sizeof told);
    mt_pool_init(&w.pool, POOL_BYTES);
    mt_tcp_server_init(&w.s, &w.pool, &owner, NULL);
    w.side = &w.s.side;
    w.stream = &w.s.stream;
    w.stream->events = &events;
    return &w;
}

static void done(struct world *w)
{
    w->side->ops->deinit(w->side);
    assert_int_equal(w->pool.used_bytes, 0);
    mt_pool_deinit(&w->pool);
}

static void send_all(struct world *w)
{
    mt_outq_sent(&w->side->out, w->side->out.bytes);
    assert_true(w->side->ops->settle(w->side));
    w->side->ops->sent(w->side, 0);
}

static void test_bytes(void **state)
{
    (void)state;
    struct world *w = client();
    struct iovec iov[2];
    assert_false(w->side->idle); /* it runs from the beginning */
    w->side->ops->feed(w->side, MT_SPAN("\0in"), 0);
    assert_int_equal(told.bodies, 1);
    assert_memory_equal(told.body, "\0in", 3);
    char bytes[] = "out";
    w->stream->ops->body(w->stream, mt_span_str(bytes));
    assert_true(told.touched > 0);
    assert_true(w->side->ops->settle(w->side));
    memset(bytes, 0, sizeof bytes); /* what was lent is copied by now */
    assert_int_equal(mt_outq_peek(&w->side->out, iov, 2), 1);
    assert_memory_equal(iov[0].iov_base, "out", 3);
    done(w);
}

/* Whichever direction ends first, the other one goes on. */
static void test_half_closed(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct world *w = client();
        if (first == 0)
            w->side->ops->eof(w->side);
        else
            w->stream->ops->end(w->stream, NULL);
        assert_int_equal(told.ends, first == 0);
        assert_int_equal(w->side->shut, first == 1);
        assert_false(w->side->closing);
        w->side->ops->eof(w->side);
        w->stream->ops->end(w->stream, NULL);
        assert_int_equal(told.ends, 1); /* told once */
        w->stream->ops->leave(w->stream);
        assert_true(w->side->closing);
        assert_false(w->side->abort); /* all of it was said */
        assert_int_equal(told.gones, 0);
        done(w);
    }
}

static void test_left_before_its_end(void **state)
{
    (void)state;
    for (int half = 0; half < 3; half++) {
        struct world *w = client();
        if (half == 1)
            w->side->ops->eof(w->side);
        if (half == 2)
            w->stream->ops->end(w->stream, NULL);
        w->stream->ops->leave(w->stream);
        assert_true(w->side->closing && w->side->abort);
        w->side->ops->feed(w->side, MT_SPAN("late"), 0); /* to nobody */
        w->side->ops->eof(w->side);
        assert_int_equal(told.bodies, 0);
        done(w);
    }
}

static void test_broken(void **state)
{
    (void)state;
    struct world *w = client();
    w->stream->ops->body(w->stream, MT_SPAN("unsent"));
    w->side->ops->broken(w->side);
    assert_int_equal(told.gones, 1);
    assert_int_equal(told.why, MT_GONE_RESET);
    assert_true(w->side->closing);
    assert_int_equal(w->side->out.bytes, 0);
    w->side->ops->broken(w->side);
    assert_int_equal(told.gones, 1); /* told once */
    done(w);
}

static void test_back_pressure(void **state)
{
    (void)state;
    static uint8_t block[16 << 10];
    struct world *w = client();
    for (int i = 0; i < 4; i++)
        w->stream->ops->body(w->stream, (struct mt_span){block, sizeof block});
    assert_false(w->stream->over_high);
    w->stream->ops->body(w->stream, MT_SPAN("x"));
    assert_true(w->stream->over_high);
    assert_true(w->side->ops->settle(w->side));
    mt_outq_sent(&w->side->out, sizeof block);
    w->side->ops->sent(w->side, 0);
    assert_int_equal(told.rooms, 0); /* not yet */
    send_all(w);
    assert_int_equal(told.rooms, 1);
    assert_false(w->stream->over_high);
    w->stream->ops->pause(w->stream, true);
    assert_true(w->side->paused);
    w->stream->ops->pause(w->stream, false);
    assert_false(w->side->paused);
    done(w);
}

/* A connection to a service is for one stream, and ends with it. */
static void test_service(void **state)
{
    (void)state;
    struct world *w = client();
    done(w);
    mt_pool_init(&w->pool, POOL_BYTES);
    mt_tcp_client_init(&w->s, &w->pool, &owner, NULL);
    assert_true(w->side->takes && w->side->idle);
    assert_ptr_equal(w->side->ops->begin(w->side), w->stream);
    assert_false(w->side->takes || w->side->idle);
    w->side->ops->drain(w->side);
    assert_false(w->side->closing); /* what runs goes on */
    done(w);
    mt_pool_init(&w->pool, POOL_BYTES);
    mt_tcp_client_init(&w->s, &w->pool, &owner, NULL);
    w->side->ops->drain(w->side);
    assert_true(w->side->closing); /* nothing does */
    done(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_half_closed),
        cmocka_unit_test(test_left_before_its_end),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_back_pressure),
        cmocka_unit_test(test_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
