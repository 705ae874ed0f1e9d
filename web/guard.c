#include "web/guard.h"

#include <arpa/inet.h>

#include "web/params.h"

enum { TOKEN_LEAST = 16, TOKEN_MOST = 256, NAME_MOST = 253 };

static bool is_plain(struct mt_span s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        bool letter = mt_ascii_lower(c) >= 'a' && mt_ascii_lower(c) <= 'z';
        if (!letter && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.')
            return false;
    }
    return true;
}

/* ---- Host ---- */

/* ":8080", or nothing. */
static bool is_port(struct mt_span s)
{
    bool digits = s.len == 0 || s.ptr[0] == ':';
    for (size_t i = 1; i < s.len && digits; i++)
        digits = s.ptr[i] >= '0' && s.ptr[i] <= '9';
    return digits;
}

/* Without the port, and without the brackets of an IPv6 address; of length 0
 * where it is none. */
static struct mt_span name_of(struct mt_span host, bool *bracketed)
{
    struct mt_span name;
    *bracketed = mt_span_starts(host, MT_SPAN("["));
    if (*bracketed) {
        (void)mt_span_take(&host, 1);
        name = mt_span_take(&host, mt_span_find(host, ']'));
        (void)mt_span_take(&host, host.len > 0);
    } else {
        name = mt_span_take(&host, mt_span_find(host, ':'));
    }
    name.len = is_port(host) ? name.len : 0;
    return name;
}

static bool is_address(struct mt_span name, bool bracketed)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (name.len == 0 || name.len >= sizeof text)
        return false;
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    return inet_pton(bracketed ? AF_INET6 : AF_INET, text, &address) == 1;
}

bool mt_web_host_is_ours(const struct mt_web_site *site, struct mt_span host)
{
    bool bracketed;
    struct mt_span name = name_of(host, &bracketed);
    if (bracketed || is_address(name, bracketed))
        return is_address(name, bracketed);
    if (mt_span_caseeq(name, MT_SPAN("localhost")))
        return true;
    for (size_t i = 0; i < site->host_names_count; i++)
        if (mt_span_caseeq(name, mt_span_str(site->host_names[i])))
            return true;
    return false;
}

bool mt_web_host_name_is_fit(struct mt_span name)
{
    return name.len > 0 && name.len <= NAME_MOST && is_plain(name);
}

/* ---- the token ---- */

bool mt_web_token_is_fit(struct mt_span token)
{
    return token.len >= TOKEN_LEAST && token.len <= TOKEN_MOST &&
           is_plain(token);
}

bool mt_web_token_is(const struct mt_web_site *site, struct mt_span token)
{
    size_t len = strlen(site->token);
    volatile uint8_t differ = token.len != len;
    for (size_t i = 0; i < len; i++) {
        uint8_t given = token.len > 0 ? token.ptr[i % token.len] : 0;
        differ |= (uint8_t)(given ^ (uint8_t)site->token[i]);
    }
    return differ == 0;
}

static struct mt_span cookie_of(struct mt_span cookies, struct mt_span name)
{
    while (cookies.len > 0) {
        struct mt_span one = mt_span_take(&cookies, mt_span_find(cookies, ';'));
        (void)mt_span_take(&cookies, cookies.len > 0);
        while (one.len > 0 && one.ptr[0] == ' ')
            (void)mt_span_take(&one, 1);
        struct mt_span key = mt_span_take(&one, mt_span_find(one, '='));
        if (!mt_span_eq(key, name))
            continue;
        (void)mt_span_take(&one, one.len > 0);
        return one;
    }
    return cookies;
}

bool mt_web_token_fits(const struct mt_web_site *site,
                       struct mt_span authorization, struct mt_span cookie)
{
    if (site->token == NULL)
        return true;
    struct mt_span scheme = {authorization.ptr, 0};
    if (authorization.len > 7)
        scheme = mt_span_take(&authorization, 7);
    if (mt_span_caseeq(scheme, MT_SPAN("bearer ")))
        return mt_web_token_is(site, authorization);
    struct mt_span kept = cookie_of(cookie, MT_SPAN("meshtop_token"));
    return kept.len > 0 && mt_web_token_is(site, kept);
}

struct mt_span mt_web_query_token(struct mt_span query, uint8_t *memory)
{
    struct mt_span name, value;
    while (mt_web_query_next(&query, &memory, &name, &value) == 1)
        if (mt_span_eq(name, MT_SPAN("token")))
            return value;
    return (struct mt_span){.ptr = memory, .len = 0};
}
