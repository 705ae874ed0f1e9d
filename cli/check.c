/* meshtop check: what would stop it here, and the remedy. A check is one row
 * of the table below, and its function. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"
#include "capture/interfaces.h"
#include "capture/live.h"
#include "cli/check_ring.h"
#include "cli/clock.h"
#include "cli/paths.h"
#include "cli/printer.h"
#include "cli/say.h"
#include "cli/view.h"

enum { TEXT_BYTES = 512, PATH_BYTES = 4096 };

#define RECENT_NS INT64_C(600000000000)
#define DISK_MIN_BYTES (UINT64_C(1) << 30)

enum state { STATE_OK, STATE_INFO, STATE_PROBLEM };

struct finding {
    const char *name;
    enum state state;
    char found[TEXT_BYTES];
    char remedy[TEXT_BYTES];
};

/* What the checks look at, asked once. */
struct place {
    const struct mt_options *o;
    struct mt_interfaces list;
    const char *path;       /* of the database */
    struct mt_store *store; /* NULL: not there, or not readable */
    int store_rc;
};

#define SET(f, state_, remedy_, ...)                                     \
    do {                                                                 \
        (f)->state = (state_);                                           \
        (void)snprintf((f)->found, sizeof(f)->found, __VA_ARGS__);       \
        (void)snprintf((f)->remedy, sizeof(f)->remedy, "%s", (remedy_)); \
    } while (0)

/* ---- capturing ---- */

static const struct mt_interface *find(const struct place *p, const char *name)
{
    for (size_t i = 0; i < p->list.count; i++)
        if (strcmp(p->list.rows[i].name, name) == 0)
            return &p->list.rows[i];
    return NULL;
}

/* The interfaces of -i; without one, any. */
static size_t wanted_count(const struct place *p)
{
    return p->o->interfaces_count > 0 ? p->o->interfaces_count : 1;
}

static const char *wanted(const struct place *p, size_t i)
{
    return p->o->interfaces_count > 0 ? p->o->interfaces[i] : "any";
}

static int try_open(const struct place *p, const char *interface,
                    struct mt_problem *why)
{
    struct mt_live_options options = {.filter = p->o->capture_filter,
                                      .buffer_bytes = p->o->buffer_bytes};
    struct mt_source *s;
    int rc = mt_source_open_live(&s, interface, &options, why);
    mt_source_free(s);
    return rc;
}

static void check_interfaces(const struct place *p, struct finding *f)
{
    size_t up = 0;
    for (size_t i = 0; i < p->list.count; i++)
        up += p->list.rows[i].up && strcmp(p->list.rows[i].name, "any") != 0;
    SET(f, STATE_OK, "", "%zu up", up);
    for (size_t i = 0; i < wanted_count(p); i++) {
        const char *name = wanted(p, i);
        const struct mt_interface *found = find(p, name);
        char remedy[TEXT_BYTES];
        if (found != NULL && found->up)
            continue;
        (void)snprintf(remedy, sizeof remedy, "sudo ip link set %s up", name);
        if (found == NULL)
            SET(f, STATE_PROBLEM, "meshtop interfaces lists those there are",
                "%s is not there", name);
        else
            SET(f, STATE_PROBLEM, remedy, "%s is down", name);
        return;
    }
}

static void check_permission(const struct place *p, struct finding *f)
{
    char remedy[TEXT_BYTES], path[PATH_BYTES];
    SET(f, STATE_OK, "", "packets can be captured");
    for (size_t i = 0; i < wanted_count(p); i++) {
        struct mt_problem why;
        if (try_open(p, wanted(p, i), &why) != -EPERM)
            continue;
        (void)snprintf(remedy, sizeof remedy,
                       "run it with sudo, or once: sudo setcap cap_net_raw+ep "
                       "%.400s",
                       mt_program_path(path, sizeof path));
        SET(f, STATE_PROBLEM, remedy, "%s", why.text);
    }
}

/* What permission and interfaces do not explain. */
static void check_capture(const struct place *p, struct finding *f)
{
    bool filter = p->o->capture_filter != NULL;
    size_t opened = 0;
    for (size_t i = 0; i < wanted_count(p); i++) {
        struct mt_problem why;
        int rc = try_open(p, wanted(p, i), &why);
        opened += rc == 0;
        if (rc != -EINVAL && rc != -EIO && rc != -ENOMEM)
            continue;
        SET(f, STATE_PROBLEM,
            rc == -EINVAL ? "man pcap-filter has the words of filters"
                          : "see what the kernel says: dmesg",
            "%s", why.text);
        return;
    }
    if (opened == 0)
        SET(f, STATE_INFO, "", "could not be tried");
    else
        SET(f, STATE_OK, "", "%s",
            filter ? "the filter is understood" : "begins");
}

