/* Golden metrics: summary, series, services, routes. */
#include "base/text.h"
#include "store/column_json.h"
#include "web/table.h"

enum { BUCKETS = 60, OPTION_BYTES = 64 };

#define SECOND_NS INT64_C(1000000000)

/* ---- summary ---- */

/* What the object of one row holds. */
static void put_row(struct mt_web_question *q, const char *key,
                    const struct mt_row *row)
{
    mt_web_key(q->out, key);
    mt_row_json(q->out, &mt_screen_summary, row);
}

int mt_web_summary(struct mt_web_question *q)
{
    char command[MT_WEB_COMMAND_BYTES];
    struct mt_answer entry = {0}, all = {0};
    struct mt_store_info info;
    int rc = mt_query_summary(q->store, &q->ask, &entry);
    if (rc == 0)
        rc = mt_query_services(q->store, &q->ask, &all);
    if (rc == 0)
        rc = mt_query_info(q->store, &info);
    if (rc == 0) {
        mt_web_command_put(
            q, &(struct mt_web_command){.verb = "stat", .options = " --entry"},
            command);
        mt_web_begin(q, command, &entry.coverage);
        put_row(q, ",summary", &entry.total);
        put_row(q, ",total", &all.total);
        mt_web_count(q->out, ",services", all.count);
        mt_out_str(q->out, ",\"history\":{");
        mt_web_number(q->out, "from_ns", info.first_ns);
        mt_web_number(q->out, ",to_ns", info.last_ns);
        mt_out_char(q->out, '}');
        rc = mt_web_put_losses(q);
        mt_out_str(q->out, "}\n");
    }
    mt_answer_free(&entry);
    mt_answer_free(&all);
    return rc;
}

/* ---- series ---- */

static int64_t bucket_of(const struct mt_web_question *q)
{
    int64_t span = q->ask.to_ns - q->ask.from_ns;
    int64_t bucket = (int64_t)q->params->bucket_ns;
    if (bucket == 0)
        bucket = span / BUCKETS / SECOND_NS * SECOND_NS;
    return bucket > SECOND_NS ? bucket : SECOND_NS;
}

/* Between the starts of two buckets: it may have been widened. */
static int64_t width(const struct mt_answer *a, int64_t asked)
{
    return a->count > 1 ? a->rows[1].counts.last_ns - a->rows[0].counts.last_ns
                        : asked;
}

int mt_web_series(struct mt_web_question *q)
{
    char command[MT_WEB_COMMAND_BYTES], option[OPTION_BYTES];
    struct mt_answer a = {0};
    int64_t bucket = bucket_of(q);
    q->ask.entry = q->params->entry != 0;
    int rc = mt_query_series(q->store, &q->ask, bucket, &a);
    if (rc == 0) {
        struct mt_buf b = mt_buf_of(option, sizeof option - 1);
        mt_put_str(&b, q->ask.entry ? " --entry --window " : " --window ");
        mt_put_duration(&b, bucket);
        option[b.len] = '\0';
        mt_web_command_put(
            q, &(struct mt_web_command){.verb = "stat", .options = option},
            command);
        mt_web_begin(q, command, &a.coverage);
        mt_web_number(q->out, ",bucket_ns", width(&a, bucket));
        mt_out_str(q->out, ",\"series\":[");
        for (size_t i = 0; i < a.count; i++) {
            mt_out_str(q->out, i > 0 ? ",\n" : "\n");
            mt_row_json(q->out, &mt_screen_series, &a.rows[i]);
        }
        mt_out_str(q->out, "]}\n");
    }
    mt_answer_free(&a);
    return rc;
}

/* ---- services ---- */

static void put_trend(struct mt_web_question *q, void *arg,
                      const struct mt_row *row)
{
    const struct mt_trends *t = arg;
    const uint32_t *buckets =
        t->buckets > 0 ? mt_trends_of(t, row->server_id) : NULL;
    mt_web_number(q->out, ",id", row->server_id);
    if (t->buckets == 0)
        return;
    mt_out_str(q->out, ",\"trend\":[");
    for (size_t i = 0; i < t->buckets; i++) {
        if (i > 0)
            mt_out_char(q->out, ',');
        mt_put_decimal(mt_out_room(q->out, 20),
                       buckets != NULL ? buckets[i] : 0);
    }
    mt_out_char(q->out, ']');
}

/* A trend is of all requests: beside a filter's figures it would mislead. */
static int ask_trends(struct mt_web_question *q, struct mt_trends *t)
{
    if (q->params->trend == 0)
        return 0;
    if (q->filter != NULL)
        return mt_web_problem(&q->problem, MT_WEB_PARAMETER, "trend",
                              "a trend is of all requests: leave out either "
                              "trend or filter");
    return mt_query_trends(q->store, q->ask.to_ns, t);
}

int mt_web_services(struct mt_web_question *q)
{
    char command[MT_WEB_COMMAND_BYTES];
    struct mt_answer a = {0};
    struct mt_trends trends = {0};
    int rc = ask_trends(q, &trends);
    if (rc == 0)
        rc = mt_query_services(q->store, &q->ask, &a);
    if (rc == 0)
        rc = mt_web_sort(q, &mt_screen_services, &a);
    if (rc == 0) {
        mt_web_command_put(
            q,
            &(struct mt_web_command){.verb = "stat",
                                     .limit = mt_web_command_limit(q)},
            command);
        mt_web_begin(q, command, &a.coverage);
        if (trends.buckets > 0) {
            mt_out_str(q->out, ",\"trend\":{");
            mt_web_number(q->out, "from_ns", trends.from_ns);
            mt_web_number(q->out, ",bucket_ns", trends.bucket_ns);
            mt_out_char(q->out, '}');
        }
        mt_web_put_table(q, &(struct mt_web_table){&mt_screen_services, &a,
                                                   put_trend, &trends});
        mt_out_str(q->out, "}\n");
    }
    mt_trends_free(&trends);
    mt_answer_free(&a);
    return rc;
}

/* ---- routes ---- */

static void put_service_id(struct mt_web_question *q, void *arg,
                           const struct mt_row *row)
{
    (void)arg;
    mt_web_number(q->out, ",service_id", row->server_id);
}

int mt_web_routes_table(struct mt_web_question *q)
{
    char command[MT_WEB_COMMAND_BYTES];
    struct mt_answer a = {0};
    q->ask.by_method = q->params->by != MT_WEB_BY_NONE;
    q->ask.by_endpoint = q->params->by == MT_WEB_BY_ENDPOINT;
    int rc = mt_query_routes(q->store, &q->ask, &a);
    if (rc == 0)
        rc = mt_web_sort(q, &mt_screen_routes, &a);
    if (rc == 0) {
        mt_web_command_put(
            q,
            &(struct mt_web_command){
                .verb = "routes",
                .options = q->ask.by_endpoint ? " --by endpoint" : NULL,
                .limit = mt_web_command_limit(q)},
            command);
        mt_web_begin(q, q->ask.by_method ? command : "", &a.coverage);
        mt_web_put_table(q, &(struct mt_web_table){&mt_screen_routes, &a,
                                                   put_service_id, NULL});
        mt_out_str(q->out, "}\n");
    }
    mt_answer_free(&a);
    return rc;
}
