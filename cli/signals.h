/* signals.h - SIGINT and SIGTERM ask the program to end well, as does SIGHUP,
 * which tells that its terminal is gone; it asks the proxy to look at its file
 * again. */
#ifndef MT_CLI_SIGNALS_H
#define MT_CLI_SIGNALS_H

#include <stdbool.h>

/* From now on they set a flag, and end naps and waits for a pipe. The second
 * one ends the program at once, but SIGHUP, which is left alone where it is
 * ignored, or counted by mt_signals_hangups(). */
void mt_signals_catch(void);
bool mt_interrupted(void);

/* The end of this pipe counts as one, too: who holds its other end is gone, or
 * wants us to end. */
void mt_signals_follow(int fd);

/* That descriptor, for poll(); -1: none. */
int mt_signals_followed(void);

/* Readable once one came, for poll(); -1: see mt_interrupted() in time. */
int mt_signals_descriptor(void);

/* From now on SIGHUP does not end the program. An eventfd that counts them; -1:
 * there is none (errno). */
int mt_signals_hangups(void);

#endif
