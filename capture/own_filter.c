#include "capture/own_filter.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

/* It comes from the environment: nothing else may get into a filter. */
static bool read_session(const char *ssh, struct session *s)
{
    char end;
    return ssh != NULL &&
           sscanf(ssh, "%45s %5u %45s %5u%c", s->host[0], &s->port[0],
                  s->host[1], &s->port[1], &end) == 4 &&
           is_address(s->host[0]) && is_address(s->host[1]) &&
           s->port[0] <= UINT16_MAX && s->port[1] <= UINT16_MAX;
}

bool mt_own_session(const char *ssh)
{
    struct session s;
    return read_session(ssh, &s);
}

int mt_own_filter(char text[MT_OWN_FILTER_BYTES], const char *given,
                  const char *ssh)
{
    struct session s;
    char session[256] = "";
    bool some = given != NULL && given[strspn(given, " \t\n")] != '\0';
    if (read_session(ssh, &s))
        (void)snprintf(session, sizeof session,
                       " and not (tcp and host %s and port %u and host %s and "
                       "port %u)",
                       s.host[0], s.port[0], s.host[1], s.port[1]);
    int n = snprintf(text, MT_OWN_FILTER_BYTES, "%s%s%snot tcp port %d%s",
                     some ? "(" : "", some ? given : "", some ? ") and " : "",
                     MT_OWN_PORT, session);
    return n < MT_OWN_FILTER_BYTES ? 0 : -1;
}
