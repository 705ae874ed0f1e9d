#include "cli/relayed.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/clock.h"
#include "cli/options.h"
#include "cli/say.h"

enum { READ_BYTES = 64 << 10 };

#define SECOND_NS INT64_C(1000000000)
#define SILENT_NS (5 * SECOND_NS)
#define NEAR_NS (SECOND_NS / 4) /* of two bounds for the same difference */

struct stream {
    struct mt_relayed_host host;
    struct mt_peek input;
    uint64_t file_bytes; /* 0: a pipe */
    struct mt_relay_reader *reader;
    struct mt_relay_record record; /* the next one, where pending */
    bool pending, ended, warned;
    int64_t time_ns;  /* of the record, and of all before it */
    int64_t heard_ns; /* steady clock */
    uint8_t bytes[READ_BYTES];
};

struct mt_relayed {
    struct stream *streams[MT_RELAYED_STREAMS_MAX];
    size_t count, last;
    bool follow;
    bool held; /* the last record was not given: it is next */
};

/* ---- bytes ---- */

static void end(struct stream *s, const char *why)
{
    s->ended = true;
    if (why[0] != '\0')
        (void)snprintf(s->host.problem, sizeof s->host.problem,
                       "%s: offset %llu: %s", s->host.path,
                       (unsigned long long)s->host.read.bytes, why);
}

static bool has_bytes(const struct stream *s)
{
    struct pollfd p = {.fd = s->input.fd, .events = POLLIN};
    return s->input.regular || poll(&p, 1, 0) > 0;
}

