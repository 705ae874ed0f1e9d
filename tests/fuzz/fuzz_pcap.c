/* Properties: how the input of a capture file comes changes none of its items
 * and not what is said of its end; what a ref tells is found there again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../capture/memory_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
    uint64_t hash;
    uint64_t packets;
    uint64_t last_ref;
    uint64_t last_hash;
    int64_t last_ts_ns;
    int rc;
    char problem[MT_PROBLEM_BYTES];
};

static uint64_t mix(uint64_t h, const void *bytes, size_t n)
{
    const uint8_t *b = bytes;
    for (size_t i = 0; i < n; i++)
        h = (h ^ b[i]) * 0x100000001b3;
    return h;
}

static uint64_t hash_packet(uint64_t h, const struct mt_packet *p)
{
    h = mix(h, &p->ts_ns, sizeof p->ts_ns);
    h = mix(h, &p->wire_bytes, sizeof p->wire_bytes);
    h = mix(h, &p->interface_id, sizeof p->interface_id);
    h = mix(h, &p->link_type, sizeof p->link_type);
    h = mix(h, &p->ref, sizeof p->ref);
    return mix(h, p->bytes.ptr, p->bytes.len);
}

static void take(struct result *r, const struct mt_item *i)
{
    uint8_t kind = (uint8_t)i->kind;
    r->hash = mix(r->hash, &kind, 1);
    switch (i->kind) {
    case MT_ITEM_PACKET:
        if (i->packet.wire_bytes < i->packet.bytes.len)
            abort();
        r->hash = hash_packet(r->hash, &i->packet);
        r->packets++;
        r->last_ref = i->packet.ref;
        r->last_ts_ns = i->packet.ts_ns;
        r->last_hash = hash_packet(0, &i->packet);
        return;
    case MT_ITEM_NAME:
        r->hash = mix(r->hash, i->name_addr.ip, sizeof i->name_addr.ip);
        break;
    case MT_ITEM_DROPS:
        r->hash = mix(r->hash, &i->kernel_drops, sizeof i->kernel_drops);
        r->hash = mix(r->hash, &i->interface_drops, sizeof i->interface_drops);
        return;
    default:
        break;
    }
    r->hash = mix(r->hash, i->text.ptr, i->text.len);
}

/* The last packet again, by its ref. */
static void find_again(struct mt_source *s, const struct result *r)
{
    struct mt_item item;
    uint64_t offset = r->last_ref & 0xffffffffffff;
    if (r->packets == 0)
        return;
    if (mt_source_read_at(s, offset, &item) != MT_EVENT)
        abort();
    item.packet.ts_ns = r->last_ts_ns; /* a simple packet has none of its own */
    if (hash_packet(0, &item.packet) != r->last_hash)
        abort();
}

static struct result run(struct mt_span file, size_t step, bool follow)
{
    struct memory_input m = {file, 0, step, follow ? step : SIZE_MAX};
    struct mt_source_options options = {.follow = follow, .buffer_bytes = 1};
    struct mt_problem why;
    struct mt_source *s;
    struct mt_item item;
    struct result r = {.hash = 1};
    r.rc = mt_source_open_input(&s, memory_input(&m), "t", &options, &why);
    if (r.rc < 0) {
        memcpy(r.problem, why.text, sizeof r.problem);
        return r;
    }
    for (;;) {
        r.rc = mt_source_next(s, &item);
        if (r.rc == MT_EVENT)
            take(&r, &item);
        else if (r.rc == MT_MORE && m.visible < file.len)
            m.visible += step;
        else if (r.rc == MT_MORE)
            mt_source_finish(s, 0);
        else
            break;
    }
    memcpy(r.problem, mt_source_problem(s), strlen(mt_source_problem(s)) + 1);
    find_again(s, &r);
    mt_source_free(s);
    return r;
}

static void same(const struct result *a, const struct result *b)
{
    /* a description of a foreign file may see more or less of it */
    bool foreign = a->rc < 0 && a->packets == 0;
    if (a->rc != b->rc || a->hash != b->hash || a->packets != b->packets)
        abort();
    if (!foreign && strcmp(a->problem, b->problem) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 1 << 16)
        return 0;
    size_t step = data[0] % 32 + 1u;
    struct mt_span file = {.ptr = data + 1, .len = size - 1};
    struct result whole = run(file, SIZE_MAX, false);
    struct result dribbled = run(file, step, false);
    struct result followed = run(file, step, true);
    same(&whole, &dribbled);
    same(&whole, &followed);
    return 0;
}
