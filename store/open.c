#include "store/open.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "store/ext.h"
#include "store/filter.h"
#include "store/hist_sql.h"
#include "store/query_rows.h"
#include "store/schema.h"

#define DEFAULT_READ_LIMIT_NS INT64_C(2000000000)

enum { PROGRESS_OPS = 20000, PATH_URI_MAX = 3 * 4096 + 32 };

#define ERROR_TEXT(name, value, text) [-(value)] = (text),

const char *mt_store_strerror(int rc)
{
    static const char *const texts[] = {[0] = "no error",
                                        MT_STORE_ERRORS(ERROR_TEXT)};
    size_t count = sizeof texts / sizeof texts[0];
    return rc <= 0 && (size_t)-rc < count ? texts[-rc] : "unknown error";
}

static int rc_of_errno(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return MT_STORE_ENOENT;
    case EACCES:
    case EPERM:
        return MT_STORE_EACCESS;
    case EROFS:
        return MT_STORE_EREADONLY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return MT_STORE_EFULL;
    case EISDIR:
        return MT_STORE_EFOREIGN;
    case ENOMEM:
        return MT_STORE_ENOMEM;
    default:
        return MT_STORE_EIO;
    }
}

/* SQLite forgets the errno of a failed write by the time it tells of it; the
 * file that it happened to, the database's or its WAL, remembers. */
static int errno_of(sqlite3 *db)
{
    int error = sqlite3_system_errno(db);
    sqlite3_file *wal = NULL;
    if (error == 0)
        (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &error);
    if (error == 0 &&
        sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) ==
            SQLITE_OK &&
        wal != NULL && wal->pMethods != NULL)
        (void)wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &error);
    return error;
}

int mt_store_rc_of(sqlite3 *db, int sqlite_rc)
{
    switch (sqlite_rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_NOTADB:
        return MT_STORE_EFOREIGN;
    case SQLITE_CORRUPT:
    case SQLITE_FORMAT:
        return MT_STORE_ECORRUPT;
    case SQLITE_FULL:
        return MT_STORE_EFULL;
    case SQLITE_READONLY:
        return MT_STORE_EREADONLY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return MT_STORE_EBUSY;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return MT_STORE_EACCESS;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        return sqlite_rc == SQLITE_IOERR_NOMEM
                   ? MT_STORE_ENOMEM
                   : rc_of_errno(db != NULL ? errno_of(db) : 0);
    case SQLITE_NOMEM:
        return MT_STORE_ENOMEM;
    case SQLITE_INTERRUPT:
        return MT_STORE_EINTERRUPTED;
    default:
        return MT_STORE_EINTERNAL;
    }
}

int mt_store_exec(sqlite3 *db, const char *sql)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return mt_store_rc_of(db, rc);
}

int mt_store_prepare(sqlite3 *db, sqlite3_stmt **st, const char *sql)
{
    int rc =
        sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, st, NULL);
    return mt_store_rc_of(db, rc);
}

int mt_store_run(sqlite3_stmt *st)
{
    int rc = sqlite3_step(st);
    int reset = sqlite3_reset(st);
    return mt_store_rc_of(sqlite3_db_handle(st),
                          reset != SQLITE_OK ? reset : rc);
}

int mt_bind_span(sqlite3_stmt *st, int at, struct mt_span text,
                 bool null_if_empty)
{
    if (text.len == 0 && null_if_empty)
        return sqlite3_bind_null(st, at);
    const char *bytes = text.len > 0 ? (const char *)text.ptr : "";
    return sqlite3_bind_text64(st, at, bytes, text.len, SQLITE_STATIC,
                               SQLITE_UTF8);
}

static struct mt_span column_bytes(sqlite3_stmt *st, int at, const void *bytes)
{
    int n = sqlite3_column_bytes(st, at);
    return (struct mt_span){.ptr = bytes,
                            .len = bytes != NULL && n > 0 ? (size_t)n : 0};
}

struct mt_span mt_column_text(sqlite3_stmt *st, int at)
{
    return column_bytes(st, at, sqlite3_column_text(st, at));
}

struct mt_span mt_column_blob(sqlite3_stmt *st, int at)
{
    return column_bytes(st, at, sqlite3_column_blob(st, at));
}

/* --- reading --- */

static int over_time(void *arg)
{
    const struct mt_store *s = arg;
    return s->deadline_ns != 0 &&
           s->options.clock(s->options.clock_arg) > s->deadline_ns;
}

