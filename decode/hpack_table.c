#include "decode/hpack_table.h"

enum { RING_FIRST = 16, TEXT_FIRST = 512 };

/* RFC 7541 appendix A: index, name, value, and the index that numbers the
 * name. */
#define STATIC_TABLE(X)                           \
    X(1, ":authority", "", 1)                     \
    X(2, ":method", "GET", 2)                     \
    X(3, ":method", "POST", 2)                    \
    X(4, ":path", "/", 4)                         \
    X(5, ":path", "/index.html", 4)               \
    X(6, ":scheme", "http", 6)                    \
    X(7, ":scheme", "https", 6)                   \
    X(8, ":status", "200", 8)                     \
    X(9, ":status", "204", 8)                     \
    X(10, ":status", "206", 8)                    \
    X(11, ":status", "304", 8)                    \
    X(12, ":status", "400", 8)                    \
    X(13, ":status", "404", 8)                    \
    X(14, ":status", "500", 8)                    \
    X(15, "accept-charset", "", 15)               \
    X(16, "accept-encoding", "gzip, deflate", 16) \
    X(17, "accept-language", "", 17)              \
    X(18, "accept-ranges", "", 18)                \
    X(19, "accept", "", 19)                       \
    X(20, "access-control-allow-origin", "", 20)  \
    X(21, "age", "", 21)                          \
    X(22, "allow", "", 22)                        \
    X(23, "authorization", "", 23)                \
    X(24, "cache-control", "", 24)                \
    X(25, "content-disposition", "", 25)          \
    X(26, "content-encoding", "", 26)             \
    X(27, "content-language", "", 27)             \
    X(28, "content-length", "", 28)               \
    X(29, "content-location", "", 29)             \
    X(30, "content-range", "", 30)                \
    X(31, "content-type", "", 31)                 \
    X(32, "cookie", "", 32)                       \
    X(33, "date", "", 33)                         \
    X(34, "etag", "", 34)                         \
    X(35, "expect", "", 35)                       \
    X(36, "expires", "", 36)                      \
    X(37, "from", "", 37)                         \
    X(38, "host", "", 38)                         \
    X(39, "if-match", "", 39)                     \
    X(40, "if-modified-since", "", 40)            \
    X(41, "if-none-match", "", 41)                \
    X(42, "if-range", "", 42)                     \
    X(43, "if-unmodified-since", "", 43)          \
    X(44, "last-modified", "", 44)                \
    X(45, "link", "", 45)                         \
    X(46, "location", "", 46)                     \
    X(47, "max-forwards", "", 47)                 \
    X(48, "proxy-authenticate", "", 48)           \
    X(49, "proxy-authorization", "", 49)          \
    X(50, "range", "", 50)                        \
    X(51, "referer", "", 51)                      \
    X(52, "refresh", "", 52)                      \
    X(53, "retry-after", "", 53)                  \
    X(54, "server", "", 54)                       \
    X(55, "set-cookie", "", 55)                   \
    X(56, "strict-transport-security", "", 56)    \
    X(57, "transfer-encoding", "", 57)            \
    X(58, "user-agent", "", 58)                   \
    X(59, "vary", "", 59)                         \
    X(60, "via", "", 60)                          \
    X(61, "www-authenticate", "", 61)

#define TEXT(literal)                                   \
    {                                                   \
        (const uint8_t *)(literal), sizeof(literal) - 1 \
    }
#define ROW(index, name, value, id) [index] = {TEXT(name), TEXT(value), id},

const struct mt_hpack_static_entry mt_hpack_static[MT_HPACK_STATIC_COUNT + 1] =
    {STATIC_TABLE(ROW)};

static size_t text_bytes(const struct mt_hpack_entry *e)
{
    return (size_t)e->name_bytes + e->value_bytes;
}

static size_t entry_bytes(const struct mt_hpack_entry *e)
{
    return text_bytes(e) + MT_HPACK_ENTRY_OVERHEAD;
}

void mt_hpack_table_init(struct mt_hpack_table *t, struct mt_pool *pool)
{
    *t = (struct mt_hpack_table){.pool = pool,
                                 .max_bytes = MT_HPACK_TABLE_DEFAULT};
}

void mt_hpack_table_deinit(struct mt_hpack_table *t)
{
    mt_pool_free(t->pool, t->text, t->text_capacity);
    mt_pool_free(t->pool, t->ring, t->ring_capacity * sizeof *t->ring);
    mt_hpack_table_init(t, t->pool);
}

void mt_hpack_table_clear(struct mt_hpack_table *t)
{
    t->evicted += t->count;
    t->count = 0;
    t->unknown = 0;
    t->size_bytes = 0;
    t->begin = t->end = 0;
}

static void evict_oldest(struct mt_hpack_table *t)
{
    const struct mt_hpack_entry *e = mt_hpack_table_at(t, t->count - 1);
    t->size_bytes -= entry_bytes(e);
    t->unknown -= e->known != MT_HPACK_KNOWN;
    t->begin += text_bytes(e);
    t->count--;
    t->evicted++;
    if (t->count == 0)
        t->begin = t->end = 0;
}

