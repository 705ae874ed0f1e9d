/* session.h - the ssh session that the program runs in. */
#ifndef MT_CLI_SESSION_H
#define MT_CLI_SESSION_H

/**
 * $SSH_CONNECTION, ours or, as sudo takes it away, that of a process above us;
 * NULL where there is none. Found once: ask first while /proc can be read.
 */
const char *mt_ssh_session(void);

#endif
