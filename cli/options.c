#include "cli/options.h"

#include <assert.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "cli/clock.h"
#include "cli/completion.h"
#include "cli/options_table.h"
#include "cli/say.h"

enum { MAX_LIST = 4096 };

/* ---- values ---- */

static void *member(struct mt_options *o, size_t offset)
{
    return (char *)o + offset;
}

static int wrong_value(const struct mt_option_row *row, const char *value,
                       const char *want)
{
    char where[64];
    (void)snprintf(where, sizeof where, "--%s", row->name);
    mt_say(where, "'%s' is not %s", value, want);
    return MT_EXIT_USAGE;
}

static int set_duration(struct mt_options *o, const struct mt_option_row *row,
                        const char *value)
{
    int64_t *ns = member(o, row->offset);
    if (mt_parse_duration(mt_span_str(value), ns) != 0 || *ns <= 0)
        return wrong_value(row, value, "a duration; write 250ms, 90s, 5m, 1h");
    return 0;
}

static int set_size(struct mt_options *o, const struct mt_option_row *row,
                    const char *value)
{
    uint64_t *bytes = member(o, row->offset);
    if (mt_parse_bytes(mt_span_str(value), bytes) != 0 || *bytes == 0)
        return wrong_value(row, value, "a size; write 64MiB or 1GiB");
    if (*bytes >= (uint64_t)row->choice << 10)
        return 0;
    char least[32];
    (void)snprintf(least, sizeof least, "%dKiB or more", row->choice);
    return wrong_value(row, value, least);
}

