/* Property: whatever is written is read back equal, in order, and to the end;
 * mt_pcapng_packet_bytes() tells what a packet takes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../capture/memory_input.h"
#include "base/buf.h"
#include "capture/pcapng_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ITEMS_MAX = 64, FILE_BYTES = 1 << 18, INTERFACES_MAX = 8 };

struct written {
    struct mt_item items[ITEMS_MAX]; /* borrow from the fuzzer's input */
    size_t count;
    uint16_t links[INTERFACES_MAX];
    uint32_t interfaces;
    struct mt_buf file;
};

static uint8_t bytes[FILE_BYTES];

static void must(bool so)
{
    if (!so)
        abort();
}

static uint32_t number(struct mt_cursor *c)
{
    uint32_t v = mt_get_le32(c);
    return c->bad ? 0 : v;
}

/* A text or a packet of the input: its length, then its bytes. */
static struct mt_span piece(struct mt_cursor *c)
{
    size_t n = number(c) & 0xffff;
    if (c->bad)
        return (struct mt_span){0};
    return mt_get_span(c, n < c->rest.len ? n : c->rest.len);
}

static struct mt_item *add(struct written *w, enum mt_item_kind kind)
{
    struct mt_item *i = &w->items[w->count++];
    *i = (struct mt_item){.kind = kind};
    return i;
}

static void write_interface(struct written *w, struct mt_cursor *c)
{
    if (w->interfaces == INTERFACES_MAX)
        return;
    struct mt_pcapng_interface i = {.link_type = (uint16_t)number(c),
                                    .snaplen = number(c),
                                    .name = piece(c),
                                    .filter = piece(c)};
    if (!mt_pcapng_put_interface(&w->file, &i))
        return;
    struct mt_item *item = add(w, MT_ITEM_INTERFACE);
    item->text = i.name;
    item->packet = (struct mt_packet){.link_type = i.link_type,
                                      .interface_id = w->interfaces};
    w->links[w->interfaces++] = i.link_type;
}

static void write_packet(struct written *w, struct mt_cursor *c)
{
    if (w->interfaces == 0)
        return;
    uint32_t id = number(c) % w->interfaces;
    int64_t ts_ns = (int64_t)((uint64_t)number(c) << 31 | number(c) >> 1);
    uint64_t dropped = number(c) & 3;
    struct mt_span text = piece(c);
    struct mt_packet one = {.ts_ns = ts_ns, .bytes = piece(c)};
    one.wire_bytes = (uint32_t)one.bytes.len + (number(c) & 0xffff);
    struct mt_pcapng_packet p = {.packet = &one,
                                 .interface_id = id,
                                 .comments = &text,
                                 .comments_count = 1,
                                 .dropped = dropped};
    size_t before = w->file.len, takes = mt_pcapng_packet_bytes(&p);
    bool fits = takes <= w->file.cap - before;
    must(mt_pcapng_put_packet(&w->file, &p) == fits);
    must(w->file.len == before + (fits ? takes : 0));
    if (!fits)
        return;
    struct mt_item *item = add(w, MT_ITEM_PACKET);
    item->packet = one;
    item->packet.interface_id = id;
    item->packet.link_type = w->links[id];
    item->packet.ref = before;
}

static void write_name(struct written *w, struct mt_cursor *c)
{
    struct mt_pcapng_name n = {.name = piece(c)};
    struct mt_span ip = piece(c);
    if (ip.len < sizeof n.addr.ip)
        return;
    memcpy(n.addr.ip, ip.ptr, sizeof n.addr.ip);
    if (!mt_pcapng_put_names(&w->file, &n, 1))
        return;
    n.name.len = mt_span_find(n.name, 0);
    if (n.name.len == 0)
        return;
    struct mt_item *item = add(w, MT_ITEM_NAME);
    item->name_addr = n.addr;
    item->text = n.name;
}

static void write_rest(struct written *w, struct mt_cursor *c, unsigned what)
{
    if (what == 0) {
        struct mt_span lines = piece(c);
        if (mt_pcapng_put_secrets(&w->file, lines))
            add(w, MT_ITEM_SECRETS)->text = lines;
        return;
    }
    struct mt_pcapng_statistics s = {.interface_drops = number(c),
                                     .kernel_drops = number(c),
                                     .ts_ns = number(c)};
    if (w->interfaces == 0 || !mt_pcapng_put_statistics(&w->file, &s))
        return;
    struct mt_item *item = add(w, MT_ITEM_DROPS);
    item->interface_drops = s.interface_drops;
    item->kernel_drops = s.kernel_drops;
    item->packet.link_type = w->links[0];
}

static void write_all(struct written *w, struct mt_cursor *c)
{
    must(mt_pcapng_put_section(&w->file, &(struct mt_pcapng_section){0}));
    while (c->rest.len > 0 && !c->bad && w->count < ITEMS_MAX) {
        unsigned what = number(c) % 5;
        if (what == 0)
            write_interface(w, c);
        else if (what == 1)
            write_name(w, c);
        else if (what == 2)
            write_rest(w, c, number(c) & 1);
        else
            write_packet(w, c);
    }
}

/* Long texts are cut: what is read is what was given, or its begin. */
static void must_begin(struct mt_span read, struct mt_span given)
{
    must(read.len == given.len ||
         (read.len < given.len && read.len >= MT_PCAPNG_TEXT_MAX - 32));
    must(read.len == 0 || memcmp(read.ptr, given.ptr, read.len) == 0);
}

static void must_equal(const struct mt_item *read, const struct mt_item *given)
{
    const struct mt_packet *a = &read->packet, *b = &given->packet;
    must(read->kind == given->kind);
    if (read->kind == MT_ITEM_NAME)
        must(memcmp(read->name_addr.ip, given->name_addr.ip, 16) == 0);
    if (read->kind != MT_ITEM_NAME && read->kind != MT_ITEM_SECRETS)
        must(a->interface_id == b->interface_id &&
             a->link_type == b->link_type);
    if (read->kind == MT_ITEM_DROPS)
        must(read->interface_drops == given->interface_drops &&
             read->kernel_drops == given->kernel_drops);
    else if (read->kind == MT_ITEM_PACKET)
        must(a->ts_ns == b->ts_ns && a->wire_bytes == b->wire_bytes &&
             a->ref == b->ref && a->bytes.len == b->bytes.len &&
             (a->bytes.len == 0 ||
              memcmp(a->bytes.ptr, b->bytes.ptr, a->bytes.len) == 0));
    else
        must_begin(read->text, given->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct written w;
    struct mt_cursor c = mt_cursor_of((struct mt_span){data, size});
    w.count = w.interfaces = 0;
    w.file = mt_buf_of(bytes, sizeof bytes);
    write_all(&w, &c);

    struct memory_input m = {
        .bytes = mt_buf_span(&w.file), .step = SIZE_MAX, .visible = SIZE_MAX};
    struct mt_source *s;
    struct mt_problem why;
    struct mt_item item;
    must(mt_source_open_input(&s, memory_input(&m), "t",
                              &(struct mt_source_options){0}, &why) == 0);
    for (size_t i = 0; i < w.count; i++) {
        must(mt_source_next(s, &item) == MT_EVENT);
        must_equal(&item, &w.items[i]);
    }
    must(mt_source_next(s, &item) == MT_DONE);
    must(mt_source_progress(s).skipped_blocks == 0);
    mt_source_free(s);
    return 0;
}
