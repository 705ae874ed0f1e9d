#include "cli/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "cli/clock.h"
#include "cli/say.h"

/* Which commands take an option. */
enum group {
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
};

enum kind {
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
};

struct option_row {
    char letter; /* 0 none */
    const char *name;
    const char *argument; /* NULL: a flag */
    enum kind kind;
    unsigned groups;
    size_t offset;       /* in struct mt_options */
    size_t count_offset; /* K_LIST */
    int choice;          /* K_EXPORT */
    const char *help;
};

#define AT(member) offsetof(struct mt_options, member)

static const struct option_row rows[] = {
    {'r', "read", "FILE...", K_LIST, G_RECORD | G_VIEW, AT(read),
     AT(read_count), 0,
     "read captured packets: pcap or pcapng, plain, gzip or zstd, or a stream "
     "of record -w -; - is standard input; several are merged by time"},
    {'i', "interface", "IF", K_LIST, G_LIVE | G_CHECK, AT(interfaces),
     AT(interfaces_count), 0,
     "capture on this interface, until interrupted; any is all there are and "
     "will be; may be given several times"},
    {'f', "capture-filter", "BPF", K_TEXT, G_LIVE | G_CHECK, AT(capture_filter),
     0, 0,
     "capture only what this filter lets through, in the words of tcpdump"},
    {0, "for", "DURATION", K_DURATION, G_LIVE, AT(for_ns), 0, 0,
     "capture so long: 10s, 5m"},
    {0, "max-cpu", "PERCENT", K_PERCENT, G_LIVE, AT(max_cpu), 0, 0,
     "capture with at most so much of one core, such as 50%; above it only a "
     "sample of the connections is decoded, and the answers say so"},
    {0, "all", NULL, K_FLAG, G_LIVE, AT(all), 0, 0,
     "capture also port 7070, where meshtop serves its page, and the ssh "
     "session it runs in"},
    {0, "snaplen", "BYTES", K_COUNT, G_LIVE, AT(snaplen), 0, 0,
     "capture so much of each packet (default 262144)"},
    {0, "buffer", "SIZE", K_SIZE, G_LIVE | G_CHECK, AT(buffer_bytes), 0, 0,
     "the kernel's buffer for each interface (default 16MiB)"},
    {0, "promiscuous", NULL, K_FLAG, G_LIVE, AT(promiscuous), 0, 0,
     "capture also what is not meant for this machine"},
    {0, "user", "NAME", K_TEXT, G_LIVE, AT(user), 0, 0,
     "become this user once everything is open (default: who called sudo, else "
     "nobody)"},
    {'w', "write", "DB", K_TEXT, G_RECORD, AT(write), 0, 0,
     "write exchanges into this database; - or a FILE.relay is a stream that "
     "-r reads; none decodes and counts only"},
    {'d', "db", "DB", K_TEXT, G_VIEW | G_CHECK, AT(db), 0, 0,
     "answer from this database (default: live.db in the state folder)"},
    {'F', "follow", NULL, K_FLAG, G_RECORD | G_ROWS | G_EXPORT, AT(follow), 0,
     0, "go on as the file grows, until interrupted"},
    {'o', "output", "FORMAT", K_FORMAT, G_TABLE | G_ROWS, AT(format), 0, 0,
     "table, wide, json, jsonl or csv"},
    {0, "since", "TIME", K_TIME, G_VIEW, AT(since), 0, 0,
     "from this moment on: 12:04, 2026-11-22T12:04:31Z, -5m"},
    {0, "until", "TIME", K_TIME, G_VIEW, AT(until), 0, 0, "up to this moment"},
    {0, "last", "DURATION", K_DURATION, G_VIEW, AT(last_ns), 0, 0,
     "the newest stretch: 90s, 5m, 1h; for a capture, counted from its end"},
    {0, "window", "DURATION", K_DURATION, G_SERIES, AT(window_ns), 0, 0,
     "one row for each stretch of time: 10s, 1m"},
    {0, "by", "KEY", K_TEXT, G_SERIES, AT(by), 0, 0,
     "split rows by method or endpoint"},
    {'n', "limit", "COUNT", K_COUNT, G_TABLE | G_ROWS | G_EXPORT, AT(limit), 0,
     0, "at most so many rows"},
    {0, "names", "FILE", K_TEXT, G_RECORD | G_DECODE, AT(names), 0, 0,
     "YAML file that names services by address and port"},
    {0, "route", "PATTERN", K_LIST, G_RECORD | G_DECODE, AT(routes),
     AT(routes_count), 0, "a route of yours, such as /users/{id}/orders"},
    {0, "headers", NULL, K_FLAG, G_RECORD | G_DECODE, AT(headers), 0, 0,
     "keep header fields, secrets redacted"},
    {0, "query", NULL, K_FLAG, G_RECORD | G_DECODE, AT(query), 0, 0,
     "keep the values of URL queries (redacted otherwise)"},
    {0, "no-packets", NULL, K_FLAG, G_RECORD, AT(no_packets), 0, 0,
     "do not note where each exchange's packets are"},
    {0, "ring", "DIR", K_TEXT, G_RECORD, AT(ring), 0, 0,
     "keep the packets too: a ring of pcapng files in this folder, the oldest "
     "deleted first"},
    {0, "ring-size", "SIZE", K_SIZE, G_RECORD, AT(ring_bytes), 0, 0,
     "all files of the ring together (default 256MiB)"},
    {0, "ring-file-size", "SIZE", K_SIZE, G_RECORD, AT(ring_file_bytes), 0, 0,
     "one file of the ring (default a sixteenth of all)"},
    {0, "max-size", "SIZE", K_SIZE, G_RECORD, AT(max_size_bytes), 0, 0,
     "with -i: forget the oldest exchanges while the database is larger "
     "(default 512MiB)"},
    {0, "max-age", "DURATION", K_DURATION, G_RECORD, AT(max_age_ns), 0, 0,
     "with -i: forget exchanges that are older (default 24h); metrics are kept "
     "longer"},
    {0, "memory", "SIZE", K_SIZE, G_RECORD | G_DECODE, AT(memory_bytes), 0, 0,
     "ceiling for flows, reassembly and parsers (default 256MiB)"},
    {0, "jsonl", NULL, K_EXPORT, G_EXPORT, AT(export_as), 0, MT_EXPORT_JSONL,
     "one JSON object a line (default)"},
    {0, "csv", NULL, K_EXPORT, G_EXPORT, AT(export_as), 0, MT_EXPORT_CSV,
     "comma separated values, RFC 4180"},
    {0, "csv-raw", NULL, K_FLAG, G_EXPORT, AT(csv_raw), 0, 0,
     "no ' before texts that a spreadsheet would run as a formula"},
    {0, "har", NULL, K_EXPORT, G_EXPORT, AT(export_as), 0, MT_EXPORT_HAR,
     "HTTP Archive 1.2"},
    {0, "pcapng", NULL, K_FLAG, G_EXPORT, AT(pcapng), 0, 0,
     "the packets of these exchanges, as a capture for Wireshark"},
    {0, "whole-connections", NULL, K_FLAG, G_EXPORT, AT(whole_connections), 0,
     0,
     "with --pcapng: all packets of their connections; HTTP/2 and TLS "
     "cannot be read without"},
    {0, "with-secrets", NULL, K_FLAG, G_EXPORT, AT(with_secrets), 0, 0,
     "with --pcapng: also the TLS secrets of these connections that the "
     "captures hold; implies --whole-connections"},
    {0, "captures", "DIR", K_LIST, G_EXPORT, AT(captures), AT(captures_count),
     0, "with --pcapng: a folder that recorded captures were moved to"},
    {0, "detach", NULL, K_FLAG, G_RECORD, AT(detach), 0, 0,
     "go on in the background once the capture has begun; messages and the "
     "summary go to DB.log"},
    {0, "screen", "NAME", K_TEXT, G_DASHBOARD, AT(screen), 0, 0,
     "begin with services, routes, topology, tail, policy or capture"},
    {'1', "once", NULL, K_FLAG, G_DASHBOARD, AT(once), 0, 0,
     "print the screen once as text"},
    {'j', "json", NULL, K_FLAG, G_DASHBOARD, AT(json), 0, 0,
     "print its numbers once as JSON, as stat -o json does"},
    {'q', "quiet", NULL, K_FLAG, G_RECORD, AT(quiet), 0, 0,
     "no progress and no summary"},
    {'h', "help", NULL, K_FLAG, G_ALL, AT(help), 0, 0, "show this and end"},
    {'V', "version", NULL, K_FLAG, G_ALL, AT(version), 0, 0,
     "show the version and end"},
};

