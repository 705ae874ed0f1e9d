/* DNS messages, put together byte by byte. */
#ifndef MT_TESTS_DNS_BUILD_H
#define MT_TESTS_DNS_BUILD_H

#include <stdlib.h>

#include "decode/dns.h"

enum { QR = 0x8000, TC = 0x0200, RD = 0x0100, RA = 0x0080 };
enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_TXT = 16, TYPE_AAAA = 28 };
enum { QUESTION_AT = 12 }; /* where a pointer to the question's name leads */

struct dns {
    uint8_t bytes[65536];
    struct mt_buf b;
};

static inline void put16(struct dns *d, unsigned v)
{
    mt_put_u8(&d->b, (uint8_t)(v >> 8));
    mt_put_u8(&d->b, (uint8_t)v);
}

/* "www.example.com", without escapes; "" is the root. */
static inline void put_name(struct dns *d, const char *name)
{
    struct mt_span rest = mt_span_str(name);
    while (rest.len > 0) {
        struct mt_span label = mt_span_take(&rest, mt_span_find(rest, '.'));
        if (rest.len > 0)
            (void)mt_span_take(&rest, 1);
        mt_put_u8(&d->b, (uint8_t)label.len);
        mt_put_span(&d->b, label);
    }
    mt_put_u8(&d->b, 0);
}

static inline void start_message(struct dns *d, unsigned id, unsigned flags,
                                 unsigned questions)
{
    d->b = mt_buf_of(d->bytes, sizeof d->bytes);
    put16(d, id);
    put16(d, flags);
    put16(d, questions);
    for (int i = 0; i < 3; i++)
        put16(d, 0);
}

static inline void put_question(struct dns *d, const char *name, unsigned type)
{
    put_name(d, name);
    put16(d, type);
    put16(d, MT_DNS_IN);
}

/* section: 1 answer, 2 authority, 3 additional. */
static inline void count_record(struct dns *d, int section)
{
    uint8_t *count = d->bytes + 4 + 2 * section;
    unsigned n = mt_be16(count) + 1u;
    count[0] = (uint8_t)(n >> 8);
    count[1] = (uint8_t)n;
}

/* What follows the owner's name. */
static inline void put_data(struct dns *d, unsigned type, struct mt_span data)
{
    put16(d, type);
    put16(d, MT_DNS_IN);
    put16(d, 0);
    put16(d, 300);
    put16(d, (unsigned)data.len);
    mt_put_span(&d->b, data);
}

static inline void put_answer_at(struct dns *d, unsigned owner_at,
                                 unsigned type, struct mt_span data)
{
    count_record(d, 1);
    put16(d, 0xc000u | owner_at);
    put_data(d, type, data);
}

static inline void put_answer(struct dns *d, const char *owner, unsigned type,
                              struct mt_span data)
{
    count_record(d, 1);
    put_name(d, owner);
    put_data(d, type, data);
}

static inline void put_cname(struct dns *d, const char *owner,
                             const char *target)
{
    struct dns name;
    name.b = mt_buf_of(name.bytes, sizeof name.bytes);
    put_name(&name, target);
    put_answer(d, owner, TYPE_CNAME, mt_buf_span(&name.b));
}

static inline void query(struct dns *d, unsigned id, const char *name,
                         unsigned type)
{
    start_message(d, id, RD, 1);
    put_question(d, name, type);
}

static inline void response(struct dns *d, unsigned id, unsigned rcode,
                            const char *name, unsigned type)
{
    start_message(d, id, QR | RD | RA | rcode, 1);
    put_question(d, name, type);
}

static inline struct mt_span span_of(const struct dns *d)
{
    return mt_buf_span(&d->b);
}

/* As TCP has it: its length before it. */
static inline void frame(struct dns *d)
{
    memmove(d->bytes + 2, d->bytes, d->b.len);
    d->bytes[0] = (uint8_t)(d->b.len >> 8);
    d->bytes[1] = (uint8_t)d->b.len;
    d->b.len += 2;
}

#endif
