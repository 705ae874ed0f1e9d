#include "cli/say.h"

#include <stdarg.h>
#include <stdio.h>

static void (*wipe_line)(void);

void mt_say_over(void (*wipe)(void))
{
    wipe_line = wipe;
}

static _Thread_local void (*listener)(void *arg, const char *line);
static _Thread_local void *listener_arg;

void mt_say_to(void (*line)(void *arg, const char *text), void *arg)
{
    listener = line;
    listener_arg = arg;
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
    char text[2048], line[2560];
    if (listener != NULL) {
        (void)vsnprintf(text, sizeof text, format, args);
        (void)snprintf(line, sizeof line, "%s%s%s", where != NULL ? where : "",
                       where != NULL ? ": " : "", text);
        listener(listener_arg, line);
        return;
    }
    if (wipe_line != NULL)
        wipe_line();
    (void)vsnprintf(text, sizeof text, format, args);
    (void)fputs("meshtop: ", stderr);
    (void)fputs(severity, stderr);
    if (where != NULL) {
        put_safe(where);
        (void)fputs(": ", stderr);
    }
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
    if (listener != NULL) {
        listener(listener_arg, line);
        return;
    }
    put_safe(line);
    (void)fputc('\n', stderr);
}
