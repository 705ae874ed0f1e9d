/**
 * options_table.h - private to options*.c: the rows behind --help, the manual
 * page and the parser. To add an option: a row in options_table.c.
 */
#ifndef MT_CLI_OPTIONS_TABLE_H
#define MT_CLI_OPTIONS_TABLE_H

#include "cli/options.h"

/* Which commands take an option. */
enum mt_option_group {
    G_ALL = 1 << 0,
    G_RECORD = 1 << 1,
    G_DECODE = 1 << 2, /* reads captures: how they are decoded */
    G_VIEW = 1 << 3,   /* answers from a database or a capture */
    G_TABLE = 1 << 4,  /* prints rows */
    G_EXPORT = 1 << 5,
    G_ROWS = 1 << 6,   /* shows single exchanges */
    G_SERIES = 1 << 7, /* can split rows */
    G_LIVE = 1 << 8,   /* captures */
    G_CHECK = 1 << 9,  /* looks whether it could */
    G_DASHBOARD = 1 << 10,
    G_EXPLAIN = 1 << 11, /* tells of one exchange */
    G_PROXY = 1 << 12,
    G_REPLAY = 1 << 13,
    G_POLICY = 1 << 15, /* what proxies did */
    G_TAP = 1 << 14,    /* captures into a database */
    G_SERVE = 1 << 16,  /* the page and its API */
    G_STAT = 1 << 17,
    G_DEMO = 1 << 18,
    G_REPORT = 1 << 19,
    /* may serve the page meanwhile */
    G_WEB = G_PROXY | G_RECORD | G_TAP | G_DEMO,
};

enum mt_option_kind {
    K_FLAG,
    K_TEXT,
    K_LIST, /* may be repeated; -r also takes the words that follow */
    K_COUNT,
    K_DURATION,
    K_TIME,
    K_SIZE,
    K_FORMAT,
    K_PERCENT,
    K_EXPORT, /* a flag that chooses one of several */
    K_PLACE,  /* an address and port, or a flag: the usual one */
};

struct mt_option_row {
    char letter; /* 0 none */
    const char *name;
    const char *argument; /* NULL: a flag */
    enum mt_option_kind kind;
    unsigned groups;
    size_t offset;       /* in struct mt_options */
    size_t count_offset; /* K_LIST */
    int choice; /* K_EXPORT; K_COUNT: the most; K_SIZE: the least, in KiB;
                   0: any */
    const char *help;
};

enum { MT_OPTION_ROWS_MAX = 96 };

extern const struct mt_option_row mt_option_rows[];
extern const size_t mt_option_rows_count; /* at most MT_OPTION_ROWS_MAX */

/* --help of a command, and of the program; the page of the manual is
 * mt_options_manual(). */
void mt_options_help(const struct mt_command *c);
void mt_options_overview(FILE *out);

#endif
