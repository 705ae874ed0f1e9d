#include "web/answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rc.h"
#include "base/text_time.h"
#include "store/column_json.h"
#include "store/filter.h"
#include "web/limits.h"

enum { MESSAGE_BYTES = 256 };

/* ---- problems ---- */

void mt_web_problem_of_store(struct mt_web_problem *p, int rc)
{
    enum mt_web_problem_kind kind =
        rc == MT_STORE_EINTERRUPTED ? MT_WEB_TOO_SLOW
        : rc == MT_STORE_ENOTFOUND  ? MT_WEB_NOT_FOUND
        : rc == MT_STORE_EBUSY      ? MT_WEB_BUSY
                                    : MT_WEB_DATABASE;
    (void)mt_web_problem(p, kind, NULL, "%s", mt_store_strerror(rc));
}

void mt_web_reply_problem(struct mt_web_reply *reply,
                          const struct mt_web_problem *p)
{
    struct mt_out out;
    *reply = (struct mt_web_reply){.status = mt_web_problem_status(p->kind),
                                   .type = "application/problem+json",
                                   .body.max = MT_WEB_ANSWER_BYTES};
    mt_out_init(&out, mt_web_body_sink(&reply->body));
    mt_web_problem_json(&out, p);
    (void)mt_out_flush(&out);
}

/* ---- what is asked ---- */

int mt_web_filter(const struct mt_web_site *site,
                  const struct mt_web_params *params, int64_t now_ns,
                  struct mt_filter **filter, struct mt_web_problem *why)
{
    const struct mt_time_ref ref = {now_ns, site->offset_s(now_ns)};
    struct mt_filter_error error;
    *filter = NULL;
    if (!mt_web_given(params, MT_WEB_BIT(FILTER)) || params->filter.len == 0)
        return 0;
    int rc = mt_filter_new(filter, params->filter, &ref, &error);
    if (rc == 0)
        return 0;
    if (rc == MT_ELIMIT)
        return mt_web_problem(why, MT_WEB_BUSY, NULL, "%s", error.text);
    (void)mt_web_problem(why, MT_WEB_FILTER, "filter", "%s", error.text);
    why->column = error.column;
    why->length = error.length;
    return -1;
}

static int64_t moment(struct mt_span text, const struct mt_time_ref *ref)
{
    int64_t ns = 0;
    if (text.len > 0)
        (void)mt_parse_time(text, ref, &ns);
    return ns;
}

static int find_window(struct mt_web_question *q)
{
    const struct mt_web_params *p = q->params;
    const struct mt_time_ref ref = {q->now_ns, q->site->offset_s(q->now_ns)};
    struct mt_window_spec spec = {.since_ns = moment(p->since, &ref),
                                  .until_ns = moment(p->until, &ref),
                                  .last_ns = (int64_t)p->window_ns,
                                  .wall_ns = q->site->wall_ns()};
    if (spec.since_ns > 0 && spec.until_ns > 0 &&
        spec.since_ns >= spec.until_ns)
        return mt_web_problem(
            &q->problem, MT_WEB_PARAMETER, "since",
            "since is not before until: nothing lies between");
    if (spec.since_ns > 0 && spec.until_ns > 0 && spec.last_ns > 0)
        return mt_web_problem(&q->problem, MT_WEB_PARAMETER, "window",
                              "since and until say it all: leave window out");
    if (spec.since_ns > 0 && spec.last_ns > 0) { /* the stretch after it */
        if (__builtin_add_overflow(spec.since_ns, spec.last_ns, &spec.until_ns))
            spec.until_ns = INT64_MAX;
        spec.last_ns = 0;
    }
    return mt_query_window(q->store, &spec, &q->ask.from_ns, &q->ask.to_ns);
}

static int prepare(struct mt_web_question *q, bool windowed)
{
    int rc = mt_query_now(q->store, q->site->wall_ns(), &q->now_ns, &q->live);
    if (rc == 0 && windowed)
        rc = mt_web_filter(q->site, q->params, q->now_ns, &q->filter,
                           &q->problem);
    if (rc == 0 && windowed)
        rc = find_window(q);
    q->ask.filter = q->filter;
    return rc;
}

/* ---- what is answered ---- */

void mt_web_begin(struct mt_web_question *q, const char *command,
                  const struct mt_coverage *c)
{
    struct mt_out *o = q->out;
    mt_out_char(o, '{');
    mt_web_text(o, "command", command);
    if (q->ask.to_ns != 0) {
        mt_out_str(o, ",\"asked\":{");
        mt_web_number(o, "from_ns", q->ask.from_ns);
        mt_web_number(o, ",to_ns", q->ask.to_ns);
        if (q->filter != NULL)
            mt_web_span(o, ",filter", q->params->filter);
        mt_out_char(o, '}');
    }
    mt_web_number(o, ",now_ns", q->now_ns);
    mt_web_flag(o, ",live", q->live);
    if (c == NULL)
        return;
    mt_out_str(o, ",\"coverage\":{");
    mt_coverage_json_members(o, c);
    mt_web_count(o, ",scanned", c->scanned);
    mt_out_char(o, '}');
}

static void finish(struct mt_web_question *q, int rc,
                   struct mt_web_reply *reply)
{
    if (rc == 0)
        rc = mt_out_flush(q->out);
    if (rc == 0)
        return;
    if (q->out->rc == -E2BIG)
        (void)mt_web_problem(&q->problem, MT_WEB_TOO_LARGE, NULL,
                             "it has more than %d MiB; ask with a limit",
                             MT_WEB_ANSWER_BYTES >> 20);
    else if (q->out->rc != 0)
        (void)mt_web_problem(&q->problem, MT_WEB_BUSY, NULL, "%s",
                             mt_store_strerror(MT_STORE_ENOMEM));
    else if (q->problem.kind == MT_WEB_FINE)
        mt_web_problem_of_store(&q->problem, rc);
    free(reply->body.ptr);
    mt_web_reply_problem(reply, &q->problem);
}

void mt_web_answer(const struct mt_web_site *site, struct mt_store *s,
                   const struct mt_web_asked *asked, struct mt_web_reply *reply,
                   struct mt_web_problem *why)
{
    struct mt_out out;
    struct mt_web_question q = {.site = site,
                                .store = s,
                                .params = asked->params,
                                .id = asked->id,
                                .openmetrics = asked->openmetrics,
                                .ids = asked->ids,
                                .type = "application/json",
                                .out = &out};
    *reply =
        (struct mt_web_reply){.status = 200, .body.max = MT_WEB_ANSWER_BYTES};
    mt_out_init(&out, mt_web_body_sink(&reply->body));
    int rc = prepare(&q, asked->route->windowed);
    if (rc == 0)
        rc = asked->route->answer(&q);
    reply->type = q.type;
    finish(&q, rc, reply);
    if (why != NULL)
        *why = q.problem;
    mt_filter_free(q.filter);
}
