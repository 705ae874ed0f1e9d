#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/packet.h"
#include "capture/pcap.h"
#include "capture/pcapng.h"
#include "capture/source.h"
#include "capture/stream.h"

enum { FIRST_BYTES = 4 };

enum format { FORMAT_UNKNOWN, FORMAT_PCAP, FORMAT_PCAPNG };

struct source_file {
    struct mt_source base;
    struct mt_stream *stream;
    bool follow;
    enum format format;
    struct mt_pcap pcap;
    struct mt_pcapng *pcapng;
    size_t used; /* of the window: the last item's, dropped at the next call */
};

static struct source_file *file_of(struct mt_source *base)
{
    return (struct source_file *)base;
}

static int broken(struct source_file *s, int code, uint64_t offset,
                  const char *text)
{
    char line[320];
    (void)snprintf(line, sizeof line, "offset %" PRIu64 ": %s", offset, text);
    return mt_source_break(&s->base, code, line);
}

static int foreign(struct source_file *s, struct mt_span start)
{
    char text[MT_FOREIGN_BYTES];
    mt_source_describe(start, text);
    return mt_source_break(&s->base, MT_EPROTO, text);
}

/* The input ended, or the stream broke, with a record not whole. */
static int cut(struct source_file *s, int rc, size_t need)
{
    struct mt_span rest = mt_stream_window(s->stream);
    uint64_t offset = mt_stream_offset(s->stream);
    if (rc < 0)
        return broken(s, rc, offset + rest.len, mt_stream_why(s->stream));
    if (rest.len == 0) {
        s->base.ended = MT_DONE;
        return MT_DONE;
    }
    char text[160];
    (void)snprintf(text, sizeof text,
                   "cut off here: the last record has %zu of at least %zu "
                   "bytes; all before it was read",
                   rest.len, need);
    return broken(s, MT_EPROTO, offset, text);
}

static int start_format(struct source_file *s, struct mt_span start)
{
    if (mt_pcap_detect(start)) {
        mt_pcap_init(&s->pcap);
        s->format = FORMAT_PCAP;
        return MT_EVENT;
    }
    if (!mt_pcapng_detect(start)) {
        /* more bytes make a better description, when they are there */
        (void)mt_stream_fill(s->stream, MT_FOREIGN_LOOK_BYTES);
        return foreign(s, mt_stream_window(s->stream));
    }
    s->pcapng = mt_pcapng_new();
    if (s->pcapng == NULL)
        return broken(s, -ENOMEM, 0, "no memory");
    s->format = FORMAT_PCAPNG;
    return MT_EVENT;
}

/* Look at the first bytes: MT_EVENT when the format is known. */
static int find_format(struct source_file *s)
{
    int rc = mt_stream_fill(s->stream, FIRST_BYTES);
    if (rc == MT_EVENT)
        return start_format(s, mt_stream_window(s->stream));
    if (rc == MT_DONE)
        return foreign(s, mt_stream_window(s->stream));
    return rc < 0 ? cut(s, rc, FIRST_BYTES) : rc;
}

static int parse(struct source_file *s, struct mt_span in, struct mt_step *step,
                 struct mt_item *item)
{
    if (s->format == FORMAT_PCAP)
        return mt_pcap_next(&s->pcap, in, step, item);
    return mt_pcapng_next(s->pcapng, in, step, item);
}

static const char *parse_why(const struct source_file *s)
{
    return s->format == FORMAT_PCAP ? s->pcap.error.why
                                    : mt_pcapng_why(s->pcapng);
}

/* A followed file that got shorter was begun anew: what comes is not what
 * follows. */
static int check_shrunk(struct source_file *s)
{
    bool shrunk = s->follow && mt_stream_input_bytes(s->stream) <
                                   mt_stream_raw_bytes(s->stream);
    if (!shrunk)
        return MT_MORE;
    return broken(s, MT_EPROTO, mt_stream_offset(s->stream),
                  "the file was made shorter while it was followed; start "
                  "again to read its new content");
}

static void give_ref(struct source_file *s, struct mt_item *item)
{
    item->packet.source = (uint16_t)(s->base.number_bits >> 48);
    item->packet.ref = s->base.number_bits | mt_stream_offset(s->stream);
    s->base.packets += item->kind == MT_ITEM_PACKET;
}

static int file_next(struct mt_source *base, struct mt_item *item)
{
    struct source_file *s = file_of(base);
    mt_stream_take(s->stream, s->used);
    s->used = 0;
    if (s->format == FORMAT_UNKNOWN) {
        int rc = find_format(s);
        if (rc != MT_EVENT)
            return rc;
    }
    for (;;) {
        struct mt_step step;
        int rc = parse(s, mt_stream_window(s->stream), &step, item);
        if (rc == MT_EVENT) {
            give_ref(s, item);
            s->used = step.used;
            return MT_EVENT;
        }
        if (rc < 0)
            return broken(s, rc, mt_stream_offset(s->stream), parse_why(s));
        mt_stream_take(s->stream, step.used);
        rc = mt_stream_fill(s->stream, step.need);
        if (rc == MT_MORE)
            return check_shrunk(s);
        if (rc != MT_EVENT)
            return cut(s, rc, step.need);
    }
}

