/* Each allocation fails once: nothing is started, nothing is left. */
#include "in_child.h"

#include "capture/helper.h"
#include "tests/refuse_memory.h"

static int start_failing_at(unsigned i, bool in_process)
{
    struct mt_helper *h;
    const struct mt_helper_config config = {
        .plan = {MT_BECOME_SAME, geteuid(), getegid()},
        .in_process = in_process};
    (void)fflush(NULL);
    refuse_memory(i, REFUSE_ONE);
    int rc = mt_helper_start(&h, &config);
    give_memory();
    assert_int_equal(rc == 0, h != NULL);
    pid_t pid = h != NULL ? mt_helper_pid(h) : 0;
    mt_helper_free(h);
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    return rc;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    unsigned i = 0;
    while (start_failing_at(i, true) != 0)
        i++;
    assert_int_equal(i, 3); /* the helper, the owners, their tables */
    assert_int_equal(start_failing_at(0, false), -ENOMEM);
}

/* What fails in the helper's own process is its end, and told as such. */
static void test_helper_without_memory_ends(void **state)
{
    (void)state;
    struct mt_helper *h;
    struct mt_helper_answer a;
    const struct mt_helper_config config = {
        .plan = {MT_BECOME_SAME, geteuid(), getegid()}};
    (void)fflush(NULL);
    refuse_memory(1, REFUSE_ONE);
    int rc = mt_helper_start(&h, &config);
    give_memory();
    assert_int_equal(rc, 0);
    assert_int_equal(waitpid(mt_helper_pid(h), NULL, 0), mt_helper_pid(h));
    assert_int_equal(mt_helper_next(h, &a), MT_DONE);
    mt_helper_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_helper_without_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
