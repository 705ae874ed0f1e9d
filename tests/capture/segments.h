/* Hand-made segments, and a log of what reassembly and the tap hand on: one
 * word an event, such as "0:GET", "1~1460" (gap), "0.FIN". */
#ifndef MT_TESTS_CAPTURE_SEGMENTS_H
#define MT_TESTS_CAPTURE_SEGMENTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/tap.h"

#define MS_NS INT64_C(1000000)
#define S_NS INT64_C(1000000000)
#define T0_NS (INT64_C(1700000000) * S_NS)

enum {
    F = MT_TCP_FIN,
    S = MT_TCP_SYN,
    R = MT_TCP_RST,
    A = MT_TCP_ACK,
};

struct log {
    char text[4096];
    size_t used;
    int64_t last_ts_ns; /* of the chunk fed last */
    unsigned open;      /* connections now */
    unsigned opened;
    struct mt_conn_start start; /* of the one opened last */
    struct mt_conn_stats stats; /* of the one closed last */
};

static inline void log_add(struct log *l, const char *text, size_t len)
{
    bool first = l->used == 0;
    if (l->used + len + 2 > sizeof l->text)
        return;
    if (!first)
        l->text[l->used++] = ' ';
    memcpy(l->text + l->used, text, len);
    l->used += len;
    l->text[l->used] = '\0';
}

static inline void log_event(struct log *l, int side, const char *what)
{
    char word[64];
    int n = snprintf(word, sizeof word, "%d%s", side, what);
    log_add(l, word, (size_t)n);
}

static inline void log_feed(struct log *l, int side,
                            const struct mt_chunk *chunk)
{
    char word[512];
    int n = snprintf(word, sizeof word, "%d:%.*s", side, (int)chunk->bytes.len,
                     (const char *)chunk->bytes.ptr);
    log_add(l, word, (size_t)n < sizeof word ? (size_t)n : sizeof word - 1);
    l->last_ts_ns = chunk->ts_ns;
}

static inline void log_gap(struct log *l, int side, uint64_t n)
{
    char word[32];
    if (n == UINT64_MAX)
        (void)snprintf(word, sizeof word, "~?");
    else
        (void)snprintf(word, sizeof word, "~%llu", (unsigned long long)n);
    log_event(l, side, word);
}

static inline const char *log_end_name(enum mt_end end)
{
    static const char *const names[] = {
        [MT_END_FIN] = ".FIN",         [MT_END_RST] = ".RST",
        [MT_END_IDLE] = ".IDLE",       [MT_END_EVICTED] = ".EVICTED",
        [MT_END_CAPTURE] = ".CAPTURE", [MT_END_REUSED] = ".REUSED",
    };
    return names[end];
}

/* The log since the last look. */
#define assert_log(l, want)                   \
    do {                                      \
        assert_string_equal((l)->text, want); \
        (l)->used = 0;                        \
        (l)->text[0] = '\0';                  \
    } while (0)

/* A segment of 10.0.0.1:40000 (side 0) or 10.0.0.2:80. Its bytes are an exact
 * copy, freed by segment_free(), so that ASan sees who keeps them. */
static inline struct mt_segment segment(int side, uint32_t seq, uint32_t ack,
                                        unsigned flags, const char *payload)
{
    struct mt_segment s = {
        .ts_ns = T0_NS,
        .src.ip = {[10] = 0xff, 0xff, 10, 0, 0, 1},
        .dst.ip = {[10] = 0xff, 0xff, 10, 0, 0, 2},
        .src.port = 40000,
        .dst.port = 80,
        .transport = MT_TRANSPORT_TCP,
        .flags = (uint8_t)flags,
        .window = 1000,
        .seq = seq,
        .ack = ack,
        .payload_bytes = (uint32_t)strlen(payload),
    };
    if (side == 1) {
        struct mt_addr a = s.src;
        s.src = s.dst;
        s.dst = a;
    }
    if (s.payload_bytes > 0) {
        uint8_t *copy = malloc(s.payload_bytes);
        assert_non_null(copy);
        memcpy(copy, payload, s.payload_bytes);
        s.payload = (struct mt_span){.ptr = copy, .len = s.payload_bytes};
    }
    return s;
}

static inline void segment_free(struct mt_segment *s)
{
    union {
        const uint8_t *borrowed;
        void *owned;
    } u = {.borrowed = s->payload.ptr};
    free(u.owned);
}

#endif
