/* What the API itself tells: its paths, the filter's fields, the columns. */
#include "store/column.h"
#include "store/filter.h"
#include "web/answer.h"
#include "web/assets.h"

int mt_web_index(struct mt_web_question *q)
{
    mt_out_char(q->out, '{');
    mt_web_text(q->out, "version", q->site->version);
    mt_web_text(q->out, ",openapi", "/api/v1/openapi.json");
    mt_out_str(q->out, ",\"paths\":[");
    for (size_t i = 0; i < mt_web_routes_count; i++) {
        mt_out_str(q->out, i > 0 ? "," : "");
        mt_out_str(q->out, "\"/api/v1/");
        mt_out_str(q->out, mt_web_routes[i].path);
        mt_out_char(q->out, '"');
    }
    mt_out_str(q->out, "]}\n");
    return 0;
}

int mt_web_openapi(struct mt_web_question *q)
{
    mt_out_span(q->out, mt_web_openapi_text());
    return 0;
}

/* That it is asked at all: the database was. */
int mt_web_ready(struct mt_web_question *q)
{
    q->type = "text/plain; charset=utf-8";
    mt_out_str(q->out, "ready\n");
    return 0;
}

/* ---- the filter ---- */

static void put_field(struct mt_out *o, unsigned field)
{
    const struct mt_filter_field_info *info = mt_filter_field_info(field);
    const char *value;
    mt_web_text(o, "name", info->name);
    mt_web_text(o, ",aliases", info->aliases);
    mt_web_text(o, ",help", info->help);
    mt_out_str(o, ",\"values\":[");
    for (unsigned i = 0; (value = mt_filter_field_value(field, i)) != NULL;
         i++) {
        mt_out_str(o, i > 0 ? ",\"" : "\"");
        mt_out_str(o, value); /* words of ours: plain */
        mt_out_char(o, '"');
    }
    mt_out_char(o, ']');
}

/* 0, or -1: it could not be looked at. */
static int put_validity(struct mt_web_question *q)
{
    struct mt_web_problem why;
    struct mt_filter *f;
    int rc = mt_web_filter(q->site, q->params, q->now_ns, &f, &why);
    mt_filter_free(f);
    if (rc != 0 && why.kind != MT_WEB_FILTER) {
        q->problem = why;
        return -1;
    }
    mt_web_flag(q->out, ",valid", rc == 0);
    if (rc == 0)
        return 0;
    mt_web_text(q->out, ",detail", why.detail);
    mt_web_number(q->out, ",column", (int64_t)why.column);
    mt_web_number(q->out, ",length", (int64_t)why.length);
    return 0;
}

int mt_web_filter_help(struct mt_web_question *q)
{
    mt_out_char(q->out, '{');
    mt_web_text(q->out, "command", "meshtop explain filter");
    if (mt_web_given(q->params, MT_WEB_BIT(FILTER)) && put_validity(q) != 0)
        return -1;
    mt_out_str(q->out, ",\"fields\":[");
    for (unsigned i = 0; i < MT_FILTER_FIELD_COUNT; i++) {
        mt_out_str(q->out, i > 0 ? ",\n{" : "\n{");
        put_field(q->out, i);
        mt_out_char(q->out, '}');
    }
    mt_out_str(q->out, "]}\n");
    return 0;
}

/* ---- columns ---- */

static const char *unit_text(unsigned unit)
{
    static const char *const texts[] = {"text",  "id",          "count",
                                        "per_s", "ratio",       "ns",
                                        "bytes", "bytes_per_s", "time_ns"};
    return texts[unit];
}

static void put_columns(struct mt_out *o, const struct mt_screen *s)
{
    mt_web_key(o, s->name);
    mt_out_char(o, '[');
    for (size_t i = 0; i < s->count; i++) {
        const struct mt_column *c = &s->columns[i];
        mt_out_str(o, i > 0 ? ",\n{" : "\n{");
        mt_web_text(o, "key", c->key);
        mt_web_text(o, ",title", c->title);
        mt_web_text(o, ",unit", unit_text(c->unit));
        mt_web_text(o, ",help", c->help);
        mt_web_number(o, ",priority", c->priority);
        mt_web_flag(o, ",wide", c->wide);
        mt_out_char(o, '}');
    }
    mt_out_char(o, ']');
}

int mt_web_columns(struct mt_web_question *q)
{
    static const struct mt_screen *const screens[] = {
        &mt_screen_summary,  &mt_screen_services, &mt_screen_edges,
        &mt_screen_routes,   &mt_screen_policy,   &mt_screen_series,
        &mt_screen_exchanges};
    mt_out_char(q->out, '{');
    mt_web_text(q->out, "command", "meshtop explain columns");
    mt_out_str(q->out, ",\"columns\":{");
    for (size_t i = 0; i < sizeof screens / sizeof screens[0]; i++) {
        mt_out_str(q->out, i > 0 ? "," : "");
        put_columns(q->out, screens[i]);
    }
    mt_out_str(q->out, "}}\n");
    return 0;
}
