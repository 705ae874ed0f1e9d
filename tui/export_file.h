/* export_file.h - private to tui/: the exchanges of a request into a file. */
#ifndef MT_TUI_EXPORT_FILE_H
#define MT_TUI_EXPORT_FILE_H

#include "tui/snapshot.h"

/* The name's end chooses the form: .jsonl, .csv or .har. A file that is there
 * is not touched. Says how it went; returns whether it went wrong. */
bool mt_export_file(struct mt_store *s, const struct mt_request *request,
                    const char *path, char *said, size_t size);

#endif
