/**
 * hpack.h - HPACK (RFC 7541) for one who listens: joins late, survives loss.
 *
 * One decoder belongs to the header blocks of one direction. It never guesses:
 * what it cannot know is marked unknown in the field.
 *
 *  - Indexes count from the newest entry, so whatever was inserted since the
 *    decoder joined is known, and an index below that is unknown.
 *  - A lost header block shifts the older entries by an unknown number. The
 *    blocks that follow tell it: see hpack_shift.h.
 *  - A name that is only referred to, and whose entry was lost, is told from
 *    the names around it, if these allow one only: see hpack_order.h.
 *  - Bounds: a table of 64 KiB (what lies deeper becomes unknown), a block of
 *    128 KiB, 256 fields a block (the rest is decoded and not given out).
 *
 *     struct mt_hpack h;
 *     struct mt_hpack_field f;
 *     mt_hpack_init(&h, pool, false);
 *     mt_hpack_begin(&h, block, MT_HPACK_REQUEST);
 *     while ((rc = mt_hpack_next(&h, &f)) == MT_EVENT)
 *         use(&f);                    // borrowed until the next call
 *     // MT_DONE, or an error: then the table is learned again
 */
#ifndef MT_DECODE_HPACK_H
#define MT_DECODE_HPACK_H

#include "base/rc.h"
#include "decode/exchange.h"
#include "decode/hpack_table.h"

enum {
    MT_HPACK_BLOCK_MAX = 131072,
    MT_HPACK_FIELDS_MAX = 256,
    MT_HPACK_CONSTANTS = 5,
};

/* What a block is, which says what pseudo-headers it must have. */
enum mt_hpack_block {
    MT_HPACK_REQUEST,  /* also a promised one */
    MT_HPACK_RESPONSE, /* also informational */
    MT_HPACK_TRAILERS,
    MT_HPACK_RESPONSE_OR_TRAILERS, /* what came before was lost */
    MT_HPACK_REQUEST_OR_TRAILERS,
};

struct mt_hpack_field {
    struct mt_span name, value; /* empty where not known */
    uint16_t tag;               /* mt_hpack_tag() of the name */
    uint8_t name_id;            /* enum mt_hpack_name */
    uint8_t known;              /* bits of enum mt_hpack_known */
};

/* A field whose value a connection hardly changes. */
struct mt_hpack_constant {
    uint64_t hash;
    bool seen, varies;
};

struct mt_hpack_shift;
struct mt_hpack_order;

struct mt_hpack {
    struct mt_hpack_table table;
    struct mt_span in; /* rest of the block; borrowed while it is decoded */
    struct mt_hpack_shift *shift; /* while a lost block is made up for */
    struct mt_hpack_order *order; /* NULL before the first block */
    struct mt_hpack_constant constants[MT_HPACK_CONSTANTS];
    size_t limit_bytes; /* a size update above it is an error */
    uint64_t resets;    /* how often the older entries were given up */
    uint32_t blocks;
    uint32_t fields;   /* of this block, those not given out too */
    uint16_t last_tag; /* of the field before */
    bool learning;     /* the order of names, in this block */
    bool deeper;       /* the encoder may have entries below ours */
    bool size_known;   /* its table's maximum */
    bool started;      /* a field was decoded: no size update may follow */
    int8_t failed;     /* of this block */
};

/* late: the direction is not seen from its first block. Takes no memory. */
void mt_hpack_init(struct mt_hpack *h, struct mt_pool *pool, bool late);
void mt_hpack_deinit(struct mt_hpack *h);

/**
 * SETTINGS_HEADER_TABLE_SIZE of the side that decodes. Without it any size
 * update is believed: a tap need not have seen the SETTINGS.
 */
void mt_hpack_limit(struct mt_hpack *h, size_t bytes);

/* A header block was lost, or may have been. */
void mt_hpack_lost(struct mt_hpack *h);

/* Start a block. The bytes are borrowed until it is done. */
void mt_hpack_begin(struct mt_hpack *h, struct mt_span block,
                    enum mt_hpack_block kind);

/**
 * The next field. Returns MT_EVENT (*f is set), MT_DONE, or an error, sticky
 * until the next block; the table is then learned anew:
 *   MT_EPROTO  the bytes are no header block
 *   MT_ELIMIT  the block is above MT_HPACK_BLOCK_MAX
 */
int mt_hpack_next(struct mt_hpack *h, struct mt_hpack_field *f);

/* The rest of the block, for its insertions only. Returns as _next does, but
 * never MT_EVENT. */
int mt_hpack_finish(struct mt_hpack *h);

/* How far the table can be believed now. */
enum mt_hpack_state mt_hpack_state(const struct mt_hpack *h);

/* Forget all entries, as one who joins late. */
void mt_hpack_relearn(struct mt_hpack *h);

#endif
