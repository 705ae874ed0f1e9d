/* sockaddr.h - addresses as the system wants them, and as we have them. */
#ifndef MT_PROXY_LITE_LOOP_SOCKADDR_H
#define MT_PROXY_LITE_LOOP_SOCKADDR_H

#include <sys/socket.h>

#include "decode/exchange.h"

/* Of an IPv4 or IPv6 address of the system. */
struct mt_addr mt_addr_of(const struct sockaddr *from);

/* Returns how long it is. */
socklen_t mt_sockaddr_of(const struct mt_addr *a, struct sockaddr_storage *to);

#endif
