/* meshtop record: captured packets into a database, a stream, or nothing. */
#include "cli/record.h"

#include <stdio.h>
#include <string.h>

#include "cli/detach.h"
#include "cli/say.h"
#include "cli/sender.h"
#include "cli/summary.h"

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

static int check_options(const struct mt_options *o)
{
    if (mt_options_sources(o) == 0)
        mt_say(NULL, "record needs -i IF, an interface to capture on, or "
                     "-r FILE, captured packets to read");
    else if (o->write == NULL)
        mt_say(NULL, "record needs -w DB: the database to write, - or none");
    else if (o->ring == NULL && (o->ring_bytes > 0 || o->ring_file_bytes > 0))
        mt_say(NULL, "--ring-size and --ring-file-size go with --ring DIR");
    else if (o->interfaces_count == 0 &&
             (o->max_size_bytes > 0 || o->max_age_ns > 0))
        mt_say(NULL, "--max-size and --max-age need -i IF: a file that is read "
                     "is kept whole");
    else if (o->web != NULL &&
             (strcmp(o->write, "none") == 0 || mt_sender_wanted(o->write)))
        mt_say(NULL, "--web serves what is recorded: name a database with -w");
    else if (o->detach &&
             (o->interfaces_count == 0 || strcmp(o->write, "none") == 0 ||
              mt_sender_wanted(o->write)))
        mt_say(NULL, "--detach needs -i IF and -w DB: a capture that goes on, "
                     "into a database");
    else
        return 0;
    return MT_EXIT_USAGE;
}

/* The page's port is taken before anything begins. */
static int record(const struct mt_options *o, struct mt_serving *serving)
{
    struct mt_feed *f = NULL;
    struct mt_feed_result result = {0};
    const struct mt_record_watch watch = {.serving = serving};
    int rc = mt_feed_open(&f, o, NULL);
    if (rc == 0 && strcmp(o->write, "none") == 0)
        decode_only(f, o, &result);
    else if (rc == 0 && mt_sender_wanted(o->write))
        rc = mt_record_into_relay(f, o, &result);
    else if (rc == 0)
        rc = mt_record_into_database(f, o, serving != NULL ? &watch : NULL,
                                     &result);
    if (rc == 0)
        rc = mt_feed_exit(o, &result);
    mt_feed_free(f);
    mt_feed_result_deinit(&result);
    return rc;
}

int mt_command_record(const struct mt_options *o)
{
    struct mt_serving serving;
    struct mt_options beside = *o;
    int rc = check_options(o);
    if (rc == 0 && o->detach && mt_detach(&rc))
        return rc;
    if (rc != 0 || o->web == NULL)
        return rc != 0 ? rc : record(o, NULL);
    rc = mt_serving_listen(&serving, o, o->web);
    if (rc != 0)
        return rc;
    beside.page_port = serving.address.port;
    rc = record(&beside, &serving);
    mt_serving_end(&serving);
    return rc;
}
