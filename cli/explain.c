/* meshtop explain: what words mean, and one exchange. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/explain_exchange.h"
#include "cli/say.h"
#include "decode/outcome.h"
#include "store/column.h"
#include "store/filter.h"

static void explain_outcomes(void)
{
    puts("The first row that applies decides.\n");
    for (unsigned i = 0; i < mt_outcome_rules_count; i++) {
        const struct mt_outcome_rule *r = &mt_outcome_rules[i];
        printf("%-13s %s\n%14s%s\n", mt_outcome_text(r->outcome), r->when, "",
               r->why);
    }
    puts("\nsuccess = (ok + client_error) / (ok + client_error + failure); "
         "unknown is shown apart");
}

static void explain_filter(void)
{
    puts("field = value, with = != > >= < <= ~ (regular expression) !~ and "
         "in (a, b),\njoined by and, or, not and parentheses; a word alone is "
         "part of host or path;\nlast 5m is the newest stretch.\n\n"
         "  status=5xx and lat>250ms and path~\"^/api\"\n");
    for (unsigned i = 0; i < MT_FILTER_FIELD_COUNT; i++) {
        const struct mt_filter_field_info *f = mt_filter_field_info(i);
        printf("  %-24s %s\n  %-24s %s\n", f->aliases, f->help, "", f->name);
    }
}

static void explain_columns(void)
{
    static const struct mt_screen *const screens[] = {
        &mt_screen_services, &mt_screen_edges,     &mt_screen_routes,
        &mt_screen_policy,   &mt_screen_endpoints, &mt_screen_budgets,
        &mt_screen_summary,  &mt_screen_series,    &mt_screen_exchanges};
    puts("Key in JSON and CSV, title in tables (w: with -o wide), meaning.");
    for (size_t i = 0; i < sizeof screens / sizeof screens[0]; i++) {
        printf("\n%s\n", screens[i]->name);
        for (size_t c = 0; c < screens[i]->count; c++) {
            const struct mt_column *col = &screens[i]->columns[c];
            printf("  %-20s %-12s %s %s\n", col->key, col->title,
                   col->wide ? "w" : " ", col->help);
        }
    }
}

int mt_command_explain(const struct mt_options *o)
{
    const char *topic = o->operands_count == 1 ? o->operands[0] : "";
    uint64_t id;
    if (strcmp(topic, "outcome") == 0)
        explain_outcomes();
    else if (strcmp(topic, "filter") == 0)
        explain_filter();
    else if (strcmp(topic, "columns") == 0)
        explain_columns();
    else if (mt_parse_u64(mt_span_str(topic), &id) == 0)
        return mt_explain_exchange(o, id);
    else {
        mt_say(NULL, "explain what? write outcome, filter, columns, or the "
                     "id of an exchange (meshtop tail shows them)");
        return MT_EXIT_USAGE;
    }
    return MT_EXIT_OK;
}
