/* Finding a message where it is not known that one begins. */
#include "decode/http1_parts.h"
#include "decode/http1_scan.h"

static struct mt_span sub(struct mt_span s, size_t from, size_t to)
{
    return (struct mt_span){.ptr = s.ptr + from, .len = to - from};
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* As far as the bytes go, do they start with this text? */
static bool starts_as(struct mt_span bytes, struct mt_span text)
{
    size_t n = bytes.len < text.len ? bytes.len : text.len;
    return n == 0 || memcmp(bytes.ptr, text.ptr, n) == 0;
}

static bool plausible_status(struct mt_span b)
{
    if (!starts_as(b, MT_SPAN("HTTP/1.")))
        return false;
    static const char shape[] = "HTTP/1.d ddd";
    for (size_t i = 7; i < b.len && i < 12; i++)
        if (shape[i] == 'd' ? !is_digit(b.ptr[i]) : b.ptr[i] != ' ')
            return false;
    return b.len < 10 || (b.ptr[9] >= '1' && b.ptr[9] <= '9');
}

static bool plausible_request(struct mt_span b)
{
    size_t m = 0;
    while (m < b.len && ((b.ptr[m] >= 'A' && b.ptr[m] <= 'Z') ||
                         (m > 0 && (b.ptr[m] == '-' || b.ptr[m] == '_'))))
        m++;
    if (m > 24 || (m == 0 && b.len > 0))
        return false;
    if (m + 1 >= b.len)
        return m == b.len || b.ptr[m] == ' ';
    struct mt_span target = sub(b, m + 1, b.len);
    if (b.ptr[m] != ' ')
        return false;
    if (m == 7 && memcmp(b.ptr, "CONNECT", 7) == 0)
        return (mt_http1_class[target.ptr[0]] & MT_HTTP1_UNTARGET) == 0;
    return target.ptr[0] == '/' || starts_as(target, MT_SPAN("* HTTP/1.")) ||
           starts_as(target, MT_SPAN("http://")) ||
           starts_as(target, MT_SPAN("https://"));
}

bool mt_http1_plausible(enum mt_http1_side side, struct mt_span bytes,
                        bool *whole)
{
    *whole = false;
    if (!(side == MT_HTTP1_REQUESTS ? plausible_request(bytes)
                                    : plausible_status(bytes)))
        return false;
    size_t lf = mt_span_find(bytes, '\n');
    if (lf == bytes.len)
        return true;
    *whole = true;
    if (lf == 0 || bytes.ptr[lf - 1] != '\r')
        return false;
    struct mt_http1 scratch = {.side = (uint8_t)side};
    struct mt_http1_event ev;
    return mt_http1_read_start(&scratch, sub(bytes, 0, lf - 1), &ev) &&
           (scratch.anomalies & ~(uint32_t)MT_ANOMALY_SPACES) == 0;
}

bool mt_http1_search(struct mt_http1 *p, struct mt_span *in)
{
    while (in->len > 0) {
        bool whole;
        if (p->edge && mt_http1_plausible(p->side, *in, &whole))
            return true;
        size_t lf = mt_span_find(*in, '\n');
        bool cr = lf > 0 ? in->ptr[lf - 1] == '\r' : p->cr;
        size_t n = lf < in->len ? lf + 1 : lf;
        p->cr = n > 0 && in->ptr[n - 1] == '\r';
        p->edge = lf < in->len && cr;
        p->skipped_bytes += n;
        (void)mt_span_take(in, n);
    }
    p->edge = true; /* the next input is another packet */
    return false;
}
