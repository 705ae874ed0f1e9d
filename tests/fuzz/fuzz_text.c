/* Properties: what parses is written in a form that parses to the same value;
 * escaped text is printable and within its columns. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_addr.h"
#include "base/text_escape.h"
#include "base/text_time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t bytes[1 << 16];

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void numbers(struct mt_span in)
{
    struct mt_time_ref ref = {.now_ns = INT64_C(1795349071500000000),
                              .offset_s = 3600};
    int64_t ns, back;
    uint64_t n;
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    if (mt_parse_duration(in, &ns) == 0) {
        mt_put_duration(&b, ns);
        check(mt_parse_duration(mt_buf_span(&b), &back) == 0 && back == ns);
        mt_put_latency(&b, ns);
        mt_put_age(&b, ns);
    }
    if (mt_parse_time(in, &ref, &ns) == 0) {
        b.len = 0;
        mt_put_rfc3339(&b, ns, ref.offset_s, 9);
        check(mt_parse_time(mt_buf_span(&b), &ref, &back) == 0 && back == ns);
    }
    if (mt_parse_bytes(in, &n) == 0)
        mt_put_bytes(&b, n);
}

static void addresses(struct mt_span in)
{
    uint8_t ip[16], back[16];
    uint16_t port, port_back;
    struct mt_cidr c;
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    if (mt_parse_ip_port(in, ip, &port) == 0) {
        mt_put_ip_port(&b, ip, port);
        check(mt_parse_ip_port(mt_buf_span(&b), back, &port_back) == 0 &&
              memcmp(ip, back, 16) == 0 && port == port_back);
    }
    if (mt_parse_cidr(in, &c) == 0) {
        uint8_t low[16], high[16];
        mt_cidr_range(&c, low, high);
        check(mt_cidr_has(&c, low) && mt_cidr_has(&c, high));
    }
}

static void escapes(struct mt_span in, size_t columns)
{
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    size_t used = mt_put_escaped(&b, in, columns), counted = 0;
    check(used <= columns);
    if (b.full)
        return;
    for (struct mt_span s = mt_buf_span(&b); s.len > 0;) {
        int w = mt_char_columns(mt_utf8_take(&s));
        check(w >= 0);
        counted += (size_t)w;
    }
    check(counted == used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mt_span in = {.ptr = data, .len = size};
    numbers(in);
    addresses(in);
    escapes(in, 1000000);
    if (size > 0)
        escapes(in, data[0]);
    return 0;
}
