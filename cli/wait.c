#include "cli/wait.h"

#include <poll.h>

#include "cli/signals.h"
#include "cli/sources.h"

bool mt_wait_for_sources(const struct mt_merge *m, int also_fd, int timeout_ms)
{
    enum { OTHERS = 3, MOST = MT_INTERFACES_MAX + OTHERS };
    struct pollfd wanted[MOST];
    nfds_t n = 0;
    wanted[n++] =
        (struct pollfd){.fd = mt_signals_descriptor(), .events = POLLIN};
    wanted[n++] = (struct pollfd){.fd = also_fd, .events = POLLIN};
    wanted[n++] =
        (struct pollfd){.fd = mt_signals_followed(), .events = POLLIN};
    for (size_t i = 0; i < mt_merge_count(m) && n < MOST; i++) {
        /* who has something stays readable: waiting for it would be a spin */
        int fd = mt_merge_is_late(m, i)
                     ? mt_source_descriptor(mt_merge_source(m, i))
                     : -1;
        if (fd >= 0)
            wanted[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    return poll(wanted, n, timeout_ms) == 0;
}
