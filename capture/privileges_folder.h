/**
 * privileges_folder.h - one folder left to write into (landlock(7)). Private
 * to the privileges.
 */
#ifndef MT_CAPTURE_PRIVILEGES_FOLDER_H
#define MT_CAPTURE_PRIVILEGES_FOLDER_H

/**
 * From now on files are opened for writing, made and removed below the
 * directory fd only; what is open stays as it is. Of the calling thread and
 * those it starts. Takes no_new_privs. Returns 0, or -errno: -ENOSYS,
 * -EOPNOTSUPP, a kernel before 5.13 or without Landlock.
 */
int mt_privileges_folder(int fd);

#endif
