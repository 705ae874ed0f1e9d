/* Property: what the proxy takes and passes on is read by the next one as the
 * same requests: nobody is smuggled past it. And where the input is cut
 * changes nothing.
 *
 * The first byte says how the input is cut and what is asked of the forwarding;
 * the rest is a client's bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proxy-lite/http/forward.h"
#include "proxy-lite/http/http1_read.h"
#include "proxy-lite/http/http1_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ALL_BYTES = 1 << 20, POOL_BYTES = 8 << 20 };

struct side {
    struct mt_http1_reader reader;
    struct mt_outq out;
    struct mt_pool pool;
    enum mt_body body;
    bool until_close; /* nothing may follow */
    /* what was told, to be compared */
    uint8_t told[ALL_BYTES];
    struct mt_buf told_buf;
    unsigned requests;
};

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void side_init(struct side *s)
{
    mt_pool_init(&s->pool, POOL_BYTES);
    mt_http1_reader_init(&s->reader, MT_HTTP1_REQUESTS, &s->pool);
    mt_outq_init(&s->out, &s->pool);
    s->told_buf = mt_buf_of(s->told, sizeof s->told);
    s->requests = 0;
}

static void side_deinit(struct side *s)
{
    mt_http1_reader_deinit(&s->reader);
    mt_outq_deinit(&s->out);
    require(s->pool.used_bytes == 0);
    mt_pool_deinit(&s->pool);
}

/* What routes and servers decide by. */
static void tell(struct side *s, const struct mt_http1_part *part)
{
    const struct mt_head *h = &s->reader.head;
    struct mt_buf *b = &s->told_buf;
    if (part->kind == MT_PART_BODY) {
        mt_put_span(b, part->body);
        return;
    }
    mt_put_char(b, '\n');
    if (part->kind == MT_PART_END)
        return;
    s->requests++;
    mt_put_span(b, h->method);
    mt_put_char(b, ' ');
    mt_put_span(b, h->authority);
    mt_put_char(b, ' ');
    mt_put_span(b, h->path);
    mt_put_char(b, '\n');
}

static void pass_on(struct side *s, const struct mt_http1_part *part,
                    const struct mt_forward *f)
{
    struct mt_head *h = &s->reader.head;
    switch (part->kind) {
    case MT_PART_HEAD:
        require(mt_http1_body(h, part->no_body, false) != MT_BODY_CLOSE);
        s->body = mt_http1_body(h, part->no_body, false);
        if (mt_forward_request(h, f) != 0) {
            s->until_close = true; /* it is answered, and the connection ends */
            return;
        }
        mt_http1_write_request(&s->out, h, s->body, false);
        return;
    case MT_PART_BODY:
        mt_http1_write_body(&s->out, s->body, part->body);
        return;
    case MT_PART_END:
        if (s->reader.trailers != NULL)
            mt_forward_trailers(s->reader.trailers);
        mt_http1_write_end(&s->out, s->body, s->reader.trailers);
    }
}

/* Read all; pass on where `f` is given. Returns the number of whole requests.
 */
static unsigned run(struct side *s, struct mt_span in, size_t step,
                    const struct mt_forward *f)
{
    unsigned whole = 0;
    int rc = MT_MORE;
    s->until_close = false;
    while (in.len > 0 && rc == MT_MORE && !s->until_close) {
        size_t n = in.len < step ? in.len : step;
        uint8_t *copy = malloc(n);
        require(copy != NULL);
        memcpy(copy, in.ptr, n);
        (void)mt_span_take(&in, n);
        struct mt_span piece = {copy, n};
        struct mt_http1_part part;
        while (!s->until_close &&
               (rc = mt_http1_read(&s->reader, &piece, &part)) == MT_EVENT) {
            if (f != NULL)
                pass_on(s, &part, f);
            if (!s->until_close)
                tell(s, &part);
            whole += part.kind == MT_PART_END;
        }
        (void)mt_outq_settle(&s->out);
        free(copy);
    }
    require(rc >= 0 || (s->reader.refusal.status >= 400 &&
                        s->reader.refusal.why[0] != '\0'));
    return whole;
}

static size_t collect(struct mt_outq *q, uint8_t *bytes, size_t room)
{
    size_t len = 0;
    struct iovec iov[8];
    int n;
    while ((n = mt_outq_peek(q, iov, 8)) > 0)
        for (int i = 0; i < n; i++) {
            require(len + iov[i].iov_len <= room);
            memcpy(bytes + len, iov[i].iov_base, iov[i].iov_len);
            len += iov[i].iov_len;
            mt_outq_sent(q, iov[i].iov_len);
        }
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct side first, cut, second;
    static uint8_t passed[ALL_BYTES];
    if (size < 2 || size > ALL_BYTES / 8)
        return 0;
    const struct mt_forward f = {.client = MT_SPAN("10.0.0.9"),
                                 .to = MT_HTTP_1_1,
                                 .forwarded =
                                     (uint8_t)(data[0] % MT_FORWARDED_COUNT)};
    struct mt_span in = {data + 1, size - 1};

    side_init(&first);
    unsigned whole = run(&first, in, in.len, &f);
    size_t len = collect(&first.out, passed, sizeof passed);

    side_init(&cut);
    require(run(&cut, in, 1 + data[0] / MT_FORWARDED_COUNT, &f) == whole);
    require(cut.requests == first.requests);
    require(
        mt_span_eq(mt_buf_span(&cut.told_buf), mt_buf_span(&first.told_buf)));

    side_init(&second);
    unsigned again =
        len > 0 ? run(&second, (struct mt_span){passed, len}, len, NULL) : 0;
    require(second.reader.failed == 0);
    require(again == whole && second.requests == first.requests);
    require(mt_span_eq(mt_buf_span(&second.told_buf),
                       mt_buf_span(&first.told_buf)));
    side_deinit(&first);
    side_deinit(&cut);
    side_deinit(&second);
    return 0;
}
