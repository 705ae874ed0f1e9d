#include "web/stream_events.h"

#include <stdlib.h>

#include "store/column_json.h"
#include "web/limits.h"

static void begin(struct mt_web_event *e, struct mt_out *o)
{
    *e = (struct mt_web_event){.body.max = MT_WEB_BACKLOG_BYTES, .made = true};
    mt_out_init(o, mt_web_body_sink(&e->body));
}

/* Half an event would be another one. */
static void end(struct mt_web_event *e, struct mt_out *o)
{
    mt_out_str(o, "\n\n");
    if (mt_out_flush(o) != 0)
        e->body.len = 0;
}

static void put_epoch(struct mt_out *o, uint64_t epoch)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(epoch >> (56 - 8 * i));
    mt_put_hex(mt_out_room(o, 16), bytes, sizeof bytes);
}

void mt_web_event_hello(struct mt_web_event *e, const struct mt_web_hello *h)
{
    char command[MT_WEB_COMMAND_BYTES];
    struct mt_out o;
    const struct mt_web_question q = {
        .site = h->site, .params = h->params, .filter = h->filter};
    begin(e, &o);
    mt_web_command_put(
        &q, &(struct mt_web_command){.verb = "tail", .options = " -F -o jsonl"},
        command);
    mt_out_str(&o, "event: hello\nid: ");
    put_epoch(&o, h->epoch);
    mt_out_char(&o, '-');
    mt_put_decimal(mt_out_room(&o, 20), h->after_id);
    mt_out_str(&o, "\ndata: {\"epoch\":\"");
    put_epoch(&o, h->epoch);
    mt_out_char(&o, '"');
    mt_web_count(&o, ",after_id", h->after_id);
    mt_web_flag(&o, ",resumed", h->resumed);
    mt_web_text(&o, ",command", command);
    mt_out_char(&o, '}');
    end(e, &o);
}

void mt_web_event_exchange(struct mt_web_event *e, uint64_t epoch,
                           const struct mt_exchange *x)
{
    struct mt_out o;
    begin(e, &o);
    mt_out_str(&o, "id: ");
    put_epoch(&o, epoch);
    mt_out_char(&o, '-');
    mt_put_decimal(mt_out_room(&o, 20), x->id);
    mt_out_str(&o, "\nevent: exchange\ndata: ");
    mt_row_json(&o, &mt_screen_exchanges, x);
    end(e, &o);
}

void mt_web_event_lost(struct mt_web_event *e, const struct mt_lost *lost)
{
    const char *unit = mt_loss_unit(lost->loss);
    struct mt_out o;
    begin(e, &o);
    mt_out_str(&o, "event: lost\ndata: {");
    mt_web_text(&o, "where", mt_loss_text(lost->loss));
    mt_web_count(&o, ",count", lost->count);
    mt_web_text(&o, ",unit", unit[0] != '\0' ? unit : "byte");
    mt_web_text(&o, ",why", mt_loss_why(lost->loss));
    mt_web_number(&o, ",at_ns", lost->ns);
    mt_web_count(&o, ",before_id", lost->before_id);
    mt_out_char(&o, '}');
    end(e, &o);
}

void mt_web_event_missed(struct mt_web_event *e, uint64_t count)
{
    struct mt_out o;
    begin(e, &o);
    mt_out_str(&o, "event: lost\ndata: {\"where\":\"stream\"");
    mt_web_count(&o, ",count", count);
    mt_web_text(&o, ",unit", "event");
    mt_web_text(&o, ",why",
                "these rows are gone, or further back than a stream goes");
    mt_out_char(&o, '}');
    end(e, &o);
}

struct mt_span mt_web_event_bytes(const struct mt_web_event *e)
{
    return (struct mt_span){e->body.ptr, e->body.len};
}

void mt_web_event_free(struct mt_web_event *e)
{
    free(e->body.ptr);
    *e = (struct mt_web_event){.made = false};
}
