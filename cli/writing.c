#include "cli/writing.h"

#include <string.h>
#include <unistd.h>

#include "cli/clock.h"
#include "cli/paths.h"
#include "cli/say.h"

/* Defaults of a live writer. */
#define ROWS_AGE_NS (24 * INT64_C(3600000000000))
#define SIZE_LIMIT_BYTES (UINT64_C(512) << 20)

/* The first line of a file that names the machine or its boot. */
static const char *line_of(const char *path, char *line, size_t size)
{
    FILE *f = fopen(path, "re");
    if (f == NULL || fgets(line, (int)size, f) == NULL)
        line[0] = '\0';
    if (f != NULL)
        (void)fclose(f);
    line[strcspn(line, "\n")] = '\0';
    return line;
}

struct mt_writer_options mt_writing_options(const struct mt_options *o)
{
    static char host[64], boot[64];
    struct mt_writer_options w = {
        .kind = MT_WRITER_OFFLINE,
        .no_packets = o->no_packets,
        .host_id = line_of("/etc/machine-id", host, sizeof host),
        .boot_id =
            line_of("/proc/sys/kernel/random/boot_id", boot, sizeof boot),
        .pid = getpid(),
        .now_ns = mt_wall_ns(),
    };
    w.epoch = mt_random_u64();
    if (o->interfaces_count > 0) {
        w.kind = MT_WRITER_TAP;
        w.no_packets |= o->ring == NULL; /* no file has them */
        w.rows_max_age_ns = o->max_age_ns > 0 ? o->max_age_ns : ROWS_AGE_NS;
        w.size_limit_bytes =
            o->max_size_bytes > 0 ? o->max_size_bytes : SIZE_LIMIT_BYTES;
    }
    return w;
}

static int give_the_end(struct mt_writer *w,
                        const struct mt_feed_result *result)
{
    uint64_t losses[MT_LOSS_COUNT];
    mt_feed_losses(result, losses);
    for (int i = 0; i < MT_LOSS_COUNT; i++) {
        int rc = mt_writer_loss(w, (enum mt_loss)i, losses[i], result->now_ns);
        if (rc != 0)
            return rc;
    }
    if (result->sample_one_of > 1)
        mt_writer_sampled(w, result->sample_one_of);
    for (size_t i = 0; i < result->sources_count; i++) {
        int rc = mt_writer_source(w, (uint32_t)i, &result->sources[i].info);
        if (rc != 0)
            return rc;
    }
    return 0;
}

void mt_writing_not_opened(const char *path, int rc)
{
    char folder[4096];
    if (rc == MT_STORE_ENOENT && !mt_has_folder(path, folder, sizeof folder))
        mt_say(path, "there is no folder %s; mkdir -p %s, or name another one",
               folder, folder);
    else
        mt_say(path, "%s", mt_store_strerror(rc));
}

static void say_store(const char *path, int rc, const char *detail)
{
    if (detail[0] != '\0')
        mt_say(path, "%s (%s)", mt_store_strerror(rc), detail);
    else
        mt_say(path, "%s", mt_store_strerror(rc));
}

struct mt_writer *mt_writing_settle(struct mt_recorder *r, const char *path,
                                    struct mt_feed_result *result)
{
    int rc;
    const char *detail;
    struct mt_recorder_drops drops = mt_recorder_drops(r);
    result->ring_drops = drops.exchanges;
    result->ring_reports = drops.reports;
    struct mt_writer *w = mt_recorder_finish(r, &rc, &detail);
    if (rc == 0)
        rc = give_the_end(w, result);
    if (rc == 0)
        rc = mt_writer_finish(w, mt_wall_ns());
    if (rc == 0)
        return w;
    say_store(path, rc, w != NULL ? mt_writer_detail(w) : detail);
    mt_writer_abort(w);
    return NULL;
}

bool mt_writing_losses(struct mt_recorder *r,
                       const struct mt_feed_result *so_far)
{
    uint64_t totals[MT_LOSS_COUNT];
    mt_feed_losses(so_far, totals);
    struct mt_recorder_drops drops = mt_recorder_drops(r);
    totals[MT_LOSS_RING] += drops.exchanges;
    totals[MT_LOSS_REPORT] += drops.reports;
    return mt_recorder_losses(r, totals, so_far->sample_one_of, so_far->now_ns);
}

int mt_writing_end(struct mt_recorder *r, const char *path,
                   struct mt_feed_result *result,
                   struct mt_writer_stats *written)
{
    struct mt_writer *w = mt_writing_settle(r, path, result);
    if (w == NULL)
        return MT_EXIT_ERROR;
    *written = mt_writer_stats(w);
    int rc = mt_writer_close(w, mt_wall_ns());
    if (rc == 0)
        return 0;
    say_store(path, rc, "");
    return MT_EXIT_ERROR;
}
