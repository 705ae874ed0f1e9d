/* Meshes as people write them: what they become, and what is said of every
 * mistake, where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy-lite/config/config.h"
#include "proxy-lite/config/tree.h"
#include "proxy-lite/policy/balance.h"
#include "proxy-lite/policy/retry.h"

#define HEAD                                                   \
    "listeners: [{name: edge, address: \"127.0.0.1:8080\"}]\n" \
    "services: {cart: \"10.0.0.5:80\", cart-v2: \"10.0.0.6:80\"}\n"

static struct mt_policy *good(const char *text)
{
    static struct mt_config_problems problems;
    struct mt_policy *p = mt_config_read(mt_span_str(text), &problems);
    if (p == NULL)
        fail_msg("%u:%u: %s\n%s", problems.list[0].line,
                 problems.list[0].column, problems.list[0].text, text);
    return p;
}

/* All of its problems, as lines "LINE:COLUMN: TEXT". */
static const char *bad(const char *text)
{
    static char lines[(MT_CONFIG_PROBLEM_BYTES + 32) * MT_CONFIG_PROBLEMS_MAX];
    static struct mt_config_problems problems;
    if (mt_config_read(mt_span_str(text), &problems) != NULL)
        fail_msg("nothing is wrong with\n%s", text);
    size_t n = 0;
    for (uint32_t i = 0; i < problems.count; i++)
        n += (size_t)snprintf(lines + n, sizeof lines - n, "%s%u:%u: %s",
                              i > 0 ? "\n" : "", problems.list[i].line,
                              problems.list[i].column, problems.list[i].text);
    return lines;
}

static void is(struct mt_span s, const char *text)
{
    if (!mt_span_eq(s, mt_span_str(text)))
        fail_msg("'%.*s', not '%s'", (int)s.len, (const char *)s.ptr, text);
}

static void test_defaults(void **state)
{
    (void)state;
    struct mt_policy *p = good(HEAD "routes: [{to: cart, retry: 5xx}]\n");
    const struct mt_policy_listener *l = p->listeners[0];
    is(l->name, "edge");
    is(l->host, "127.0.0.1");
    assert_int_equal(l->port, 8080);
    assert_int_equal(l->tcp, MT_POLICY_NONE);
    assert_int_equal(l->header_timeout_ns, MT_POLICY_S(10));
    assert_int_equal(l->idle_timeout_ns, MT_POLICY_S(60));
    assert_int_equal(l->detect_timeout_ns, MT_POLICY_MS(200));
    const struct mt_policy_service *s = p->services[0];
    is(s->name, "cart");
    is(s->endpoints[0].host, "10.0.0.5");
    assert_int_equal(s->endpoints[0].port, 80);
    assert_int_equal(s->protocol, MT_POLICY_PROTOCOL_AUTO);
    assert_int_equal(s->balance, MT_BALANCE_P2C_EWMA);
    assert_int_equal(s->breaker.consecutive, 7);
    assert_int_equal(s->breaker.success_percent, 80);
    assert_int_equal(s->breaker.min_requests, 5);
    assert_int_equal(s->breaker.max_out_percent, 50);
    assert_int_equal(s->breaker.out_min_ns, MT_POLICY_S(1));
    assert_int_equal(s->breaker.out_max_ns, MT_POLICY_S(60));
    assert_int_equal(s->limits.connections, 1024);
    assert_int_equal(s->limits.pending, 1024);
    assert_int_equal(s->limits.requests, 1024);
    assert_int_equal(s->connect_timeout_ns, MT_POLICY_S(1));
    assert_int_equal(s->requests_per_connection, 0);
    const struct mt_policy_route *r = p->routes[0];
    assert_int_equal(r->timeout_ns, MT_POLICY_S(15));
    assert_int_equal(r->per_try_timeout_ns, 0);
    assert_int_equal(r->stream_idle_timeout_ns, MT_POLICY_S(300));
    assert_int_equal(r->retry->attempts, 1);
    assert_int_equal(r->retry->backoff_min_ns, MT_POLICY_MS(25));
    assert_int_equal(r->retry->backoff_max_ns, MT_POLICY_MS(250));
    assert_int_equal(r->retry->budget, 0);
    assert_int_equal(r->to.total, 1);
    assert_int_equal(p->budgets_count, 1);
    assert_int_equal(p->budgets[0].percent, 20);
    assert_int_equal(p->budgets[0].min_per_second, 10);
    mt_policy_free(p);
}

