/* HPACK of one who misses header blocks: a model of three kinds of traffic,
 * made by nghttp2's deflater, of which blocks are lost. What is counted is
 * every value that is given out: right, wrong, or unknown (EDGES row 29). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/hpack.h"

enum { FIELDS = 16, VALUE = 96 };

/* One message, its texts made on the spot. */
struct message {
    nghttp2_nv nv[FIELDS];
    uint8_t text[FIELDS][2][VALUE];
    size_t count;
    enum mt_hpack_block kind;
};

static uint64_t seed;

static unsigned below(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

/* Small numbers often, large ones seldom. */
static unsigned zipf(unsigned n)
{
    return below(1 + below(1 + below(n)));
}

__attribute__((format(printf, 3, 4))) static void
add(struct message *m, const char *name, const char *form, ...)
{
    va_list ap;
    uint8_t(*t)[VALUE] = m->text[m->count];
    (void)snprintf((char *)t[0], VALUE, "%s", name);
    va_start(ap, form);
    (void)vsnprintf((char *)t[1], VALUE, form, ap);
    va_end(ap);
    m->nv[m->count++] =
        (nghttp2_nv){t[0], t[1], strlen((char *)t[0]), strlen((char *)t[1]),
                     NGHTTP2_NV_FLAG_NONE};
}

/* A service behind a gateway: ids in paths, traces, some metadata. */
static void mesh_request(struct message *m, unsigned i)
{
    (void)i;
    m->kind = MT_HPACK_REQUEST;
    bool post = below(5) == 0;
    add(m, ":method", post ? "POST" : "GET");
    add(m, ":scheme", "http");
    add(m, ":authority", "orders.shop.svc:8080");
    add(m, ":path", "/api/v1/%s/%u",
        (const char *[]){"users", "orders", "carts"}[zipf(3)], zipf(500));
    add(m, "user-agent", "shop-gateway/2.%u", 3u);
    add(m, "accept", "application/json");
    add(m, "accept-encoding", "gzip");
    if (post) {
        add(m, "content-type", "application/json");
        add(m, "content-length", "%u", 100 + below(3000));
    }
    add(m, "x-tenant", "tenant-%u", zipf(30));
    add(m, "traceparent", "00-%08x%08x%08x%08x-%08x%08x-01", below(~0u),
        below(~0u), below(~0u), below(~0u), below(~0u), below(~0u));
    if (below(2) == 0)
        add(m, "x-request-id", "%08x-%08x", below(~0u), below(~0u));
}

static void mesh_response(struct message *m, unsigned i)
{
    m->kind = MT_HPACK_RESPONSE;
    add(m, ":status", "%u",
        (const unsigned[]){200, 201, 404, 500, 302, 503}[zipf(6)]);
    add(m, "content-type", "%s",
        (const char *[]){"application/json", "text/plain",
                         "text/html"}[zipf(3)]);
    add(m, "content-length", "%u", 20 + zipf(900));
    add(m, "date", "Mon, 21 Oct 2013 20:%02u:%02u GMT", i / 6000 % 60,
        i / 100 % 60);
    add(m, "server", "orders/1.7");
    add(m, "vary", "accept-encoding");
    add(m, "x-upstream-time", "%u", zipf(400));
    if (below(3) == 0)
        add(m, "etag", "\"%08x\"", below(~0u));
}

static void grpc_request(struct message *m, unsigned i)
{
    (void)i;
    m->kind = MT_HPACK_REQUEST;
    add(m, ":method", "POST");
    add(m, ":scheme", "http");
    add(m, ":path", "/shop.v1.Orders/%s",
        (const char *[]){"Get", "List", "Create", "Cancel"}[zipf(4)]);
    add(m, ":authority", "orders:50051");
    add(m, "content-type", "application/grpc");
    add(m, "user-agent", "grpc-go/1.50.1");
    add(m, "te", "trailers");
    add(m, "grpc-timeout", "%uu", 900000 + below(99999));
    add(m, "x-b3-traceid", "%08x%08x", below(~0u), below(~0u));
    add(m, "x-b3-spanid", "%08x%08x", below(~0u), below(~0u));
}

static void grpc_response(struct message *m, unsigned i)
{
    if (i % 2 == 0) {
        m->kind = MT_HPACK_RESPONSE;
        add(m, ":status", "200");
        add(m, "content-type", "application/grpc");
        add(m, "x-served-by", "pod-%u", zipf(5));
        return;
    }
    m->kind = MT_HPACK_TRAILERS;
    unsigned code = below(10) == 0 ? 1 + zipf(15) : 0;
    add(m, "grpc-status", "%u", code);
    add(m, "grpc-message", "%s%u", code > 0 ? "failed: " : "", code);
}

/* A connection that many clients share: constants vary. */
static void shared_request(struct message *m, unsigned i)
{
    (void)i;
    m->kind = MT_HPACK_REQUEST;
    add(m, ":method", below(4) == 0 ? "POST" : "GET");
    add(m, ":scheme", "http");
    add(m, ":authority", "%s.example.com",
        (const char *[]){"www", "api", "img", "static"}[zipf(4)]);
    add(m, ":path", "/%x", zipf(2000));
    add(m, "user-agent", "Mozilla/5.0 (client %u)", zipf(20));
    add(m, "accept", "%s", below(2) == 0 ? "*/*" : "text/html");
    add(m, "accept-language", "%s",
        (const char *[]){"en", "de", "fr"}[zipf(3)]);
    add(m, "x-forwarded-for", "203.0.113.%u", zipf(250));
    add(m, "via", "2 edge-1");
}

struct tally {
    uint64_t right, wrong, unknown, nameless, lost_blocks, resets;
};

static void compare(struct mt_hpack *h, const struct message *m,
                    const uint8_t *block, size_t len, struct tally *t)
{
    struct mt_hpack_field f;
    mt_hpack_begin(h, (struct mt_span){block, len}, m->kind);
    for (size_t i = 0; i < m->count; i++) {
        const nghttp2_nv *nv = &m->nv[i];
        if (mt_hpack_next(h, &f) != MT_EVENT) {
            t->unknown += m->count - i;
            return;
        }
        bool known = f.known == MT_HPACK_KNOWN;
        bool same =
            mt_span_eq(f.name, (struct mt_span){nv->name, nv->namelen}) &&
            mt_span_eq(f.value, (struct mt_span){nv->value, nv->valuelen});
        t->right += known && same;
        t->wrong += known && !same;
        t->unknown += !known;
        t->nameless += f.known == MT_HPACK_KNOWN_VALUE;
    }
    assert_int_equal(mt_hpack_next(h, &f), MT_DONE);
}

struct traffic {
    const char *name;
    void (*make)(struct message *m, unsigned i);
    unsigned loss_per_mille_tenths; /* of blocks, in 1/10000 */
    unsigned burst;                 /* up to so many in a row */
    bool late;
};

static struct tally run(const struct traffic *tr, unsigned blocks)
{
    struct mt_pool pool;
    struct mt_hpack h;
    struct tally t = {0, 0, 0, 0, 0, 0};
    nghttp2_hd_deflater *d;
    unsigned losing = 0;
    mt_pool_init(&pool, 1u << 20);
    mt_hpack_init(&h, &pool, tr->late);
    assert_int_equal(nghttp2_hd_deflate_new(&d, 4096), 0);
    seed = 42;
    for (unsigned i = 0; i < blocks; i++) {
        struct message m = {.count = 0};
        uint8_t block[2048];
        tr->make(&m, i);
        ssize_t len =
            nghttp2_hd_deflate_hd(d, block, sizeof block, m.nv, m.count);
        assert_true(len > 0);
        if (losing == 0 && below(10000) < tr->loss_per_mille_tenths)
            losing = 1 + below(tr->burst);
        if (losing > 0 || (tr->late && i < 100)) {
            t.lost_blocks++;
            if (losing > 0 && --losing == 0)
                mt_hpack_lost(&h);
            continue;
        }
        compare(&h, &m, block, (size_t)len, &t);
    }
    t.resets = h.resets;
    nghttp2_hd_deflate_del(d);
    mt_hpack_deinit(&h);
    mt_pool_deinit(&pool);
    return t;
}

/* In percent; a known value of a name that is not known counts apart. */
static void report(const struct traffic *tr, double *right, double *wrong,
                   double *nameless)
{
    struct tally t = run(tr, 40000);
    double all = (double)(t.right + t.wrong + t.unknown);
    *right = 100.0 * (double)t.right / all;
    *wrong = 100.0 * (double)t.wrong / all;
    *nameless = 100.0 * (double)t.nameless / all;
    printf("%-16s lost %5.2f %%  right %7.3f %%  wrong %7.4f %%  unknown "
           "%6.3f %% (nameless %.3f %%)  resets %u\n",
           tr->name, (double)t.lost_blocks / 400.0, *right, *wrong,
           100.0 * (double)t.unknown / all, *nameless, (unsigned)t.resets);
}

/* Nothing is lost: everything is right. */
static void test_no_loss(void **state)
{
    (void)state;
    double right, wrong, nameless;
    report(&(struct traffic){"mesh", mesh_request, 0, 1, false}, &right, &wrong,
           &nameless);
    assert_true(right > 99.9999);
}

static const struct traffic half_percent[] = {
    {"mesh requests", mesh_request, 50, 1, false},
    {"mesh responses", mesh_response, 50, 1, false},
    {"grpc requests", grpc_request, 50, 1, false},
    {"grpc responses", grpc_response, 50, 1, false},
    {"shared requests", shared_request, 50, 1, false},
    {"mesh bursts", mesh_request, 20, 8, false},
    {"response bursts", mesh_response, 20, 8, false},
};

static void test_half_percent_loss(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof half_percent / sizeof half_percent[0]; i++) {
        double right, wrong, nameless;
        report(&half_percent[i], &right, &wrong, &nameless);
        assert_true(right >= 98.0);
        assert_true(wrong <= 0.02);
    }
}

/* Joined after 100 blocks. A name that is never spelt out again stays unknown,
 * its values do not; and nothing is wrong. */
static void test_late(void **state)
{
    (void)state;
    double right, wrong, nameless;
    const struct traffic late = {"mesh, late", mesh_request, 0, 1, true};
    report(&late, &right, &wrong, &nameless);
    assert_true(wrong == 0.0);
    assert_true(right + nameless >= 98.0);
}

static void test_heavy_loss(void **state)
{
    (void)state;
    double right, wrong, nameless;
    const struct traffic heavy = {"mesh, 5 %", mesh_request, 500, 1, false};
    report(&heavy, &right, &wrong, &nameless);
    assert_true(right + nameless >= 90.0);
    assert_true(wrong <= 0.05);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_loss),
        cmocka_unit_test(test_half_percent_loss),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_heavy_loss),
    };
    return cmocka_run_group_tests_name("decode/hpack_loss", tests, NULL, NULL);
}
