/* Who is who: names, virtual hosts, clients that serve, and the bounds. */
#include "store_fixture.h"

struct call {
    struct mt_addr client, server;
    const char *host;   /* authority */
    const char *name;   /* of the server, from a names file */
    const char *caller; /* name of the client, from the capture */
};

static void run_calls(const char *db, const struct call *calls, size_t n)
{
    struct mt_writer *w = writer_open(db, (struct mt_writer_options){0});
    for (size_t i = 0; i < n; i++) {
        struct mt_exchange x = simple(T0 + (int64_t)i * MS);
        x.conn = i + 1;
        x.client.addr = calls[i].client;
        x.server.addr = calls[i].server;
        x.authority = mt_span_str(calls[i].host);
        if (calls[i].name != NULL) {
            x.server.service = mt_span_str(calls[i].name);
            x.server.name_source = MT_NAME_FILE;
        }
        if (calls[i].caller != NULL) {
            x.client.service = mt_span_str(calls[i].caller);
            x.client.name_source = MT_NAME_NRB;
        }
        writer_add(w, &x);
    }
    writer_close(w);
}

/* "client>server count, ..." by name. */
static const char *edges_of(const char *db)
{
    static char text[4096];
    struct mt_store *s = store_open(db);
    struct mt_ask ask = {.from_ns = T0 - S, .to_ns = T0 + 60 * S};
    struct mt_answer a;
    size_t used = 0;
    assert_int_equal(mt_query_edges(s, &ask, &a), 0);
    text[0] = '\0';
    for (size_t i = 0; i < a.count; i++)
        used += (size_t)snprintf(
            text + used, sizeof text - used, "%s%s>%s %llu", i > 0 ? ", " : "",
            a.rows[i].client, a.rows[i].server,
            (unsigned long long)a.rows[i].counts.exchanges);
    mt_answer_free(&a);
    mt_store_free(s);
    return text;
}

struct vector {
    const char *name;
    struct call calls[6];
    size_t count;
    const char *edges;
};

#define IP(a, b, c, d, number)                                  \
    {                                                           \
        .ip = {[10] = 0xff, 0xff, a, b, c, d}, .port = (number) \
    }
#define CLIENT IP(10, 0, 0, 9, 41000)
#define FRONT IP(10, 0, 0, 1, 8080)
#define FRONT_OUT IP(10, 0, 0, 1, 50123)
#define FRONT_ADMIN IP(10, 0, 0, 1, 9090)
#define CART IP(10, 0, 0, 2, 8080)
#define CART_2 IP(10, 0, 0, 3, 8080)
#define LOOP IP(127, 0, 0, 1, 50000)
#define LOOP_WEB IP(127, 0, 0, 1, 8080)

static const struct vector vectors[] = {
    {"an endpoint without a name",
     {{CLIENT, FRONT, "", NULL, NULL}},
     1,
     "10.0.0.9>10.0.0.1:8080 1"},
    {"its Host names it",
     {{CLIENT, FRONT, "Shop.Example:80", NULL, NULL}},
     1,
     "10.0.0.9>shop.example 1"},
    {"an address, or localhost, is no name",
     {{CLIENT, FRONT, "10.0.0.1:8080", NULL, NULL},
      {CLIENT, FRONT, "localhost:8080", NULL, NULL},
      {CLIENT, FRONT, "[::1]:8080", NULL, NULL}},
     3,
     "10.0.0.9>10.0.0.1:8080 3"},
    {"a stronger name counts for what was before",
     {{CLIENT, FRONT, "", NULL, NULL},
      {CLIENT, FRONT, "shop", NULL, NULL},
      {CLIENT, FRONT, "shop", "frontend", NULL},
      {CLIENT, FRONT, "other", NULL, NULL}},
     4,
     "10.0.0.9>frontend 4"},
    {"virtual hosts are services of their own",
     {{CLIENT, FRONT, "a", NULL, NULL},
      {CLIENT, FRONT, "b", NULL, NULL},
      {CLIENT, FRONT, "b", NULL, NULL}},
     3,
     "10.0.0.9>b 2, 10.0.0.9>a 1"},
    {"endpoints of one name are one service",
     {{CLIENT, CART, "cart", NULL, NULL}, {CLIENT, CART_2, "cart", NULL, NULL}},
     2,
     "10.0.0.9>cart 2"},
    {"a client that serves is its service",
     {{CLIENT, FRONT, "frontend", NULL, NULL},
      {FRONT_OUT, CART, "cart", NULL, NULL}},
     2,
     "frontend>cart 1, 10.0.0.9>frontend 1"},
    {"also when it called before it served",
     {{FRONT_OUT, CART, "cart", NULL, NULL},
      {CLIENT, FRONT, "frontend", NULL, NULL}},
     2,
     "frontend>cart 1, 10.0.0.9>frontend 1"},
    {"not when it serves as two",
     {{FRONT_OUT, CART, "cart", NULL, NULL},
      {CLIENT, FRONT, "frontend", NULL, NULL},
      {CLIENT, FRONT_ADMIN, "admin", NULL, NULL}},
     3,
     "10.0.0.9>admin 1, 10.0.0.1>cart 1, 10.0.0.9>frontend 1"},
    {"everybody is on loopback",
     {{LOOP, LOOP_WEB, "web", NULL, NULL}},
     1,
     "127.0.0.1>web 1"},
    {"a named client",
     {{CLIENT, FRONT, "shop", NULL, "tester"}},
     1,
     "tester>shop 1"},
    {"a named client that serves by that name",
     {{FRONT_OUT, CART, "cart", NULL, "frontend"},
      {CLIENT, FRONT, "frontend", NULL, NULL}},
     2,
     "frontend>cart 1, 10.0.0.9>frontend 1"},
    {"the internet is one client",
     {{IP(8, 8, 8, 8, 1), FRONT, "shop", NULL, NULL},
      {IP(9, 9, 9, 9, 1), FRONT, "shop", NULL, NULL}},
     2,
     "internet>shop 2"},
};

