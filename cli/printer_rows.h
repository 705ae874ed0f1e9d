/* The formats of printer.h for programs: JSON, JSON lines and CSV. */
#ifndef MT_CLI_PRINTER_ROWS_H
#define MT_CLI_PRINTER_ROWS_H

#include "cli/printer.h"

void mt_printer_rows_begin(struct mt_printer *p);
void mt_printer_rows_head(struct mt_printer *p,
                          const struct mt_coverage *coverage);
void mt_printer_rows_add(struct mt_printer *p, const void *row);
void mt_printer_rows_end(struct mt_printer *p);

#endif
