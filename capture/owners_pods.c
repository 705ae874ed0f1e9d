#include "capture/owners_pods.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"

void mt_pods_init(struct mt_pods *p, const char *logs)
{
    memset(p, 0, sizeof *p);
    p->logs = open(logs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void mt_pods_deinit(struct mt_pods *p)
{
    if (p->logs >= 0)
        (void)close(p->logs);
}

static struct mt_pods_name *slot_of(struct mt_pods *p, const char *key)
{
    uint32_t h = 2166136261u;
    for (const char *c = key; *c != '\0'; c++)
        h = (h ^ (uint8_t)*c) * 16777619u;
    return &p->kept[h % MT_PODS_KEPT];
}

/* Always fits: the parts are DNS names. */
static void write_name(const struct mt_pod_name *n,
                       char out[MT_OWNER_CONTAINER_BYTES])
{
    struct mt_buf b = mt_buf_of(out, MT_OWNER_CONTAINER_BYTES - 1);
    mt_put_span(&b, n->pod);
    if (n->container.len > 0) {
        struct mt_buf with = b;
        mt_put_char(&with, '/');
        mt_put_span(&with, n->container);
        if (!with.full)
            b = with;
    }
    out[b.len] = '\0';
}

typedef bool read_name(struct mt_span text, struct mt_pod_name *out);

/* Look through a folder for the name that holds the key. */
static bool find(struct mt_pods *p, struct mt_scan *scan, const char *folder,
                 read_name *read, const char *key, struct mt_pods_name *out)
{
    DIR *d =
        p->logs >= 0 && key[0] != '\0' ? mt_scan_open(p->logs, folder) : NULL;
    if (d == NULL)
        return false;
    bool found = false;
    const struct dirent *e;
    while (!found && (e = readdir(d)) != NULL && mt_scan_pay(scan, 1)) {
        struct mt_pod_name n;
        found = read(mt_span_str(e->d_name), &n) &&
                mt_span_eq(n.id, mt_span_str(key));
        if (found) {
            (void)snprintf(out->key, sizeof out->key, "%s", key);
            write_name(&n, out->name);
        }
    }
    (void)closedir(d);
    return found;
}

/* With a name comes the same answer for long, so it is kept; without one it
 * may come a moment later, as a container starts before its log is there. */
bool mt_pods_name(struct mt_pods *p, struct mt_scan *scan,
                  const struct mt_container *c,
                  char out[MT_OWNER_CONTAINER_BYTES])
{
    const char *key = c->id[0] != '\0' ? c->id : c->pod_uid;
    struct mt_pods_name *kept = slot_of(p, key), found;
    if (key[0] != '\0' && strcmp(kept->key, key) == 0)
        found = *kept;
    else if (find(p, scan, "containers", mt_container_log, c->id, &found))
        *kept = found;
    else if (!find(p, scan, "pods", mt_pod_log, c->pod_uid, &found)) {
        (void)snprintf(out, MT_OWNER_CONTAINER_BYTES, "%.*s",
                       (int)MT_SHORT_ID_BYTES, key);
        return false;
    }
    (void)snprintf(out, MT_OWNER_CONTAINER_BYTES, "%s", found.name);
    return true;
}
