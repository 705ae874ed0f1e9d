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

enum { OFFSET_BITS = 48, FIRST_BYTES = 4, PATH_SHOWN = 200 };

enum format { FORMAT_UNKNOWN, FORMAT_PCAP, FORMAT_PCAPNG };

struct mt_source {
    char *path;
    struct mt_stream *stream;
    uint64_t number_bits; /* of the ref */
    uint64_t packets;
    bool follow;
    enum format format;
    struct mt_pcap pcap;
    struct mt_pcapng *pcapng;
    size_t used; /* of the window: the last item's, dropped at the next call */
    int ended;   /* MT_DONE or an error, sticky */
    struct mt_problem problem;
};

/* A path that would push the message out of its line is shown by its end. */
static void say(struct mt_problem *to, const char *path, const char *text)
{
    size_t n = strlen(path);
    const char *dots = n > PATH_SHOWN ? "..." : "";
    const char *end = n > PATH_SHOWN ? path + n - PATH_SHOWN : path;
    (void)snprintf(to->text, sizeof to->text, "%s%s: %s", dots, end, text);
}

static int broken(struct mt_source *s, int code, uint64_t offset,
                  const char *text)
{
    char line[320];
    (void)snprintf(line, sizeof line, "offset %" PRIu64 ": %s", offset, text);
    say(&s->problem, s->path, line);
    s->ended = code;
    return code;
}

static int foreign(struct mt_source *s, struct mt_span start)
{
    char text[MT_FOREIGN_BYTES];
    mt_source_describe(start, text);
    say(&s->problem, s->path, text);
    s->ended = MT_EPROTO;
    return MT_EPROTO;
}

/* The input ended, or the stream broke, with a record not whole. */
static int cut(struct mt_source *s, int rc, size_t need)
{
    struct mt_span rest = mt_stream_window(s->stream);
    uint64_t offset = mt_stream_offset(s->stream);
    if (rc < 0)
        return broken(s, rc, offset + rest.len, mt_stream_why(s->stream));
    if (rest.len == 0) {
        s->ended = MT_DONE;
        return MT_DONE;
    }
    char text[160];
    (void)snprintf(text, sizeof text,
                   "cut off here: the last record has %zu of at least %zu "
                   "bytes; all before it was read",
                   rest.len, need);
    return broken(s, MT_EPROTO, offset, text);
}

static int start_format(struct mt_source *s, struct mt_span start)
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
static int find_format(struct mt_source *s)
{
    int rc = mt_stream_fill(s->stream, FIRST_BYTES);
    if (rc == MT_EVENT)
        return start_format(s, mt_stream_window(s->stream));
    if (rc == MT_DONE)
        return foreign(s, mt_stream_window(s->stream));
    return rc < 0 ? cut(s, rc, FIRST_BYTES) : rc;
}

static int parse(struct mt_source *s, struct mt_span in, struct mt_step *step,
                 struct mt_item *item)
{
    if (s->format == FORMAT_PCAP)
        return mt_pcap_next(&s->pcap, in, step, item);
    return mt_pcapng_next(s->pcapng, in, step, item);
}

static const char *parse_why(const struct mt_source *s)
{
    return s->format == FORMAT_PCAP ? s->pcap.error.why
                                    : mt_pcapng_why(s->pcapng);
}

/* A followed file that got shorter was begun anew: what comes is not what
 * follows. */
static int check_shrunk(struct mt_source *s)
{
    bool shrunk = s->follow && mt_stream_input_bytes(s->stream) <
                                   mt_stream_raw_bytes(s->stream);
    if (!shrunk)
        return MT_MORE;
    return broken(s, MT_EPROTO, mt_stream_offset(s->stream),
                  "the file was made shorter while it was followed; start "
                  "again to read its new content");
}

static void give_ref(struct mt_source *s, struct mt_item *item)
{
    item->packet.ref = s->number_bits | mt_stream_offset(s->stream);
    s->packets += item->kind == MT_ITEM_PACKET;
}

int mt_source_next(struct mt_source *s, struct mt_item *item)
{
    if (s->ended != 0)
        return s->ended;
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

static struct mt_source *new_source(const char *path,
                                    const struct mt_source_options *options)
{
    struct mt_source *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->path = strdup(path);
    if (s->path == NULL) {
        free(s);
        return NULL;
    }
    s->number_bits = (uint64_t)options->number << OFFSET_BITS;
    return s;
}

int mt_source_open_input(struct mt_source **out, struct mt_input input,
                         const char *name,
                         const struct mt_source_options *options,
                         struct mt_problem *why)
{
    struct mt_source *s = new_source(name, options);
    *out = NULL;
    if (s == NULL && input.close != NULL)
        input.close(input.self);
    if (s == NULL || mt_stream_new(&s->stream, input, options->follow,
                                   options->buffer_bytes) < 0) {
        say(why, name, "no memory");
        mt_source_free(s);
        return -ENOMEM;
    }
    s->follow = options->follow;
    int rc = options->follow ? MT_MORE : find_format(s);
    if (rc < 0) {
        *why = s->problem;
        mt_source_free(s);
        return rc;
    }
    *out = s;
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
        say(why, name, strerror(-rc));
        return rc;
    }
    struct mt_source_options with = *options;
    with.follow = options->follow && input.bytes != NULL;
    return mt_source_open_input(out, input, name, &with, why);
}

void mt_source_free(struct mt_source *s)
{
    if (s == NULL)
        return;
    mt_stream_free(s->stream);
    mt_pcapng_free(s->pcapng);
    free(s->path);
    free(s);
}

void mt_source_finish(struct mt_source *s)
{
    mt_stream_finish(s->stream);
}

const char *mt_source_problem(const struct mt_source *s)
{
    return s->problem.text;
}

const char *mt_source_path(const struct mt_source *s)
{
    return s->path;
}

struct mt_source_progress mt_source_progress(const struct mt_source *s)
{
    uint64_t done = mt_stream_raw_bytes(s->stream);
    uint64_t total = mt_stream_input_bytes(s->stream);
    return (struct mt_source_progress){
        .done_bytes = done,
        .total_bytes = total > 0 && done > total ? done : total,
        .packets = s->packets,
        .skipped_blocks = s->pcapng != NULL ? mt_pcapng_skipped(s->pcapng) : 0};
}

/* Bring parser and stream to a record. MT_EVENT, or as mt_source_next(). */
static int go_back(struct mt_source *s, uint64_t offset)
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
static int walk_to(struct mt_source *s, uint64_t offset, struct mt_item *item)
{
    int rc;
    do
        rc = mt_source_next(s, item);
    while (rc == MT_EVENT && (mt_stream_offset(s->stream) < offset ||
                              item->kind != MT_ITEM_PACKET));
    bool missed = rc == MT_EVENT && mt_stream_offset(s->stream) != offset;
    return missed ? MT_DONE : rc;
}

int mt_source_read_at(struct mt_source *s, uint64_t offset,
                      struct mt_item *item)
{
    uint64_t packets = s->packets;
    int rc = MT_EVENT;
    s->ended = 0;
    if (s->format == FORMAT_PCAP && !s->pcap.started)
        rc = mt_source_next(s, item); /* the file header */
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
    s->packets = packets;
    s->ended = rc == MT_DONE ? 0 : s->ended;
    return rc;
}
