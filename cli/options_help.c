/* What the tables say to people: --help and the manual page. */
#include <string.h>

#include "cli/options_table.h"

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

static int print_option_name(FILE *out, const struct mt_option_row *row)
{
    const char *gap = row->argument != NULL ? " " : "";
    const char *argument = row->argument != NULL ? row->argument : "";
    if (row->letter != 0)
        return fprintf(out, "  -%c, --%s%s%s", row->letter, row->name, gap,
                       argument);
    return fprintf(out, "      --%s%s%s", row->name, gap, argument);
}

static void print_option(FILE *out, const struct mt_option_row *row)
{
    enum { HELP_COLUMN = 26 };
    int width = print_option_name(out, row);
    (void)fprintf(out, "%*s", width < HELP_COLUMN ? HELP_COLUMN - width : 2,
                  "");
    print_wrapped(out, row->help, HELP_COLUMN,
                  width < HELP_COLUMN ? HELP_COLUMN : width + 2);
}

void mt_options_help(const struct mt_command *c)
{
    printf("usage: meshtop %s [OPTION...]%s%s\n\n", c->name,
           c->operands[0] != '\0' ? " " : "", c->operands);
    print_wrapped(stdout, c->text, 0, 0);
    puts("");
    for (size_t i = 0; i < mt_option_rows_count; i++)
        if (mt_option_rows[i].groups & c->group)
            print_option(stdout, &mt_option_rows[i]);
    if (c->group & G_VIEW)
        puts("\nFILTER selects exchanges: status=5xx and lat>250ms "
             "(meshtop explain filter)");
}

void mt_options_overview(FILE *out)
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
                "  meshtop --version\n"
                "  meshtop --completion bash|zsh|fish prints what that shell "
                "completes\n\n"
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
        for (size_t k = 0; k < mt_option_rows_count; k++) {
            if (!(mt_option_rows[k].groups & c->group) ||
                mt_option_rows[k].groups == G_ALL)
                continue;
            (void)fputs(".It", out);
            if (mt_option_rows[k].letter != 0)
                (void)fprintf(out, " Fl %c ,", mt_option_rows[k].letter);
            (void)fprintf(out, " Fl \\-%s", mt_option_rows[k].name);
            if (mt_option_rows[k].argument != NULL)
                (void)fprintf(out, " Ar %s", mt_option_rows[k].argument);
            (void)fputc('\n', out);
            manual_text(out, mt_option_rows[k].help);
        }
        (void)fputs(".El\n", out);
    }
}
