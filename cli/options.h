/**
 * options.h - one table of commands and one of options: parsing, --help and
 * the manual page all come from them.
 *
 *     struct mt_options o;
 *     int rc = mt_options_parse(&o, argc, argv);     // says what is wrong
 *     if (rc == 0)
 *         rc = o.command->run(&o);
 *     mt_options_deinit(&o);
 *
 * To add an option: one row in options_table.c. To add a command: its file, and
 * one row there.
 */
#ifndef MT_CLI_OPTIONS_H
#define MT_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "store/export.h"

/* What the program ends with. */
enum mt_exit {
    MT_EXIT_OK = 0,
    MT_EXIT_ERROR = 1,
    MT_EXIT_USAGE = 2,
    MT_EXIT_INTERRUPTED = 130,
};

enum mt_format {
    MT_FORMAT_TABLE,
    MT_FORMAT_WIDE,
    MT_FORMAT_JSON,
    MT_FORMAT_JSONL,
    MT_FORMAT_CSV,
};

/* Where the page is served unless it is said where. */
#define MT_WEB_PLACE "127.0.0.1:7070"

struct mt_options {
    const struct mt_command *command;

    const char **read; /* -r files; "-" is standard input */
    size_t read_count;
    const char **interfaces; /* -i */
    size_t interfaces_count;
    const char *capture_filter;     /* -f: BPF */
    uint64_t snaplen, buffer_bytes; /* 0: the default */
    bool promiscuous;
    bool all;                   /* our own ports and ssh session, too */
    const char *capture_option; /* one that only -i has; NULL: none given */
    bool detach;
    double max_cpu;    /* of one core; 0: no ceiling */
    int64_t for_ns;    /* 0: until interrupted */
    const char *write; /* -w */
    const char *db;    /* -d */
    bool follow;

    enum mt_format format;
    bool format_given;
    enum mt_export_format export_as;
    bool export_given;
    bool csv_raw;
    bool pcapng; /* export the packets themselves, and what of them: */
    bool whole_connections, with_secrets;
    const char **captures; /* folders to look for moved captures in */
    size_t captures_count;
    const char *since, *until;  /* well-formed; NULL: not given */
    int64_t last_ns, window_ns; /* 0: not given */
    const char *by;
    uint64_t limit;   /* -n */
    uint64_t threads; /* of a proxy; 0: by its cores */

    const char *names;
    const char **routes; /* --route patterns */
    size_t routes_count;
    bool headers, query;
    bool no_packets;
    const char *user; /* to become, live */
    const char *ring; /* folder of the packet ring */
    uint64_t ring_bytes, ring_file_bytes;
    uint64_t max_size_bytes; /* of the database; 0: the default */
    int64_t max_age_ns;      /* of its rows; 0: the default */
    uint64_t memory_bytes;

    const char *screen;
    const char *speed; /* of a replay; NULL: 1x */
    bool once, json;   /* the dashboard as text, as JSON */

    bool entry;         /* stat: requests from outside alone */
    const char *output; /* -o: the file of a report */
    const char *listen, *web, *token_file; /* of the page */
    uint16_t page_port; /* it is served there meanwhile: not captured; 0: no */
    const char **host_names;
    size_t host_names_count;

    const char *config;     /* -c: a mesh of the proxy */
    bool check;             /* it, and no more */
    bool tui;               /* the dashboard on the proxy */
    const char *access_log; /* of the proxy; "-" is standard output */

    uint64_t seconds, seed; /* of the demo; 0: until it is left, the default */
    uint64_t rate;
    bool print_config;

    bool quiet;
    bool help, version;

    char **operands; /* what remains: a filter, an id, a topic */
    int operands_count;
};

struct mt_command {
    const char *name;
    const char *operands; /* as the usage line shows them */
    const char *summary;  /* one line */
    const char *text;     /* a paragraph or two for --help and the manual */
    bool bare;            /* it is what the program is without a command */
    unsigned group;       /* the options it takes: bits of options_table.h */
    int (*run)(const struct mt_options *o);
};

extern const struct mt_command mt_commands[];
extern const size_t mt_commands_count;

/**
 * Parse a command line. Returns 0, or the exit code after having said what is
 * wrong (or printed the help that was asked for: then *done is set).
 * mt_options_deinit() in every case.
 */
int mt_options_parse(struct mt_options *o, int argc, char **argv, bool *done);
void mt_options_deinit(struct mt_options *o);

/* Packets are read, of files or interfaces: no database is asked. */
static inline size_t mt_options_sources(const struct mt_options *o)
{
    return o->read_count + o->interfaces_count;
}

/* It ends by being interrupted: that is no failure. */
static inline bool mt_options_endless(const struct mt_options *o)
{
    return o->follow || o->interfaces_count > 0;
}

/* The operands joined by spaces, in heap memory of the caller: a filter. */
char *mt_options_filter_text(const struct mt_options *o);

/* The options and commands as mdoc, for the manual page. */
void mt_options_manual(FILE *out);

int mt_command_record(const struct mt_options *o);
int mt_command_stat(const struct mt_options *o);
int mt_command_edges(const struct mt_options *o);
int mt_command_routes(const struct mt_options *o);
int mt_command_policy(const struct mt_options *o);
int mt_command_tail(const struct mt_options *o);
int mt_command_export(const struct mt_options *o);
int mt_command_interfaces(const struct mt_options *o);
int mt_command_check(const struct mt_options *o);
int mt_command_explain(const struct mt_options *o);
int mt_command_proxy(const struct mt_options *o);
int mt_command_report(const struct mt_options *o);
int mt_command_serve(const struct mt_options *o);
int mt_command_dashboard(const struct mt_options *o);
int mt_command_demo(const struct mt_options *o);
int mt_command_replay(const struct mt_options *o);

#endif
