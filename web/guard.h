/**
 * guard.h - who may ask.
 *
 * Pure functions of what a request says. A foreign page can make a browser ask
 * us under a name of its own that it lets point here (DNS rebinding): so the
 * Host header has to be an address, localhost, or a name that was given. A
 * token is compared in a time that does not depend on how much of it is right.
 */
#ifndef MT_WEB_GUARD_H
#define MT_WEB_GUARD_H

#include "base/span.h"
#include "web/site.h"

/* Of the Host header, with or without a port. */
bool mt_web_host_is_ours(const struct mt_web_site *site, struct mt_span host);

/* authorization and cookie: the headers, of length 0 where there is none. */
bool mt_web_token_fits(const struct mt_web_site *site,
                       struct mt_span authorization, struct mt_span cookie);

/* A token itself. */
bool mt_web_token_is(const struct mt_web_site *site, struct mt_span token);

/* The token that the query of an address holds; of length 0: none. Decoded
 * into memory, which has room for the query. */
struct mt_span mt_web_query_token(struct mt_span query, uint8_t *memory);

/* What a Host header can name a machine by: letters, digits, '-', '_' and '.',
 * at most 253; without a port. */
bool mt_web_host_name_is_fit(struct mt_span name);

/* Safe as a part of a header: 16 to 256 letters, digits, '-', '_' and '.'. */
bool mt_web_token_is_fit(struct mt_span token);

#endif
