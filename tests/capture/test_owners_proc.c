/* Lines of socket tables, and what a process is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/text_addr.h"
#include "capture/owners_proc.h"

/* ---- sockets ---- */

struct line {
    const char *text;
    const char *local, *remote; /* NULL: no socket */
    unsigned state, uid;
    uint64_t inode;
};

static const struct line lines[] = {
    {"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 "
     "00000000     0        0 12345 1 0000000000000000 100 0 0 10 0",
     "127.0.0.1:8080", "0.0.0.0", MT_SOCKET_LISTEN, 0, 12345},
    {"  17: 0F02000A:0016 0202000A:C5F2 01 00000000:00000000 02:000A7D8B "
     "00000000  1000        0 21017 4 0000000000000000 20 4 31 10 -1",
     "10.0.2.15:22", "10.0.2.2:50674", MT_SOCKET_ESTABLISHED, 1000, 21017},
    /* time-wait: nobody's any more */
    {"   3: 0100007F:1F90 0100007F:D431 06 00000000:00000000 03:00000CBE "
     "00000000     0        0 0 3 0000000000000000",
     "127.0.0.1:8080", "127.0.0.1:54321", 6, 0, 0},
    {"   1: 00000000000000000000000000000000:0050 "
     "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 "
     "00000000     0        0 777 1 0000000000000000 100 0 0 10 0",
     "[::]:80", "::", MT_SOCKET_LISTEN, 0, 777},
    {"   2: 0000000000000000FFFF00000100007F:0050 "
     "0000000000000000FFFF00000100007F:9C40 01 00000000:00000000 00:00000000 "
     "00000000    33        0 778 1 0000000000000000",
     "127.0.0.1:80", "127.0.0.1:40000", MT_SOCKET_ESTABLISHED, 33, 778},
    {"   4: B80D0120000000000000000001000000:01BB "
     "B80D0120000000000000000002000000:8000 01 00000000:00000000 00:00000000 "
     "00000000    33        0 779 1 0000000000000000",
     "[2001:db8::1]:443", "[2001:db8::2]:32768", MT_SOCKET_ESTABLISHED, 33,
     779},
    /* udp */
    {" 1234: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 "
     "00000000   101        0 999 2 0000000000000000 0",
     "0.0.0.0:53", "0.0.0.0", MT_SOCKET_CLOSE, 101, 999},
    {"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
     "retrnsmt   uid  timeout inode",
     NULL, NULL, 0, 0, 0},
    {"", NULL, NULL, 0, 0, 0},
    {"0: 0100007F:1F90 00000000:0000 0A 0:0 00:0 0 0 0", NULL, NULL, 0, 0, 0},
    {"0: 0100007F:1F90 00000000:0000 0A 0:0 00:0 0 x 0 1", NULL, NULL, 0, 0, 0},
    {"0: 0100007F:1F90 00000000:0000 1FF 0:0 00:0 0 0 0 1", NULL, NULL, 0, 0,
     0},
    {"0: 0100007F:1F9 00000000:0000 0A 0:0 00:0 0 0 0 1", NULL, NULL, 0, 0, 0},
    {"0: 0100007G:1F90 00000000:0000 0A 0:0 00:0 0 0 0 1", NULL, NULL, 0, 0, 0},
    {"0: 0100007F:1F90 00000000:0000 0A 0:0 00:0 0 4294967296 0 1", NULL, NULL,
     0, 0, 0},
};

static struct mt_addr addr_of(const char *text)
{
    struct mt_addr a = {.port = 0};
    assert_int_equal(mt_parse_ip_port(mt_span_str(text), a.ip, &a.port), 0);
    return a;
}

static void assert_addr(const struct mt_addr *got, const char *want)
{
    struct mt_addr a = addr_of(want);
    assert_memory_equal(got->ip, a.ip, 16);
    assert_int_equal(got->port, a.port);
}

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const struct line *l = &lines[i];
        struct mt_socket s = {.transport = 6};
        if (mt_socket_line(mt_span_str(l->text), &s) != (l->local != NULL))
            fail_msg("%s", l->text);
        if (l->local == NULL)
            continue;
        assert_addr(&s.local, l->local);
        assert_addr(&s.remote, l->remote);
        assert_int_equal(s.state, l->state);
        assert_int_equal(s.uid, l->uid);
        assert_int_equal(s.inode, l->inode);
        assert_int_equal(s.transport, 6);
    }
}