/* Some editors begin a file with a byte order mark. */
static void test_byte_order_mark(void **state)
{
    (void)state;
    mt_policy_free(good("\xef\xbb\xbf" HEAD "routes: [{to: cart}]\n"));
    assert_string_equal(bad("\xef\xbb\xbfx: 1\n" HEAD "routes: [{to: cart}]\n"),
                        bad("x: 1\n" HEAD "routes: [{to: cart}]\n"));
}

/* MESH.md's own, word by word. */
static void test_mesh_md(void **state)
{
    (void)state;
    struct mt_policy *p = good(
        "listeners:\n"
        "  - {name: edge, address: \"127.0.0.1:8080\"}\n"
        "services:\n"
        "  cart:    {endpoints: [\"10.0.0.5:8080\", \"10.0.0.6:8080\"]}\n"
        "  cart-v2: {dns: \"cart-v2.internal:8080\", protocol: h2, balance: "
        "least-request}\n"
        "routes:\n"
        "  - match: {path: /cart/*, method: [GET, HEAD]}\n"
        "    to: cart\n"
        "    timeout: 2s\n"
        "    retry: 5xx\n"
        "  - name: canary\n"
        "    match: {host: api.example, header: {x-canary: \"1\"}}\n"
        "    to: {cart: 90, cart-v2: 10}\n"
        "    retry: {on: [502, 503, 504, reset, connect-failure], attempts: "
        "2, backoff: 25ms..250ms, per_try_timeout: 300ms, budget: {percent: "
        "20, min_per_second: 10}}\n");
    assert_int_equal(p->services[0]->endpoints_count, 2);
    const struct mt_policy_service *v2 = p->services[1];
    assert_true(v2->every_address);
    is(v2->endpoints[0].host, "cart-v2.internal");
    assert_int_equal(v2->protocol, MT_POLICY_PROTOCOL_H2);
    assert_int_equal(v2->balance, MT_BALANCE_LEAST_REQUEST);
    const struct mt_policy_route *a = p->routes[0], *b = p->routes[1];
    assert_int_equal(a->matches[0].path_how, MT_PATH_PREFIX);
    is(a->matches[0].path, "/cart");
    assert_int_equal(a->matches[0].methods_count, 2);
    is(a->matches[0].methods[1], "HEAD");
    assert_int_equal(a->timeout_ns, MT_POLICY_S(2));
    is(b->name, "canary");
    is(b->hosts[0].text, "api.example");
    is(b->matches[0].headers[0].name, "x-canary");
    is(b->matches[0].headers[0].value, "1");
    assert_int_equal(b->to.total, 100);
    assert_int_equal(b->to.list[1].service, 1);
    assert_int_equal(b->to.list[1].weight, 10);
    assert_int_equal(b->retry->attempts, 2);
    assert_int_equal(b->retry->budget, 1);
    assert_int_equal(b->per_try_timeout_ns, MT_POLICY_MS(300));
    struct mt_try t = {.end = MT_TRY_RESPONSE, .status = 504};
    assert_true(mt_retry_wanted(b->retry, &t));
    t.status = 500;
    assert_false(mt_retry_wanted(b->retry, &t));
    assert_int_equal(p->entries_count, 2);
    assert_ptr_equal(p->entries[0].route, b); /* the host stands first */
    mt_policy_free(p);
}

