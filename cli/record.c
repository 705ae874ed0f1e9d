/* meshtop record: captured packets into a database. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/text_time.h"
#include "cli/clock.h"
#include "cli/detach.h"
#include "cli/feed.h"
#include "cli/printer.h"
#include "cli/recorder.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "cli/summary.h"
#include "cli/writing.h"

enum { PATH_BYTES = 4096 };

static bool give(void *context, const struct mt_exchange *x)
{
    return mt_recorder_exchange(context, x);
}

static bool give_report(void *context, const struct mt_conn_report *report)
{
    return mt_recorder_report(context, report);
}

static bool give_open(void *context, const struct mt_exchange *x,
                      int64_t now_ns)
{
    return mt_recorder_open_exchange(context, x, now_ns);
}

static bool commit(void *context, int64_t now_ns)
{
    return mt_recorder_commit(context, now_ns);
}

static bool give_losses(void *context, const struct mt_feed_result *so_far)
{
    return mt_writing_losses(context, so_far);
}

static bool give_source(void *context, uint32_t number,
                        const struct mt_source_info *info)
{
    return mt_recorder_source(context, number, info);
}

static bool count_only(void *context, const struct mt_exchange *x)
{
    (void)context, (void)x;
    return true;
}

/* -w none: what decoding alone costs, and what is in a capture. */
static void decode_only(struct mt_feed *f, const struct mt_options *o,
                        struct mt_feed_result *result)
{
    struct mt_feed_sink sink = {.exchange = count_only, .progress = true};
    mt_feed_run(f, &sink, result);
    if (!o->quiet)
        mt_summary(stderr, o, result, NULL);
}

/* Everything is open: with --detach the one in front may go. */
static bool begin_behind(const struct mt_options *o)
{
    char log[PATH_BYTES];
    if (snprintf(log, sizeof log, "%s.log", o->write) >= (int)sizeof log)
        return !o->detach;
    mt_signals_catch();
    return mt_detach_ready(log);
}

static int record_into(struct mt_feed *f, const struct mt_options *o,
                       struct mt_feed_result *result)
{
    struct mt_recorder *r;
    struct mt_writer_options options = mt_writing_options(o);
    int rc = mt_recorder_open(&r, o->write, &options);
    if (rc != 0) {
        mt_say(o->write, "%s", mt_store_strerror(rc));
        return MT_EXIT_ERROR;
    }
    struct mt_feed_sink sink = {.context = r,
                                .exchange = give,
                                .open = give_open,
                                .source = give_source,
                                .report = give_report,
                                .idle = o->follow ? commit : NULL,
                                .second = give_losses,
                                .progress = true};
    struct mt_writer_stats written;
    bool begun = begin_behind(o);
    if (begun)
        mt_feed_run(f, &sink, result);
    rc = mt_writing_end(r, o->write, result, &written);
    if (rc == 0 && begun && !o->quiet)
        mt_summary(stderr, o, result, &written);
    return begun ? rc : MT_EXIT_ERROR;
}

static int check_options(const struct mt_options *o)
{
    if (mt_options_sources(o) == 0)
        mt_say(NULL, "record needs -i IF, an interface to capture on, or "
                     "-r FILE, captured packets to read");
    else if (o->write == NULL)
        mt_say(NULL, "record needs -w DB: the database to write, or none");
    else if (o->ring == NULL && (o->ring_bytes > 0 || o->ring_file_bytes > 0))
        mt_say(NULL, "--ring-size and --ring-file-size go with --ring DIR");
    else if (o->detach &&
             (o->interfaces_count == 0 || strcmp(o->write, "none") == 0))
        mt_say(NULL, "--detach needs -i IF and -w DB: a capture that goes on, "
                     "into a database");
    else
        return 0;
    return MT_EXIT_USAGE;
}

int mt_command_record(const struct mt_options *o)
{
    struct mt_feed *f = NULL;
    struct mt_feed_result result = {0};
    int rc = check_options(o);
    if (rc == 0 && o->detach && mt_detach(&rc))
        return rc;
    if (rc == 0)
        rc = mt_feed_open(&f, o, NULL);
    if (rc == 0 && strcmp(o->write, "none") == 0)
        decode_only(f, o, &result);
    else if (rc == 0)
        rc = record_into(f, o, &result);
    if (rc == 0)
        rc = mt_feed_exit(o, &result);
    mt_feed_free(f);
    mt_feed_result_deinit(&result);
    return rc;
}
