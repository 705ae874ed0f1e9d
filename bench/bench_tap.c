/* bench_tap [FILE]: nanoseconds a packet in the tap, packets in memory.
 *
 * Without a file: 800 000 packets of HTTP/1.1 keep-alive conversations, as raw
 * IP, over 1, 1 000 and 100 000 flows in turn. Each figure is the best
 * of several runs of
 *
 *   layers  headers only
 *   flows   and duplicates, flow table, reassembly
 *   decode  and detection, decoders, finished exchanges thrown away */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/tap.h"

enum {
    ROUNDS = 7,
    LINK_RAW = 101,
    HEADERS = 52, /* IP, TCP with timestamps */
    PACKET_MAX = 256,
    PACKETS_A_CALL = 4,
};

struct packets {
    struct mt_packet *list;
    size_t count;
};

/* ---- where bytes go when nothing decodes them ---- */

static struct mt_conn_stats unused;

static void *null_open(void *context, const struct mt_conn_start *start,
                       struct mt_conn_stats **stats)
{
    (void)start;
    *stats = &unused;
    return context;
}

static void null_feed(void *conn, int side, const struct mt_chunk *chunk)
{
    (void)conn, (void)side, (void)chunk;
}

static void null_gap(void *conn, int side, uint64_t n, int64_t ts_ns)
{
    (void)conn, (void)side, (void)n, (void)ts_ns;
}

static void null_end(void *conn, int side, enum mt_end end, int64_t ts_ns)
{
    (void)conn, (void)side, (void)end, (void)ts_ns;
}

static bool null_is_decoded(const void *conn)
{
    (void)conn;
    return true;
}

static void null_close(void *conn, enum mt_end end, int64_t ts_ns)
{
    (void)conn, (void)end, (void)ts_ns;
}

static void null_refused(void *context, const struct mt_conn_start *start,
                         enum mt_error error, int64_t ts_ns)
{
    (void)context, (void)start, (void)error, (void)ts_ns;
}

static const struct mt_tap_sink null_sink = {
    .open = null_open,
    .feed = null_feed,
    .gap = null_gap,
    .end = null_end,
    .is_decoded = null_is_decoded,
    .close = null_close,
    .refused = null_refused,
};

/* ---- packets ---- */

static void *must(void *p)
{
    if (p == NULL) {
        fputs("bench_tap: no memory\n", stderr);
        exit(1);
    }
    return p;
}

static void be16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void be32(uint8_t *p, uint32_t v)
{
    be16(p, v >> 16);
    be16(p + 2, v);
}

struct talk {
    uint32_t flow, seq[2];
};

static void add(struct packets *all, struct talk *t, int side, unsigned flags,
                const char *text)
{
    size_t len = strlen(text);
    uint8_t *b = must(calloc(1, PACKET_MAX));
    uint32_t client = 0x0a000000u + t->flow / 16;
    uint16_t port = (uint16_t)(32768 + t->flow % 16);
    b[0] = 0x45;
    be16(b + 2, (uint32_t)(HEADERS + len));
    be16(b + 4, (uint32_t)(all->count % 65535 + 1));
    b[8] = 64;
    b[9] = 6;
    be32(b + 12, side == 0 ? client : 0x0a800001u);
    be32(b + 16, side == 0 ? 0x0a800001u : client);
    be16(b + 20, side == 0 ? port : 80);
    be16(b + 22, side == 0 ? 80 : port);
    be32(b + 24, t->seq[side]);
    be32(b + 28, t->seq[1 - side]);
    b[32] = 8 << 4;
    b[33] = (uint8_t)flags;
    be16(b + 34, 500);
    b[40] = b[41] = 1;
    b[42] = 8;
    b[43] = 10;
    be32(b + 44, (uint32_t)all->count);
    memcpy(b + HEADERS, text, len);
    t->seq[side] += (uint32_t)len + ((flags & (MT_TCP_SYN)) != 0);
    all->list[all->count] = (struct mt_packet){
        .ts_ns =
            INT64_C(1700000000000000000) + (int64_t)all->count * INT64_C(2000),
        .bytes = {.ptr = b, .len = HEADERS + len},
        .wire_bytes = (uint32_t)(HEADERS + len),
        .link_type = LINK_RAW,
        .ref = all->count,
    };
    all->count++;
}

/* A request and its response, as loopback shows them: each acknowledged. */
static void add_call(struct packets *all, struct talk *t)
{
    add(all, t, 0, MT_TCP_ACK | MT_TCP_PSH,
        "GET /items/42 HTTP/1.1\r\nHost: shop\r\nUser-Agent: bench\r\n\r\n");
    add(all, t, 1, MT_TCP_ACK, "");
    add(all, t, 1, MT_TCP_ACK | MT_TCP_PSH,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        "Content-Length: 27\r\n\r\n{\"id\": 42, \"price\": 1290}\r\n");
    add(all, t, 0, MT_TCP_ACK, "");
}

