#include "capture/names_hosts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text_addr.h"

static struct mt_span next_word(struct mt_span *line)
{
    size_t n = 0;
    while (n < line->len && (line->ptr[n] == ' ' || line->ptr[n] == '\t' ||
                             line->ptr[n] == '\r'))
        n++;
    (void)mt_span_take(line, n);
    for (n = 0; n < line->len && line->ptr[n] != ' ' && line->ptr[n] != '\t' &&
                line->ptr[n] != '\r';)
        n++;
    return mt_span_take(line, n);
}

/* 0.0.0.0/8, 127.0.0.0/8 and 224.0.0.0/3; ::, ::1 and ff00::/8. */
static bool is_no_machine(const uint8_t ip[16])
{
    static const uint8_t zeros[15] = {0};
    if (mt_ip_is_v4(ip))
        return ip[12] == 0 || ip[12] == 127 || ip[12] >= 224;
    return ip[0] == 0xff ||
           (memcmp(ip, zeros, sizeof zeros) == 0 && ip[15] <= 1);
}

static bool read_line(struct mt_names *n, struct mt_span line, int64_t ts_ns)
{
    struct mt_addr addr = {.port = 0};
    line.len = mt_span_find(line, '#');
    if (mt_parse_ip(next_word(&line), addr.ip) != 0 || is_no_machine(addr.ip))
        return false;
    for (;;) {
        struct mt_span name = next_word(&line);
        if (name.len == 0)
            return false;
        /* a port is none of a host's name, though it is of an authority's */
        if (mt_span_find(name, ':') == name.len &&
            mt_names_add(n, &addr, name, MT_NAME_HOSTS, ts_ns))
            return true;
    }
}

unsigned mt_names_hosts_read(struct mt_names *n, struct mt_span text,
                             int64_t ts_ns)
{
    unsigned told = 0;
    while (text.len > 0 && told < MT_HOSTS_NAMES) {
        struct mt_span line = mt_span_take(&text, mt_span_find(text, '\n'));
        if (text.len > 0)
            (void)mt_span_take(&text, 1);
        told += read_line(n, line, ts_ns);
    }
    return told;
}

int mt_names_hosts_load(struct mt_names *n, const char *path, int64_t ts_ns)
{
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return -errno;
    int rc = -ENOMEM;
    uint8_t *bytes = malloc(MT_HOSTS_BYTES);
    if (bytes != NULL) {
        size_t size = fread(bytes, 1, MT_HOSTS_BYTES, f);
        rc = ferror(f) ? -errno
                       : (int)mt_names_hosts_read(
                             n, (struct mt_span){bytes, size}, ts_ns);
    }
    free(bytes);
    (void)fclose(f);
    return rc;
}