enum { ROWS = sizeof rows / sizeof rows[0], MAX_LIST = 4096 };

const struct mt_command mt_commands[] = {
    {"record", "", "captured packets into a database",
     "Reads captures or interfaces, puts connections together, decodes "
     "requests and their "
     "responses, and writes them to a database that every other command "
     "answers from. Ends with a summary in which each kind of loss has a "
     "number of its own.",
     G_ALL | G_RECORD | G_LIVE, mt_command_record},
    {"stat", "[FILTER]", "services and their golden metrics",
     "One row a service, trouble first: rate, success, latency quantiles, "
     "requests still open. The last line tells what the numbers stand on.",
     G_ALL | G_VIEW | G_DECODE | G_TABLE | G_SERIES | G_LIVE, mt_command_stat},
    {"edges", "[FILTER]", "who calls whom",
     "One row a pair of services and protocol.",
     G_ALL | G_VIEW | G_DECODE | G_TABLE | G_LIVE, mt_command_edges},
    {"routes", "[FILTER]", "routes of services",
     "One row a route: paths with their identifiers replaced, such as "
     "/users/{id}.",
     G_ALL | G_VIEW | G_DECODE | G_TABLE | G_SERIES | G_LIVE,
     mt_command_routes},
    {"tail", "[FILTER]", "exchanges, one a line",
     "The newest exchanges last. From a capture or an interface it streams as "
     "it reads.",
     G_ALL | G_VIEW | G_DECODE | G_ROWS | G_LIVE, mt_command_tail},
    {"export", "[FILTER]", "exchanges as JSON lines, CSV, HAR or packets",
     "Everything that is known of each exchange that the filter selects, to "
     "standard output.",
     G_ALL | G_VIEW | G_DECODE | G_EXPORT | G_LIVE, mt_command_export},
    {"explain", "outcome|filter|columns|ID", "why an exchange ended as it did",
     "outcome prints the table that judges success and failure; filter "
     "prints the fields of the filter language; columns those of the tables; "
     "an ID tells in words what happened to one exchange of a database.",
     G_ALL | G_VIEW, mt_command_explain},
    {"interfaces", "", "what can be captured on",
     "One row an interface: its state, addresses and link type.",
     G_ALL | G_TABLE, mt_command_interfaces},
    {"check", "", "what would stop it here, and the remedy",
     "One row a check: permission, interfaces, filter, buffer, database, disk, "
     "losses so far, encrypted traffic. Ends with 1 where there is a problem.",
     G_ALL | G_TABLE | G_CHECK, mt_command_check},
    {"dashboard", "[FILTER]", "all of it on the terminal, as it happens",
     "What meshtop without a command is. Services, their routes, single "
     "exchanges and why they ended as they did: Enter goes in, Esc comes "
     "back, ? shows the keys. With -r the capture is read first and its whole "
     "time is shown; a database that is being written is shown live. Where "
     "standard output is no terminal, the screen is printed once.",
     G_ALL | G_VIEW | G_DECODE | G_DASHBOARD, mt_command_dashboard},
};

