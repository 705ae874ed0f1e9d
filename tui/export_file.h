/* export_file.h - private to tui/: the exchanges of a request into a file. */
#ifndef MT_TUI_EXPORT_FILE_H
#define MT_TUI_EXPORT_FILE_H

#include "tui/snapshot.h"

struct mt_export_to {
    struct mt_store *store;
    const struct mt_request *request;
    const struct mt_reader *reader; /* for .pcapng */
    struct mt_patience patience;    /* its end: what is written is left */
};

/* The name's end chooses the form: .jsonl, .csv, .har, .curl (or .sh), or
 * .pcapng. A file that is there is not touched. Says how it went; returns
 * whether it went wrong. */
bool mt_export_file(const struct mt_export_to *to, const char *path, char *said,
                    size_t size);

#endif