static void test_matches(void **state)
{
    (void)state;
    struct mt_policy *p =
        good(HEAD "routes:\n"
                  "- {to: cart, match: {path: /a}}\n"
                  "- {to: cart, match: {path: /*}}\n"
                  "- {to: cart, match: {path: {prefix: /a/}}}\n"
                  "- {to: cart, match: {path: {regex: \"/a|/b\"}}}\n"
                  "- {to: cart, match: {host: [\"*.Example\", b.example]}}\n"
                  "- {to: cart, match: {grpc: shop.Cart}}\n"
                  "- {to: cart, match: {grpc: shop.Cart/Add}}\n"
                  "- {to: cart, match: {grpc: {method: Add}}}\n"
                  "- {to: cart, match: {header: {X-A: {regex: \"1+\"}, b: "
                  "{absent: true}}}}\n"
                  "- {to: cart, match: {query: {Q: {prefix: 7}}}}\n"
                  "- {to: cart, match: [{path: /a}, {path: /b}]}\n");
    static const struct {
        int how;
        const char *path;
        bool grpc;
    } rows[] = {
        {MT_PATH_EXACT, "/a", false},
        {MT_PATH_PREFIX, "", false},
        {MT_PATH_PREFIX, "/a", false},
        {MT_PATH_REGEX, "/a|/b", false},
        {MT_PATH_ANY, "", false},
        {MT_PATH_PREFIX, "/shop.Cart", true},
        {MT_PATH_EXACT, "/shop.Cart/Add", true},
        {MT_PATH_GRPC_METHOD, "Add", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct mt_policy_match *m = p->routes[i]->matches;
        assert_int_equal(m->path_how, rows[i].how);
        is(m->path, rows[i].path);
        assert_int_equal(m->grpc, rows[i].grpc);
    }
    assert_true(p->routes[4]->hosts[0].suffix);
    is(p->routes[4]->hosts[0].text, ".example");
    const struct mt_policy_match *m = p->routes[8]->matches;
    is(m->headers[0].name, "x-a");
    assert_int_equal(m->headers[0].how, MT_COMPARE_REGEX);
    assert_int_equal(m->headers[1].how, MT_COMPARE_ABSENT);
    m = p->routes[9]->matches;
    is(m->query[0].name, "Q");
    is(m->query[0].value, "7");
    assert_int_equal(m->query[0].how, MT_COMPARE_PREFIX);
    assert_int_equal(p->routes[10]->matches_count, 2);
    assert_int_equal(p->entries_count, 13);
    mt_policy_free(p);
}

static void test_actions(void **state)
{
    (void)state;
    struct mt_policy *p =
        good(HEAD "routes:\n"
                  "- {match: {path: /a}, respond: 404}\n"
                  "- {match: {path: /b}, respond: {status: 200, body: ok}}\n"
                  "- {match: {path: /c}, redirect: {scheme: https, port: 8443, "
                  "status: 308}}\n"
                  "- {match: {path: /d/*}, to: cart, rewrite: {prefix: /, "
                  "host: X.internal}}\n"
                  "- {match: {path: /e}, to: cart, request_headers: {set: "
                  "{X-A: 1}, remove: X-B}, timeout: none}\n"
                  "- {match: {path: /f}, to: {cart: 1, cart-v2: 1}, sticky: "
                  "{header: X-User}}\n");
    assert_int_equal(p->routes[0]->action, MT_ACTION_RESPOND);
    assert_int_equal(p->routes[0]->respond.status, 404);
    is(p->routes[1]->respond.body, "ok");
    is(p->routes[1]->respond.content_type, "text/plain; charset=utf-8");
    assert_int_equal(p->routes[2]->action, MT_ACTION_REDIRECT);
    is(p->routes[2]->redirect.scheme, "https");
    assert_int_equal(p->routes[2]->redirect.port, 8443);
    assert_int_equal(p->routes[2]->redirect.status, 308);
    assert_int_equal(p->routes[3]->rewrite.path_how, MT_PATH_REPLACE_PREFIX);
    is(p->routes[3]->rewrite.host, "x.internal");
    is(p->routes[4]->request_headers.set[0].name, "x-a");
    is(p->routes[4]->request_headers.remove[0], "x-b");
    assert_int_equal(p->routes[4]->timeout_ns, 0);
    assert_int_equal(p->routes[5]->to.sticky, MT_STICKY_HEADER);
    is(p->routes[5]->to.sticky_name, "x-user");
    mt_policy_free(p);
}

/* Every word of an enumeration. */
static void test_words(void **state)
{
    (void)state;
    static const char *const balances[] = {"p2c-ewma", "least-request",
                                           "round-robin", "random"};
    static const char *const protocols[] = {"auto", "http1", "h2"};
    for (unsigned i = 0; i < 4; i++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       "listeners: [{name: a, address: 80}]\n"
                       "services: {s: {dns: \"x:1\", balance: %s, protocol: "
                       "%s}}\nroutes: [{to: s}]\n",
                       balances[i], protocols[i % 3]);
        struct mt_policy *p = good(text);
        assert_int_equal(p->services[0]->balance, i);
        assert_int_equal(p->services[0]->protocol, i % 3);
        mt_policy_free(p);
    }
}

