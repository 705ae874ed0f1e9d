/* Real sockets and their processes, and made-up trees with containers. */
#include "in_child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/text_addr.h"
#include "capture/owners.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID "6f1a2b3c-4d5e-6f70-8192-a3b4c5d6e7f8"

static struct mt_addr addr_of(const char *text)
{
    struct mt_addr a = {.port = 0};
    assert_int_equal(mt_parse_ip_port(mt_span_str(text), a.ip, &a.port), 0);
    return a;
}

/* ---- real sockets ---- */

static struct mt_addr name_of(int fd, bool remote)
{
    struct sockaddr_storage s;
    socklen_t n = sizeof s;
    struct mt_addr a = {.ip = {[10] = 0xff, [11] = 0xff}};
    struct sockaddr *name = (struct sockaddr *)&s;
    int rc = remote ? getpeername(fd, name, &n) : getsockname(fd, name, &n);
    assert_int_equal(rc, 0);
    if (s.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&s;
        memcpy(a.ip + 12, &in->sin_addr, 4);
        a.port = ntohs(in->sin_port);
    } else {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)&s;
        memcpy(a.ip, &in->sin6_addr, 16);
        a.port = ntohs(in->sin6_port);
    }
    return a;
}

struct connection {
    int listener, client, server;
};

/* On loopback. The listener is for any address where `any`. */
static void connection_open(struct connection *c, int family, bool any)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct sockaddr *a = (struct sockaddr *)&in;
    socklen_t n = sizeof in;
    in.sin_addr.s_addr = htonl(any ? INADDR_ANY : INADDR_LOOPBACK);
    in6.sin6_addr = any ? in6addr_any : in6addr_loopback;
    if (family == AF_INET6) {
        a = (struct sockaddr *)&in6;
        n = sizeof in6;
    }
    c->listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c->listener >= 0);
    assert_int_equal(bind(c->listener, a, n), 0);
    assert_int_equal(listen(c->listener, 4), 0);
    assert_int_equal(getsockname(c->listener, a, &n), 0);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in6.sin6_addr = in6addr_loopback;
    c->client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(c->client, a, n), 0);
    c->server = accept(c->listener, NULL, NULL);
    assert_true(c->server >= 0);
}

static void connection_close(const struct connection *c)
{
    (void)close(c->listener);
    (void)close(c->client);
    (void)close(c->server);
}

static struct mt_owner find(struct mt_owners *o, struct mt_addr local,
                            struct mt_addr remote)
{
    struct mt_owner owner;
    mt_owners_find(o,
                   &(struct mt_owner_query){.local = local,
                                            .remote = remote,
                                            .transport = IPPROTO_TCP},
                   &owner);
    return owner;
}

static void assert_mine(const struct mt_owner *o, bool listens)
{
    assert_true(o->found && o->known);
    assert_int_equal(o->listens, listens);
    assert_int_equal(o->pid, getpid());
    assert_int_equal(o->uid, geteuid());
    /* comm has 15 bytes */
    assert_string_equal(o->process, "test_capture_ow");
}

static void check_real(int family, bool no_diag, bool any)
{
    struct connection c;
    connection_open(&c, family, any);
    struct mt_owners *o =
        mt_owners_new(&(struct mt_owners_config){.no_diag = no_diag});
    assert_non_null(o);
    struct mt_addr here = name_of(c.client, false),
                   there = name_of(c.client, true);
    struct mt_owner client = find(o, here, there);
    assert_mine(&client, false);
    struct mt_owner server = find(o, there, here);
    assert_mine(&server, true);
    /* nobody is connected from there, but who listens is known */
    struct mt_addr nobody = here;
    nobody.port ^= 1;
    struct mt_owner listener = find(o, there, nobody);
    assert_mine(&listener, true);
    struct mt_owner none = find(o, nobody, there);
    assert_false(none.found || none.known || none.listens);
    connection_close(&c);
    struct mt_owners_stats s = mt_owners_counters(o);
    assert_int_equal(s.asked, 4);
    assert_int_equal(s.known, 3);
    mt_owners_free(o);
}

static void test_real_sockets(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        check_real(i & 1 ? AF_INET6 : AF_INET, i & 2, i & 4);
}

struct beginner {
    struct connection c;
    pthread_barrier_t barrier;
};

