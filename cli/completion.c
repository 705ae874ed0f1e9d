#include "cli/completion.h"

#include <string.h>

#include "cli/options_table.h"

/* ---- what an argument may be ---- */

enum values { VALUES_NONE, VALUES_FILES, VALUES_FOLDERS, VALUES_WORDS };

static enum values values_of(const struct mt_option_row *row)
{
    const char *a = row->argument;
    if (a == NULL || row->kind == K_PLACE)
        return VALUES_NONE;
    if (strncmp(a, "FILE", 4) == 0 || strcmp(a, "DB") == 0)
        return VALUES_FILES;
    if (strcmp(a, "DIR") == 0)
        return VALUES_FOLDERS;
    return row->kind == K_FORMAT || strcmp(a, "IF") == 0 ? VALUES_WORDS
                                                         : VALUES_NONE;
}

/* Shell code that gives the words. */
static const char *words_of(const struct mt_option_row *row)
{
    return row->kind == K_FORMAT ? "table wide json jsonl csv"
                                 : "any $(command ls /sys/class/net)";
}

static bool takes(const struct mt_command *c, const struct mt_option_row *row)
{
    return (row->groups & c->group) != 0;
}

static const struct mt_option_row *rows_end(void)
{
    return mt_option_rows + mt_option_rows_count;
}

static const struct mt_command *commands_end(void)
{
    return mt_commands + mt_commands_count;
}

/* ---- bash ---- */

static void bash_commands(FILE *out, const char *between)
{
    for (const struct mt_command *c = mt_commands; c < commands_end(); c++)
        (void)fprintf(out, "%s%s", c == mt_commands ? "" : between, c->name);
}

static void bash_names(FILE *out, const struct mt_option_row *row,
                       const char *between)
{
    if (row->letter != 0)
        (void)fprintf(out, "-%c%s", row->letter, between);
    (void)fprintf(out, "--%s", row->name);
}

static void bash_values(FILE *out)
{
    static const char *const kinds[] = {
        [VALUES_FILES] = "-f", [VALUES_FOLDERS] = "-d"};
    for (const struct mt_option_row *row = mt_option_rows; row < rows_end();
         row++) {
        if (row->argument == NULL || row->kind == K_PLACE)
            continue;
        enum values values = values_of(row);
        (void)fputs("    ", out);
        bash_names(out, row, "|");
        (void)fputs(") ", out);
        if (values == VALUES_WORDS)
            (void)fprintf(out, "COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")); ",
                          words_of(row));
        else if (values != VALUES_NONE)
            (void)fprintf(out, "COMPREPLY=($(compgen %s -- \"$cur\")); ",
                          kinds[values]);
        (void)fputs("return ;;\n", out);
    }
}

static void bash_options(FILE *out)
{
    for (const struct mt_command *c = mt_commands; c < commands_end(); c++) {
        (void)fprintf(out, "    %s) options='", c->name);
        for (const struct mt_option_row *row = mt_option_rows; row < rows_end();
             row++)
            if (takes(c, row)) {
                bash_names(out, row, " ");
                (void)fputc(' ', out);
            }
        (void)fputs("' ;;\n", out);
    }
}

static void bash(FILE *out)
{
    (void)fputs("# bash completion of meshtop: meshtop --completion bash\n"
                "_meshtop() {\n"
                "    local cur=${COMP_WORDS[COMP_CWORD]} command=dashboard\n"
                "    local options=\n"
                "    case ${COMP_WORDS[1]} in\n    ",
                out);
    bash_commands(out, "|");
    (void)fputs(") ((COMP_CWORD > 1)) && command=${COMP_WORDS[1]} ;;\n"
                "    esac\n"
                "    case ${COMP_WORDS[COMP_CWORD-1]} in\n",
                out);
    bash_values(out);
    (void)fputs("    esac\n"
                "    case $command in\n",
                out);
    bash_options(out);
    (void)fputs("    esac\n"
                "    if [[ $cur == -* ]]; then\n"
                "        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
                "    elif ((COMP_CWORD == 1)); then\n"
                "        COMPREPLY=($(compgen -W '",
                out);
    bash_commands(out, " ");
    (void)fputs("' -- \"$cur\"))\n"
                "    else\n"
                "        COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                "    fi\n"
                "}\n"
                "complete -o filenames -F _meshtop meshtop\n",
                out);
}

/* ---- zsh ---- */

/* Within '...', and where a description ends at ] or a colon. */
static void zsh_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '\'')
            (void)fputs("'\\''", out);
        else if (strchr("[]:\\", *text) != NULL)
            (void)fprintf(out, "\\%c", *text);
        else
            (void)fputc(*text, out);
}

