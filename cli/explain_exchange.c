/* meshtop explain ID: why it ended as it did, its trace, its packets. */
#include "cli/explain_exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/clock.h"
#include "cli/ladder.h"
#include "cli/printer.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "cli/view.h"
#include "cli/write.h"
#include "decode/explain_page.h"
#include "store/explained.h"

#define PATIENCE_NS INT64_C(2000000000)

enum { COLUMNS = 100, COLUMNS_MIN = 40, LINE_BYTES = 4096 };

static int print_line(void *arg, struct mt_span line)
{
    (void)fwrite(line.ptr, 1, line.len, arg);
    (void)fputc('\n', arg);
    return 0;
}

static size_t columns_of_output(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return COLUMNS;
    return size.ws_col > COLUMNS_MIN ? size.ws_col : COLUMNS_MIN;
}

/* ---- below a label ---- */

/* The label stands before the first line alone. */
static void print_labelled(const char **label, struct mt_span line)
{
    while (line.len > 0 && line.ptr[line.len - 1] == ' ')
        line.len--;
    (void)printf(" %-*s", MT_EXPLAIN_LABEL_COLUMNS - 1, *label);
    (void)print_line(stdout, line);
    *label = "";
}

static void print_notes(const char **label, struct mt_span notes)
{
    while (notes.len > 0) {
        print_labelled(label, mt_span_take(&notes, mt_span_find(notes, '\n')));
        (void)mt_span_take(&notes, 1);
    }
}

static void print_attempts(const struct mt_attempts *a, size_t columns)
{
    char bytes[LINE_BYTES];
    const char *label = "attempts";
    for (size_t i = 0; i < a->count; i++) {
        struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
        mt_attempts_put_line(&b, a, i, columns);
        print_labelled(&label, mt_buf_span(&b));
    }
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_attempts_put_notes(&b, a);
    print_notes(&label, mt_buf_span(&b));
}

static void print_trace(const struct mt_trace *t, size_t columns)
{
    char bytes[LINE_BYTES];
    const char *label = "trace";
    if (t->key == MT_TRACE_NO_KEY)
        return;
    for (size_t i = 0; t->seen > 1 && i < t->count; i++) {
        struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
        mt_trace_put_line(&b, t, i, columns);
        print_labelled(&label, mt_buf_span(&b));
    }
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_trace_put_notes(&b, t);
    print_notes(&label, mt_buf_span(&b));
}

static void print_ladder(const struct mt_ladder *l, const struct mt_exchange *x,
                         size_t columns)
{
    char bytes[LINE_BYTES];
    const char *label = "packets";
    for (size_t i = 0; i < mt_ladder_lines(l); i++) {
        struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
        mt_ladder_put_line(&b, l, x, i, columns);
        print_labelled(&label, mt_buf_span(&b));
    }
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_ladder_put_notes(&b, l);
    print_notes(&label, mt_buf_span(&b));
}

static void print_text(const struct mt_explained *e)
{
    size_t columns = columns_of_output() - MT_EXPLAIN_LABEL_COLUMNS - 1;
    const struct mt_sink sink = {print_line, stdout};
    mt_explain_head(e->x, sink);
    print_attempts(&e->attempts, columns);
    print_trace(&e->trace, columns);
    mt_explain_facts(e->x, mt_local_offset_s(e->x->end_ns), sink);
    print_ladder(e->ladder, e->x, columns);
    mt_explain_fields(e->x, sink);
}

static void print_json(const struct mt_explained *e)
{
    struct mt_out out;
    mt_out_init(&out, (struct mt_sink){mt_write_file, stdout});
    mt_explained_json(&out, e);
    (void)mt_out_flush(&out);
}

/* ---- the command ---- */

/* Its packets are near, or reading them takes too long. */
static bool is_late(void *arg)
{
    const int64_t *deadline = arg;
    return mt_steady_ns() > *deadline || mt_interrupted();
}

static int explain(const struct mt_view *v, const struct mt_options *o,
                   const struct mt_exchange *x)
{
    struct mt_explained e = {.x = x};
    int rc = mt_query_attempts(v->store, x, &e.attempts);
    if (rc == 0)
        rc = mt_query_trace(v->store, x, &e.trace);
    if (rc != 0)
        return mt_view_failed(v, rc);
    int64_t deadline = mt_steady_ns() + PATIENCE_NS;
    const struct mt_ladder_options bounds = {is_late, &deadline};
    struct mt_ladder ladder;
    mt_ladder_of(&ladder, v->store, o, x, &bounds);
    e.ladder = &ladder;
    if (o->format == MT_FORMAT_JSON)
        print_json(&e);
    else
        print_text(&e);
    mt_trace_free(&e.trace);
    return MT_EXIT_OK;
}

static int say_not_there(const struct mt_view *v, uint64_t id)
{
    mt_say(v->name,
           "there is no exchange %" PRIu64 ", or no more; `meshtop export "
           "--jsonl` gives each with its id",
           id);
    return MT_EXIT_ERROR;
}

int mt_explain_exchange(const struct mt_options *o, uint64_t id)
{
    struct mt_options plain = *o;
    struct mt_view v;
    struct mt_rows *rows = NULL;
    const struct mt_exchange *x;
    plain.operands_count = 0; /* the id is no filter */
    if (o->format_given && o->format != MT_FORMAT_JSON &&
        o->format != MT_FORMAT_TABLE) {
        mt_say(NULL, "explain writes text, or with -o json one object");
        return MT_EXIT_USAGE;
    }
    int rc = mt_view_open(&v, &plain, MT_VIEW_ROWS);
    if (rc == 0) {
        int found = mt_query_exchange(v.store, id, &rows, &x);
        rc = found == 0                    ? explain(&v, o, x)
             : found == MT_STORE_ENOTFOUND ? say_not_there(&v, id)
                                           : mt_view_failed(&v, found);
        mt_rows_free(rows);
    }
    mt_view_close(&v);
    return rc;
}