const size_t mt_commands_count = sizeof mt_commands / sizeof mt_commands[0];

/* ---- help ---- */

static void print_wrapped(FILE *out, const char *text, int indent, int column)
{
    int at = column;
    while (*text != '\0') {
        int word = (int)strcspn(text, " ");
        if (at + word > 78 && at > indent) {
            (void)fprintf(out, "\n%*s", indent, "");
            at = indent;
        }
        (void)fprintf(out, "%.*s", word, text);
        at += word + 1;
        text += word;
        if (*text == ' ') {
            text++;
            (void)fputc(' ', out);
        }
    }
    (void)fputc('\n', out);
}

static int print_option_name(FILE *out, const struct option_row *row)
{
    const char *gap = row->argument != NULL ? " " : "";
    const char *argument = row->argument != NULL ? row->argument : "";
    if (row->letter != 0)
        return fprintf(out, "  -%c, --%s%s%s", row->letter, row->name, gap,
                       argument);
    return fprintf(out, "      --%s%s%s", row->name, gap, argument);
}

static void print_option(FILE *out, const struct option_row *row)
{
    enum { HELP_COLUMN = 26 };
    int width = print_option_name(out, row);
    (void)fprintf(out, "%*s", width < HELP_COLUMN ? HELP_COLUMN - width : 2,
                  "");
    print_wrapped(out, row->help, HELP_COLUMN,
                  width < HELP_COLUMN ? HELP_COLUMN : width + 2);
}

