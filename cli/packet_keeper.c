#include "cli/packet_keeper.h"

#include <inttypes.h>
#include <stdlib.h>

#include "capture/packet_ring.h"
#include "cli/clock.h"
#include "cli/say.h"

enum { FILES_BY_DEFAULT = 16, RING_MIB = 256 };

struct mt_packet_keeper {
    struct mt_packet_ring *ring;
    const struct mt_feed_sink *sink;
    bool said; /* that the disk takes no more */
};

static void tell_file(void *arg, const struct mt_packet_ring_file *f)
{
    struct mt_packet_keeper *k = arg;
    const struct mt_source_info info = {.path = f->path,
                                        .size_bytes = f->size_bytes,
                                        .packets = f->packets,
                                        .first_ns = f->first_ns,
                                        .last_ns = f->last_ns};
    if (k->sink != NULL && k->sink->source != NULL)
        (void)k->sink->source(k->sink->context, f->source, &info);
}

static int set_sizes(struct mt_packet_ring_options *r,
                     const struct mt_options *o)
{
    r->size_bytes =
        o->ring_bytes != 0 ? o->ring_bytes : (uint64_t)RING_MIB << 20;
    r->file_bytes = o->ring_file_bytes;
    if (r->file_bytes == 0)
        r->file_bytes = r->size_bytes / FILES_BY_DEFAULT;
    if (r->file_bytes < MT_PACKET_RING_FILE_MIN && o->ring_file_bytes == 0)
        r->file_bytes = MT_PACKET_RING_FILE_MIN;
    if (r->file_bytes < MT_PACKET_RING_FILE_MIN)
        mt_say("--ring-file-size", "a file has at least 64KiB");
    else if (r->size_bytes / 2 < r->file_bytes)
        mt_say("--ring-size", "a ring has room for two files at least; write "
                              "a larger size, or a smaller --ring-file-size");
    else
        return 0;
    return MT_EXIT_USAGE;
}

int mt_packet_keeper_open(struct mt_packet_keeper **out,
                          const struct mt_options *o)
{
    struct mt_problem why;
    struct mt_packet_ring_options options = {
        .folder = o->ring,
        .patient = o->interfaces_count == 0, /* a file can wait for the disk */
        .started_ns = mt_wall_ns(),
        .first_source = (uint16_t)mt_options_sources(o),
        .application = "meshtop " MT_VERSION,
        .file = tell_file};
    *out = NULL;
    if (o->ring == NULL)
        return 0;
    int rc = set_sizes(&options, o);
    if (rc != 0)
        return rc;
    struct mt_packet_keeper *k = calloc(1, sizeof *k);
    if (k == NULL) {
        mt_say(NULL, "not enough memory");
        return MT_EXIT_ERROR;
    }
    options.file_arg = k;
    if (mt_packet_ring_open(&k->ring, &options, &why) != 0) {
        mt_say(NULL, "%s", why.text);
        free(k);
        return MT_EXIT_ERROR;
    }
    *out = k;
    return 0;
}

int mt_packet_keeper_folder(const struct mt_packet_keeper *k)
{
    return k != NULL ? mt_packet_ring_folder(k->ring) : 0;
}

void mt_packet_keeper_tell(struct mt_packet_keeper *k,
                           const struct mt_feed_sink *sink)
{
    if (k != NULL)
        k->sink = sink;
}

void mt_packet_keeper_interface(struct mt_packet_keeper *k,
                                const struct mt_item *item)
{
    if (k != NULL)
        mt_packet_ring_interface(k->ring, &item->packet, item->text);
}

static void say_problem(struct mt_packet_keeper *k, const char *why)
{
    if (why[0] == '\0' || k->said)
        return;
    k->said = true;
    mt_warn(NULL, "%s; packets are not kept any more", why);
}

void mt_packet_keeper_packet(struct mt_packet_keeper *k,
                             struct mt_packet *packet)
{
    if (k != NULL && !mt_packet_ring_packet(k->ring, packet))
        say_problem(k, mt_packet_ring_problem(k->ring));
}

void mt_packet_keeper_close(struct mt_packet_keeper *k,
                            struct mt_feed_result *result)
{
    struct mt_packet_ring_stats stats;
    if (k == NULL)
        return;
    mt_packet_ring_close(k->ring, &stats);
    say_problem(k, stats.problem.text);
    if (result != NULL)
        result->unkept_packets = stats.dropped;
    if (stats.unnoted > 0)
        mt_warn("--ring",
                "%" PRIu64 " packets came after the last file that "
                "a database can refer to; write another database",
                stats.unnoted);
    free(k);
}
