#include "decode/hpack.h"

#include "decode/hpack_huffman.h"
#include "decode/hpack_items.h"
#include "decode/hpack_order.h"
#include "decode/hpack_shift.h"
#include "decode/hpack_wire.h"

enum {
    STEP_AGAIN = 100,   /* private: nothing to give out, go on */
    LATE_TABLE = 16384, /* assumed of a table that was joined late */
    DYNAMIC_FIRST = MT_HPACK_STATIC_COUNT + 1,
    INDEX_MAX = MT_HPACK_STATIC_COUNT + MT_HPACK_TABLE_ENTRIES_MAX,
    LEARN_FIRST = 64, /* blocks whose order of names is learned ... */
    LEARN_EACH = 4,   /* ... and then every so many */
};

/* What an index stands for. */
struct target {
    struct mt_span name, value;
    uint16_t tag;
    uint8_t name_id;
    uint8_t known;
};

void mt_hpack_init(struct mt_hpack *h, struct mt_pool *pool, bool late)
{
    *h = (struct mt_hpack){
        .limit_bytes = SIZE_MAX, .deeper = late, .size_known = !late};
    mt_hpack_table_init(&h->table, pool);
    if (late)
        mt_hpack_table_resize(&h->table, LATE_TABLE);
}

void mt_hpack_deinit(struct mt_hpack *h)
{
    mt_hpack_shift_end(h);
    mt_pool_free(h->table.pool, h->order, sizeof *h->order);
    h->order = NULL;
    mt_hpack_table_deinit(&h->table);
}

void mt_hpack_limit(struct mt_hpack *h, size_t bytes)
{
    h->limit_bytes = bytes;
    if (h->size_known && bytes < h->table.max_bytes)
        mt_hpack_table_resize(&h->table, bytes);
}

void mt_hpack_relearn(struct mt_hpack *h)
{
    mt_hpack_shift_end(h);
    mt_hpack_table_clear(&h->table);
    h->deeper = true;
    h->table.evicted = 0;
    h->resets++;
}

void mt_hpack_lost(struct mt_hpack *h)
{
    h->in.len = 0;
    if (h->table.count == 0)
        h->deeper = true;
    else if (!mt_hpack_shift_start(h))
        mt_hpack_relearn(h);
}

enum mt_hpack_state mt_hpack_state(const struct mt_hpack *h)
{
    if (h->shift != NULL)
        return MT_HPACK_SUSPECT;
    /* Once a known entry had to go for size, none can lie below ours. */
    bool deeper = h->deeper && !(h->size_known && h->table.evicted > 0);
    return deeper || h->table.unknown > 0 ? MT_HPACK_LEARNING : MT_HPACK_FULL;
}

/* The order of names hardly changes: once it is known, a sample will do. */
static void begin_order(struct mt_hpack *h)
{
    h->last_tag = MT_HPACK_TAG_EDGE;
    h->learning = h->shift == NULL &&
                  (h->blocks < LEARN_FIRST || h->blocks % LEARN_EACH == 0);
    h->blocks++;
    if (h->learning && h->order == NULL)
        h->order = mt_pool_zalloc(h->table.pool, sizeof *h->order);
    h->learning &= h->order != NULL;
}

/* The field that mt_hpack_next() is about to give out, or the end. */
static void note_order(struct mt_hpack *h, uint16_t tag, struct mt_span name)
{
    if (h->learning)
        mt_hpack_order_learn(h->order, h->last_tag, tag, name);
    h->last_tag = tag;
}

void mt_hpack_begin(struct mt_hpack *h, struct mt_span block,
                    enum mt_hpack_block kind)
{
    h->in = block;
    begin_order(h);
    h->fields = 0;
    h->started = false;
    h->failed = 0;
    if (block.len > MT_HPACK_BLOCK_MAX) {
        mt_hpack_relearn(h);
        h->in.len = 0;
        h->failed = MT_ELIMIT;
    } else if (h->shift != NULL) {
        mt_hpack_shift_weigh(h, block, kind);
    }
}

static int fail(struct mt_hpack *h)
{
    mt_hpack_relearn(h);
    h->in.len = 0;
    h->failed = MT_EPROTO;
    return MT_EPROTO;
}

static struct target target_of(const struct mt_hpack *h,
                               const struct mt_hpack_entry *e)
{
    if (e == NULL)
        return (struct target){.known = 0};
    return (struct target){.name = mt_hpack_table_name(&h->table, e),
                           .value = mt_hpack_table_value(&h->table, e),
                           .tag = e->tag,
                           .name_id = e->name_id,
                           .known = e->known};
}