static void test_services(void **state)
{
    (void)state;
    struct mt_policy *p = good(
        "retry_budget: {percent: 5%}\n"
        "routes: [{to: a}]\n" /* before its services: no matter */
        "services:\n"
        "  a: [\"[fd00::1]:80\", localhost:81]\n"
        "  b: {endpoints: \"1.2.3.4:5\", breaker: off, connect_timeout: 50ms,\n"
        "      limits: {requests: 3, pending: 0},\n"
        "      requests_per_connection: 500}\n"
        "  c: {dns: \"x:1\", breaker: {consecutive: 2, out: 5s, max_out: "
        "100}}\n"
        "listeners:\n"
        "- {name: one, address: 8080, tcp: b, idle_timeout: none,\n"
        "   tcp_idle_timeout: 5m, detect_timeout: none}\n"
        "- {name: two, address: \"[::]:8080\"}\n"
        "resolve: 5s\n");
    is(p->services[0]->endpoints[0].host, "fd00::1");
    is(p->services[0]->endpoints[1].host, "localhost");
    assert_int_equal(p->services[1]->breaker.consecutive, 0);
    assert_int_equal(p->services[1]->breaker.success_percent, 0);
    assert_int_equal(p->services[1]->connect_timeout_ns, MT_POLICY_MS(50));
    assert_int_equal(p->services[1]->limits.requests, 3);
    assert_int_equal(p->services[1]->limits.pending, 0);
    assert_int_equal(p->services[1]->limits.connections, 1024);
    assert_int_equal(p->services[1]->requests_per_connection, 500);
    assert_int_equal(p->services[2]->breaker.out_max_ns, MT_POLICY_S(5));
    assert_int_equal(p->services[2]->breaker.max_out_percent, 100);
    assert_int_equal(p->budgets[0].percent, 5);
    assert_int_equal(p->budgets[0].min_per_second, 10);
    is(p->listeners[0]->host, "127.0.0.1");
    assert_int_equal(p->listeners[0]->tcp, 1);
    assert_int_equal(p->listeners[0]->idle_timeout_ns, 0);
    assert_int_equal(p->listeners[0]->detect_timeout_ns, 0);
    assert_int_equal(p->listeners[0]->tcp_idle_timeout_ns, MT_POLICY_S(300));
    assert_int_equal(p->listeners[1]->tcp_idle_timeout_ns, MT_POLICY_S(3600));
    assert_int_equal(p->resolve_ns, MT_POLICY_S(5));
    is(p->listeners[1]->host, "::");
    mt_policy_free(p);
}

