#include "proxy-lite/http/head.h"

enum { FIRST_FIELDS = 16 };

static_assert(MT_HEAD_FIELDS_MAX % FIRST_FIELDS == 0 &&
                  (MT_HEAD_FIELDS_MAX / FIRST_FIELDS &
                   (MT_HEAD_FIELDS_MAX / FIRST_FIELDS - 1)) == 0,
              "reached by doubling");

static const char *const names[MT_HEAD_ID_COUNT] = {
#define X(name, text) text,
    MT_HEAD_IDS(X)
#undef X
};

static const uint8_t lengths[MT_HEAD_ID_COUNT] = {
#define X(name, text) sizeof(text) - 1,
    MT_HEAD_IDS(X)
#undef X
};

struct mt_span mt_head_name(enum mt_head_id id)
{
    return (struct mt_span){(const uint8_t *)names[id], lengths[id]};
}

enum mt_head_id mt_head_id(struct mt_span name)
{
    for (unsigned id = 0; id < MT_HEAD_ID_COUNT; id++) {
        if (lengths[id] > name.len)
            break; /* by length */
        if (lengths[id] == name.len &&
            mt_token_is(name, mt_head_name((enum mt_head_id)id)))
            return (enum mt_head_id)id;
    }
    return MT_HEAD_OTHER;
}

void mt_head_init(struct mt_head *h, struct mt_pool *pool, size_t max_bytes)
{
    *h = (struct mt_head){.length = MT_LENGTH_UNKNOWN};
    mt_arena_init(&h->arena, pool, max_bytes);
}

void mt_head_deinit(struct mt_head *h)
{
    mt_arena_deinit(&h->arena);
}

void mt_head_reset(struct mt_head *h)
{
    struct mt_pool *pool = h->arena.pool;
    size_t max_bytes = h->arena.max_bytes;
    mt_arena_deinit(&h->arena);
    mt_head_init(h, pool, max_bytes);
}

/* The old tables stay in the arena: half of the new ones at the most. */
static bool grow(struct mt_head *h)
{
    uint32_t room = h->room > 0 ? h->room * 2 : FIRST_FIELDS;
    if (h->room == MT_HEAD_FIELDS_MAX)
        return false;
    struct mt_policy_field *fields =
        mt_arena_alloc(&h->arena, room * sizeof fields[0]);
    uint8_t *ids = mt_arena_alloc(&h->arena, room);
    if (fields == NULL || ids == NULL)
        return false;
    if (h->count > 0) {
        memcpy(fields, h->fields, h->count * sizeof fields[0]);
        memcpy(ids, h->ids, h->count);
    }
    h->fields = fields;
    h->ids = ids;
    h->room = room;
    return true;
}

bool mt_head_add_borrowed(struct mt_head *h, struct mt_span name,
                          struct mt_span value)
{
    if (h->count == h->room && !grow(h))
        return false;
    enum mt_head_id id = mt_head_id(name);
    h->ids[h->count] = (uint8_t)id;
    h->fields[h->count++] = (struct mt_policy_field){name, value};
    h->seen |= 1u << id;
    return true;
}

bool mt_head_add(struct mt_head *h, struct mt_span name, struct mt_span value)
{
    struct mt_span own_name, own_value;
    return mt_arena_copy(&h->arena, name, &own_name) &&
           mt_arena_copy(&h->arena, value, &own_value) &&
           mt_head_add_borrowed(h, own_name, own_value);
}

bool mt_head_copy(struct mt_head *to, const struct mt_head *from)
{
    struct mt_arena *a = &to->arena;
    bool fits = mt_arena_copy(a, from->method, &to->method) &&
                mt_arena_copy(a, from->scheme, &to->scheme) &&
                mt_arena_copy(a, from->authority, &to->authority) &&
                mt_arena_copy(a, from->path, &to->path);
    for (uint32_t i = 0; fits && i < from->count; i++)
        fits = mt_head_add(to, from->fields[i].name, from->fields[i].value);
    to->status = from->status;
    to->version = from->version;
    to->length = from->length;
    to->wire_bytes = from->wire_bytes;
    return fits;
}

struct mt_span mt_head_value(const struct mt_head *h, enum mt_head_id id)
{
    for (uint32_t i = 0; mt_head_has(h, id) && i < h->count; i++)
        if (h->ids[i] == id)
            return h->fields[i].value;
    return (struct mt_span){.ptr = NULL};
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static struct mt_span trim(struct mt_span s)
{
    while (s.len > 0 && is_blank(s.ptr[0]))
        (void)mt_span_take(&s, 1);
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool mt_list_next(struct mt_span *list, struct mt_span *element)
{
    while (list->len > 0) {
        *element = trim(mt_span_take(list, mt_span_find(*list, ',')));
        if (list->len > 0)
            (void)mt_span_take(list, 1);
        if (element->len > 0)
            return true;
    }
    return false;
}

static bool lists(struct mt_span list, struct mt_span token)
{
    struct mt_span element;
    while (mt_list_next(&list, &element)) {
        size_t end = mt_span_find(element, ';');
        element = trim((struct mt_span){element.ptr, end});
        element.len = mt_span_find(element, '/');
        if (mt_span_caseeq(element, token))
            return true;
    }
    return false;
}

bool mt_head_lists(const struct mt_head *h, enum mt_head_id id,
                   struct mt_span token)
{
    for (uint32_t i = 0; mt_head_has(h, id) && i < h->count; i++)
        if (h->ids[i] == id && lists(h->fields[i].value, token))
            return true;
    return false;
}

static uint32_t count_of(const struct mt_head *h, enum mt_head_id id)
{
    uint32_t n = 0;
    for (uint32_t i = 0; mt_head_has(h, id) && i < h->count; i++)
        n += h->ids[i] == id;
    return n;
}

bool mt_head_asks_h2c(const struct mt_head *h)
{
    return h->version == MT_HTTP_1_1 && mt_head_has(h, MT_HEAD_UPGRADE) &&
           count_of(h, MT_HEAD_HTTP2_SETTINGS) == 1 &&
           mt_head_lists(h, MT_HEAD_UPGRADE, MT_SPAN("h2c")) &&
           mt_head_lists(h, MT_HEAD_CONNECTION, MT_SPAN("upgrade")) &&
           mt_head_lists(h, MT_HEAD_CONNECTION, MT_SPAN("http2-settings"));
}

void mt_head_filter(struct mt_head *h,
                    bool (*drop)(void *arg, const struct mt_head *h,
                                 uint32_t i),
                    void *arg)
{
    uint64_t dropped[MT_HEAD_FIELDS_MAX / 64] = {0};
    for (uint32_t i = 0; i < h->count; i++)
        dropped[i / 64] |= (uint64_t)drop(arg, h, i) << i % 64;
    uint32_t kept = 0, seen = 0;
    for (uint32_t i = 0; i < h->count; i++) {
        if ((dropped[i / 64] >> i % 64 & 1) != 0)
            continue;
        h->fields[kept] = h->fields[i];
        h->ids[kept++] = h->ids[i];
        seen |= 1u << h->ids[i];
    }
    h->count = kept;
    h->seen = seen;
}