static void evict_to(struct mt_hpack_table *t, size_t bytes)
{
    while (t->size_bytes > bytes)
        evict_oldest(t);
}

void mt_hpack_table_resize(struct mt_hpack_table *t, size_t max_bytes)
{
    t->max_bytes =
        max_bytes < MT_HPACK_TABLE_MAX ? max_bytes : MT_HPACK_TABLE_MAX;
    evict_to(t, t->max_bytes);
}

void mt_hpack_table_keep(struct mt_hpack_table *t, uint32_t keep)
{
    while (t->count > keep)
        evict_oldest(t);
}

void mt_hpack_table_drop_newest(struct mt_hpack_table *t, uint32_t n)
{
    assert(n <= t->count);
    for (; n > 0; n--) {
        const struct mt_hpack_entry *e = mt_hpack_table_at(t, 0);
        t->size_bytes -= entry_bytes(e);
        t->unknown -= e->known != MT_HPACK_KNOWN;
        t->end = e->at;
        t->newest = (t->newest - 1) & (t->ring_capacity - 1);
        t->count--;
    }
}

/* Texts of live entries to the front; entries keep where theirs lie. */
static void move_texts(struct mt_hpack_table *t, uint8_t *to)
{
    size_t live = t->end - t->begin;
    if (live > 0)
        memmove(to, t->text + t->begin, live);
    for (uint32_t i = 0; i < t->count; i++)
        mt_hpack_table_at(t, i)->at -= (uint32_t)t->begin;
    t->begin = 0;
    t->end = live;
}

uint8_t *mt_hpack_table_room(struct mt_hpack_table *t, size_t n)
{
    if (n <= t->text_capacity - t->end)
        return t->text + t->end;

    /* Twice what is needed, so that moving costs each byte once. */
    size_t need = 2 * (t->end - t->begin) + n;
    if (need <= t->text_capacity) {
        move_texts(t, t->text);
        return t->text + t->end;
    }
    size_t capacity = TEXT_FIRST;
    while (capacity < need)
        capacity *= 2;
    uint8_t *text = mt_pool_alloc(t->pool, capacity);
    if (text == NULL)
        return NULL;
    move_texts(t, text);
    mt_pool_free(t->pool, t->text, t->text_capacity);
    t->text = text;
    t->text_capacity = capacity;
    return t->text + t->end;
}

static bool grow_ring(struct mt_hpack_table *t)
{
    uint32_t capacity =
        t->ring_capacity > 0 ? t->ring_capacity * 2 : RING_FIRST;
    struct mt_hpack_entry *ring =
        mt_pool_alloc(t->pool, capacity * sizeof *ring);
    if (ring == NULL)
        return false;
    for (uint32_t i = 0; i < t->count; i++) /* oldest at 0 */
        ring[t->count - 1 - i] = *mt_hpack_table_at(t, i);
    mt_pool_free(t->pool, t->ring, t->ring_capacity * sizeof *ring);
    t->ring = ring;
    t->ring_capacity = capacity;
    t->newest = t->count - 1; /* wraps when empty: the next push makes it 0 */
    return true;
}

static bool push(struct mt_hpack_table *t, struct mt_hpack_entry e)
{
    if (t->count == t->ring_capacity && !grow_ring(t))
        return false;
    t->newest = (t->newest + 1) & (t->ring_capacity - 1);
    t->ring[t->newest] = e;
    t->count++;
    t->unknown += e.known != MT_HPACK_KNOWN;
    t->size_bytes += entry_bytes(&e);
    return true;
}

bool mt_hpack_table_insert(struct mt_hpack_table *t, struct mt_hpack_entry e)
{
    assert(entry_bytes(&e) <= t->max_bytes);
    /* Evicting the last entry sets the texts back to the buffer's start, but
     * the new one's text lies where it was written. */
    e.at = (uint32_t)t->end;
    evict_to(t, t->max_bytes - entry_bytes(&e));
    if (t->count == 0)
        t->begin = t->end = e.at;
    if (!push(t, e))
        return false;
    t->end += text_bytes(&e);
    return true;
}

bool mt_hpack_table_insert_unknown(struct mt_hpack_table *t, uint32_t above,
                                   uint32_t n)
{
    assert(above <= t->count);
    struct mt_hpack_entry hole = {.at = (uint32_t)t->end};
    if (above > 0)
        hole.at = mt_hpack_table_at(t, above - 1)->at;
    for (uint32_t k = 0; k < n; k++) {
        if (!push(t, hole))
            return false;
        for (uint32_t i = 0; i < above; i++) /* sift it down */
            *mt_hpack_table_at(t, i) = *mt_hpack_table_at(t, i + 1);
        *mt_hpack_table_at(t, above) = hole;
    }
    return true;
}