/* One mistake each, in a mesh that is right otherwise. */
static const struct mistake {
    const char *text, *says;
} mistakes[] = {
    {"", "1:1: nothing listens; add 'listeners: [{name: edge, address: "
         "\"127.0.0.1:8080\"}]'\n1:1: there are no routes; add 'routes: "
         "[{to: SERVICE}]'"},
    {"- a\n", "1:1: 'the file' is a list; it wants 'listeners', "
              "'services' and 'routes'"},
    {HEAD "route: []\n", "3:1: unknown key 'route'; did you mean 'routes'?"},
    {HEAD "xyzzy: 1\n", "3:1: unknown key 'xyzzy'; known here: services, "
                        "listeners, retry_budget, routes, resolve"},
    {HEAD "admin: 1\n", "3:1: 'admin' does not work yet; leave it out"},
    {HEAD "routes: [{to: crat}]\n",
     "3:15: there is no service 'crat'; did you mean 'cart'?"},
    {HEAD "routes: [{to: {cart: 1, nothing: 9}}]\n",
     "3:25: there is no service 'nothing'; add it to 'services'"},
    {HEAD "routes: [{to: {cart: many}}]\n",
     "3:22: 'many' is no weight; write a number from 0 to 1000000"},
    {HEAD "routes: [{to: {cart: 0}}]\n",
     "3:15: no service gets anything; give one of them a weight"},
    {HEAD "routes: [{to: [cart]}]\n",
     "3:15: 'to' is a list; it wants a service, or several with weights "
     "such as {v1: 90, v2: 10}"},
    {HEAD "routes: [{to: cart, timeout: fast}]\n",
     "3:30: 'timeout' is 'fast'; it wants a duration such as 250ms or 2s, "
     "or none"},
    {HEAD "routes: [{to: cart, timeout: 2}]\n",
     "3:30: 'timeout' is '2'; it wants a duration such as 250ms or 2s, or "
     "none"},
    {HEAD "routes: [{to: cart, timeout: 1s, timeout: 2s}]\n",
     "3:34: 'timeout' is given twice; the first stands at line 3"},
    {HEAD "routes: [{to: cart, timeout: }]\n",
     "3:30: 'timeout' has no value; it wants a duration such as 250ms or "
     "2s, or none"},
    {HEAD "routes: [{to: cart, retry: 5x}]\n",
     "3:28: '5x' is no condition; did you mean '5xx'?"},
    {HEAD "routes: [{to: cart, retry: [200]}]\n",
     "3:29: '200' is no condition; write a status from 400 to 599, 5xx, "
     "gateway-error, reset, connect-failure, refused-stream, timeout, or "
     "a gRPC status such as unavailable"},
    {HEAD "routes: [{to: cart, retry: {attempts: 2}}]\n",
     "3:28: 'on' is missing; it wants conditions such as 5xx or [503, "
     "reset]"},
    {HEAD "routes: [{to: cart, retry: {on: reset, backoff: 250ms..25ms}}]\n",
     "3:49: 'backoff' is '250ms..25ms'; it wants two durations, the "
     "shorter first, such as 25ms..250ms"},
    {HEAD "routes: [{to: cart, timeout: 1s, retry: {on: 5xx, "
          "per_try_timeout: 2s}}]\n",
     "3:10: the time-out of one try is longer than the route's; shorten "
     "it, or lengthen 'timeout'"},
    {HEAD "routes: [{to: cart, mirror: cart-v2}]\n",
     "3:21: 'mirror' does not work yet; leave it out"},
    {HEAD "routes: [{to: cart, respond: 404}]\n",
     "3:30: 'respond' cannot stand beside 'to'; keep one"},
    {HEAD "routes: [{name: x}]\n",
     "3:10: the route does nothing; give 'to', 'redirect' or 'respond'"},
    {HEAD "routes: [{respond: 404, retry: 5xx}]\n",
     "3:32: 'retry' does nothing without 'to'; leave it out"},
    {HEAD "routes: [{to: cart, sticky: {cookie: c}}]\n",
     "3:29: 'sticky' does nothing with one service; leave it out"},
    {HEAD "routes: [{to: cart, match: {path: cart}}]\n",
     "3:35: 'cart' is no path; it begins with / and has no query"},
    {HEAD "routes: [{to: cart, match: {path: \"/a?b=1\"}}]\n",
     "3:35: '/a?b=1' is no path; it begins with / and has no query"},
    {HEAD "routes: [{to: cart, match: {path: /a*b}}]\n",
     "3:35: '/a*b': a * stands only as /* at the end; else write {regex: "
     "...}"},
    {HEAD "routes: [{to: cart, match: {path: {regex: \"(a\"}}}]\n",
     "3:43: the pattern '(a' is wrong at its byte 3: missing closing "
     "parenthesis"},
    {HEAD "routes: [{to: cart, match: {method: get}}]\n",
     "3:37: 'get' is no method; write it as GET, in capitals"},
    {HEAD "routes: [{to: cart, match: {host: \"a.example:80\"}}]\n",
     "3:35: 'a.example:80' is no host; write api.example or *.example, "
     "without a port"},
    {HEAD "routes: [{to: cart, match: {header: {\"x y\": 1}}}]\n",
     "3:38: 'x y' is no name of a header field"},
    {HEAD "routes: [{to: cart, match: {header: {x: {absent: no}}}}]\n",
     "3:50: 'absent' is 'no'; it wants true"},
    {HEAD "routes: [{to: cart, match: {grpc: a/b/c}}]\n",
     "3:35: 'b/c' is no name of gRPC; write package.Service, or Method "
     "alone"},
    {HEAD "routes: [{to: cart, match: {grpc: a, path: /b}}]\n",
     "3:35: 'grpc' cannot stand beside 'path'; keep one"},
    {HEAD "routes: [{to: cart, match: {path: /a}, rewrite: {prefix: /}}]\n",
     "3:10: a prefix is replaced, but not every match has one; match a "
     "path such as /cart/*"},
    {HEAD "routes: [{to: cart, request_headers: {set: {a: \"x\\ny\"}}}]\n",
     "3:48: 'x?y' is no value of a header field: one line, without spaces "
     "around"},
    {HEAD "routes: [{to: cart, request_headers: {set: {Host: a}}}]\n",
     "3:45: 'Host' is the proxy's own to set; for the host, write "
     "'rewrite'"},
    {HEAD "routes: [{to: cart, listeners: egde}]\n",
     "3:32: there is no listener 'egde'; did you mean 'edge'?"},
    {HEAD "routes: [{to: cart, name: a}, {to: cart, name: a}]\n",
     "3:31: the route 'a' stands already at line 3"},
    {HEAD "routes: {to: cart}\n",
     "3:9: 'routes' is a mapping; it wants a list of routes, each such as "
     "{match: {path: /cart/*}, to: cart}"},
    {"listeners: [{name: a, address: 80}, {name: a, address: 81}, {name: "
     "b, address: 80}]\nroutes: [{respond: 404}]\n",
     "1:37: the listener 'a' stands already at line 1\n1:61: the listener "
     "at line 1 has this address already"},
    {"listeners: [{name: a, address: somewhere}]\nroutes: [{respond: "
     "404}]\n",
     "1:32: 'address' is 'somewhere'; it wants an IP address with a port, "
     "such as 127.0.0.1:8080; 8080 alone is of 127.0.0.1"},
    {"listeners: [{name: a, address: 70000}, {name: b, address: 0}]\n"
     "routes: [{respond: 404}]\n",
     "1:32: 'address' is '70000'; it wants an IP address with a port, such "
     "as 127.0.0.1:8080; 8080 alone is of 127.0.0.1\n1:59: 'address' is "
     "'0'; it wants an IP address with a port, such as 127.0.0.1:8080; "
     "8080 alone is of 127.0.0.1"},
    {HEAD "routes: [{to: cart, retry: {on: reset, backoff: 25ms.}}]\n",
     "3:49: 'backoff' is '25ms.'; it wants two durations, the shorter "
     "first, such as 25ms..250ms"},
    {HEAD "routes: [{respond: 199}, {respond: {status: 600}}]\n",
     "3:20: 'respond' is '199'; it wants a status such as 404, or {status: "
     "200, body: ok}\n3:45: 'status' is '600'; it wants a status from 200 "
     "to 599"},
    {HEAD "routes: [{respond: {status: 204, body: xyz}}, {respond: {status: "
          "304, body: \"\"}}]\n",
     "3:20: a response of status 204 has no body; leave `body` out, or answer "
     "with another status"},
    {HEAD "routes: [{to: cart, match: {path: /Ü/*}}]\n",
     "3:35: '/Ü/' matches nothing, for a path is compared as it is sent; write "
     "/%C3%9C/"},
    {HEAD "routes: [{to: cart, match: {path: /a/*}, rewrite: {prefix: /é}}]\n",
     "3:60: '/é' matches nothing, for a path is compared as it is sent; write "
     "/%C3%A9"},
    {"services: {a: b}\n",
     "1:15: 'b' is no endpoint; write 10.0.0.5:8080, \"[fd00::1]:8080\" or "
     "cart.internal:8080"},
    {"services: {a: \"b:0\", a: \"b:1\"}\n",
     "1:22: 'a' is given twice; the first stands at line 1"},
    {"services: {a: [\"b:1\", \"b:1\"]}\n",
     "1:15: the endpoint b:1 is given twice"},
    {"services: {a: {balance: p2c}}\n",
     "1:12: 'a' has no endpoints; give 'endpoints' or 'dns'\n1:25: "
     "'balance' is 'p2c'; it wants p2c-ewma, least-request, round-robin "
     "or random"},
    {"services: {a: {dns: \"b:1\", balance: maglev}}\n",
     "1:37: 'maglev' does not work yet; write p2c-ewma, least-request, "
     "round-robin or random"},
    {"services: {a: {dns: \"b:1\", balance: randm}}\n",
     "1:37: 'balance' is 'randm'; did you mean 'random'?"},
    {"services: {a: {dns: \"10.0.0.1:1\"}}\n",
     "1:21: '10.0.0.1:1' is an address; it wants a name, or 'endpoints'"},
    {"services: {a: {dns: \"b:1\", breaker: {success: 101}}}\n",
     "1:47: 'success' is '101'; it wants a percentage from 0 to 100, such "
     "as 20 or 20%"},
    {"a: &x 1\n", "1:4: anchors, aliases and tags are not read; write the "
                  "value out"},
    {"a: *x\n", "1:4: anchors, aliases and tags are not read; write the "
                "value out"},
    {"a: !!int 1\n", "1:4: anchors, aliases and tags are not read; write "
                     "the value out"},
    {"a: [1\n", "2:1: not YAML: did not find expected ',' or ']'; check "
                "indentation and quotes there"},
    {HEAD "routes: [{to: cart}]\n---\n" HEAD,
     "5:1: a second mesh begins; the first stands at line 1"},
    {HEAD "routes: [{to: cart}]\n---\nkind: Service\n",
     "5:7: the kind 'Service' is not read; HTTPRoute and GRPCRoute are"},
};

