/**
 * helper_serve.h - the helper's side. Private to the helper.
 */
#ifndef MT_CAPTURE_HELPER_SERVE_H
#define MT_CAPTURE_HELPER_SERVE_H

#include "capture/helper.h"

/**
 * Be the helper of `parent` on the socket fd: give up what is not needed, and
 * answer until the other end is closed. Closes every other descriptor. Ends
 * the process.
 */
_Noreturn void mt_helper_serve(int fd, pid_t parent,
                               const struct mt_helper_config *config);

#endif
