#include "cli/say.h"

#include <stdarg.h>
#include <stdio.h>

static void (*wipe_line)(void);

void mt_say_over(void (*wipe)(void))
{
    wipe_line = wipe;
}

/* Names of files and texts of the wire may hold escape sequences. */
static void put_safe(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++)
        if (*p < 0x20 || *p == 0x7f)
            (void)fprintf(stderr, "\\x%02x", *p);
        else
            (void)fputc(*p, stderr);
}

__attribute__((format(printf, 3, 0))) static void
say(const char *where, const char *severity, const char *format, va_list args)
{
    char text[2048];
    if (wipe_line != NULL)
        wipe_line();
    (void)vsnprintf(text, sizeof text, format, args);
    (void)fputs("meshtop: ", stderr);
    if (where != NULL) {
        put_safe(where);
        (void)fputs(": ", stderr);
    }
    (void)fputs(severity, stderr);
    put_safe(text);
    (void)fputc('\n', stderr);
}

void mt_say(const char *where, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(where, "", format, args);
    va_end(args);
}

void mt_warn(const char *where, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(where, "warning: ", format, args);
    va_end(args);
}

void mt_say_line(const char *line)
{
    put_safe(line);
    (void)fputc('\n', stderr);
}
