#include "cli/dashboard_json.h"

#include <inttypes.h>

#include "cli/printer.h"
#include "cli/say.h"
#include "cli/write.h"
#include "web/json.h"

/* ---- rows ---- */

static int print_rows(const struct mt_snapshot *a,
                      const struct mt_screen *screen)
{
    struct mt_printer out;
    mt_printer_open(&out, stdout, screen, MT_FORMAT_JSON);
    mt_printer_head(&out, &a->rows.coverage);
    for (size_t i = 0; i < a->rows.count; i++)
        mt_printer_row(&out, &a->rows.rows[i]);
    return mt_printer_close(&out);
}

static int print_exchanges(const struct mt_snapshot *a)
{
    struct mt_printer out;
    mt_printer_open(&out, stdout, &mt_screen_exchanges, MT_FORMAT_JSON);
    mt_printer_head(&out, NULL);
    for (size_t i = 0; i < a->exchanges_count; i++)
        mt_printer_row(&out, &a->exchanges[i].x);
    if (a->exchanges_seen > a->exchanges_count)
        mt_warn("tail",
                "the newest %zu exchanges, and there are more; all of "
                "them: meshtop tail -o json",
                a->exchanges_count);
    return mt_printer_close(&out);
}

/* ---- what they stand on: as the page's API says it ---- */

static void put_sources(struct mt_out *o, const struct mt_snapshot *a)
{
    mt_out_str(o, "\"sources\":[");
    for (size_t i = 0; i < a->sources_count; i++) {
        const struct mt_source_kept *k = &a->sources[i];
        mt_out_str(o, i > 0 ? ",\n{" : "\n{");
        mt_web_text(o, "path", k->path);
        mt_web_count(o, ",size_bytes", k->size_bytes);
        mt_web_count(o, ",packets", k->packets);
        mt_web_number(o, ",first_ns", k->first_ns);
        mt_web_number(o, ",last_ns", k->last_ns);
        mt_out_char(o, '}');
    }
    mt_out_str(o, "\n],");
}

static void put_losses(struct mt_out *o, const struct mt_snapshot *a)
{
    mt_out_str(o, "\"losses\":[");
    for (unsigned i = 0; i < MT_LOSS_COUNT; i++) {
        const char *unit = mt_loss_unit(i);
        mt_out_str(o, i > 0 ? ",\n{" : "\n{");
        mt_web_text(o, "loss", mt_loss_text(i));
        mt_web_count(o, ",count", a->losses[i]);
        mt_web_text(o, ",unit", unit[0] != '\0' ? unit : "byte");
        mt_web_text(o, ",help", mt_loss_help(i));
        mt_out_char(o, '}');
    }
    mt_out_str(o, "\n]");
}

static int print_capture(const struct mt_snapshot *a)
{
    struct mt_out o;
    mt_out_init(&o, (struct mt_sink){mt_write_file, stdout});
    mt_out_str(&o, "{\"database\":{");
    mt_web_count(&o, "exchanges", a->info.rows);
    mt_web_count(&o, ",services", a->info.services);
    mt_web_count(&o, ",routes", a->info.routes);
    mt_web_count(&o, ",cells", a->info.cells);
    mt_web_count(&o, ",file_bytes", a->info.file_bytes);
    mt_web_number(&o, ",first_ns", a->info.first_ns);
    mt_web_number(&o, ",last_ns", a->info.last_ns);
    mt_out_str(&o, "},");
    put_sources(&o, a);
    put_losses(&o, a);
    mt_out_str(&o, "}\n");
    if (a->sources_seen > a->sources_count)
        mt_warn("capture", "the first %zu of %" PRIu64 " sources",
                a->sources_count, a->sources_seen);
    return mt_out_flush(&o);
}

/* ---- all ---- */

static int print(const struct mt_snapshot *a)
{
    switch (a->request.topic) {
    case MT_TOPIC_ROUTES:
        return print_rows(a, &mt_screen_routes);
    case MT_TOPIC_EDGES:
        return print_rows(a, &mt_screen_edges);
    case MT_TOPIC_POLICY:
        return print_rows(a, &mt_screen_policy);
    case MT_TOPIC_NEWEST:
        return print_exchanges(a);
    case MT_TOPIC_CAPTURE:
        return print_capture(a);
    default:
        return print_rows(a, &mt_screen_services);
    }
}

int mt_dashboard_print_json(const struct mt_snapshot *a)
{
    return print(a) == 0 && ferror(stdout) == 0 ? MT_EXIT_OK : MT_EXIT_ERROR;
}
