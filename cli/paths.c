#include "cli/paths.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *mt_program_path(char *text, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", text, size - 1);
    text[n > 0 ? n : 0] = '\0';
    return n > 0 ? text : "meshtop";
}

void mt_folder_of(const char *path, char *text, size_t size)
{
    (void)snprintf(text, size, "%s", path);
    do {
        char *slash = strrchr(text, '/');
        if (slash == NULL)
            (void)snprintf(text, size, ".");
        else
            slash[slash == text] = '\0';
    } while (access(text, F_OK) != 0 && strcmp(text, ".") != 0 &&
             strcmp(text, "/") != 0);
}