/* Section 2.3.3. Returns false for an index that cannot be. */
static bool look_up(const struct mt_hpack *h, uint32_t index, bool whole,
                    struct target *to)
{
    if (index < DYNAMIC_FIRST) {
        const struct mt_hpack_static_entry *s = &mt_hpack_static[index];
        *to = (struct target){s->name, s->value, s->name_id, s->name_id,
                              MT_HPACK_KNOWN};
        return index > 0;
    }
    uint32_t at = index - DYNAMIC_FIRST;
    struct mt_hpack_entry *e = NULL;
    bool settled = h->shift == NULL || h->shift->settled;
    if (at < (settled ? h->table.count : h->shift->fresh))
        e = mt_hpack_table_at(&h->table, at);
    else if ((settled && !h->deeper) || index > INDEX_MAX)
        return false;

    if (e != NULL && whole && e->uses < UINT8_MAX)
        e->uses++;
    *to = target_of(h, e);
    return true;
}

static int give_indexed(struct mt_hpack *h, uint32_t index,
                        struct mt_hpack_field *f)
{
    struct target t;
    if (!look_up(h, index, true, &t))
        return fail(h);
    *f = (struct mt_hpack_field){t.name, t.value, t.tag, t.name_id, t.known};
    return MT_EVENT;
}

/* Section 4.2. What goes beyond our bound is not kept: then deeper entries
 * may exist that we never see. */
static int set_size(struct mt_hpack *h, uint32_t bytes)
{
    if (h->started || bytes > h->limit_bytes)
        return fail(h);
    bool ours = bytes <= MT_HPACK_TABLE_MAX;
    if (!h->size_known)
        h->table.evicted = 0; /* by a size that was only assumed */
    mt_hpack_table_resize(&h->table, bytes);
    h->deeper = (h->deeper && bytes > 0) || !ours;
    h->size_known = ours;
    mt_hpack_shift_changed(h, 0);
    return STEP_AGAIN;
}

/* Pseudo-headers are looked at by number, also those spelt out. */
static uint8_t name_id_of(struct mt_span name)
{
    static const uint8_t pseudo[] = {
        MT_HPACK_NAME_AUTHORITY, MT_HPACK_NAME_METHOD, MT_HPACK_NAME_PATH,
        MT_HPACK_NAME_SCHEME, MT_HPACK_NAME_STATUS};
    if (name.len == 0 || name.ptr[0] != ':')
        return MT_HPACK_NAME_OTHER;
    for (size_t i = 0; i < sizeof pseudo; i++)
        if (mt_span_eq(name, mt_hpack_static[pseudo[i]].name))
            return pseudo[i];
    return mt_span_eq(name, MT_SPAN(":protocol")) ? MT_HPACK_NAME_PROTOCOL
                                                  : MT_HPACK_NAME_OTHER;
}

static size_t room_of(const struct mt_hpack_string *s, bool copied)
{
    if (s->huffman)
        return MT_HUFFMAN_ROOM(s->raw.len);
    return copied ? s->raw.len : 0;
}

/* The text of s: where it lies in the input, or made at *to, which moves. */
static bool text_of(const struct mt_hpack_string *s, bool copied, uint8_t **to,
                    struct mt_span *text)
{
    *text = s->raw;
    if (s->huffman) {
        if (!mt_huffman_decode(s->raw, *to, &text->len))
            return false;
    } else if (!copied) {
        return true;
    } else if (s->raw.len > 0) {
        memcpy(*to, s->raw.ptr, s->raw.len);
    }
    text->ptr = *to;
    *to += text->len;
    return true;
}

static void insert(struct mt_hpack *h, const struct mt_hpack_field *f)
{
    size_t size = f->name.len + f->value.len + MT_HPACK_ENTRY_OVERHEAD;
    /* Whether it empties the table or stands in it we cannot tell. */
    bool doubtful = !h->size_known && size > MT_HPACK_TABLE_DEFAULT;
    if (size > h->table.max_bytes && !doubtful) {
        mt_hpack_table_clear(&h->table); /* section 4.4 */
        h->deeper &= !h->size_known;
        mt_hpack_shift_changed(h, 0);
        return;
    }
    struct mt_hpack_entry e = {.value_bytes = (uint32_t)f->value.len,
                               .name_bytes = (uint16_t)f->name.len,
                               .tag = f->tag,
                               .name_id = f->name_id,
                               .known = f->known};
    if (doubtful || !mt_hpack_table_insert(&h->table, e))
        mt_hpack_relearn(h);
    else
        mt_hpack_shift_changed(h, 1);
}