static struct packets make_packets(size_t flows, size_t calls)
{
    struct packets all = {.count = 0};
    struct talk *talks = must(calloc(flows, sizeof *talks));
    all.list =
        must(calloc(flows * 3 + calls * PACKETS_A_CALL, sizeof *all.list));
    for (size_t i = 0; i < flows; i++) {
        talks[i] = (struct talk){.flow = (uint32_t)i, .seq = {1000, 2000}};
        add(&all, &talks[i], 0, MT_TCP_SYN, "");
        add(&all, &talks[i], 1, MT_TCP_SYN | MT_TCP_ACK, "");
        add(&all, &talks[i], 0, MT_TCP_ACK, "");
    }
    uint64_t random = 1;
    for (size_t i = 0; i < calls; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        add_call(&all, &talks[(random >> 33) % flows]);
    }
    free(talks);
    return all;
}

static struct packets read_packets(const char *path)
{
    struct packets all = {.count = 0};
    struct mt_source_options options = {.number = 0};
    struct mt_problem why;
    struct mt_source *s;
    struct mt_item item;
    size_t room = 0;
    if (mt_source_open_file(&s, path, &options, &why) < 0) {
        fprintf(stderr, "bench_tap: %s\n", why.text);
        exit(1);
    }
    while (mt_source_next(s, &item) == MT_EVENT) {
        if (item.kind != MT_ITEM_PACKET)
            continue;
        if (all.count == room) {
            room = room * 2 + 1024;
            all.list = must(realloc(all.list, room * sizeof *all.list));
        }
        struct mt_packet p = item.packet;
        uint8_t *copy = must(malloc(p.bytes.len + 1));
        memcpy(copy, p.bytes.ptr, p.bytes.len);
        p.bytes.ptr = copy;
        all.list[all.count++] = p;
    }
    mt_source_free(s);
    return all;
}

static void free_packets(struct packets *all)
{
    for (size_t i = 0; i < all->count; i++) {
        union {
            const uint8_t *borrowed;
            void *owned;
        } u = {.borrowed = all->list[i].bytes.ptr};
        free(u.owned);
    }
    free(all->list);
}

/* ---- runs ---- */

static double now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t sink_hole; /* so that nothing is optimised away */

static double run_layers(const struct packets *all)
{
    struct mt_pool pool;
    struct mt_layers layers;
    struct mt_segment s;
    mt_pool_init(&pool, 8 << 20);
    mt_layers_init(&layers, &pool);
    double start = now_ns();
    for (size_t i = 0; i < all->count; i++)
        if (mt_layers_next(&layers, &all->list[i], &s) == MT_EVENT)
            sink_hole += s.seq;
    double spent = now_ns() - start;
    mt_layers_deinit(&layers);
    mt_pool_deinit(&pool);
    return spent;
}

static double run_tap(const struct packets *all, const struct mt_tap_sink *sink)
{
    struct mt_tap_config config = {.sink = sink, .sink_context = &unused};
    struct mt_tap *tap = must(mt_tap_new(&config));
    double start = now_ns();
    for (size_t i = 0; i < all->count; i++) {
        mt_tap_packet(tap, &all->list[i]);
        while (mt_tap_next(tap) != NULL)
            sink_hole++;
    }
    double spent = now_ns() - start;
    mt_tap_end(tap);
    while (mt_tap_next(tap) != NULL)
        sink_hole++;
    mt_tap_free(tap);
    return spent;
}

static double run_flows(const struct packets *all)
{
    return run_tap(all, &null_sink);
}

static double run_decode(const struct packets *all)
{
    return run_tap(all, NULL);
}

static double best_ns(const struct packets *all,
                      double (*run)(const struct packets *))
{
    double best = run(all);
    for (int i = 1; i < ROUNDS; i++) {
        double spent = run(all);
        best = spent < best ? spent : best;
    }
    return best / (double)all->count;
}

static void report(const char *name, struct packets *all)
{
    if (all->count > 0)
        printf("| %s | %zu | %.0f | %.0f | %.0f |\n", name, all->count,
               best_ns(all, run_layers), best_ns(all, run_flows),
               best_ns(all, run_decode));
    free_packets(all);
}

int main(int argc, char **argv)
{
    static const size_t flows[] = {1, 1000, 100000};
    puts("| packets of | number | layers ns | flows ns | decode ns |");
    puts("|---|---:|---:|---:|---:|");
    for (size_t i = 0; argc < 2 && i < sizeof flows / sizeof flows[0]; i++) {
        char name[64];
        struct packets all = make_packets(flows[i], 200000);
        (void)snprintf(name, sizeof name, "%zu flows", flows[i]);
        report(name, &all);
    }
    for (int i = 1; i < argc; i++) {
        struct packets all = read_packets(argv[i]);
        report(argv[i], &all);
    }
    return 0;
}