static void call_by(struct mt_writer *w, uint64_t conn, struct mt_addr from,
                    const char *process, struct mt_addr to,
                    const char *server_process)
{
    struct mt_exchange x = simple(T0 + (int64_t)conn * MS);
    x.conn = conn;
    x.client.addr = from;
    x.client.service = mt_span_str(process);
    x.client.name_source = process[0] != 0 ? MT_NAME_PROCESS : MT_NAME_NONE;
    x.server.addr = to;
    x.server.service = mt_span_str(server_process);
    x.server.name_source = MT_NAME_PROCESS;
    writer_add(w, &x);
}

/* Processes share an address: each is a client of its own, also by a writer
 * that comes later, and one that serves is that service. */
static void test_processes(void **state)
{
    (void)state;
    const struct mt_addr web = LOOP_WEB, cart = IP(127, 0, 0, 1, 8081);
    const struct mt_addr from = LOOP;
    struct dir d;
    dir_make(&d);
    for (int run = 0; run < 2; run++) {
        struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
        call_by(w, 1, from, "curl", web, "web");
        call_by(w, 2, from, "wget", web, "web");
        call_by(w, 3, from, "web", cart, "cart");
        call_by(w, 4, from, "", cart, "cart");
        writer_close(w);
    }
    const char *edges = edges_of(d.db);
    assert_non_null(strstr(edges, "curl>web 2"));
    assert_non_null(strstr(edges, "wget>web 2"));
    assert_non_null(strstr(edges, "web>cart 2"));
    assert_non_null(strstr(edges, "127.0.0.1>cart 2"));
    dir_remove(&d);
}

/* A process that was missed on the tap's machine is not who serves there. */
static void test_missed_callers(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    for (int run = 0; run < 2; run++) {
        struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
        struct mt_exchange x = simple(T0 + MS);
        x.conn = 1;
        x.client.addr = (struct mt_addr)FRONT_OUT;
        x.client.service = MT_SPAN("10.0.0.1");
        x.client.name_source = MT_NAME_ADDRESS;
        x.server.addr = (struct mt_addr)FRONT;
        x.authority = MT_SPAN("frontend");
        writer_add(w, &x);
        writer_close(w);
    }
    assert_string_equal(edges_of(d.db), "10.0.0.1>frontend 2");
    dir_remove(&d);
}

/* A name that is told after the last exchange is that of the rows, too; a
 * stronger one stays, and nobody is made by a name alone. */
