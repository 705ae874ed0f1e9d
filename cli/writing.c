#include "cli/writing.h"

#include <string.h>
#include <unistd.h>

#include "cli/clock.h"
#include "cli/say.h"

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
    return w;
}

static int give_the_end(struct mt_writer *w,
                        const struct mt_feed_result *result)
{
    uint64_t losses[MT_LOSS_COUNT];
    mt_feed_losses(result, losses);
    for (int i = 0; i < MT_LOSS_COUNT; i++)
        mt_writer_loss(w, (enum mt_loss)i, losses[i]);
    for (size_t i = 0; i < result->sources_count; i++) {
        int rc = mt_writer_source(w, (uint32_t)i, &result->sources[i].info);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static void say_store(const char *path, int rc, const char *detail)
{
    if (detail[0] != '\0')
        mt_say(path, "%s (%s)", mt_store_strerror(rc), detail);
    else
        mt_say(path, "%s", mt_store_strerror(rc));
}

struct mt_writer *mt_writing_settle(struct mt_recorder *r, const char *path,
                                    const struct mt_feed_result *result)
{
    int rc;
    const char *detail;
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

int mt_writing_end(struct mt_recorder *r, const char *path,
                   const struct mt_feed_result *result,
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
