#include "decode/hpack_items.h"

#include <xxhash.h>

#include "decode/hpack_order.h"
#include "decode/hpack_shift.h"
#include "decode/hpack_wire.h"

enum {
    DYNAMIC_FIRST = MT_HPACK_STATIC_COUNT + 1,
    CONSTANT_POINTS = 2,
    ORDER_POINTS = 1,
    DISORDER_POINTS = 3,
};

#define BIT(name) (1ull << MT_HPACK_NAME_##name)

/* Name ids that a message has once at most. */
static const uint64_t once =
    BIT(AUTHORITY) | BIT(METHOD) | BIT(PATH) | BIT(SCHEME) | BIT(STATUS) |
    BIT(PROTOCOL) | BIT(CONTENT_LENGTH) | BIT(CONTENT_TYPE) | BIT(DATE) |
    BIT(HOST) | BIT(SERVER) | BIT(USER_AGENT);

static const uint64_t of_requests =
    BIT(AUTHORITY) | BIT(METHOD) | BIT(PATH) | BIT(SCHEME) | BIT(PROTOCOL);
static const uint64_t of_responses = BIT(STATUS);

/* Names that trailers never have (RFC 9110 section 6.5.1). */
static const uint64_t not_in_trailers =
    BIT(CONTENT_LENGTH) | BIT(CONTENT_TYPE) | BIT(HOST) | BIT(USER_AGENT) |
    BIT(SERVER) | BIT(SET_COOKIE);

static const uint8_t constant_ids[MT_HPACK_CONSTANTS] = {
    MT_HPACK_NAME_AUTHORITY, MT_HPACK_NAME_SCHEME, MT_HPACK_NAME_USER_AGENT,
    MT_HPACK_NAME_SERVER, MT_HPACK_NAME_VIA};

static unsigned constant_of(uint8_t name_id)
{
    unsigned i = 0;
    while (i < MT_HPACK_CONSTANTS && constant_ids[i] != name_id)
        i++;
    return i;
}

void mt_hpack_constant_learn(struct mt_hpack *h, uint8_t name_id,
                             struct mt_span value)
{
    unsigned i = constant_of(name_id);
    if (i == MT_HPACK_CONSTANTS)
        return;
    struct mt_hpack_constant *c = &h->constants[i];
    uint64_t hash = XXH3_64bits(value.ptr, value.len);
    c->varies |= c->seen && c->hash != hash;
    c->hash = hash;
    c->seen = true;
}

/* --- the block, read without the older entries --- */

static uint32_t fresh_count(const struct mt_hpack *h)
{
    return h->shift->settled ? 0 : h->shift->fresh;
}

static struct mt_hpack_item reference(const struct mt_hpack *h, uint32_t index,
                                      uint32_t inserted, bool whole)
{
    struct mt_hpack_item it = {.whole = whole};
    if (index < DYNAMIC_FIRST) {
        it.name_id = mt_hpack_static[index].name_id;
        it.tag = it.name_id;
        it.value = mt_hpack_static[index].value;
        return it;
    }
    uint32_t at = index - DYNAMIC_FIRST;
    if (at < inserted) /* made in this very block */
        return it;
    if (at - inserted >= fresh_count(h)) {
        it.is_older = true;
        it.older = at - inserted - fresh_count(h);
        return it;
    }
    const struct mt_hpack_entry *e =
        mt_hpack_table_at(&h->table, at - inserted);
    it.name_id = e->name_id;
    it.tag = e->tag;
    it.value = mt_hpack_table_value(&h->table, e);
    return it;
}

void mt_hpack_items_read(struct mt_hpack_items *items, const struct mt_hpack *h,
                         struct mt_span block)
{
    struct mt_hpack_wire w;
    uint32_t inserted = 0;
    items->count = 0;
    items->any_older = false;
    while (items->count < MT_HPACK_ITEMS_MAX &&
           mt_hpack_wire_next(&block, &w)) {
        if (w.rep == MT_HPACK_REP_SIZE)
            continue;
        struct mt_hpack_item *it = &items->list[items->count++];
        *it = (struct mt_hpack_item){.tag = MT_HPACK_TAG_NONE};
        if (w.index > 0)
            *it =
                reference(h, w.index, inserted, w.rep == MT_HPACK_REP_INDEXED);
        items->any_older |= it->is_older;
        inserted += w.rep == MT_HPACK_REP_INSERTED;
    }
    items->is_cut = block.len > 0;
}

/* --- and under one hypothesis --- */

struct reading {
    uint64_t seen;             /* bits of name ids */
    unsigned unknown_in_front; /* they may be pseudo-headers */
    uint16_t last_tag;
    bool regular;        /* past the pseudo-headers */
    bool may_be_connect; /* which has no path and no scheme */
    int points;
};

static bool plausible(uint8_t name_id, struct mt_span value)
{
    uint8_t first = value.len > 0 ? value.ptr[0] : 0;
    switch (name_id) {
    case MT_HPACK_NAME_PATH:
        return first == '/' || first == '*';
    case MT_HPACK_NAME_METHOD:
        return first >= 'A' && first <= 'Z';
    case MT_HPACK_NAME_STATUS:
        return value.len == 3 && first >= '1' && first <= '9';
    default:
        return true;
    }
}

