/**
 * proxy_sockets.h - the listening sockets of a proxy: one a listener and
 * thread, on the same address (SO_REUSEPORT): the kernel spreads connections
 * over them by their addresses and ports.
 */
#ifndef MT_CLI_PROXY_SOCKETS_H
#define MT_CLI_PROXY_SOCKETS_H

#include "proxy-lite/loop/thread.h"
#include "proxy-lite/policy/model.h"

enum { MT_PROXY_THREADS_MAX = 64, MT_PROXY_PLACE_BYTES = 64 };

/* One listener's. Descriptors belong to the threads once they have them. */
struct mt_proxy_socket {
    uint8_t ip[16];
    uint16_t port;
    uint64_t number;
    int fds[MT_PROXY_THREADS_MAX]; /* -1: the thread has it */
};

struct mt_proxy_sockets {
    uint32_t count; /* as many as the policy's listeners, in their order */
    uint64_t last_number;
    struct mt_proxy_socket list[MT_POLICY_LISTENERS_MAX];
};

/* For a policy after another one, whose addresses need no new sockets. NULL:
 * nothing listens yet. False: said, and nothing was opened. */
bool mt_proxy_sockets_open(struct mt_proxy_sockets *s,
                           const struct mt_policy *p, unsigned threads,
                           const struct mt_proxy_sockets *before);

/* Those that no thread has. */
void mt_proxy_sockets_close(struct mt_proxy_sockets *s, unsigned threads);

const struct mt_proxy_socket *
mt_proxy_sockets_find(const struct mt_proxy_sockets *s, const uint8_t ip[16],
                      uint16_t port);

/* What a thread is told; out has room for s->count. */
void mt_proxy_sockets_of(const struct mt_proxy_sockets *s, unsigned thread,
                         struct mt_proxy_thread_listener *out);

/* "127.0.0.1:8080", with a NUL. */
const char *mt_proxy_place(char place[MT_PROXY_PLACE_BYTES],
                           const uint8_t ip[16], uint16_t port);

#endif