/* What it is relative to is known once the data is open: see view.c. */
static int set_time(struct mt_options *o, const struct mt_option_row *row,
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

static int set_count(struct mt_options *o, const struct mt_option_row *row,
                     const char *value)
{
    uint64_t *count = member(o, row->offset);
    uint64_t most = row->choice > 0 ? (uint64_t)row->choice : INT64_MAX;
    if (mt_parse_u64(mt_span_str(value), count) != 0 || *count == 0)
        return wrong_value(row, value, "a number of 1 or more");
    if (*count > most) {
        char wanted[64];
        (void)snprintf(wanted, sizeof wanted, "a number from 1 to %" PRIu64,
                       most);
        return wrong_value(row, value, wanted);
    }
    return 0;
}

/* "50%" or "50" */
static int set_percent(struct mt_options *o, const struct mt_option_row *row,
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

static int set_format(struct mt_options *o, const struct mt_option_row *row,
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

static int set_list(struct mt_options *o, const struct mt_option_row *row,
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

static int set_export(struct mt_options *o, const struct mt_option_row *row)
{
    enum mt_export_format format = (enum mt_export_format)row->choice;
    if (o->export_given && o->export_as != format) {
        mt_say(NULL, "export writes one format: --jsonl, --csv, --har or "
                     "--curl");
        return MT_EXIT_USAGE;
    }
    o->export_as = format;
    o->export_given = true;
    return 0;
}

/* An unset variable of a script, most often. An empty capture filter is one:
 * all packets; who takes a name says what is one. */
static bool is_blank(const struct mt_option_row *row, const char *value)
{
    return (row->kind == K_TEXT || row->kind == K_LIST) && value[0] == '\0' &&
           strcmp(row->argument, "NAME") != 0 &&
           row->offset != offsetof(struct mt_options, capture_filter);
}

static int say_blank(const struct mt_option_row *row)
{
    char where[64];
    (void)snprintf(where, sizeof where, "--%s", row->name);
    mt_say(where, "its value is empty; give %s, or leave the option out",
           row->argument);
    return MT_EXIT_USAGE;
}

static int set_value(struct mt_options *o, const struct mt_option_row *row,
                     const char *value)
{
    if (is_blank(row, value))
        return say_blank(row);
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
    case K_PLACE:
        *(const char **)member(o, row->offset) =
            value != NULL ? value : MT_WEB_PLACE;
        return 0;
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
    char letters[2 * MT_OPTION_ROWS_MAX + 2];
    struct option longs[MT_OPTION_ROWS_MAX + 1];
};

static void make_tables(struct getopt_tables *t, const struct mt_command *c)
{
    size_t n = 0, k = 0;
    t->letters[n++] = ':';
    for (size_t i = 0; i < mt_option_rows_count; i++) {
        if (!(mt_option_rows[i].groups & c->group))
            continue;
        t->longs[k++] = (struct option){
            .name = mt_option_rows[i].name,
            .has_arg = mt_option_rows[i].kind == K_PLACE    ? optional_argument
                       : mt_option_rows[i].argument != NULL ? required_argument
                                                            : no_argument,
            .val = 256 + (int)i};
        if (mt_option_rows[i].letter == 0)
            continue;
        t->letters[n++] = mt_option_rows[i].letter;
        if (mt_option_rows[i].argument != NULL)
            t->letters[n++] = ':';
    }
    t->letters[n] = '\0';
    t->longs[k] = (struct option){0};
}

static const struct mt_option_row *row_of(int code, const struct mt_command *c)
{
    if (code >= 256)
        return &mt_option_rows[code - 256];
    for (size_t i = 0; i < mt_option_rows_count; i++)
        if (mt_option_rows[i].letter == code &&
            (mt_option_rows[i].groups & c->group))
            return &mt_option_rows[i];
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
static int take_more_files(struct mt_options *o,
                           const struct mt_option_row *row, int argc,
                           char **argv)
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

/* "--web 8000": the next word is its place where it is made like one, right or
 * not; a filter or a LISTEN=ENDPOINT is not. */
static char *place_behind(int argc, char **argv)
{
    const char *word = optind < argc ? argv[optind] : "";
    const char *colon = strrchr(word, ':');
    const char *port = colon != NULL ? colon + 1 : word;
    bool place = word[0] != '-' && strpbrk(word, "=<>~!()/\" ") == NULL &&
                 port[0] != '\0' && port[strspn(port, "0123456789")] == '\0';
    return place ? argv[optind++] : NULL;
}

/* Its value, and the words that follow and are part of it. */
static int take_option(struct mt_options *o, const struct mt_option_row *row,
                       int argc, char **argv)
{
    if (row->kind == K_PLACE && optarg == NULL)
        optarg = place_behind(argc, argv);
    int rc = set_value(o, row, optarg);
    if ((row->groups & G_LIVE) != 0 && row->letter != 'i')
        o->capture_option = row->name;
    return rc == 0 && row->kind == K_LIST && row->letter == 'r'
               ? take_more_files(o, row, argc, argv)
               : rc;
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
        const struct mt_option_row *row = row_of(code, o->command);
        assert(row != NULL);
        int rc = take_option(o, row, argc, argv);
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
        mt_say(NULL, "export writes one format: --jsonl, --csv, --har, --curl "
                     "or --pcapng");
        return MT_EXIT_USAGE;
    }
    if ((o->command->group & G_EXPORT) != 0 && !o->pcapng &&
        (o->whole_connections || o->with_secrets || o->captures_count > 0)) {
        mt_say(NULL, "--whole-connections, --with-secrets and --captures go "
                     "with --pcapng");
        return MT_EXIT_USAGE;
    }
    return 0;
}

static int check_web(const struct mt_options *o)
{
    bool named = o->token_file != NULL || o->host_names_count > 0;
    if ((o->command->group & G_WEB) == 0 || o->web != NULL || !named)
        return 0;
    mt_say(NULL, "--token-file and --host-name go with --web");
    return MT_EXIT_USAGE;
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
    if (check_export(o) != 0 || check_web(o) != 0)
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
        mt_options_overview(stdout);
    else if (strcmp(word, "--manual") == 0)
        mt_options_manual(stdout);
    else {
        mt_say(NULL, "no command '%s'; see meshtop --help", word);
        return MT_EXIT_USAGE;
    }
    return MT_EXIT_OK;
}

static int complete(const char *shell, bool *done)
{
    *done = true;
    if (mt_completion(stdout, shell))
        return MT_EXIT_OK;
    mt_say("--completion", "write bash, zsh or fish");
    return MT_EXIT_USAGE;
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
    if (argc >= 2 && strcmp(argv[1], "--completion") == 0)
        return complete(argc > 2 ? argv[2] : "", done);
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
        mt_options_help(c);
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
    free(o->host_names);
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
