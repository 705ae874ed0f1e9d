#include "capture/owners_cgroup.h"

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static struct mt_span tail(struct mt_span s, size_t n)
{
    (void)mt_span_take(&s, s.len - n);
    return s;
}

static bool is_container_id(struct mt_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_hex(s.ptr[i]))
            return false;
    return s.len == MT_CONTAINER_ID_BYTES;
}

/* 8-4-4-4-12 digits; systemd writes '_' for '-'. A static pod's is 32 digits:
 * the hash of its manifest. */
static bool read_pod_uid(struct mt_span s, char out[MT_POD_UID_BYTES + 1])
{
    char uid[MT_POD_UID_BYTES + 1] = "";
    if (s.len != MT_POD_UID_BYTES && s.len != 32)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i] == '_' ? '-' : s.ptr[i];
        bool mark = s.len == MT_POD_UID_BYTES &&
                    (i == 8 || i == 13 || i == 18 || i == 23);
        if (mark ? c != '-' : !is_hex(c))
            return false;
        uid[i] = (char)c;
    }
    memcpy(out, uid, sizeof uid);
    return true;
}

/* "docker-ID.scope", "cri-containerd-ID.scope", "libpod-ID", "ID"... */
static void read_id(struct mt_span part, char out[MT_CONTAINER_ID_BYTES + 1])
{
    static const char *const endings[] = {".scope", ".service"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct mt_span end = mt_span_str(endings[i]);
        if (part.len > end.len && mt_span_eq(tail(part, end.len), end))
            part.len -= end.len;
    }
    if (part.len < MT_CONTAINER_ID_BYTES)
        return;
    struct mt_span id = tail(part, MT_CONTAINER_ID_BYTES);
    bool apart = part.len == id.len || part.ptr[part.len - id.len - 1] == '-' ||
                 part.ptr[part.len - id.len - 1] == ':';
    if (!apart || !is_container_id(id))
        return;
    memcpy(out, id.ptr, id.len);
    out[id.len] = '\0';
}

/* "podUID", "kubepods-burstable-podUID.slice" */
static void read_pod(struct mt_span part, char out[MT_POD_UID_BYTES + 1])
{
    struct mt_span slice = MT_SPAN(".slice"), pod = MT_SPAN("pod");
    if (part.len > slice.len && mt_span_eq(tail(part, slice.len), slice))
        part.len -= slice.len;
    for (size_t n = MT_POD_UID_BYTES; n >= 32; n -= MT_POD_UID_BYTES - 32) {
        if (part.len < n + pod.len)
            continue;
        struct mt_span uid = tail(part, n), before = part;
        before.len -= n;
        if (mt_span_eq(tail(before, pod.len), pod) && read_pod_uid(uid, out))
            return;
    }
}

static void read_path(struct mt_span path, struct mt_container *out)
{
    while (path.len > 0) {
        size_t slash = mt_span_find(path, '/'), colon = mt_span_find(path, ':');
        struct mt_span part =
            mt_span_take(&path, slash < colon ? slash : colon);
        if (path.len > 0)
            (void)mt_span_take(&path, 1);
        read_pod(part, out->pod_uid);
        read_id(part, out->id);
    }
}

/* "N:CONTROLLERS:PATH" a line; v2 has one, "0::PATH". */
bool mt_cgroup_read(struct mt_span text, struct mt_container *out)
{
    *out = (struct mt_container){.id = ""};
    while (text.len > 0 && (out->id[0] == '\0' || out->pod_uid[0] == '\0')) {
        struct mt_span line = mt_span_take(&text, mt_span_find(text, '\n'));
        if (text.len > 0)
            (void)mt_span_take(&text, 1);
        for (int i = 0; i < 2; i++) {
            (void)mt_span_take(&line, mt_span_find(line, ':'));
            if (line.len > 0)
                (void)mt_span_take(&line, 1);
        }
        read_path(line, out);
    }
    return out->id[0] != '\0' || out->pod_uid[0] != '\0';
}

/* ---- names ---- */

bool mt_is_dns_name(struct mt_span s)
{
    enum { DNS_NAME_MAX = 253 };
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        bool mark = c == '-' || c == '.';
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !mark)
            return false;
        if (mark && (i == 0 || i + 1 == s.len))
            return false;
    }
    return s.len > 0 && s.len <= DNS_NAME_MAX;
}

static struct mt_span until(struct mt_span *rest, uint8_t mark)
{
    struct mt_span s = mt_span_take(rest, mt_span_find(*rest, mark));
    if (rest->len > 0)
        (void)mt_span_take(rest, 1);
    return s;
}

bool mt_container_log(struct mt_span name, struct mt_pod_name *out)
{
    struct mt_span log = MT_SPAN(".log");
    if (name.len <= log.len || !mt_span_eq(tail(name, log.len), log))
        return false;
    name.len -= log.len;
    out->pod = until(&name, '_');
    struct mt_span space = until(&name, '_');
    if (name.len <= MT_CONTAINER_ID_BYTES + 1)
        return false;
    out->id = tail(name, MT_CONTAINER_ID_BYTES);
    name.len -= MT_CONTAINER_ID_BYTES + 1;
    out->container = name;
    return name.ptr[name.len] == '-' && is_container_id(out->id) &&
           mt_is_dns_name(out->pod) && mt_is_dns_name(space) &&
           mt_is_dns_name(out->container);
}

bool mt_pod_log(struct mt_span name, struct mt_pod_name *out)
{
    char uid[MT_POD_UID_BYTES + 1];
    struct mt_span space = until(&name, '_');
    out->pod = until(&name, '_');
    out->id = name;
    out->container = (struct mt_span){.ptr = NULL, .len = 0};
    return mt_is_dns_name(space) && mt_is_dns_name(out->pod) &&
           read_pod_uid(name, uid);
}
