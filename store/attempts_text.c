#include "base/text.h"
#include "base/text_escape.h"
#include "decode/outcome.h"
#include "store/attempts.h"

enum { LINE_BYTES = 1024, TIME_COLUMNS = 7 };

/* reset_by_server as words */
static void put_spaced(struct mt_buf *b, const char *word)
{
    for (; *word != '\0'; word++)
        if (*word == '_')
            mt_put_char(b, ' ');
        else
            mt_put_char(b, *word);
}

static void put_ending(struct mt_buf *b, const struct mt_attempt *t)
{
    const char *grpc = t->grpc_status != MT_GRPC_STATUS_NONE
                           ? mt_grpc_status_text(t->grpc_status)
                           : NULL;
    if (t->error != MT_ERROR_NONE) {
        put_spaced(b, mt_error_text(t->error));
        mt_put_str(b, t->responded ? ", in the response" : ", before headers");
    } else if (grpc != NULL) {
        mt_put_str(b, grpc);
    } else if (t->status != 0) {
        mt_put_decimal(b, t->status);
    } else {
        mt_put_str(b, mt_outcome_text(t->outcome));
    }
}

/* At the right of its column; the micro sign alone is more than ASCII. */
static void put_time(struct mt_buf *b, const char *before, int64_t ns)
{
    char text[32];
    struct mt_buf t = mt_buf_of(text, sizeof text);
    mt_put_str(&t, before);
    mt_put_latency(&t, ns > 0 ? ns : 0);
    size_t columns = t.len;
    for (size_t i = 0; i < t.len; i++)
        columns -= (t.ptr[i] & 0xc0) == 0x80;
    for (; columns < TIME_COLUMNS; columns++)
        mt_put_char(b, ' ');
    mt_put_span(b, mt_buf_span(&t));
}

/* All endpoints are as wide as the longest. */
static size_t endpoint_columns(const struct mt_attempts *a)
{
    size_t most = 0;
    for (size_t i = 0; i < a->count; i++)
        most = strlen(a->list[i].endpoint) > most ? strlen(a->list[i].endpoint)
                                                  : most;
    return most;
}

/* What is escaped already, whole characters of it. */
static void put_cut(struct mt_buf *b, struct mt_span line, size_t columns)
{
    while (line.len > 0) {
        struct mt_span one = line;
        int w = mt_char_columns(mt_utf8_take(&line));
        size_t n = w > 0 ? (size_t)w : 0;
        if (n > columns || (n == columns && line.len > 0)) {
            mt_put_str(b, "\xe2\x80\xa6");
            return;
        }
        columns -= n;
        one.len -= line.len;
        mt_put_span(b, one);
    }
}

void mt_attempts_put_line(struct mt_buf *b, const struct mt_attempts *a,
                          size_t i, size_t columns)
{
    const struct mt_attempt *t = &a->list[i];
    char text[LINE_BYTES];
    struct mt_buf line = mt_buf_of(text, sizeof text);
    size_t room = endpoint_columns(a);
    mt_put_str(&line, t->here ? "\xe2\x96\xb8" : " ");
    mt_put_decimal(&line, t->attempt);
    mt_put_char(&line, ' ');
    put_time(&line, "+", mt_elapsed_ns(a->request_ns, t->start_ns));
    mt_put_str(&line, "  ");
    size_t used = mt_put_escaped(&line, mt_span_str(t->endpoint), room);
    for (; used < room; used++)
        mt_put_char(&line, ' ');
    mt_put_char(&line, ' ');
    put_time(&line, "", t->lasted_ns);
    mt_put_str(&line, "  ");
    put_ending(&line, t);
    if (t->connect_ns > 0) {
        mt_put_str(&line, ", connected in ");
        mt_put_latency(&line, t->connect_ns);
    }
    if (i + 1 < a->count)
        mt_put_str(&line, "; again");
    put_cut(b, mt_buf_span(&line), columns);
}

void mt_attempts_put_notes(struct mt_buf *b, const struct mt_attempts *a)
{
    if (a->seen > a->count) {
        mt_put_count(b, a->seen - a->count);
        mt_put_str(b, a->seen - a->count == 1 ? " more is not shown\n"
                                              : " more are not shown\n");
    }
    bool here = false;
    for (size_t i = 0; i < a->count; i++)
        here = here || a->list[i].here;
    if (here && a->request != 0) {
        mt_put_str(b, "of the request with the id ");
        mt_put_decimal(b, a->request);
        mt_put_char(b, '\n');
    }
    if (a->count > 0 && a->request == 0)
        mt_put_str(b, "the row of their request is not there\n");
    if (!a->complete)
        mt_put_str(b, "not all was searched: looking took too long\n");
}
