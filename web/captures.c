/* Where exchanges come from, what was lost on the way, what is still open. */
#include "base/text.h"
#include "decode/outcome.h"
#include "web/table.h"

enum { LOST_MAX = 100, SOURCES_MAX = 1000 };

/* ---- losses ---- */

int mt_web_put_losses(struct mt_web_question *q)
{
    uint64_t totals[MT_LOSS_COUNT];
    int rc = mt_query_losses(q->store, totals);
    mt_out_str(q->out, ",\"losses\":[");
    for (unsigned i = 0; rc == 0 && i < MT_LOSS_COUNT; i++) {
        const char *unit = mt_loss_unit(i);
        mt_out_str(q->out, i > 0 ? ",{" : "{");
        mt_web_text(q->out, "loss", mt_loss_text(i));
        mt_web_count(q->out, ",count", totals[i]);
        mt_web_text(q->out, ",unit", unit[0] != '\0' ? unit : "byte");
        mt_web_text(q->out, ",help", mt_loss_help(i));
        mt_out_char(q->out, '}');
    }
    mt_out_char(q->out, ']');
    return rc;
}

struct lost_list {
    struct mt_out *out;
    uint64_t least_id;
    unsigned count;
};

static int each_lost(void *arg, const struct mt_lost *lost)
{
    struct lost_list *l = arg;
    const char *unit = mt_loss_unit(lost->loss);
    if (lost->before_id <= l->least_id)
        return 1;
    mt_out_str(l->out, l->count > 0 ? ",{" : "{");
    mt_web_count(l->out, "id", lost->id);
    mt_web_text(l->out, ",loss", mt_loss_text(lost->loss));
    mt_web_count(l->out, ",count", lost->count);
    mt_web_text(l->out, ",unit", unit[0] != '\0' ? unit : "byte");
    mt_web_text(l->out, ",why", mt_loss_why(lost->loss));
    mt_web_number(l->out, ",at_ns", lost->ns);
    mt_web_count(l->out, ",before_id", lost->before_id);
    mt_out_char(l->out, '}');
    return ++l->count == LOST_MAX;
}

int mt_web_put_lost(struct mt_web_question *q, const struct mt_lost_scan *scan,
                    uint64_t least_id)
{
    struct lost_list l = {.out = q->out, .least_id = least_id};
    mt_out_str(q->out, ",\"lost\":[");
    int rc = mt_query_lost(q->store, scan, each_lost, &l);
    mt_out_char(q->out, ']');
    return rc < 0 ? rc : 0;
}

/* ---- captures ---- */

struct source_list {
    struct mt_out *out;
    unsigned count;
};

static int each_source(void *arg, const struct mt_source_row *row)
{
    struct source_list *l = arg;
    mt_out_str(l->out, l->count > 0 ? ",{" : "{");
    mt_web_number(l->out, "id", row->id);
    mt_web_text(l->out, ",path", row->path);
    mt_web_count(l->out, ",size_bytes", row->size_bytes);
    mt_web_count(l->out, ",packets", row->packets);
    mt_web_number(l->out, ",first_ns", row->first_ns);
    mt_web_number(l->out, ",last_ns", row->last_ns);
    mt_out_char(l->out, '}');
    return ++l->count == SOURCES_MAX;
}

static void put_database(struct mt_web_question *q,
                         const struct mt_store_info *info)
{
    struct mt_out *o = q->out;
    char epoch[24];
    struct mt_buf b = mt_buf_of(epoch, sizeof epoch - 1);
    uint8_t bytes[8];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(info->epoch >> (56 - 8 * i));
    mt_put_hex(&b, bytes, sizeof bytes);
    epoch[b.len] = '\0';
    mt_out_str(o, ",\"database\":{");
    if (!q->site->settled) {
        mt_web_text(o, "epoch", epoch);
        mt_web_count(o, ",file_bytes", info->file_bytes);
        mt_out_char(o, ',');
    }
    mt_web_count(o, "exchanges", info->rows);
    mt_web_count(o, ",cells", info->cells);
    mt_web_count(o, ",newest_id", info->newest_id);
    mt_web_count(o, ",services", info->services);
    mt_web_count(o, ",routes", info->routes);
    mt_web_number(o, ",first_ns", info->first_ns);
    mt_web_number(o, ",last_ns", info->last_ns);
    if (info->rows_from_ns != 0)
        mt_web_number(o, ",rows_from_ns", info->rows_from_ns);
    else
        mt_web_null(o, ",rows_from_ns");
    mt_out_char(o, '}');
}

static int put_sample(struct mt_web_question *q)
{
    uint32_t one_of;
    int rc = mt_query_sample(q->store, &one_of);
    if (rc == 0 && one_of > 1)
        mt_web_count(q->out, ",sample_one_of", one_of);
    return rc;
}

int mt_web_captures(struct mt_web_question *q)
{
    char command[MT_WEB_COMMAND_BYTES];
    struct source_list sources = {.out = q->out};
    const struct mt_lost_scan scan = {.from_ns = q->ask.from_ns,
                                      .to_ns = q->ask.to_ns,
                                      .order = MT_NEWEST_FIRST};
    struct mt_store_info info;
    int rc = mt_query_info(q->store, &info);
    if (rc != 0)
        return rc;
    mt_web_command_put(q,
                       &(struct mt_web_command){.verb = "check",
                                                .windowless = true,
                                                .databases_only = true},
                       command);
    mt_web_begin(q, command, NULL);
    rc = put_sample(q);
    put_database(q, &info);
    mt_out_str(q->out, ",\"sources\":[");
    if (rc == 0)
        rc = mt_query_sources(q->store, each_source, &sources);
    mt_out_char(q->out, ']');
    if (rc >= 0)
        rc = mt_web_put_losses(q);
    if (rc == 0)
        rc = mt_web_put_lost(q, &scan, 0);
    mt_out_str(q->out, "}\n");
    return rc;
}

/* ---- open ---- */

struct open_list {
    const struct mt_web_question *q;
    uint64_t count;
};

static int each_open(void *arg, const struct mt_open_row *row)
{
    struct open_list *l = arg;
    struct mt_out *o = l->q->out;
    int64_t now_ns = row->id != 0 ? row->seen_ns : l->q->now_ns;
    int64_t age = now_ns - row->start_ns;
    mt_out_str(o, l->count++ > 0 ? ",\n{" : "\n{");
    if (row->id != 0)
        mt_web_number(o, "id", (int64_t)row->id);
    else
        mt_web_null(o, "id");
    mt_web_text(o, ",client", row->client);
    mt_web_text(o, ",server", row->server);
    mt_web_text(o, ",protocol", mt_protocol_text(row->protocol));
    mt_web_text(o, ",method", row->method);
    mt_web_text(o, ",host", row->authority);
    mt_web_text(o, ",path", row->path);
    if (row->status != 0)
        mt_web_number(o, ",status", row->status);
    else
        mt_web_null(o, ",status");
    mt_web_number(o, ",start_ns", row->start_ns);
    mt_web_number(o, ",age_ns", age > 0 ? age : 0);
    mt_out_char(o, '}');
    return 0;
}

int mt_web_open_requests(struct mt_web_question *q)
{
    struct open_list l = {.q = q};
    mt_web_begin(q, "", NULL);
    mt_out_str(q->out, ",\"open\":[");
    int rc = mt_query_open(q->store, mt_web_limit(q, MT_WEB_ROWS_DEFAULT),
                           each_open, &l);
    mt_out_str(q->out, "]}\n");
    return rc;
}
