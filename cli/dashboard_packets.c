/* The ladder of Detail, and export into .pcapng: what export --pcapng does,
 * from the worker's handle of the database. */
#include "cli/dashboard_packets.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/export_pcapng.h"
#include "cli/ladder.h"
#include "cli/say.h"

static void read_ladder(void *arg, struct mt_store *s,
                        const struct mt_exchange *x,
                        const struct mt_patience *patience,
                        struct mt_ladder *out)
{
    const struct mt_options *o;
    const struct mt_ladder_options bounds = {patience->stop, patience->arg};
    memcpy(&o, arg, sizeof o);
    mt_ladder_of(out, s, o, x, &bounds);
}

/* ---- export ---- */

/* The first thing that was said: the cause. */
struct said {
    char text[400];
};

/* There is little room for it: of a path its name is told. */
static const char *without_folder(const char *line)
{
    const char *end = strstr(line, ": ");
    if (end != NULL && strcspn(line, " ") < (size_t)(end - line))
        return line; /* words, be there a / among them */
    for (const char *p = end; p != NULL && p > line; p--)
        if (p[-1] == '/')
            return p;
    return line;
}

static void keep_first(void *arg, const char *line)
{
    struct said *said = arg;
    if (said->text[0] == '\0')
        (void)snprintf(said->text, sizeof said->text, "%s",
                       without_folder(line));
}

static int write_fd(void *arg, struct mt_span bytes)
{
    const int *fd = arg;
    while (bytes.len > 0) {
        ssize_t n = write(*fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        (void)mt_span_take(&bytes, (size_t)n);
    }
    return 0;
}

/* Reading goes on after the last row where its time was up. */
static int collect(struct mt_wanted *w, struct mt_store *s,
                   const struct mt_ask *ask)
{
    struct mt_scan scan = {
        .ask = *ask, .order = MT_OLDEST_FIRST, .with_packets = true};
    uint64_t before;
    int rc = mt_query_sources(s, mt_wanted_source, w);
    if (rc == 0)
        rc = mt_query_sample(s, &w->sample_one_of);
    if (rc != 0)
        return rc;
    do {
        struct mt_rows *rows;
        const struct mt_exchange *x;
        before = scan.after_id;
        rc = mt_query_exchanges(s, &scan, &rows);
        if (rc != 0)
            return rc;
        while ((rc = mt_rows_next(rows, &x)) == 1 && mt_wanted_exchange(w, x) &&
               !mt_wanted_stopped(w))
            scan.after_id = x->id;
        mt_rows_free(rows);
    } while (rc == MT_STORE_EINTERRUPTED && scan.after_id != before &&
             !mt_wanted_stopped(w));
    return rc < 0 ? rc : 0;
}

static int write_packets(struct mt_wanted *w, struct mt_store *s,
                         const struct mt_ask *ask, int fd)
{
    int rc = collect(w, s, ask);
    if (rc != 0) {
        mt_say(NULL, "%s", mt_store_strerror(rc));
        return MT_EXIT_ERROR;
    }
    rc = mt_wanted_settle(w);
    return rc == 0 ? mt_pcapng_write_wanted(w, (struct mt_sink){write_fd, &fd},
                                            "the file")
                   : rc;
}

static void tell(const struct mt_wanted *w, const struct said *said,
                 struct mt_exported *out)
{
    out->exchanges = w->exchanges;
    if (w->exchanges == 0 && said->text[0] == '\0')
        (void)snprintf(out->said, sizeof out->said, "nothing is selected");
    else if (w->exchanges == 0 || out->trouble)
        (void)snprintf(out->said, sizeof out->said, "%s", said->text);
    else
        (void)snprintf(out->said, sizeof out->said, "%" PRIu64 " packet%s; %s",
                       w->packets, w->packets == 1 ? "" : "s", said->text);
}

static void export_packets(void *arg, struct mt_store *s,
                           const struct mt_ask *ask, int fd,
                           const struct mt_patience *patience,
                           struct mt_exported *out)
{
    const struct mt_options *o;
    struct mt_wanted w;
    struct said said = {.text = ""};
    memcpy(&o, arg, sizeof o);
    mt_say_to(keep_first, &said);
    int rc = mt_wanted_init(&w, o);
    w.whole = "meshtop export --pcapng --whole-connections";
    w.stop = patience->stop;
    w.stop_arg = patience->arg;
    if (rc == 0)
        rc = write_packets(&w, s, ask, fd);
    out->trouble = rc != 0;
    tell(&w, &said, out);
    mt_wanted_deinit(&w);
    mt_say_to(NULL, NULL);
}

struct mt_reader mt_dashboard_reader(const struct mt_options *o)
{
    static const struct mt_options *options; /* one dashboard a program */
    options = o;
    return (struct mt_reader){
        .arg = &options, .ladder = read_ladder, .pcapng = export_packets};
}