static void *begin(void *arg)
{
    struct beginner *b = arg;
    (void)prctl(PR_SET_NAME, "a-thread");
    connection_open(&b->c, AF_INET, false);
    (void)pthread_barrier_wait(&b->barrier);
    (void)pthread_barrier_wait(&b->barrier);
    return NULL;
}

/* Who has just begun is found by the numbers that were given last, which may be
 * a thread's: named is its process. */
static void test_a_beginning(void **state)
{
    (void)state;
    struct beginner b;
    pthread_t thread;
    struct mt_owners *o = mt_owners_new(&(struct mt_owners_config){0});
    assert_non_null(o);
    assert_int_equal(pthread_barrier_init(&b.barrier, NULL, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, begin, &b), 0);
    (void)pthread_barrier_wait(&b.barrier);
    struct mt_owner_query q = {.local = name_of(b.c.client, false),
                               .remote = name_of(b.c.client, true),
                               .transport = IPPROTO_TCP,
                               .begins = true};
    struct mt_owner owner;
    mt_owners_find(o, &q, &owner);
    assert_mine(&owner, false);
    mt_owners_find(o, &q, &owner); /* remembered */
    assert_mine(&owner, false);
    q.local.port ^= 1;
    mt_owners_find(o, &q, &owner);
    assert_false(owner.found || owner.known);
    (void)pthread_barrier_wait(&b.barrier);
    assert_int_equal(pthread_join(thread, NULL), 0);
    connection_close(&b.c);
    (void)pthread_barrier_destroy(&b.barrier);
    mt_owners_free(o);
}

/* Someone listens on that port for any address; another machine's is not
 * ours for that. */
static void test_foreign_address_is_not_ours(void **state)
{
    (void)state;
    for (int no_diag = 0; no_diag < 2; no_diag++) {
        struct connection c;
        connection_open(&c, AF_INET, true);
        struct mt_owners *o =
            mt_owners_new(&(struct mt_owners_config){.no_diag = no_diag});
        struct mt_addr elsewhere = addr_of("198.51.100.7:1");
        elsewhere.port = name_of(c.listener, false).port;
        struct mt_owner owner = find(o, elsewhere, addr_of("10.0.0.1:999"));
        assert_false(owner.found || owner.listens);
        mt_owners_free(o);
        connection_close(&c);
    }
}

static void test_udp(void **state)
{
    (void)state;
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server, (struct sockaddr *)&a, n), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&a, &n), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&a, n), 0);
    for (int no_diag = 0; no_diag < 2; no_diag++) {
        struct mt_owners *o =
            mt_owners_new(&(struct mt_owners_config){.no_diag = no_diag});
        struct mt_owner_query q = {.local = name_of(server, false),
                                   .remote = name_of(client, false),
                                   .transport = IPPROTO_UDP};
        struct mt_owner owner;
        mt_owners_find(o, &q, &owner);
        assert_mine(&owner, true);
        struct mt_addr swap = q.local;
        q.local = q.remote;
        q.remote = swap;
        mt_owners_find(o, &q, &owner);
        assert_mine(&owner, false);
        mt_owners_free(o);
    }
    (void)close(server);
    (void)close(client);
}

/* A socket of another namespace, owned by a child there. */
static void child_elsewhere(int out)
{
    child_begin();
    struct connection c;
    NEED(unshare(CLONE_NEWNET) == 0);
    /* its addresses without an interface: ours is down, so bind is enough */
    c.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(8099)};
    int one = 1;
    NEED(setsockopt(c.listener, IPPROTO_IP, IP_FREEBIND, &one, sizeof one) ==
         0);
    NEED(inet_pton(AF_INET, "192.0.2.77", &a.sin_addr) == 1);
    NEED(bind(c.listener, (struct sockaddr *)&a, sizeof a) == 0);
    NEED(listen(c.listener, 4) == 0);
    NEED(write(out, "x", 1) == 1);
    (void)pause();
}

static void test_another_network_namespace(void **state)
{
    (void)state;
    need_root();
    need_namespaces();
    need_other_processes();
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        child_elsewhere(ready[1]);
    (void)close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    struct mt_owners *o = mt_owners_new(&(struct mt_owners_config){0});
    struct mt_owner owner =
        find(o, addr_of("192.0.2.77:8099"), addr_of("192.0.2.1:40000"));
    assert_true(owner.known && owner.listens);
    assert_int_equal(owner.pid, pid);
    mt_owners_free(o);
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    (void)close(ready[0]);
}

/* ---- made-up trees ---- */

