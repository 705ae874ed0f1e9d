/**
 * span.h - a borrowed run of bytes, and a cursor that cannot read past it.
 *
 * A span never owns its bytes. Whoever hands one out says how long they live.
 *
 *     struct mt_cursor c = mt_cursor_of(packet);
 *     uint16_t type = mt_get_be16(&c);
 *     struct mt_span body = mt_get_span(&c, n);
 *     if (c.bad)
 *         return MT_EPROTO;        // some read above went past the end
 *
 * A bad cursor stays bad and every later read gives 0 or an empty span, so a
 * parser reads a whole header and checks once.
 */
#ifndef MT_BASE_SPAN_H
#define MT_BASE_SPAN_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct mt_span {
    const uint8_t *ptr;
    size_t len; /* bytes */
};

/* A span over a string literal. */
#define MT_SPAN(literal)                                 \
    ((struct mt_span){.ptr = (const uint8_t *)(literal), \
                      .len = sizeof(literal) - 1})

/* The bytes of a NUL-terminated string; NULL gives an empty span. */
static inline struct mt_span mt_span_str(const char *s)
{
    return (struct mt_span){.ptr = (const uint8_t *)s,
                            .len = s != NULL ? strlen(s) : 0};
}

/* Take the first n bytes off *s. n must not exceed s->len. */
static inline struct mt_span mt_span_take(struct mt_span *s, size_t n)
{
    assert(n <= s->len);
    struct mt_span head = {.ptr = s->ptr, .len = n};
    if (n > 0) { /* NULL + 0 is undefined in C17: an empty span may hold NULL */
        s->ptr += n;
        s->len -= n;
    }
    return head;
}

static inline bool mt_span_eq(struct mt_span a, struct mt_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline uint8_t mt_ascii_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* Equal but for the case of ASCII letters. */
static inline bool mt_span_caseeq(struct mt_span a, struct mt_span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (mt_ascii_lower(a.ptr[i]) != mt_ascii_lower(b.ptr[i]))
            return false;
    return true;
}

/**
 * Is this token (RFC 9110 section 5.6.2) the name `lower`, in any case? Only
 * letters, digits and hyphens may be in `lower`. Eight bytes at a time, the
 * last eight overlapping: setting bit 5 makes letters lower case and moves no
 * other byte of a token to a letter, a digit or a hyphen.
 */
static inline bool mt_token_is(struct mt_span token, struct mt_span lower)
{
    const uint64_t bit5 = 0x2020202020202020u;
    if (token.len != lower.len)
        return false;
    if (token.len < 8)
        return mt_span_caseeq(token, lower);
    for (size_t i = 0; i < token.len; i += 8) {
        size_t at = token.len - i < 8 ? token.len - 8 : i;
        uint64_t a, b;
        memcpy(&a, token.ptr + at, 8);
        memcpy(&b, lower.ptr + at, 8);
        if ((a | bit5) != b)
            return false;
    }
    return true;
}

static inline bool mt_span_starts(struct mt_span s, struct mt_span prefix)
{
    return s.len >= prefix.len &&
           (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

/* Index of the first byte c, or s.len where there is none. */
static inline size_t mt_span_find(struct mt_span s, uint8_t c)
{
    const uint8_t *p = s.len > 0 ? memchr(s.ptr, c, s.len) : NULL;
    return p != NULL ? (size_t)(p - s.ptr) : s.len;
}

struct mt_cursor {
    struct mt_span rest;
    bool bad; /* a read went past the end */
};

static inline struct mt_cursor mt_cursor_of(struct mt_span s)
{
    return (struct mt_cursor){.rest = s};
}

/* The next n bytes, or an empty span (and a bad cursor) if there are fewer. */
static inline struct mt_span mt_get_span(struct mt_cursor *c, size_t n)
{
    if (c->bad || n > c->rest.len) {
        c->bad = true;
        c->rest.len = 0;
        return (struct mt_span){.ptr = NULL, .len = 0};
    }
    return mt_span_take(&c->rest, n);
}

static inline uint8_t mt_get_u8(struct mt_cursor *c)
{
    struct mt_span s = mt_get_span(c, 1);
    return s.len == 1 ? s.ptr[0] : 0;
}

static inline uint16_t mt_be16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t mt_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static inline uint16_t mt_le16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[1] << 8 | p[0]);
}

static inline uint32_t mt_le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 |
           p[0];
}

static inline uint16_t mt_get_be16(struct mt_cursor *c)
{
    struct mt_span s = mt_get_span(c, 2);
    return s.len == 2 ? mt_be16(s.ptr) : 0;
}

static inline uint32_t mt_get_be24(struct mt_cursor *c)
{
    struct mt_span s = mt_get_span(c, 3);
    return s.len == 3
               ? (uint32_t)s.ptr[0] << 16 | (uint32_t)s.ptr[1] << 8 | s.ptr[2]
               : 0;
}

static inline uint32_t mt_get_be32(struct mt_cursor *c)
{
    struct mt_span s = mt_get_span(c, 4);
    return s.len == 4 ? mt_be32(s.ptr) : 0;
}

#endif
