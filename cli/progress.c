#include "cli/progress.h"

#include <stdio.h>

#include "base/text.h"
#include "cli/say.h"

#define EVERY_NS INT64_C(200000000)
#define SECOND_NS 1e9

static void wipe(void)
{
    (void)fputs("\r\033[K", stderr);
}

void mt_progress_begin(struct mt_progress *p, bool shown, int64_t now_ns)
{
    *p = (struct mt_progress){.shown = shown,
                              .started_ns = now_ns,
                              .last_ns = now_ns,
                              .next_ns = now_ns + EVERY_NS};
    if (shown)
        mt_say_over(wipe);
}

bool mt_progress_due(const struct mt_progress *p, int64_t now_ns)
{
    return p->shown && now_ns >= p->next_ns;
}

static void put_time_left(struct mt_buf *b, const struct mt_progress *p,
                          const struct mt_progress_now *now, int64_t now_ns)
{
    if (now->total_bytes == 0 || now->done_bytes == 0 ||
        now->done_bytes > now->total_bytes)
        return;
    double share = (double)now->done_bytes / (double)now->total_bytes;
    double left = (double)(now_ns - p->started_ns) * (1 - share) / share;
    mt_put_str(b, ", ");
    mt_put_age(b, (int64_t)left);
    mt_put_str(b, " left");
}

void mt_progress_draw(struct mt_progress *p, const struct mt_progress_now *now,
                      int64_t now_ns)
{
    char line[256];
    struct mt_buf b = mt_buf_of(line, sizeof line);
    double seconds = (double)(now_ns - p->last_ns) / SECOND_NS;
    double rate = seconds > 0
                      ? (double)(now->exchanges - p->last_exchanges) / seconds
                      : 0;
    if (now->total_bytes > 0) {
        mt_put_decimal(&b, now->done_bytes * 100 / now->total_bytes);
        mt_put_str(&b, " %, ");
    }
    mt_put_bytes(&b, now->done_bytes);
    mt_put_str(&b, ", ");
    mt_put_count(&b, now->packets);
    mt_put_str(&b, " packets, ");
    mt_put_count(&b, now->exchanges);
    mt_put_str(&b, " exchanges, ");
    mt_put_count(&b, (uint64_t)rate);
    mt_put_str(&b, "/s");
    put_time_left(&b, p, now, now_ns);
    wipe();
    (void)fprintf(stderr, " %.*s", (int)b.len, line);
    (void)fflush(stderr);
    p->last_exchanges = now->exchanges;
    p->last_ns = now_ns;
    p->next_ns = now_ns + EVERY_NS;
}

void mt_progress_end(struct mt_progress *p)
{
    if (p->shown) {
        wipe();
        mt_say_over(NULL);
    }
    p->shown = false;
}
