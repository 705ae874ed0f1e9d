/**
 * hpack_table.h - the static and the dynamic table of HPACK (RFC 7541 section
 * 2.3), the latter one where entries may be unknown.
 *
 * Entries count from the newest, 0, as the wire counts them from 62. Whoever
 * joined late knows the newest ones only; keeping an entry longer than the
 * encoder does is harmless, because the encoder never names it again.
 *
 * Texts lie in one buffer in the order of insertion. Its free end is also the
 * scratch space of strings that are decoded and not inserted:
 *
 *     uint8_t *to = mt_hpack_table_room(t, n);   // NULL: no memory
 *     ... write name and value to `to` ...
 *     mt_hpack_table_insert(t, &entry);          // the text becomes its own
 */
#ifndef MT_DECODE_HPACK_TABLE_H
#define MT_DECODE_HPACK_TABLE_H

#include "base/pool.h"
#include "base/span.h"

enum {
    MT_HPACK_TABLE_MAX = 65536,    /* largest table that is kept, bytes */
    MT_HPACK_TABLE_DEFAULT = 4096, /* RFC 9113 section 6.5.2 */
    MT_HPACK_ENTRY_OVERHEAD = 32,  /* RFC 7541 section 4.1 */
    MT_HPACK_STATIC_COUNT = 61,
    MT_HPACK_TABLE_ENTRIES_MAX = MT_HPACK_TABLE_MAX / MT_HPACK_ENTRY_OVERHEAD,
};

/* Names as numbers: the first static index that has the name. */
enum mt_hpack_name {
    MT_HPACK_NAME_OTHER = 0,
    MT_HPACK_NAME_AUTHORITY = 1,
    MT_HPACK_NAME_METHOD = 2,
    MT_HPACK_NAME_PATH = 4,
    MT_HPACK_NAME_SCHEME = 6,
    MT_HPACK_NAME_STATUS = 8,
    MT_HPACK_NAME_CONTENT_LENGTH = 28,
    MT_HPACK_NAME_CONTENT_TYPE = 31,
    MT_HPACK_NAME_COOKIE = 32,
    MT_HPACK_NAME_DATE = 33,
    MT_HPACK_NAME_HOST = 38,
    MT_HPACK_NAME_LINK = 45,
    MT_HPACK_NAME_SERVER = 54,
    MT_HPACK_NAME_SET_COOKIE = 55,
    MT_HPACK_NAME_USER_AGENT = 58,
    MT_HPACK_NAME_VIA = 60,
    MT_HPACK_NAME_PROTOCOL = 62, /* RFC 8441: not in the static table */
};

enum mt_hpack_known {
    MT_HPACK_KNOWN_NAME = 1,
    MT_HPACK_KNOWN_VALUE = 2,
    MT_HPACK_KNOWN = 3,
};

struct mt_hpack_entry {
    uint32_t at; /* of its text in the buffer: name, then value */
    uint32_t value_bytes;
    uint16_t name_bytes;
    uint16_t tag;    /* mt_hpack_tag() of the name */
    uint8_t name_id; /* enum mt_hpack_name */
    uint8_t known;   /* bits of enum mt_hpack_known */
    uint8_t uses;    /* how often a block named it whole; stops at 255 */
};

struct mt_hpack_static_entry {
    struct mt_span name, value;
    uint8_t name_id;
};

/* Index 1 to 61; 0 is empty. */
extern const struct mt_hpack_static_entry
    mt_hpack_static[MT_HPACK_STATIC_COUNT + 1];

struct mt_hpack_table {
    struct mt_pool *pool;
    uint8_t *text;
    size_t text_capacity;
    size_t begin, end; /* of the texts of live entries */
    struct mt_hpack_entry *ring;
    uint32_t ring_capacity; /* a power of two, or 0 */
    uint32_t newest;        /* its place in the ring */
    uint32_t count;
    uint32_t unknown;  /* entries of which something is not known */
    size_t size_bytes; /* as RFC 7541 counts; unknown parts count 0 */
    size_t max_bytes;  /* <= MT_HPACK_TABLE_MAX */
    uint64_t evicted;  /* entries, so far */
};

void mt_hpack_table_init(struct mt_hpack_table *t, struct mt_pool *pool);
void mt_hpack_table_deinit(struct mt_hpack_table *t);

/* Forget every entry. Memory is kept. */
void mt_hpack_table_clear(struct mt_hpack_table *t);

/* Set the maximum size, and evict (section 4.3). Clipped to the bound. */
void mt_hpack_table_resize(struct mt_hpack_table *t, size_t max_bytes);

/* Forget all but the newest `keep`. */
void mt_hpack_table_keep(struct mt_hpack_table *t, uint32_t keep);

/* Forget the newest n; the indexes of the others change. */
void mt_hpack_table_drop_newest(struct mt_hpack_table *t, uint32_t n);

/**
 * n free bytes behind the last text; they are the caller's until the next
 * call. Moves texts: spans of entries must be made again. NULL: no memory.
 */
uint8_t *mt_hpack_table_room(struct mt_hpack_table *t, size_t n);

/**
 * Insert an entry as the newest (section 4.4). Its text was just written to
 * mt_hpack_table_room(); e->at is set here. It must not be larger than the
 * table. Returns false when there is no memory: nothing was inserted.
 */
bool mt_hpack_table_insert(struct mt_hpack_table *t, struct mt_hpack_entry e);

/* Put n unknown entries below the newest `above`. False: no memory. */
bool mt_hpack_table_insert_unknown(struct mt_hpack_table *t, uint32_t above,
                                   uint32_t n);

/* Entry i, 0 the newest; i < t->count. */
static inline struct mt_hpack_entry *
mt_hpack_table_at(const struct mt_hpack_table *t, uint32_t i)
{
    assert(i < t->count);
    return &t->ring[(t->newest - i) & (t->ring_capacity - 1)];
}

/* Borrowed until the table changes or room is asked for. */
static inline struct mt_span mt_hpack_table_name(const struct mt_hpack_table *t,
                                                 const struct mt_hpack_entry *e)
{
    return (struct mt_span){.ptr = t->text + e->at, .len = e->name_bytes};
}

static inline struct mt_span
mt_hpack_table_value(const struct mt_hpack_table *t,
                     const struct mt_hpack_entry *e)
{
    return (struct mt_span){.ptr = t->text + e->at + e->name_bytes,
                            .len = e->value_bytes};
}

#endif
