/**
 * http1_scan.h - finding the byte that matters, sixteen at a time.
 *
 * No read passes the end of the span. Where there is no SSE2 a table serves.
 *
 *     size_t i = mt_http1_scan_control(line);   // line.len: none
 */
#ifndef MT_DECODE_HTTP1_SCAN_H
#define MT_DECODE_HTTP1_SCAN_H

#include "base/span.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Bits of mt_http1_class[byte] */
enum {
    MT_HTTP1_TCHAR = 1,    /* of a token, RFC 9110 section 5.6.2 */
    MT_HTTP1_CONTROL = 2,  /* control, but not HTAB */
    MT_HTTP1_UNTARGET = 4, /* never in a request target */
    MT_HTTP1_UNHOST = 8,   /* never in Host */
    MT_HTTP1_SPACE = 16,   /* SP or HTAB */
};

extern const uint8_t mt_http1_class[256];

static inline size_t mt_http1_scan_class(struct mt_span s, size_t from,
                                         uint8_t bits)
{
    size_t i = from;
    while (i < s.len && (mt_http1_class[s.ptr[i]] & bits) == 0)
        i++;
    return i;
}

/* Length of the token at the front of s. */
static inline size_t mt_http1_token(struct mt_span s)
{
    size_t i = 0;
    while (i < s.len && (mt_http1_class[s.ptr[i]] & MT_HTTP1_TCHAR) != 0)
        i++;
    return i;
}

#ifdef __SSE2__
static inline unsigned mt_http1_controls16(const uint8_t *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    __m128i tab = _mm_cmpeq_epi8(v, _mm_set1_epi8('\t'));
    __m128i del = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));
    return (unsigned)_mm_movemask_epi8(
        _mm_or_si128(_mm_andnot_si128(tab, low), del));
}

static inline unsigned mt_http1_untarget16(const uint8_t *p)
{
    /* 0x21..0x7e become 0..0x5d, all others are above */
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i x = _mm_sub_epi8(v, _mm_set1_epi8(0x21));
    __m128i out = _mm_cmpeq_epi8(_mm_max_epu8(x, _mm_set1_epi8(0x5e)), x);
    __m128i hash = _mm_cmpeq_epi8(v, _mm_set1_epi8('#'));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(out, hash));
}
#endif

/* Index of the first control byte, HTAB aside; s.len where there is none. */
static inline size_t mt_http1_scan_control(struct mt_span s)
{
    size_t i = 0;
#ifdef __SSE2__
    for (; s.len - i >= 16; i += 16) {
        unsigned mask = mt_http1_controls16(s.ptr + i);
        if (mask != 0)
            return i + (unsigned)__builtin_ctz(mask);
    }
#endif
    return mt_http1_scan_class(s, i, MT_HTTP1_CONTROL);
}

/* Index of the first byte that no request target has, or s.len. */
static inline size_t mt_http1_scan_untarget(struct mt_span s)
{
    size_t i = 0;
#ifdef __SSE2__
    for (; s.len - i >= 16; i += 16) {
        unsigned mask = mt_http1_untarget16(s.ptr + i);
        if (mask != 0)
            return i + (unsigned)__builtin_ctz(mask);
    }
#endif
    return mt_http1_scan_class(s, i, MT_HTTP1_UNTARGET);
}

#endif
