#include "capture/packet_ring.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/ring_files.h"
#include "capture/ring_name.h"
#include "capture/ring_plan.h"

enum {
    MEMORY_BYTES = 8 << 20,
    FLUSH_EVERY_MS = 1000,
    PATH_BYTES = 4096,
    OFFSET_BITS = 48,
};

struct mt_packet_ring {
    struct mt_packet_ring_options options;
    struct mt_ring_plan plan;
    struct mt_ring *memory;
    struct mt_ring_files *files; /* the disk thread's */
    pthread_t thread;
    bool started; /* the thread is */
    uint64_t files_count, unnoted;
    uint64_t written; /* packets that reached the disk: its thread's */
    char path[PATH_BYTES];
    _Atomic bool failed; /* the disk thread has ended, problem is set */
    struct mt_problem problem;
};

/* ---- the disk thread ---- */

/* A record that begins no file is one packet. */
static int take(struct mt_packet_ring *r, struct mt_span record,
                uint64_t *packets)
{
    struct mt_ring_plan_head head;
    struct mt_span bytes = mt_span_take(&record, sizeof head);
    memcpy(&head, bytes.ptr, sizeof head);
    *packets += !head.begins;
    int rc = head.begins ? mt_ring_files_begin(r->files, head.file) : 0;
    return rc == 0 ? mt_ring_files_write(r->files, record) : rc;
}

static void *write_files(void *arg)
{
    struct mt_packet_ring *r = arg;
    struct mt_span record;
    int rc = 0;
    (void)pthread_setname_np(pthread_self(), "packet ring");
    while (rc == 0 && mt_ring_wait(r->memory, FLUSH_EVERY_MS) != MT_DONE) {
        uint64_t packets = 0;
        while (rc == 0 && mt_ring_peek(r->memory, &record) == MT_EVENT) {
            rc = take(r, record, &packets);
            mt_ring_release(r->memory);
        }
        if (rc == 0)
            rc = mt_ring_files_flush(r->files);
        r->written += rc == 0 ? packets : 0;
    }
    if (rc != 0) {
        (void)snprintf(r->problem.text, sizeof r->problem.text, "%s",
                       mt_ring_files_why(r->files));
        atomic_store_explicit(&r->failed, true, memory_order_release);
        mt_ring_close_reader(r->memory);
    }
    return NULL;
}

const char *mt_packet_ring_problem(struct mt_packet_ring *r)
{
    return atomic_load_explicit(&r->failed, memory_order_acquire)
               ? r->problem.text
               : "";
}

/* ---- the capture thread ---- */

/* The source number of a file, or -1 beyond the last there is. */
static int32_t source_of(const struct mt_packet_ring *r, uint32_t file)
{
    uint32_t number = r->options.first_source + file;
    return file <= UINT16_MAX && number <= UINT16_MAX ? (int32_t)number : -1;
}

static void tell(struct mt_packet_ring *r, uint32_t number,
                 struct mt_packet_ring_file f)
{
    int32_t source = source_of(r, number);
    if (source < 0 || r->options.file == NULL ||
        !mt_ring_files_path(r->files, number, r->path, sizeof r->path))
        return;
    f.source = (uint16_t)source;
    f.path = r->path;
    r->options.file(r->options.file_arg, &f);
}

int mt_packet_ring_folder(const struct mt_packet_ring *r)
{
    return mt_ring_files_folder(r->files);
}

void mt_packet_ring_interface(struct mt_packet_ring *r,
                              const struct mt_packet *packet,
                              struct mt_span name)
{
    mt_ring_plan_interface(&r->plan, packet, name);
}

static void tell_begin(struct mt_packet_ring *r, const struct mt_ring_at *at)
{
    uint32_t now = r->plan.file;
    if (r->files_count++ > 0)
        tell(r, now - 1,
             (struct mt_packet_ring_file){.size_bytes = at->ended_bytes,
                                          .packets = at->ended_packets,
                                          .first_ns = at->ended_first_ns,
                                          .last_ns = at->ended_last_ns});
    tell(r, now, (struct mt_packet_ring_file){0});
}

