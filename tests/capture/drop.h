/* Who a process becomes that drops its privileges, and how it does. */
#ifndef MT_TESTS_CAPTURE_DROP_H
#define MT_TESTS_CAPTURE_DROP_H

#include "capture/privileges.h"
#include "in_child.h"

enum { USER = 4242, GROUP = 4243 };

static const struct mt_privileges_plan to_user = {MT_BECOME_SUDO, USER, GROUP};
static const struct mt_syscalls strict = {.set = MT_SYSCALLS_TAP,
                                          .send_fds = {-1, -1}};

/* In a child: to_user, which must succeed. */
static inline void drop(const struct mt_syscalls *syscalls)
{
    struct mt_privileges_result result;
    NEED(mt_privileges_drop(&to_user, syscalls, &result) == 0);
    NEED(result.filtered);
}

#endif
