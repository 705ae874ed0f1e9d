/**
 * wanted.h - what export --pcapng is to write: the packets of the exchanges
 * that were selected, where they are now, and what is said of them.
 *
 *     struct mt_wanted w;
 *     rc = mt_wanted_collect(&w, o);          // says what is wrong
 *     while (mt_packet_refs_next(w.refs, &found) == MT_EVENT)
 *         text = mt_wanted_comment(&w, found.refs[0].tag);
 *     mt_wanted_deinit(&w);
 *
 * An exchange whose packets are not all there is left out as a whole, and
 * counted. Each table stays under the ceiling of --memory.
 */
#ifndef MT_CLI_WANTED_H
#define MT_CLI_WANTED_H

#include "base/intern.h"
#include "capture/packet_conns.h"
#include "capture/packet_refs.h"
#include "cli/packet_folders.h"

struct mt_wanted_file {
    char *path;  /* as recorded; NULL: no such source */
    char *found; /* where it is now; NULL: it is not */
    enum mt_packet_file_rc rc;
    uint64_t refused; /* exchanges left out because of it */
    bool wanted;      /* some packet of it is */
};

struct mt_wanted {
    const struct mt_options *options;
    struct mt_packet_folders folders; /* a file may have been moved there */
    struct mt_packet_refs *refs;
    struct mt_packet_conns *conns; /* their endpoints */
    struct mt_wanted_file *files;  /* by the number of their source */
    size_t files_count;
    char *texts; /* comments, each ends in NUL; a tag is an offset + 1 */
    size_t texts_len, texts_cap;
    struct mt_pool pool;
    struct mt_intern names;  /* of services: an address, then the text */
    uint64_t exchanges;      /* that are exported */
    uint64_t packets;        /* that were written */
    uint64_t refused;        /* left out: packets of theirs are not there */
    uint64_t without;        /* left out: no packet of theirs was noted */
    uint64_t clipped;        /* had more packets than were noted */
    uint64_t layered;        /* in HTTP/2 or TLS */
    uint32_t sample_one_of;  /* they are of a sample of connections */
    const char *whole;       /* what has all of a connection: for warnings */
    bool (*stop)(void *arg); /* beside signals; NULL: never */
    void *stop_arg;
    int rc; /* what ended it early: MT_ELIMIT or -ENOMEM */
};

/* Of the exchanges that the command line selects. 0 or an exit code.
 * mt_wanted_deinit() in every case. */
int mt_wanted_collect(struct mt_wanted *w, const struct mt_options *o);

/* The same in steps, for who has the exchanges: the files that references may
 * point into, then each exchange (as callbacks of mt_each), then settle. */
int mt_wanted_init(struct mt_wanted *w, const struct mt_options *o);
int mt_wanted_source(void *context, const struct mt_source_row *row);
bool mt_wanted_exchange(void *context, const struct mt_exchange *x);
int mt_wanted_settle(struct mt_wanted *w);

/* Writing is to end now. */
bool mt_wanted_stopped(const struct mt_wanted *w);

void mt_wanted_deinit(struct mt_wanted *w);

/* "GET /cart/{id} 503 41ms id 48211"; empty for tag 0. Lives as long as w. */
struct mt_span mt_wanted_comment(const struct mt_wanted *w, uint64_t tag);

/* Say what is missing, and why. */
void mt_wanted_report(const struct mt_wanted *w);

#endif
