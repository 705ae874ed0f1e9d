#include "capture/names_book.h"

#include <xxhash.h>

bool mt_names_book_init(struct mt_names_book *b, struct mt_pool *pool,
                        uint32_t texts_max, uint32_t places_max)
{
    *b = (struct mt_names_book){
        .pool = pool, .texts_max = texts_max, .places_max = places_max};
    mt_arena_init(&b->arena, pool, (size_t)texts_max * MT_NAME_MAX_BYTES);
    b->texts = mt_pool_zalloc(pool, (texts_max + 1) * sizeof *b->texts);
    b->places = mt_pool_zalloc(pool, (places_max + 1) * sizeof *b->places);
    b->text_buckets = mt_pool_zalloc(pool, texts_max * sizeof *b->text_buckets);
    b->place_buckets =
        mt_pool_zalloc(pool, places_max * sizeof *b->place_buckets);
    return b->texts != NULL && b->places != NULL && b->text_buckets != NULL &&
           b->place_buckets != NULL;
}

void mt_names_book_deinit(struct mt_names_book *b)
{
    mt_pool_free(b->pool, b->texts, (b->texts_max + 1) * sizeof *b->texts);
    mt_pool_free(b->pool, b->places, (b->places_max + 1) * sizeof *b->places);
    mt_pool_free(b->pool, b->text_buckets,
                 b->texts_max * sizeof *b->text_buckets);
    mt_pool_free(b->pool, b->place_buckets,
                 b->places_max * sizeof *b->place_buckets);
    mt_arena_deinit(&b->arena);
}

/* ---- texts ---- */

static mt_names_id *text_bucket(const struct mt_names_book *b,
                                struct mt_span text)
{
    return &b->text_buckets[XXH3_64bits(text.ptr, text.len) % b->texts_max];
}

mt_names_id mt_names_book_text(const struct mt_names_book *b,
                               struct mt_span text)
{
    mt_names_id id = *text_bucket(b, text);
    while (id != 0 && !mt_span_eq(b->texts[id].text, text))
        id = b->texts[id].next;
    return id;
}

mt_names_id mt_names_book_keep(struct mt_names_book *b, struct mt_span text)
{
    mt_names_id id = mt_names_book_text(b, text);
    if (id != 0 || b->texts_count == b->texts_max)
        return id;
    struct mt_span kept;
    if (!mt_arena_copy(&b->arena, text, &kept))
        return 0;
    mt_names_id *bucket = text_bucket(b, text);
    id = ++b->texts_count;
    b->texts[id] = (struct mt_names_text){.text = kept, .next = *bucket};
    *bucket = id;
    return id;
}

struct mt_span mt_names_book_span(const struct mt_names_book *b,
                                  mt_names_id text)
{
    return b->texts[text].text;
}

/* ---- places ---- */

static mt_names_id *place_bucket(const struct mt_names_book *b,
                                 const struct mt_addr *addr)
{
    uint8_t key[18];
    memcpy(key, addr->ip, 16);
    key[16] = (uint8_t)(addr->port >> 8);
    key[17] = (uint8_t)addr->port;
    return &b->place_buckets[XXH3_64bits(key, sizeof key) % b->places_max];
}

static bool is_same(const struct mt_addr *a, const struct mt_addr *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

/* Place 0 stands for the end of the list of uses, and is written to. */
static void take_out(struct mt_names_book *b, mt_names_id id)
{
    struct mt_names_place *p = &b->places[id];
    b->places[p->newer].older = p->older;
    b->places[p->older].newer = p->newer;
    if (b->newest == id)
        b->newest = p->older;
    if (b->oldest == id)
        b->oldest = p->newer;
}

static void put_newest(struct mt_names_book *b, mt_names_id id)
{
    struct mt_names_place *p = &b->places[id];
    p->newer = 0;
    p->older = b->newest;
    b->places[b->newest].newer = id;
    b->newest = id;
    if (b->oldest == 0)
        b->oldest = id;
}

struct mt_names_place *mt_names_book_find(struct mt_names_book *b,
                                          const struct mt_addr *addr)
{
    mt_names_id id = *place_bucket(b, addr);
    while (id != 0 && !is_same(&b->places[id].addr, addr))
        id = b->places[id].next;
    if (id == 0)
        return NULL;
    if (id != b->newest) {
        take_out(b, id);
        put_newest(b, id);
    }
    return &b->places[id];
}

static mt_names_id evict(struct mt_names_book *b)
{
    mt_names_id id = b->oldest;
    mt_names_id *link = place_bucket(b, &b->places[id].addr);
    while (*link != id)
        link = &b->places[*link].next;
    *link = b->places[id].next;
    take_out(b, id);
    b->evicted++;
    return id;
}

struct mt_names_place *mt_names_book_place(struct mt_names_book *b,
                                           const struct mt_addr *addr)
{
    struct mt_names_place *p = mt_names_book_find(b, addr);
    if (p != NULL)
        return p;
    mt_names_id id =
        b->places_count < b->places_max ? ++b->places_count : evict(b);
    mt_names_id *bucket = place_bucket(b, addr);
    b->places[id] = (struct mt_names_place){.addr = *addr, .next = *bucket};
    *bucket = id;
    put_newest(b, id);
    return &b->places[id];
}