static void check_mistakes(const struct mistake *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *says = bad(rows[i].text);
        if (strcmp(says, rows[i].says) != 0)
            fail_msg("%s\nsays\n%s\nnot\n%s", rows[i].text, says, rows[i].says);
    }
}

static void test_mistakes(void **state)
{
    (void)state;
    check_mistakes(mistakes, sizeof mistakes / sizeof mistakes[0]);
}

/* One run finds them all, in the order of the file, up to a bound. */
static void test_all_mistakes_at_once(void **state)
{
    (void)state;
    assert_string_equal(
        bad("listeners: [{name: edge, adress: 80}]\n"
            "routes:\n"
            "- {to: cart, timeout: x}\n"
            "- {to: crat}\n"
            "services: {cart: \"a:1\", b: 7}\n"),
        "1:13: 'address' is missing; it wants an IP address "
        "with a port, such as 127.0.0.1:8080; 8080 alone is "
        "of 127.0.0.1\n"
        "1:26: unknown key 'adress'; did you mean 'address'?\n"
        "3:23: 'timeout' is 'x'; it wants a duration such as "
        "250ms or 2s, or none\n"
        "4:8: there is no service 'crat'; did you mean 'cart'?\n"
        "5:28: '7' is no endpoint; write 10.0.0.5:8080, "
        "\"[fd00::1]:8080\" or cart.internal:8080");
    char many[4096] = "";
    for (int i = 0; i < 30; i++)
        strcat(many, "x: 1\n");
    static struct mt_config_problems problems;
    assert_null(mt_config_read(mt_span_str(many), &problems));
    assert_int_equal(problems.count, MT_CONFIG_PROBLEMS_MAX);
    assert_int_equal(problems.more, 10);
}