struct tree {
    char root[32], proc[64], logs[64];
};

static void path_in(char out[256], const struct tree *t, const char *path)
{
    (void)snprintf(out, 256, "%s/%s", t->root, path);
    for (char *c = out + strlen(t->root) + 1; *c != '\0'; c++)
        if (*c == '/') {
            *c = '\0';
            (void)mkdir(out, 0700);
            *c = '/';
        }
}

static void put_file(const struct tree *t, const char *path, const void *text,
                     size_t n)
{
    char full[256];
    path_in(full, t, path);
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void put_link(const struct tree *t, const char *path, const char *to)
{
    char full[256];
    path_in(full, t, path);
    (void)unlink(full);
    assert_int_equal(symlink(to, full), 0);
}

#define FILE_OF(t, path, text) put_file(t, path, text, sizeof(text) - 1)

/* tcp's head line and columns that say nothing here */
#define HEAD "  sl  local_address rem_address   st\n"
#define ROW(local, remote, st, uid, inode)                             \
    "   0: " local " " remote " " st " 00000000:00000000 00:00000000 " \
    "00000000  " uid "  0 " inode " 1 0000000000000000 100 0 0 10 0\n"

/* Process 1 is the host's. 200 and 201 are a pod's, 300 is docker's: all
 * listen on port 80 of their namespaces. */
static void tree_open(struct tree *t)
{
    (void)snprintf(t->root, sizeof t->root, "/tmp/meshtop-owners-XXXXXX");
    assert_non_null(mkdtemp(t->root));
    (void)snprintf(t->proc, sizeof t->proc, "%s/proc", t->root);
    (void)snprintf(t->logs, sizeof t->logs, "%s/log", t->root);
    FILE_OF(t, "proc/1/comm", "init\n");
    put_link(t, "proc/1/ns/net", "net:[100]");
    put_link(t, "proc/self/ns/net", "net:[100]");
    FILE_OF(t, "proc/1/net/tcp",
            HEAD ROW("0100007F:0050", "00000000:0000", "0A", "0", "11"));
    put_link(t, "proc/1/fd/0", "/dev/null");
    put_link(t, "proc/1/fd/3", "socket:[11]");
    FILE_OF(t, "proc/1/cgroup", "0::/init.scope\n");

    /* 10.1.0.2:80, and one connection from 10.1.0.9:40000 */
    FILE_OF(t, "proc/200/comm", "python3\n");
    FILE_OF(t, "proc/200/cmdline", "python3\0/srv/users.py\0--token\0x");
    put_link(t, "proc/200/ns/net", "net:[200]");
    FILE_OF(t, "proc/200/net/tcp",
            HEAD ROW("00000000:0050", "00000000:0000", "0A", "33", "21")
                ROW("0200010A:0050", "0900010A:9C40", "01", "33", "22")
                    ROW("0100007F:1F90", "00000000:0000", "0A", "33", "23"));
    put_link(t, "proc/200/fd/4", "socket:[21]");
    FILE_OF(t, "proc/200/cgroup", "0::/kubepods/pod" UID "/" ID "\n");
    /* the connection is its worker's */
    FILE_OF(t, "proc/201/comm", "worker\n");
    put_link(t, "proc/201/ns/net", "net:[200]");
    put_link(t, "proc/201/fd/5", "socket:[22]");
    FILE_OF(t, "proc/201/cgroup", "0::/kubepods/pod" UID "/" ID "\n");

    FILE_OF(t, "proc/300/comm", "nginx\n");
    put_link(t, "proc/300/ns/net", "net:[300]");
    FILE_OF(t, "proc/300/net/tcp6",
            HEAD ROW("00000000000000000000000000000000:0050",
                     "00000000000000000000000000000000:0000", "0A", "0", "31")
                ROW("0000000000000000FFFF0000030011AC:0050",
                    "0000000000000000FFFF0000010011AC:9C40", "06", "0", "0"));
    put_link(t, "proc/300/fd/6", "socket:[31]");
    FILE_OF(t, "proc/300/cgroup", "0::/system.slice/docker-" ID2 ".scope\n");
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static void tree_close(const struct tree *t)
{
    assert_int_equal(nftw(t->root, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static struct mt_owners *owners_of(const struct tree *t, uint32_t sockets_max)
{
    struct mt_owners *o =
        mt_owners_new(&(struct mt_owners_config){.proc = t->proc,
                                                 .logs = t->logs,
                                                 .no_diag = true,
                                                 .sockets_max = sockets_max});
    assert_non_null(o);
    return o;
}

static struct mt_owner ask(struct mt_owners *o, const char *local,
                           const char *remote, int64_t ts_ns)
{
    struct mt_owner owner;
    mt_owners_find(o,
                   &(struct mt_owner_query){.local = addr_of(local),
                                            .remote = addr_of(remote),
                                            .transport = IPPROTO_TCP,
                                            .ts_ns = ts_ns},
                   &owner);
    return owner;
}

static void assert_owner(const struct mt_owner *o, unsigned pid,
                         const char *process, const char *container)
{
    assert_true(o->known);
    assert_int_equal(o->pid, pid);
    assert_string_equal(o->process, process);
    assert_string_equal(o->container, container);
    assert_int_equal(o->container_named, strstr(container, "users-") != NULL);
}

static void test_containers_by_their_namespaces(void **state)
{
    (void)state;
    struct tree t;
    tree_open(&t);
    struct mt_owners *o = owners_of(&t, 0);
    struct mt_owner a = ask(o, "127.0.0.1:80", "127.0.0.1:4000", 0);
    assert_owner(&a, 1, "init", "");
    assert_true(a.listens);
    a = ask(o, "10.1.0.2:80", "10.1.0.9:40000", 0);
    assert_owner(&a, 201, "worker", "0123456789ab");
    assert_int_equal(a.uid, 33);
    assert_true(a.listens);
    a = ask(o, "10.1.0.2:80", "10.1.0.9:40001", 0);
    assert_owner(&a, 200, "users.py", "0123456789ab");
    /* a [::] listener takes IPv4; its namespace has the address */
    a = ask(o, "172.17.0.3:80", "172.17.0.1:5", 0);
    assert_owner(&a, 300, "nginx", "fedcba987654");
    assert_true(a.listens);
    /* no namespace has this one, whoever listens on its port */
    a = ask(o, "10.1.0.3:80", "10.1.0.9:40000", 0);
    assert_false(a.found || a.listens || a.known);
    /* nor does another's loopback answer for the tap's */
    a = ask(o, "127.0.0.1:8080", "127.0.0.1:4000", 0);
    assert_false(a.found);
    mt_owners_free(o);
    tree_close(&t);
}

static void test_pod_names(void **state)
{
    (void)state;
    struct tree t;
    tree_open(&t);
    struct mt_owners *o = owners_of(&t, 0);
    const char *local = "10.1.0.2:80", *remote = "10.1.0.9:40000";
    FILE_OF(&t, "log/pods/shop_users-7d9f8-x2x4z_" UID "/app/0.log", "");
    mt_owners_free(o);
    o = owners_of(&t, 0);
    struct mt_owner a = ask(o, local, remote, 0);
    assert_owner(&a, 201, "worker", "users-7d9f8-x2x4z");
    put_link(&t, "log/containers/users-7d9f8-x2x4z_shop_app-" ID ".log", "x");
    put_link(&t, "log/containers/other_shop_app-" ID2 ".log", "x");
    a = ask(o, local, remote, 0);
    assert_owner(&a, 201, "worker", "users-7d9f8-x2x4z/app");
    /* it stays known when the log is gone */
    char path[256];
    path_in(path, &t, "log/containers/users-7d9f8-x2x4z_shop_app-" ID ".log");
    assert_int_equal(unlink(path), 0);
    a = ask(o, local, remote, 0);
    assert_owner(&a, 201, "worker", "users-7d9f8-x2x4z/app");
    mt_owners_free(o);
    tree_close(&t);
}

/* What came after the first look is seen at the next flow. */
static void test_new_process_is_seen(void **state)
{
    (void)state;
    struct tree t;
    tree_open(&t);
    struct mt_owners *o = owners_of(&t, 0);
    struct mt_owner a = ask(o, "10.1.0.2:80", "10.1.0.9:40000", 0);
    assert_true(a.known);
    FILE_OF(&t, "proc/200/net/tcp",
            HEAD ROW("0200010A:9000", "0800010A:0050", "01", "33", "29"));
    put_link(&t, "proc/31000/ns/net", "net:[200]");
    put_link(&t, "proc/31000/fd/3", "socket:[29]");
    FILE_OF(&t, "proc/31000/comm", "curl\n");
    a = ask(o, "10.1.0.2:36864", "10.1.0.8:80", 1);
    assert_owner(&a, 31000, "curl", "");
    assert_false(a.listens);
    mt_owners_free(o);
    tree_close(&t);
}

/* Other machines' addresses cost a look at all namespaces, but seldom. */
static void test_absent_address_is_left_alone_for_a_while(void **state)
{
    (void)state;
    const int64_t second = 1000000000;
    struct tree t;
    tree_open(&t);
    struct mt_owners *o = owners_of(&t, 0);
    struct mt_owner a = ask(o, "10.1.0.7:80", "10.1.0.9:40000", second);
    assert_false(a.found);
    FILE_OF(&t, "proc/1/net/tcp",
            HEAD ROW("0700010A:0050", "0900010A:9C40", "01", "0", "11"));
    a = ask(o, "10.1.0.7:80", "10.1.0.9:40000", 2 * second - 1);
    assert_false(a.found);
    a = ask(o, "10.1.0.7:80", "10.1.0.9:40000", 2 * second);
    assert_owner(&a, 1, "init", "");
    mt_owners_free(o);
    tree_close(&t);
}

/* A clock that jumps, either way and to the ends of its range. */
static void test_clock_of_any_kind(void **state)
{
    (void)state;
    static const int64_t times[] = {0, INT64_MAX, INT64_MIN, -1, 5};
    struct tree t;
    tree_open(&t);
    struct mt_owners *o = owners_of(&t, 0);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct mt_owner a = ask(o, "10.9.9.9:80", "10.1.0.9:40000", times[i]);
        assert_false(a.found);
        a = ask(o, "10.1.0.2:80", "10.1.0.9:40000", times[i]);
        assert_owner(&a, 201, "worker", "0123456789ab");
    }
    mt_owners_free(o);
    tree_close(&t);
}

static void test_work_is_bounded(void **state)
{
    (void)state;
    struct tree t;
    tree_open(&t);
    /* a socket whose process is never found: each query walks everything */
    FILE_OF(&t, "proc/1/net/tcp",
            HEAD ROW("0100007F:0050", "00000000:0000", "0A", "0", "999"));
    struct mt_owners *o = owners_of(&t, 0);
    uint64_t asked = 0;
    while (mt_owners_counters(o).overrun == 0 && asked < 100000) {
        struct mt_owner a = ask(o, "127.0.0.1:80", "127.0.0.1:4000", 7);
        assert_false(a.known);
        asked++;
    }
    assert_true(asked > 1000);
    assert_int_equal(mt_owners_counters(o).overrun, 1);
    /* a second later there is time again */
    struct mt_owner a = ask(o, "10.1.0.2:80", "10.1.0.9:40000", 1000000007);
    assert_true(a.known);
    mt_owners_free(o);
    tree_close(&t);
}

static void test_few_sockets_are_kept(void **state)
{
    (void)state;
    struct tree t;
    tree_open(&t);
    struct mt_owners *o = owners_of(&t, 1);
    static const char *const all[] = {"127.0.0.1:80", "10.1.0.2:80",
                                      "172.17.0.3:80"};
    int known = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        known += ask(o, all[i], "10.1.0.9:40000", 0).known;
    assert_true(known <= 1);
    mt_owners_free(o);
    tree_close(&t);
}

static void test_no_proc_at_all(void **state)
{
    (void)state;
    struct mt_owners *o = mt_owners_new(&(struct mt_owners_config){
        .proc = "/nonexistent", .logs = "/nonexistent", .no_diag = true});
    struct mt_owner a = ask(o, "127.0.0.1:80", "127.0.0.1:4000", 0);
    assert_false(a.found || a.known || a.listens);
    mt_owners_free(o);
    mt_owners_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_sockets),
        cmocka_unit_test(test_a_beginning),
        cmocka_unit_test(test_foreign_address_is_not_ours),
        cmocka_unit_test(test_udp),
        cmocka_unit_test(test_another_network_namespace),
        cmocka_unit_test(test_containers_by_their_namespaces),
        cmocka_unit_test(test_pod_names),
        cmocka_unit_test(test_new_process_is_seen),
        cmocka_unit_test(test_absent_address_is_left_alone_for_a_while),
        cmocka_unit_test(test_clock_of_any_kind),
        cmocka_unit_test(test_work_is_bounded),
        cmocka_unit_test(test_few_sockets_are_kept),
        cmocka_unit_test(test_no_proc_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
