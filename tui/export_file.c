#include "tui/export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "store/export.h"

static bool ends_with(const char *path, const char *end)
{
    size_t n = strlen(path), k = strlen(end);
    return n > k && strcmp(path + n - k, end) == 0;
}

static bool find_format(const char *path, enum mt_export_format *format)
{
    static const struct {
        const char *end;
        enum mt_export_format format;
    } ends[] = {{".jsonl", MT_EXPORT_JSONL},
                {".csv", MT_EXPORT_CSV},
                {".har", MT_EXPORT_HAR}};
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

/* Reading goes on after the last row where its time was up. Returns 0, a
 * negative errno of writing, or a code of the store in *store_rc. */
static int copy_rows(struct mt_store *s, struct mt_scan *scan,
                     struct mt_export *e, uint64_t *written, int *store_rc)
{
    struct mt_rows *rows;
    const struct mt_exchange *x;
    uint64_t before;
    do {
        before = scan->after_id;
        *store_rc = mt_query_exchanges(s, scan, &rows);
        if (*store_rc != 0)
            return 0;
        while ((*store_rc = mt_rows_next(rows, &x)) == 1) {
            int rc = mt_export_add(e, x);
            if (rc < 0) {
                mt_rows_free(rows);
                return rc;
            }
            *written += (uint64_t)rc;
            scan->after_id = x->id;
        }
        mt_rows_free(rows);
    } while (*store_rc == MT_STORE_EINTERRUPTED && scan->after_id != before);
    return mt_export_end(e);
}

static int export_to(struct mt_store *s, const struct mt_request *request,
                     enum mt_export_format format, int fd, uint64_t *written,
                     int *store_rc)
{
    struct mt_export_options options = {.format = format};
    struct mt_scan scan = {.order = MT_OLDEST_FIRST};
    struct mt_filter *filter = NULL;
    struct mt_export *e =
        mt_export_new(&options, (struct mt_sink){write_all, &fd});
    int rc = e != NULL ? 0 : -ENOMEM;
    *store_rc = mt_request_ask(s, request, &scan.ask, &filter);
    if (rc == 0 && *store_rc == 0)
        rc = copy_rows(s, &scan, e, written, store_rc);
    mt_filter_free(filter);
    mt_export_free(e);
    return rc;
}

bool mt_export_file(struct mt_store *s, const struct mt_request *request,
                    const char *path, char *said, size_t size)
{
    enum mt_export_format format;
    uint64_t written = 0;
    int store_rc = 0;
    if (!find_format(path, &format)) {
        (void)snprintf(said, size, "%s: end the name in .jsonl, .csv or .har",
                       path);
        return true;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    int rc = fd >= 0 ? 0 : -errno;
    if (rc == 0)
        rc = export_to(s, request, format, fd, &written, &store_rc);
    if (fd >= 0 && close(fd) != 0 && rc == 0)
        rc = -errno;
    if (rc == -EEXIST)
        (void)snprintf(said, size, "%s is there already; name another file",
                       path);
    else if (rc != 0)
        (void)snprintf(said, size, "%s: %s", path, strerror(-rc));
    else if (store_rc != 0)
        (void)snprintf(said, size, "%s: not all was written: %s", path,
                       mt_store_strerror(store_rc));
    else
        (void)snprintf(said, size, "%" PRIu64 " %s into %s", written,
                       written == 1 ? "exchange" : "exchanges", path);
    return rc != 0 || store_rc != 0;
}
