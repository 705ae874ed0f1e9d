/**
 * command.h - private to tui/: what : takes, a table as the keys are.
 *
 *     if (!mt_command_run(d, "sort p99", &what))
 *         show(d->complaint);
 */
#ifndef MT_TUI_COMMAND_H
#define MT_TUI_COMMAND_H

#include "tui/complete.h"
#include "tui/dashboard_impl.h"

struct mt_typed_command {
    const char *name;
    const char *shown; /* in the help; NULL: not there */
    const char *help;
    /* What may follow; NULL: nothing to complete. */
    void (*words)(const struct mt_dashboard *d, struct mt_words *words);
    /* False: d->complaint says why not. arg: "" none. */
    bool (*run)(struct mt_dashboard *d, const char *arg, unsigned *what);
};

extern const struct mt_typed_command mt_typed_commands[];
extern const size_t mt_typed_commands_count;

/* *what: bits of enum mt_do. False: it stays to be corrected. */
bool mt_command_run(struct mt_dashboard *d, const char *text, unsigned *what);

/* Is it a value in a filter that ends at the cursor? */
bool mt_command_is_valued(const struct mt_edit *e);

/* The word at the end of what is typed; false: none that begins so is known. */
bool mt_command_complete(struct mt_dashboard *d, struct mt_buf *others);

#endif