static uint64_t available_bytes(void)
{
    static const char key[] = "MemAvailable:";
    char line[128];
    uint64_t kib = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    while (kib == 0 && file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, key, sizeof key - 1) == 0)
            kib = strtoull(line + sizeof key - 1, NULL, 10);
    if (file != NULL)
        (void)fclose(file);
    return kib * 1024;
}

/* Where memory is short libpcap takes a smaller buffer and does not say so. */
static void check_buffer(const struct place *p, struct finding *f)
{
    uint64_t each = p->o->buffer_bytes > 0 ? p->o->buffer_bytes
                                           : (uint64_t)MT_LIVE_BUFFER_BYTES;
    uint64_t all = each > UINT64_MAX / wanted_count(p) ? UINT64_MAX
                                                       : each * wanted_count(p);
    uint64_t available = available_bytes();
    char text[64];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    mt_put_bytes(&b, all);
    text[b.len] = '\0';
    if (available > 0 && all > available / 4)
        SET(f, STATE_PROBLEM, "a smaller --buffer, or fewer interfaces",
            "%s of kernel buffers are more than a quarter of the free memory",
            text);
    else
        SET(f, STATE_OK, "", "%s in the kernel", text);
}

/* ---- the database ---- */

static void check_database(const struct place *p, struct finding *f)
{
    char folder[PATH_BYTES], remedy[TEXT_BYTES];
    if (p->store_rc != 0 && p->store_rc != MT_STORE_ENOENT) {
        SET(f, STATE_PROBLEM, "name another one with -d", "%.200s: %s", p->path,
            mt_store_strerror(p->store_rc));
        return;
    }
    bool exists = p->store_rc == 0;
    if (p->o->db != NULL && !exists &&
        !mt_has_folder(p->path, folder, sizeof folder)) {
        (void)snprintf(remedy, sizeof remedy,
                       "mkdir -p %.200s, or name another place", folder);
        SET(f, STATE_PROBLEM, remedy,
            "%.200s cannot be made: there is no folder %.200s", p->path,
            folder);
        return;
    }
    mt_folder_of(p->path, folder, sizeof folder);
    if (access(folder, W_OK) != 0 || (exists && access(p->path, W_OK) != 0))
        SET(f, STATE_PROBLEM, "use another place with -w, or another user",
            "%.200s cannot be written: %s", exists ? p->path : folder,
            strerror(errno));
    else
        SET(f, STATE_OK, "", "%.200s%s", p->path,
            exists ? "" : " is not there yet and can be made");
}

static void check_disk(const struct place *p, struct finding *f)
{
    char folder[PATH_BYTES], text[64];
    struct statvfs vfs;
    mt_folder_of(p->path, folder, sizeof folder);
    if (statvfs(folder, &vfs) != 0) {
        SET(f, STATE_PROBLEM, "use another place with -d", "%.200s: %s", folder,
            strerror(errno));
        return;
    }
    uint64_t unused = (uint64_t)vfs.f_bavail * vfs.f_frsize;
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    mt_put_bytes(&b, unused);
    text[b.len] = '\0';
    if (unused < DISK_MIN_BYTES)
        SET(f, STATE_PROBLEM, "free 1 GiB, or record to another disk",
            "only %s free where the database is", text);
    else
        SET(f, STATE_OK, "", "%s free", text);
}

static void put_lost(char *text, size_t size, unsigned loss, uint64_t count)
{
    struct mt_buf b = mt_buf_of(text, size - 1);
    mt_put_lost(&b, loss, count);
    text[b.len] = '\0';
}

static void check_ring(const struct place *p, struct finding *f)
{
    struct mt_check_ring c;
    mt_check_ring(&c, p->o);
    SET(f,
        c.problem  ? STATE_PROBLEM
        : c.remark ? STATE_INFO
                   : STATE_OK,
        c.remedy, "%s", c.found);
}

static int add_lost(void *sums, const struct mt_lost *lost)
{
    ((uint64_t *)sums)[lost->loss] += lost->count;
    return 0;
}

/* Losses that more room or speed would have spared. Those of long ago are no
 * problem of today. */
static void check_losses(const struct place *p, struct finding *f)
{
    static const struct {
        enum mt_loss loss;
        const char *remedy;
    } rows[] = {
        {MT_LOSS_KERNEL, "a larger --buffer, or less with -f"},
        {MT_LOSS_INTERFACE, "look at ethtool -S"},
        {MT_LOSS_RING, "a faster disk for the database"},
        {MT_LOSS_EVICTED, "a larger --memory"},
        {MT_LOSS_STORE, "a larger disk for the database"},
    };
    int64_t now_ns = mt_wall_ns();
    const struct mt_lost_scan scan = {.from_ns = now_ns - RECENT_NS,
                                      .to_ns = INT64_MAX};
    uint64_t totals[MT_LOSS_COUNT], recent[MT_LOSS_COUNT] = {0};
    SET(f, STATE_OK, "", "none recorded");
    if (p->store == NULL || mt_query_losses(p->store, totals) != 0 ||
        mt_query_lost(p->store, &scan, add_lost, recent) != 0)
        return;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64], all[64];
        unsigned loss = rows[i].loss;
        if (totals[loss] == 0 || f->state == STATE_PROBLEM)
            continue;
        put_lost(text, sizeof text, loss, recent[loss]);
        put_lost(all, sizeof all, loss, totals[loss]);
        if (recent[loss] > 0)
            SET(f, STATE_PROBLEM, rows[i].remedy,
                "%s lost in the last 10 minutes: %s (%s in the whole database)",
                text, mt_loss_why(loss), all);
        else if (f->state == STATE_OK)
            SET(f, STATE_INFO, "",
                "none in the last 10 minutes; %s in the whole database: %s",
                all, mt_loss_why(loss));
    }
}