static void print_command_help(const struct mt_command *c)
{
    printf("usage: meshtop %s [OPTION...]%s%s\n\n", c->name,
           c->operands[0] != '\0' ? " " : "", c->operands);
    print_wrapped(stdout, c->text, 0, 0);
    puts("");
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].groups & c->group)
            print_option(stdout, &rows[i]);
    if (c->group & G_VIEW)
        puts("\nFILTER selects exchanges: status=5xx and lat>250ms "
             "(meshtop explain filter)");
}

static void print_help(FILE *out)
{
    (void)fputs("usage: meshtop [OPTION...]\n"
                "       meshtop COMMAND [OPTION...]\n\n"
                "Shows what happens between services, from captured "
                "packets. Without a command it\nis the dashboard.\n\n",
                out);
    for (size_t i = 0; i < mt_commands_count; i++)
        (void)fprintf(out, "  %-10s %s\n", mt_commands[i].name,
                      mt_commands[i].summary);
    (void)fputs("\n  meshtop COMMAND --help shows a command's options\n"
                "  meshtop --version\n\n"
                "  meshtop -r trace.pcapng\n"
                "  meshtop stat -r trace.pcapng\n"
                "  sudo meshtop tail -i any\n"
                "  meshtop record -r trace.pcapng -w mesh.db\n"
                "  meshtop tail -d mesh.db 'status=5xx and lat>100ms'\n",
                out);
}

/* Lines of at most 78 columns, a sentence beginning on a new one, as manual
 * pages want it. */
static void manual_text(FILE *out, const char *text)
{
    int column = 0;
    while (*text != '\0') {
        int word = (int)strcspn(text, " ");
        bool sentence = word > 0 && text[word - 1] == '.';
        if (column > 0 && column + 1 + word > 78) {
            (void)fputc('\n', out);
            column = 0;
        } else if (column > 0) {
            column += fprintf(out, " ");
        }
        for (int i = 0; i < word; i++)
            column += fprintf(out, text[i] == '-' ? "\\-" : "%c", text[i]);
        text += word;
        text += strspn(text, " ");
        if (sentence && *text != '\0') {
            (void)fputc('\n', out);
            column = 0;
        }
    }
    (void)fputc('\n', out);
}

void mt_options_manual(FILE *out)
{
    for (size_t i = 0; i < mt_commands_count; i++) {
        const struct mt_command *c = &mt_commands[i];
        (void)fprintf(out, ".Ss %s%s%s\n", c->name,
                      c->operands[0] != '\0' ? " " : "", c->operands);
        manual_text(out, c->text);
        (void)fputs(".Bl -tag -width Ds\n", out);
        for (size_t k = 0; k < ROWS; k++) {
            if (!(rows[k].groups & c->group) || rows[k].groups == G_ALL)
                continue;
            (void)fputs(".It", out);
            if (rows[k].letter != 0)
                (void)fprintf(out, " Fl %c ,", rows[k].letter);
            (void)fprintf(out, " Fl \\-%s", rows[k].name);
            if (rows[k].argument != NULL)
                (void)fprintf(out, " Ar %s", rows[k].argument);
            (void)fputc('\n', out);
            manual_text(out, rows[k].help);
        }
        (void)fputs(".El\n", out);
    }
}

