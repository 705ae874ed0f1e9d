/* What is said in words: where there is nothing to show, and below a table. */
#include "base/text.h"
#include "tui/dashboard_impl.h"

/* ---- nothing to show ---- */

struct mt_span mt_take_line(struct mt_span *text, size_t columns)
{
    struct mt_span line = {text->ptr, mt_span_find(*text, '\n')};
    while (line.len > 0 && mt_text_columns(line) > columns) {
        size_t cut = line.len;
        while (cut > 0 && line.ptr[cut - 1] != ' ')
            cut--;
        if (cut == 0)
            break; /* one word: it is cut where it is drawn */
        line.len = cut - 1;
    }
    (void)mt_span_take(text, line.len);
    (void)mt_span_take(text, text->len > 0);
    return line;
}

/* Lines of text, a little in and a little down. */
static void draw_words(struct mt_canvas *c, struct mt_area area,
                       struct mt_span text, unsigned role)
{
    size_t columns = area.columns > 3 ? area.columns - 3 : 0;
    size_t row = area.row + (area.rows > 4 ? 1 : 0);
    while (text.len > 0 && row < area.row + area.rows)
        (void)mt_canvas_put(c, row++, 2, columns, mt_take_line(&text, columns),
                            role);
}

static void put_plural(struct mt_buf *b, uint64_t n, const char *one,
                       const char *many)
{
    mt_put_count(b, n);
    mt_put_str(b, n == 1 ? one : many);
}

/* No row is there, whatever the window and the filter. */
static void put_nothing_at_all(const struct mt_dashboard *d,
                               const struct mt_snapshot *a, struct mt_buf *b)
{
    bool comes = a->live || d->config.growing;
    if (d->config.proxied)
        mt_put_str(b, "No request yet. They are shown as they end.\n"
                      "The proxy takes them where the first line says.");
    else if (d->config.replay && comes)
        mt_put_str(b, "No exchange has ended up to this moment of the capture."
                      "\n] and } seek forward, :speed max reads it to its "
                      "end.");
    else if (comes && a->losses[MT_LOSS_UNDECODED] > 0)
        mt_put_str(b, "No exchange yet: what came is no protocol that is known "
                      "here.\n6 shows how much, and what was lost.");
    else if (comes && mt_info_is_known(&a->info))
        mt_put_str(b, "No exchange yet: packets come, but no whole request "
                      "with its response.\n6 counts them, and what was lost.");
    else if (a->live)
        mt_put_str(b, "No exchange yet. They are shown as they end.\n"
                      "meshtop interfaces lists what a tap may see; -i any "
                      "captures on all.");
    else if (comes)
        mt_put_str(b, "Nothing has come through yet.");
    else
        mt_put_str(b, "There are no exchanges in here. 6 shows what was read, "
                      "and what was lost.\n"
                      "Record some: meshtop record -r trace.pcapng -w mesh.db");
}

static void put_beside_window(const struct mt_snapshot *a, struct mt_buf *b)
{
    int64_t since = mt_moments_ns(a->info.last_ns, a->to_ns);
    if (since > 0) {
        mt_put_str(b, "No exchange ended in this window; the newest ended ");
        mt_put_age(b, since);
        mt_put_str(b,
                   " before its end.\nw widens it, [ and { go back in time.");
        return;
    }
    mt_put_str(b, "No exchange ended in this window; others did later.\n"
                  "w widens it, ] and } go forth, . goes to the newest.");
}

static void put_empty(const struct mt_dashboard *d, struct mt_buf *b)
{
    const struct mt_level *l = &d->levels[d->depth];
    const struct mt_snapshot *a = l->snapshot;
    if (d->failing_only && l->lines.hidden > 0) {
        mt_put_str(b, "Nothing fails here. e shows all ");
        put_plural(b, l->lines.hidden, " row.", " rows.");
    } else if (a->unfiltered > 0 && a->request.filter[0] != '\0') {
        mt_put_str(b, "The filter hides all ");
        put_plural(b, a->unfiltered, " exchange", " exchanges");
        mt_put_str(b, " of this window.\nf changes it, ! switches it off.");
        if (d->failing_only)
            mt_put_str(b, " Only failures are shown: e shows all.");
    } else if (a->info.rows > 0 && d->span_ns > 0) {
        put_beside_window(a, b);
    } else {
        put_nothing_at_all(d, a, b);
    }
}

void mt_draw_nothing(const struct mt_dashboard *d, struct mt_canvas *c,
                     struct mt_area area)
{
    const struct mt_snapshot *a = mt_dashboard_snapshot(d);
    uint8_t bytes[1024];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    if (a == NULL)
        mt_put_str(&b, d->pending ? "asking ..." : "");
    else if (a->rc != 0)
        mt_put_str(&b, mt_store_strerror(a->rc));
    else if (mt_class(d)->empty != NULL)
        mt_put_str(&b, mt_class(d)->empty);
    else
        put_empty(d, &b);
    draw_words(c, area, mt_buf_span(&b),
               a != NULL && a->rc != 0 ? MT_ROLE_WARN : MT_ROLE_DIM);
}

/* ---- what a table leaves to say: one line below it ---- */

void mt_put_notes(const struct mt_snapshot *a, struct mt_buf *b)
{
    const struct mt_counts *n = &a->rows.total.counts;
    if (!a->complete)
        mt_put_str(b, " not complete: rows of that time are gone, or reading "
                      "took too long.");
    if (a->rows.count == 0)
        return;
    if (a->unfiltered > n->exchanges) {
        mt_put_str(b, " The filter hides ");
        mt_put_count(b, a->unfiltered - n->exchanges);
        mt_put_str(b, " of ");
        put_plural(b, a->unfiltered, " exchange.", " exchanges.");
    }
    if (n->inferred > 0) {
        mt_put_char(b, ' ');
        put_plural(b, n->inferred, " exchange is", " exchanges are");
        mt_put_str(b, " encrypted: inferred from their shape (~); a pcapng "
                      "with their TLS secrets inside is decrypted: editcap "
                      "--inject-secrets.");
    }
    if (n->gaps > 0) {
        mt_put_char(b, ' ');
        mt_put_count(b, n->gaps);
        mt_put_str(b, " of ");
        mt_put_count(b, n->exchanges);
        mt_put_str(b, n->gaps == 1 ? " has gaps of the capture."
                                   : " have gaps of the capture.");
    }
    if (a->all > n->exchanges) {
        mt_put_char(b, ' ');
        mt_put_count(b, a->all - n->exchanges);
        mt_put_str(b, a->all - n->exchanges == 1 ? " more is" : " more are");
        mt_put_str(b, " not counted here: connections, tries of a proxy, what "
                      "was seen twice.");
    }
}
