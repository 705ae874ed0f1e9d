/* Properties: any blocks, with any of them lost, leave the table sound; what is
 * not known is empty; spans lie where they can be read; all memory is given
 * back.
 *
 * Input: a mode, then blocks: a kind with flags, a length, bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decode/hpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LATE = 0x01, TINY_POOL = 0x02, LOST = 0x80, NOT_SEEN = 0x40 };

static uint64_t sum;

static void check(int ok)
{
    if (!ok)
        abort();
}

static void read_all(struct mt_span s)
{
    for (size_t i = 0; i < s.len; i++)
        sum += s.ptr[i];
}

static void check_table(const struct mt_hpack_table *t)
{
    size_t bytes = 0;
    uint32_t unknown = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        const struct mt_hpack_entry *e = mt_hpack_table_at(t, i);
        read_all(mt_hpack_table_name(t, e));
        read_all(mt_hpack_table_value(t, e));
        bytes += (size_t)e->name_bytes + e->value_bytes + 32;
        unknown += e->known != MT_HPACK_KNOWN;
        check((e->known & MT_HPACK_KNOWN_NAME) || e->name_bytes == 0);
        check((e->known & MT_HPACK_KNOWN_VALUE) || e->value_bytes == 0);
    }
    check(bytes == t->size_bytes && unknown == t->unknown);
    check(t->end <= t->text_capacity && t->begin <= t->end);
}

static void check_field(const struct mt_hpack_field *f)
{
    check((f->known & MT_HPACK_KNOWN_NAME) || f->name.len == 0);
    check((f->known & MT_HPACK_KNOWN_VALUE) || f->value.len == 0);
    check(f->name_id <= MT_HPACK_NAME_PROTOCOL);
    read_all(f->name);
    read_all(f->value);
}

static void decode(struct mt_hpack *h, struct mt_span block, unsigned kind)
{
    struct mt_hpack_field f;
    unsigned given = 0;
    int rc;
    uint8_t *copy = malloc(block.len > 0 ? block.len : 1);
    check(copy != NULL);
    if (block.len > 0)
        memcpy(copy, block.ptr, block.len);
    mt_hpack_begin(h, (struct mt_span){copy, block.len},
                   (enum mt_hpack_block)(kind % 5));
    while ((rc = mt_hpack_next(h, &f)) == MT_EVENT) {
        check_field(&f);
        given++;
    }
    check(given <= MT_HPACK_FIELDS_MAX);
    check(rc == MT_DONE || mt_hpack_next(h, &f) == rc);
    check_table(&h->table);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mt_cursor c = mt_cursor_of((struct mt_span){data, size});
    uint8_t mode = mt_get_u8(&c);
    struct mt_pool pool;
    struct mt_hpack h;
    mt_pool_init(&pool, (mode & TINY_POOL) != 0 ? 3000 : 1u << 20);
    mt_hpack_init(&h, &pool, (mode & LATE) != 0);
    while (!c.bad && c.rest.len > 0) {
        uint8_t kind = mt_get_u8(&c);
        uint8_t len = mt_get_u8(&c);
        struct mt_span block =
            mt_get_span(&c, len < c.rest.len ? len : c.rest.len);
        if ((kind & LOST) != 0)
            mt_hpack_lost(&h);
        if ((kind & NOT_SEEN) == 0)
            decode(&h, block, kind & 0x0f);
    }
    mt_hpack_deinit(&h);
    check(pool.used_bytes == 0);
    mt_pool_deinit(&pool);
    return 0;
}
