#include "decode/http1_parts.h"
#include "decode/http1_scan.h"

enum { HOLD_FIRST_BYTES = 256 };

void mt_http1_release(struct mt_http1 *p)
{
    if (p->hold == NULL && !p->holding)
        return;
    mt_pool_free(p->pool, p->hold, p->hold_size);
    p->hold = NULL;
    p->hold_bytes = p->hold_size = 0;
    p->holding = p->lent = false;
    p->line_whole = p->in_fold = p->clipped = false;
}

static bool hold_grow(struct mt_http1 *p, size_t want)
{
    size_t size = p->hold_size > 0 ? p->hold_size : HOLD_FIRST_BYTES;
    while (size < want)
        size *= 2; /* want is at most line_max_bytes */
    if (size == p->hold_size)
        return true;
    uint8_t *bigger = mt_pool_alloc(p->pool, size);
    if (bigger == NULL)
        return false;
    if (p->hold_bytes > 0)
        memcpy(bigger, p->hold, p->hold_bytes);
    mt_pool_free(p->pool, p->hold, p->hold_size);
    p->hold = bigger;
    p->hold_size = size;
    return true;
}

/* Bytes above the bound are passed over, whatever the policy: the caller sees
 * MT_ANOMALY_TOO_LONG. */
static bool hold_append(struct mt_http1 *p, struct mt_span bytes)
{
    size_t room = p->config->line_max_bytes - p->hold_bytes;
    if (bytes.len > room) {
        bytes.len = room;
        p->clipped = true;
        p->anomalies |= MT_ANOMALY_TOO_LONG;
    }
    if (bytes.len == 0)
        return true;
    if (!hold_grow(p, p->hold_bytes + bytes.len))
        return false;
    memcpy(p->hold + p->hold_bytes, bytes.ptr, bytes.len);
    p->hold_bytes += bytes.len;
    return true;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* Which control bytes are there; `line` is without its end. */
static uint32_t controls_of(struct mt_span line)
{
    uint32_t flags = 0;
    for (size_t i = 0; i < line.len; i++)
        if ((mt_http1_class[line.ptr[i]] & MT_HTTP1_CONTROL) != 0)
            flags |= line.ptr[i] == 0 ? MT_ANOMALY_NUL : MT_ANOMALY_CTL;
    return flags;
}

/* A whole line in the input, its end included: cut the end off. */
static struct mt_span strip_end(struct mt_http1 *p, struct mt_span raw)
{
    raw.len--;
    if (raw.len > 0 && raw.ptr[raw.len - 1] == '\r')
        raw.len--;
    else
        p->anomalies |= MT_ANOMALY_BARE_LF;
    return raw;
}

/* The held line is whole and is followed by `next`: does it go on? */
static bool fold(struct mt_http1 *p, uint8_t next)
{
    if (!is_space(next))
        return false;
    while (p->hold_bytes > 0 && is_space(p->hold[p->hold_bytes - 1]))
        p->hold_bytes--;
    p->anomalies |= MT_ANOMALY_OBS_FOLD;
    p->line_whole = false;
    p->in_fold = true;
    return true;
}

/* Drop the blanks before a continuation and put one in their place. */
static bool skip_fold(struct mt_http1 *p, struct mt_span *in)
{
    while (in->len > 0 && is_space(in->ptr[0])) {
        (void)mt_span_take(in, 1);
        p->line_bytes++;
    }
    if (in->len == 0)
        return true;
    p->in_fold = false;
    return hold_append(p, MT_SPAN(" "));
}

/* Take input up to the line's end into the hold. */
static bool hold_line(struct mt_http1 *p, struct mt_span *in)
{
    size_t at = mt_span_find(*in, '\n');
    p->line_whole = at < in->len;
    size_t n = p->line_whole ? at + 1 : at;
    if (!hold_append(p, (struct mt_span){.ptr = in->ptr, .len = n}))
        return false;
    (void)mt_span_take(in, n);
    p->line_bytes += n;
    if (!p->line_whole || p->clipped) /* what was clipped may be its end */
        return true;
    struct mt_span raw = {.ptr = p->hold, .len = p->hold_bytes};
    p->hold_bytes = strip_end(p, raw).len;
    return true;
}

static int lend(struct mt_http1 *p, struct mt_span *line)
{
    *line = (struct mt_span){.ptr = p->hold, .len = p->hold_bytes};
    p->anomalies |= controls_of(*line);
    p->lent = true;
    return MT_EVENT;
}

/* A whole line is held. Is it the last of its folds? That shows in the byte
 * behind it, which may not be there. */
static int end_of_folds(struct mt_http1 *p, struct mt_span in, bool folds)
{
    if (!folds || p->hold_bytes == 0)
        return MT_EVENT;
    if (in.len == 0)
        return MT_MORE;
    return fold(p, in.ptr[0]) ? MT_DONE : MT_EVENT;
}

/* Take what the input has of the line. */
static bool extend(struct mt_http1 *p, struct mt_span *in)
{
    if (p->in_fold && !skip_fold(p, in))
        return false;
    return in->len == 0 || hold_line(p, in);
}

/* The slow way: a line that is split, folded or too long. */
static int held_line(struct mt_http1 *p, struct mt_span *in, bool folds,
                     struct mt_span *line)
{
    if (!p->holding) {
        p->holding = true;
        p->line_bytes = 0;
    }
    for (;;) {
        int rc = p->line_whole ? end_of_folds(p, *in, folds) : MT_DONE;
        if (rc == MT_EVENT)
            return lend(p, line);
        if (in->len == 0 || (p->anomalies & p->config->fatal) != 0)
            return MT_MORE; /* the policy's verdict is the caller's */
        if (!extend(p, in))
            return MT_ELIMIT;
    }
}

/* The end of the line in the input, its LF included; 0: not there. */
static size_t find_end(struct mt_span in, uint32_t *flags)
{
    size_t i = mt_http1_scan_control(in);
    if (in.len - i >= 2 && in.ptr[i] == '\r' && in.ptr[i + 1] == '\n')
        return i + 2;
    if (i == in.len)
        return 0;
    struct mt_span rest = {.ptr = in.ptr + i, .len = in.len - i};
    size_t lf = mt_span_find(rest, '\n');
    if (lf == rest.len)
        return 0;
    struct mt_span body = {.ptr = in.ptr, .len = i + lf};
    if (body.len > 0 && body.ptr[body.len - 1] == '\r')
        body.len--;
    else
        *flags = MT_ANOMALY_BARE_LF;
    *flags |= controls_of(body);
    return i + lf + 1;
}

int mt_http1_line(struct mt_http1 *p, struct mt_span *in, bool folds,
                  struct mt_span *line)
{
    if (p->lent) {
        p->hold_bytes = 0;
        p->holding = p->lent = false;
        p->line_whole = p->in_fold = p->clipped = false;
    }
    if (p->holding)
        return held_line(p, in, folds, line);

    uint32_t flags = 0;
    size_t n = find_end(*in, &flags);
    if (n == 0 || n > p->config->line_max_bytes)
        return held_line(p, in, folds, line);
    size_t end = n - 1;
    if (end > 0 && in->ptr[end - 1] == '\r')
        end--;
    if (folds && end > 0 && (n == in->len || is_space(in->ptr[n])))
        return held_line(p, in, folds, line);
    *line = mt_span_take(in, n);
    line->len = end;
    p->anomalies |= flags;
    p->line_bytes = n;
    return MT_EVENT;
}