static void check_encrypted(const struct place *p, struct finding *f)
{
    struct mt_ask ask = {.filter = NULL};
    struct mt_window_spec spec = {.wall_ns = mt_wall_ns()};
    struct mt_answer a = {0};
    uint64_t encrypted = 0;
    SET(f, STATE_OK, "", "none recorded without keys");
    if (p->store == NULL ||
        mt_query_window(p->store, &spec, &ask.from_ns, &ask.to_ns) != 0 ||
        mt_query_edges(p->store, &ask, &a) != 0)
        return;
    for (size_t i = 0; i < a.count; i++)
        if (a.rows[i].protocol == MT_PROTOCOL_TLS)
            encrypted += a.rows[i].counts.conns;
    mt_answer_free(&a);
    if (encrypted > 0)
        SET(f, STATE_INFO, "captures with secrets (pcapng) are decrypted",
            "%llu connections are encrypted: their figures are inferred",
            (unsigned long long)encrypted);
}

/* ---- all of them ---- */

static const struct {
    const char *name;
    void (*look)(const struct place *p, struct finding *f);
} checks[] = {
    {"interfaces", check_interfaces},
    {"permission", check_permission},
    {"capture", check_capture},
    {"buffer", check_buffer},
    {"database", check_database},
    {"disk", check_disk},
    {"ring", check_ring},
    {"losses", check_losses},
    {"encrypted", check_encrypted},
};

enum { CHECKS = sizeof checks / sizeof checks[0] };

#define GET(name, expression)                                                  \
    static struct mt_value get_##name(const void *row, struct mt_buf *scratch) \
    {                                                                          \
        const struct finding *r = row;                                         \
        const char *s = expression;                                            \
        (void)scratch;                                                         \
        return (struct mt_value){.unit = MT_UNIT_TEXT,                         \
                                 .known = s[0] != '\0',                        \
                                 .text = mt_span_str(s)};                      \
    }

static const char *state_text(enum state state)
{
    static const char *const texts[] = {"ok", "info", "PROBLEM"};
    return texts[state];
}

GET(name, r->name)
GET(state, state_text(r->state))
GET(found, r->found)
GET(remedy, r->remedy)

static const struct mt_column columns[] = {
    {.key = "check",
     .title = "CHECK",
     .help = "what was looked at",
     .unit = MT_UNIT_TEXT,
     .priority = 1,
     .get = get_name},
    {.key = "state",
     .title = "STATE",
     .help = "ok, info or PROBLEM",
     .unit = MT_UNIT_TEXT,
     .priority = 1,
     .get = get_state},
    {.key = "found",
     .title = "FOUND",
     .help = "what is there",
     .unit = MT_UNIT_TEXT,
     .priority = 2,
     .get = get_found},
    {.key = "remedy",
     .title = "REMEDY",
     .help = "what to do",
     .unit = MT_UNIT_TEXT,
     .priority = 3,
     .get = get_remedy},
};

static const struct mt_screen screen = {"checks", columns,
                                        sizeof columns / sizeof columns[0]};

static int print(const struct mt_options *o, const struct finding *list)
{
    struct mt_printer out;
    bool problem = false;
    mt_printer_open(&out, stdout, &screen, o->format);
    mt_printer_head(&out, NULL);
    for (size_t i = 0; i < CHECKS; i++) {
        mt_printer_row(&out, &list[i]);
        problem |= list[i].state == STATE_PROBLEM;
    }
    int rc = mt_printer_close(&out);
    return rc == 0 && !problem ? MT_EXIT_OK : MT_EXIT_ERROR;
}

int mt_command_check(const struct mt_options *o)
{
    struct finding list[CHECKS] = {{.name = NULL}};
    struct place p = {.o = o, .path = mt_view_path(o)};
    p.store_rc = mt_store_open(&p.store, p.path, &(struct mt_store_options){0});
    (void)mt_interfaces_list(&p.list);
    for (size_t i = 0; i < CHECKS; i++) {
        list[i].name = checks[i].name;
        checks[i].look(&p, &list[i]);
    }
    mt_interfaces_deinit(&p.list);
    mt_store_free(p.store);
    return print(o, list);
}
