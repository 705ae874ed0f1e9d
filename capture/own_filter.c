#include "capture/own_filter.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct session {
    char host[2][INET6_ADDRSTRLEN];
    unsigned port[2];
};

static bool is_address(const char *text)
{
    struct in6_addr unused;
    return inet_pton(AF_INET, text, &unused) == 1 ||
           inet_pton(AF_INET6, text, &unused) == 1;
}

/* The word at *at, which goes on behind it; false: it is none, or too long. */
static bool read_word(const char **at, char word[INET6_ADDRSTRLEN])
{
    *at += strspn(*at, " ");
    size_t n = strcspn(*at, " ");
    if (n == 0 || n >= INET6_ADDRSTRLEN)
        return false;
    memcpy(word, *at, n);
    word[n] = '\0';
    *at += n;
    return true;
}

static bool read_end(const char **at, struct session *s, int i)
{
    char word[INET6_ADDRSTRLEN];
    uint64_t port;
    if (!read_word(at, s->host[i]) || !is_address(s->host[i]) ||
        !read_word(at, word) || mt_parse_u64(mt_span_str(word), &port) != 0 ||
        port > UINT16_MAX)
        return false;
    s->port[i] = (unsigned)port;
    return true;
}

/* It comes from the environment: nothing else may get into a filter. */
static bool read_session(const char *ssh, struct session *s)
{
    return ssh != NULL && read_end(&ssh, s, 0) && read_end(&ssh, s, 1) &&
           ssh[strspn(ssh, " ")] == '\0';
}

bool mt_own_session(const char *ssh)
{
    struct session s;
    return read_session(ssh, &s);
}

int mt_own_filter(char text[MT_OWN_FILTER_BYTES], const char *given,
                  const char *ssh, uint16_t page_port)
{
    struct session s;
    char session[256] = "", page[32] = "";
    bool some = given != NULL && given[strspn(given, " \t\n")] != '\0';
    if (read_session(ssh, &s))
        (void)snprintf(session, sizeof session,
                       " and not (tcp and host %s and port %u and host %s and "
                       "port %u)",
                       s.host[0], s.port[0], s.host[1], s.port[1]);
    if (page_port != 0 && page_port != MT_OWN_PORT)
        (void)snprintf(page, sizeof page, " and not tcp port %u",
                       (unsigned)page_port);
    int n = snprintf(text, MT_OWN_FILTER_BYTES, "%s%s%snot tcp port %d%s%s",
                     some ? "(" : "", some ? given : "", some ? ") and " : "",
                     MT_OWN_PORT, page, session);
    return n < MT_OWN_FILTER_BYTES ? 0 : -1;
}
