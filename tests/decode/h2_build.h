/* HTTP/2 bytes of both sides, made by nghttp2's deflater, for tests. */
#ifndef MT_TESTS_H2_BUILD_H
#define MT_TESTS_H2_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "decode/h2_frame.h"

/* The bytes of one direction. */
struct h2_side {
    nghttp2_hd_deflater *deflater;
    uint8_t bytes[1 << 19];
    size_t len;
};

struct nv {
    const char *name, *value;
};

#define NV_MAX 24
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

static inline struct h2_side *h2_new(void)
{
    struct h2_side *s = calloc(1, sizeof *s);
    assert_non_null(s);
    assert_int_equal(nghttp2_hd_deflate_new(&s->deflater, 4096), 0);
    return s;
}

static inline void h2_free(struct h2_side *s)
{
    nghttp2_hd_deflate_del(s->deflater);
    free(s);
}

static inline void h2_raw(struct h2_side *s, const void *bytes, size_t len)
{
    assert_true(len <= sizeof s->bytes - s->len);
    if (len > 0)
        memcpy(s->bytes + s->len, bytes, len);
    s->len += len;
}

static inline void h2_head(struct h2_side *s, unsigned type, unsigned flags,
                           uint32_t stream, size_t len)
{
    uint8_t head[9] = {(uint8_t)(len >> 16),
                       (uint8_t)(len >> 8),
                       (uint8_t)len,
                       (uint8_t)type,
                       (uint8_t)flags,
                       (uint8_t)(stream >> 24),
                       (uint8_t)(stream >> 16),
                       (uint8_t)(stream >> 8),
                       (uint8_t)stream};
    h2_raw(s, head, sizeof head);
}

static inline void h2_frame(struct h2_side *s, unsigned type, unsigned flags,
                            uint32_t stream, const void *payload, size_t len)
{
    h2_head(s, type, flags, stream, len);
    h2_raw(s, payload, len);
}

static inline void h2_data(struct h2_side *s, uint32_t stream, const char *text,
                           bool end)
{
    h2_frame(s, MT_H2_DATA, end ? MT_H2_END_STREAM : 0, stream, text,
             strlen(text));
}

/* A frame whose payload is one number. */
static inline void h2_word(struct h2_side *s, unsigned type, uint32_t stream,
                           uint32_t value)
{
    uint8_t p[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16),
                    (uint8_t)(value >> 8), (uint8_t)value};
    h2_frame(s, type, 0, stream, p, 4);
}

static inline void h2_rst(struct h2_side *s, uint32_t stream, uint32_t code)
{
    h2_word(s, MT_H2_RST_STREAM, stream, code);
}

static inline void h2_goaway(struct h2_side *s, uint32_t last, uint32_t code)
{
    uint8_t p[8] = {(uint8_t)(last >> 24),
                    (uint8_t)(last >> 16),
                    (uint8_t)(last >> 8),
                    (uint8_t)last,
                    0,
                    0,
                    0,
                    (uint8_t)code};
    h2_frame(s, MT_H2_GOAWAY, 0, 0, p, 8);
}

static inline void h2_setting(struct h2_side *s, uint16_t id, uint32_t value)
{
    uint8_t p[6] = {(uint8_t)(id >> 8),     (uint8_t)id,
                    (uint8_t)(value >> 24), (uint8_t)(value >> 16),
                    (uint8_t)(value >> 8),  (uint8_t)value};
    h2_frame(s, MT_H2_SETTINGS, 0, 0, p, 6);
}

/* A header block; list ends with a NULL name. */
static inline size_t h2_block(struct h2_side *s, const struct nv *list,
                              uint8_t *out, size_t max)
{
    nghttp2_nv nva[NV_MAX];
    size_t n = 0;
    for (; list[n].name != NULL; n++) {
        assert_true(n < NV_MAX);
        nva[n] = (nghttp2_nv){(uint8_t *)(uintptr_t)list[n].name,
                              (uint8_t *)(uintptr_t)list[n].value,
                              strlen(list[n].name), strlen(list[n].value),
                              NGHTTP2_NV_FLAG_NONE};
    }
    ssize_t len = nghttp2_hd_deflate_hd(s->deflater, out, max, nva, n);
    assert_true(len >= 0);
    return (size_t)len;
}

static inline void h2_headers(struct h2_side *s, uint32_t stream, bool end,
                              const struct nv *list)
{
    uint8_t block[8192];
    size_t len = h2_block(s, list, block, sizeof block);
    h2_frame(s, MT_H2_HEADERS,
             MT_H2_END_HEADERS | (end ? MT_H2_END_STREAM : 0u), stream, block,
             len);
}

#define HEADERS(s, stream, end, ...) \
    h2_headers(s, stream, end, (const struct nv[]){__VA_ARGS__, {NULL, NULL}})

static inline void h2_get(struct h2_side *s, uint32_t stream, const char *path)
{
    HEADERS(s, stream, true, {":method", "GET"}, {":scheme", "http"},
            {":path", path}, {":authority", "shop:8080"},
            {"user-agent", "test/1"});
}

static inline void h2_status(struct h2_side *s, uint32_t stream, bool end,
                             const char *status)
{
    HEADERS(s, stream, end, {":status", status}, {"server", "shop/2"},
            {"content-type", "text/plain"});
}

static inline void h2_start_client(struct h2_side *s)
{
    h2_raw(s, PREFACE, sizeof PREFACE - 1);
    h2_frame(s, MT_H2_SETTINGS, 0, 0, NULL, 0);
}

static inline void h2_start_server(struct h2_side *s)
{
    h2_setting(s, 3, 100);
    h2_frame(s, MT_H2_SETTINGS, MT_H2_ACK, 0, NULL, 0);
}

#endif
