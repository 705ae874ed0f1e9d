/* completion.h - what a shell completes, from the tables of options and
 * commands. */
#ifndef MT_CLI_COMPLETION_H
#define MT_CLI_COMPLETION_H

#include <stdbool.h>
#include <stdio.h>

/* The script for bash, zsh or fish. False: none of these. */
bool mt_completion(FILE *out, const char *shell);

#endif
