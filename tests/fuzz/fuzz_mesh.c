/* Property: any text becomes a policy, or problems that say where; a policy
 * answers any request; the same text as a word of the command line, too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy-lite/config/config.h"
#include "proxy-lite/policy/rewrite.h"
#include "proxy-lite/policy/shadow.h"
#include "proxy-lite/policy/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static void check_problems(const struct mt_config_problems *p)
{
    check(p->count > 0 && p->count <= MT_CONFIG_PROBLEMS_MAX);
    for (uint32_t i = 0; i < p->count; i++) {
        check(p->list[i].line > 0 && p->list[i].column > 0);
        check(p->list[i].text[0] != '\0');
        check(i == 0 || p->list[i - 1].line <= p->list[i].line);
        for (const char *c = p->list[i].text; *c != '\0'; c++)
            check((uint8_t)*c >= 0x20 && *c != 0x7f);
    }
}

/* Every index and share of a route is one that there is. */
static void check_route(const struct mt_policy *p,
                        const struct mt_policy_route *r)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < r->to.count; i++) {
        check(r->to.list[i].service < p->services_count);
        total += r->to.list[i].weight;
    }
    check(total == r->to.total);
    check((r->action == MT_ACTION_TO) == (r->to.total > 0));
    check(r->retry == NULL || r->retry->budget < p->budgets_count);
    check(r->retry == NULL ||
          r->retry->backoff_min_ns <= r->retry->backoff_max_ns);
    check(r->timeout_ns >= 0 && r->per_try_timeout_ns >= 0);
}

static void ask(const struct mt_policy *p, struct mt_span text)
{
    uint8_t bytes[4096];
    struct mt_buf out = mt_buf_of(bytes, sizeof bytes);
    struct mt_random random = {1};
    struct mt_regex_scratch *s = mt_regex_scratch_new();
    struct mt_policy_field field = {MT_SPAN("cookie"), text};
    struct mt_policy_request r = {.method = MT_SPAN("GET"),
                                  .scheme = MT_SPAN("http"),
                                  .host = text,
                                  .path = text,
                                  .query = text,
                                  .fields = &field,
                                  .fields_count = 1};
    check(s != NULL);
    const struct mt_policy_entry *e = mt_match(p, &r, s);
    for (uint32_t i = 0; i < p->entries_count; i++)
        if (mt_match_fails(&p->entries[i], &r, s) == NULL) {
            check(e == &p->entries[i]);
            break;
        } else {
            check(e != &p->entries[i]);
        }
    if (e != NULL) {
        check(mt_policy_shadowed(p, e->route) == NULL);
        mt_redirect_location(&e->route->redirect, e->match, &r, &out);
        (void)mt_edits_drop(&e->route->request_headers, text);
        struct mt_split_choice c = mt_split_choose(&e->route->to, &r, &random);
        check(c.service < p->services_count || e->route->to.total == 0);
    }
    mt_regex_scratch_free(s);
}

static void check_policy(struct mt_policy *p, struct mt_span text)
{
    check(p->routes_count > 0 && p->listeners_count > 0);
    check(p->entries_count >= p->routes_count);
    for (uint32_t i = 0; i < p->routes_count; i++)
        check_route(p, p->routes[i]);
    for (uint32_t i = 0; i < p->services_count; i++) {
        check(p->services[i]->endpoints_count > 0);
        check(p->services[i]->breaker.out_min_ns <=
              p->services[i]->breaker.out_max_ns);
    }
    ask(p, text);
    ask(p, MT_SPAN("/cart/7"));
    mt_policy_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mt_config_problems problems;
    struct mt_span text = {data, size};
    struct mt_policy *p = mt_config_read(text, &problems);
    if (p != NULL)
        check_policy(p, text);
    else
        check_problems(&problems);
    char *word = malloc(size + 1);
    check(word != NULL);
    memcpy(word, size > 0 ? data : (const uint8_t *)"", size);
    word[size] = '\0';
    const char *words[] = {word, "9=a:1"};
    (void)mt_config_is_word(word);
    p = mt_config_read_words(words, 2, &problems);
    if (p != NULL)
        check_policy(p, text);
    else
        check_problems(&problems);
    free(word);
    return 0;
}
