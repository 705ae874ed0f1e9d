/* The names file: what it names, and how it says what is wrong with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text_addr.h"
#include "capture/names_file.h"

static struct mt_pool pool;

static int open_pool(void **state)
{
    (void)state;
    mt_pool_init(&pool, 64u << 20);
    return 0;
}

static int close_pool(void **state)
{
    (void)state;
    assert_int_equal(pool.used_bytes, 0);
    mt_pool_deinit(&pool);
    return 0;
}

static struct mt_names_file *read_good(const char *yaml)
{
    struct mt_names_file *f;
    char why[MT_NAMES_WHY_BYTES] = "";
    size_t n = strlen(yaml);
    uint8_t *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, yaml, n);
    if (mt_names_file_read(&f, (struct mt_span){copy, n}, "names.yaml", &pool,
                           why) != 0)
        fail_msg("%s", why);
    free(copy); /* nothing of it is borrowed */
    return f;
}

static struct mt_addr addr_of(const char *text)
{
    struct mt_addr a = {.port = 0};
    if (mt_parse_ip_port(mt_span_str(text), a.ip, &a.port) != 0)
        assert_int_equal(mt_parse_ip(mt_span_str(text), a.ip), 0);
    return a;
}

static void check_name(struct mt_span got, const char *want, const char *of)
{
    if (!mt_span_eq(got, mt_span_str(want)))
        fail_msg("%s is \"%.*s\", want \"%s\"", of, (int)got.len,
                 (const char *)got.ptr, want);
}

static const char example[] = "services:\n"
                              "  cart: [10.0.0.5:8080, 10.0.0.6:8080]\n"
                              "  payments: {addresses: [10.1.0.0/16], "
                              "port: 50051}\n"
                              "  pods: 10.1.0.0/16\n"
                              "  one-pod: 10.1.2.3\n"
                              "  users-db: 10.0.0.9:5432\n"
                              "  users-cache:\n"
                              "    - 10.0.0.9:6379\n"
                              "  dns: 53\n"
                              "  admin: \":9901\"\n"
                              "  six: \"[fd00::1]:8080\"\n"
                              "  six-net: fd00:1::/32\n"
                              "  metrics: {port: 9100}\n"
                              "clients:   # names for callers\n"
                              "  office: 192.168.7.0/24\n"
                              "  desk: 192.168.7.9\n";

static void test_longest_network_then_port(void **state)
{
    (void)state;
    static const struct {
        const char *addr, *want;
    } cases[] = {
        {"10.0.0.5:8080", "cart"},      {"10.0.0.6:8080", "cart"},
        {"10.0.0.5:8081", ""},          {"10.0.0.7:8080", ""},
        {"10.1.9.9:50051", "payments"}, {"10.1.9.9:80", "pods"},
        {"10.1.2.3:50051", "one-pod"}, /* a longer network wins over a port */
        {"10.0.0.9:5432", "users-db"},  {"10.0.0.9:6379", "users-cache"},
        {"8.8.8.8:53", "dns"},          {"[2001:db8::1]:53", "dns"},
        {"8.8.8.8:9901", "admin"},      {"[fd00::1]:8080", "six"},
        {"[fd00::2]:8080", ""},         {"[fd00:1::7]:1", "six-net"},
        {"10.9.9.9:9100", "metrics"},
    };
    struct mt_names_file *f = read_good(example);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mt_addr a = addr_of(cases[i].addr);
        check_name(mt_names_file_service(f, &a), cases[i].want, cases[i].addr);
    }
    mt_names_file_free(f);
}

static void test_callers(void **state)
{
    (void)state;
    static const struct {
        const char *addr, *want;
    } cases[] = {
        {"192.168.7.1:40000", "office"},
        {"192.168.7.9:40000", "desk"},
        {"10.0.0.5:40000", "cart"}, /* what a service's address calls */
        {"10.0.0.9:40000", ""},     /* two services share it */
        {"10.1.9.9:40000", ""},     /* pods or payments */
        {"10.1.2.3:40000", "one-pod"},
        {"8.8.8.8:53", ""}, /* a port alone names no caller */
    };
    struct mt_names_file *f = read_good(example);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mt_addr a = addr_of(cases[i].addr);
        check_name(mt_names_file_client(f, &a), cases[i].want, cases[i].addr);
    }
    mt_names_file_free(f);
}

