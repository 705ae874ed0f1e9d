#include "capture/privileges_folder.h"

#include <errno.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rights of the first version, which every later kernel knows. */
#define INSIDE                                                     \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
     LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define NOWHERE                                                    \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |  \
     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |  \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | \
     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

/* libc has no names for these calls. */
int mt_privileges_folder(int fd)
{
    const struct landlock_ruleset_attr all = {.handled_access_fs =
                                                  INSIDE | NOWHERE};
    const struct landlock_path_beneath_attr one = {.allowed_access = INSIDE,
                                                   .parent_fd = fd};
    long rules = syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (rules < 0)
        return -errno;
    int rc = 0;
    if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &one,
                0) != 0 ||
        syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        rc = -errno;
    (void)close((int)rules);
    return rc;
}
