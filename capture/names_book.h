/**
 * names_book.h - texts that are kept once, and places with what is known of
 * them. Private to the names.
 *
 * Texts are never forgotten: their number is the bound. Places are, the one
 * unused for longest first.
 */
#ifndef MT_CAPTURE_NAMES_BOOK_H
#define MT_CAPTURE_NAMES_BOOK_H

#include "base/arena.h"
#include "capture/names.h"

/* 0 is no text and no place. */
typedef uint32_t mt_names_id;

struct mt_names_told {
    mt_names_id text;
    uint8_t source; /* enum mt_name_source */
    int64_t ts_ns;
};

/* An address (port 0) or an endpoint. */
struct mt_names_place {
    struct mt_addr addr;
    mt_names_id next;         /* of one hash bucket */
    mt_names_id newer, older; /* by use */
    mt_names_id served;       /* first name of what it served */
    uint8_t served_source;    /* HOST or SNI */
    uint8_t introduced;       /* names that it brought */
    uint16_t own, forwarded;  /* requests to itself, and for others */
    struct mt_names_told told[MT_NAMES_PER_PLACE];
};

struct mt_names_text {
    struct mt_span text;
    mt_names_id next;
};

struct mt_names_book {
    struct mt_pool *pool;
    struct mt_arena arena;
    struct mt_names_text *texts; /* [texts_max + 1], as places */
    struct mt_names_place *places;
    mt_names_id *text_buckets, *place_buckets; /* as many as their maximum */
    uint32_t texts_max, texts_count;
    uint32_t places_max, places_count;
    mt_names_id newest, oldest;
    uint64_t evicted;
};

/* False at the memory ceiling; deinit is needed in either case. */
bool mt_names_book_init(struct mt_names_book *b, struct mt_pool *pool,
                        uint32_t texts_max, uint32_t places_max);

void mt_names_book_deinit(struct mt_names_book *b);

/* The id of a text, or 0. */
mt_names_id mt_names_book_text(const struct mt_names_book *b,
                               struct mt_span text);

/* The same; added where it is new. 0 at a bound. */
mt_names_id mt_names_book_keep(struct mt_names_book *b, struct mt_span text);

/* Lives as long as the book. */
struct mt_span mt_names_book_span(const struct mt_names_book *b,
                                  mt_names_id text);

/* What is known of a place, which is now the newest used; NULL: nothing.
 * Borrowed until a place is added. */
struct mt_names_place *mt_names_book_find(struct mt_names_book *b,
                                          const struct mt_addr *addr);

/* The same; added where it is new, in place of the oldest when full. */
struct mt_names_place *mt_names_book_place(struct mt_names_book *b,
                                           const struct mt_addr *addr);

#endif