void mt_store_begin(struct mt_store *s)
{
    if (s->options.clock == NULL)
        return;
    int64_t limit = s->options.read_limit_ns > 0 ? s->options.read_limit_ns
                                                 : DEFAULT_READ_LIMIT_NS;
    s->deadline_ns = s->options.clock(s->options.clock_arg) + limit;
    sqlite3_progress_handler(s->db, PROGRESS_OPS, over_time, s);
}

int mt_store_wrap(struct mt_store *s, sqlite3 *db,
                  const struct mt_store_options *options)
{
    *s = (struct mt_store){.db = db, .options = *options};
    return mt_store_rc_of(db, mt_hist_sql_register(db));
}

/* The file may come from anybody: nothing in its schema is trusted. */
static int settle(sqlite3 *db)
{
    (void)sqlite3_extended_result_codes(db, 1);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_busy_timeout(db, 2000);
    int rc = mt_ext_register(db);
    if (rc == SQLITE_OK)
        rc = mt_filter_sql_register(db);
    if (rc == SQLITE_OK)
        rc = mt_rows_register(db);
    if (rc != SQLITE_OK)
        return mt_store_rc_of(db, rc);
    return mt_store_exec(db, "PRAGMA cell_size_check=ON;"
                             "PRAGMA cache_size=-16384;"
                             "PRAGMA temp_store=MEMORY;");
}

/* A version number alone could lie: each table must be there. */
static int check_tables(sqlite3 *db)
{
    static const char *const tables[] = {
        "meta",          "writer",         "batch",       "exchange",
        "shape",         "conn",           "trace",       "packets",
        "source",        "service",        "edge",        "route",
        "edge_cell",     "route_cell",     "fold",        "service_name",
        "open_exchange", "loss",           "kept",        "exchanges",
        "loss_time",     "proxy_endpoint", "proxy_budget"};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        char sql[64];
        sqlite3_stmt *st = NULL;
        (void)snprintf(sql, sizeof sql, "SELECT 1 FROM %s", tables[i]);
        int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
        (void)sqlite3_finalize(st);
        if (rc == SQLITE_ERROR)
            return MT_STORE_ECORRUPT;
        if (rc != SQLITE_OK)
            return mt_store_rc_of(db, rc);
    }
    return 0;
}

static int check_version(sqlite3 *db)
{
    int version = mt_schema_check(db);
    if (version < 0)
        return version;
    if (version == 0) /* an empty file has no exchanges to show */
        return MT_STORE_EFOREIGN;
    if (version < MT_SCHEMA_VERSION)
        return MT_STORE_EOLDER;
    return check_tables(db);
}

static int open_checked(sqlite3 **db, const char *name, int flags)
{
    int rc = sqlite3_open_v2(name, db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        int mapped = *db != NULL ? mt_store_rc_of(*db, rc) : MT_STORE_ENOMEM;
        return mapped;
    }
    rc = settle(*db);
    return rc == 0 ? check_version(*db) : rc;
}

/* file:PATH?immutable=1, with every byte that a URI gives a meaning escaped */
static bool put_uri(struct mt_buf *b, const char *path)
{
    mt_put_str(b, "file:");
    for (const char *p = path; *p != '\0'; p++) {
        if (strchr("%?#&= ", *p) != NULL) {
            mt_put_char(b, '%');
            mt_put_hex(b, (const uint8_t *)p, 1);
        } else {
            mt_put_char(b, *p);
        }
    }
    mt_put_str(b, "?immutable=1");
    mt_put_u8(b, 0);
    return !b->full;
}

/* Without a directory to write the -shm file into, WAL cannot be read; that
 * is safe to ignore only if there is no WAL. */
static bool has_wal(const char *path)
{
    char name[4096];
    struct stat st;
    int n = snprintf(name, sizeof name, "%s-wal", path);
    return n < 0 || (size_t)n >= sizeof name ||
           (stat(name, &st) == 0 && st.st_size > 0);
}

