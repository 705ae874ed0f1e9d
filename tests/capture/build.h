/* Builders of captures and packets for the tests here: bytes appended to a
 * buffer, in either byte order. */
#ifndef MT_TESTS_CAPTURE_BUILD_H
#define MT_TESTS_CAPTURE_BUILD_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"

struct bytes {
    uint8_t *ptr;
    size_t len, cap;
    bool big; /* byte order of put16(), put32(), put64() */
};

static inline void put(struct bytes *b, const void *from, size_t n)
{
    if (b->len + n > b->cap) {
        b->cap = (b->len + n) * 2;
        b->ptr = realloc(b->ptr, b->cap);
        assert(b->ptr != NULL);
    }
    if (n > 0)
        memcpy(b->ptr + b->len, from, n);
    b->len += n;
}

static inline void put8(struct bytes *b, unsigned v)
{
    uint8_t one = (uint8_t)v;
    put(b, &one, 1);
}

static inline void put16(struct bytes *b, unsigned v)
{
    put8(b, b->big ? v >> 8 : v);
    put8(b, b->big ? v : v >> 8);
}

static inline void put32(struct bytes *b, uint32_t v)
{
    put16(b, b->big ? v >> 16 : v & 0xffff);
    put16(b, b->big ? v & 0xffff : v >> 16);
}

static inline void put64(struct bytes *b, uint64_t v)
{
    put32(b, (uint32_t)(b->big ? v >> 32 : v));
    put32(b, (uint32_t)(b->big ? v : v >> 32));
}

static inline void put_text(struct bytes *b, const char *text)
{
    put(b, text, strlen(text));
}

/* "45 00 .." */
static inline void put_hex(struct bytes *b, const char *hex)
{
    unsigned v;
    int n;
    while (sscanf(hex, " %2x%n", &v, &n) == 1) {
        put8(b, v);
        hex += n;
    }
}

static inline void put_pad(struct bytes *b, size_t unit)
{
    while (b->len % unit != 0)
        put8(b, 0);
}

static inline void set32(struct bytes *b, size_t at, uint32_t v)
{
    struct bytes part = {.big = b->big};
    put32(&part, v);
    memcpy(b->ptr + at, part.ptr, part.len);
    free(part.ptr);
}

static inline void set_be16(struct bytes *b, size_t at, size_t v)
{
    b->ptr[at] = (uint8_t)(v >> 8);
    b->ptr[at + 1] = (uint8_t)v;
}

static inline struct mt_span span_of(const struct bytes *b)
{
    return (struct mt_span){.ptr = b->ptr, .len = b->len};
}

/* Bytes of malloc() that a span borrowed. */
static inline void free_span(struct mt_span s)
{
    void *p;
    memcpy(&p, &s.ptr, sizeof p); /* a span's bytes are const */
    free(p);
}

/* pcap */

static inline void put_pcap_header(struct bytes *b, uint32_t magic,
                                   uint32_t snaplen, uint32_t link_type)
{
    put32(b, magic);
    put16(b, 2);
    put16(b, 4);
    put64(b, 0);
    put32(b, snaplen);
    put32(b, link_type);
}

static inline void put_pcap_packet(struct bytes *b, uint32_t s, uint32_t part,
                                   const char *data, uint32_t wire)
{
    put32(b, s);
    put32(b, part);
    put32(b, (uint32_t)strlen(data));
    put32(b, wire);
    put_text(b, data);
}

/* pcapng: begin returns where the block is, end fills in its lengths */

static inline size_t block_begin(struct bytes *b, uint32_t type)
{
    size_t at = b->len;
    put32(b, type);
    put32(b, 0);
    return at;
}

static inline void block_end(struct bytes *b, size_t at)
{
    put_pad(b, 4);
    put32(b, 0);
    uint32_t n = (uint32_t)(b->len - at);
    set32(b, at + 4, n);
    set32(b, b->len - 4, n);
}

static inline void put_option(struct bytes *b, unsigned code, const void *value,
                              size_t n)
{
    put16(b, code);
    put16(b, (unsigned)n);
    put(b, value, n);
    put_pad(b, 4);
}

static inline void put_option_text(struct bytes *b, unsigned code,
                                   const char *text)
{
    put_option(b, code, text, strlen(text));
}

static inline void put_shb(struct bytes *b, const char *comment)
{
    size_t at = block_begin(b, 0x0a0d0d0a);
    put32(b, 0x1a2b3c4d);
    put16(b, 1);
    put16(b, 0);
    put64(b, UINT64_MAX);
    if (comment != NULL) {
        put_option_text(b, 1, comment);
        put_option(b, 0, NULL, 0);
    }
    block_end(b, at);
}

/* resolution 0: no option */
static inline void put_idb(struct bytes *b, unsigned link_type,
                           uint32_t snaplen, const char *name,
                           uint8_t resolution)
{
    size_t at = block_begin(b, 1);
    put16(b, link_type);
    put16(b, 0);
    put32(b, snaplen);
    if (name != NULL)
        put_option_text(b, 2, name);
    if (resolution != 0)
        put_option(b, 9, &resolution, 1);
    put_option(b, 0, NULL, 0);
    block_end(b, at);
}

static inline void put_epb(struct bytes *b, uint32_t interface, uint64_t ts,
                           const char *data, uint32_t wire)
{
    size_t at = block_begin(b, 6);
    put32(b, interface);
    put32(b, (uint32_t)(ts >> 32));
    put32(b, (uint32_t)ts);
    put32(b, (uint32_t)strlen(data));
    put32(b, wire);
    put_text(b, data);
    block_end(b, at);
}

#endif