static void file_finish(struct mt_source *base, int64_t now_ns)
{
    (void)now_ns; /* its end is that of its bytes */
    mt_stream_finish(file_of(base)->stream);
}

static struct mt_source_progress file_progress(const struct mt_source *base)
{
    const struct source_file *s = (const struct source_file *)base;
    uint64_t done = mt_stream_raw_bytes(s->stream);
    uint64_t total = mt_stream_input_bytes(s->stream);
    return (struct mt_source_progress){
        .done_bytes = done,
        .total_bytes = total > 0 && done > total ? done : total,
        .packets = base->packets,
        .skipped_blocks = s->pcapng != NULL ? mt_pcapng_skipped(s->pcapng) : 0};
}

static void file_free(struct mt_source *base)
{
    struct source_file *s = file_of(base);
    mt_stream_free(s->stream);
    mt_pcapng_free(s->pcapng);
}

/* Bring parser and stream to a record. MT_EVENT, or as mt_source_next(). */
static int go_back(struct source_file *s, uint64_t offset)
{
    bool direct = s->format == FORMAT_PCAP ||
                  (s->pcapng != NULL && mt_pcapng_seek(s->pcapng, offset));
    int rc = mt_stream_seek(s->stream, direct ? offset : 0);
    if (rc != MT_EVENT || direct)
        return rc;
    mt_pcapng_free(s->pcapng);
    s->pcapng = NULL;
    s->format = FORMAT_UNKNOWN;
    return MT_EVENT;
}

/* Walk on to the first item at or after an offset. */
static int walk_to(struct source_file *s, uint64_t offset, struct mt_item *item)
{
    int rc;
    do
        rc = mt_source_next(&s->base, item);
    while (rc == MT_EVENT && (mt_stream_offset(s->stream) < offset ||
                              item->kind != MT_ITEM_PACKET));
    bool missed = rc == MT_EVENT && mt_stream_offset(s->stream) != offset;
    return missed ? MT_DONE : rc;
}

static int file_read_at(struct mt_source *base, uint64_t offset,
                        struct mt_item *item)
{
    struct source_file *s = file_of(base);
    uint64_t packets = base->packets;
    int rc = MT_EVENT;
    s->base.ended = 0;
    if (s->format == FORMAT_PCAP && !s->pcap.started)
        rc = mt_source_next(&s->base, item); /* the file header */
    uint64_t here = mt_stream_offset(s->stream) + s->used;
    if (rc == MT_EVENT && (offset < here || s->format == FORMAT_PCAP)) {
        s->used = 0;
        s->pcap.error.code = 0;
        rc = go_back(s, offset);
        if (rc < 0)
            return broken(s, rc, offset, "cannot go there in this file");
    }
    if (rc == MT_EVENT)
        rc = walk_to(s, offset, item);
    base->packets = packets;
    s->base.ended = rc == MT_DONE ? 0 : s->base.ended;
    return rc;
}

static const struct mt_source_ops file_ops = {
    .next = file_next,
    .finish = file_finish,
    .read_at = file_read_at,
    .progress = file_progress,
    .free = file_free,
};

int mt_source_open_input(struct mt_source **out, struct mt_input input,
                         const char *name,
                         const struct mt_source_options *options,
                         struct mt_problem *why)
{
    struct source_file *s =
        mt_source_new(sizeof *s, &file_ops, name, options->number);
    *out = NULL;
    if (s == NULL && input.close != NULL)
        input.close(input.self);
    if (s == NULL || mt_stream_new(&s->stream, input, options->follow,
                                   options->buffer_bytes) < 0) {
        mt_source_say(why, name, "no memory");
        mt_source_free(s != NULL ? &s->base : NULL);
        return -ENOMEM;
    }
    s->follow = options->follow;
    int rc = options->follow ? MT_MORE : find_format(s);
    if (rc < 0) {
        *why = s->base.problem;
        mt_source_free(&s->base);
        return rc;
    }
    *out = &s->base;
    return 0;
}

int mt_source_open_file(struct mt_source **out, const char *path,
                        const struct mt_source_options *options,
                        struct mt_problem *why)
{
    struct mt_input input;
    const char *name = strcmp(path, "-") == 0 ? "stdin" : path;
    *out = NULL;
    int rc = mt_input_open_file(&input, path);
    if (rc < 0) {
        mt_source_say(why, name,
                      rc == -ENOENT   ? "no such file"
                      : rc == -EISDIR ? "a folder, not a capture; name a file"
                                      : strerror(-rc));
        return rc;
    }
    struct mt_source_options with = *options;
    with.follow = options->follow && input.bytes != NULL;
    return mt_source_open_input(out, input, name, &with, why);
}
