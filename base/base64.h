/**
 * base64.h - bytes of text in base64 or base64url (RFC 4648 sections 4 and 5),
 * cut anywhere.
 *
 *     struct mt_base64 b = {0};
 *     while (!b.bad && text.len > 0)
 *         n = mt_base64_feed(&b, &text, bytes, sizeof bytes);
 *
 * Padding ends a group: what follows begins anew, so that texts may be joined.
 * It may be left out. Bits that fill up the last byte are not looked at.
 */
#ifndef MT_BASE_BASE64_H
#define MT_BASE_BASE64_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* All zero is the beginning of a text. */
struct mt_base64 {
    uint32_t bits;
    uint8_t have; /* of them, not yet given */
    bool bad;     /* something else came: nothing more is taken */
};

/* Takes from *text what it has room for in out, and returns how many bytes
 * that were. */
size_t mt_base64_feed(struct mt_base64 *b, struct mt_span *text, uint8_t *out,
                      size_t room);

#endif