/* ---- values ---- */

static void *member(struct mt_options *o, size_t offset)
{
    return (char *)o + offset;
}

static int wrong_value(const struct option_row *row, const char *value,
                       const char *want)
{
    char where[64];
    (void)snprintf(where, sizeof where, "--%s", row->name);
    mt_say(where, "'%s' is not %s", value, want);
    return MT_EXIT_USAGE;
}

static int set_duration(struct mt_options *o, const struct option_row *row,
                        const char *value)
{
    int64_t *ns = member(o, row->offset);
    if (mt_parse_duration(mt_span_str(value), ns) != 0 || *ns <= 0)
        return wrong_value(row, value, "a duration; write 250ms, 90s, 5m, 1h");
    return 0;
}

static int set_size(struct mt_options *o, const struct option_row *row,
                    const char *value)
{
    uint64_t *bytes = member(o, row->offset);
    if (mt_parse_bytes(mt_span_str(value), bytes) != 0 || *bytes == 0)
        return wrong_value(row, value, "a size; write 64MiB or 1GiB");
    return 0;
}

/* What it is relative to is known once the data is open: see view.c. */
static int set_time(struct mt_options *o, const struct option_row *row,
                    const char *value)
{
    struct mt_time_ref ref = {.now_ns = mt_wall_ns()};
    int64_t ns;
    if (mt_parse_time(mt_span_str(value), &ref, &ns) != 0 || ns <= 0)
        return wrong_value(row, value,
                           "a time; write 2026-11-22T12:04:31Z, 12:04 or -5m");
    *(const char **)member(o, row->offset) = value;
    return 0;
}

static int set_count(struct mt_options *o, const struct option_row *row,
                     const char *value)
{
    uint64_t *count = member(o, row->offset);
    if (mt_parse_u64(mt_span_str(value), count) != 0 || *count == 0 ||
        *count > INT64_MAX)
        return wrong_value(row, value, "a number of 1 or more");
    return 0;
}

/* "50%" or "50" */
static int set_percent(struct mt_options *o, const struct option_row *row,
                       const char *value)
{
    struct mt_span text = mt_span_str(value);
    uint64_t percent;
    if (text.len > 1 && text.ptr[text.len - 1] == '%')
        text.len--;
    if (mt_parse_u64(text, &percent) != 0 || percent == 0 || percent > 100)
        return wrong_value(row, value, "a share of one core; write 50%");
    *(double *)member(o, row->offset) = (double)percent / 100;
    return 0;
}

static int set_format(struct mt_options *o, const struct option_row *row,
                      const char *value)
{
    static const char *const names[] = {"table", "wide", "json", "jsonl",
                                        "csv"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(value, names[i]) == 0) {
            o->format = (enum mt_format)i;
            o->format_given = true;
            return 0;
        }
    return wrong_value(row, value,
                       "a format; write table, wide, json, jsonl "
                       "or csv");
}

static int set_list(struct mt_options *o, const struct option_row *row,
                    const char *value)
{
    const char ***list = member(o, row->offset);
    size_t *count = member(o, row->count_offset);
    if (*count == MAX_LIST)
        return wrong_value(row, value, "read: too many of them");
    const char **grown = realloc(*list, (*count + 1) * sizeof **list);
    if (grown == NULL)
        return wrong_value(row, value, "kept: not enough memory");
    *list = grown;
    grown[(*count)++] = value;
    return 0;
}

static int set_export(struct mt_options *o, const struct option_row *row)
{
    enum mt_export_format format = (enum mt_export_format)row->choice;
    if (o->export_given && o->export_as != format) {
        mt_say(NULL, "export writes one format: --jsonl, --csv or --har");
        return MT_EXIT_USAGE;
    }
    o->export_as = format;
    o->export_given = true;
    return 0;
}