static void test_bounds(void **state)
{
    (void)state;
    static char deep[200], large[MT_TREE_BYTES_MAX + 2];
    memset(deep, '[', 40);
    assert_string_equal(bad(deep), "1:33: nested more than 32 levels deep");
    memset(large, ' ', sizeof large - 1);
    assert_string_equal(bad(large), "1:1: the file has more than 1 MiB");
    memset(large, ',', sizeof large - 1);
    for (size_t i = 1; i < sizeof large - 2; i += 2)
        large[i] = 'a';
    large[0] = '[';
    large[300002] = ']';
    large[300003] = '\0';
    const char *says = bad(large);
    assert_non_null(strstr(says, "100 000 values"));
    size_t n = (size_t)sprintf(large, "services: {");
    for (int i = 0; i < MT_POLICY_SERVICES_MAX + 20; i++)
        n += (size_t)sprintf(large + n, "s%d: \"a:1\", ", i);
    (void)sprintf(large + n, "}\n");
    assert_non_null(strstr(bad(large), "more than 1024 services: so many are "
                                       "read; spread them"));
    assert_null(strchr(bad(large), '\n'));
    n = (size_t)sprintf(large, HEAD "routes: [{to: cart, match: "
                                    "{header: {");
    for (int i = 0; i <= MT_POLICY_REGEXES_MAX; i++)
        n += (size_t)sprintf(large + n, "x%d: {regex: a},", i);
    (void)sprintf(large + n, "}}}]\n");
    assert_non_null(strstr(bad(large), "more than 1024 patterns"));
    char *docs = calloc(1, 1000);
    for (int i = 0; i < 65; i++)
        strcat(docs, "--- a\n");
    assert_non_null(strstr(bad(docs), "more than 64 documents"));
    free(docs);
}

/* ---- files of the documentation ---- */

static char *file(const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/../../docs/%s", MT_TEST_DATA, name);
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, 1 << 16);
    if (f == NULL || text == NULL)
        fail_msg("%s", path);
    assert_true(fread(text, 1, (1 << 16) - 1, f) > 0);
    (void)fclose(f);
    return text;
}

static void test_examples(void **state)
{
    (void)state;
    char *text = file("examples/mesh.yaml");
    struct mt_policy *p = good(text);
    assert_int_equal(p->routes_count, 7);
    assert_int_equal(p->services_count, 4);
    mt_policy_free(p);
    free(text);
}

static void test_httproute(void **state)
{
    (void)state;
    char *text = file("examples/httproute.yaml");
    struct mt_policy *p = good(text);
    assert_int_equal(p->routes_count, 4);
    const struct mt_policy_route *r = p->routes[0];
    is(r->name, "cart");
    assert_int_equal(r->listeners, 1);
    assert_int_equal(r->hosts_count, 2);
    assert_true(r->hosts[1].suffix);
    assert_int_equal(r->matches[0].path_how, MT_PATH_PREFIX);
    is(r->matches[0].path, "/cart");
    is(r->matches[0].headers[0].name, "x-canary");
    assert_int_equal(r->to.total, 100);
    is(p->services[r->to.list[1].service]->name, "cart-v2");
    assert_int_equal(r->timeout_ns, MT_POLICY_S(2));
    assert_int_equal(r->per_try_timeout_ns, MT_POLICY_MS(500));
    assert_int_equal(r->retry->attempts, 2);
    assert_int_equal(r->retry->backoff_min_ns, MT_POLICY_MS(50));
    struct mt_try t = {.end = MT_TRY_RESPONSE, .status = 503};
    assert_true(mt_retry_wanted(r->retry, &t));
    r = p->routes[1];
    is(r->name, "cart/2");
    is(r->matches[0].methods[0], "GET");
    assert_int_equal(r->rewrite.path_how, MT_PATH_REPLACE_PREFIX);
    is(r->request_headers.set[0].name, "x-env");
    is(p->services[r->to.list[0].service]->name, "cart:9090");
    r = p->routes[2];
    assert_int_equal(r->action, MT_ACTION_REDIRECT);
    assert_int_equal(r->redirect.status, 301);
    r = p->routes[3];
    is(r->name, "cart-grpc");
    assert_true(r->matches[0].grpc);
    is(r->matches[0].path, "/shop.Cart/Add");
    assert_true(r->listeners == UINT64_MAX);
    mt_policy_free(p);
    free(text);
}