/* MT_EVENT: bytes were given to the reader; MT_MORE: none now; MT_DONE. */
static int read_more(struct stream *s, bool follow, bool wait)
{
    if (!wait && !has_bytes(s))
        return MT_MORE;
    ssize_t n = read(s->input.fd, s->bytes, sizeof s->bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return MT_MORE;
    if (n < 0) {
        end(s, strerror(errno));
        return MT_DONE;
    }
    if (n == 0 && follow && s->input.regular)
        return MT_MORE;
    if (n == 0) {
        end(s, mt_relay_finish(s->reader) < 0 ? mt_relay_why(s->reader) : "");
        return MT_DONE;
    }
    s->heard_ns = mt_steady_ns();
    s->warned = false;
    mt_relay_give(s->reader, (struct mt_span){s->bytes, (size_t)n});
    return MT_EVENT;
}

/* ---- records ---- */

static void copy(char *to, size_t size, struct mt_span text)
{
    size_t n = text.len < size - 1 ? text.len : size - 1;
    if (n > 0)
        memcpy(to, text.ptr, n);
    to[n] = '\0';
}

static void note_host(struct stream *s, const struct mt_relay_host *h)
{
    copy(s->host.id, sizeof s->host.id, h->id);
    copy(s->host.boot, sizeof s->host.boot, h->boot);
    copy(s->host.name, sizeof s->host.name, h->name);
    s->host.clock = h->clock;
}

static void note_mark(struct mt_relayed_host *h, int64_t wall_ns)
{
    int64_t ahead_ns = (int64_t)((uint64_t)wall_ns - (uint64_t)mt_wall_ns());
    bool first = h->first_mark_ns == 0;
    if (first)
        h->first_mark_ns = wall_ns;
    h->last_mark_ns = wall_ns;
    if (first || ahead_ns < h->ahead_least_ns)
        h->ahead_least_ns = ahead_ns;
    if (first || ahead_ns > h->ahead_most_ns)
        h->ahead_most_ns = ahead_ns;
}

bool mt_relayed_ahead(const struct mt_relayed_host *h, int64_t *ahead_ns)
{
    uint64_t apart = (uint64_t)h->ahead_most_ns - (uint64_t)h->ahead_least_ns;
    uint64_t lasted = (uint64_t)h->last_mark_ns - (uint64_t)h->first_mark_ns;
    *ahead_ns = h->ahead_most_ns; /* the mark that was the shortest under way */
    return h->first_mark_ns != 0 && lasted >= SECOND_NS && lasted < INT64_MAX &&
           apart <= NEAR_NS;
}

static void note_source(struct mt_relayed_host *h,
                        const struct mt_relay_record *r)
{
    if (r->number >= MT_RELAYED_SOURCES_MAX)
        return;
    if (r->number >= h->sources_count) {
        size_t count = (size_t)r->number + 1;
        struct mt_relayed_source *list =
            realloc(h->sources, count * sizeof *list);
        if (list == NULL)
            return;
        memset(list + h->sources_count, 0,
               (count - h->sources_count) * sizeof *list);
        h->sources = list;
        h->sources_count = count;
    }
    struct mt_relayed_source *source = &h->sources[r->number];
    source->info = r->info;
    source->info.path = NULL;
    copy(source->path, sizeof source->path, r->path);
}

/* What is the stream's own to know. */
static void note(struct stream *s)
{
    const struct mt_relay_record *r = &s->record;
    int64_t time_ns = s->time_ns;
    switch (r->kind) {
    case MT_RELAY_HOST:
        note_host(s, &r->host);
        break;
    case MT_RELAY_LOSS:
        s->host.losses_news |= s->host.losses[r->loss] != r->total;
        s->host.losses[r->loss] = r->total;
        break;
    case MT_RELAY_SAMPLE:
        if (r->number > s->host.sample_one_of)
            s->host.sample_one_of = r->number;
        break;
    case MT_RELAY_SOURCE:
        note_source(&s->host, r);
        break;
    case MT_RELAY_MARK:
        note_mark(&s->host, r->wall_ns);
        time_ns = r->now_ns;
        break;
    case MT_RELAY_EXCHANGE:
        time_ns = r->x.end_ns;
        break;
    default:
        break;
    }
    if (time_ns > s->time_ns)
        s->time_ns = time_ns;
}

/* Have the next record pending: MT_EVENT, MT_MORE or MT_DONE. */
static int fill(struct stream *s, bool follow, bool wait)
{
    while (!s->pending && !s->ended) {
        int rc = mt_relay_next(s->reader, &s->record);
        s->host.read = mt_relay_read(s->reader);
        if (rc == MT_EVENT) {
            s->pending = true;
            note(s);
        } else if (rc < 0) {
            end(s, mt_relay_why(s->reader));
        } else {
            rc = read_more(s, follow, wait);
            if (rc == MT_MORE)
                return rc;
        }
    }
    return s->pending ? MT_EVENT : MT_DONE;
}

/* ---- several ---- */

int mt_relayed_next(struct mt_relayed *rs, int64_t until_ns, bool patient,
                    const struct mt_relay_record **record)
{
    struct stream *first = NULL;
    bool waiting = false;
    if (rs->count > 0 && rs->streams[rs->last]->pending)
        rs->streams[rs->last]->pending = rs->held;
    for (size_t i = 0; i < rs->count; i++) {
        struct stream *s = rs->streams[i];
        waiting |= fill(s, rs->follow, false) == MT_MORE;
        if (s->pending && (first == NULL || s->time_ns < first->time_ns)) {
            first = s;
            rs->last = i;
        }
    }
    rs->held = true;
    if (first == NULL)
        return waiting ? MT_MORE : MT_DONE;
    if (patient && waiting)
        return MT_MORE;
    if (first->time_ns > until_ns)
        return MT_DONE;
    rs->held = false;
    *record = &first->record;
    return MT_EVENT;
}

void mt_relayed_progress(const struct mt_relayed *rs, uint64_t *total_bytes,
                         uint64_t *done_bytes)
{
    *total_bytes = *done_bytes = 0;
    for (size_t i = 0; i < rs->count; i++) {
        const struct stream *s = rs->streams[i];
        *total_bytes += s->file_bytes;
        *done_bytes += s->input.regular ? s->host.read.bytes : 0;
    }
}

void mt_relayed_wait(const struct mt_relayed *rs, int ms)
{
    struct pollfd list[MT_RELAYED_STREAMS_MAX];
    nfds_t n = 0;
    for (size_t i = 0; i < rs->count; i++) {
        const struct stream *s = rs->streams[i];
        if (!s->pending && !s->ended && !s->input.regular)
            list[n++] = (struct pollfd){.fd = s->input.fd, .events = POLLIN};
    }
    (void)poll(list, n, ms);
}

void mt_relayed_warn_silent(struct mt_relayed *rs)
{
    int64_t now_ns = mt_steady_ns();
    for (size_t i = 0; i < rs->count; i++) {
        struct stream *s = rs->streams[i];
        if (s->ended || s->warned || s->host.clock != MT_RELAY_CLOCK_HOST ||
            now_ns - s->heard_ns < SILENT_NS)
            continue;
        s->warned = true;
        mt_warn(s->host.path,
                "nothing came from %s for 5 s: the host or the "
                "way to it may be gone",
                s->host.name);
    }
}

/* ---- opening ---- */

static int not_added(struct stream *s, const char *path, const char *why)
{
    mt_say(path, "%s", why);
    if (s != NULL) {
        mt_peek_close(&s->input);
        mt_relay_reader_free(s->reader);
        free(s);
    }
    return MT_EXIT_ERROR;
}

int mt_relayed_add(struct mt_relayed *rs, struct mt_peek *peek,
                   const char *path)
{
    struct stream *s = calloc(1, sizeof *s);
    if (rs->count == MT_RELAYED_STREAMS_MAX)
        return not_added(s, path, "more than 16 streams");
    if (s == NULL)
        return not_added(s, path, "not enough memory");
    s->input = *peek;
    s->reader = mt_relay_reader_new();
    if (s->reader == NULL)
        return not_added(s, path, "not enough memory");
    s->host.path = strcmp(path, "-") == 0 ? "stdin" : path;
    s->heard_ns = mt_steady_ns();
    struct stat st;
    if (peek->regular && fstat(peek->fd, &st) == 0)
        s->file_bytes = (uint64_t)st.st_size;
    if (!peek->regular)
        mt_relay_give(s->reader, mt_peek_start(&s->input));
    (void)fill(s, rs->follow, true);
    if (!s->pending)
        return not_added(s, s->host.path, mt_relay_why(s->reader));
    rs->streams[rs->count++] = s;
    return 0;
}

struct mt_relayed *mt_relayed_new(bool follow)
{
    struct mt_relayed *rs = calloc(1, sizeof *rs);
    if (rs != NULL) {
        rs->follow = follow;
        rs->held = true;
    }
    return rs;
}

void mt_relayed_free(struct mt_relayed *rs)
{
    for (size_t i = 0; rs != NULL && i < rs->count; i++) {
        struct stream *s = rs->streams[i];
        free(s->host.sources);
        mt_peek_close(&s->input);
        mt_relay_reader_free(s->reader);
        free(s);
    }
    free(rs);
}

size_t mt_relayed_count(const struct mt_relayed *rs)
{
    return rs != NULL ? rs->count : 0;
}

struct mt_relayed_host *mt_relayed_host(const struct mt_relayed *rs, size_t i)
{
    return &rs->streams[i]->host;
}

size_t mt_relayed_last(const struct mt_relayed *rs)
{
    return rs->last;
}
