/**
 * forward.h - what a header becomes as it passes the proxy (RFC 9110 section
 * 7.6): fields of one hop go, the proxy's own come.
 *
 *     const struct mt_forward f = {.to = MT_HTTP_2, .client =
 * MT_SPAN("10.0.0.9")}; int rc = mt_forward_request(&head, &f); if (rc != 0)
 *         answer with that status
 *
 * Sans-IO; new texts live in the head's arena.
 */
#ifndef MT_PROXY_LITE_HTTP_FORWARD_H
#define MT_PROXY_LITE_HTTP_FORWARD_H

#include "proxy-lite/http/head.h"

/* X-Forwarded-For, -Proto and Forwarded (RFC 7239). X(NAME, word, help) */
#define MT_FORWARDEDS(X)                                              \
    X(APPEND, "append", "the client's address after those that came") \
    X(REPLACE, "replace",                                             \
      "the client's address instead of what came: at "                \
      "an edge, where no client is believed")                         \
    X(KEEP, "keep", "what came, nothing more")                        \
    X(REMOVE, "remove", "nothing")

enum mt_forwarded {
#define X(name, word, help) MT_FORWARDED_##name,
    MT_FORWARDEDS(X)
#undef X
        MT_FORWARDED_COUNT
};

struct mt_forward {
    struct mt_span client; /* its IP address as text: "10.0.0.9", "::1" */
    uint8_t to;            /* the other side: enum mt_http_version */
    uint8_t forwarded;     /* enum mt_forwarded */
    bool secure;           /* the request came by TLS */
    bool no_via;           /* leave no Via */
    bool connect;          /* a response: to CONNECT */
};

/* A request is for the proxy itself: TRACE or OPTIONS whose Max-Forwards is
 * used up (RFC 9110 section 7.6.2). */
#define MT_FORWARD_HERE 200

/**
 * Returns 0; MT_FORWARD_HERE; or the status to answer with: 400 (more options
 * in Connection than are bearable, a Max-Forwards that is no number) or 431
 * (no room).
 *
 * Upgrade stays where both sides speak HTTP/1.1 and Connection names it, but
 * for h2c, which is between the client and the proxy. TE stays as `trailers`.
 * What Connection names is removed, but not what servers decide by.
 */
int mt_forward_request(struct mt_head *h, const struct mt_forward *f);

/* Returns 0, or 502 where the response cannot be passed on. One that cannot
 * have a body has no length either (RFC 9110 section 8.6). */
int mt_forward_response(struct mt_head *h, const struct mt_forward *f);

/* Trailer fields lose what RFC 9110 section 6.5.1 keeps out of them. */
void mt_forward_trailers(struct mt_head *h);

#endif
