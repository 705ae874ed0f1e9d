#include "tui/export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "store/export.h"

struct result {
    int rc;       /* of the file: a negative errno */
    int store_rc; /* of reading */
    uint64_t written, skipped;
    struct mt_exported packets;
};

static bool ends_with(const char *path, const char *end)
{
    size_t n = strlen(path), k = strlen(end);
    return n > k && strcmp(path + n - k, end) == 0;
}

enum { PCAPNG = MT_EXPORT_CURL + 1 }; /* no format of the store's */

static bool find_format(const char *path, int *format)
{
    static const struct {
        const char *end;
        int format;
    } ends[] = {{".jsonl", MT_EXPORT_JSONL}, {".csv", MT_EXPORT_CSV},
                {".har", MT_EXPORT_HAR},     {".curl", MT_EXPORT_CURL},
                {".sh", MT_EXPORT_CURL},     {".pcapng", PCAPNG}};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends_with(path, ends[i].end)) {
            *format = ends[i].format;
            return true;
        }
    return false;
}

static int write_all(void *arg, struct mt_span bytes)
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

/* ---- rows ---- */

/* Reading goes on after the last row where its time was up. Returns 0, a
 * negative errno of writing, or a code of the store in *store_rc. */
static int copy_rows(const struct mt_export_to *to, struct mt_scan *scan,
                     struct mt_export *e, struct result *r)
{
    struct mt_rows *rows;
    const struct mt_exchange *x;
    uint64_t before;
    do {
        before = scan->after_id;
        r->store_rc = mt_query_exchanges(to->store, scan, &rows);
        if (r->store_rc != 0)
            return 0;
        while ((r->store_rc = mt_rows_next(rows, &x)) == 1) {
            int rc = mt_export_add(e, x);
            if (rc < 0) {
                mt_rows_free(rows);
                return rc;
            }
            r->written += (uint64_t)rc;
            scan->after_id = x->id;
        }
        mt_rows_free(rows);
    } while (r->store_rc == MT_STORE_EINTERRUPTED && scan->after_id != before &&
             !to->patience.stop(to->patience.arg));
    r->skipped = mt_export_skipped(e);
    return mt_export_end(e);
}

static void write_rows(const struct mt_export_to *to, const struct mt_ask *ask,
                       int format, int fd, struct result *r)
{
    struct mt_export_options options = {.format =
                                            (enum mt_export_format)format};
    struct mt_scan scan = {.ask = *ask, .order = MT_OLDEST_FIRST};
    struct mt_export *e =
        mt_export_new(&options, (struct mt_sink){write_all, &fd});
    uint32_t one_of;
    if (e != NULL && mt_query_sample(to->store, &one_of) == 0)
        mt_export_sample(e, one_of);
    r->rc = e != NULL ? copy_rows(to, &scan, e, r) : -ENOMEM;
    mt_export_free(e);
}

/* ---- packets ---- */

static void write_packets(const struct mt_export_to *to,
                          const struct mt_ask *ask, int fd, struct result *r)
{
    to->reader->pcapng(to->reader->arg, to->store, ask, fd, &to->patience,
                       &r->packets);
    r->written = r->packets.exchanges;
}

/* ---- the file ---- */

static void fill(const struct mt_export_to *to, int format, int fd,
                 struct result *r)
{
    struct mt_filter *filter = NULL;
    struct mt_ask ask;
    r->store_rc = mt_request_ask(to->store, to->request, &ask, &filter);
    if (r->store_rc == 0 && format == PCAPNG)
        write_packets(to, &ask, fd, r);
    else if (r->store_rc == 0)
        write_rows(to, &ask, format, fd, r);
    mt_filter_free(filter);
}

static bool tell(const struct result *r, const char *path, char *said,
                 size_t size)
{
    const char *noun = r->written == 1 ? "exchange" : "exchanges";
    if (r->rc == -EEXIST)
        (void)snprintf(said, size, "%s is there already; name another file",
                       path);
    else if (r->rc != 0)
        (void)snprintf(said, size, "%s: %s", path, strerror(-r->rc));
    else if (r->store_rc != 0)
        (void)snprintf(said, size, "%s: not all was written: %s", path,
                       mt_store_strerror(r->store_rc));
    else if (r->written == 0 && r->packets.said[0] != '\0')
        (void)snprintf(said, size, "%s was not written: %s", path,
                       r->packets.said);
    else if (r->written == 0 && r->skipped > 0)
        (void)snprintf(said, size,
                       "%s was not written: none of %" PRIu64 " is HTTP", path,
                       r->skipped);
    else if (r->packets.said[0] != '\0')
        (void)snprintf(said, size, "%" PRIu64 " %s into %s: %s", r->written,
                       noun, path, r->packets.said);
    else if (r->skipped > 0)
        (void)snprintf(said, size,
                       "%" PRIu64 " %s into %s; %" PRIu64
                       " that are no HTTP were left out",
                       r->written, noun, path, r->skipped);
    else
        (void)snprintf(said, size, "%" PRIu64 " %s into %s", r->written, noun,
                       path);
    return r->rc != 0 || r->store_rc != 0 || r->packets.trouble;
}

bool mt_export_file(const struct mt_export_to *to, const char *path, char *said,
                    size_t size)
{
    struct result r = {.rc = 0};
    int format;
    if (!find_format(path, &format)) {
        (void)snprintf(said, size,
                       "%s: end the name in .jsonl, .csv, .har, .pcapng or "
                       ".curl",
                       path);
        return true;
    }
    if (format == PCAPNG && to->reader->pcapng == NULL) {
        (void)snprintf(said, size, "%s: packets cannot be read again here",
                       path);
        return true;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    r.rc = fd >= 0 ? 0 : -errno;
    if (r.rc == 0)
        fill(to, format, fd, &r);
    if (fd >= 0 && close(fd) != 0 && r.rc == 0)
        r.rc = -errno;
    bool useless = r.written == 0 && (r.skipped > 0 || format == PCAPNG);
    if (fd >= 0 && useless)
        (void)unlink(path); /* ours, and nothing is in it */
    return tell(&r, path, said, size);
}
