#include "capture/secrets_pick.h"

enum {
    RANDOM_BYTES = 32,
    RECORD_BYTES = 5,    /* type, version, length */
    HANDSHAKE_BYTES = 6, /* type, length, version */
    TLS_HANDSHAKE = 22,
    CLIENT_HELLO = 1,
    LINE_MAX_BYTES = 1024,
};

void mt_secrets_pick_init(struct mt_secrets_pick *p, struct mt_pool *pool)
{
    mt_intern_init(&p->randoms, pool, MT_INTERN_MAX);
    mt_intern_init(&p->lines, pool, MT_INTERN_MAX);
    p->full = false;
}

void mt_secrets_pick_deinit(struct mt_secrets_pick *p)
{
    mt_intern_deinit(&p->randoms);
    mt_intern_deinit(&p->lines);
}

/* RFC 8446 section 4.1.2: the record's header, the message's, the random. */
void mt_secrets_pick_hello(struct mt_secrets_pick *p, struct mt_span payload)
{
    struct mt_cursor c = mt_cursor_of(payload);
    struct mt_span record = mt_get_span(&c, RECORD_BYTES);
    struct mt_span message = mt_get_span(&c, HANDSHAKE_BYTES);
    struct mt_span random = mt_get_span(&c, RANDOM_BYTES);
    if (c.bad || record.ptr[0] != TLS_HANDSHAKE || record.ptr[1] != 3 ||
        message.ptr[0] != CLIENT_HELLO)
        return;
    if (mt_intern_add(&p->randoms, random) == MT_INTERN_NONE)
        p->full = true;
}

void mt_secrets_pick_lines(struct mt_secrets_pick *p, struct mt_span text)
{
    while (text.len > 0) {
        size_t n = mt_span_find(text, '\n');
        struct mt_span line = mt_span_take(&text, n);
        if (text.len > 0)
            (void)mt_span_take(&text, 1);
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (line.len == 0 || line.ptr[0] == '#' || line.len > LINE_MAX_BYTES)
            continue;
        if (mt_intern_add(&p->lines, line) == MT_INTERN_NONE)
            p->full = true;
    }
}

uint32_t mt_secrets_pick_count(const struct mt_secrets_pick *p)
{
    return p->lines.count;
}

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = mt_ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool get_random(struct mt_span hex, uint8_t random[RANDOM_BYTES])
{
    if (hex.len != (size_t)2 * RANDOM_BYTES)
        return false;
    for (size_t i = 0; i < RANDOM_BYTES; i++) {
        int high = digit_of(hex.ptr[2 * i]), low = digit_of(hex.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        random[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* "CLIENT_RANDOM 64-digits secret": the second word is the random. */
bool mt_secrets_pick_line(const struct mt_secrets_pick *p, uint32_t i,
                          struct mt_span *line)
{
    uint8_t random[RANDOM_BYTES];
    struct mt_span rest = *line = mt_intern_bytes(&p->lines, i);
    (void)mt_span_take(&rest, mt_span_find(rest, ' '));
    if (rest.len > 0)
        (void)mt_span_take(&rest, 1);
    rest.len = mt_span_find(rest, ' ');
    return get_random(rest, random) &&
           mt_intern_find(&p->randoms,
                          (struct mt_span){random, RANDOM_BYTES}) !=
               MT_INTERN_NONE;
}