/* With the first packet: privileges have been dropped by then. */
static bool start(struct mt_packet_ring *r)
{
    if (r->started || atomic_load(&r->failed))
        return r->started;
    int rc = pthread_create(&r->thread, NULL, write_files, r);
    r->started = rc == 0;
    if (r->started)
        return true;
    (void)snprintf(r->problem.text, sizeof r->problem.text,
                   "%.300s: no thread to write with: %s", r->options.folder,
                   strerror(rc));
    atomic_store(&r->failed, true);
    return false;
}

bool mt_packet_ring_packet(struct mt_packet_ring *r, struct mt_packet *packet)
{
    struct mt_ring_at at;
    if (!start(r)) {
        r->plan.dropped++;
        return false;
    }
    bool kept = mt_ring_plan_packet(&r->plan, packet, &at);
    if (at.begins)
        tell_begin(r, &at);
    if (!kept)
        return false;
    int32_t source = source_of(r, at.file);
    if (source >= 0)
        packet->ref = (uint64_t)source << OFFSET_BITS | at.offset;
    else
        r->unnoted++;
    return true;
}

/* ---- opening and closing ---- */

static void free_all(struct mt_packet_ring *r)
{
    mt_ring_files_close(r->files);
    mt_ring_free(r->memory);
    mt_ring_plan_deinit(&r->plan);
    free(r);
}

static int open_all(struct mt_packet_ring *r, struct mt_problem *why)
{
    const struct mt_packet_ring_options *o = &r->options;
    int rc = mt_ring_files_open(
        &r->files,
        &(struct mt_ring_files_options){.folder = o->folder,
                                        .size_bytes = o->size_bytes,
                                        .file_bytes = o->file_bytes,
                                        .started_ns = o->started_ns},
        why);
    if (rc != 0)
        return rc;
    (void)snprintf(why->text, sizeof why->text, "not enough memory");
    r->memory =
        mt_ring_new(o->memory_bytes != 0 ? o->memory_bytes : MEMORY_BYTES);
    if (r->memory == NULL)
        return -ENOMEM;
    rc = mt_ring_plan_init(
        &r->plan,
        &(struct mt_ring_plan_options){.file_bytes = o->file_bytes,
                                       .patient = o->patient,
                                       .application = o->application},
        r->memory);
    return rc;
}

int mt_packet_ring_open(struct mt_packet_ring **out,
                        const struct mt_packet_ring_options *options,
                        struct mt_problem *why)
{
    struct mt_packet_ring *r = calloc(1, sizeof *r);
    *out = NULL;
    if (r == NULL) {
        (void)snprintf(why->text, sizeof why->text, "not enough memory");
        return -ENOMEM;
    }
    r->options = *options;
    int rc = open_all(r, why);
    if (rc != 0) {
        free_all(r);
        return rc;
    }
    *why = (struct mt_problem){0};
    *out = r;
    return 0;
}

void mt_packet_ring_close(struct mt_packet_ring *r,
                          struct mt_packet_ring_stats *stats)
{
    if (r == NULL)
        return;
    mt_ring_close_writer(r->memory);
    if (r->started)
        (void)pthread_join(r->thread, NULL);
    bool failed = mt_packet_ring_problem(r)[0] != '\0';
    if (r->plan.begun)
        tell(r, r->plan.file,
             (struct mt_packet_ring_file){.size_bytes =
                                              failed ? 0 : r->plan.offset,
                                          .packets = r->plan.packets,
                                          .first_ns = r->plan.first_ns,
                                          .last_ns = r->plan.last_ns});
    if (stats != NULL)
        *stats = (struct mt_packet_ring_stats){
            .kept = r->written,
            .dropped = r->plan.dropped + r->plan.kept - r->written,
            .unnoted = r->unnoted,
            .files = r->files_count,
            .problem = r->problem};
    free_all(r);
}
