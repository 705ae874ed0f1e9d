/* Where the demo listens: the documented ports, others where those are taken.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "demo/impl.h"

/* The demo that has the documented ports holds this name (of no file: it is
 * gone with its socket). Two that begin at once do not get into each other's
 * way: what was found free is listened on a moment later. */
static bool is_first(struct mt_demo *d)
{
    static const char name[] = "meshtop-demo";
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    socklen_t n = offsetof(struct sockaddr_un, sun_path) + 1 + sizeof name - 1;
    for (size_t i = 0; i < sizeof name - 1; i++)
        at.sun_path[1 + i] = name[i]; /* abstract: after a NUL */
    d->name_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return d->name_fd >= 0 && bind(d->name_fd, (void *)&at, n) == 0;
}

/* A port for the proxy: the wanted one, or one that the system chooses. 0, or
 * -errno. */
static int find_free(uint16_t wanted, uint16_t *port)
{
    int on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(wanted),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int rc = bind(fd, (void *)&at, n) == 0 && listen(fd, 1) == 0 &&
                     getsockname(fd, (void *)&at, &n) == 0
                 ? 0
                 : -errno;
    (void)close(fd);
    *port = ntohs(at.sin_port);
    return rc == -EADDRINUSE && wanted != 0 ? find_free(0, port) : rc;
}

static int find_instance(struct mt_demo *d, unsigned n, uint16_t wanted)
{
    struct mt_demo_instance *i = &d->instances[n];
    i->port = wanted;
    int rc = mt_demo_listen(i);
    if (rc == -EADDRINUSE && wanted != 0) {
        i->port = 0;
        rc = mt_demo_listen(i);
    }
    d->ports.instances[n] = i->port;
    return rc;
}

int mt_demo_find_ports(struct mt_demo *d)
{
    static const struct mt_demo_ports any;
    bool usual = !d->options.any_ports && is_first(d);
    struct mt_demo_ports wanted = usual ? mt_demo_ports_usual() : any;
    int rc = find_free(wanted.edge, &d->ports.edge);
    if (rc == 0)
        rc = find_free(wanted.inside, &d->ports.inside);
    for (unsigned n = 0; rc == 0 && n < MT_DEMO_INSTANCES; n++)
        rc = find_instance(d, n, wanted.instances[n]);
    return rc;
}