/* The tag of the name that follows the literal w, or NONE. */
static uint16_t tag_after(struct mt_hpack *h, const struct mt_hpack_wire *w)
{
    struct mt_span rest = h->in;
    struct mt_hpack_wire next;
    struct target t;
    if (rest.len == 0)
        return MT_HPACK_TAG_EDGE;
    if (!mt_hpack_wire_next(&rest, &next) || next.rep == MT_HPACK_REP_SIZE)
        return MT_HPACK_TAG_NONE;
    if (next.index == 0)
        return next.name.huffman
                   ? MT_HPACK_TAG_NONE
                   : mt_hpack_tag(name_id_of(next.name.raw), next.name.raw);
    /* w is not in the table yet. */
    bool inserts = w->rep == MT_HPACK_REP_INSERTED;
    if (inserts && next.index == DYNAMIC_FIRST)
        return MT_HPACK_TAG_NONE;
    uint32_t moved = inserts && next.index > DYNAMIC_FIRST ? 1 : 0;
    return look_up(h, next.index - moved, false, &t) ? t.tag
                                                     : MT_HPACK_TAG_NONE;
}

/* A name that is not known, from those around it. */
static void infer_name(struct mt_hpack *h, const struct mt_hpack_wire *w,
                       struct target *name)
{
    if (h->order == NULL || h->last_tag == MT_HPACK_TAG_NONE)
        return;
    uint16_t tag =
        mt_hpack_order_between(h->order, h->last_tag, tag_after(h, w));
    struct mt_span text = mt_hpack_order_name(h->order, tag);
    if (text.len > 0)
        *name = (struct target){
            .name = text, .tag = tag, .known = MT_HPACK_KNOWN_NAME};
}

/* The name of a literal; looked up again once texts have moved. */
static bool literal_name(struct mt_hpack *h, const struct mt_hpack_wire *w,
                         struct target *name, struct mt_hpack_string *s)
{
    *s = w->name;
    if (w->index == 0) {
        *name = (struct target){.known = MT_HPACK_KNOWN};
        return true;
    }
    if (!look_up(h, w->index, false, name))
        return false;
    if ((name->known & MT_HPACK_KNOWN_NAME) == 0)
        infer_name(h, w, name);
    *s = (struct mt_hpack_string){.raw = name->name};
    return true;
}

/* Section 6.2. */
static int give_literal(struct mt_hpack *h, const struct mt_hpack_wire *w,
                        struct mt_hpack_field *f)
{
    bool copied = w->rep == MT_HPACK_REP_INSERTED;
    struct target name;
    struct mt_hpack_string s;
    if (!literal_name(h, w, &name, &s))
        return fail(h);

    uint8_t *to = NULL;
    size_t room = room_of(&s, copied) + room_of(&w->value, copied);
    if (room > 0 || copied) {
        to = mt_hpack_table_room(&h->table, room + 1);
        if (to == NULL) { /* no memory: the entry is missing from now on */
            mt_hpack_relearn(h);
            *f = (struct mt_hpack_field){.known = 0};
            return MT_EVENT;
        }
        (void)literal_name(h, w, &name, &s);
    }
    if (!text_of(&s, copied, &to, &f->name) ||
        !text_of(&w->value, copied, &to, &f->value))
        return fail(h);

    f->name_id = w->index > 0 ? name.name_id : name_id_of(f->name);
    f->tag = name.tag;
    if (w->index == 0 && (copied || h->learning))
        f->tag = mt_hpack_tag(f->name_id, f->name);
    f->known = MT_HPACK_KNOWN_VALUE | (name.known & MT_HPACK_KNOWN_NAME);
    mt_hpack_constant_learn(h, f->name_id, f->value);
    if (copied)
        insert(h, f);
    return MT_EVENT;
}

static int step(struct mt_hpack *h, struct mt_hpack_field *f)
{
    uint8_t first = h->in.ptr[0];
    if (first > 0x80 && first < 0xff) { /* nearly every field of a busy
                                           connection */
        h->started = true;
        (void)mt_span_take(&h->in, 1);
        return give_indexed(h, first & 0x7f, f);
    }
    struct mt_hpack_wire w;
    if (!mt_hpack_wire_next(&h->in, &w))
        return fail(h);
    if (w.rep == MT_HPACK_REP_SIZE)
        return set_size(h, w.index);
    h->started = true;
    return w.rep == MT_HPACK_REP_INDEXED ? give_indexed(h, w.index, f)
                                         : give_literal(h, &w, f);
}

int mt_hpack_next(struct mt_hpack *h, struct mt_hpack_field *f)
{
    if (h->failed != 0)
        return h->failed;
    while (h->in.len > 0) {
        int rc = step(h, f);
        if (rc == STEP_AGAIN)
            continue;
        if (rc == MT_EVENT)
            note_order(h, f->tag, f->name);
        if (rc != MT_EVENT || ++h->fields <= MT_HPACK_FIELDS_MAX)
            return rc;
    }
    note_order(h, MT_HPACK_TAG_EDGE, h->in);
    return MT_DONE;
}

int mt_hpack_finish(struct mt_hpack *h)
{
    struct mt_hpack_field f;
    int rc;
    do
        rc = mt_hpack_next(h, &f);
    while (rc == MT_EVENT);
    return rc;
}
