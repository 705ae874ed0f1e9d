#include "capture/layers.h"

#include "capture/layers_walk.h"

static int (*const steps[MT_LAYERS_COUNT])(struct mt_walk *) = {
#define X(upper, lower) [MT_LAYER_##upper] = mt_layer_##lower,
    MT_LAYERS(X)
#undef X
};

static const struct {
    int8_t rc;
    const char *help;
} ends[MT_LAYERS_ENDS_COUNT] = {
#define X(name, rc, help) [MT_LAYERS_##name] = {MT_##rc, help},
    MT_LAYERS_ENDS(X)
#undef X
};

const char *mt_layers_end_help(enum mt_layers_end end)
{
    return ends[end].help;
}

void mt_layers_init(struct mt_layers *l, struct mt_pool *pool)
{
    *l = (struct mt_layers){.link = NULL};
    mt_fragments_init(&l->fragments, pool);
}

void mt_layers_deinit(struct mt_layers *l)
{
    mt_fragments_deinit(&l->fragments);
}

/* From one layer to the next until the packet's end. */
static enum mt_layers_end walk(struct mt_walk *w, int layer)
{
    while (layer >= 0) {
        if (++w->depth > MT_WALK_DEPTH_MAX)
            return MT_LAYERS_TOO_DEEP;
        layer = steps[layer](w);
    }
    return (enum mt_layers_end)(-1 - layer);
}

int mt_layers_next(struct mt_layers *l, const struct mt_packet *packet,
                   struct mt_segment *out)
{
    mt_fragments_release(&l->fragments);
    if (l->link == NULL || l->link->number != packet->link_type)
        l->link = mt_link_find(packet->link_type);
    if (l->link == NULL) {
        l->count[MT_LAYERS_OTHER_LINK]++;
        return MT_DONE;
    }

    struct mt_walk w; /* outer is set only with in_udp */
    w.rest = packet->bytes;
    w.true_bytes = packet->wire_bytes;
    w.depth = 0;
    w.bounded = false;
    w.layers = l;
    w.packet = packet;
    w.out = out;
    w.in_udp = false;
    if (w.true_bytes < w.rest.len)
        w.true_bytes = (uint32_t)w.rest.len;
    out->ts_ns = packet->ts_ns;
    out->packet = packet->ref;
    out->source = packet->source;
    out->interface_id = packet->interface_id;
    out->network = 0;

    enum mt_layers_end end = walk(&w, l->link->layer);
    if (w.in_udp && ends[end].rc < 0) { /* the port was another program's */
        *out = w.outer;
        end = MT_LAYERS_UDP;
    }
    l->count[end]++;
    return ends[end].rc;
}
