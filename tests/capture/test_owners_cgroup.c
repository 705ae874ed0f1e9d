/* Containers and pods, by the texts that runtimes write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "capture/owners_cgroup.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID "6f1a2b3c-4d5e-6f70-8192-a3b4c5d6e7f8"
#define UID_ "6f1a2b3c_4d5e_6f70_8192_a3b4c5d6e7f8"
#define HASH "0123456789abcdef0123456789abcdef" /* of a static pod */

struct row {
    const char *text, *id, *pod;
};

static const struct row rows[] = {
    /* the host */
    {"0::/\n", "", ""},
    {"0::/init.scope\n", "", ""},
    {"0::/system.slice/nginx.service\n", "", ""},
    {"0::/user.slice/user-1000.slice/session-2.scope\n", "", ""},
    {"", "", ""},
    /* docker */
    {"0::/system.slice/docker-" ID ".scope\n", ID, ""},
    {"0::/docker/" ID "\n", ID, ""},
    {"12:pids:/docker/" ID "\n11:memory:/docker/" ID "\n1:name=systemd:/"
     "docker/" ID "\n",
     ID, ""},
    /* in its own cgroup namespace, seen from outside: the innermost counts */
    {"0::/docker/" ID "/docker/" ID2 "\n", ID2, ""},
    /* podman: root's, a user's, in a pod */
    {"0::/machine.slice/libpod-" ID ".scope\n", ID, ""},
    {"0::/machine.slice/libpod-" ID ".scope/container\n", ID, ""},
    {"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
     ".scope/container\n",
     ID, ""},
    {"0::/machine.slice/libpod-conmon-" ID ".scope\n", ID, ""},
    /* Kubernetes: containerd, cri-o, docker; systemd and cgroupfs; v1, v2 */
    {"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
     ".slice/cri-containerd-" ID ".scope\n",
     ID, UID},
    {"0::/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope\n", ID,
     UID},
    {"0::/kubepods/besteffort/pod" UID "/" ID "\n", ID, UID},
    {"4:cpu,cpuacct:/kubepods/burstable/pod" UID "/" ID "\n", ID, UID},
    {"4:cpu:/\n3:memory:/kubepods/burstable/pod" UID "/" ID "\n", ID, UID},
    {"0::/kubepods/burstable/pod" HASH "/" ID "\n", ID, HASH},
    {"0::/system.slice/containerd.service/kubepods-besteffort-pod" UID_
     ".slice:cri-containerd:" ID "\n",
     ID, UID},
    {"0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_
     ".slice/cri-containerd-" ID ".scope\n",
     ID, UID},
    {"0::/kubepods/pod" UID "\n", "", UID},
    /* containerd alone (nerdctl) */
    {"0::/default/" ID "\n", ID, ""},
    /* what only looks like it */
    {"0::/docker-0123456789abcdef.scope\n", "", ""},
    {"0::/docker/" ID "0\n", "", ""},
    {"0::/docker/x" ID "\n", "", ""},
    {"0::/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789ab"
     "cdef\n",
     "", ""},
    {"0::/kubepods/pod6f1a2b3c-4d5e-6f70-8192-a3b4c5d6e7fg\n", "", ""},
    {"0::/kubepods/pod6f1a2b3c-4d5ea6f70-8192-a3b4c5d6e7f8\n", "", ""},
    {"no colons at all " ID, "", ""},
};

static void test_cgroups(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mt_container c;
        bool found = mt_cgroup_read(mt_span_str(rows[i].text), &c);
        if (strcmp(c.id, rows[i].id) != 0 ||
            strcmp(c.pod_uid, rows[i].pod) != 0)
            fail_msg("row %zu: \"%s\" of \"%s\"", i, c.id, c.pod_uid);
        assert_int_equal(found, rows[i].id[0] != 0 || rows[i].pod[0] != 0);
    }
}

static void test_cut_cgroups(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t cut = 0; cut < strlen(rows[i].text); cut++) {
            struct mt_container c;
            uint8_t *copy = malloc(cut + 1);
            memcpy(copy, rows[i].text, cut);
            (void)mt_cgroup_read((struct mt_span){copy, cut}, &c);
            free(copy);
            assert_true(strlen(c.id) == 0 || strlen(c.id) == 64);
        }
}

static void assert_span(struct mt_span got, const char *want)
{
    if (!mt_span_eq(got, mt_span_str(want)))
        fail_msg("\"%.*s\", want \"%s\"", (int)got.len, (const char *)got.ptr,
                 want);
}

static void test_container_logs(void **state)
{
    (void)state;
    struct mt_pod_name n;
    assert_true(mt_container_log(
        MT_SPAN("users-7d9f8-x2x4z_shop_app-v2-" ID ".log"), &n));
    assert_span(n.pod, "users-7d9f8-x2x4z");
    assert_span(n.container, "app-v2");
    assert_span(n.id, ID);
    static const char *const bad[] = {
        "",
        ".log",
        "users_shop_app-" ID,
        "users_shop_" ID ".log",
        "users_shop_-" ID ".log",
        "users_shop-app-" ID ".log",
        "users_shop_app-0123.log",
        "users_shop_app" ID ".log",
        "../x_shop_app-" ID ".log",
        "_shop_app-" ID ".log",
        "users__app-" ID ".log",
        "USERS_shop_app-" ID ".log",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (mt_container_log(mt_span_str(bad[i]), &n))
            fail_msg("taken: %s", bad[i]);
}

static void test_pod_logs(void **state)
{
    (void)state;
    struct mt_pod_name n;
    assert_true(mt_pod_log(MT_SPAN("shop_users-7d9f8-x2x4z_" UID), &n));
    assert_span(n.pod, "users-7d9f8-x2x4z");
    assert_span(n.id, UID);
    assert_int_equal(n.container.len, 0);
    assert_true(mt_pod_log(MT_SPAN("kube-system_etcd-node1_" HASH), &n));
    assert_span(n.id, HASH);
    static const char *const bad[] = {
        "",
        "shop",
        "shop_users",
        "shop_users_",
        "shop_users_" ID,
        "shop_" UID,
        "_users_" UID,
        "shop_users/x_" UID,
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (mt_pod_log(mt_span_str(bad[i]), &n))
            fail_msg("taken: %s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cgroups),
        cmocka_unit_test(test_cut_cgroups),
        cmocka_unit_test(test_container_logs),
        cmocka_unit_test(test_pod_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
