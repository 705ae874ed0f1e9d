/**
 * say.h - the one voice in which the program speaks of trouble.
 *
 *     meshtop: trace.pcap: truncated at byte 812; the rest is missing
 *
 * "meshtop: WHERE: what is wrong; what to do". Libraries never print: they
 * return, and cli/ says it once. Texts are escaped for the terminal.
 */
#ifndef MT_CLI_SAY_H
#define MT_CLI_SAY_H

/* To standard error. where may be NULL. */
__attribute__((format(printf, 2, 3))) void mt_say(const char *where,
                                                  const char *format, ...);

/* The same, after "warning: ". */
__attribute__((format(printf, 2, 3))) void mt_warn(const char *where,
                                                   const char *format, ...);

/* Lines as they are, such as the caret under a filter. */
void mt_say_line(const char *line);

/* What this thread says goes to a function instead, as lines that are not
 * escaped and without "meshtop:" and "warning:". NULL: to standard error. */
void mt_say_to(void (*line)(void *arg, const char *text), void *arg);

/* Something is being drawn on the terminal's last line: wipe it before the
 * next message. NULL: nothing is. */
void mt_say_over(void (*wipe)(void));

#endif
