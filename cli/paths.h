/* paths.h - where things are. */
#ifndef MT_CLI_PATHS_H
#define MT_CLI_PATHS_H

#include <stdbool.h>
#include <stddef.h>

/* This program's own file, for advice that names it. Returns text, or
 * "meshtop" where it is not known. */
const char *mt_program_path(char *text, size_t size);

/* Is the folder that path is in there? Its name goes to text. */
bool mt_has_folder(const char *path, char *text, size_t size);

/* The nearest folder above path that is there. */
void mt_folder_of(const char *path, char *text, size_t size);

#endif