static void test_a_port_alone_names_no_caller(void **state)
{
    (void)state;
    struct mt_names_file *f = read_good("services:\n  dns: 53\n");
    struct mt_addr a = addr_of("8.8.8.8:53");
    check_name(mt_names_file_service(f, &a), "dns", "8.8.8.8:53");
    check_name(mt_names_file_client(f, &a), "", "8.8.8.8:53");
    mt_names_file_free(f);
}

static void test_files_that_name_nothing(void **state)
{
    (void)state;
    static const char *const files[] = {"",
                                        "# nothing yet\n",
                                        "services:\n",
                                        "services: {}\nclients:\n",
                                        "---\n...\n",
                                        "services:\n  cart: []\n"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct mt_names_file *f = read_good(files[i]);
        struct mt_addr a = addr_of("10.0.0.5:8080");
        check_name(mt_names_file_service(f, &a), "", files[i]);
        mt_names_file_free(f);
    }
}

static const struct {
    const char *yaml, *why;
} wrong[] = {
    {"servces:\n  cart: 10.0.0.5\n",
     "names.yaml:1:1: unknown key 'servces'; did you mean 'services'?"},
    {"hosts: {}\n", "names.yaml:1:1: unknown key 'hosts'; only 'services' and "
                    "'clients' are known here"},
    {"services:\n  cart: {adresses: 10.0.0.5}\n",
     "names.yaml:2:10: unknown key 'adresses'; did you mean 'addresses'?"},
    {"services:\n  cart: 10.0.0.500\n",
     "names.yaml:2:9: '10.0.0.500' is no address; write 10.0.0.5, "
     "10.0.0.5:8080, 10.0.0.0/8, \"[fd00::1]:8080\" or a port"},
    {"services:\n  cart: 10.0.0.5:70000\n", "names.yaml:2:9: '10.0.0.5:70000'"},
    {"services:\n  cart: 10.0.0.5:0\n", "names.yaml:2:9: '10.0.0.5:0'"},
    {"services:\n  cart: 0\n", "names.yaml:2:9: '0' is no address"},
    {"services:\n  cart:\n", "names.yaml:2:8: '' is no address"},
    {"services:\n  cart: [[fd00::1]:8080]\n",
     "names.yaml:2:10: an address is expected here; write 10.0.0.5 or "
     "\"[fd00::1]:8080\" in quotes"},
    {"services:\n  a: 10.0.0.5\n  b: 10.0.0.5\n",
     "names.yaml:3:6: this address is 'a' already, at line 2; it can have one "
     "name"},
    {"services:\n  a: 10.0.0.5\n  b: 10.0.0.6\n  a: 10.0.0.7\n",
     "names.yaml:4:3: 'a' stands already at line 2; put its addresses "
     "together"},
    {"services: {}\nservices: {}\n",
     "names.yaml:2:1: 'services' is given twice; put the names together"},
    {"services:\n  a: {port: 1, port: 2}\n",
     "names.yaml:2:16: 'port' is given twice; keep one"},
    {"services:\n  a: {addresses: 10.0.0.1:80, port: 81}\n",
     "names.yaml:2:37: an address above has another port; give it once"},
    {"services:\n  a: {port: http}\n",
     "names.yaml:2:13: a port is a number from 1 to 65535"},
    {"services:\n  a: {}\n",
     "names.yaml:2:6: no addresses; give 'addresses' or 'port'"},
    {"clients:\n  a: 10.0.0.1:80\n",
     "names.yaml:2:6: a client has no port of its own; write the address "
     "alone"},
    {"clients:\n  a: {addresses: 10.0.0.1, port: 80}\n",
     "names.yaml:2:34: a client has no port of its own; leave 'port' out"},
    {"services: [cart]\n",
     "names.yaml:1:11: names with their addresses are expected; write for "
     "example 'cart: 10.0.0.5:8080'"},
    {"- cart\n", "names.yaml:1:1: 'services:' or 'clients:' is expected here"},
    {"services:\n  a: &x 10.0.0.1\n  b: *x\n",
     "names.yaml:2:6: anchors and aliases are not read; write the addresses "
     "out"},
    {"services:\n  \"\": 10.0.0.1\n", "names.yaml:2:3: a name has 1 to 253 "},
    {"services:\n  \"a\\nb\": 10.0.0.1\n", "names.yaml:2:3: a name has 1 to "},
    {"services:\n  a: 10.0.0.1\n---\nclients:\n",
     "names.yaml:3:1: a second document begins; keep one"},
    {"services:\n  a: [10.0.0.1\n", "names.yaml:3:1: not YAML: "},
    {"services:\n\ta: 10.0.0.1\n", "names.yaml:2:1: not YAML: "},
    {"services:\n  a: \"\\xff", "names.yaml:2:"},
    {"a\xff\xff", "names.yaml:1:1: not YAML: "},
};

