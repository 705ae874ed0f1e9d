/* Properties: any target and any headers are read or refused with a problem
 * that is valid; texts lie in the memory that was given for them; numbers are
 * within their bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/answer.h"
#include "web/guard.h"
#include "web/listen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void check_inside(struct mt_span s, const uint8_t *memory, size_t size)
{
    check(s.len == 0 || (s.ptr >= memory && s.ptr + s.len <= memory + size));
}

static void check_problem(const struct mt_web_problem *p)
{
    struct mt_web_reply reply;
    check(p->kind == MT_WEB_PARAMETER);
    check(strlen(p->detail) > 0 && strlen(p->detail) < sizeof p->detail);
    mt_web_reply_problem(&reply, p);
    check(reply.status == 400 && reply.body.len > 2);
    check(reply.body.ptr[0] == '{' &&
          reply.body.ptr[reply.body.len - 2] == '}');
    free(reply.body.ptr);
}

static void parse(struct mt_span query, uint32_t allowed)
{
    uint8_t *memory = malloc(query.len + (query.len == 0));
    struct mt_web_params p;
    struct mt_web_problem why;
    check(memory != NULL);
    if (mt_web_params_parse(&p, query, allowed, memory, &why) != 0) {
        check_problem(&why);
    } else {
        check((p.given & ~allowed) == 0);
        check_inside(p.since, memory, query.len);
        check_inside(p.until, memory, query.len);
        check_inside(p.filter, memory, query.len);
        check_inside(p.sort, memory, query.len);
        check_inside(p.focus, memory, query.len);
        check_inside(p.last_event_id, memory, query.len);
        check(p.limit <= 10000 && p.depth <= 16 && p.nodes <= 1000);
        check(p.by <= MT_WEB_BY_NONE && p.order <= MT_WEB_SLOWEST);
        check(p.entry <= 1 && p.trend <= 1);
    }
    check_inside(mt_web_query_token(query, memory), memory, query.len);
    free(memory);
}

static void guard(struct mt_span text)
{
    static const char *const names[] = {"mesh.example"};
    const struct mt_web_site site = {.token = "0123456789abcdef",
                                     .host_names = names,
                                     .host_names_count = 1};
    struct mt_web_address a;
    (void)mt_web_host_is_ours(&site, text);
    if (mt_web_token_fits(&site, text, MT_SPAN("")))
        check(text.len == 7 + 16);
    (void)mt_web_token_fits(&site, MT_SPAN(""), text);
    if (mt_web_address_parse(text, &a) == 0)
        check(text.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mt_span path = {.ptr = data, .len = size}, id;
    guard(path);
    struct mt_span query = path;
    path = mt_span_take(&query, mt_span_find(query, '?'));
    (void)mt_span_take(&query, query.len > 0);
    const struct mt_web_route *route = mt_web_route_find(path, &id);
    if (route != NULL)
        check(id.len <= path.len && mt_span_find(id, '/') == id.len);
    parse(query, route != NULL ? route->params : UINT32_MAX);
    return 0;
}
