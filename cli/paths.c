#include "cli/paths.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *mt_program_path(char *text, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", text, size - 1);
    text[n > 0 ? n : 0] = '\0';
    return n > 0 ? text : "meshtop";
}

/* Of a folder that is named with a slash at its end, too. */
static void go_up(char *text, size_t size)
{
    size_t n = strlen(text);
    while (n > 1 && text[n - 1] == '/')
        text[--n] = '\0';
    char *slash = strrchr(text, '/');
    if (slash == NULL)
        (void)snprintf(text, size, ".");
    else
        slash[slash == text] = '\0';
}

bool mt_has_folder(const char *path, char *text, size_t size)
{
    struct stat st;
    (void)snprintf(text, size, "%s", path);
    go_up(text, size);
    return stat(text, &st) == 0 && S_ISDIR(st.st_mode);
}

void mt_folder_of(const char *path, char *text, size_t size)
{
    (void)snprintf(text, size, "%s", path);
    do {
        go_up(text, size);
    } while (access(text, F_OK) != 0 && strcmp(text, ".") != 0 &&
             strcmp(text, "/") != 0);
}
