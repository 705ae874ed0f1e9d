/* Property: whatever stands below /proc, in a node's log folders and in the
 * kernel's messages: names are clean and bounded, arguments after a program's
 * name change nothing, ids are ids, and what comes after a message's end
 * is not read. The first byte says what the rest is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/rc.h"
#include "capture/owners_cgroup.h"
#include "capture/owners_diag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static bool is_hex(const char *s)
{
    return strspn(s, "0123456789abcdef-") == strlen(s);
}

static void check_name(const char *name)
{
    size_t n = strnlen(name, MT_OWNER_PROCESS_BYTES);
    check(n < MT_OWNER_PROCESS_BYTES);
    for (size_t i = 0; i < n; i++) {
        uint8_t c = mt_ascii_lower((uint8_t)name[i]);
        check((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
              c == '_' || c == '-');
    }
    check(n == 0 || (name[0] != '-' && name[n - 1] != '-' && name[0] != '.' &&
                     name[n - 1] != '.'));
}

static void try_process(struct mt_span in)
{
    char name[MT_OWNER_PROCESS_BYTES], more[MT_OWNER_PROCESS_BYTES];
    struct mt_span comm = mt_span_take(&in, mt_span_find(in, '\n'));
    mt_process_name(comm, in, name);
    check_name(name);
    /* told from the command line: nothing behind it is looked at */
    mt_process_name(MT_SPAN("comm"), in, name);
    if (strcmp(name, "comm") == 0)
        return;
    uint8_t *longer = malloc(in.len + 8);
    check(longer != NULL);
    memcpy(longer, in.ptr, in.len);
    memcpy(longer + in.len, "\0secret", 8);
    mt_process_name(MT_SPAN("comm"), (struct mt_span){longer, in.len + 8},
                    more);
    check(strcmp(name, more) == 0);
    free(longer);
}

static void try_cgroup(struct mt_span in)
{
    struct mt_container c;
    bool found = mt_cgroup_read(in, &c);
    check(strlen(c.id) == 0 || strlen(c.id) == MT_CONTAINER_ID_BYTES);
    check(strlen(c.pod_uid) == 0 || strlen(c.pod_uid) == 32 ||
          strlen(c.pod_uid) == MT_POD_UID_BYTES);
    check(is_hex(c.id) && is_hex(c.pod_uid));
    check(found == (c.id[0] != '\0' || c.pod_uid[0] != '\0'));
}

static void try_log(struct mt_span in)
{
    struct mt_pod_name n;
    if (mt_container_log(in, &n)) {
        check(n.id.len == MT_CONTAINER_ID_BYTES);
        check(mt_is_dns_name(n.pod) && mt_is_dns_name(n.container));
    }
    if (mt_pod_log(in, &n))
        check(mt_is_dns_name(n.pod) && n.id.len <= MT_POD_UID_BYTES);
}

/* A line is read the same with white space before it. */
static void try_line(struct mt_span in)
{
    struct mt_socket a = {.transport = 6}, b = {.transport = 6};
    bool found = mt_socket_line(in, &a);
    uint8_t *padded = malloc(in.len + 1);
    check(padded != NULL);
    padded[0] = ' ';
    if (in.len > 0)
        memcpy(padded + 1, in.ptr, in.len);
    check(mt_socket_line((struct mt_span){padded, in.len + 1}, &b) == found);
    check(a.inode == b.inode && a.uid == b.uid && a.state == b.state &&
          a.local.port == b.local.port);
    free(padded);
    (void)mt_socket_inode(in);
    (void)mt_netns_inode(in);
}

static void try_message(struct mt_span in)
{
    struct mt_socket a = {.state = 0}, b = {.state = 0};
    uint32_t sequence = 0, length = 0;
    if (in.len >= 12) {
        memcpy(&length, in.ptr, sizeof length);
        memcpy(&sequence, in.ptr + 8, sizeof sequence);
    }
    int rc = mt_diag_answer(in, sequence, &a);
    check(rc == MT_EVENT || rc == MT_DONE || rc == MT_EPROTO);
    if (rc != MT_EVENT)
        return;
    in.len = length;
    check(mt_diag_answer(in, sequence, &b) == MT_EVENT);
    check(a.inode == b.inode && a.uid == b.uid);
    check(mt_diag_answer(in, sequence + 1, &b) == MT_MORE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void (*const all[])(struct mt_span) = {try_process, try_cgroup, try_log,
                                           try_line, try_message};
    if (size == 0)
        return 0;
    struct mt_span in = {.ptr = data + 1, .len = size - 1};
    all[data[0] % (sizeof all / sizeof all[0])](in);
    return 0;
}
