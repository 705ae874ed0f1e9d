/**
 * own_filter.h - the capture filter of a command line, without our own traffic.
 *
 *     char text[MT_OWN_FILTER_BYTES];
 *     rc = mt_own_filter(text, o->capture_filter, getenv("SSH_CONNECTION"), 0);
 *     // "(tcp port 80) and not tcp port 7070 and not (tcp and host ...)"
 *
 * Left out are the usual port of our own page, the one it has here, and the ssh
 * session we run in: showing its packets makes more of them.
 */
#ifndef MT_CAPTURE_OWN_FILTER_H
#define MT_CAPTURE_OWN_FILTER_H

#include <stdbool.h>
#include <stdint.h>

enum { MT_OWN_PORT = 7070, MT_OWN_FILTER_BYTES = 8192 };

/* given and ssh (as in $SSH_CONNECTION) may be NULL; page_port is where the
 * page is served besides, 0: nowhere else. 0, or -1: the given filter is too
 * long. What is no pair of endpoints in ssh is passed over. */
int mt_own_filter(char text[MT_OWN_FILTER_BYTES], const char *given,
                  const char *ssh, uint16_t page_port);

/* Does this value of $SSH_CONNECTION name a session? NULL is fine. */
bool mt_own_session(const char *ssh);

#endif
