/* The whole order of a live tap: open the interface, start the helper, open
 * the database, drop; then read packets, name their processes, write rows. */
#include "in_child.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <pcap/pcap.h>
#include <sqlite3.h>

#include "capture/helper.h"
#include "capture/names.h"
#include "capture/tap.h"
#include "store/writer.h"

enum { USER = 4242, GROUP = 4243, PORT = 8081 };

static const struct mt_privileges_plan to_user = {MT_BECOME_SUDO, USER, GROUP};

/* ---- a client and a server in one process, on loopback ---- */

static const char request[] =
    "GET /users/7 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
static const char response[] = "HTTP/1.1 204 No Content\r\n\r\n";

static void send_all(int from, int to, const char *text, size_t n)
{
    char got[128];
    size_t all = 0;
    NEED(send(from, text, n, 0) == (ssize_t)n);
    while (all < n) {
        ssize_t more = recv(to, got, sizeof got, 0);
        NEED(more > 0);
        all += (size_t)more;
    }
}

/* One exchange when told to; its sockets stay until it is told to end. */
static void peer(int go)
{
    child_begin();
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(PORT),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char byte;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    NEED(bind(listener, (struct sockaddr *)&a, sizeof a) == 0);
    NEED(listen(listener, 1) == 0);
    NEED(read(go, &byte, 1) == 1);
    NEED(connect(client, (struct sockaddr *)&a, sizeof a) == 0);
    int server = accept(listener, NULL, NULL);
    NEED(server >= 0);
    send_all(client, server, request, sizeof request - 1);
    send_all(server, client, response, sizeof response - 1);
    NEED(read(go, &byte, 1) == 0);
    _exit(0);
}

/* ---- the tap ---- */

struct run {
    const char *path;
    pcap_t *pcap;
    struct mt_helper *helper;
    struct mt_writer *writer;
    struct mt_tap *tap;
    struct mt_names *names;
    struct mt_pool pool;
    pid_t peer;
    int go; /* starts and ends the peer */
    bool asked, named, written;
};

/* A network namespace of our own has a loopback, which is down. */
static void own_network(void)
{
    struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    NEED(unshare(CLONE_NEWNET) == 0);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    NEED(ioctl(fd, SIOCSIFFLAGS, &r) == 0);
    NEED(close(fd) == 0);
}

static void start_peer(struct run *r)
{
    int go[2];
    NEED(pipe(go) == 0);
    r->peer = fork();
    NEED(r->peer >= 0);
    if (r->peer == 0) {
        (void)close(go[1]);
        peer(go[0]);
    }
    (void)close(go[0]);
    r->go = go[1];
}

static void open_interface(struct run *r)
{
    char why[PCAP_ERRBUF_SIZE];
    struct bpf_program program;
    r->pcap = pcap_create("lo", why);
    NEED(r->pcap != NULL);
    NEED(pcap_set_snaplen(r->pcap, 65536) == 0);
    NEED(pcap_set_immediate_mode(r->pcap, 1) == 0);
    NEED(pcap_activate(r->pcap) == 0);
    NEED(pcap_compile(r->pcap, &program, "tcp port 8081", 1,
                      PCAP_NETMASK_UNKNOWN) == 0);
    NEED(pcap_setfilter(r->pcap, &program) == 0);
    pcap_freecode(&program);
    NEED(pcap_setnonblock(r->pcap, 1, why) == 0);
}

static void open_the_rest(struct run *r)
{
    const struct mt_helper_config helper = {.plan = to_user};
    const struct mt_writer_options options = {.kind = MT_WRITER_TAP};
    NEED(mt_helper_start(&r->helper, &helper) == 0);
    NEED(mt_writer_open(&r->writer, r->path, &options) == 0);
    NEED(mt_privileges_give_database(r->path, &to_user) == 0);
    mt_pool_init(&r->pool, 16u << 20);
    r->tap = mt_tap_new(&(struct mt_tap_config){0});
    r->names = mt_names_new(&(struct mt_names_config){.pool = &r->pool});
    NEED(r->tap != NULL && r->names != NULL);
}

static void drop(const struct run *r)
{
    struct mt_privileges_result result;
    const struct mt_syscalls calls = {
        .set = MT_SYSCALLS_TAP, .send_fds = {mt_helper_fd(r->helper), -1}};
    NEED(mt_privileges_drop(&to_user, &calls, &result) == 0);
    NEED(result.filtered && geteuid() == USER);
}