static int set_value(struct mt_options *o, const struct option_row *row,
                     const char *value)
{
    switch (row->kind) {
    case K_FLAG:
        *(bool *)member(o, row->offset) = true;
        return 0;
    case K_TEXT:
        *(const char **)member(o, row->offset) = value;
        return 0;
    case K_LIST:
        return set_list(o, row, value);
    case K_COUNT:
        return set_count(o, row, value);
    case K_DURATION:
        return set_duration(o, row, value);
    case K_TIME:
        return set_time(o, row, value);
    case K_SIZE:
        return set_size(o, row, value);
    case K_FORMAT:
        return set_format(o, row, value);
    case K_PERCENT:
        return set_percent(o, row, value);
    case K_EXPORT:
        return set_export(o, row);
    }
    return 0;
}

/* ---- the command line ---- */

static const struct mt_command *find_command(const char *name)
{
    for (size_t i = 0; i < mt_commands_count; i++)
        if (strcmp(mt_commands[i].name, name) == 0)
            return &mt_commands[i];
    return NULL;
}

/* getopt's two tables, for the options that this command takes. */
struct getopt_tables {
    char letters[2 * ROWS + 2];
    struct option longs[ROWS + 1];
};

static void make_tables(struct getopt_tables *t, const struct mt_command *c)
{
    size_t n = 0, k = 0;
    t->letters[n++] = ':';
    for (size_t i = 0; i < ROWS; i++) {
        if (!(rows[i].groups & c->group))
            continue;
        t->longs[k++] = (struct option){.name = rows[i].name,
                                        .has_arg = rows[i].argument != NULL
                                                       ? required_argument
                                                       : no_argument,
                                        .val = 256 + (int)i};
        if (rows[i].letter == 0)
            continue;
        t->letters[n++] = rows[i].letter;
        if (rows[i].argument != NULL)
            t->letters[n++] = ':';
    }
    t->letters[n] = '\0';
    t->longs[k] = (struct option){0};
}

static const struct option_row *row_of(int code, const struct mt_command *c)
{
    if (code >= 256)
        return &rows[code - 256];
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].letter == code && (rows[i].groups & c->group))
            return &rows[i];
    return NULL;
}

static int bad_option(int code, char **argv, const struct mt_command *c)
{
    const char *word = argv[optind - 1];
    if (code == ':')
        mt_say(NULL, "%s needs a value; see meshtop %s --help", word, c->name);
    else if (optopt != 0 && optopt < 256)
        mt_say(NULL, "%s has no option -%c; see meshtop %s --help", c->name,
               optopt, c->name);
    else
        mt_say(NULL, "%s has no option %s; see meshtop %s --help", c->name,
               word, c->name);
    return MT_EXIT_USAGE;
}

/* "-r a.pcap b.pcap": the words after a list's first, up to the next option,
 * are part of it while they name files (a filter does not). */
static int take_more_files(struct mt_options *o, const struct option_row *row,
                           int argc, char **argv)
{
    bool alone = !(o->command->group & G_VIEW);
    int rc = 0;
    while (rc == 0 && optind < argc && argv[optind][0] != '-') {
        FILE *f = alone ? NULL : fopen(argv[optind], "rb");
        if (!alone && f == NULL)
            break;
        if (f != NULL)
            (void)fclose(f);
        rc = set_list(o, row, argv[optind++]);
    }
    return rc;
}

static int parse_options(struct mt_options *o, int argc, char **argv)
{
    struct getopt_tables t;
    int code;
    make_tables(&t, o->command);
    opterr = 0;
    optind = 1;
    while ((code = getopt_long(argc, argv, t.letters, t.longs, NULL)) != -1) {
        if (code == '?' || code == ':')
            return bad_option(code, argv, o->command);
        const struct option_row *row = row_of(code, o->command);
        assert(row != NULL);
        int rc = set_value(o, row, optarg);
        if ((row->groups & G_LIVE) != 0 && row->letter != 'i')
            o->capture_option = row->name;
        if (rc == 0 && row->kind == K_LIST && row->letter == 'r')
            rc = take_more_files(o, row, argc, argv);
        if (rc != 0)
            return rc;
    }
    o->operands = argv + optind;
    o->operands_count = argc - optind;
    if (o->operands_count > 0 && o->command->operands[0] == '\0') {
        mt_say(NULL, "%s takes no '%s'; see meshtop %s --help",
               o->command->name, o->operands[0], o->command->name);
        return MT_EXIT_USAGE;
    }
    return 0;
}