/* Names that followed each other before speak for it, others against it. */
static void weigh_order(const struct mt_hpack *h, struct reading *r,
                        uint16_t tag)
{
    if (h->order != NULL && r->last_tag != MT_HPACK_TAG_NONE &&
        tag != MT_HPACK_TAG_NONE)
        r->points += mt_hpack_order_has(h->order, r->last_tag, tag)
                         ? ORDER_POINTS
                         : -DISORDER_POINTS;
    r->last_tag = tag;
}

static void place_unknown(struct reading *r)
{
    r->unknown_in_front += !r->regular;
    r->last_tag = MT_HPACK_TAG_NONE;
}

/* A name in its place; false if it contradicts what came before. The value
 * of a literal (not whole) is not looked at: it may be CONNECT. */
static bool place(struct reading *r, uint8_t name_id, bool whole,
                  struct mt_span value)
{
    uint64_t bit = 1ull << name_id;
    if ((r->seen & bit & once) != 0)
        return false;
    r->seen |= bit;
    if (name_id == MT_HPACK_NAME_METHOD)
        r->may_be_connect = !whole || mt_span_eq(value, MT_SPAN("CONNECT"));
    if ((bit & (of_requests | of_responses)) == 0)
        r->regular = true;
    else if (r->regular)
        return false;
    return true;
}

/* An entry that blocks named before speaks for it, and more so one that has
 * the connection's constant. */
static bool weigh_older(const struct mt_hpack *h,
                        const struct mt_hpack_item *it,
                        const struct mt_hpack_entry *e, struct reading *r)
{
    bool whole = it->whole && (e->known & MT_HPACK_KNOWN_VALUE) != 0;
    struct mt_span value = mt_hpack_table_value(&h->table, e);
    weigh_order(h, r, e->tag);
    if (!place(r, e->name_id, whole, value))
        return false;
    if (!it->whole && e->name_id != MT_HPACK_NAME_OTHER)
        r->points -= DISORDER_POINTS; /* the static index is shorter */
    if (!whole)
        return true;
    if (!plausible(e->name_id, value))
        return false;
    r->points += e->uses > 0 ? 1 : -1;
    unsigned i = constant_of(e->name_id);
    if (i == MT_HPACK_CONSTANTS || !h->constants[i].seen ||
        h->constants[i].varies)
        return true;
    r->points += CONSTANT_POINTS;
    return h->constants[i].hash == XXH3_64bits(value.ptr, value.len);
}

static bool weigh_item(const struct mt_hpack *h, const struct mt_hpack_item *it,
                       uint32_t k, struct reading *r)
{
    if (!it->is_older) {
        if (it->tag == MT_HPACK_TAG_NONE) {
            place_unknown(r);
            return true;
        }
        weigh_order(h, r, it->tag);
        return place(r, it->name_id, it->whole, it->value);
    }
    bool lost = it->older < k;
    uint32_t at = it->older - k + fresh_count(h);
    if (lost || at >= h->table.count) {
        place_unknown(r);
        return lost || h->deeper;
    }
    const struct mt_hpack_entry *e = mt_hpack_table_at(&h->table, at);
    if ((e->known & MT_HPACK_KNOWN_NAME) != 0)
        return weigh_older(h, it, e, r);
    place_unknown(r);
    return true;
}

static unsigned count_bits(uint64_t bits)
{
    unsigned n = 0;
    for (; bits != 0; bits &= bits - 1)
        n++;
    return n;
}

/* The pseudo-headers of the whole block (RFC 9113 sections 8.3.1, 8.3.2). */
static bool complete(const struct reading *r, enum mt_hpack_block kind)
{
    uint64_t pseudo = r->seen & (of_requests | of_responses);
    bool maybe_trailers = kind >= MT_HPACK_TRAILERS;
    if (maybe_trailers && (pseudo == 0 || kind == MT_HPACK_TRAILERS))
        return pseudo == 0 &&
               (kind != MT_HPACK_TRAILERS || (r->seen & not_in_trailers) == 0);

    bool request =
        kind == MT_HPACK_REQUEST || kind == MT_HPACK_REQUEST_OR_TRAILERS;
    uint64_t need = request ? BIT(METHOD) : of_responses;
    if (request && !r->may_be_connect)
        need |= BIT(PATH) | BIT(SCHEME);
    if ((pseudo & (request ? of_responses : of_requests)) != 0)
        return false;
    return count_bits(need & ~pseudo) <= r->unknown_in_front;
}

int mt_hpack_items_weigh(const struct mt_hpack_items *items,
                         const struct mt_hpack *h, uint32_t k,
                         enum mt_hpack_block kind)
{
    struct reading r = {.last_tag = MT_HPACK_TAG_EDGE};
    for (unsigned i = 0; i < items->count; i++)
        if (!weigh_item(h, &items->list[i], k, &r))
            return MT_HPACK_CONTRADICTION;
    if (!items->is_cut)
        weigh_order(h, &r, MT_HPACK_TAG_EDGE);
    return complete(&r, kind) ? r.points : MT_HPACK_CONTRADICTION;
}