/* Who serves, asked when the flow is first seen. */
static void ask(struct run *r, int64_t ts_ns)
{
    struct mt_helper_question q = {
        .token = 1,
        .query = {
            .local = {.ip = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1},
                      .port = PORT},
            .transport = IPPROTO_TCP,
            .ts_ns = ts_ns}};
    NEED(mt_helper_ask(r->helper, &q));
    r->asked = true;
}

static void take_answers(struct run *r, int64_t ts_ns)
{
    struct mt_helper_answer a;
    const struct mt_addr server = {
        .ip = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}, .port = PORT};
    while (mt_helper_next(r->helper, &a) == MT_EVENT) {
        NEED(a.token == 1 && a.owner.known && a.owner.listens);
        NEED(a.owner.pid == (uint32_t)r->peer);
        NEED(mt_names_add(r->names, &server, mt_span_str(a.owner.process),
                          MT_NAME_PROCESS, ts_ns));
        r->named = true;
    }
}

static void take_packets(struct run *r)
{
    struct pcap_pkthdr *h;
    const unsigned char *bytes;
    while (pcap_next_ex(r->pcap, &h, &bytes) == 1) {
        int64_t ts_ns =
            (int64_t)h->ts.tv_sec * 1000000000 + (int64_t)h->ts.tv_usec * 1000;
        if (!r->asked)
            ask(r, ts_ns);
        mt_tap_packet(r->tap, &(struct mt_packet){.ts_ns = ts_ns,
                                                  .bytes = {bytes, h->caplen},
                                                  .wire_bytes = h->len,
                                                  .link_type = 1});
    }
}

/* Named rows go to the database, by a thread of its own. */
static void *write_rows(void *arg)
{
    struct run *r = arg;
    const struct mt_exchange *x = mt_tap_next(r->tap);
    if (x == NULL)
        return NULL;
    struct mt_exchange named = *x;
    mt_names_apply(r->names, &named);
    NEED(mt_span_eq(named.server.service, MT_SPAN("test_capture_le")));
    NEED(mt_writer_add(r->writer, &named) == 0);
    NEED(mt_writer_commit(r->writer, named.end_ns) == 0);
    r->written = true;
    return NULL;
}

static void turn(struct run *r)
{
    pthread_t thread;
    struct pollfd wait[] = {
        {.fd = pcap_get_selectable_fd(r->pcap), .events = POLLIN},
        {.fd = mt_helper_fd(r->helper), .events = POLLIN}};
    NEED(poll(wait, 2, -1) > 0);
    take_packets(r);
    take_answers(r, mt_tap_now_ns(r->tap));
    if (!r->named)
        return;
    NEED(pthread_create(&thread, NULL, write_rows, r) == 0);
    NEED(pthread_join(thread, NULL) == 0);
}

static void tap_loopback(void *path)
{
    static struct run r;
    r.path = path;
    own_network();
    start_peer(&r);
    open_interface(&r);
    open_the_rest(&r);
    drop(&r);
    NEED(write(r.go, "x", 1) == 1);
    while (!r.written)
        turn(&r);
    struct pcap_stat lost;
    NEED(pcap_stats(r.pcap, &lost) == 0 && lost.ps_drop == 0);
    NEED(mt_writer_close(r.writer, mt_tap_now_ns(r.tap)) == 0);
    pcap_close(r.pcap);
    mt_helper_free(r.helper);
    mt_names_free(r.names);
    mt_tap_free(r.tap);
    mt_pool_deinit(&r.pool);
    (void)close(r.go);
    int status;
    NEED(waitpid(r.peer, &status, 0) == r.peer);
    NEED(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void assert_one_row(const char *path)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT count(*), max(path) FROM exchanges", -1,
                           &st, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(st, 0), 1);
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(db);
}

static bool ran;

static void test_tap_without_privileges(void **state)
{
    (void)state;
    need_root();
    need_namespaces();
    need_other_processes();
    ran = true;
    char dir[] = "/tmp/meshtop-least-XXXXXX", path[64];
    struct stat st;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/a.db", dir);
    in_child(tap_loopback, path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, USER);
    assert_one_row(path);
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char name[80];
        (void)snprintf(name, sizeof name, "%s%s", path, endings[i]);
        (void)unlink(name);
    }
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tap_without_privileges),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed == 0 && !ran ? 77 : failed;
}