static void test_what_is_wrong_and_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct mt_names_file *f;
        char why[MT_NAMES_WHY_BYTES] = "";
        assert_int_equal(mt_names_file_read(&f, mt_span_str(wrong[i].yaml),
                                            "names.yaml", &pool, why),
                         -EINVAL);
        assert_null(f);
        if (strncmp(why, wrong[i].why, strlen(wrong[i].why)) != 0)
            fail_msg("got \"%s\", want \"%s\"", why, wrong[i].why);
        assert_null(strchr(why, '\n'));
    }
}

static void test_too_many_addresses(void **state)
{
    (void)state;
    char *yaml = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&yaml, &size);
    assert_non_null(out);
    (void)fprintf(out, "services:\n  a:\n");
    for (int i = 0; i <= MT_NAMES_FILE_MAX_RULES; i++)
        (void)fprintf(out, "  - 10.0.%d.%d\n", i / 256, i % 256);
    (void)fclose(out);
    struct mt_names_file *f;
    char why[MT_NAMES_WHY_BYTES] = "";
    assert_int_equal(mt_names_file_read(&f, mt_span_str(yaml), "n", &pool, why),
                     -EINVAL);
    assert_string_equal(why, "n:10003:5: more than 10000 addresses; use "
                             "networks such as 10.1.0.0/16");
    free(yaml);
}

static void test_too_large(void **state)
{
    (void)state;
    size_t n = MT_NAMES_FILE_MAX_BYTES + 1;
    uint8_t *spaces = malloc(n);
    assert_non_null(spaces);
    memset(spaces, ' ', n);
    struct mt_names_file *f;
    char why[MT_NAMES_WHY_BYTES] = "";
    assert_int_equal(
        mt_names_file_read(&f, (struct mt_span){spaces, n}, "n", &pool, why),
        -EINVAL);
    assert_string_equal(why, "n: larger than 1 MiB; use networks such as "
                             "10.1.0.0/16");
    free(spaces);
}

static void test_memory_ceiling(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 8192; limit += 64) {
        struct mt_pool small;
        struct mt_names_file *f;
        char why[MT_NAMES_WHY_BYTES] = "";
        mt_pool_init(&small, limit);
        int rc = mt_names_file_read(&f, mt_span_str(example), "n", &small, why);
        assert_true(rc == 0 || rc == -ENOMEM);
        assert_true(rc == 0 || strncmp(why, "n: no memory", 12) == 0);
        mt_names_file_free(f);
        assert_int_equal(small.used_bytes, 0);
        mt_pool_deinit(&small);
    }
}

static void test_load(void **state)
{
    (void)state;
    char path[] = "/tmp/mt-names-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    size_t n = strlen(example);
    assert_int_equal(write(fd, example, n), n);
    (void)close(fd);
    struct mt_names_file *f;
    char why[MT_NAMES_WHY_BYTES] = "";
    assert_int_equal(mt_names_file_load(&f, path, &pool, why), 0);
    struct mt_addr a = addr_of("10.0.0.5:8080");
    check_name(mt_names_file_service(f, &a), "cart", path);
    mt_names_file_free(f);
    (void)unlink(path);
    assert_int_equal(mt_names_file_load(&f, path, &pool, why), -ENOENT);
    assert_null(f);
    assert_non_null(strstr(why, ": cannot be read: No such file"));
    assert_int_equal(mt_names_file_load(&f, "/tmp", &pool, why), -EISDIR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_longest_network_then_port),
        cmocka_unit_test(test_callers),
        cmocka_unit_test(test_a_port_alone_names_no_caller),
        cmocka_unit_test(test_files_that_name_nothing),
        cmocka_unit_test(test_what_is_wrong_and_where),
        cmocka_unit_test(test_too_many_addresses),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_memory_ceiling),
        cmocka_unit_test(test_load),
    };
    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
