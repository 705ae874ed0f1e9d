/* listen.h - where a server listens. */
#ifndef MT_WEB_LISTEN_H
#define MT_WEB_LISTEN_H

#include "base/span.h"

struct mt_web_address {
    uint8_t ip[16];
    uint16_t port;
};

/* `7070` (on 127.0.0.1), `10.0.0.5:7070`, `[::1]:7070`. 0, or MT_EPROTO. */
int mt_web_address_parse(struct mt_span text, struct mt_web_address *a);

bool mt_web_address_is_loopback(const struct mt_web_address *a);

/* Where a browser finds it: of all addresses (0.0.0.0, ::) the one that this
 * machine speaks to others from, else its loopback. True: of all. */
bool mt_web_address_shown(const struct mt_web_address *a,
                          struct mt_web_address *shown);

/* A listening socket, or -errno. A port of 0 is chosen: *a has it then. */
int mt_web_listen(struct mt_web_address *a);

#endif
