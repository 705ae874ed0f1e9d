/**
 * printer.h - rows of a screen on standard output, in any format.
 *
 *     struct mt_printer out;
 *     mt_printer_open(&p, stdout, &mt_screen_services, format);
 *     mt_printer_head(&p, &coverage);       // JSON: what the rows stand on
 *     for each row: mt_printer_row(&p, row);
 *     rc = mt_printer_close(&p);
 *
 * The first rows of a table are kept until its columns can be fitted to them
 * and to the terminal (columns of least priority go first); what follows is
 * written at once, and so is everything in the other formats.
 */
#ifndef MT_CLI_PRINTER_H
#define MT_CLI_PRINTER_H

#include <stdio.h>

#include "cli/options.h"
#include "store/column.h"

enum { MT_PRINTER_COLUMNS_MAX = 40, MT_PRINTER_KEPT_ROWS = 1024 };

struct mt_printer {
    FILE *file;
    const struct mt_screen *screen;
    enum mt_format format;
    struct mt_value_style style;
    size_t terminal_width; /* 0: no terminal, no bound */
    bool colour;
    uint64_t rows;
    char **kept;       /* cells of the first rows of a table */
    size_t kept_count; /* rows */
    size_t shown[MT_PRINTER_COLUMNS_MAX]; /* columns, left to right */
    size_t widths[MT_PRINTER_COLUMNS_MAX];
    size_t shown_count; /* 0: not fitted yet */
    bool headed;        /* JSON: the list has begun */
    bool failed;        /* no memory */
};

void mt_printer_open(struct mt_printer *p, FILE *file,
                     const struct mt_screen *screen, enum mt_format format);
/* Begin the rows. coverage NULL: they stand on themselves. */
void mt_printer_head(struct mt_printer *p, const struct mt_coverage *coverage);
void mt_printer_row(struct mt_printer *p, const void *row);

/* A line between the rows of a table; other formats have no place for it. */
void mt_printer_note(struct mt_printer *p, const char *text);

/* Show what is kept: nothing more comes for now. */
void mt_printer_flush(struct mt_printer *p);

/* 0, or -1 where something could not be written. */
int mt_printer_close(struct mt_printer *p);

/* UTF-8 may be written: the locale says so. */
bool mt_utf8_locale(void);

/* Local time - UTC at a moment, in seconds. */
int32_t mt_local_offset_s(int64_t ns);

#endif
