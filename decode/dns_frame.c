#include "decode/dns_frame.h"

#include "decode/dns.h"

enum { PREFIX_BYTES = 2 };

static void drop_message(struct mt_dns_frames *f)
{
    mt_pool_free(f->pool, f->bytes, f->size);
    f->bytes = NULL;
    f->used = false;
    f->prefix_len = 0;
}

void mt_dns_frames_deinit(struct mt_dns_frames *f)
{
    drop_message(f);
}

void mt_dns_frames_lose(struct mt_dns_frames *f)
{
    drop_message(f);
    f->skip = 0;
    f->lost = true;
}

static struct mt_chunk ends_of(const struct mt_chunk *in)
{
    return (struct mt_chunk){.ts_ns = in->ts_ns, .packet = in->packet};
}

/* A chunk that is a whole message, or begins with one, is where one begins. */
static bool is_boundary(struct mt_span bytes)
{
    struct mt_cursor c = mt_cursor_of(bytes);
    struct mt_span message = mt_get_span(&c, mt_get_be16(&c));
    struct mt_dns_message m;
    return !c.bad && mt_dns_parse(message, &m) && m.whole;
}

static void pass_over(struct mt_dns_frames *f, struct mt_span *bytes, size_t n)
{
    (void)mt_span_take(bytes, n);
    f->passed_bytes += n;
}

static bool find_boundary(struct mt_dns_frames *f, struct mt_chunk *in)
{
    if (!f->lost)
        return true;
    if (!is_boundary(in->bytes)) {
        pass_over(f, &in->bytes, in->bytes.len);
        return false;
    }
    f->lost = false;
    f->found++;
    return true;
}

/* The length, once both its bytes are there. */
static bool take_prefix(struct mt_dns_frames *f, struct mt_chunk *in)
{
    if (f->prefix_len == 0)
        f->first = ends_of(in);
    while (f->prefix_len < PREFIX_BYTES && in->bytes.len > 0)
        f->prefix[f->prefix_len++] = mt_span_take(&in->bytes, 1).ptr[0];
    return f->prefix_len == PREFIX_BYTES;
}

static void skip(struct mt_dns_frames *f, struct mt_chunk *in)
{
    size_t n = in->bytes.len < f->skip ? in->bytes.len : f->skip;
    pass_over(f, &in->bytes, n);
    f->skip -= (uint32_t)n;
}

/* The first piece of a message whose rest comes later. */
static void open_message(struct mt_dns_frames *f)
{
    f->len = 0;
    f->bytes = mt_pool_alloc(f->pool, f->size);
    if (f->bytes != NULL)
        return;
    f->refused++;
    f->skip = f->size;
    f->prefix_len = 0;
}

/* True: the message is whole. */
static bool fill(struct mt_dns_frames *f, struct mt_chunk *in,
                 struct mt_dns_frame *out)
{
    size_t left = f->size - f->len;
    size_t n = in->bytes.len < left ? in->bytes.len : left;
    struct mt_span piece = mt_span_take(&in->bytes, n);
    if (n > 0)
        memcpy(f->bytes + f->len, piece.ptr, n);
    f->len += (uint32_t)n;
    if (f->len < f->size)
        return false;
    *out = (struct mt_dns_frame){{f->bytes, f->len}, f->first, ends_of(in)};
    f->used = true;
    return true;
}

bool mt_dns_frames_next(struct mt_dns_frames *f, struct mt_chunk *in,
                        struct mt_dns_frame *out)
{
    if (f->used)
        drop_message(f);
    if (in->bytes.len > 0 && !find_boundary(f, in))
        return false;
    while (in->bytes.len > 0) {
        if (f->skip > 0) {
            skip(f, in);
            continue;
        }
        if (f->bytes != NULL)
            return fill(f, in, out);
        if (!take_prefix(f, in))
            return false;
        f->size = mt_be16(f->prefix);
        if (f->size < MT_DNS_HEADER_BYTES) {
            mt_dns_frames_lose(f);
            pass_over(f, &in->bytes, in->bytes.len);
        } else if (in->bytes.len >= f->size) {
            f->prefix_len = 0;
            struct mt_span message = mt_span_take(&in->bytes, f->size);
            *out = (struct mt_dns_frame){message, f->first, ends_of(in)};
            return true;
        } else {
            open_message(f);
        }
    }
    return false;
}

/* Inside a message whose length is known, the next one is where it would be
 * without the loss. */
void mt_dns_frames_gap(struct mt_dns_frames *f, uint64_t n)
{
    if (f->used)
        drop_message(f);
    if (n == 0)
        return;
    uint64_t left = f->bytes != NULL ? f->size - f->len : f->skip;
    if (n > left) {
        mt_dns_frames_lose(f);
        return;
    }
    if (f->bytes != NULL)
        drop_message(f);
    f->skip = (uint32_t)(left - n);
}
