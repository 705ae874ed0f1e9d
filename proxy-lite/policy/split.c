#include "proxy-lite/policy/split.h"

#include <xxhash.h>

#include "proxy-lite/policy/fields.h"

/* One point of [0, total) for each value of 64 bits. */
static uint32_t place(uint64_t hash, uint32_t total)
{
    return (uint32_t)(((hash >> 32) * total) >> 32);
}

static uint64_t hash_of(struct mt_span s)
{
    return XXH3_64bits(s.len > 0 ? s.ptr : (const uint8_t *)"", s.len);
}

static bool sticky_value(const struct mt_policy_split *split,
                         const struct mt_policy_request *r,
                         struct mt_span *value)
{
    bool found = false;
    if (split->sticky == MT_STICKY_COOKIE)
        found = mt_cookie_find(r, split->sticky_name, value);
    else if (split->sticky == MT_STICKY_HEADER)
        found = mt_field_find(r, split->sticky_name, value);
    return found && value->len > 0;
}

static uint64_t new_token(struct mt_split_choice *c, struct mt_random *random)
{
    uint8_t number[MT_SPLIT_TOKEN_BYTES / 2];
    struct mt_buf text = mt_buf_of(c->token, sizeof c->token);
    uint64_t v = mt_random_next(random);
    memcpy(number, &v, sizeof number);
    mt_put_hex(&text, number, sizeof number);
    c->token_is_new = true;
    return hash_of(mt_buf_span(&text));
}

struct mt_split_choice mt_split_choose(const struct mt_policy_split *split,
                                       const struct mt_policy_request *r,
                                       struct mt_random *random)
{
    struct mt_split_choice c = {.service = MT_POLICY_NONE};
    struct mt_span value = {.ptr = NULL, .len = 0};
    uint64_t hash;
    if (split->total == 0)
        return c;
    if (sticky_value(split, r, &value))
        hash = hash_of(value);
    else if (split->sticky == MT_STICKY_COOKIE)
        hash = new_token(&c, random);
    else
        hash = mt_random_next(random);
    uint32_t at = place(hash, split->total);
    for (uint32_t i = 0; i < split->count; i++) {
        if (at < split->list[i].weight) {
            c.service = split->list[i].service;
            break;
        }
        at -= split->list[i].weight;
    }
    return c;
}