static void zsh_option(FILE *out, const struct mt_option_row *row)
{
    static const char *const actions[] = {[VALUES_NONE] = " ",
                                          [VALUES_FILES] = "_files",
                                          [VALUES_FOLDERS] = "_files -/",
                                          [VALUES_WORDS] = ""};
    (void)fputs("        ", out);
    if (row->kind == K_LIST)
        (void)fputs("'*'", out);
    if (row->letter != 0)
        (void)fprintf(out, "{-%c,--%s}", row->letter, row->name);
    else
        (void)fprintf(out, "--%s", row->name);
    (void)fputs("'[", out);
    zsh_text(out, row->help);
    (void)fputc(']', out);
    if (row->argument != NULL) {
        enum values values = values_of(row);
        (void)fprintf(out, "%s:%s:", row->kind == K_PLACE ? ":" : "",
                      row->argument);
        if (values == VALUES_WORDS && row->kind == K_FORMAT)
            (void)fprintf(out, "(%s)", words_of(row));
        else if (values == VALUES_WORDS)
            (void)fputs("_net_interfaces", out);
        else
            (void)fputs(actions[values], out);
    }
    (void)fputs("' \\\n", out);
}

static void zsh(FILE *out)
{
    (void)fputs("#compdef meshtop\n"
                "# zsh completion of meshtop: meshtop --completion zsh\n"
                "_meshtop() {\n"
                "    local command=dashboard\n"
                "    local -a commands\n"
                "    commands=(\n",
                out);
    for (const struct mt_command *c = mt_commands; c < commands_end(); c++) {
        (void)fprintf(out, "        '%s:", c->name);
        zsh_text(out, c->summary);
        (void)fputs("'\n", out);
    }
    (void)fputs("    )\n"
                "    if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then\n"
                "        _describe command commands\n"
                "        return\n"
                "    fi\n"
                "    if [[ $words[2] != -* ]]; then\n"
                "        command=$words[2]\n"
                "        shift words\n"
                "        ((CURRENT--))\n"
                "    fi\n"
                "    case $command in\n",
                out);
    for (const struct mt_command *c = mt_commands; c < commands_end(); c++) {
        (void)fprintf(out, "    %s) _arguments -s \\\n", c->name);
        for (const struct mt_option_row *row = mt_option_rows; row < rows_end();
             row++)
            if (takes(c, row))
                zsh_option(out, row);
        (void)fputs("        '*:file:_files' ;;\n", out);
    }
    (void)fputs("    esac\n"
                "}\n"
                "_meshtop \"$@\"\n",
                out);
}

/* ---- fish ---- */

static void fish_text(FILE *out, const char *text)
{
    (void)fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            (void)fputc('\\', out);
        (void)fputc(*text, out);
    }
    (void)fputc('\'', out);
}

static void fish_commands_of(FILE *out, const struct mt_option_row *row)
{
    (void)fputs("'__fish_seen_subcommand_from", out);
    for (const struct mt_command *c = mt_commands; c < commands_end(); c++)
        if (takes(c, row))
            (void)fprintf(out, " %s", c->name);
    (void)fputc('\'', out);
}

static void fish_option(FILE *out, const struct mt_option_row *row)
{
    enum values values = values_of(row);
    (void)fputs("complete -c meshtop -n ", out);
    fish_commands_of(out, row);
    if (row->letter != 0)
        (void)fprintf(out, " -s %c", row->letter);
    (void)fprintf(out, " -l %s", row->name);
    if (row->argument != NULL && row->kind != K_PLACE)
        (void)fputs(values == VALUES_FILES || values == VALUES_FOLDERS
                        ? " -r -F"
                        : " -x",
                    out);
    if (values == VALUES_WORDS)
        (void)fprintf(out, " -a '%s'",
                      row->kind == K_FORMAT
                          ? words_of(row)
                          : "any (command ls /sys/class/net)");
    (void)fputs(" -d ", out);
    fish_text(out, row->help);
    (void)fputc('\n', out);
}

static void fish(FILE *out)
{
    (void)fputs("# fish completion of meshtop: meshtop --completion fish\n",
                out);
    for (const struct mt_command *c = mt_commands; c < commands_end(); c++) {
        (void)fprintf(out,
                      "complete -c meshtop -n __fish_use_subcommand -a %s -d ",
                      c->name);
        fish_text(out, c->summary);
        (void)fputc('\n', out);
    }
    for (const struct mt_option_row *row = mt_option_rows; row < rows_end();
         row++)
        fish_option(out, row);
}

bool mt_completion(FILE *out, const char *shell)
{
    static const struct {
        const char *name;
        void (*write)(FILE *out);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++)
        if (strcmp(shell, shells[i].name) == 0) {
            shells[i].write(out);
            return true;
        }
    return false;
}
