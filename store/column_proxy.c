/* Columns of what breakers and budgets of proxies are at. */
#include "base/text.h"
#include "store/column_impl.h"
#include "store/proxy_state.h"

#define GET_E(name, expression)                                 \
    static struct mt_value get_e_##name(const void *row,        \
                                        struct mt_buf *scratch) \
    {                                                           \
        const struct mt_endpoint_row *r = row;                  \
        (void)scratch;                                          \
        return expression;                                      \
    }
#define GET_B(name, expression)                                 \
    static struct mt_value get_b_##name(const void *row,        \
                                        struct mt_buf *scratch) \
    {                                                           \
        const struct mt_budget_row *r = row;                    \
        (void)scratch;                                          \
        return expression;                                      \
    }

/* "live", else since when it is not. */
static struct mt_value life(uint8_t life, int64_t heard_ns, int64_t now_ns,
                            struct mt_buf *scratch)
{
    size_t from = scratch->len;
    mt_put_str(scratch, mt_proxy_life_text(life));
    if (life != MT_PROXY_LIVE) {
        mt_put_char(scratch, ' ');
        mt_put_age(scratch, now_ns > heard_ns ? now_ns - heard_ns : 0);
        mt_put_str(scratch, life == MT_PROXY_ENDED ? " ago" : "");
    }
    return text((struct mt_span){scratch->ptr + from, scratch->len - from});
}

/* A state that is not live is not known. */
static struct mt_value if_live(uint8_t life, struct mt_value v)
{
    v.known = v.known && life == MT_PROXY_LIVE;
    if (!v.known && v.unit == MT_UNIT_TEXT)
        v.text = MT_SPAN("");
    return v;
}

static int64_t out_for(const struct mt_endpoint_row *r)
{
    if (r->is.until_ns == 0)
        return -1;
    return r->is.until_ns > r->now_ns ? r->is.until_ns - r->now_ns : 0;
}

static uint32_t left_of(const struct mt_budget_state *b)
{
    return b->allowed > b->spent ? b->allowed - b->spent : 0;
}

GET_E(service, text_of(r->is.service))
GET_E(endpoint, text_of(r->is.endpoint))
GET_E(state, if_live(r->life, text_of(mt_endpoint_state_text(r->is.state))))
GET_E(out_for, if_live(r->life, whole(MT_UNIT_DURATION, out_for(r))))
GET_E(running, if_live(r->life, count(r->is.running)))
GET_E(conns, if_live(r->life, count(r->is.conns)))
GET_E(latency,
      if_live(r->life, whole(MT_UNIT_DURATION,
                             r->is.latency_ns > 0 ? r->is.latency_ns : -1)))
GET_E(reason, if_live(r->life, text_of(r->is.reason)))
GET_E(life, life(r->life, r->heard_ns, r->now_ns, scratch))
GET_E(writer, id((uint64_t)r->writer))

static const struct mt_column endpoint_columns[] = {
    COLUMN("service", "SERVICE", "whose endpoint it is", MT_UNIT_TEXT, 1, 32,
           false, get_e_service),
    COLUMN("endpoint", "ENDPOINT", "address and port", MT_UNIT_TEXT, 1, 48,
           false, get_e_endpoint),
    COLUMN("breaker", "BREAKER",
           "closed: it takes requests; open: it is left alone; due: the next "
           "request is its probe; probing; kept in: it fails, but no more may "
           "be out",
           MT_UNIT_TEXT, 1, 10, false, get_e_state),
    COLUMN("open_for_ns", "FOR", "until it may be probed", MT_UNIT_DURATION, 3,
           0, false, get_e_out_for),
    COLUMN("running", "RUNNING", "tries at it now", MT_UNIT_COUNT, 2, 0, false,
           get_e_running),
    COLUMN("latency_ewma_ns", "LATENCY",
           "as the balancer estimates it: a failure counts as 5 s",
           MT_UNIT_DURATION, 2, 0, false, get_e_latency),
    COLUMN("connections", "CONN", "connections to it now", MT_UNIT_COUNT, 3, 0,
           false, get_e_conns),
    COLUMN("proxy", "PROXY",
           "live, or since when it is not: then the rest is "
           "not known",
           MT_UNIT_TEXT, 2, 16, false, get_e_life),
    COLUMN("writer", "WRITER", "which proxy's word it is", MT_UNIT_ID, 8, 0,
           true, get_e_writer),
    COLUMN("reason", "WHY", "why it is out, or would be", MT_UNIT_TEXT, 4, 0,
           false, get_e_reason),
};

GET_B(service, text_of(r->is.service))
GET_B(rule, text_of(r->is.rule[0] != '\0' ? r->is.rule : "the whole proxy"))
GET_B(percent, number(MT_UNIT_RATIO, r->is.percent / 100.0))
GET_B(min, number(MT_UNIT_RATE, r->is.min_per_s))
GET_B(spent, if_live(r->life, count(r->is.spent)))
GET_B(left, if_live(r->life, count(left_of(&r->is))))
GET_B(denied, count(r->is.denied))
GET_B(life, life(r->life, r->heard_ns, r->now_ns, scratch))
GET_B(writer, id((uint64_t)r->writer))

static const struct mt_column budget_columns[] = {
    COLUMN("service", "SERVICE", "whose requests it is for", MT_UNIT_TEXT, 1,
           32, false, get_b_service),
    COLUMN("rule", "BUDGET OF", "the route that has one of its own, else all",
           MT_UNIT_TEXT, 1, 48, false, get_b_rule),
    COLUMN("percent_ratio", "SHARE %", "of the requests of 10 s", MT_UNIT_RATIO,
           2, 0, false, get_b_percent),
    COLUMN("min_per_s", "AND/s", "and so many more a second", MT_UNIT_RATE, 3,
           0, false, get_b_min),
    COLUMN("spent", "SPENT", "retries of the last 10 s", MT_UNIT_COUNT, 1, 0,
           false, get_b_spent),
    COLUMN("left", "LEFT", "retries that there may be now", MT_UNIT_COUNT, 1, 0,
           false, get_b_left),
    COLUMN("denied", "DENIED", "retries that were not, for it; so far",
           MT_UNIT_COUNT, 2, 0, false, get_b_denied),
    COLUMN("proxy", "PROXY", "live, or since when it is not", MT_UNIT_TEXT, 2,
           16, false, get_b_life),
    COLUMN("writer", "WRITER", "which proxy's word it is", MT_UNIT_ID, 8, 0,
           true, get_b_writer),
};

const struct mt_screen mt_screen_endpoints = {"endpoints",
                                              SCREEN(endpoint_columns)};
const struct mt_screen mt_screen_budgets = {"budgets", SCREEN(budget_columns)};
