/* meshtop record: captured packets into a database. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/text_time.h"
#include "cli/clock.h"
#include "cli/feed.h"
#include "cli/printer.h"
#include "cli/recorder.h"
#include "cli/say.h"
#include "cli/summary.h"
#include "cli/writing.h"

static bool give(void *context, const struct mt_exchange *x)
{
    return mt_recorder_exchange(context, x);
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

static bool count_only(void *context, const struct mt_exchange *x)
{
    (void)context, (void)x;
    return true;
}

/* -w none: what decoding alone costs, and what is in a capture. */
static int decode_only(const struct mt_options *o)
{
    struct mt_feed_sink sink = {.exchange = count_only, .progress = true};
    struct mt_feed_result result;
    int rc = mt_feed(o, NULL, &sink, &result);
    if (rc == 0 && !o->quiet)
        mt_summary(stderr, &result, NULL, NULL);
    if (rc == 0 && result.interrupted && !o->follow)
        rc = MT_EXIT_INTERRUPTED;
    mt_feed_result_deinit(&result);
    return rc;
}

static int record_into(const struct mt_options *o, struct mt_recorder *r)
{
    struct mt_feed_sink sink = {.context = r,
                                .exchange = give,
                                .open = give_open,
                                .idle = o->follow ? commit : NULL,
                                .progress = true};
    struct mt_feed_result result;
    int rc = mt_feed(o, NULL, &sink, &result);
    struct mt_writer_stats written;
    int closed = mt_writing_end(r, o->write, &result, &written);
    rc = rc != 0 ? rc : closed;
    if (rc == 0 && !o->quiet)
        mt_summary(stderr, &result, o->write, &written);
    if (rc == 0 && result.interrupted && !o->follow)
        rc = MT_EXIT_INTERRUPTED;
    mt_feed_result_deinit(&result);
    return rc;
}

int mt_command_record(const struct mt_options *o)
{
    if (o->read_count == 0) {
        mt_say(NULL, "record needs -r FILE: captured packets to read");
        return MT_EXIT_USAGE;
    }
    if (o->write == NULL) {
        mt_say(NULL, "record needs -w DB: the database to write, or none");
        return MT_EXIT_USAGE;
    }
    if (strcmp(o->write, "none") == 0)
        return decode_only(o);
    struct mt_recorder *r;
    struct mt_writer_options options = mt_writing_options(o);
    int rc = mt_recorder_open(&r, o->write, &options);
    if (rc != 0) {
        mt_say(o->write, "%s", mt_store_strerror(rc));
        return MT_EXIT_ERROR;
    }
    return record_into(o, r);
}