static int open_read(sqlite3 **db, const char *path)
{
    int rc = open_checked(db, path, SQLITE_OPEN_READONLY);
    bool shm = rc == MT_STORE_EREADONLY || rc == MT_STORE_EACCESS ||
               rc == MT_STORE_EIO || rc == MT_STORE_ENOENT;
    if (!shm || has_wal(path))
        return rc;
    char uri[PATH_URI_MAX];
    struct mt_buf b = mt_buf_of(uri, sizeof uri);
    if (!put_uri(&b, path))
        return rc;
    (void)sqlite3_close(*db);
    *db = NULL;
    return open_checked(db, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

static int check_file(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return rc_of_errno(errno);
    return S_ISREG(st.st_mode) ? 0 : mt_store_foreign(path);
}

static int set_cache(sqlite3 *db, uint32_t kib)
{
    char sql[48];
    (void)snprintf(sql, sizeof sql, "PRAGMA cache_size=-%u", (unsigned)kib);
    return mt_store_exec(db, sql);
}

int mt_store_open(struct mt_store **out, const char *path,
                  const struct mt_store_options *options)
{
    *out = NULL;
    int rc = check_file(path);
    if (rc != 0)
        return rc;
    struct mt_store *s = malloc(sizeof *s);
    if (s == NULL)
        return MT_STORE_ENOMEM;
    sqlite3 *db = NULL;
    rc = open_read(&db, path);
    if (rc == 0)
        rc = mt_store_wrap(s, db, options);
    if (rc == 0 && options->cache_kib > 0)
        rc = set_cache(db, options->cache_kib);
    if (rc != 0) {
        (void)sqlite3_close(db);
        free(s);
        return rc == MT_STORE_EFOREIGN ? mt_store_foreign(path) : rc;
    }
    *out = s;
    return 0;
}

void mt_store_free(struct mt_store *s)
{
    if (s == NULL)
        return;
    (void)sqlite3_close_v2(s->db);
    free(s);
}

const char *mt_store_detail(const struct mt_store *s)
{
    return sqlite3_errmsg(s->db);
}

/* --- writing --- */

/* Only a file that was empty is given its layout; all else is only checked
 * before the first change. */
static int prepare_file(sqlite3 *db)
{
    int version = mt_schema_check(db);
    if (version < 0)
        return version;
    int rc = 0;
    if (version == 0) {
        char sql[80];
        (void)snprintf(sql, sizeof sql,
                       "PRAGMA page_size=%d;PRAGMA auto_vacuum=INCREMENTAL",
                       (int)MT_PAGE_BYTES);
        rc = mt_store_exec(db, sql);
    }
    if (rc == 0)
        rc = mt_store_exec(db, "PRAGMA journal_mode=WAL;"
                               "PRAGMA synchronous=NORMAL;"
                               "PRAGMA secure_delete=OFF;"
                               "PRAGMA cache_size=-8192;"
                               "PRAGMA wal_autocheckpoint=2000;");
    if (rc == 0)
        rc = mt_schema_apply(db);
    return rc == 0 ? check_tables(db) : rc;
}

static int keep_wal(sqlite3 *db)
{
    char sql[64];
    int on = 1;
    (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
    (void)snprintf(sql, sizeof sql, "PRAGMA journal_size_limit=%d",
                   (int)MT_WAL_MAX_BYTES);
    return mt_store_exec(db, sql);
}

/* SQLite tries again without O_CREAT, and so tells that a file that it may
 * not make is not there. */
static int why_not_made(const char *path, int rc)
{
    char dir[4096];
    struct stat st;
    const char *slash = strrchr(path, '/');
    size_t n = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    if (rc != MT_STORE_ENOENT || n >= sizeof dir - 1)
        return rc;
    (void)snprintf(dir, sizeof dir, "%.*s.", (int)n, path);
    return stat(dir, &st) == 0 ? MT_STORE_EACCESS : rc;
}

int mt_store_open_write(sqlite3 **out, const char *path)
{
    sqlite3 *db = NULL;
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    struct stat st;
    *out = NULL;
    if (strcmp(path, ":memory:") != 0 && stat(path, &st) == 0 &&
        !S_ISREG(st.st_mode))
        return mt_store_foreign(path);
    int rc = sqlite3_open_v2(path, &db, flags, NULL);
    rc = db == NULL ? MT_STORE_ENOMEM : mt_store_rc_of(db, rc);
    rc = why_not_made(path, rc);
    if (rc == 0)
        rc = settle(db);
    if (rc == 0)
        rc = prepare_file(db);
    if (rc == 0)
        rc = keep_wal(db);
    if (rc != 0) {
        (void)sqlite3_close(db);
        return rc == MT_STORE_EFOREIGN ? mt_store_foreign(path) : rc;
    }
    *out = db;
    return 0;
}