/* Cut anywhere, in a copy of just that size: no other socket comes out. */
static void test_cut_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < 7; i++) {
        size_t n = strlen(lines[i].text);
        for (size_t cut = 0; cut < n; cut++) {
            uint8_t *copy = malloc(cut + 1);
            memcpy(copy, lines[i].text, cut);
            struct mt_socket s = {.transport = 6};
            if (mt_socket_line((struct mt_span){copy, cut}, &s)) {
                assert_addr(&s.local, lines[i].local);
                assert_int_equal(s.uid, lines[i].uid);
            }
            free(copy);
        }
    }
}

static void test_who_listens(void **state)
{
    (void)state;
    static const struct {
        const char *bound, *asked;
        unsigned state;
        bool want;
    } rows[] = {
        {"10.0.0.1:80", "10.0.0.1:80", MT_SOCKET_LISTEN, true},
        {"10.0.0.1:80", "10.0.0.2:80", MT_SOCKET_LISTEN, false},
        {"10.0.0.1:80", "10.0.0.1:81", MT_SOCKET_LISTEN, false},
        {"10.0.0.1:80", "10.0.0.1:80", MT_SOCKET_ESTABLISHED, false},
        {"0.0.0.0:80", "10.0.0.1:80", MT_SOCKET_LISTEN, true},
        {"0.0.0.0:80", "[2001:db8::1]:80", MT_SOCKET_LISTEN, false},
        {"[::]:80", "10.0.0.1:80", MT_SOCKET_LISTEN, true},
        {"[::]:80", "[2001:db8::1]:80", MT_SOCKET_LISTEN, true},
        {"0.0.0.0:53", "10.0.0.1:53", MT_SOCKET_CLOSE, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_socket s = {.local = addr_of(rows[i].bound),
                              .state = (uint8_t)rows[i].state};
        struct mt_addr a = addr_of(rows[i].asked);
        if (mt_socket_listens(&s, &a) != rows[i].want)
            fail_msg("row %zu", i);
    }
}

static void test_links(void **state)
{
    (void)state;
    assert_int_equal(mt_socket_inode(MT_SPAN("socket:[123]")), 123);
    assert_int_equal(mt_socket_inode(MT_SPAN("socket:[123")), 0);
    assert_int_equal(mt_socket_inode(MT_SPAN("socket:[123]x")), 0);
    assert_int_equal(mt_socket_inode(MT_SPAN("socket:[]")), 0);
    assert_int_equal(mt_socket_inode(MT_SPAN("pipe:[123]")), 0);
    assert_int_equal(mt_socket_inode(MT_SPAN("/tmp/socket:[123]")), 0);
    assert_int_equal(mt_netns_inode(MT_SPAN("net:[4026531840]")), 4026531840);
    assert_int_equal(mt_netns_inode(MT_SPAN("mnt:[4026531840]")), 0);
}

/* ---- names ---- */

#define COMMAND(...) MT_SPAN(__VA_ARGS__ "\0")

struct name {
    const char *comm;
    struct mt_span command;
    const char *want;
};

#define NAME(comm_, want_, ...)                                            \
    {                                                                      \
        comm_ "\n", {(const uint8_t *)(__VA_ARGS__), sizeof(__VA_ARGS__)}, \
            want_                                                          \
    }

static const struct name names[] = {
    NAME("nginx", "nginx", "nginx: worker process"),
    NAME("postgres", "postgres", "postgres: main app 10.0.0.1(5) idle"),
    NAME("redis-server", "redis-server", "/usr/bin/redis-server *:6379"),
    /* scripts */
    NAME("python3", "app.py", "python3\0app.py"),
    NAME("python3.11", "app.py", "/usr/bin/python3.11\0-u\0/srv/app.py\0x"),
    NAME("python3", "gunicorn", "/usr/bin/python3\0/usr/bin/gunicorn\0a:b"),
    NAME("python3", "http.server",
         "python3\0-m\0http.server\0"
         "8080"),
    NAME("python3", "app.py", "python3\0-W\0ignore\0-X\0dev\0app.py"),
    NAME("node", "server.js", "node\0--max-old-space-size=512\0server.js"),
    NAME("node", "server.js", "node\0--inspect\0dist/server.js"),
    NAME("node", "server.js", "node\0-r\0dotenv/config\0server.js"),
    NAME("ruby", "puma", "ruby\0/usr/bin/puma\0-C\0x"),
    NAME("perl", "starman", "perl\0-I\0lib\0/usr/bin/starman"),
    NAME("bash", "entry.sh", "/bin/bash\0-x\0/entry.sh\0--password\0x"),
    NAME("sh", "run", "sh\0./run"),
    NAME("deno", "main.ts", "deno\0run\0main.ts"),
    NAME("php-fpm8.2", "php-fpm8", "php-fpm: pool www"),
    /* java and .NET */
    NAME("java", "orders", "/opt/jdk/bin/java\0-Xmx1g\0-jar\0/srv/orders.jar"),
    NAME("java", "com.example.Orders",
         "java\0-cp\0a.jar:b.jar\0-Dpassword=x\0com.example.Orders\0arg"),
    NAME("java", "orders", "java\0-jar\0orders-1.4.2.jar"),
    NAME("dotnet", "Shop.Api", "dotnet\0Shop.Api.dll"),
    /* code and values are never told, nor are other arguments */
    NAME("python3", "python3", "python3\0-c\0password='x'"),
    NAME("python3", "python3", "python3\0-uc\0password='x'"),
    NAME("bash", "bash", "bash\0-lc\0curl -u user:secret http://x"),
    NAME("sh", "sh", "sh\0-c\0PGPASSWORD=secret psql"),
    NAME("perl", "perl", "perl\0-ne\0secret"),
    NAME("node", "node", "node\0--eval\0secret"),
    NAME("node", "node", "node\0--unknown\0secret"),
    NAME("node", "app.js", "node\0--unknown\0secret\0app.js"),
    NAME("python3", "python3", "python3"),
    NAME("python3", "python3", "python3\0-"),
    NAME("curl", "curl", "curl\0-H\0Authorization: secret"),
    /* odd texts become clean ones */
    NAME("Web Content", "Web-Content", "firefox\0-contentproc"),
    NAME("(sd-pam)", "sd-pam", "(sd-pam)"),
    NAME("kworker/0:1", "kworker-0-1", ""),
    NAME("a\xff\x1b[31mb", "a-31mb", "x"),
    NAME("python3.11", "python3", "python3.11\0-c\0x"),
    NAME("app.1", "app", "app.1"),
    NAME("worker-7", "worker-7", "worker-7"),
    NAME("10.0.0.1", "10", "10.0.0.1"),
    NAME("...", "", "..."),
    NAME("", "server", "/usr/bin/server\0-x"),
    NAME("", "", ""),
    NAME("x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "python\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.py"),
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char out[MT_OWNER_PROCESS_BYTES];
        mt_process_name(mt_span_str(names[i].comm), names[i].command, out);
        if (strcmp(out, names[i].want) != 0)
            fail_msg("row %zu (%s): \"%s\", want \"%s\"", i, names[i].comm, out,
                     names[i].want);
    }
}

/* A command line is read up to a bound: a cut never shows more. */
static void test_cut_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (size_t cut = 0; cut < names[i].command.len; cut++) {
            char out[MT_OWNER_PROCESS_BYTES];
            uint8_t *copy = malloc(cut + 1);
            memcpy(copy, names[i].command.ptr, cut);
            mt_process_name(mt_span_str(names[i].comm),
                            (struct mt_span){copy, cut}, out);
            free(copy);
            assert_null(strstr(out, "secret"));
            assert_null(strstr(out, "password"));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),       cmocka_unit_test(test_cut_lines),
        cmocka_unit_test(test_who_listens), cmocka_unit_test(test_links),
        cmocka_unit_test(test_names),       cmocka_unit_test(test_cut_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