static void test_names_told_later(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    const struct call calls[] = {{CLIENT, FRONT, "", NULL, NULL},
                                 {CLIENT, CART, "cart", NULL, NULL},
                                 {CLIENT, CART_2, "", "stock", NULL}};
    const struct mt_addr front = FRONT, cart = CART, stock = CART_2;
    const struct mt_addr nobody = FRONT_ADMIN,
                         cart_address = IP(10, 0, 0, 2, 0);
    run_calls(d.db, calls, 3);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    const struct mt_addr *const told[] = {&front, &stock, &nobody};
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        assert_int_equal(mt_writer_name(w, told[i], MT_SPAN("nginx"),
                                        MT_NAME_PROCESS, T0 + S),
                         0);
    assert_int_equal(
        mt_writer_name(w, &cart_address, MT_SPAN("pod"), MT_NAME_NRB, T0), 0);
    assert_int_equal(mt_writer_commit(w, T0 + S), 0);
    assert_string_equal(edges_of(d.db),
                        "10.0.0.9>cart 1, 10.0.0.9>nginx 1, 10.0.0.9>stock 1");
    assert_int_equal(
        mt_writer_name(w, &cart, MT_SPAN("python3"), MT_NAME_PROCESS, T0), 0);
    writer_close(w);
    assert_string_equal(
        edges_of(d.db),
        "10.0.0.9>nginx 1, 10.0.0.9>python3 1, 10.0.0.9>stock 1");
    assert_string_equal(
        ask_text(d.db, "SELECT group_concat(name) FROM (SELECT n.name FROM "
                       "service_name n JOIN service s ON s.id=n.service WHERE "
                       "s.addr=167772162 ORDER BY n.name)"),
        "cart,python3");
    dir_remove(&d);
}

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        struct dir d;
        dir_make(&d);
        run_calls(d.db, v->calls, v->count);
        const char *got = edges_of(d.db);
        if (strcmp(got, v->edges) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", v->name, got, v->edges);
        /* in two runs of one database: the same */
        dir_remove(&d);
        dir_make(&d);
        for (size_t j = 0; j < v->count; j++)
            run_calls(d.db, v->calls + j, 1);
        got = edges_of(d.db);
        if (strcmp(got, v->edges) != 0)
            fail_msg("%s, a run each: got \"%s\", want \"%s\"", v->name, got,
                     v->edges);
        dir_remove(&d);
    }
}

static void test_names_have_a_history(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    run_calls(d.db, vectors[3].calls, vectors[3].count);
    assert_string_equal(
        ask_text(d.db, "SELECT group_concat(name) FROM (SELECT n.name FROM "
                       "service_name n JOIN service s ON s.id=n.service WHERE "
                       "s.port=8080 ORDER BY from_ns)"),
        "frontend");
    dir_remove(&d);
    dir_make(&d);
    for (size_t j = 0; j < 3; j++)
        run_calls(d.db, vectors[3].calls + j, 1);
    assert_string_equal(
        ask_text(d.db, "SELECT group_concat(name) FROM (SELECT n.name FROM "
                       "service_name n JOIN service s ON s.id=n.service WHERE "
                       "s.port=8080 ORDER BY n.name)"),
        "10.0.0.1:8080,frontend,shop");
    dir_remove(&d);
}

static void test_bounds(void **state)
{
    (void)state;
    struct dir d;
    dir_make(&d);
    struct mt_writer *w = writer_open(d.db, (struct mt_writer_options){0});
    char host[32];
    for (unsigned i = 0; i < 20; i++) { /* hosts of one endpoint */
        struct mt_exchange x = simple(T0 + i);
        x.authority = text_of(host, sizeof host, "host-", i);
        writer_add(w, &x);
    }
    for (unsigned i = 0; i < 300; i++) { /* private clients */
        struct mt_exchange x = simple(T0 + 100 + i);
        x.client.addr = v4(10, 7, i / 200, i % 200 + 1, 5000);
        writer_add(w, &x);
    }
    for (unsigned i = 0; i < 3000; i++) { /* endpoints */
        struct mt_exchange x = simple(T0 + 1000 + i);
        x.server.addr = v4(10, 9, i / 200, i % 200 + 1, 80);
        writer_add(w, &x);
    }
    writer_close(w);
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM service WHERE "
                                      "name LIKE 'host-%'"),
                     8);
    assert_int_equal(
        ask_number(d.db, "SELECT sum(n) FROM edge_cell c JOIN edge g ON "
                         "g.id=c.key JOIN service s ON s.id=g.server WHERE "
                         "level=1 AND s.name='host-0'"),
        13 + 300);
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM service WHERE "
                                      "kind=3"),
                     64);
    assert_string_equal(ask_text(d.db, "SELECT group_concat(name) FROM (SELECT "
                                       "name FROM service WHERE kind=4 ORDER "
                                       "BY name)"),
                        "10.7.0.0/24,10.7.1.0/24");
    assert_int_equal(ask_number(d.db, "SELECT count(*) FROM service"), 1001);
    assert_int_equal(
        ask_number(d.db, "SELECT sum(n) FROM edge_cell WHERE level=1"), 3320);
    dir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_processes),
        cmocka_unit_test(test_missed_callers),
        cmocka_unit_test(test_names_told_later),
        cmocka_unit_test(test_names_have_a_history),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests_name("store/service", tests, NULL, NULL);
}