static int check_export(const struct mt_options *o)
{
    if (o->pcapng && o->export_given) {
        mt_say(NULL, "export writes one format: --jsonl, --csv, --har or "
                     "--pcapng");
        return MT_EXIT_USAGE;
    }
    if (!o->pcapng &&
        (o->whole_connections || o->with_secrets || o->captures_count > 0)) {
        mt_say(NULL, "--whole-connections, --with-secrets and --captures go "
                     "with --pcapng");
        return MT_EXIT_USAGE;
    }
    return 0;
}

static int check_together(const struct mt_options *o)
{
    bool looks = o->command->group & G_CHECK;
    if (!looks &&
        (o->read_count > 0) + (o->interfaces_count > 0) + (o->db != NULL) > 1) {
        mt_say(NULL, "-i, -r and -d exclude each other: an interface, a "
                     "capture or a database");
        return MT_EXIT_USAGE;
    }
    if (o->capture_option != NULL && o->interfaces_count == 0 && !looks) {
        mt_say(NULL, "--%s needs -i IF: the interface to capture on",
               o->capture_option);
        return MT_EXIT_USAGE;
    }
    if (check_export(o) != 0)
        return MT_EXIT_USAGE;
    if (o->last_ns > 0 && (o->since != NULL || o->until != NULL)) {
        mt_say(NULL, "--last excludes --since and --until");
        return MT_EXIT_USAGE;
    }
    return 0;
}

/* Words that stand for the program itself, and those that mean nothing. */
static int without_command(const char *word, bool *done)
{
    *done = true;
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        puts("meshtop " MT_VERSION);
    else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
             strcmp(word, "help") == 0)
        print_help(stdout);
    else if (strcmp(word, "--manual") == 0)
        mt_options_manual(stdout);
    else {
        mt_say(NULL, "no command '%s'; see meshtop --help", word);
        return MT_EXIT_USAGE;
    }
    return MT_EXIT_OK;
}

/* Options without a command are the dashboard's, but for the program's own. */
static bool is_of_the_dashboard(const char *word)
{
    static const char *const own[] = {"-h", "--help", "-V", "--version",
                                      "--manual"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(word, own[i]) == 0)
            return false;
    return word[0] == '-';
}

int mt_options_parse(struct mt_options *o, int argc, char **argv, bool *done)
{
    *o = (struct mt_options){.memory_bytes = (uint64_t)256 << 20};
    *done = false;
    bool bare = argc < 2 || is_of_the_dashboard(argv[1]);
    const struct mt_command *c = find_command(bare ? "dashboard" : argv[1]);
    if (c == NULL)
        return without_command(argv[1], done);
    o->command = c;
    int skip = bare ? 0 : 1;
    int rc = parse_options(o, argc - skip, argv + skip);
    if (rc != 0)
        return rc;
    *done = o->help || o->version;
    if (o->help)
        print_command_help(c);
    else if (o->version)
        puts("meshtop " MT_VERSION);
    return *done ? MT_EXIT_OK : check_together(o);
}

void mt_options_deinit(struct mt_options *o)
{
    free(o->read);
    free(o->interfaces);
    free(o->routes);
    free(o->captures);
}

char *mt_options_filter_text(const struct mt_options *o)
{
    size_t bytes = 1;
    for (int i = 0; i < o->operands_count; i++)
        bytes += strlen(o->operands[i]) + 1;
    char *text = malloc(bytes);
    if (text == NULL)
        return NULL;
    size_t n = 0;
    for (int i = 0; i < o->operands_count; i++) {
        if (i > 0)
            text[n++] = ' ';
        size_t len = strlen(o->operands[i]);
        memcpy(text + n, o->operands[i], len);
        n += len;
    }
    text[n] = '\0';
    return text;
}
