/* meshtop record -w -: exchanges as a stream that -r reads. */
#include <stdio.h>
#include <string.h>

#include "cli/record.h"
#include "cli/sender.h"
#include "cli/summary.h"

static bool send(void *context, const struct mt_exchange *x)
{
    return mt_sender_exchange(context, x);
}

static bool send_open(void *context, const struct mt_exchange *x,
                      int64_t now_ns)
{
    return mt_sender_open_exchange(context, x, now_ns);
}

static bool send_report(void *context, const struct mt_conn_report *report)
{
    return mt_sender_report(context, report);
}

static bool send_name(void *context, const struct mt_relay_name *name)
{
    return mt_sender_name(context, name);
}

static bool send_idle(void *context, int64_t now_ns)
{
    return mt_sender_idle(context, now_ns);
}

static bool send_second(void *context, const struct mt_feed_result *so_far)
{
    return mt_sender_second(context, so_far);
}

int mt_record_into_relay(struct mt_feed *f, const struct mt_options *o,
                         struct mt_feed_result *result)
{
    struct mt_sender *s;
    int rc = mt_sender_open(&s, o);
    if (rc != 0)
        return rc;
    struct mt_feed_sink sink = {.context = s,
                                .exchange = send,
                                .open = send_open,
                                .report = send_report,
                                .idle = send_idle,
                                .second = send_second,
                                .name = send_name,
                                .progress = strcmp(o->write, "-") != 0};
    mt_feed_run(f, &sink, result);
    rc = mt_sender_close(s, result);
    if (rc == 0 && !o->quiet)
        mt_summary(stderr, o, result, NULL);
    return rc;
}