/* As `kubectl get httproutes -o yaml` prints them. */
static void test_a_list_of_routes(void **state)
{
    (void)state;
#define ITEM(name)                                                    \
    "- apiVersion: gateway.networking.k8s.io/v1\n  kind: HTTPRoute\n" \
    "  metadata: {name: " name ", creationTimestamp: x}\n"            \
    "  spec: {rules: [{backendRefs: [{group: \"\", kind: Service, "   \
    "name: cart, port: 80, weight: 1}]}]}\n  status: {parents: []}\n"
    struct mt_policy *p = good(HEAD "---\napiVersion: v1\nitems:\n" ITEM(
        "a") ITEM("b") "kind: List\nmetadata: {resourceVersion: \"\"}\n");
    assert_int_equal(p->routes_count, 2);
    is(p->routes[1]->name, "b");
    mt_policy_free(p);
    assert_string_equal(bad(HEAD "---\nkind: List\n"),
                        "4:1: a List has 'items', and it is a list");
    assert_string_equal(
        bad(HEAD "---\nkind: List\nitems: [1, {kind: Pod}]\n"),
        "5:9: an HTTPRoute or a GRPCRoute is expected here\n"
        "5:19: the kind 'Pod' is not read; HTTPRoute and GRPCRoute are");
}

static void test_httproute_mistakes(void **state)
{
    (void)state;
#define ROUTE(spec)                                        \
    HEAD "---\napiVersion: gateway.networking.k8s.io/v1\n" \
         "kind: HTTPRoute\nmetadata: {name: a}\nspec: " spec "\n"
    static const struct mistake rows[] = {
        {ROUTE("{rules: [{}]}"),
         "7:16: the rule sends requests nowhere; give 'backendRefs'"},
        {ROUTE("{rules: [{backendRefs: [{name: crat}]}]}"),
         "7:38: there is no service 'crat'; did you mean 'cart'?"},
        {ROUTE("{rules: [{backendRefs: [{name: cart, kind: Bucket}]}]}"),
         "7:50: a backend is a Service here"},
        {ROUTE("{rules: [{matches: [{path: {type: Prefix, value: /}}], "
               "backendRefs: [{name: cart}]}]}"),
         "7:41: 'type' is 'Prefix'; it wants Exact, PathPrefix or "
         "RegularExpression"},
        {ROUTE("{rules: [{filters: [{type: URLRewrite}], backendRefs: "
               "[{name: cart}]}]}"),
         "7:27: 'urlRewrite' is missing"},
        {ROUTE("{rules: [{filters: [{type: RequestMirror, requestMirror: "
               "{}}], backendRefs: [{name: cart}]}]}"),
         "7:34: 'type' is 'RequestMirror'; it wants RequestHeaderModifier, "
         "ResponseHeaderModifier, RequestRedirect or URLRewrite\n7:49: "
         "'requestMirror' does not work yet; leave it out"},
        {ROUTE("{parentRefs: [{name: g, sectionName: egde}], rules: "
               "[{backendRefs: [{name: cart}]}]}"),
         "7:44: there is no listener 'egde'; did you mean 'edge'?"},
        {ROUTE("{parentRefs: [{name: g, port: 81}], rules: "
               "[{backendRefs: [{name: cart}]}]}"),
         "7:37: no listener has the port 81"},
        {HEAD "---\napiVersion: networking.istio.io/v1\nkind: HTTPRoute\n"
              "metadata: {name: a}\nspec: {rules: []}\n",
         "4:13: 'apiVersion' is 'networking.istio.io/v1'; "
         "gateway.networking.k8s.io/v1 is read"},
    };
    check_mistakes(rows, sizeof rows / sizeof rows[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_byte_order_mark),
        cmocka_unit_test(test_mesh_md),
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_all_mistakes_at_once),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_httproute),
        cmocka_unit_test(test_a_list_of_routes),
        cmocka_unit_test(test_httproute_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
