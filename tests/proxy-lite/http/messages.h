/* Messages in tests: texts in, texts out. */
#ifndef MT_TESTS_PROXY_LITE_HTTP_MESSAGES_H
#define MT_TESTS_PROXY_LITE_HTTP_MESSAGES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "proxy-lite/http/http1_read.h"
#include "proxy-lite/http/http1_write.h"

/* "name: value\n..." as fields of a head. */
static inline void fields_of(struct mt_head *h, const char *text)
{
    struct mt_span rest = mt_span_str(text);
    while (rest.len > 0) {
        struct mt_span line = mt_span_take(&rest, mt_span_find(rest, '\n'));
        if (rest.len > 0)
            (void)mt_span_take(&rest, 1);
        struct mt_span name = mt_span_take(&line, mt_span_find(line, ':'));
        (void)mt_span_take(&line, 2);
        assert_true(mt_head_add(h, name, line));
    }
}

/* The same text, of a head. Static. */
static inline const char *text_of(const struct mt_head *h)
{
    static char text[65536];
    struct mt_buf b = mt_buf_of(text, sizeof text - 1);
    for (uint32_t i = 0; i < h->count; i++) {
        mt_put_str(&b, i > 0 ? "\n" : "");
        mt_put_span(&b, h->fields[i].name);
        mt_put_str(&b, ": ");
        mt_put_span(&b, h->fields[i].value);
        assert_int_equal(h->ids[i], mt_head_id(h->fields[i].name));
        assert_true(mt_head_has(h, (enum mt_head_id)h->ids[i]));
    }
    assert_false(b.full);
    text[b.len] = '\0';
    return text;
}

/* All that a queue would send; it is empty then. Static. */
static inline const char *sent_by(struct mt_outq *q)
{
    static char text[1 << 20];
    size_t len = 0;
    struct iovec iov[3];
    int n;
    while ((n = mt_outq_peek(q, iov, 3)) > 0) {
        size_t got = 0;
        for (int i = 0; i < n; i++) {
            assert_true(len + iov[i].iov_len < sizeof text);
            memcpy(text + len, iov[i].iov_base, iov[i].iov_len);
            len += iov[i].iov_len;
            got += iov[i].iov_len;
        }
        mt_outq_sent(q, got);
    }
    assert_int_equal(q->bytes, 0);
    text[len] = '\0';
    return text;
}

#endif
