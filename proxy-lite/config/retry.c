/* `retry:` and budgets. */
#include "proxy-lite/config/parts.h"

#include "proxy-lite/policy/retry.h"

struct retry_draft {
    struct mt_policy_retry retry;
    int64_t per_try_timeout_ns;
};

/* ---- conditions ---- */

static void one_condition(struct mt_config_reader *r, const struct mt_node *n,
                          struct mt_policy_retry *p)
{
    if (n->kind == MT_NODE_SCALAR && mt_retry_add(p, n->text))
        return;
    size_t count = 0;
    while (mt_retry_words[count] != NULL)
        count++;
    const char *meant = n->kind == MT_NODE_SCALAR
                            ? mt_suggest(n->text, mt_retry_words, count)
                            : NULL;
    if (meant != NULL)
        MT_WRONG(r, n, "'%s' is no condition; did you mean '%s'?",
                 mt_show(n->text).text, meant);
    else
        MT_WRONG(r, n,
                 "'%s' is no condition; write a status from 400 to 599, 5xx, "
                 "gateway-error, reset, connect-failure, refused-stream, "
                 "timeout, or a gRPC status such as unavailable",
                 mt_show(n->text).text);
}

static void read_conditions(struct mt_config_reader *r, const struct mt_node *n,
                            struct mt_policy_retry *p)
{
    for (const struct mt_node *i = mt_config_first(n); i != NULL;
         i = mt_config_next(n, i))
        one_condition(r, i, p);
    if (mt_config_count(n) == 0)
        MT_WRONG(r, n, "no condition is given; write 5xx, or [503, reset]");
}

static void read_on(MT_READ_ARGS)
{
    (void)key;
    read_conditions(r, n, &((struct retry_draft *)out)->retry);
}

#define STATUS_SCHEMA "{\"type\":\"integer\",\"minimum\":400,\"maximum\":599}"

static const struct mt_config_type type_condition = {
    .name = "retry-condition",
    .wanted = "a condition such as 503, 5xx or reset",
    .kinds = MT_NODE_SCALAR,
    .scalar = STATUS_SCHEMA,
    .words = mt_retry_words};

static const struct mt_config_type type_conditions = {
    .name = "retry-conditions",
    .wanted = "conditions such as 5xx or [503, reset]",
    .kinds = MT_NODE_SCALAR | MT_NODE_LIST,
    .read = read_on,
    .scalar = STATUS_SCHEMA,
    .words = mt_retry_words,
    .item = &type_condition};

/* ---- budgets ---- */

static const struct mt_config_key budget_keys[] = {
    {"percent", &mt_type_percent, "Of the requests of 10 s; 20.",
     offsetof(struct mt_policy_budget, percent), 0},
    {"min_per_second", &mt_type_number, "And so many more a second; 10.",
     offsetof(struct mt_policy_budget, min_per_second), 0},
};

/* Of a route: its own, beside the process's. */
static void read_budget(MT_READ_ARGS)
{
    struct mt_policy_budget b = {.percent = 20, .min_per_second = 10};
    struct mt_policy_retry *p = &((struct retry_draft *)out)->retry;
    (void)mt_config_read_keys(r, key->type, n, &b);
    p->budget = mt_policy_add_budget(r->policy, &b);
    if (p->budget == MT_POLICY_NONE) {
        p->budget = 0;
        MT_WRONG(r, n, "more than %d budgets; leave some to the process's",
                 MT_POLICY_BUDGETS_MAX - 1);
    }
}

static const struct mt_config_type type_budget = {
    .name = "retry-budget",
    .wanted = "a budget such as {percent: 20, min_per_second: 10}",
    .kinds = MT_NODE_MAP,
    .read = read_budget,
    MT_CONFIG_KEYS(budget_keys)};

static void read_process_budget(MT_READ_ARGS)
{
    struct mt_policy *p = out;
    (void)mt_config_read_keys(r, key->type, n, &p->budgets[0]);
}

const struct mt_config_type mt_type_budget = {
    .name = "budget",
    .wanted = "a budget such as {percent: 20, min_per_second: 10}",
    .kinds = MT_NODE_MAP,
    .read = read_process_budget,
    MT_CONFIG_KEYS(budget_keys)};

/* ---- the whole ---- */

static bool one_method(struct mt_config_reader *r, const struct mt_node *n,
                       void *out)
{
    return mt_config_method(r, n, out);
}

static void read_methods(MT_READ_ARGS)
{
    struct mt_policy_retry *p = &((struct retry_draft *)out)->retry;
    (void)key;
    p->methods =
        mt_config_each(r, n, sizeof *p->methods, one_method, &p->methods_count);
}

static const struct mt_config_type type_methods = {
    .name = "retry-methods",
    .wanted = "methods such as [GET, POST]",
    .kinds = MT_NODE_SCALAR | MT_NODE_LIST,
    .read = read_methods,
    .scalar = "{\"type\":\"string\",\"pattern\":\"^[A-Z]\"}",
    .item = &mt_type_text};

static const struct mt_config_key retry_keys[] = {
    {"on", &type_conditions, "When a try counts as failed.", 0,
     MT_KEY_REQUIRED},
    {"attempts", &mt_type_count, "Retries after the first try; 1.",
     offsetof(struct retry_draft, retry.attempts), 0},
    {"backoff", &mt_type_range,
     "Before the first and at most before a later retry, each a random part "
     "of it; 25ms..250ms.",
     offsetof(struct retry_draft, retry.backoff_min_ns), 0},
    {"per_try_timeout", &mt_type_duration,
     "Up to the response's header of one try.",
     offsetof(struct retry_draft, per_try_timeout_ns), 0},
    {"methods", &type_methods,
     "Instead of the idempotent ones: who lists POST says that it may be done "
     "twice.",
     0, 0},
    {"budget", &type_budget,
     "Of this route alone; without it the process's budget counts.", 0, 0},
    {"hedge", NULL, "A second try beside the first.", 0, MT_KEY_NOT_YET},
};

static void read_retry(MT_READ_ARGS)
{
    struct mt_policy_route *route = out;
    struct retry_draft d = {.per_try_timeout_ns = 0};
    mt_policy_retry_defaults(&d.retry);
    if (n->kind == MT_NODE_MAP)
        (void)mt_config_read_keys(r, key->type, n, &d);
    else
        read_conditions(r, n, &d.retry);
    struct mt_policy_retry *kept = mt_config_alloc(r, 1, sizeof *kept);
    if (kept == NULL)
        return;
    *kept = d.retry;
    route->retry = kept;
    route->per_try_timeout_ns = d.per_try_timeout_ns;
}

const struct mt_config_type mt_type_retry = {
    .name = "retry",
    .wanted = "conditions such as 5xx, or {on: [503, reset], attempts: 2}",
    .kinds = MT_NODE_SCALAR | MT_NODE_LIST | MT_NODE_MAP,
    .read = read_retry,
    .scalar = STATUS_SCHEMA,
    .words = mt_retry_words,
    .item = &type_condition,
    MT_CONFIG_KEYS(retry_keys)};
